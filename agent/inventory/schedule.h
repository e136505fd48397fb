/*
 * What is to be asked of ldmd, and when: whole lists as bits, single domains as targets.
 *
 * No I/O and no clock here: each call says what the time is, and schedule_next() what to ask then.
 * The load on ldmd follows from this alone. Storms of events end here: many targets become one
 * list-bindings for all, which has its own pace.
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
	bool plain;	  /* list-bindings said no: ask list-domain */
	bool constraints; /* it is read, and what waits for its reboot is to be read, too */
	struct waiter *waiters;
	size_t n_waiters;
};

struct schedule {
	/* Set by who owns it. */
	uint64_t interval_ms, detail_interval_ms, coalesce_ms; /* as in refresh.h */
	uint32_t (*random)(void *user);
	void *random_user;
	uint64_t pause_ms; /* no question before that: there was no memory for one */

	/* Events that cannot be had: how often that was seen in a row, and when to try again. */
	unsigned register_failures;
	uint64_t register_ms; /* 0: with the next connection */

	/* Of this connection; set by who owns it after schedule_connected(). */
	bool registered;    /* events were asked for */
	bool has_events;    /* and ldmd sends them */
	bool had_list;	    /* list-domain was answered */
	bool bindings_work; /* the last list-bindings was answered */

	uint32_t needs;
	uint64_t not_before_ms[N_LISTS]; /* by bit: coalescing, and pace under a storm */
	unsigned failures[N_LISTS];	 /* in a row, in this round of details */
	uint64_t list_due_ms, detail_due_ms;
	unsigned doubts;
	unsigned rounds; /* of details, since all lists were asked for */
	struct target **targets;
	size_t n_targets;
	bool lists_turn; /* the last question was about a single domain */
};

/* A new connection: everything is to be asked for. */
void schedule_connected(struct schedule *s, uint64_t now_ms);
/*
 * How the registration for events ended: 0, -EREMOTEIO if ldmd refused it, or what went wrong.
 * False: there are none for a while, and polling has to do.
 */
bool schedule_registered(struct schedule *s, int err, uint64_t now_ms);
/* value less up to a part-th of it. */
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

/* The next question, taken off the schedule. */
struct due schedule_next(struct schedule *s, uint64_t now_ms);
/* When there is one, as far as is known now. */
uint64_t schedule_deadline(const struct schedule *s, uint64_t now_ms);
/* Whether a long list is still to be asked for now. */
bool schedule_details_open(const struct schedule *s, uint64_t now_ms);

/* --- whole lists --------------------------------------------------------------------------- */

/* Asks for the lists after that delay. A list that is asked for already keeps its time. */
void schedule_lists(struct schedule *s, uint32_t needs, uint64_t now_ms, uint64_t delay_ms);
/* The list was answered, or failed, after that time: it is not asked for again at once. */
void schedule_list_done(struct schedule *s, uint32_t need, uint64_t now_ms, uint64_t duration_ms);
/* The list failed: asks for it again after refreshInterval, a few times. */
void schedule_list_failed(struct schedule *s, uint32_t need, uint64_t now_ms);
/* The answer to list-devices does not fit the domains: asks for both lists again, a few times. */
void schedule_doubt(struct schedule *s);
/* For domains that changed in list-domain: asks for the other lists, which show more of them. */
void schedule_after_list(struct schedule *s, const struct snapshot *before,
	const struct snapshot *now, uint64_t now_ms);
/* snapshot: has the names of the domains; may be NULL. false: the event asks for nothing. */
bool schedule_event(struct schedule *s, const struct ldm_event *event,
	const struct snapshot *snapshot, uint64_t now_ms);

/* --- single domains ------------------------------------------------------------------------ */

/* Asked for as soon as possible, and the callback is told. -ENOMEM. */
int schedule_waiter(
	struct schedule *s, const char *name, uint64_t now_ms, waiter_cb *cb, void *user);
/* Puts a target back in front; takes it over on success. -ENOMEM. */
int schedule_return(struct schedule *s, struct target *take, uint64_t now_ms);
/* All targets, handed over; to be freed by target_settle() each, then the list. */
struct target **schedule_take_targets(struct schedule *s, size_t *ret_n);
/* Forgets all targets; who waits is told nothing. */
void schedule_clear(struct schedule *s);

/* Tells who waits, then frees the target. */
void target_settle(struct target *take, int err, const struct domain *d, const struct snapshot *s);
void target_free(struct target *t);

#endif
