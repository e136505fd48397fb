/*
 * Records described by tables: which property goes where, and as what.
 *
 * One description serves reading from ldmd, copying, comparing and freeing, so adding a value to
 * the model is a struct member and one line.
 */
#ifndef INVENTORY_FIELD_H
#define INVENTORY_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ldm_resource;

enum field_kind {
	FIELD_TEXT,    /* char *, owned */
	FIELD_MAC,     /* char *, aa:bb:cc:dd:ee:ff */
	FIELD_HOSTID,  /* char *, 0x... */
	FIELD_UUID,    /* char *, lower case */
	FIELD_U32,     /* uint32_t */
	FIELD_PERCENT, /* uint32_t, 0.1 % */
	FIELD_SIZE,    /* uint64_t, bytes */
	FIELD_ADDRESS, /* uint64_t, also hexadecimal */
	FIELD_UPTIME,  /* uint64_t, seconds */
	FIELD_SWITCH,  /* bool: on, yes, true, enabled, 1 */
	FIELD_OTHER,   /* uint32_t sized, never read from a property: enums, derived numbers */
	FIELD_FLAG,    /* bool, never read from a property */
};

enum field_source {
	FROM_KEY,     /* the first of keys[] that is there */
	FROM_UNITS,   /* AllocationUnits */
	FROM_ADDRESS, /* Address, or one of keys[] */
	FROM_UUID,    /* the uuid element, or one of keys[] */
	FROM_NOWHERE,
};

struct field {
	enum field_kind kind;
	enum field_source source;
	size_t offset;
	bool is_volatile; /* moves by itself; no change worth telling */
	uint32_t known;	  /* bit of enum domain_known that reading it sets */
	const char *keys[4];
};

/* Tables end with a field whose offset is FIELD_END. */
#define FIELD_END ((size_t)-1)

/*
 * Reads what is there into record and leaves the rest alone. A value that makes no sense is as if
 * it were missing. *ret_known gets the known bits of what was told. -ENOMEM.
 */
int fields_read(const struct field *table, const struct ldm_resource *from, void *record,
	uint32_t *ret_known);
/* One value from text: as above. False when it made no sense. */
int field_set(const struct field *f, const char *text, void *record, bool *ret_valid);

void fields_free(const struct field *table, void *record);
/* On -ENOMEM nothing is owned by `to`. */
int fields_copy(const struct field *table, const void *from, void *to);
/* Takes the value over from another record, freeing what was there. */
int field_take(const struct field *f, const void *from, void *to);
void field_reset(const struct field *f, void *record);
bool fields_same(const struct field *table, const void *a, const void *b, bool with_volatile);

#endif
