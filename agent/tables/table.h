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

/* A row that a table has found. The pointers are valid as long as the view. */
struct row {
	uint32_t index[TABLE_INDEX_MAX];
	const char *name;	     /* the index, in a table with seek_name; else NULL */
	const struct domain *domain; /* the domain it belongs to; NULL for groups */
	const void *object;	     /* what the columns read: the domain, a device, an operation */
};

/* The domain's row in a table whose index is ldomIndex. */
static inline void row_set_domain(struct row *r, const struct domain *d)
{
	*r = (struct row){.index = {d->index}, .domain = d, .object = d};
}

enum column_access {
	ACCESS_NONE,   /* an index, not-accessible */
	ACCESS_NOTIFY, /* accessible-for-notify */
	ACCESS_ABSENT, /* read-only, but without an instance in any row: noSuchInstance */
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_CREATE,
};

/* One instance of an object: a column of a row. */
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
	size_t offset; /* of the member in row.object; what getters of a table take it for */
	/* The upper bound in SYNTAX, of the number or the length, which values that are read never
	 * exceed; 0: that of the type. The bounds of SETs are in control/set-request.c. */
	uint64_t max;
	union {
		int32_t number;	  /* column_get_constant(), VALUE_INTEGER */
		const char *text; /* column_get_constant(), VALUE_OCTETS; NULL is "" */
		/* device_get_service(): finds the service; NULL: there is none */
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
	 * Puts into the cell, whose view and table are set, the first row whose index is not less
	 * than the given one (index_len numbers). False: there is none.
	 */
	bool (*seek)(struct cell *c, const uint32_t *index);
	/*
	 * The same for a table whose index is an IMPLIED string: the first row whose name, octet by
	 * octet, is not less than the n arcs; behind: is greater. A name in the table has at least
	 * one octet, and a whole OID with it at most NAME_ARCS_MAX arcs.
	 */
	bool (*seek_name)(struct cell *c, const uint32_t *arcs, size_t n, bool behind);
	/* Whether the row has an instance of the column; NULL: each row has each column. */
	bool (*has)(const struct cell *c);
	enum domain_list list; /* for device_seek() */
};

/* Getters for members of row.object; unknown (NULL, 0) is "" or 0. */
column_getter column_get_u32; /* and enumerations */
column_getter column_get_u64;
column_getter column_get_text;
column_getter column_get_bool;
/* A uint64_t of bytes, in megabytes. */
column_getter column_get_megabytes;
/* A text of hexadecimal digits, as max octets; "" if the text has fewer. */
column_getter column_get_octets;
/* The column's own number or text. */
column_getter column_get_constant;
/* The number of the row's index at position offset. */
column_getter column_get_index;

/* The seek of a group of scalars that is always there. */
bool group_seek(struct cell *c, const uint32_t *index);
/* The has of a table whose Counter64 is a CPU time, known from the second list-domain on. */
bool table_has_time(const struct cell *c);

/* NULL: no such column. */
const struct column *table_column(const struct table *t, uint32_t id);
/* Position of the first column whose id is not less; n_columns: there is none. */
size_t table_lower_column(const struct table *t, uint32_t id);

/* Items of a table's array of columns. member is a member of struct `type`. */
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

/* The first members of a struct table: of a table, and of a group of scalars. */
#define TABLE_OF(number, length, its_columns)                                                      \
	.arc = {1, number, 1}, .arc_len = 3, .index_len = length, .columns = its_columns,          \
	.n_columns = sizeof(its_columns) / sizeof(its_columns[0])
#define GROUP_OF(number, its_columns)                                                              \
	.arc = {1, number}, .arc_len = 2, .index_len = 1, .columns = its_columns,                  \
	.n_columns = sizeof(its_columns) / sizeof(its_columns[0])

#endif
