/*
 * The transport under the library's AgentX session: a domain of our own, registered by
 * netsnmp_tdomain_register(), so that the library asks us for the connection to its master.
 *
 * The octets of a session are read and written here, by both ways in: transport_dispatch() from our
 * poll loop, and the transport's f_recv, by which the library reads while it waits for an answer.
 * Whole PDUs go through the AgentX filter. Reads are answered on the spot; what is for the library
 * waits until the library reads. Nothing here blocks: what a master does not take is kept, and a
 * master that takes nothing for two seconds loses its session.
 *
 * There is one per process, as the library has one AgentX session per process.
 */
#ifndef SNMP_TRANSPORT_H
#define SNMP_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "snmp/filter.h"
#include "tables/view.h"
#include "util/buffer.h"

struct pollset;

enum transport_state {
	TRANSPORT_CLOSED,  /* no connection */
	TRANSPORT_OFFERED, /* the library has not taken the connection yet */
	TRANSPORT_OPEN,
	TRANSPORT_ENDED, /* the session is over, but the library may not hear of that yet */
	_TRANSPORT_STATE_MAX,
};

struct transport {
	enum transport_state state;
	int fd; /* of the session; -1: TRANSPORT_CLOSED */
	/* Registration and unanswered requests of the session, and SETs that are under way. */
	struct filter filter;

	const char *context; /* NULL: the default one */
	const struct view *view;
	struct buffer to_library; /* whole PDUs */
	struct buffer to_master;
	uint64_t stalled_since_ms; /* to_master waits, and nothing went out since then */
	size_t n;		   /* octets in from_master: of PDUs that were not looked at */
	size_t skip;		   /* octets to come of a PDU that is not wanted */
	uint8_t from_master[AGENTX_PDU_MAX];
	uint8_t answer[AGENTX_PDU_MAX];
};

/* What the library calls our master; the value for NETSNMP_DS_AGENT_X_SOCKET. */
#define TRANSPORT_ADDRESS "ldoms-agentx:master"

/* context: of all that is registered and sent, at most AGENTX_CONTEXT_MAX octets, borrowed; NULL:
 * the default one. view: what reads are answered from; it changes only between calls of this and of
 * the library. -ENOMEM, -EBUSY: there is one. */
int transport_new(const char *context, const struct view *view, struct transport **ret);
/* After the library was shut down. */
void transport_free(struct transport *t);

/* Offers a connection to the library's next attempt to open a session. The Open is sent, and its
 * Response waits in the socket (connect.h). Takes fd. */
void transport_offer(struct transport *t, int fd);

/* Ends the session. The library hears of that as soon as it may. */
void transport_hang_up(struct transport *t);

int transport_prepare(const struct transport *t, struct pollset *ps, uint64_t now_ms);
/* Reads and writes. True: the library has something to read, so it must be called with
 * the descriptor, until this says false. */
bool transport_dispatch(struct transport *t, const struct pollset *ps, uint64_t now_ms);

#endif
