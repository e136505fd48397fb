/*
 * The thread that owns net-snmp and answers managers.
 */
#ifndef DAEMON_SNMP_THREAD_H
#define DAEMON_SNMP_THREAD_H

struct handover;
struct settings;
struct snmp_thread;
struct worker;

/* Before any thread starts: sets what the library reads from the environment. -errno. */
int snmp_thread_environment(void);
/* "5.9.3" */
const char *snmp_library_version(void);
/* The handover must outlive the thread. A reference to the settings is taken. -ENOMEM, -errno of a
 * pipe. */
int snmp_thread_new(struct settings *settings, struct handover *handover, struct snmp_thread **ret);
void snmp_thread_free(struct snmp_thread *t);
struct worker *snmp_thread_worker(struct snmp_thread *t);

#endif
