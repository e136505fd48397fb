/*
 * Between net-snmp's varbinds and our values and names. Nothing else knows ASN.1 types.
 */
#ifndef SNMP_VARBIND_H
#define SNMP_VARBIND_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "tables/lookup.h"
#include "tables/notification.h"

/* The longest name that the library takes, in its own type of arcs. */
struct library_name {
	oid arcs[MAX_OID_LEN];
	size_t length;
};
/* The name of n arcs, in two parts. */
void library_name_set(struct library_name *ret, const uint32_t *above, size_t n_above,
	const uint32_t *below, size_t n);

enum name_place {
	NAME_BEFORE, /* the root, or something before it */
	NAME_INSIDE, /* below the root: sub holds what follows it */
	NAME_AFTER,
};

/* A name longer than MAX_OID_LEN cannot come out of the library. */
struct relative_name {
	uint32_t sub[MAX_OID_LEN];
	size_t length;
};

enum name_place varbind_name(
	const netsnmp_variable_list *vb, const struct mib *m, struct relative_name *ret);
/* snmpTrapOID.0 and the objects, behind what is in the list; the caller frees. False: no memory. */
bool varbinds_from_notification(const struct notification *what, netsnmp_variable_list **list);
/* false: no memory */
bool varbind_set_value(netsnmp_variable_list *vb, const struct value *value);

#endif
