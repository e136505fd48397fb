/*
 * Only main(): all other code is in the library, which the unit tests and snmpd's module link.
 */
#include "daemon/daemon.h"

int main(int argc, char **argv)
{
	return daemon_main(argc, argv);
}
