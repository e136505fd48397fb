/*
 * libvirtGuestTable: one row for each domain that has a UUID and is not inactive, in the order of
 * the UUIDs. The states are those that Sun's driver of 2008 gave to libvirt.
 */
#include "tables/views.h"

#include "util/array.h"

/* RowStatus */
enum { STATUS_ACTIVE = 1 };

enum libvirt_state libvirt_guest_state(const struct domain *d)
{
	/* told_state keeps the last known state when ldmd tells an unknown one. */
	switch (d->uuid ? d->told_state : DOMAIN_UNKNOWN) {
	case DOMAIN_ACTIVE:
	case DOMAIN_STARTING:
		return LIBVIRT_RUNNING;
	case DOMAIN_STOPPING:
	case DOMAIN_BOUND:
	case DOMAIN_BINDING:
		return LIBVIRT_SHUTDOWN;
	case DOMAIN_UNBINDING:
		return LIBVIRT_SHUTOFF;
	default:
		return LIBVIRT_NONE;
	}
}

/* Whether the UUID lies before the index, which is one octet in each number. */
static bool is_before(const struct domain_uuid *uuid, const uint32_t *index)
{
	for (size_t i = 0; i < UUID_OCTETS; i++)
		if (uuid->octets[i] != index[i])
			return uuid->octets[i] < index[i];
	return false;
}

static bool guest_seek(struct cell *c, const uint32_t *index)
{
	const struct snapshot *s = c->view->snapshot;

	if (!s)
		return false;
	size_t at = first_where(n, s->n_by_uuid, !is_before(&s->by_uuid[n], index));
	while (at < s->n_by_uuid && !libvirt_guest_state(s->by_uuid[at].domain))
		at++;
	if (at == s->n_by_uuid)
		return false;
	const struct domain_uuid *found = &s->by_uuid[at];
	c->row = (struct row){.domain = found->domain, .object = found->domain};
	for (size_t i = 0; i < UUID_OCTETS; i++)
		c->row.index[i] = found->octets[i];
	return true;
}

static void get_state(const struct cell *c, struct value *ret)
{
	value_set_integer(ret, (int32_t)libvirt_guest_state(c->row.domain));
}

#define COLUMN_MEMORY(id, name)                                                                    \
	COLUMN_MEMBER(id, name, VALUE_UNSIGNED, column_get_megabytes, domain, mem_bytes, 0)

static const struct column columns[] = {
	{COLUMN_OF(1, "libvirtGuestUUID", VALUE_OCTETS, ACCESS_NOTIFY, column_get_octets,
		 UUID_OCTETS),
		.offset = offsetof(struct domain, uuid)},
	COLUMN_TEXT(2, "libvirtGuestName", domain, name, 256),
	COLUMN_MADE(3, "libvirtGuestState", VALUE_INTEGER, get_state, 0),
	COLUMN_NUMBER(4, "libvirtGuestCpuCount", domain, num_vcpu, 65535),
	COLUMN_MEMORY(5, "libvirtGuestMemoryCurrent"),
	COLUMN_MEMORY(6, "libvirtGuestMemoryLimit"),
	COLUMN_MEMBER(
		7, "libvirtGuestCpuTime", VALUE_COUNTER64, column_get_u64, domain, cpu_time_ns, 0),
	/* There is no column 8. */
	COLUMN_CONSTANT(9, "libvirtGuestRowStatus", STATUS_ACTIVE),
};

const struct table libvirt_guest_table = {
	TABLE_OF(1, UUID_OCTETS, columns), .seek = guest_seek, .has = table_has_time};
