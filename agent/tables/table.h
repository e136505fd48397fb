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

/* One instance of an object: a column of a row, as the view shows it. */
struct cell {
	const struct view *view;
	const struct mib *mib;
	const struct table *table;
	const struct column *column;
	struct row row;
};

typedef void column_getter(const struct cell *c, struct value *ret);

struct column {
	uint32_t id;
	const char *name;
	enum value_type type;
	enum column_access access;
	column_getter *get;
	size_t offset; /* for the getters below: of the member in row.object */
	/* Of SYNTAX: of the number, or of the length; reads are held to it. 0: the type's own. What
	 * writes are held to is in control/set-request.c. */
	uint64_t max;
	union {
		int32_t number;	  /* of column_get_constant(): VALUE_INTEGER */
		const char *text; /* the same, VALUE_OCTETS; NULL is "" */
		/* of device_get_service(): the one whose member it is; NULL: it is not there */
		const struct service *(*service)(const struct cell *c);
	};
};

struct table {
	uint32_t arc[TABLE_ARC_MAX]; /* entry, or group */
	size_t arc_len;
	size_t index_len;	      /* 1 for a group: its row is .0; 0 with seek_name */
	const struct column *columns; /* by id */
	size_t n_columns;
	/*
	 * Gives the cell, which has a view and this table, the first row whose index is not less
	 * than the given one (index_len numbers); false when there is none. That row is the one
	 * that a GET of exactly that index means.
	 */
	bool (*seek)(struct cell *c, const uint32_t *index);
	/*
	 * In its place, where the index is an IMPLIED string: the first row whose name, octet by
	 * octet, is not less than the n arcs; behind: greater. Names have at least one octet, and
	 * not more than leave room for the rest of NAME_ARCS_MAX.
	 */
	bool (*seek_name)(struct cell *c, const uint32_t *arcs, size_t n, bool behind);
	/* Whether the row has an instance of the column; NULL: each row has each column. */
	bool (*has)(const struct cell *c);
	enum domain_list list; /* whose rows device_seek() finds */
};

/* Getters for members of row.object; unknown (NULL, 0) is "" or 0. */
column_getter column_get_u32; /* and enumerations */
column_getter column_get_u64;
column_getter column_get_text;
column_getter column_get_bool;
/* A uint64_t of bytes, in megabytes. */
column_getter column_get_megabytes;
/* A text of hexadecimal digits, as max octets; none if it has not as many. */
column_getter column_get_octets;
/* The same in each row. */
column_getter column_get_constant;
/* A number of the row's index, at the place that offset gives. */
column_getter column_get_index;

/* The seek of a group of scalars that is always there. */
bool group_seek(struct cell *c, const uint32_t *index);
/* The has of a table where a Counter64 is a CPU time: known from the second answer of ldmd on. */
bool table_has_time(const struct cell *c);

/* NULL: no such column. */
const struct column *table_column(const struct table *t, uint32_t id);
/* Position of the first column whose id is not less. */
size_t table_lower_column(const struct table *t, uint32_t id);

/* Lines of a table of columns. member is one of struct `type`. */
#define COLUMN_OF(number, object, value_type, column_access, getter, limit)                        \
	.id = number, .name = object, .type = value_type, .access = column_access, .get = getter,  \
	.max = limit
#define COLUMN_INDEX(id, name)                                                                     \
	{                                                                                          \
		COLUMN_OF(id, name, VALUE_UNSIGNED, ACCESS_NONE, NULL, INT32_MAX)                  \
	}
#define COLUMN_MEMBER(id, name, value_type, get, type, member, max)                                \
	{                                                                                          \
		COLUMN_OF(id, name, value_type, ACCESS_READ, get, max),                            \
			.offset = offsetof(struct type, member)                                    \
	}
#define COLUMN_NUMBER(id, name, type, member, max)                                                 \
	COLUMN_MEMBER(id, name, VALUE_UNSIGNED, column_get_u32, type, member, max)
#define COLUMN_TEXT(id, name, type, member, max)                                                   \
	COLUMN_MEMBER(id, name, VALUE_OCTETS, column_get_text, type, member, max)
#define COLUMN_TRUTH(id, name, type, member)                                                       \
	COLUMN_MEMBER(id, name, VALUE_INTEGER, column_get_bool, type, member, 2)
#define COLUMN_INTEGER(id, name, type, member, max)                                                \
	COLUMN_MEMBER(id, name, VALUE_INTEGER, column_get_u32, type, member, max)
#define COLUMN_OCTETS(id, name, type, member, n)                                                   \
	COLUMN_MEMBER(id, name, VALUE_OCTETS, column_get_octets, type, member, n)
#define COLUMN_MADE(id, name, value_type, get, max)                                                \
	{                                                                                          \
		COLUMN_OF(id, name, value_type, ACCESS_READ, get, max)                             \
	}
#define COLUMN_FROM_INDEX(id, name, place)                                                         \
	{                                                                                          \
		COLUMN_OF(id, name, VALUE_UNSIGNED, ACCESS_READ, column_get_index, INT32_MAX),     \
			.offset = place                                                            \
	}
#define COLUMN_CONSTANT(id, name, constant)                                                        \
	{                                                                                          \
		COLUMN_OF(id, name, VALUE_INTEGER, ACCESS_READ, column_get_constant, 0),           \
			.number = constant                                                         \
	}
#define COLUMN_CONSTANT_TEXT(id, name, constant)                                                   \
	{                                                                                          \
		COLUMN_OF(id, name, VALUE_OCTETS, ACCESS_READ, column_get_constant, 255),          \
			.text = constant                                                           \
	}

/* Where a table, or a group of scalars, is below the root, and its array of columns. */
#define TABLE_OF(number, length, its_columns)                                                      \
	.arc = {1, number, 1}, .arc_len = 3, .index_len = length, .columns = its_columns,          \
	.n_columns = sizeof(its_columns) / sizeof(its_columns[0])
#define GROUP_OF(number, its_columns)                                                              \
	.arc = {1, number}, .arc_len = 2, .index_len = 1, .columns = its_columns,                  \
	.n_columns = sizeof(its_columns) / sizeof(its_columns[0])

#endif
