/* clang-format off */
/*
 * The transport under the library's AgentX session: a domain of our own, registered by
 * netsnmp_tdomain_register(), so that the library asks us for the connection to its master.
 *
 * The octets of a session are read and written here, by both ways in: transport_dispatch() from our
 * poll loop, and the transport's f_recv, by which the library reads while it waits for an answer.
 * Nothing here blocks: what a master does not take is kept, and a master that takes nothing for two
 * seconds loses its session.
 *
 * Each whole PDU goes through the AgentX filter, both ways. It puts right what net-snmp's library
 * does wrong with PDUs and offers no way to change, and sees what the library does not tell.
 *
 *   Get, GetNext, GetBulk      are not for the library; read.h answers them
 *   longer than 65,536 octets  the library drops it, both ways, without a word; the master asks
 *                              again five times and then closes the session. Now: tooBig
 *   with another context       the library answers as if there were none. Now: unsupportedContext
 *   with ours                  the library sees none: it is taken out, and put into what it sends.
 *                              So it may have any octets, and reads cost no look-up of contexts
 *   for another session        the library answers. Now: notOpen
 *   a senseless header         the library drops it. Now: parseError
 *   CleanupSet                 the library answers, which it must not. Now: not sent
 *   a SET without CleanupSet   the library keeps what it knows of it for ever. Now: a SET that
 *                              failed in TestSet is cleaned up with that answer, and of those that
 *                              were committed the oldest, when there are too many
 *   a phase of a SET before    the library uses freed memory. Now: processingError; a CleanupSet
 *   the answer to the last one waits for that answer, and a phase that comes again is dropped
 *   Close, notOpen             the library goes on. Now: the session ends
 *   Open                       was sent before (connect.h); that one's answer is the library's
 *   a refused Register         the library logs a line and forgets it. Now: it is told that the
 *                              Register was granted, and session.h looks here
 *   the end of the connection  the library frees the callbacks that it is just calling. Now: it gets
 *   while it waits             an answer first, and hears of the end when it has come back
 *
 * RFC 2741 6.1, 7.2.2 to 7.2.4. There is one transport per process, as the library has one AgentX
 * session per process.
 */
/* clang-format on */
#ifndef SNMP_TRANSPORT_H
#define SNMP_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "snmp/agentx.h"
#include "tables/view.h"
#include "util/buffer.h"

struct pollset;

/* SETs that are under way at a time. net-snmp's master has one. */
#define TRANSPORT_SETS_MAX 1024
/* SETs whose CommitSet was answered, and that wait for UndoSet or CleanupSet. */
#define TRANSPORT_COMMITTED_MAX 64
/* A phase that the library did not answer for that long is never answered: the request to itself,
 * by which the library carries out a phase, has timed out (six times a second). */
#define TRANSPORT_PHASE_MS 10000

enum transport_state {
	TRANSPORT_CLOSED,  /* no connection */
	TRANSPORT_OFFERED, /* the library has not taken the connection yet */
	TRANSPORT_OPEN,
	TRANSPORT_ENDED, /* the session is over, but the library may not hear of that yet */
	_TRANSPORT_STATE_MAX,
};

enum registration {
	REGISTRATION_NONE,
	REGISTRATION_ASKED, /* not answered yet */
	REGISTRATION_GRANTED,
	REGISTRATION_REFUSED,
};

/* Of one MIB module: its last Register. */
struct transport_region {
	enum registration registration;
	uint16_t error;	 /* agentx_error of REGISTRATION_REFUSED */
	uint32_t packet; /* of the Register */
};

/* The last phase of a SET, until the UndoSet or CleanupSet that ends the SET is answered. */
struct transport_set {
	uint32_t transaction; /* as the master says; the next SET may have the same one */
	uint32_t id;	      /* as the library is told */
	uint32_t packet;
	uint8_t type;
	bool answered;
	bool cleanup; /* a CleanupSet waits until this phase is answered */
	uint64_t passed_ms;
};

struct transport {
	const char *context; /* of the session (RFC 2741 6.1.1), borrowed; NULL: the default one */
	const struct view *view;
	enum transport_state state;
	int fd; /* of the session; -1: TRANSPORT_CLOSED */

	/* Of the session; what its owner wants to know. */
	struct transport_region regions[MIBS_MAX]; /* in the order of view->mibs */
	uint32_t uptime;			   /* the master's sysUpTime when it opened it */
	bool awaits;		  /* the master has not answered all that it was asked, ... */
	uint64_t awaits_since_ms; /* ... and that was asked, or something answered, then */

	bool opened;				/* the answer to Open has come ... */
	uint32_t session;			/* ... with this number */
	uint32_t open_transaction, open_packet; /* of the library's Open */
	uint32_t last_packet;
	struct agentx_header exchange; /* its answer is waited for; type 0: none */
	uint32_t last_id;
	size_t n_sets;
	struct transport_set sets[TRANSPORT_SETS_MAX];

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

/* Offers a connection to the library's next attempt to open a session. The Open is sent, with
 * CONNECT_OPEN_PACKET, and its Response waits in the socket (connect.h). Takes fd. */
void transport_offer(struct transport *t, int fd);

/* Ends the session. The library hears of that as soon as it may. */
void transport_hang_up(struct transport *t);

int transport_prepare(const struct transport *t, struct pollset *ps, uint64_t now_ms);
/* Reads and writes. True: the library has something to read, so it must be called with
 * the descriptor, until this says false. */
bool transport_dispatch(struct transport *t, const struct pollset *ps, uint64_t now_ms);

#endif
