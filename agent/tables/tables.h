/*
 * The descriptors, one file each.
 */
#ifndef TABLES_TABLES_H
#define TABLES_TABLES_H

#include "tables/table.h"

extern const struct table manager_group;
extern const struct table pool_group;
extern const struct table domain_table;
extern const struct table vcpu_table;
extern const struct table core_table;
extern const struct table vmem_table;
extern const struct table vmem_phys_bind_table;
extern const struct table crypto_table;
extern const struct table iobus_table;
extern const struct table vds_table;
extern const struct table vdsdev_table;
extern const struct table vdisk_table;
extern const struct table vsw_table;
extern const struct table vnet_table;
extern const struct table vcc_table;
extern const struct table vcons_table;
extern const struct table vcons_vcc_rel_table;
extern const struct table env_vars_table;
extern const struct table policy_table;
extern const struct table spconfig_table;
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
