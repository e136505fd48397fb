/*
 * Records described by tables: which property of a reply goes into which member, and as what.
 *
 * One description serves reading from ldmd, copying, comparing and freeing, so a new value in the
 * model is a struct member and one line in schema.c.
 */
#ifndef INVENTORY_FIELDS_H
#define INVENTORY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ldm_resource;

enum field_kind {
	FIELD_END,	 /* ends a table */
	FIELD_TEXT,	 /* char *, owned */
	FIELD_MAC,	 /* char *, aa:bb:cc:dd:ee:ff */
	FIELD_HOSTID,	 /* char *, 0x... */
	FIELD_UUID,	 /* char *, lower case */
	FIELD_FLAGS,	 /* char *, six columns */
	FIELD_U32,	 /* uint32_t */
	FIELD_LIMIT,	 /* uint32_t; 0: "unlimited" */
	FIELD_PERCENT,	 /* uint32_t, 0.1 % */
	FIELD_STATE,	 /* enum domain_state */
	FIELD_SIZE,	 /* uint64_t, bytes */
	FIELD_ADDRESS,	 /* uint64_t, also hexadecimal */
	FIELD_UPTIME,	 /* uint64_t, seconds */
	FIELD_SWITCH,	 /* bool: on, yes, true, enabled, 1 */
	FIELD_SUSPENDED, /* bool: the text is the word of a state that the model has no number for
			  */
	FIELD_OTHER,	 /* 32 bits that no property gives: enums, derived numbers */
	FIELD_FLAG,	 /* bool that no property gives */
};

enum field_source {
	FROM_NOWHERE, /* not read from a reply, but copied and compared */
	FROM_KEY,     /* the first of keys[] that is there */
	FROM_UNITS,   /* AllocationUnits, or one of keys[] */
	FROM_ADDRESS, /* Address, or one of keys[] */
	FROM_UUID,    /* the uuid element, or one of keys[] */
};

struct field {
	enum field_kind kind;
	size_t offset;
	enum field_source source;
	const char *keys[4];
	const char *in[3]; /* types of the resources that have it; none: any */
	uint32_t known;	   /* bit of enum domain_known that is set when it was read */
	bool is_volatile;  /* moves by itself, so that a new value is no change to tell */
};

/*
 * Reads what is there into the record and leaves the rest alone. A value that makes no sense is as
 * if it were missing. *ret_known gets the known bits of what was read. -ENOMEM.
 */
int fields_read(const struct field *table, const struct ldm_resource *from, void *record,
	uint32_t *ret_known);

void fields_free(const struct field *table, void *record);
/* `to` may be a plain copy of `from` whose texts are not its own yet. -ENOMEM: it owns nothing. */
int fields_copy(const struct field *table, const void *from, void *to);
/* Copies one value from another record, freeing what was there. -ENOMEM. */
int field_take(const struct field *f, const void *from, void *to);
bool fields_same(const struct field *table, const void *a, const void *b, bool with_volatile);

#endif
