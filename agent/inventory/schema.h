/*
 * What is known of a domain, of everything below it, and of the host, as tables: which property of
 * which resource fills which member, how a row gets its number, which notification tells a change.
 *
 * A new value is a struct member in model.h and one line in schema.c. A new kind of object is its
 * struct, its place in enum domain_list, its fields and one line in row_types[]: it is then read,
 * numbered, sorted, shared, compared, reported and freed like the others.
 */
#ifndef INVENTORY_SCHEMA_H
#define INVENTORY_SCHEMA_H

#include "inventory/fields.h"
#include "inventory/domain.h"

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
	CHANGE_NONE = -1,
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
	size_t list, count; /* offsets in the owner */
	size_t size;	    /* of a row */
	const struct field *fields;
	enum row_numbering numbering;
	size_t number;	    /* of the uint32_t (NUMBER_OWN) or uint64_t (NUMBER_ADDRESS) */
	size_t name, scope; /* of the char * that names it, and of the one that name is unique in */
	size_t twin; /* of the char * that tells rows of one name apart; 0: the name is unique */
	bool from_bindings; /* a row is a binding of the resource, not the resource itself */
	enum change_kind change;
	/* What a table of fields cannot say, after they were read. May be NULL. */
	void (*finish)(void *row, const struct ldm_resource *from);
};

extern const struct row_type row_types[_LIST_MAX];

/* The columns of a domain. The name is not among them (it is the key), nor are times. */
extern const struct field domain_fields[];

#endif
