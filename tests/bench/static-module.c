/*
 * A static table as a module of snmpd: the limit of what the agent inside snmpd can do. In
 *snmpd.conf:
 *
 *	dlmod       table /path/to/static-module.so
 *	staticTable OID-OF-THE-ENTRY FILE
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "library-handler.h"

static void take_table(const char *token, char *line)
{
	(void)token;
	char *file = strchr(line, ' ');

	if (!file)
		return;
	*file++ = '\0';
	if (library_handler_register(line, file) != 0)
		snmp_log(LOG_ERR, "static-module: cannot register %s\n", line);
}

void init_table(void) __attribute__((visibility("default")));

void init_table(void)
{
	register_config_handler("snmpd", "staticTable", take_table, NULL, "OID FILE");
}
