/*
 * The AgentX session: from no master at all to one that serves our part of the MIB, and back.
 *
 * net-snmp's library opens it, registers, pings, carries SETs to their handler, sends
 * notifications, and closes; everything else is done without the library. The library does not tell
 * that a registration was refused, nor that a master forgot us, and it takes a master that is slow
 * for one that is gone. Those are seen in the PDUs (transport.h).
 */
#ifndef SNMP_SESSION_H
#define SNMP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "snmp/transport.h"

enum agentx_state {
	AGENTX_CONNECTING, /* no master opened a session yet; tried again four times a second */
	AGENTX_SERVING,	   /* LDOMS-MIB is registered */
	AGENTX_CONTESTED,  /* another session holds its root; tried again every two seconds */
	AGENTX_ENDING,	   /* the session is over; the library still works on a SET of it */
	_AGENTX_STATE_MAX,
};

/* Of a module, in the present session. */
struct module_registration {
	enum registration known; /* granted or refused, as the log was told */
	uint64_t retry_at_ms;	 /* while it is not granted */
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
	struct module_registration modules[MIBS_MAX]; /* in the order of mibs */

	const struct mib_list *mibs;
	char *address;
	char *context; /* NULL: the default one */
	char *place;   /* root and context, for the log */
	struct agentx_connect *connect;
	struct transport *transport;
	netsnmp_session *open;	  /* the library's; as long as the transport is open */
	uint64_t absent_since_ms; /* without a session; CLOCK_NEVER: told already, or not without */
	uint64_t ping_at_ms;

	bool library_runs;	      /* init_snmp() was called */
	bool library_awake;	      /* it was called since it had nothing to read, or will be */
	uint64_t library_deadline_ms; /* of its next request that times out */
};

/* Starts the library. address: of the master; context and view: see transport.h.
 * -EALREADY: it ran in this process before; -EINVAL, -ENOMEM, -EIO. */
int agentx_session_new(const char *address, const char *context, const struct view *view,
	struct agentx_session **ret);
/* Stops the library; an open session is closed with reason shutdown. The object stays readable. */
void agentx_session_stop(struct agentx_session *s);
void agentx_session_free(struct agentx_session *s);

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
