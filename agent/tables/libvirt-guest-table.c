/*
 * libvirtGuestTable: one row for each domain that has a UUID and is not inactive, in the order of
 * the UUIDs. The states are those that Sun's driver of 2008 gave to libvirt.
 */
#include "tables/views.h"

#include <stddef.h>

#include "util/array.h"
#include "util/number.h"
#include "util/text.h"

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

/* Of a letter or digit; a UUID in the model (word_uuid()) has no other. */
static uint32_t nibble(char digit)
{
	return ((uint32_t)digit & 15) + ((uint32_t)digit >> 6) * 9;
}

/* The next octet of a UUID's text. A walk asks for 16 of them with each cell. */
static uint32_t next_octet(const char **text)
{
	const char *p = *text + (**text == '-');

	*text = p + 2;
	return nibble(p[0]) << 4 | nibble(p[1]);
}

/* Where the UUID lies: < 0 before the index, 0 at it, > 0 behind. The first octets mostly tell. */
static int compare_uuid(const struct domain *d, const uint32_t *index)
{
	const char *text = d->uuid;

	for (size_t i = 0; i < UUID_OCTETS; i++) {
		uint32_t octet = next_octet(&text);

		if (octet != index[i])
			return octet < index[i] ? -1 : 1;
	}
	return 0;
}

static bool guest_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	const struct snapshot *s = v->snapshot;
	size_t at = s ? first_where(n, s->n_by_uuid, compare_uuid(s->by_uuid[n], index) >= 0) : 0;

	while (s && at < s->n_by_uuid && !libvirt_guest_state(s->by_uuid[at]))
		at++;
	if (!s || at == s->n_by_uuid)
		return false;
	const struct domain *d = s->by_uuid[at];
	const char *text = d->uuid;
	*ret = (struct row){.domain = d, .object = d};
	for (size_t i = 0; i < UUID_OCTETS; i++)
		ret->index[i] = next_octet(&text);
	return true;
}

/* There is no time before there were two answers of ldmd. */
static bool guest_has(const struct column *c, const struct view *v, const struct row *r)
{
	(void)r;
	return c->type != VALUE_COUNTER64 || v->snapshot->lists >= 2;
}

static void get_uuid(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	uint8_t uuid[UUID_OCTETS];

	value_set_bytes(
		ret, uuid, hex_octets(r->domain->uuid, uuid, UUID_OCTETS) ? UUID_OCTETS : 0);
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
	{1, "libvirtGuestUUID", VALUE_OCTETS, ACCESS_NOTIFY, get_uuid, 0, 0},
	{2, "libvirtGuestName", VALUE_OCTETS, ACCESS_READ, column_get_text,
		offsetof(struct domain, name), 256},
	{3, "libvirtGuestState", VALUE_INTEGER, ACCESS_READ, get_state, 0, 0},
	{4, "libvirtGuestCpuCount", VALUE_UNSIGNED, ACCESS_READ, column_get_u32,
		offsetof(struct domain, num_vcpu), 65535},
	{5, "libvirtGuestMemoryCurrent", VALUE_UNSIGNED, ACCESS_READ, get_memory, 0, 0},
	{6, "libvirtGuestMemoryLimit", VALUE_UNSIGNED, ACCESS_READ, get_memory, 0, 0},
	{7, "libvirtGuestCpuTime", VALUE_COUNTER64, ACCESS_READ, get_cpu_time, 0, 0},
	/* There is no column 8. */
	{9, "libvirtGuestRowStatus", VALUE_INTEGER, ACCESS_READ, get_row_status, 0, 0},
};

const struct table libvirt_guest_table = {
	.name = "libvirtGuestTable",
	.arc = {1, 1, 1},
	.arc_len = 3,
	.index_len = UUID_OCTETS,
	.columns = columns,
	.n_columns = sizeof(columns) / sizeof(columns[0]),
	.seek = guest_seek,
	.has = guest_has,
};
