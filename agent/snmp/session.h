/*
 * The AgentX session: from no master at all to one that serves our part of the MIB, and back.
 *
 * net-snmp's library opens a session, registers, and notices the end of a connection. It does not
 * tell that a registration was refused, nor that a master forgot us, and it takes a master that is
 * slow for one that is gone. Those are seen here, in the PDUs (filter.h).
 */
#ifndef SNMP_SESSION_H
#define SNMP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "snmp/session-state.h"
#include "tables/view.h"

struct agentx_session;
struct pollset;

/* Starts the library. address: of the master; context (NULL: the default one) and view: see
 * transport.h. -EALREADY: it ran in this process before; -EINVAL, -ENOMEM, -EIO. */
int agentx_session_new(const char *address, const char *context, const struct view *view,
	struct agentx_session **ret);
/* Stops the library; an open session is closed with reason shutdown. The object stays readable. */
void agentx_session_stop(struct agentx_session *s);
void agentx_session_free(struct agentx_session *s);

enum agentx_state agentx_session_state(const struct agentx_session *s);
/* Rises with each session; transaction ids of the master are unique within one. */
uint32_t agentx_session_epoch(const struct agentx_session *s);
/* The monotonic time at which the master's sysUpTime was 0, as far as it ever told. */
uint64_t agentx_session_uptime_zero(const struct agentx_session *s);
/* Whether the master answers what it is sent. When it does not, it is asked until it does. */
bool agentx_session_answers(const struct agentx_session *s);

/* Sends a PDU of our own; the callback gets the answer, or that there was none. False: not sent,
 * and the PDU is still the caller's. */
bool agentx_session_send(
	struct agentx_session *s, netsnmp_pdu *pdu, netsnmp_callback callback, void *magic);

/* busy: a SET is, or may be, open, so the library may have something to do. */
int agentx_session_prepare(
	struct agentx_session *s, struct pollset *ps, uint64_t now_ms, bool busy);
/* Reads what came, and answers it or gives it to the library. */
void agentx_session_receive(struct agentx_session *s, const struct pollset *ps, uint64_t now_ms);
/* Connects, registers, asks whether the master is there. busy: then nothing is registered anew, or
 * the COMMIT of that SET would be lost. */
void agentx_session_dispatch(
	struct agentx_session *s, const struct pollset *ps, uint64_t now_ms, bool busy);

#endif
