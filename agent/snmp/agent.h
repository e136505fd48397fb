/*
 * The SNMP side: an AgentX subagent over net-snmp's library, which is not thread-safe and is owned
 * by one thread. Every function here is called from that thread.
 *
 * It has no loop of its own: one turn is snmp_agent_prepare(), poll, snmp_agent_dispatch(). The
 * owner must have set MIBS="" and ignored SIGPIPE before snmp_agent_new().
 */
/* net-snmp has a SNMP_AGENT_H of its own. */
#ifndef LDOMS_SNMP_AGENT_H
#define LDOMS_SNMP_AGENT_H

#include <stdint.h>

#include "tables/backend.h"

struct handover;
struct pollset;
struct snmp_agent;

/*
 * Starts the library; the master is reached in later turns, and that there is none is no error.
 * socket: see connect.h; context: see transport.h. The handover must outlive the agent; the
 * rest is copied.
 * -EALREADY: there was one in this process before; -ENOMEM, -EINVAL (socket, setAllow).
 */
int snmp_agent_new(const char *socket, const char *context, const struct backend_config *config,
	struct handover *handover, struct snmp_agent **ret);
/* Sends AgentX Close (shutdown) when connected. NULL is allowed. */
void snmp_agent_free(struct snmp_agent *a);

/* What to wait for. */
int snmp_agent_prepare(struct snmp_agent *a, struct pollset *ps, uint64_t now_ms);
/*
 * What happened. First installs what the ldm thread handed over, between library calls, so that one
 * AgentX PDU sees one view; then reads, answers, and sees to the session. Never waits for ldmd; for
 * a master that stops between opening a session and answering Register, less than a second.
 */
void snmp_agent_dispatch(struct snmp_agent *a, const struct pollset *ps, uint64_t now_ms);

/* See backend_reconfigure(). */
void snmp_agent_reconfigure(struct snmp_agent *a, const struct backend_config *config);

/* For the service manager: how it is with the master; static, and the same pointer for the same. */
const char *snmp_agent_status(const struct snmp_agent *a);

#endif
