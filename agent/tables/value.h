/*
 * One value of one object, with its SMIv2 type, as a table gives it to the SNMP side.
 *
 * Octets are borrowed from the view, or are in the value itself when they were computed (BITS,
 * DateAndTime, short texts).
 */
#ifndef TABLES_VALUE_H
#define TABLES_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_type {
	VALUE_INTEGER,	/* Integer32, enumerations, TruthValue, RowStatus */
	VALUE_UNSIGNED, /* Unsigned32, Gauge32 */
	VALUE_COUNTER,
	VALUE_COUNTER64,
	VALUE_TIME_TICKS, /* TimeTicks, TimeStamp; 1/100 s */
	VALUE_OCTETS,	  /* OCTET STRING, DisplayString, SnmpAdminString, BITS, DateAndTime */
	VALUE_OID,	  /* OBJECT IDENTIFIER below 1.3.6.1 */
	_VALUE_TYPE_MAX,
};

#define VALUE_INLINE_MAX 255

struct value {
	enum value_type type;
	union {
		int32_t integer;
		uint32_t number; /* unsigned, counter, time ticks */
		uint64_t big;	 /* Counter64 */
		struct {
			const uint32_t *arcs; /* borrowed */
			size_t length;
		} oid;
		struct {
			const void *data; /* NULL: in bytes[] */
			size_t length;
			uint8_t bytes[VALUE_INLINE_MAX];
		} octets;
	};
};

/* The octets of a VALUE_OCTETS; of a copy of the value, too. */
const void *value_octets(const struct value *v);

void value_set_integer(struct value *v, int32_t number);
/* A number above 2^32-1 becomes 2^32-1, as of a Gauge32 (RFC 2578 7.1.7). */
void value_set_unsigned(struct value *v, uint64_t number);
/* The number modulo 2^32 (RFC 2578 7.1.6). */
void value_set_counter(struct value *v, uint64_t number);
void value_set_counter64(struct value *v, uint64_t number);
/* An OID below 1.3.6.1, borrowed. */
void value_set_oid(struct value *v, const uint32_t *arcs, size_t length);
/* Milliseconds since sysUpTime's zero; wraps after 497 days as TimeTicks do. */
void value_set_ticks(struct value *v, uint64_t ms);
/* NULL is "". Cut at max octets, never inside a UTF-8 character. Borrowed. */
void value_set_text(struct value *v, const char *text, size_t max);
/* Copied; at most VALUE_INLINE_MAX octets. */
void value_set_bytes(struct value *v, const void *data, size_t length);
/* true(1), false(2) of RFC 2579. */
void value_set_truth(struct value *v, bool truth);
/* BITS of RFC 2578 7.1.4: bit n of the mask is the n-th named bit; always n_bits long. */
void value_set_bits(struct value *v, uint32_t mask, unsigned int n_bits);
/* A DateAndTime of eleven octets, in UTC, from milliseconds since 1970. Eight zero octets for 0:
 * the syntax allows no empty one. */
void value_set_date(struct value *v, uint64_t realtime_ms);

#endif
