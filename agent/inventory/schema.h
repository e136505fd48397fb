/*
 * What is known of a domain, of everything below it, and of the host, as tables: which property of
 * which resource fills which member, how a row gets its number, which notification tells a change.
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
	FIELD_SUSPENDED, /* bool: the text is a state's word that the model has no number for */
	FIELD_OTHER,	 /* any value without a pointer that no property gives */
};

enum field_source {
	FROM_KEYS,    /* the first of keys[] that is there; without keys: no property gives it */
	FROM_UNITS,   /* AllocationUnits, or one of keys[] */
	FROM_ADDRESS, /* Address, or one of keys[] */
	FROM_UUID,    /* the uuid element, or one of keys[] */
};

struct field {
	enum field_kind kind;
	size_t offset, width; /* of the member */
	enum field_source source;
	const char *keys[4];
	const char *const *in; /* types of the resources that have it, and NULL; NULL: any */
	uint32_t known;	       /* bit of enum domain_known that is set when it was read */
	bool is_volatile;      /* moves by itself, so that a new value is no change to tell */
};

/* What a notification of the MIB tells of; tables/notification.c has their numbers. */
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
	/* What only views tell: migration, UUID or word of the state changed, and the state did
	   not. */
	CHANGE_LIFECYCLE = _CHANGE_KIND_MAX,
};

/* What holds a list. */
enum row_owner {
	OWNER_NONE, /* it is not stored */
	OWNER_DETAIL,
	OWNER_SERVICES,
	OWNER_HOST,
};

enum row_numbering {
	NUMBER_DERIVED, /* by who derives the rows */
	NUMBER_OWN,	/* the object has a number of its own: index = number + 1 */
	NUMBER_NAME,	/* the registry numbers its name */
	NUMBER_ADDRESS, /* by address: megabyte + 1 */
};

/* Offsets are in the row, 0 meaning none, as each row begins with its index. */
struct row_type {
	const char *resource; /* OtherResourceType; NULL: not read from a reply */
	const char *kind;     /* short word for the registry */
	enum row_owner owner;
	size_t list, count;	    /* offsets in the owner */
	size_t size;		    /* of a row */
	const struct field *fields; /* without the index */
	enum row_numbering numbering;
	size_t number;	    /* of the uint32_t (NUMBER_OWN) or uint64_t (NUMBER_ADDRESS) */
	size_t name, scope; /* of the char * that names it, and of the one that name is unique in */
	size_t twin; /* of the char * that tells rows of one name apart; 0: the name is unique */
	bool from_bindings;	 /* a row is a binding of the resource, not the resource itself */
	bool is_told;		 /* by a notification */
	enum change_kind change; /* which one */
	/* What a table of fields cannot say, after they were read. May be NULL. */
	void (*finish)(void *row, const struct ldm_resource *from);
};

extern const struct row_type row_types[_LIST_MAX];

/* The columns of a domain. The name is not among them (it is the key), nor are times. */
extern const struct field domain_fields[];

#endif
