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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct handover;
struct pollset;
struct snmp_agent;

struct snmp_agent_config {
	const char *socket; /* "unix:/path", "/path" or "tcp:HOST:PORT"; not changed later */
	const char *version;
	uint64_t refresh_interval_ms, stale_after_ms, set_wait_ms;
	bool read_only;
	bool notifications;
	uint64_t notification_rate; /* a domain, kind and minute; 0: no limit */
	/* setAllow's values (control/permit.h), NULL-terminated; NULL: the default. */
	char *const *set_allow;
};

enum agentx_state {
	AGENTX_DISCONNECTED, /* no master; tried again every second */
	AGENTX_SERVING,	     /* connected and registered */
	AGENTX_CONTESTED,    /* connected, but another session holds our root */
};

/*
 * Starts the library; the master is reached in later turns, and that there is none is no error.
 * The handover must outlive it; config is copied. -EALREADY: there was one in this process before;
 * -ENOMEM, -EINVAL (socket, setAllow), -EADDRNOTAVAIL (host of the socket).
 */
int snmp_agent_new(
	const struct snmp_agent_config *config, struct handover *handover, struct snmp_agent **ret);
/* Sends AgentX Close (shutdown) when connected. NULL is allowed. */
void snmp_agent_free(struct snmp_agent *a);

/* What to wait for. */
int snmp_agent_prepare(struct snmp_agent *a, struct pollset *ps, uint64_t now_ms);
/*
 * What happened. First installs what the ldm thread handed over, between library calls, so that one
 * AgentX PDU sees one picture; then reads, answers, and sees to the session. Never waits for ldmd;
 * for a master that stops in the middle of opening a session, about a second.
 */
void snmp_agent_dispatch(struct snmp_agent *a, const struct pollset *ps, uint64_t now_ms);

/* What SIGHUP may change: all but socket and version. */
void snmp_agent_reconfigure(struct snmp_agent *a, const struct snmp_agent_config *config);

enum agentx_state snmp_agent_state(const struct snmp_agent *a);
const char *agentx_state_name(enum agentx_state state);

#endif
