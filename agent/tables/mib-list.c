/*
 * LDOMS-MIB, and the views: VM-MIB (RFC 7666), and LIBVIRT-MIB of the libvirt-snmp project
 * (revision 2018).
 */
#include "config.h"

#include "tables/mib.h"

#include <errno.h>
#include <strings.h>

#include "tables/notification.h"
#include "tables/tables.h"
#include "tables/views.h"
#include "util/cleanup.h"

static const uint32_t ldoms_root[] = {LDOMS_MIB_ROOT_ARCS};
static const uint32_t vm_root[] = {1, 3, 6, 1, 2, 1, 236};
static const uint32_t libvirt_root[] = {1, 3, 6, 1, 4, 1, 36957};
/* ldomsVmCapabilities and ldomsLibvirtCapabilities of LDOMS-CAPABILITIES-MIB */
static const uint32_t vm_capabilities[] = {LDOMS_MIB_ROOT_ARCS, 3, 1};
static const uint32_t libvirt_capabilities[] = {LDOMS_MIB_ROOT_ARCS, 3, 2};

#define ADDRESS_OF(name) &(name),
static const struct table *const ldoms_tables[] = {ALL_TABLES(ADDRESS_OF)};
static const struct table *const vm_tables[] = {VM_TABLES(ADDRESS_OF)};
static const struct table *const libvirt_tables[] = {LIBVIRT_TABLES(ADDRESS_OF)};

const struct mib ldoms_mib = {
	.name = "LDOMS-MIB",
	.root_oid = LDOMS_MIB_ROOT,
	.root = ldoms_root,
	.root_length = ARRAY_SIZE(ldoms_root),
	.capabilities = ldoms_root,
	.capabilities_length = ARRAY_SIZE(ldoms_root),
	.description = "LDOMS-MIB: logical domains of a SPARC server",
	.tables = ldoms_tables,
	.n_tables = ARRAY_SIZE(ldoms_tables),
	.notifies = ldoms_notifies,
	.notification = notification_from_change,
};

const struct mib vm_mib = {
	.name = "VM-MIB",
	.view = "vm",
	.root_oid = "1.3.6.1.2.1.236",
	.root = vm_root,
	.root_length = ARRAY_SIZE(vm_root),
	.capabilities = vm_capabilities,
	.capabilities_length = ARRAY_SIZE(vm_capabilities),
	.description = "VM-MIB: logical domains as virtual machines of a hypervisor, read-only",
	.tables = vm_tables,
	.n_tables = ARRAY_SIZE(vm_tables),
	.notifies = vm_notifies,
	.notification = vm_notification,
};

const struct mib libvirt_mib = {
	.name = "LIBVIRT-MIB",
	.view = "libvirt",
	.root_oid = "1.3.6.1.4.1.36957",
	.root = libvirt_root,
	.root_length = ARRAY_SIZE(libvirt_root),
	.capabilities = libvirt_capabilities,
	.capabilities_length = ARRAY_SIZE(libvirt_capabilities),
	.description = "LIBVIRT-MIB: logical domains as guests of libvirt, read-only",
	.tables = libvirt_tables,
	.n_tables = ARRAY_SIZE(libvirt_tables),
	.notifies = libvirt_notifies,
	.notification = libvirt_notification,
};

static const struct mib *const all_mibs[] = {ALL_MIBS(ADDRESS_OF)};

const struct mib_list mib_list_default = {.n = 1, .mibs = {&ldoms_mib}};

const struct mib *mib_find_view(const char *word)
{
	for (size_t i = 0; i < MIBS_MAX; i++)
		if (all_mibs[i]->view && strcasecmp(all_mibs[i]->view, word) == 0)
			return all_mibs[i];
	return NULL;
}

static bool is_in(const struct mib_list *list, const struct mib *m)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->mibs[i] == m)
			return true;
	return false;
}

static void put_in_order(struct mib_list *list, const struct mib *m)
{
	size_t i = list->n++;

	for (; i > 0 && mib_compare(list->mibs[i - 1], m->root, m->root_length) < 0; i--)
		list->mibs[i] = list->mibs[i - 1];
	list->mibs[i] = m;
}

int mib_list_make(char *const *views, struct mib_list *ret)
{
	struct mib_list list = mib_list_default;

	for (; views && *views; views++) {
		const struct mib *m = mib_find_view(*views);

		if (!m)
			return -EINVAL;
		if (!is_in(&list, m))
			put_in_order(&list, m);
	}
	while (list.mibs[list.main] != &ldoms_mib)
		list.main++;
	*ret = list;
	return 0;
}
