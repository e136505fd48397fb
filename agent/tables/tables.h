/*
 * The tables of LDOMS-MIB, one file each, and the numbers of objects that several files need.
 */
#ifndef TABLES_TABLES_H
#define TABLES_TABLES_H

#include "tables/table.h"

/* In the order of the arcs. A new table is a file with a descriptor, and a line here. */
/* clang-format off */
#define ALL_TABLES(X) \
	X(manager_group)          /* .1.1 */ \
	X(pool_group)             /* .1.2 */ \
	X(domain_table)           /* .1.3 */ \
	X(vcpu_table)             /* .1.4 */ \
	X(core_table)             /* .1.5 */ \
	X(vmem_table)             /* .1.6 */ \
	X(vmem_phys_bind_table)   /* .1.7 */ \
	X(crypto_table)           /* .1.8 */ \
	X(iobus_table)            /* .1.9 */ \
	X(vds_table)              /* .1.10 */ \
	X(vdsdev_table)           /* .1.11 */ \
	X(vdisk_table)            /* .1.12 */ \
	X(vsw_table)              /* .1.13 */ \
	X(vnet_table)             /* .1.14 */ \
	X(vcc_table)              /* .1.15 */ \
	X(vcons_table)            /* .1.16 */ \
	X(vcons_vcc_rel_table)    /* .1.17 */ \
	X(env_vars_table)         /* .1.18 */ \
	X(policy_table)           /* .1.19 */ \
	X(spconfig_table)         /* .1.20 */ \
	X(name_table)             /* .1.21 */ \
	X(operation_table)        /* .1.30 */
/* clang-format on */

#define DECLARE_TABLE(name) extern const struct table name;
ALL_TABLES(DECLARE_TABLE)

/* Columns of ldomTable. */
enum domain_column {
	DOMAIN_COLUMN_NAME = 2,
	DOMAIN_COLUMN_OPER_STATE = 4,
	DOMAIN_COLUMN_NUM_VCPU = 5,
	DOMAIN_COLUMN_MEM_SIZE = 6,
	DOMAIN_COLUMN_MEM_UNIT = 7,
	DOMAIN_COLUMN_OPERATION_STATUS = 26,
	DOMAIN_COLUMN_OPERATION_INDEX = 27,
	DOMAIN_COLUMN_DEGRADED = 31,
};

/* Manager scalars. */
enum manager_scalar {
	MANAGER_LINK_STATE = 5,
	MANAGER_LINK_LAST_ERROR = 7,
};

#endif
