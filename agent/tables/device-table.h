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

/* A line of a table of columns, as those in table.h. */
#define COLUMN_DOMAIN(id, name)                                                                    \
	{                                                                                          \
		id, name, VALUE_UNSIGNED, ACCESS_READ, device_get_domain, 0, INT32_MAX             \
	}

#endif
