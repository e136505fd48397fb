/*
 * vmNetworkTable: the virtual network devices of each domain. The host's ifTable has none of them,
 * so the columns that point to it are 0.
 */
#include "tables/views.h"

#include <strings.h>

#include "tables/device-table.h"

static void get_model(const struct cell *c, struct value *ret)
{
	const struct vnet *net = c->row.object;
	bool hybrid = net->mode && strcasecmp(net->mode, "hybrid") == 0;

	value_set_text(ret, hybrid ? "vnet hybrid" : "vnet", c->column->max);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "vmNetworkIndex"),
	COLUMN_CONSTANT(2, "vmNetworkIfIndex", 0),
	COLUMN_CONSTANT(3, "vmNetworkParent", 0),
	COLUMN_MADE(4, "vmNetworkModel", VALUE_OCTETS, get_model, 255),
	COLUMN_OCTETS(5, "vmNetworkPhysAddress", vnet, mac, MAC_OCTETS),
};

const struct table vm_network_table = {DEVICE_TABLE(8, LIST_VNET)};
