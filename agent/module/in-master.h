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
	const char *subject; /* log_set_subject() of what happens here; must outlive the object */
};

/*
 * Registers the root of LDOMS-MIB with the master. The handover must outlive the object; the rest
 * of config is copied. -EADDRINUSE: another agent has the root; -ENOMEM, -EINVAL (setAllow).
 */
int in_master_new(
	const struct in_master_config *config, struct handover *handover, struct in_master **ret);
/* Answers what is delegated, and leaves nothing with the library. NULL is allowed. */
void in_master_free(struct in_master *m);

#endif
