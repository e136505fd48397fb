/*
 * ldomVconsVccRelTable: the consoles behind each concentrator; the same pairs as in ldomVconsTable,
 * in the order of the concentrators.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static bool seek_vcons_vcc_rel(const struct view *v, const uint32_t *index, struct row *ret)
{
	const struct console_link *l =
		v->snapshot ? links_seek_console(v->snapshot->links, index[0], index[1], index[2])
			    : NULL;

	if (!l)
		return false;
	*ret = (struct row){
		.index = {l->vcc_domain, l->vcc, l->domain},
		.domain = snapshot_find_index(v->snapshot, l->vcc_domain),
		.object = l,
	};
	return true;
}

static const struct console_link *link_of(const struct row *r)
{
	return r->object;
}

static void get_vcc(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_unsigned(ret, link_of(r)->vcc);
}

static void get_console(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_unsigned(ret, link_of(r)->console->index);
}

static void get_port(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_unsigned(ret, link_of(r)->console->port);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVconsVccRelLdomIndex"),
	COLUMN_MADE(2, "ldomVconsVccRelVccIndex", VALUE_UNSIGNED, get_vcc, INT32_MAX),
	COLUMN_MADE(3, "ldomVconsVccRelVconsIndex", VALUE_UNSIGNED, get_console, INT32_MAX),
	COLUMN_MADE(4, "ldomVconsVccRelLdomPortNumber", VALUE_UNSIGNED, get_port, 65535),
	COLUMN_DOMAIN(5, "ldomVconsVccRelVccLdomIndex"),
};

const struct table vcons_vcc_rel_table = {
	TABLE_OF("ldomVconsVccRelTable", 17, 3), .seek = seek_vcons_vcc_rel};
