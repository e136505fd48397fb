/*
 * LIBVIRT-MIB of the libvirt-snmp project (revision 2018), as a view of the inventory.
 */
#include "config.h"

#include "tables/mib.h"

#include "tables/views.h"

static const uint32_t root[] = {1, 3, 6, 1, 4, 1, 36957};
/* ldomsLibvirtCapabilities of LDOMS-CAPABILITIES-MIB */
static const uint32_t capabilities[] = {LDOMS_MIB_ROOT_ARCS, 3, 2};

#define ADDRESS_OF(name) &(name),
static const struct table *const tables[] = {LIBVIRT_TABLES(ADDRESS_OF)};

const struct mib libvirt_mib = {
	.name = "LIBVIRT-MIB",
	.view = "libvirt",
	.root_oid = "1.3.6.1.4.1.36957",
	.root = root,
	.root_length = sizeof(root) / sizeof(root[0]),
	.capabilities = capabilities,
	.capabilities_length = sizeof(capabilities) / sizeof(capabilities[0]),
	.description = "LIBVIRT-MIB: logical domains as guests of libvirt, read-only",
	.tables = tables,
	.n_tables = sizeof(tables) / sizeof(tables[0]),
	.notifies = libvirt_notifies,
	.notification = libvirt_notification,
};
