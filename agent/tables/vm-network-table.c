/*
 * vmNetworkTable: the virtual network devices of each domain. None of them is in the ifTable of the
 * host that runs the agent.
 */
#include "tables/views.h"

#include <strings.h>

#include "tables/device-table.h"
#include "util/text.h"

static bool network_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_VNET, index, ret);
}

static void get_no_interface(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, 0);
}

static void get_model(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)v;
	const struct vnet *net = r->object;
	bool hybrid = net->mode && strcasecmp(net->mode, "hybrid") == 0;

	value_set_text(ret, hybrid ? "vnet hybrid" : "vnet", c->max);
}

static void get_address(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	const struct vnet *net = r->object;
	uint8_t octets[MAC_OCTETS];

	value_set_bytes(ret, octets, hex_octets(net->mac, octets, MAC_OCTETS) ? MAC_OCTETS : 0);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "vmNetworkIndex"),
	COLUMN_MADE(2, "vmNetworkIfIndex", VALUE_INTEGER, get_no_interface, 0),
	COLUMN_MADE(3, "vmNetworkParent", VALUE_INTEGER, get_no_interface, 0),
	COLUMN_MADE(4, "vmNetworkModel", VALUE_OCTETS, get_model, 255),
	COLUMN_MADE(5, "vmNetworkPhysAddress", VALUE_OCTETS, get_address, 0),
};

const struct table vm_network_table = {TABLE_OF("vmNetworkTable", 8, 2), .seek = network_seek};
