/*
 * ldomVdsdevTable: the volumes that virtual disk servers export.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

/* Only a server of the volume's domain: the column is an index within ldomVdsdevLdomIndex. */
static const struct service *server_of(const struct cell *c)
{
	const struct vds_volume *volume = c->row.object;
	const struct service *s =
		links_find(c->view->snapshot->links, SERVICE_VDS, volume->service, NULL);

	return s && s->domain == c->row.domain->index ? s : NULL;
}

static const struct service *service_of(const struct cell *c)
{
	const struct vds_volume *v = c->row.object;

	return links_find(c->view->snapshot->links, SERVICE_VOLUME, v->service, v->name);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVdsdevIndex"),
	COLUMN_SERVICE(2, "ldomVdsdevVdsIndex", server_of, index, INT32_MAX),
	COLUMN_TEXT(3, "ldomVdsdevVolumeName", vds_volume, name, NAME_MAX_OCTETS),
	COLUMN_TEXT(4, "ldomVdsdevDevPath", vds_volume, device, LONG_TEXT_MAX_OCTETS),
	COLUMN_TEXT(5, "ldomVdsdevOptions", vds_volume, options, TEXT_MAX_OCTETS),
	COLUMN_TEXT(6, "ldomVdsdevMPGroup", vds_volume, mpgroup, NAME_MAX_OCTETS),
	COLUMN_DOMAIN(7, "ldomVdsdevLdomIndex"),
	COLUMN_SERVICE(8, "ldomVdsdevClients", service_of, clients, UINT32_MAX),
};

const struct table vdsdev_table = {DEVICE_TABLE(11, LIST_VOLUME)};
