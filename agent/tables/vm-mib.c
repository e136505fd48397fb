/*
 * VM-MIB (RFC 7666) as a view of the inventory.
 */
#include "config.h"

#include "tables/mib.h"

#include "tables/views.h"

static const uint32_t root[] = {1, 3, 6, 1, 2, 1, 236};
/* ldomsVmCapabilities of LDOMS-CAPABILITIES-MIB */
static const uint32_t capabilities[] = {LDOMS_MIB_ROOT_ARCS, 3, 1};

#define ADDRESS_OF(name) &(name),
static const struct table *const tables[] = {VM_TABLES(ADDRESS_OF)};

const struct mib vm_mib = {
	.name = "VM-MIB",
	.view = "vm",
	.root_oid = "1.3.6.1.2.1.236",
	.root = root,
	.root_length = sizeof(root) / sizeof(root[0]),
	.capabilities = capabilities,
	.capabilities_length = sizeof(capabilities) / sizeof(capabilities[0]),
	.description = "VM-MIB: logical domains as virtual machines of a hypervisor, read-only",
	.tables = tables,
	.n_tables = sizeof(tables) / sizeof(tables[0]),
	.notifies = vm_notifies,
	.notification = vm_notification,
};
