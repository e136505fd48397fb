/*
 * ldomVccTable: virtual console concentrators.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static const struct service *service_of(const struct cell *c)
{
	const struct vcc *vcc = c->row.object;

	return links_find(c->view->snapshot->links, SERVICE_VCC, vcc->name, NULL);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVccIndex"),
	COLUMN_DOMAIN(2, "ldomVccLdomIndex"),
	COLUMN_TEXT(3, "ldomVccName", vcc, name, NAME_MAX_OCTETS),
	COLUMN_NUMBER(4, "ldomVccPortRangeLow", vcc, min_port, 65535),
	COLUMN_NUMBER(5, "ldomVccPortRangeHigh", vcc, max_port, 65535),
	COLUMN_SERVICE(6, "ldomVccClients", service_of, clients, UINT32_MAX),
};

const struct table vcc_table = {DEVICE_TABLE(15, LIST_VCC)};
