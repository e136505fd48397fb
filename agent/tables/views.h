/*
 * The tables of VM-MIB and LIBVIRT-MIB, in the order of their arcs, and what their files share.
 * docs/views.md says what each value means, and why.
 */
#ifndef TABLES_VIEWS_H
#define TABLES_VIEWS_H

#include "inventory/diff.h"
#include "tables/notification.h"
#include "tables/table.h"

/* clang-format off */
#define VM_TABLES(X) \
	X(vm_hypervisor_group)       /* .1.1 */ \
	X(vm_number_scalar)          /* .1.2 */ \
	X(vm_last_change_scalar)     /* .1.3 */ \
	X(vm_table)                  /* .1.4 */ \
	X(vm_cpu_table)              /* .1.5 */ \
	X(vm_cpu_affinity_table)     /* .1.6 */ \
	X(vm_storage_table)          /* .1.7 */ \
	X(vm_network_table)          /* .1.8 */ \
	X(vm_notifications_scalar)   /* .1.9 */ \
	X(vm_bulk_scalar)            /* .1.10 */
#define LIBVIRT_TABLES(X) \
	X(libvirt_guest_table)       /* .1.1 */
/* clang-format on */

#define DECLARE_VIEW_TABLE(name) extern const struct table name;
VM_TABLES(DECLARE_VIEW_TABLE)
LIBVIRT_TABLES(DECLARE_VIEW_TABLE)

enum { MAC_OCTETS = 6 };

/* --- VM-MIB (RFC 7666) ---------------------------------------------------------------------- */

enum vm_column {
	VM_COLUMN_NAME = 2,
	VM_COLUMN_UUID = 3,
	VM_COLUMN_OPER_STATE = 6,
	VM_COLUMN_PERSISTENT = 8
};

/* VirtualMachineOperState without suspending(5), resuming(7), paused(8), crashed(12): ldmd tells
 * none of these. */
enum vm_state {
	VM_UNKNOWN = 1,
	VM_OTHER = 2,
	VM_PREPARING = 3, /* in notifications only */
	VM_RUNNING = 4,
	VM_SUSPENDED = 6,
	VM_MIGRATING = 9,
	VM_SHUTTINGDOWN = 10,
	VM_SHUTDOWN = 11,
};
enum vm_state vm_oper_state(const struct domain *d);

uint32_t vm_notifies(const struct change *c);
int vm_notification(const struct change *c, struct notification *ret);

/* --- LIBVIRT-MIB ---------------------------------------------------------------------------- */

enum libvirt_column {
	LIBVIRT_COLUMN_UUID = 1,
	LIBVIRT_COLUMN_NAME = 2,
	LIBVIRT_COLUMN_STATE = 3,
	LIBVIRT_COLUMN_ROW_STATUS = 9
};

/* libvirtGuestState without blocked(2), paused(3), crashed(6): ldmd tells none of these. */
enum libvirt_state {
	LIBVIRT_NONE, /* no row */
	LIBVIRT_RUNNING = 1,
	LIBVIRT_SHUTDOWN = 4,
	LIBVIRT_SHUTOFF = 5,
};
/* The state of a domain's row. LIBVIRT_NONE: the domain has no row, as it is inactive, has no UUID,
 * or never had a state that is known. */
enum libvirt_state libvirt_guest_state(const struct domain *d);

uint32_t libvirt_notifies(const struct change *c);
int libvirt_notification(const struct change *c, struct notification *ret);

#endif
