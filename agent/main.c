/*
 * The program is the library's daemon_main(); kept apart so that the unit tests, and one day a
 * module loaded into snmpd, can link everything else.
 */
#include "daemon/daemon.h"

int main(int argc, char **argv)
{
	return daemon_main(argc, argv);
}
