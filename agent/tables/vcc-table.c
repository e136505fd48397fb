/*
 * ldomVccTable: virtual console concentrators.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static bool seek_vcc(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_VCC, index, ret);
}

static void get_clients(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	const struct vcc *vcc = r->object;

	device_set_clients(links_find(v->snapshot->links, SERVICE_VCC, vcc->name, NULL), ret);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVccIndex"),
	COLUMN_DOMAIN(2, "ldomVccLdomIndex"),
	COLUMN_TEXT(3, "ldomVccName", vcc, name, NAME_MAX_OCTETS),
	COLUMN_NUMBER(4, "ldomVccPortRangeLow", vcc, min_port, 65535),
	COLUMN_NUMBER(5, "ldomVccPortRangeHigh", vcc, max_port, 65535),
	COLUMN_MADE(6, "ldomVccClients", VALUE_UNSIGNED, get_clients, UINT32_MAX),
};

const struct table vcc_table = {TABLE_OF("ldomVccTable", 15, 2), .seek = seek_vcc};
