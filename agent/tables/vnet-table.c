/*
 * ldomVnetTable: virtual network devices, each with its switch.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static const struct service *switch_of(const struct cell *c)
{
	const struct vnet *net = c->row.object;

	return links_find(c->view->snapshot->links, SERVICE_VSW, net->service, NULL);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVnetIndex"),
	COLUMN_DOMAIN(2, "ldomVnetLdomIndex"),
	COLUMN_SERVICE(3, "ldomVnetVswIndex", switch_of, index, INT32_MAX),
	COLUMN_TEXT(4, "ldomVnetDevName", vnet, name, NAME_MAX_OCTETS),
	COLUMN_TEXT(5, "ldomVnetDevMacAddress", vnet, mac, 17),
	COLUMN_TEXT(6, "ldomVnetMode", vnet, mode, TEXT_MAX_OCTETS),
	COLUMN_NUMBER(7, "ldomVnetPortVlanID", vnet, pvid, 4095),
	COLUMN_TEXT(8, "ldomVnetVlanID", vnet, vid, LONG_TEXT_MAX_OCTETS),
	COLUMN_TEXT(9, "ldomVnetLinkprop", vnet, linkprop, TEXT_MAX_OCTETS),
	COLUMN_NUMBER(10, "ldomVnetMtu", vnet, mtu, UINT32_MAX),
	COLUMN_NUMBER(11, "ldomVnetID", vnet, id, UINT32_MAX),
	COLUMN_SERVICE(12, "ldomVnetVswLdomIndex", switch_of, domain, INT32_MAX),
	COLUMN_TEXT(13, "ldomVnetServiceName", vnet, service, NAME_MAX_OCTETS),
	COLUMN_TEXT(14, "ldomVnetDevPath", vnet, device, LONG_TEXT_MAX_OCTETS),
};

const struct table vnet_table = {DEVICE_TABLE(14, LIST_VNET)};
