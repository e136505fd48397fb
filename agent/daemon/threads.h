/*
 * The two threads of the program: one talks to ldmd, the other owns net-snmp and answers managers.
 */
#ifndef DAEMON_THREADS_H
#define DAEMON_THREADS_H

#include <stdbool.h>

struct handover;
struct ldm_endpoint;
struct ldm_thread;
struct settings;
struct snmp_thread;
struct worker;

/*
 * The handover must outlive the thread. A reference to the settings is taken. The endpoint is taken
 * over, also when this fails. -ENOMEM, -errno of a pipe.
 */
int ldm_thread_new(struct settings *settings, struct ldm_endpoint *take, bool accept_damage,
	struct handover *handover, struct ldm_thread **ret);
void ldm_thread_free(struct ldm_thread *t);
/* To start, configure, stop and join the thread. */
struct worker *ldm_thread_worker(struct ldm_thread *t);

/* Before any thread starts: sets what the library reads from the environment. -errno. */
int snmp_thread_environment(void);
/* "5.9.3" */
const char *snmp_library_version(void);
/* As ldm_thread_new(). */
int snmp_thread_new(struct settings *settings, struct handover *handover, struct snmp_thread **ret);
void snmp_thread_free(struct snmp_thread *t);
struct worker *snmp_thread_worker(struct snmp_thread *t);

#endif
