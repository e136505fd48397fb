/*
 * The notifications of VM-MIB. As RFC 7666 wants it, vmOperState in a notification is the state
 * before the change; the kind of the notification is the new state.
 */
#include "tables/views.h"

enum {
	NOTIF_RUNNING = 1,
	NOTIF_SHUTTINGDOWN = 2,
	NOTIF_SHUTDOWN = 3,
	NOTIF_SUSPENDED = 6,
	NOTIF_MIGRATING = 8,
	NOTIF_DELETED = 10,
};

static uint32_t notification_of(enum vm_state state)
{
	switch (state) {
	case VM_RUNNING:
		return NOTIF_RUNNING;
	case VM_SHUTTINGDOWN:
		return NOTIF_SHUTTINGDOWN;
	case VM_SHUTDOWN:
		return NOTIF_SHUTDOWN;
	case VM_SUSPENDED:
		return NOTIF_SUSPENDED;
	case VM_MIGRATING:
		return NOTIF_MIGRATING;
	default:
		return 0;
	}
}

/* The state of a domain by the last known word for it (told_state). */
static enum vm_state last_definite(const struct domain *d)
{
	struct domain then = *d;

	then.known |= KNOWN_STATE;
	then.state = then.told_state ? then.told_state : DOMAIN_UNKNOWN;
	then.suspended = false;
	return vm_oper_state(&then);
}

static bool is_definite(enum vm_state state)
{
	return state != VM_UNKNOWN && state != VM_OTHER;
}

uint32_t vm_notifies(const struct change *c)
{
	switch (c->kind) {
	case CHANGE_CREATE:
		return notification_of(vm_oper_state(c->after));
	case CHANGE_DESTROY:
		return NOTIF_DELETED;
	case CHANGE_STATE:
	case CHANGE_LIFECYCLE:
		break;
	default:
		return 0;
	}
	enum vm_state before = vm_oper_state(c->before), after = vm_oper_state(c->after);
	if (before == after || (!is_definite(before) && last_definite(c->before) == after))
		return 0;
	return notification_of(after);
}

/* RFC 7666 3 and appendix A: before a machine is new, it is preparing, or on another host. */
static enum vm_state state_before(const struct change *c)
{
	if (c->kind == CHANGE_DESTROY && c->migrated)
		return VM_MIGRATING;
	if (c->before)
		return vm_oper_state(c->before);
	switch (vm_oper_state(c->after)) {
	case VM_SHUTDOWN:
		return VM_PREPARING;
	case VM_MIGRATING:
		return VM_SHUTDOWN;
	default:
		return VM_UNKNOWN;
	}
}

int vm_notification(const struct change *c, struct notification *ret)
{
	struct row row;

	row_set_domain(&row, c->after ? c->after : c->before);
	*ret = (struct notification){.arc = vm_notifies(c)};
	notification_add_cell(ret, &vm_table, VM_COLUMN_NAME, &row);
	notification_add_cell(ret, &vm_table, VM_COLUMN_UUID, &row);
	value_set_integer(notification_add(ret, &vm_table, VM_COLUMN_OPER_STATE, row.index),
		(int32_t)state_before(c));
	if (ret->arc == NOTIF_DELETED)
		notification_add_cell(ret, &vm_table, VM_COLUMN_PERSISTENT, &row);
	return 0;
}
