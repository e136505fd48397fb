/*
 * What both forms of the agent, the subagent and that inside the master, say to net-snmp's library
 * and hear from it: names and values, and what is registered. Nothing else knows ASN.1 types.
 */
#ifndef SNMP_LIBRARY_H
#define SNMP_LIBRARY_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <stdbool.h>

#include "tables/mib.h"
#include "tables/notification.h"

/* The longest name that the library takes, in its own type of arcs. */
struct library_name {
	oid arcs[MAX_OID_LEN];
	size_t length;
};
/* The name of n arcs, in two parts. */
void library_name_set(struct library_name *ret, const uint32_t *above, size_t n_above,
	const uint32_t *below, size_t n);

/* The same in ours; a name longer than MAX_OID_LEN cannot come out of the library. */
struct varbind_name {
	uint32_t arcs[MAX_OID_LEN];
	size_t length;
};
struct varbind_name varbind_name(const netsnmp_variable_list *vb);
/* false: no memory */
bool varbind_set_value(netsnmp_variable_list *vb, const struct value *value);
/* snmpTrapOID.0 and the objects, behind what is in the list; the caller frees. False: no memory. */
bool varbinds_from_notification(const struct notification *what, netsnmp_variable_list **list);

/*
 * Registers the root of a module, whose requests the handler takes; the handler finds user in its
 * myvoid. Only LDOMS-MIB can be written: the library answers a SET elsewhere with notWritable.
 * context: NULL is the default one. The library owns the registration. -EADDRINUSE: somebody else
 * has the root; -ENOMEM, -EIO.
 */
int registration_enter(const struct mib *m, Netsnmp_Node_Handler *handle, void *user,
	const char *context, netsnmp_handler_registration **ret);

/* The row of the module in sysORTable (RFC 3418); false, and logged: there is none. */
bool sysor_enter(const struct mib *m);
void sysor_leave(const struct mib *m);

#endif
