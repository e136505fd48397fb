/*
 * What net-snmp's library is told of a MIB module: its root, whose requests a handler takes, and
 * its row in sysORTable. It is the same in a subagent and inside the master.
 */
#ifndef SNMP_REGISTRATION_H
#define SNMP_REGISTRATION_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <stdbool.h>

#include "tables/mib.h"

/*
 * Registers the root; the handler finds user in its myvoid. Only LDOMS-MIB can be written: the
 * library answers a SET elsewhere with notWritable. context: NULL is the default one. The library
 * owns the registration. -EADDRINUSE: somebody else has the root; -ENOMEM, -EIO.
 */
int registration_enter(const struct mib *m, Netsnmp_Node_Handler *handle, void *user,
	const char *context, netsnmp_handler_registration **ret);

/* The row of the module in sysORTable (RFC 3418); false, and logged: there is none. */
bool sysor_enter(const struct mib *m);
void sysor_leave(const struct mib *m);

#endif
