/*
 * A static table in a subagent on net-snmp's library.
 *
 *	library-table unix:/path/to/the/master OID-OF-THE-ENTRY FILE
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <stdlib.h>

#include "library-handler.h"

int main(int argc, char **argv)
{
	if (argc != 4)
		return EXIT_FAILURE;
	setenv("MIBS", "", 1);
	snmp_enable_stderrlog();
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	netsnmp_enable_subagent();
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, argv[1]);
	init_agent("library-table");
	if (library_handler_register(argv[2], argv[3]) != 0)
		return EXIT_FAILURE;
	init_snmp("library-table");
	for (;;)
		agent_check_and_process(1);
}
