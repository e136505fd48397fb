/*
 * The tables of values and lists: which property of which resource of ldmd fills which struct
 * member, how a row gets its number, which notification tells a change.
 *
 * A new value is a struct member in domain.h and one line in schema.c. A new kind of object is its
 * struct, its place in enum domain_list, and one entry in row_types[]: it is then read, numbered,
 * sorted, shared, compared, reported and freed like the others.
 */
#ifndef INVENTORY_SCHEMA_H
#define INVENTORY_SCHEMA_H

#include "inventory/domain.h"

struct ldm_resource;

/* How a property is written, and in which type of member it is kept. */
enum field_kind {
	FIELD_END,	 /* ends a table */
	FIELD_TEXT,	 /* char *, owned */
	FIELD_MAC,	 /* the same, aa:bb:cc:dd:ee:ff */
	FIELD_HOSTID,	 /* the same, 0x... */
	FIELD_UUID,	 /* the same, lower case */
	FIELD_FLAGS,	 /* the same, six columns */
	FIELD_U32,	 /* uint32_t */
	FIELD_LIMIT,	 /* uint32_t; 0: "unlimited" */
	FIELD_PERCENT,	 /* uint32_t, 0.1 % */
	FIELD_STATE,	 /* enum domain_state */
	FIELD_SIZE,	 /* uint64_t, bytes */
	FIELD_ADDRESS,	 /* uint64_t, also hexadecimal */
	FIELD_UPTIME,	 /* uint64_t, seconds */
	FIELD_SWITCH,	 /* bool: on, yes, true, enabled, 1 */
	FIELD_SUSPENDED, /* bool: the word is "suspended", a state without a number of its own */
	FIELD_OTHER,	 /* any type without a pointer; never read, only compared and copied */
};

enum field_source {
	FROM_KEYS,    /* the property of the first of keys[] that the resource has */
	FROM_UNITS,   /* AllocationUnits, or one of keys[] */
	FROM_ADDRESS, /* Address, or one of keys[] */
	FROM_UUID,    /* the uuid element, or one of keys[] */
};

struct field {
	enum field_kind kind;
	size_t offset, width; /* of the member */
	enum field_source source;
	const char *keys[4];
	const char *const *in; /* types of resources that have it, ended by NULL; NULL: all */
	uint32_t known;	       /* bit of enum domain_known that is set when it was read */
	bool is_volatile;      /* moves by itself, so a new value does not count as a change */
};

/* One for each kind of notification; tables/notification.c has their numbers. */
enum change_kind {
	CHANGE_CREATE,
	CHANGE_DESTROY,
	CHANGE_STATE,
	CHANGE_VCPU,
	CHANGE_VMEM,
	CHANGE_VDS,
	CHANGE_VDISK,
	CHANGE_VSW,
	CHANGE_VNET,
	CHANGE_VCC,
	CHANGE_VCONS,
	CHANGE_DEGRADED,
	_CHANGE_KIND_MAX,
	/* Only notifications of views tell it: the migration, the UUID or the word of the state
	 * changed, but the state did not. */
	CHANGE_LIFECYCLE = _CHANGE_KIND_MAX,
};

/* The struct that holds a list. */
enum row_owner {
	OWNER_NONE, /* the list is not stored */
	OWNER_DETAIL,
	OWNER_SERVICES,
	OWNER_HOST,
};

enum row_numbering {
	NUMBER_DERIVED, /* the code that derives the rows numbers them */
	NUMBER_OWN,	/* the object has a number of its own: index = number + 1 */
	NUMBER_NAME,	/* the registry numbers its name */
	NUMBER_ADDRESS, /* index = address / 1 MiB + 1 */
};

/* Offsets are in the row, 0 meaning none, as each row begins with its index. */
struct row_type {
	const char *resource; /* OtherResourceType; NULL: not read from a reply */
	const char *kind;     /* its word in the registry's file; must never change */
	enum row_owner owner;
	size_t list, count;	    /* offsets in the owner */
	size_t size;		    /* of a row */
	const struct field *fields; /* without the index */
	enum row_numbering numbering;
	size_t number;	    /* of the uint32_t (NUMBER_OWN) or uint64_t (NUMBER_ADDRESS) */
	size_t name, scope; /* of the char * that names it, and of the one that name is unique in */
	size_t twin; /* of the char * that tells rows of one name apart; 0: the name is unique */
	bool from_bindings;	 /* a row is a binding of the resource, not the resource itself */
	bool is_told;		 /* a notification tells changes */
	enum change_kind change; /* the kind of that notification */
	/* Called after the fields were read, for what no table can express. May be NULL. */
	void (*finish)(void *row, const struct ldm_resource *from);
};

extern const struct row_type row_types[_LIST_MAX];

/* The values of a domain, without its name (the key) and the times of change. */
extern const struct field domain_fields[];

#endif
