/*
 * The descriptors, one file each.
 */
#ifndef TABLES_TABLES_H
#define TABLES_TABLES_H

#include "tables/table.h"

extern const struct table manager_group;
extern const struct table pool_group;
extern const struct table domain_table;
extern const struct table operation_table;

/* Columns of ldomTable that others need by number. */
enum domain_column {
	DOMAIN_COLUMN_NAME = 2,
	DOMAIN_COLUMN_OPER_STATE = 4,
	DOMAIN_COLUMN_NUM_VCPU = 5,
	DOMAIN_COLUMN_MEM_SIZE = 6,
	DOMAIN_COLUMN_MEM_UNIT = 7,
	DOMAIN_COLUMN_OPERATION_STATUS = 26,
	DOMAIN_COLUMN_OPERATION_INDEX = 27,
};

/* Manager scalars that others need by number. */
enum manager_scalar {
	MANAGER_LINK_STATE = 5,
	MANAGER_LINK_LAST_ERROR = 7,
};

#endif
