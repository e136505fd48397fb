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
 * name: the context, unless the file names another one, and a part of the default state directory's
 * name; NULL: the default context. file: the configuration; NULL: the default file, if it exists.
 * Both are copied. -errno; the reason is logged.
 */
int managed_host_new(const char *name, const char *file, struct managed_host **ret);
/* logLevel of its file. The log is one for all hosts, so the caller chooses the level. */
enum log_level managed_host_log_level(const struct managed_host *h);
/* Takes the host out of the master and asks its thread to end; the thread finishes a running
 * command first. */
void managed_host_stop(struct managed_host *h);
bool managed_host_stopped(const struct managed_host *h);
/* Ends the thread, without waiting for its command. NULL is allowed. */
void managed_host_free(struct managed_host *h);

#endif
