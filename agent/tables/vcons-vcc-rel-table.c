/*
 * ldomVconsVccRelTable: the consoles of each concentrator; the same pairs as in ldomVconsTable,
 * sorted by concentrator.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static bool seek_vcons_vcc_rel(struct cell *c, const uint32_t *index)
{
	const struct snapshot *s = c->view->snapshot;
	const struct console_link *l =
		s ? links_seek_console(s->links, index[0], index[1], index[2]) : NULL;

	if (!l)
		return false;
	c->row = (struct row){
		.index = {l->vcc_domain, l->vcc, l->domain},
		.domain = snapshot_find_index(s, l->vcc_domain),
		.object = l->console,
	};
	return true;
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVconsVccRelLdomIndex"),
	COLUMN_FROM_INDEX(2, "ldomVconsVccRelVccIndex", 1),
	COLUMN_NUMBER(3, "ldomVconsVccRelVconsIndex", console, index, INT32_MAX),
	COLUMN_NUMBER(4, "ldomVconsVccRelLdomPortNumber", console, port, 65535),
	COLUMN_DOMAIN(5, "ldomVconsVccRelVccLdomIndex"),
};

const struct table vcons_vcc_rel_table = {TABLE_OF(17, 3, columns), .seek = seek_vcons_vcc_rel};
