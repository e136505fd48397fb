/*
 * The health of the AgentX session: lost and found masters, a root that another session holds, a
 * master that forgot us.
 *
 * The library reconnects by itself, but blocks while it tries, only logs that a registration was
 * refused, and drops a session whose master was merely slow to answer a Ping. This keeps its
 * virtues and takes the rest into its own hands.
 */
#ifndef SNMP_SESSION_H
#define SNMP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "snmp/agent.h"

struct agentx_session;

/* After library_start(). address: of the master. */
int agentx_session_new(const char *address, struct agentx_session **ret);
/* Before library_stop(): it frees the arguments of callbacks that are left then. */
void agentx_session_detach(struct agentx_session *s);
/* After library_stop(). */
void agentx_session_free(struct agentx_session *s);

enum agentx_state agentx_session_state(const struct agentx_session *s);
/* Rises with each session; transaction ids of the master are unique within one. */
uint32_t agentx_session_epoch(const struct agentx_session *s);
/* True once after a session was lost. */
bool agentx_session_take_lost(struct agentx_session *s);
/* The monotonic time at which the master's sysUpTime was 0, as far as it ever told. */
uint64_t agentx_session_uptime_zero(const struct agentx_session *s);

/* Sends a PDU of our own; the callback gets the answer, or that there was none. False: not sent,
 * and the PDU is still the caller's. */
bool agentx_session_send(
	struct agentx_session *s, netsnmp_pdu *pdu, netsnmp_callback callback, void *magic);
/* For such a callback: what the answer tells of the session. */
void agentx_session_note_answer(struct agentx_session *s, int op, const netsnmp_pdu *pdu);
/* Whether the master answers what it is sent. When it does not, it is asked until it does. */
bool agentx_session_answers(const struct agentx_session *s);

/* Whether the library's alarms may run, and so count for the next deadline. */
bool agentx_session_wants_timers(const struct agentx_session *s, uint64_t now_ms);

int agentx_session_prepare(struct agentx_session *s, struct pollset *ps, uint64_t now_ms);
/* After library_read(). busy: a SET is open; then nothing is registered anew. */
void agentx_session_dispatch(
	struct agentx_session *s, const struct pollset *ps, uint64_t now_ms, bool busy);

#endif
