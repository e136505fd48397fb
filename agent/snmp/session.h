/*
 * The AgentX session: waits for a master, opens the session, keeps our part of the MIB registered,
 * and notices when the master is slow or gone.
 *
 * net-snmp's library opens the session, registers, pings, calls the handler of SETs, sends
 * notifications, and closes. The library does not tell that a registration was refused, nor that
 * the master closed the session, and takes a slow master for one that is gone. So these are seen in
 * the PDUs (transport.h).
 */
#ifndef SNMP_SESSION_H
#define SNMP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "snmp/transport.h"

enum agentx_state {
	AGENTX_CONNECTING, /* there is no session; tried four times a second */
	AGENTX_SERVING,	   /* LDOMS-MIB is registered */
	AGENTX_CONTESTED,  /* the master refused LDOMS-MIB; tried every two seconds */
	AGENTX_ENDING,	   /* the session is over; the library may still work on its SETs */
	_AGENTX_STATE_MAX,
};

/* One module in the present session. */
struct module_registration {
	enum registration known; /* the last outcome, which was logged */
	uint64_t retry_at_ms;	 /* while it is not granted */
	uint64_t rest_ms;	 /* between two attempts; 0: none was made */
};

struct agentx_session {
	enum agentx_state state;
	/* Rises with each session; transaction ids of the master are unique within one. */
	uint32_t epoch;
	/* The monotonic time at which the sysUpTime of the last master was 0; 0: no master yet. */
	uint64_t uptime_zero_ms;
	/* The master did not answer in time and still owes an answer. It is pinged more often. */
	bool slow;
	struct module_registration modules[MIBS_MAX]; /* in the order of mibs */

	const struct mib_list *mibs;
	char *address;
	char *context; /* NULL: the default one */
	char *place;   /* root and context, for the log */
	struct agentx_connect *connect;
	struct transport *transport;
	netsnmp_session *open;	  /* the library's; NULL: the transport is closed */
	uint64_t absent_since_ms; /* CLOCK_NEVER: there is a session, or its absence was logged */
	uint64_t ping_at_ms;

	bool library_runs;  /* init_snmp() was called */
	bool library_awake; /* may have something to read, so its descriptors are watched */
	uint64_t library_deadline_ms; /* when a request of its own times out */
};

/* Starts the library. address: of the master; context and view: see transport_new(). -EBUSY: a
 * session exists; -EALREADY: the library was started before; -EINVAL (address), -ENOMEM, -EIO. */
int agentx_session_new(const char *address, const char *context, const struct view *view,
	struct agentx_session **ret);
/* Stops the library; an open session is closed with reason shutdown. The object stays readable. */
void agentx_session_stop(struct agentx_session *s);
void agentx_session_free(struct agentx_session *s);

/* Sends a PDU of our own. The callback gets the answer or the time-out. False: nothing was sent,
 * and the caller still owns the PDU. */
bool agentx_session_send(
	struct agentx_session *s, netsnmp_pdu *pdu, netsnmp_callback callback, void *magic);

/* busy: a SET is, or may be, under way, so the library may have something to do. */
int agentx_session_prepare(
	struct agentx_session *s, struct pollset *ps, uint64_t now_ms, bool busy);
/* Reads what came, and answers it or gives it to the library. */
void agentx_session_receive(struct agentx_session *s, const struct pollset *ps, uint64_t now_ms);
/* Connects, registers, and pings the master. While busy, nothing is registered anew: the library
 * would lose the COMMIT of the SET. */
void agentx_session_dispatch(
	struct agentx_session *s, const struct pollset *ps, uint64_t now_ms, bool busy);

#endif
