/*
 * ldomSPConfigTable: configurations saved on the service processor. They belong to no domain.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static size_t lower_bound(const struct host *h, uint32_t index)
{
	size_t low = 0, high = h->n_spconfigs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (h->spconfigs[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool seek_spconfig(const struct view *v, const uint32_t *index, struct row *ret)
{
	const struct host *h = v->snapshot ? v->snapshot->host : NULL;
	size_t i = h ? lower_bound(h, index[0]) : 0;

	if (!h || i == h->n_spconfigs)
		return false;
	*ret = (struct row){.index = {h->spconfigs[i].index}, .object = &h->spconfigs[i]};
	return true;
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomSPConfigIndex"),
	COLUMN_TEXT(2, "ldomSPConfigName", spconfig, name, NAME_MAX_OCTETS),
	COLUMN_TEXT(3, "ldomSPConfigStatus", spconfig, status, TEXT_MAX_OCTETS),
};

const struct table spconfig_table = {TABLE_OF("ldomSPConfigTable", 20, 1), .seek = seek_spconfig};
