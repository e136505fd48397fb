/*
 * One control domain that snmpd serves: its settings, the thread that talks to its ldmd, and its
 * part of the master in an SNMP context. Every function is called in the thread of snmpd's loop.
 */
#ifndef MODULE_MANAGED_HOST_H
#define MODULE_MANAGED_HOST_H

#include <stdbool.h>

#include "util/log.h"

struct managed_host;

/*
 * name: the context, unless the file says another one, and a part of the name of the default state
 * directory; NULL: the default context. file: NULL: the default one, if it is there. Both are
 * copied. What is wrong is logged: -errno.
 */
int managed_host_new(const char *name, const char *file, struct managed_host **ret);
/* What its file wants; there is one log for all. */
enum log_level managed_host_log_level(const struct managed_host *h);
/* Takes the host out of the master and asks its thread to end, which may finish a command. */
void managed_host_stop(struct managed_host *h);
bool managed_host_stopped(const struct managed_host *h);
/* Ends the thread at once if it still runs. NULL is allowed. */
void managed_host_free(struct managed_host *h);

#endif
