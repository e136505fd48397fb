/*
 * All that the MIB serves, in the order of the arcs. A new table is a file with a descriptor, and
 * one line here and in tables.h.
 */
#include "tables/tables.h"

#include "tables/table.h"

const struct table *const tables[] = {
	&manager_group,	  /* .1.1 */
	&pool_group,	  /* .1.2 */
	&domain_table,	  /* .1.3 */
	&operation_table, /* .1.30 */
};
const size_t n_tables = sizeof(tables) / sizeof(tables[0]);
