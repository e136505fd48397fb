/*
 * What the subagent and the form inside the master need of net-snmp's library alike: names, values
 * and registrations, from our types to the library's and back.
 */
#ifndef SNMP_LIBRARY_H
#define SNMP_LIBRARY_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <stdbool.h>

#include "tables/mib.h"
#include "tables/notification.h"

/* A name with the library's type of arcs, up to the longest that the library takes. */
struct library_name {
	oid arcs[MAX_OID_LEN];
	size_t length;
};
/* The name is given in two parts, with MAX_OID_LEN arcs together at most. */
void library_name_set(struct library_name *ret, const uint32_t *above, size_t n_above,
	const uint32_t *below, size_t n);

/* A name with our type of arcs. The library gives no longer one. */
struct varbind_name {
	uint32_t arcs[MAX_OID_LEN];
	size_t length;
};
struct varbind_name varbind_name(const netsnmp_variable_list *vb);
/* false: no memory */
bool varbind_set_value(netsnmp_variable_list *vb, const struct value *value);
/* Appends snmpTrapOID.0 and the objects to the list, which the caller frees. False: no memory. */
bool varbinds_from_notification(const struct notification *what, netsnmp_variable_list **list);

/*
 * Registers the root of a module. The handler gets the requests, and user as its myvoid. Only
 * LDOMS-MIB can be written: the library answers a SET elsewhere with notWritable. context, NULL for
 * the default one, is copied. The library owns the registration. -EADDRINUSE: another handler has
 * the root; -ENOMEM, -EIO.
 */
int registration_enter(const struct mib *m, Netsnmp_Node_Handler *handle, void *user,
	const char *context, netsnmp_handler_registration **ret);

/* Makes the row of the module in sysORTable (RFC 3418). False: it could not be made; logged. */
bool sysor_enter(const struct mib *m);
void sysor_leave(const struct mib *m);

#endif
