/*
 * The thread that owns net-snmp and answers managers.
 */
#ifndef DAEMON_SNMP_THREAD_H
#define DAEMON_SNMP_THREAD_H

struct handover;
struct settings;
struct worker;

/* Sets the variables that net-snmp reads. To be called before any thread starts. -errno. */
int snmp_thread_environment(void);
/* Of net-snmp, for example "5.9.3". */
const char *snmp_library_version(void);
/* A worker that is not started yet. The handover must outlive the worker. A reference to the
 * settings is taken. -ENOMEM, -errno of a pipe. */
int snmp_thread_new(struct settings *settings, struct handover *handover, struct worker **ret);

#endif
