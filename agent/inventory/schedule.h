/*
 * What to ask ldmd, and when: whole lists as bits, single domains as targets.
 *
 * There is no I/O and no clock here: each call gives the time, and schedule_next() returns the
 * query that is due. A storm of events does not become a storm of queries: many targets become one
 * list-bindings for all domains, and a list is asked for again only after twice its duration.
 */
#ifndef INVENTORY_SCHEDULE_H
#define INVENTORY_SCHEDULE_H

#include "inventory/snapshot.h"

struct ldm_event;

/* Whole lists, in the order in which they are asked for. */
#define N_LISTS 6
enum list_need {
	NEED_LIST = 1 << 0, /* list-domain */
	NEED_BINDINGS = 1 << 1,
	NEED_CONSTRAINTS = 1 << 2,
	NEED_SERVICES = 1 << 3,
	NEED_SPCONFIG = 1 << 4,
	NEED_DEVICES = 1 << 5,
	NEED_DETAIL = NEED_BINDINGS | NEED_SERVICES | NEED_SPCONFIG | NEED_DEVICES,
};

/* As refresh_domain_cb in refresh.h. */
typedef void waiter_cb(void *user, int err, const struct domain *domain, const struct snapshot *s);

struct waiter {
	waiter_cb *cb;
	void *user;
};

/* One domain to be asked for. */
struct target {
	char *name;
	uint64_t due_ms;
	bool plain;	  /* list-bindings failed: ask list-domain */
	bool constraints; /* the domain was read; ask list-constraints for what it gets at reboot */
	struct waiter *waiters;
	size_t n_waiters;
};

struct schedule {
	/* Set by the owner. */
	uint64_t interval_ms, detail_interval_ms, coalesce_ms; /* as in refresh.h */
	uint32_t (*random)(void *user);
	void *random_user;
	uint64_t pause_ms; /* no query before this time, as one could not be sent */

	/* Failed registrations for events in a row, and when to register again. */
	unsigned register_failures;
	uint64_t register_ms; /* 0: with the next connection */

	/* Of this connection. The owner sets had_list and bindings_work. */
	bool registered;    /* the registration for events was answered, or is put off */
	bool has_events;    /* ldmd sends events */
	bool had_list;	    /* list-domain was answered */
	bool bindings_work; /* the last list-bindings was answered */

	uint32_t needs;
	uint64_t not_before_ms[N_LISTS]; /* by bit: to coalesce events, and to space out queries */
	unsigned failures[N_LISTS];	 /* by bit: in this round of details */
	uint64_t list_due_ms, detail_due_ms;
	unsigned doubts; /* repeats of list-devices in this round */
	unsigned rounds; /* rounds of details since the last one with all lists */
	struct target **targets;
	size_t n_targets;
	bool lists_turn; /* the last query was for a single domain, so a list is next */
};

/* A new connection: everything is to be asked for. */
void schedule_connected(struct schedule *s, uint64_t now_ms);
/*
 * The registration for events ended with err: 0, -EREMOTEIO if ldmd refused it, or another error.
 * False: there will be no events for ten minutes, until the next registration.
 */
bool schedule_registered(struct schedule *s, int err, uint64_t now_ms);
/* value, less a random amount below value / part. */
uint64_t schedule_jitter(struct schedule *s, uint64_t value, uint64_t part);

/* --- what to ask --------------------------------------------------------------------------- */

enum due_kind {
	DUE_NOTHING,
	DUE_EVENTS, /* register for events */
	DUE_LIST,
	DUE_DOMAIN,
};

struct due {
	enum due_kind kind;
	uint32_t need;	       /* DUE_LIST: one bit */
	struct target *target; /* DUE_DOMAIN: handed over */
};

/* The next query, taken off the schedule. */
struct due schedule_next(struct schedule *s, uint64_t now_ms);
/* When the next query is due, in ms of the same clock; CLOCK_NEVER: none. */
uint64_t schedule_deadline(const struct schedule *s, uint64_t now_ms);
/* Whether a list other than list-domain is due now. */
bool schedule_details_open(const struct schedule *s, uint64_t now_ms);

/* --- whole lists --------------------------------------------------------------------------- */

/* Asks for the lists after that delay. A list that is asked for already keeps its time. */
void schedule_lists(struct schedule *s, uint32_t needs, uint64_t now_ms, uint64_t delay_ms);
/* The list was answered, or failed, after duration_ms. The next query for it waits twice as long.
 */
void schedule_list_done(struct schedule *s, uint32_t need, uint64_t now_ms, uint64_t duration_ms);
/* The list failed: asks for it again after refreshInterval, at most three times in a round. */
void schedule_list_failed(struct schedule *s, uint32_t need, uint64_t now_ms);
/* The answer to list-devices does not fit the domains: asks for both lists again, at most three
 * times in a round. */
void schedule_doubt(struct schedule *s);
/* For domains that changed in list-domain: asks for the other lists, which show more of them. */
void schedule_after_list(struct schedule *s, const struct snapshot *before,
	const struct snapshot *now, uint64_t now_ms);
/* Asks for what the event may have changed. snapshot, for the names of the domains, may be NULL.
 * False: the event is unknown. */
bool schedule_event(struct schedule *s, const struct ldm_event *event,
	const struct snapshot *snapshot, uint64_t now_ms);

/* --- single domains ------------------------------------------------------------------------ */

/* Asks for the domain at once; target_settle() calls the callback. -ENOMEM. */
int schedule_waiter(
	struct schedule *s, const char *name, uint64_t now_ms, waiter_cb *cb, void *user);
/* Puts a target back in front; takes it over on success. -ENOMEM. */
int schedule_return(struct schedule *s, struct target *take, uint64_t now_ms);
/* All targets. The caller ends each with target_settle() and frees the array. */
struct target **schedule_take_targets(struct schedule *s, size_t *ret_n);
/* Frees all targets without a callback. */
void schedule_clear(struct schedule *s);

/* Calls the callbacks, then frees the target. */
void target_settle(struct target *take, int err, const struct domain *d, const struct snapshot *s);
void target_free(struct target *t);

#endif
