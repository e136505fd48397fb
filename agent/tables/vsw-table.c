/*
 * ldomVswTable: virtual switches.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static const struct service *service_of(const struct cell *c)
{
	const struct vsw *vsw = c->row.object;

	return links_find(c->view->snapshot->links, SERVICE_VSW, vsw->name, NULL);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVswIndex"),
	COLUMN_DOMAIN(2, "ldomVswLdomIndex"),
	COLUMN_TEXT(3, "ldomVswServiceName", vsw, name, NAME_MAX_OCTETS),
	COLUMN_TEXT(4, "ldomVswMacAddress", vsw, mac, 17),
	COLUMN_TEXT(5, "ldomVswPhysDevPath", vsw, device, LONG_TEXT_MAX_OCTETS),
	COLUMN_TEXT(6, "ldomVswMode", vsw, mode, TEXT_MAX_OCTETS),
	COLUMN_NUMBER(7, "ldomVswDefaultVlanID", vsw, default_vlan_id, 4095),
	COLUMN_NUMBER(8, "ldomVswPortVlanID", vsw, pvid, 4095),
	COLUMN_TEXT(9, "ldomVswVlanID", vsw, vid, LONG_TEXT_MAX_OCTETS),
	COLUMN_TEXT(10, "ldomVswLinkprop", vsw, linkprop, TEXT_MAX_OCTETS),
	COLUMN_NUMBER(11, "ldomVswMtu", vsw, mtu, UINT32_MAX),
	COLUMN_NUMBER(12, "ldomVswID", vsw, id, UINT32_MAX),
	COLUMN_TEXT(13, "ldomVswInterVnetLink", vsw, inter_vnet_link, TEXT_MAX_OCTETS),
	COLUMN_SERVICE(14, "ldomVswClients", service_of, clients, UINT32_MAX),
};

const struct table vsw_table = {DEVICE_TABLE(13, LIST_VSW)};
