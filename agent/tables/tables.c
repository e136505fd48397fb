/*
 * All that the MIB serves, in the order of the arcs. A new table is a file with a descriptor, and
 * one line here and in tables.h.
 */
#include "tables/tables.h"

#include "tables/table.h"

const struct table *const tables[] = {
	&manager_group,	       /* .1.1 */
	&pool_group,	       /* .1.2 */
	&domain_table,	       /* .1.3 */
	&vcpu_table,	       /* .1.4 */
	&core_table,	       /* .1.5 */
	&vmem_table,	       /* .1.6 */
	&vmem_phys_bind_table, /* .1.7 */
	&crypto_table,	       /* .1.8 */
	&iobus_table,	       /* .1.9 */
	&vds_table,	       /* .1.10 */
	&vdsdev_table,	       /* .1.11 */
	&vdisk_table,	       /* .1.12 */
	&vsw_table,	       /* .1.13 */
	&vnet_table,	       /* .1.14 */
	&vcc_table,	       /* .1.15 */
	&vcons_table,	       /* .1.16 */
	&vcons_vcc_rel_table,  /* .1.17 */
	&env_vars_table,       /* .1.18 */
	&policy_table,	       /* .1.19 */
	&spconfig_table,       /* .1.20 */
	&operation_table,      /* .1.30 */
};
const size_t n_tables = sizeof(tables) / sizeof(tables[0]);
