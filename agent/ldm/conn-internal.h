/*
 * The inside of a connection, shared by conn.c (its life), conn-drive.c (its turns) and
 * conn-answer.c (its documents). Private.
 */
#ifndef LDM_CONN_INTERNAL_H
#define LDM_CONN_INTERNAL_H

#include "ldm/conn-call.h"
#include "ldm/conn.h"
#include "ldm/frame.h"
#include "ldm/resolve.h"
#include "ldm/transport.h"
#include "ldm/xmpp.h"

struct ldm_conn {
	struct ldm_endpoint *endpoint;
	const struct ldm_conn_ops *ops;
	void *user;
	enum ldm_conn_state state;
	enum ldm_data_version data_version;

	struct ldm_resolve *resolve;
	struct addrinfo *addresses, *address;
	struct ldm_transport_link transport;
	struct ldm_xmpp *xmpp;
	struct ldm_framer *framer;
	uint64_t deadline_ms;	      /* to be ready */
	uint64_t address_deadline_ms; /* to be connected, where there is another address to try */

	struct ldm_call_queue calls;
	struct ldm_call *reading; /* whose answer is being read; in no queue */

	uint64_t generation; /* of being open; to notice that a callback ended it */
	uint64_t prepared;   /* the generation that the poll set knows the descriptor of */
	unsigned busy;	     /* callbacks we are in */
	unsigned bad_events; /* refused since it was opened */
	bool freed;
	struct ldm_conn_counters counters;
	char *refusal; /* what was told last */
	uint64_t refusal_told_ms;
};

/* Ends it, tells everybody. error < 0; text is copied. */
void conn_fail(struct ldm_conn *c, enum ldm_closed reason, int error, const char *text);

/* Counts a document that broke a rule and tells which; the same one not all the time. */
void conn_refused(struct ldm_conn *c, const char *why);

void conn_set_state(struct ldm_conn *c, enum ldm_conn_state state);
/* Around everything that may call back: the connection is not freed within. */
void conn_enter(struct ldm_conn *c);
void conn_leave(struct ldm_conn *c);

/* One document of the framer, when ready. May end the connection. */
void conn_take_document(struct ldm_conn *c);

#endif
