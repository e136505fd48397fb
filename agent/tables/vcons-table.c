/*
 * ldomVconsTable: virtual consoles, each with its concentrator.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static bool seek_vcons(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_CONSOLE, index, ret);
}

static const struct service *concentrator_of(const struct view *v, const struct row *r)
{
	const struct console *console = r->object;

	return links_find(v->snapshot->links, SERVICE_VCC, console->service, NULL);
}

static void get_vcc(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	device_set_service_index(concentrator_of(v, r), ret);
}

static void get_vcc_domain(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	device_set_service_domain(concentrator_of(v, r), ret);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVconsIndex"),
	COLUMN_TEXT(2, "ldomVconsGroupName", console, group, NAME_MAX_OCTETS),
	COLUMN_TRUTH(3, "ldomVconsLog", console, log),
	COLUMN_NUMBER(4, "ldomVconsPortNumber", console, port, 65535),
	COLUMN_DOMAIN(5, "ldomVconsLdomIndex"),
	COLUMN_MADE(6, "ldomVconsVccLdomIndex", VALUE_UNSIGNED, get_vcc_domain, INT32_MAX),
	COLUMN_MADE(7, "ldomVconsVccIndex", VALUE_UNSIGNED, get_vcc, INT32_MAX),
	COLUMN_TEXT(8, "ldomVconsServiceName", console, service, NAME_MAX_OCTETS),
	COLUMN_TEXT(9, "ldomVconsType", console, type, TEXT_MAX_OCTETS),
};

const struct table vcons_table = {TABLE_OF("ldomVconsTable", 16, 2), .seek = seek_vcons};
