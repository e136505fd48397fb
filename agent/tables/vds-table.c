/*
 * ldomVdsTable: virtual disk servers.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static bool seek_vds(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_VDS, index, ret);
}

static const struct service *service_of(const struct view *v, const struct row *r)
{
	const struct vds *vds = r->object;

	return links_find(v->snapshot->links, SERVICE_VDS, vds->name, NULL);
}

static void get_available(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	const struct service *s = service_of(v, r);

	value_set_unsigned(ret, s ? s->offers : 0);
}

static void get_used(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	device_set_clients(service_of(v, r), ret);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVdsIndex"),
	COLUMN_DOMAIN(2, "ldomVdsLdomIndex"),
	COLUMN_TEXT(3, "ldomVdsServiceName", vds, name, NAME_MAX_OCTETS),
	COLUMN_MADE(4, "ldomVdsNumofAvailVolume", VALUE_UNSIGNED, get_available, UINT32_MAX),
	COLUMN_MADE(5, "ldomVdsNumofUsedVolume", VALUE_UNSIGNED, get_used, UINT32_MAX),
};

const struct table vds_table = {TABLE_OF("ldomVdsTable", 10, 2), .seek = seek_vds};
