/*
 * libvirtGuestTable: one row for each domain that has a UUID and is not inactive, in the order of
 * the UUIDs. The states are those that Sun's driver of 2008 gave to libvirt.
 */
#include "tables/views.h"

#include "util/array.h"
#include "util/number.h"

/* RowStatus */
enum { STATUS_ACTIVE = 1 };

enum libvirt_state libvirt_guest_state(const struct domain *d)
{
	/* A word that nobody knows leaves the last one in place. */
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

/* Whether the UUID lies before the index. The first octets mostly tell. */
static bool is_before(const struct domain_uuid *uuid, const uint32_t *index)
{
	for (size_t i = 0; i < UUID_OCTETS; i++)
		if (uuid->octets[i] != index[i])
			return uuid->octets[i] < index[i];
	return false;
}

static bool guest_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	const struct snapshot *s = v->snapshot;

	if (!s)
		return false;
	size_t at = first_where(n, s->n_by_uuid, !is_before(&s->by_uuid[n], index));
	while (at < s->n_by_uuid && !libvirt_guest_state(s->by_uuid[at].domain))
		at++;
	if (at == s->n_by_uuid)
		return false;
	const struct domain_uuid *found = &s->by_uuid[at];
	*ret = (struct row){.domain = found->domain, .object = found->domain};
	for (size_t i = 0; i < UUID_OCTETS; i++)
		ret->index[i] = found->octets[i];
	return true;
}

static void get_state(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_integer(ret, (int32_t)libvirt_guest_state(r->domain));
}

static void get_memory(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_unsigned(ret, bytes_to_megabytes(r->domain->mem_bytes));
}

static void get_cpu_time(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_counter64(ret, r->domain->cpu_time_ns);
}

static void get_row_status(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, STATUS_ACTIVE);
}

static const struct column columns[] = {
	{1, "libvirtGuestUUID", VALUE_OCTETS, ACCESS_NOTIFY, view_get_uuid, 0, 0},
	COLUMN_TEXT(2, "libvirtGuestName", domain, name, 256),
	COLUMN_MADE(3, "libvirtGuestState", VALUE_INTEGER, get_state, 0),
	COLUMN_NUMBER(4, "libvirtGuestCpuCount", domain, num_vcpu, 65535),
	COLUMN_MADE(5, "libvirtGuestMemoryCurrent", VALUE_UNSIGNED, get_memory, 0),
	COLUMN_MADE(6, "libvirtGuestMemoryLimit", VALUE_UNSIGNED, get_memory, 0),
	COLUMN_MADE(7, "libvirtGuestCpuTime", VALUE_COUNTER64, get_cpu_time, 0),
	/* There is no column 8. */
	COLUMN_MADE(9, "libvirtGuestRowStatus", VALUE_INTEGER, get_row_status, 0),
};

const struct table libvirt_guest_table = {
	TABLE_OF("libvirtGuestTable", 1, UUID_OCTETS), .seek = guest_seek, .has = view_has_time};
