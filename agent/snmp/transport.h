/* clang-format off */
/*
 * The transport under the library's AgentX session: a domain of our own, registered by
 * netsnmp_tdomain_register(), so that the library asks us for the connection to its master.
 *
 * The octets of a session are read and written in two ways: by transport_dispatch() from our poll
 * loop, and by the transport's f_recv, while the library waits for an answer. Nothing here blocks:
 * what the master does not read is kept, and the session of a master that reads nothing for two
 * seconds is ended.
 *
 * Each whole PDU passes a filter, in both directions. The filter corrects what net-snmp's library
 * does wrong and has no setting for, and notes what the library does not tell:
 *
 *   Get, GetNext, GetBulk      read.h answers; the library does not see them
 *   longer than 65,536 octets  the library drops it, sent or received, without a word; the master
 *                              repeats it five times and closes the session. Here: tooBig
 *   with another context       the library ignores the context. Here: unsupportedContext
 *   with our context           the context is removed, and added to what the library sends, so that
 *                              it may have any octets and the library need not look it up
 *   for another session        the library answers. Here: notOpen
 *   a header without sense     the library drops the PDU. Here: parseError
 *   CleanupSet                 the library answers, against the RFC. Here: no answer is sent
 *   a SET without CleanupSet   the library keeps its record of the SET for ever. Here: a SET that
 *                              fails in TestSet is cleaned up at once, and of too many committed
 *                              ones the oldest
 *   a phase of a SET before    the library uses freed memory. Here: processingError; a CleanupSet
 *   the answer to the last one waits for the answer, and a phase that is repeated is dropped
 *   Close, notOpen             the library goes on. Here: the session ends
 *   Open                       is not sent: the library gets the answer to connect.h's Open
 *   a refused Register         the library forgets what it wanted to register. Here: it gets the
 *                              answer that the Register was granted, and session.h looks at regions
 *   the end of the connection  the library frees callbacks while it calls them. Here: it gets an
 *   while it waits             answer first, and sees the end after it has returned
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

/* SETs under way at the same time; a master that begins more loses its session. net-snmp's master
 * has one at a time. */
#define TRANSPORT_SETS_MAX 1024
/* Of these, SETs whose CommitSet was answered and that wait for UndoSet or CleanupSet. */
#define TRANSPORT_COMMITTED_MAX 64
/* A phase that the library has not answered after this time is never answered: the library makes a
 * request to itself for a phase, and that has timed out (after 1 s, with five retries). */
#define TRANSPORT_PHASE_MS 10000

enum transport_state {
	TRANSPORT_CLOSED,  /* no connection */
	TRANSPORT_OFFERED, /* the library has not taken the connection yet */
	TRANSPORT_OPEN,
	TRANSPORT_ENDED, /* the session is over; the library is told when no SET is under way */
	_TRANSPORT_STATE_MAX,
};

enum registration {
	REGISTRATION_NONE,
	REGISTRATION_ASKED, /* not answered yet */
	REGISTRATION_GRANTED,
	REGISTRATION_REFUSED,
};

/* The last Register of one MIB module. */
struct transport_region {
	enum registration registration;
	uint16_t error;	 /* agentx_error of REGISTRATION_REFUSED */
	uint32_t packet; /* of the Register */
};

/* The last phase of a SET, until the UndoSet or CleanupSet that ends the SET is answered. */
struct transport_set {
	uint32_t transaction; /* the master's number, which the next SET may have as well */
	uint32_t id;	      /* the library's number, which no other SET of the session has */
	uint32_t packet;
	uint8_t type;
	bool answered;	    /* by the library */
	bool cleanup;	    /* a CleanupSet follows when this phase is answered */
	uint64_t passed_ms; /* when the library got the phase */
};

struct transport {
	const char *context; /* borrowed; NULL: the default one */
	const struct view *view;
	enum transport_state state;
	int fd; /* -1: TRANSPORT_CLOSED */

	/* For session.c. */
	struct transport_region regions[MIBS_MAX]; /* in the order of view->mibs */
	uint32_t uptime;	  /* the master's sysUpTime in the answer to Open, 1/100 s */
	bool awaits;		  /* the master owes the answer to our last PDU */
	uint64_t awaits_since_ms; /* when it first owed one, or answered another one later */

	bool opened;				/* the library has the answer to its Open */
	uint32_t session;			/* h.sessionID */
	uint32_t open_transaction, open_packet; /* of the library's Open */
	uint32_t last_packet;			/* h.packetID of our last PDU */
	struct agentx_header exchange; /* the library waits for its answer; type 0: for none */
	uint32_t last_id;	       /* of sets */
	size_t n_sets;
	struct transport_set sets[TRANSPORT_SETS_MAX];

	struct buffer to_library; /* whole PDUs */
	struct buffer to_master;
	uint64_t stalled_since_ms; /* when octets were last sent, while to_master is not empty */
	size_t n;		   /* octets in from_master that were not handled */
	size_t skip;		   /* octets to drop: the rest of the PDU that was handled last */
	uint8_t from_master[AGENTX_PDU_MAX];
	uint8_t answer[AGENTX_PDU_MAX];
};

/* The address that the library connects to: the value for NETSNMP_DS_AGENT_X_SOCKET. */
#define TRANSPORT_ADDRESS "ldoms-agentx:master"

/* context: of what is registered and sent, at most AGENTX_CONTEXT_MAX octets, borrowed; NULL: the
 * default one. view: what reads are answered from, borrowed; it may change only between calls of
 * these functions and of the library. -ENOMEM; -EBUSY: there is a transport. */
int transport_new(const char *context, const struct view *view, struct transport **ret);
/* Must follow the shutdown of the library. NULL is allowed. */
void transport_free(struct transport *t);

/* Takes the descriptor from agentx_connect_dispatch(), for the library's next attempt to open a
 * session. The transport must be closed. */
void transport_offer(struct transport *t, int fd);

/* Ends the session. The library is told as soon as it does not work on a SET. */
void transport_hang_up(struct transport *t);

/* -ENOMEM. */
int transport_prepare(const struct transport *t, struct pollset *ps, uint64_t now_ms);
/* Reads and writes. True: the library must be called to read from the descriptor. */
bool transport_dispatch(struct transport *t, const struct pollset *ps, uint64_t now_ms);

#endif
