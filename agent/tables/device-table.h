/*
 * What the tables of devices and services share: INDEX { ldomIndex, number in the domain }, rows
 * that are structs of inventory/domain.h, columns that are their members or point to other tables.
 */
#ifndef TABLES_DEVICE_TABLE_H
#define TABLES_DEVICE_TABLE_H

#include "inventory/links.h"
#include "inventory/snapshot.h"
#include "tables/table.h"

enum { NAME_MAX_OCTETS = 256, TEXT_MAX_OCTETS = 255, LONG_TEXT_MAX_OCTETS = 1024 };

/* The seek of a table whose rows are those of one list (its member list). */
bool device_seek(struct cell *c, const uint32_t *index);

/* A uint32_t member of the service that the column's function finds; 0: it finds none. */
column_getter device_get_service;

/* Items of an array of columns, as those in table.h. member is a member of struct service. */
#define COLUMN_DOMAIN(id, name) COLUMN_FROM_INDEX(id, name, 0)
#define COLUMN_SERVICE(id, name, find, member, max)                                                \
	{                                                                                          \
		COLUMN_OF(id, name, VALUE_UNSIGNED, ACCESS_READ, device_get_service, max),         \
			.offset = offsetof(struct service, member), .service = find                \
	}

#define DEVICE_TABLE(number, rows) TABLE_OF(number, 2, columns), .seek = device_seek, .list = rows

#endif
