/*
 * What the tables of VM-MIB and of LIBVIRT-MIB show alike.
 */
#include "tables/views.h"

#include "util/text.h"

void view_get_uuid(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	uint8_t uuid[UUID_OCTETS];

	value_set_bytes(
		ret, uuid, hex_octets(r->domain->uuid, uuid, UUID_OCTETS) ? UUID_OCTETS : 0);
}

bool view_has_time(const struct column *c, const struct view *v, const struct row *r)
{
	(void)r;
	return c->type != VALUE_COUNTER64 || v->snapshot->lists >= 2;
}
