/*
 * State of the connection to ldmd, and counters, for the manager scalars. The ldm thread gives the
 * snmp thread a copy.
 */
#ifndef INVENTORY_STATUS_H
#define INVENTORY_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum link_state {
	LINK_UP = 1, /* connected, and the last query was answered */
	LINK_CONNECTING = 2,
	LINK_DOWN = 3,	       /* waiting for the next attempt */
	LINK_UNAUTHORISED = 4, /* ldmd refuses the login or the queries */
	LINK_SLOW = 5,	       /* connected; a query is unanswered longer than the interval */
};

struct ldm_status {
	enum link_state link;
	char *last_error;	   /* NULL: none yet */
	uint64_t last_error_ms;	   /* monotonic; 0: never */
	uint64_t link_changed_ms;  /* monotonic */
	uint64_t last_good_ms;	   /* monotonic; last good answer about all domains; 0: never */
	uint64_t last_duration_ms; /* of the last such query */
	uint64_t interval_ms;	 /* between such queries; longer than configured if ldmd is slow */
	bool events;		 /* ldmd sends events */
	bool registry_failed;	 /* index registry cannot be written */
	bool registry_recovered; /* index registry was damaged at start */
	uint64_t queries, query_failures, timeouts, connects, disconnects;
	uint64_t events_received, events_unknown;
	uint64_t documents_refused; /* documents that broke a rule and were not used */
	uint64_t snapshots;
};

/* Free the copy with ldm_status_clear(). -ENOMEM: only last_error is missing in the copy. */
int ldm_status_copy(const struct ldm_status *s, struct ldm_status *ret);
void ldm_status_clear(struct ldm_status *s);
const char *link_state_name(enum link_state state);

#endif
