/*
 * ldomVconsTable: virtual consoles, each with its concentrator.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

static const struct service *concentrator_of(const struct cell *c)
{
	const struct console *console = c->row.object;

	return links_find(c->view->snapshot->links, SERVICE_VCC, console->service, NULL);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVconsIndex"),
	COLUMN_TEXT(2, "ldomVconsGroupName", console, group, NAME_MAX_OCTETS),
	COLUMN_TRUTH(3, "ldomVconsLog", console, log),
	COLUMN_NUMBER(4, "ldomVconsPortNumber", console, port, 65535),
	COLUMN_DOMAIN(5, "ldomVconsLdomIndex"),
	COLUMN_SERVICE(6, "ldomVconsVccLdomIndex", concentrator_of, domain, INT32_MAX),
	COLUMN_SERVICE(7, "ldomVconsVccIndex", concentrator_of, index, INT32_MAX),
	COLUMN_TEXT(8, "ldomVconsServiceName", console, service, NAME_MAX_OCTETS),
	COLUMN_TEXT(9, "ldomVconsType", console, type, TEXT_MAX_OCTETS),
};

const struct table vcons_table = {DEVICE_TABLE(16, LIST_CONSOLE)};
