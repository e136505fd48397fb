/*
 * What the tables of devices and services share: INDEX { ldomIndex, second }, rows that are the
 * model's own structs, columns that are their members or point to other tables.
 */
#ifndef TABLES_DEVICE_TABLE_H
#define TABLES_DEVICE_TABLE_H

#include "inventory/links.h"
#include "inventory/snapshot.h"
#include "tables/table.h"

enum { NAME_MAX_OCTETS = 256, TEXT_MAX_OCTETS = 255, LONG_TEXT_MAX_OCTETS = 1024 };

bool device_seek(
	const struct view *v, enum domain_list which, const uint32_t *index, struct row *ret);

/* ldomIndex of the domain that the row belongs to. */
column_getter device_get_domain;
/* A uint64_t of bytes, in megabytes. */
column_getter device_get_megabytes;
/* A uint64_t as text, "0x84000000". */
column_getter device_get_address;
/* A uint32_t of 0.1 %, in percent. */
column_getter device_get_percent;

/* A reference: 0 when what was named is not there. */
void device_set_service_domain(const struct service *s, struct value *ret);
void device_set_service_index(const struct service *s, struct value *ret);
void device_set_clients(const struct service *s, struct value *ret);

/* Lines of a table of columns. member is one of struct `type`. */
#define COLUMN_INDEX(id, name)                                                                     \
	{                                                                                          \
		id, name, VALUE_UNSIGNED, ACCESS_NONE, NULL, 0, INT32_MAX                          \
	}
#define COLUMN_DOMAIN(id, name)                                                                    \
	{                                                                                          \
		id, name, VALUE_UNSIGNED, ACCESS_READ, device_get_domain, 0, INT32_MAX             \
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
