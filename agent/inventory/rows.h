/*
 * The lists inside a domain (CPUs, disks, switches, ...) and of the host, described by one table.
 *
 * A new kind of object is its struct and list in model.h, its fields and one line in rows.c; it is
 * then read, numbered, sorted, shared, compared, reported and freed like the others.
 */
#ifndef INVENTORY_ROWS_H
#define INVENTORY_ROWS_H

#include "inventory/diff.h"
#include "inventory/field.h"
#include "inventory/model.h"

struct ldm_resource;
struct registry;

/* What holds the list. */
enum row_owner {
	OWNER_DETAIL,
	OWNER_SERVICES,
	OWNER_HOST,
};

enum row_numbering {
	NUMBER_OWN,  /* the object has a number of its own: index = number + 1 */
	NUMBER_NAME, /* the registry numbers its name */
	NUMBER_SIZE, /* by address: megabyte + 1 */
};

struct row_type {
	const char *resource; /* OtherResourceType */
	const char *kind;     /* short word for the registry */
	enum row_owner owner;
	enum row_numbering numbering;
	bool from_bindings; /* a row is a binding of the resource, not the resource itself */
	int change;	    /* enum change_kind to report, or -1 */
	size_t size;	    /* of a row */
	size_t list, count; /* offsets in the owner */
	size_t number;	    /* NUMBER_OWN, NUMBER_SIZE: offset in the row */
	size_t name;	    /* offset of the char * that names it, or ROW_NO_NAME */
	size_t scope;	    /* offset of a char * that the name is unique within, or ROW_NO_NAME */
	const struct field *fields;
	/* What a table cannot say, after the fields were read. May be NULL. -ENOMEM. */
	int (*finish)(void *row, const struct ldm_resource *from);
};
#define ROW_NO_NAME ((size_t)-1)

/* Ends with resource NULL. */
extern const struct row_type row_types[];

size_t rows_count(const struct row_type *t, const void *owner);
void *rows_at(const struct row_type *t, const void *owner, size_t i);
uint32_t row_index(const void *row);
/* NULL when it has none. */
const char *row_name(const struct row_type *t, const void *row);

/* A zeroed row at the end of the list, grown as needed. -ENOMEM. */
int rows_append(const struct row_type *t, void *owner, void **ret_row);
void rows_drop_last(const struct row_type *t, void *owner);
void rows_free(enum row_owner which, void *owner);
int rows_copy(enum row_owner which, const void *from, void *to);
bool rows_same(enum row_owner which, const void *a, const void *b, bool with_volatile);
/*
 * Adds a row for the resource, or for each of its bindings, as the type wants it; what has no name
 * is skipped. *budget is counted down; -E2BIG when it is used up. -ENOMEM.
 */
int rows_read(
	const struct row_type *t, const struct ldm_resource *from, void *owner, size_t *budget);
/* Numbers and sorts the lists; of two rows with one number the later is dropped. -ENOMEM. */
int rows_number(enum row_owner which, void *owner, uint32_t owner_index, struct registry *r);

#endif
