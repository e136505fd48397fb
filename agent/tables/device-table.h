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

/* The rows of the table's list. */
bool device_seek(struct cell *c, const uint32_t *index);

/* A number of the service that the column finds; 0 when what was named is not there. */
column_getter device_get_service;

/* Lines of a table of columns, as those in table.h. member is one of struct service. */
#define COLUMN_DOMAIN(id, name) COLUMN_FROM_INDEX(id, name, 0)
#define COLUMN_SERVICE(id, name, find, member, max)                                                \
	{                                                                                          \
		COLUMN_OF(id, name, VALUE_UNSIGNED, ACCESS_READ, device_get_service, max),         \
			.offset = offsetof(struct service, member), .service = find                \
	}

#define DEVICE_TABLE(number, rows) TABLE_OF(number, 2, columns), .seek = device_seek, .list = rows

#endif
