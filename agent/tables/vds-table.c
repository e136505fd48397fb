/*
 * ldomVdsTable: virtual disk servers.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static const struct service *service_of(const struct cell *c)
{
	const struct vds *vds = c->row.object;

	return links_find(c->view->snapshot->links, SERVICE_VDS, vds->name, NULL);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVdsIndex"),
	COLUMN_DOMAIN(2, "ldomVdsLdomIndex"),
	COLUMN_TEXT(3, "ldomVdsServiceName", vds, name, NAME_MAX_OCTETS),
	COLUMN_SERVICE(4, "ldomVdsNumofAvailVolume", service_of, offers, UINT32_MAX),
	COLUMN_SERVICE(5, "ldomVdsNumofUsedVolume", service_of, clients, UINT32_MAX),
};

const struct table vds_table = {DEVICE_TABLE(10, LIST_VDS)};
