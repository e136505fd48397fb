/*
 * Descriptors: a table is its columns and a way to find rows. A group of scalars is a table too,
 * with the one row ".0". Adding a table = adding a file with a descriptor and one line in tables.h.
 *
 * Names of instances are relative to the root of the MIB module (mib.h): arc (.1.3.1 for
 * ldomTable's entry, .1.1 for a group), column, index.
 */
#ifndef TABLES_TABLE_H
#define TABLES_TABLE_H

#include <stddef.h>

#include "tables/value.h"
#include "tables/view.h"

#define TABLE_INDEX_MAX 16 /* a UUID, octet by octet */
#define TABLE_ARC_MAX	3
#define NAME_ARCS_MAX	128 /* of a whole name; RFC 2578 3.5 */

struct table;
struct column;

/* A row as a table found it. The pointers live as long as the view. */
struct row {
	uint32_t index[TABLE_INDEX_MAX];
	const char *name;	     /* the index of a table that has seek_name; else NULL */
	const struct domain *domain; /* the domain it belongs to; NULL for groups */
	const void *object;	     /* what the columns read: the domain, a device, an operation */
};

/* Of a table that has a row for each domain, under its ldomIndex. */
static inline void row_set_domain(struct row *r, const struct domain *d)
{
	*r = (struct row){.index = {d->index}, .domain = d, .object = d};
}

enum column_access {
	ACCESS_NONE, /* index columns: there, but never served */
	ACCESS_NOTIFY,
	ACCESS_ABSENT, /* read-only, but there is no datum for it in any row: noSuchInstance */
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_CREATE,
};

typedef void column_getter(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret);

struct column {
	uint32_t id;
	const char *name;
	enum value_type type;
	enum column_access access;
	column_getter *get;
	size_t offset; /* for the getters below: of the member in row->object */
	/* Of SYNTAX: of the number, or of the length; reads are held to it. 0: the type's own. What
	 * writes are held to is in control/set-request.c. */
	uint64_t max;
};

struct table {
	const char *name;
	uint32_t arc[TABLE_ARC_MAX]; /* entry, or group */
	size_t arc_len;
	size_t index_len;	      /* 1 for a group: its row is .0; 0 with seek_name */
	const struct column *columns; /* by id */
	size_t n_columns;
	/*
	 * The first row whose index is not less than the given one (index_len numbers); false when
	 * there is none. The row it gives is the row that a GET of exactly that index means.
	 */
	bool (*seek)(const struct view *v, const uint32_t *index, struct row *ret);
	/*
	 * In its place, where the index is an IMPLIED string: the first row whose name, octet by
	 * octet, is not less than the n arcs; behind: greater. Names have at least one octet, and
	 * not more than leave room for the rest of NAME_ARCS_MAX.
	 */
	bool (*seek_name)(
		const struct view *v, const uint32_t *arcs, size_t n, bool behind, struct row *ret);
	/* Whether a row has an instance of that column; NULL: each row has each column. */
	bool (*has)(const struct column *c, const struct view *v, const struct row *r);
};

/* Getters for members of row->object; unknown (NULL, 0) is "" or 0. */
void column_get_u32(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret);
void column_get_u64(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret);
void column_get_text(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret);
void column_get_bool(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret);

/* The seek of a group of scalars that is always there. */
bool group_seek(const struct view *v, const uint32_t *index, struct row *ret);

/* NULL: no such column. */
const struct column *table_column(const struct table *t, uint32_t id);
/* Position of the first column whose id is not less. */
size_t table_lower_column(const struct table *t, uint32_t id);

/* Lines of a table of columns. member is one of struct `type`. */
#define COLUMN_INDEX(id, name)                                                                     \
	{                                                                                          \
		id, name, VALUE_UNSIGNED, ACCESS_NONE, NULL, 0, INT32_MAX                          \
	}
#define COLUMN_MEMBER(id, name, value_type, get, type, member, max)                                \
	{                                                                                          \
		id, name, value_type, ACCESS_READ, get, offsetof(struct type, member), max         \
	}
#define COLUMN_NUMBER(id, name, type, member, max)                                                 \
	COLUMN_MEMBER(id, name, VALUE_UNSIGNED, column_get_u32, type, member, max)
#define COLUMN_TEXT(id, name, type, member, max)                                                   \
	COLUMN_MEMBER(id, name, VALUE_OCTETS, column_get_text, type, member, max)
#define COLUMN_TRUTH(id, name, type, member)                                                       \
	COLUMN_MEMBER(id, name, VALUE_INTEGER, column_get_bool, type, member, 2)
#define COLUMN_MADE(id, name, value_type, get, max)                                                \
	{                                                                                          \
		id, name, value_type, ACCESS_READ, get, 0, max                                     \
	}

#define TABLE_OF(table_name, number, length)                                                       \
	.name = table_name, .arc = {1, number, 1}, .arc_len = 3, .index_len = length,              \
	.columns = columns, .n_columns = sizeof(columns) / sizeof(columns[0])

#endif
