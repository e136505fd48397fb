/*
 * A subagent of nothing but libnetsnmpagent: a number that can be set and a long text, as in the
 * library's own examples. What it does on the wire, the library does (test_library.py).
 *
 *	library-subagent unix:/path/to/the/master
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <stdlib.h>
#include <string.h>

static long number = 4;
static char text[] = "0123456789012345678901234567890123456789012345678901234567890123456789";

static void register_scalars(void)
{
	/* netSnmpPlaypen.1 */
	oid name[] = {1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 1, 1, 0};
	size_t length = sizeof(name) / sizeof(name[0]);

	netsnmp_register_long_instance("number", name, length, &number, NULL);
	name[length - 2] = 2;
	netsnmp_register_watched_instance(
		netsnmp_create_handler_registration("text", NULL, name, length, HANDLER_CAN_RONLY),
		netsnmp_create_watcher_info(text, strlen(text), ASN_OCTET_STR, WATCHER_FIXED_SIZE));
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return EXIT_FAILURE;
	setenv("MIBS", "", 1);
	snmp_enable_stderrlog();
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	netsnmp_enable_subagent();
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, argv[1]);
	init_agent("library-subagent");
	register_scalars();
	init_snmp("library-subagent");
	fprintf(stderr, "net-snmp %s\n", netsnmp_get_version());
	for (;;)
		agent_check_and_process(1);
}
