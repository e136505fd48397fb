/*
 * The AgentX session: from no master at all to one that serves our part of the MIB, and back.
 *
 * net-snmp's library does not tell that a registration was refused, nor that a master forgot us,
 * and it takes a master that is slow for one that is gone. Those are seen in the PDUs (filter.h).
 */
#ifndef SNMP_SESSION_H
#define SNMP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "snmp/library.h"
#include "snmp/session-state.h"
#include "tables/view.h"

struct pollset;

/* Of a module beside LDOMS-MIB, in the present session. */
struct view_registration {
	bool serving;
	bool refused;	      /* told already */
	uint64_t retry_at_ms; /* while it is not served */
	uint64_t rest_ms;
};

struct agentx_session {
	enum agentx_state state;
	/* Rises with each session; transaction ids of the master are unique within one. */
	uint32_t epoch;
	/* The monotonic time at which the master's sysUpTime was 0, as far as it ever told. */
	uint64_t uptime_zero_ms;
	/* Something was not answered in time, and nothing has been since. The master is asked until
	 * it answers. */
	bool slow;

	const struct mib_list *mibs;
	struct view_registration views[MIBS_MAX]; /* in the order of mibs */
	char *address;
	char *context; /* NULL: the default one */
	char *place;   /* root and context, for the log */
	struct agentx_connect *connect;
	struct transport *transport;
	struct library library;
	netsnmp_session *open;	  /* the library's; as long as the transport is open */
	uint64_t absent_since_ms; /* without a session; CLOCK_NEVER: told already, or not without */
	uint64_t retry_at_ms;	  /* AGENTX_CONTESTED: when to register again */
	uint64_t ping_at_ms;
	bool ping_out;
};

/* Starts the library. address: of the master; context (NULL: the default one) and view: see
 * transport.h. -EALREADY: it ran in this process before; -EINVAL, -ENOMEM, -EIO. */
int agentx_session_new(const char *address, const char *context, const struct view *view,
	struct agentx_session **ret);
/* Stops the library; an open session is closed with reason shutdown. The object stays readable. */
void agentx_session_stop(struct agentx_session *s);
void agentx_session_free(struct agentx_session *s);

/* Whether the i-th module of the view's list is registered; whether the master refused it, if it is
 * not LDOMS-MIB. */
bool agentx_session_serves(const struct agentx_session *s, size_t i);
bool agentx_session_refused(const struct agentx_session *s, size_t i);
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
