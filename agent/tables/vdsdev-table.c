/*
 * ldomVdsdevTable: the volumes that virtual disk servers export.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static bool seek_vdsdev(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_VOLUME, index, ret);
}

/* A server of the same domain: the two share the first index. */
static void get_vds(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	const struct vds_volume *volume = r->object;
	const struct service *s =
		links_find(v->snapshot->links, SERVICE_VDS, volume->service, NULL);

	device_set_service_index(s && s->domain == r->domain->index ? s : NULL, ret);
}

static void get_clients(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	const struct vds_volume *volume = r->object;

	device_set_clients(
		links_find(v->snapshot->links, SERVICE_VOLUME, volume->service, volume->name), ret);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVdsdevIndex"),
	COLUMN_MADE(2, "ldomVdsdevVdsIndex", VALUE_UNSIGNED, get_vds, INT32_MAX),
	COLUMN_TEXT(3, "ldomVdsdevVolumeName", vds_volume, name, NAME_MAX_OCTETS),
	COLUMN_TEXT(4, "ldomVdsdevDevPath", vds_volume, device, LONG_TEXT_MAX_OCTETS),
	COLUMN_TEXT(5, "ldomVdsdevOptions", vds_volume, options, TEXT_MAX_OCTETS),
	COLUMN_TEXT(6, "ldomVdsdevMPGroup", vds_volume, mpgroup, NAME_MAX_OCTETS),
	COLUMN_DOMAIN(7, "ldomVdsdevLdomIndex"),
	COLUMN_MADE(8, "ldomVdsdevClients", VALUE_UNSIGNED, get_clients, UINT32_MAX),
};

const struct table vdsdev_table = {TABLE_OF("ldomVdsdevTable", 11, 2), .seek = seek_vdsdev};
