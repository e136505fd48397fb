/*
 * libvirtGuestNotif: the new state of a guest.
 *
 * It is sent when the state of a row changes, when a row is new, and when a row is gone, with the
 * state shutoff(5). When a guest was shutoff (while unbinding) before it is gone, nothing is sent.
 */
#include "tables/views.h"

#include "util/text.h"

enum { NOTIF_GUEST = 1 };

/* RowStatus */
enum { STATUS_ACTIVE = 1, STATUS_NOT_IN_SERVICE = 2 };

/* The state in the notification: shutoff for a domain without a row, inactive or gone (NULL). */
static enum libvirt_state notified_state(const struct domain *d)
{
	enum libvirt_state state = d ? libvirt_guest_state(d) : LIBVIRT_NONE;

	return state ? state : LIBVIRT_SHUTOFF;
}

/* The domain whose name and UUID are told: as it was, if it is gone or has lost its UUID. */
static const struct domain *guest_of(const struct change *c)
{
	return c->after && c->after->uuid ? c->after : c->before;
}

uint32_t libvirt_notifies(const struct change *c)
{
	const struct domain *guest = guest_of(c);
	bool was = c->before && c->before->uuid;

	if (c->kind != CHANGE_CREATE && c->kind != CHANGE_DESTROY && c->kind != CHANGE_STATE &&
		c->kind != CHANGE_LIFECYCLE)
		return 0;
	if (!guest || !guest->uuid)
		return 0;
	if (was ? notified_state(c->before) == notified_state(c->after)
		: !libvirt_guest_state(guest))
		return 0;
	return NOTIF_GUEST;
}

int libvirt_notification(const struct change *c, struct notification *ret)
{
	const struct domain *d = guest_of(c);
	enum libvirt_state state = notified_state(c->after);
	const struct table *t = &libvirt_guest_table;
	struct row row = {.domain = d, .object = d};
	uint8_t uuid[UUID_OCTETS] = {0};

	hex_octets(d->uuid, uuid, UUID_OCTETS);
	for (size_t i = 0; i < UUID_OCTETS; i++)
		row.index[i] = uuid[i];
	*ret = (struct notification){.arc = NOTIF_GUEST};
	notification_add_cell(ret, t, LIBVIRT_COLUMN_NAME, &row);
	notification_add_cell(ret, t, LIBVIRT_COLUMN_UUID, &row);
	value_set_integer(
		notification_add(ret, t, LIBVIRT_COLUMN_STATE, row.index), (int32_t)state);
	value_set_integer(notification_add(ret, t, LIBVIRT_COLUMN_ROW_STATUS, row.index),
		state == LIBVIRT_RUNNING ? STATUS_ACTIVE : STATUS_NOT_IN_SERVICE);
	return 0;
}
