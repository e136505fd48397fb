/*
 * LDOMS-MIB, with the root that configure was told.
 */
#include "config.h"

#include "tables/mib.h"

#include "tables/notification.h"
#include "tables/tables.h"

static const uint32_t root[] = {LDOMS_MIB_ROOT_ARCS};

#define ADDRESS_OF(name) &(name),
static const struct table *const tables[] = {ALL_TABLES(ADDRESS_OF)};

const struct mib ldoms_mib = {
	.name = "LDOMS-MIB",
	.root_oid = LDOMS_MIB_ROOT,
	.root = root,
	.root_length = sizeof(root) / sizeof(root[0]),
	.capabilities = root,
	.capabilities_length = sizeof(root) / sizeof(root[0]),
	.description = "LDOMS-MIB: logical domains of a SPARC server",
	.tables = tables,
	.n_tables = sizeof(tables) / sizeof(tables[0]),
	.notifies = ldoms_notifies,
	.notification = notification_from_change,
};
