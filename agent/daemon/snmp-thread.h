/*
 * The thread that owns net-snmp and answers managers.
 */
#ifndef DAEMON_SNMP_THREAD_H
#define DAEMON_SNMP_THREAD_H

struct handover;
struct settings;
struct worker;

/* Before any thread starts: sets what the library reads from the environment. -errno. */
int snmp_thread_environment(void);
/* "5.9.3" */
const char *snmp_library_version(void);
/* Made, but not started. The handover must outlive the worker. A reference to the settings is
 * taken. -ENOMEM, -errno of a pipe. */
int snmp_thread_new(struct settings *settings, struct handover *handover, struct worker **ret);

#endif
