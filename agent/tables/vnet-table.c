/*
 * ldomVnetTable: virtual network devices, each with its switch.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static bool seek_vnet(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_VNET, index, ret);
}

static const struct service *switch_of(const struct view *v, const struct row *r)
{
	const struct vnet *net = r->object;

	return links_find(v->snapshot->links, SERVICE_VSW, net->service, NULL);
}

static void get_switch(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	device_set_service_index(switch_of(v, r), ret);
}

static void get_switch_domain(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	device_set_service_domain(switch_of(v, r), ret);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVnetIndex"),
	COLUMN_DOMAIN(2, "ldomVnetLdomIndex"),
	COLUMN_MADE(3, "ldomVnetVswIndex", VALUE_UNSIGNED, get_switch, INT32_MAX),
	COLUMN_TEXT(4, "ldomVnetDevName", vnet, name, NAME_MAX_OCTETS),
	COLUMN_TEXT(5, "ldomVnetDevMacAddress", vnet, mac, 17),
	COLUMN_TEXT(6, "ldomVnetMode", vnet, mode, TEXT_MAX_OCTETS),
	COLUMN_NUMBER(7, "ldomVnetPortVlanID", vnet, pvid, 4095),
	COLUMN_TEXT(8, "ldomVnetVlanID", vnet, vid, LONG_TEXT_MAX_OCTETS),
	COLUMN_TEXT(9, "ldomVnetLinkprop", vnet, linkprop, TEXT_MAX_OCTETS),
	COLUMN_NUMBER(10, "ldomVnetMtu", vnet, mtu, UINT32_MAX),
	COLUMN_NUMBER(11, "ldomVnetID", vnet, id, UINT32_MAX),
	COLUMN_MADE(12, "ldomVnetVswLdomIndex", VALUE_UNSIGNED, get_switch_domain, INT32_MAX),
	COLUMN_TEXT(13, "ldomVnetServiceName", vnet, service, NAME_MAX_OCTETS),
	COLUMN_TEXT(14, "ldomVnetDevPath", vnet, device, LONG_TEXT_MAX_OCTETS),
};

const struct table vnet_table = {TABLE_OF("ldomVnetTable", 14, 2), .seek = seek_vnet};
