/*
 * ldomSPConfigTable: configurations saved on the service processor. They belong to no domain.
 */
#include "tables/tables.h"

#include "tables/device-table.h"
#include "util/array.h"

static bool seek_spconfig(struct cell *c, const uint32_t *index)
{
	const struct host *h = c->view->snapshot ? c->view->snapshot->host : NULL;
	size_t i = h ? first_where(k, h->n_spconfigs, h->spconfigs[k].index >= index[0]) : 0;

	if (!h || i == h->n_spconfigs)
		return false;
	c->row = (struct row){.index = {h->spconfigs[i].index}, .object = &h->spconfigs[i]};
	return true;
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomSPConfigIndex"),
	COLUMN_TEXT(2, "ldomSPConfigName", spconfig, name, NAME_MAX_OCTETS),
	COLUMN_TEXT(3, "ldomSPConfigStatus", spconfig, status, TEXT_MAX_OCTETS),
};

const struct table spconfig_table = {TABLE_OF(20, 1, columns), .seek = seek_spconfig};
