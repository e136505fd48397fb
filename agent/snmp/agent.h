/*
 * The SNMP side: an AgentX subagent over net-snmp's library, which is not thread-safe and is owned
 * by one thread. Every function here is called from that thread.
 *
 * It has no loop of its own: one turn is snmp_agent_prepare(), poll, snmp_agent_dispatch(). The
 * owner must have set MIBS="" and ignored SIGPIPE before snmp_agent_new().
 */
/* net-snmp uses the name SNMP_AGENT_H itself. */
#ifndef LDOMS_SNMP_AGENT_H
#define LDOMS_SNMP_AGENT_H

#include <stdint.h>

#include "tables/backend.h"

struct handover;
struct pollset;
struct snmp_agent;

/*
 * Starts the library. The first turns connect to the master; that no master runs is no error.
 * socket: see connect.h; context: see transport.h; what must outlive the agent: see backend_new().
 * -EALREADY, -EBUSY: this process has, or had, an agent; -EINVAL (socket, setAllow, views),
 * -ENOMEM, -EIO.
 */
int snmp_agent_new(const char *socket, const char *context, const struct backend_config *config,
	struct handover *handover, struct snmp_agent **ret);
/* Sends AgentX Close (shutdown) when connected. NULL is allowed. */
void snmp_agent_free(struct snmp_agent *a);

/* Adds the descriptors and the deadline of this agent. -ENOMEM. */
int snmp_agent_prepare(struct snmp_agent *a, struct pollset *ps, uint64_t now_ms);
/*
 * First installs what the ldm thread handed over: between two calls of the library, so that one
 * AgentX PDU sees one view. Then reads, answers, and sees to the session. Never waits for ldmd. For
 * a master that opens a session and does not answer Register, waits less than a second.
 */
void snmp_agent_dispatch(struct snmp_agent *a, const struct pollset *ps, uint64_t now_ms);

/* See backend_reconfigure(). */
void snmp_agent_reconfigure(struct snmp_agent *a, const struct backend_config *config);

/* The session's state in words, for the service manager: one static text for each state. */
const char *snmp_agent_status(const struct snmp_agent *a);

#endif
