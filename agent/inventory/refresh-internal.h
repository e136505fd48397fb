/*
 * What the files of the refresh share.
 *
 *   refresh.c        life, connection, back-off, publishing
 *   refresh-agenda.c what is to be asked, and when
 *   refresh-query.c  asking it, and using the answer
 *   refresh-events.c what an event of ldmd means for the agenda
 */
#ifndef INVENTORY_REFRESH_INTERNAL_H
#define INVENTORY_REFRESH_INTERNAL_H

#include "inventory/assemble.h"
#include "inventory/refresh.h"
#include "ldm/conn.h"

#define REFRESH_TOKEN "inventory:refresh"

enum refresh_state {
	REFRESH_IDLE, /* waits until retry_ms */
	REFRESH_CONNECTING,
	REFRESH_CONNECTED,
};

/* Whole lists, in the order in which they are asked for. */
#define N_NEEDS 6
enum refresh_need {
	NEED_LIST = 1 << 0,
	NEED_BINDINGS = 1 << 1,
	NEED_CONSTRAINTS = 1 << 2,
	NEED_SERVICES = 1 << 3,
	NEED_SPCONFIG = 1 << 4,
	NEED_DEVICES = 1 << 5,
	NEED_DETAIL = NEED_BINDINGS | NEED_SERVICES | NEED_SPCONFIG | NEED_DEVICES,
};

struct waiter {
	refresh_domain_cb *cb;
	void *user;
};

/* One domain to be asked for. */
struct target {
	char *name;
	uint64_t due_ms;
	bool plain; /* list-bindings said no: ask list-domain */
	struct waiter *waiters;
	size_t n_waiters;
};

struct names {
	char **items;
	size_t n;
};

/* The one question that is on its way. */
struct query {
	bool running;
	bool is_register;
	enum build_source source;
	uint32_t need;	       /* bit of a whole list; 0 for a target */
	struct target *target; /* owned; NULL for a whole list */
	struct draft *draft;
	struct names keep; /* domains on which a command ended meanwhile */
	bool spoiled;	   /* one of them could not be noted: the answer is of no use */
	uint64_t started_ms;
};

struct refresh {
	struct refresh_config config;
	const struct ldm_endpoint *endpoint;
	struct registry *registry;
	struct refresh_ops ops;
	void *user;

	enum refresh_state state;
	struct ldm_conn *conn;
	uint64_t now_ms;
	uint64_t retry_ms;
	uint64_t pause_ms; /* no question before that: there was no memory for one */
	unsigned attempts; /* since a connection that lasted */
	uint64_t connected_ms;
	uint64_t random_state;
	char *logged_error; /* so that each trouble is logged once */
	bool refusal_counted;

	/* Of this connection. */
	bool registered, register_again, had_list, bindings_work, services_work, version_changed,
		on_version_2;

	uint32_t needs;
	uint64_t not_before_ms[N_NEEDS]; /* by bit: coalescing, and pace under a storm */
	unsigned failures[N_NEEDS];	 /* in a row, in this round of details */
	uint64_t list_due_ms, detail_due_ms;
	unsigned doubts;
	struct target **targets;
	size_t n_targets;
	bool lists_turn; /* the last question was about a single domain */
	struct query query;

	const struct snapshot *snapshot;
	bool published;
	uint64_t publish_ms; /* the first snapshot goes out then at the latest */
	struct ldm_status status;
	bool status_dirty;
};

/* refresh.c */
void refresh_publish(struct refresh *r, const struct snapshot *take);
void refresh_maybe_publish_first(struct refresh *r);
/* Remembers the error for the scalars and logs it unless it is the one logged last. */
void refresh_trouble(struct refresh *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* For the scalars only: it was logged by who found it. */
void refresh_note(struct refresh *r, const char *text);
void refresh_no_trouble(struct refresh *r);
void refresh_set_link(struct refresh *r, enum link_state link);
/* value less up to a tenth. */
uint64_t refresh_jitter(struct refresh *r, uint64_t value);

/* refresh-agenda.c */
void agenda_connected(struct refresh *r);
void agenda_clear(struct refresh *r);
void agenda_need(struct refresh *r, uint32_t needs, uint64_t delay_ms);
/* An event asks for these lists, after the coalescing time. */
void agenda_need_soon(struct refresh *r, uint32_t needs);
/* The next list to ask for now; 0: none. */
uint32_t agenda_next_need(const struct refresh *r);
/* The list was answered, or failed, after that time: the same one not at once again. */
void agenda_need_done(struct refresh *r, uint32_t need, uint64_t duration_ms);
/* The list failed: again in the pace of list-domain, a few times. */
void agenda_need_failed(struct refresh *r, uint32_t need);
/* Whether a list of the first round is still to be asked for now. */
bool agenda_details_open(const struct refresh *r);
/* Brings timers into needs. */
void agenda_tick(struct refresh *r);
uint64_t agenda_deadline(const struct refresh *r);
/* Ask for this domain, after the coalescing time. */
int agenda_add_target(struct refresh *r, const char *name);
int agenda_add_waiter(struct refresh *r, const char *name, refresh_domain_cb *cb, void *user);
/* Puts a target back in front. Takes it over. */
int agenda_return_target(struct refresh *r, struct target *take);
/* The next target to ask for now, taken out; NULL: none. urgent: only those someone waits for. */
struct target *agenda_next_target(struct refresh *r, bool urgent);
/* list-bindings for all is about to answer all targets nobody waits for. */
void agenda_drop_idle_targets(struct refresh *r);
void agenda_after_list(struct refresh *r, const struct snapshot *before);
void target_free(struct target *t);
void target_settle(struct target *take, int err, const struct domain *d, const struct snapshot *s);
void agenda_fail_waiters(struct refresh *r, int err);

int names_add(struct names *n, const char *name);
bool names_have(const struct names *n, const char *name);
void names_clear(struct names *n);

/* refresh-query.c */
void query_advance(struct refresh *r);
void query_clear(struct refresh *r);

/* refresh-events.c */
void refresh_take_event(struct refresh *r, const struct ldm_event *event);

#endif
