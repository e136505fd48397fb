/*
 * The thread that owns net-snmp: snmp/agent.h in a poll loop.
 */
#ifndef DAEMON_SNMP_LOOP_H
#define DAEMON_SNMP_LOOP_H

struct handover;
struct settings;
struct snmp_loop;
struct worker;

/* Before any thread: what the library reads from the environment. -errno. */
int snmp_loop_environment(void);
/* "5.9.3" */
const char *snmp_loop_library_version(void);

/* The handover must outlive it. A reference to the settings is taken. */
int snmp_loop_new(struct settings *settings, struct handover *handover, struct snmp_loop **ret);
void snmp_loop_free(struct snmp_loop *l);
struct worker *snmp_loop_worker(struct snmp_loop *l);

#endif
