/*
 * The SNMP side inside the master: the same tables, SETs and notifications as snmp/agent.h, served
 * to snmpd's own library in snmpd's own loop. Every function is called in the thread of that loop.
 */
#ifndef MODULE_IN_MASTER_H
#define MODULE_IN_MASTER_H

#include <stdint.h>

#include "tables/backend.h"

struct handover;
struct in_master;

struct in_master_config {
	struct backend_config backend;
	const char *context; /* of SNMP; NULL: the default one */
	const char *subject; /* for log_set_subject(); must outlive the object */
};

/*
 * Registers the root of LDOMS-MIB with the master; what must outlive the object: see backend_new()
 * and subject. -EADDRINUSE: another agent has the root; -EINVAL (setAllow, views), -ENOMEM, -EIO.
 */
int in_master_new(
	const struct in_master_config *config, struct handover *handover, struct in_master **ret);
/* Answers the SETs that wait, and takes back all that was registered. NULL is allowed. */
void in_master_free(struct in_master *m);

#endif
