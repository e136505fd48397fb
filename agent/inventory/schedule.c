/*
 * Lists by bit, targets by name, and what an event of ldmd means for them.
 */
#include "inventory/schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ldm/document.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"

/* More single queries than this, or than a quarter of the domains, cost more than one for all. */
#define TARGETS_MIN 8
/* How often a long list that failed is asked for again before the next round. */
#define FAILURES_MAX 3
/* How often a list-devices that does not fit the domains is repeated before the next round. */
#define DOUBTS_MAX 3
/* One round of details in so many asks also for the lists whose changes are events. */
#define FULL_ROUNDS 10
/* Time until the next registration for events after a refused one. */
#define REGISTER_AGAIN_MS 600000
/* If the connection is lost this often in a row while registering, registering is the cause. */
#define REGISTER_FAILURES_MAX 2

void schedule_connected(struct schedule *s, uint64_t now_ms)
{
	s->registered = now_ms < s->register_ms;
	s->had_list = false;
	s->bindings_work = true;
	s->has_events = false;
	s->needs = NEED_LIST | NEED_DETAIL;
	s->doubts = 0;
	s->rounds = 0;
	memset(s->failures, 0, sizeof(s->failures));
	memset(s->not_before_ms, 0, sizeof(s->not_before_ms));
	s->list_due_ms = CLOCK_NEVER;
	s->detail_due_ms = clock_after(now_ms, s->detail_interval_ms);
}

bool schedule_registered(struct schedule *s, int err, uint64_t now_ms)
{
	bool answered = err == -EREMOTEIO || err == -EBADMSG || err == -EPROTO;

	s->registered = true;
	s->has_events = err == 0;
	s->register_ms = 0;
	if (err == 0) {
		s->register_failures = 0;
		return true;
	}
	if (!answered && ++s->register_failures < REGISTER_FAILURES_MAX)
		return true;
	s->register_ms = clock_after(now_ms, REGISTER_AGAIN_MS);
	return false;
}

uint64_t schedule_jitter(struct schedule *s, uint64_t value, uint64_t part)
{
	uint64_t most = value / part;

	return most ? value - s->random(s->random_user) % most : value;
}

/* --- whole lists --------------------------------------------------------------------------- */

static void postpone(struct schedule *s, uint32_t needs, uint64_t at_ms)
{
	for (unsigned bit = 0; bit < N_LISTS; bit++)
		if ((needs & 1u << bit) && s->not_before_ms[bit] < at_ms)
			s->not_before_ms[bit] = at_ms;
}

void schedule_lists(struct schedule *s, uint32_t needs, uint64_t now_ms, uint64_t delay_ms)
{
	/* A list asked for already keeps its time; else a steady flow of events would put it off.
	 */
	postpone(s, needs & ~s->needs, clock_after(now_ms, delay_ms));
	s->needs |= needs;
}

/* For an event, after the coalescing time. */
static void schedule_lists_soon(struct schedule *s, uint32_t needs, uint64_t now_ms)
{
	schedule_lists(s, needs, now_ms, s->coalesce_ms);
}

void schedule_list_done(struct schedule *s, uint32_t need, uint64_t now_ms, uint64_t duration_ms)
{
	postpone(s, need, clock_after(now_ms, 2 * duration_ms));
}

void schedule_list_failed(struct schedule *s, uint32_t need, uint64_t now_ms)
{
	if (++s->failures[ffs((int)need) - 1] > FAILURES_MAX)
		return;
	postpone(s, need, clock_after(now_ms, s->interval_ms));
	s->needs |= need;
}

void schedule_doubt(struct schedule *s)
{
	if (s->doubts++ < DOUBTS_MAX)
		s->needs |= NEED_LIST | NEED_DEVICES;
}

/* The first list that is due, as a bit; 0: none. */
static uint32_t due_list(const struct schedule *s, uint32_t among, uint64_t now_ms)
{
	for (unsigned bit = 0; bit < N_LISTS; bit++)
		if ((s->needs & among & 1u << bit) && s->not_before_ms[bit] <= now_ms)
			return 1u << bit;
	return 0;
}

bool schedule_details_open(const struct schedule *s, uint64_t now_ms)
{
	return due_list(s, ~(uint32_t)NEED_LIST, now_ms) != 0;
}

/* --- single domains ------------------------------------------------------------------------ */

void target_free(struct target *t)
{
	if (!t)
		return;
	free(t->waiters);
	free(t->name);
	free(t);
}

void target_settle(struct target *take, int err, const struct domain *d, const struct snapshot *s)
{
	for (size_t i = 0; i < take->n_waiters; i++)
		take->waiters[i].cb(take->waiters[i].user, err, d, s);
	target_free(take);
}

static struct target *find_target(const struct schedule *s, const char *name)
{
	for (size_t i = 0; i < s->n_targets; i++)
		if (strcmp(s->targets[i]->name, name) == 0)
			return s->targets[i];
	return NULL;
}

static int put_target(struct schedule *s, struct target *take)
{
	struct target **place = array_append(&s->targets, &s->n_targets, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = take;
	return 0;
}

static int new_target(struct schedule *s, const char *name, uint64_t due_ms, struct target **ret)
{
	struct target *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->due_ms = due_ms;
	t->name = strdup(name);
	if (!t->name || put_target(s, t) < 0) {
		target_free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

static struct target *remove_target(struct schedule *s, size_t at)
{
	struct target *t = s->targets[at];

	memmove(&s->targets[at], &s->targets[at + 1],
		(s->n_targets - at - 1) * sizeof(struct target *));
	s->n_targets--;
	return t;
}

/* list-bindings for all domains makes the targets that nobody waits for superfluous. */
static void drop_idle_targets(struct schedule *s)
{
	for (size_t i = s->n_targets; i > 0; i--)
		if (s->targets[i - 1]->n_waiters == 0)
			target_free(remove_target(s, i - 1));
}

/* Asks for the domain after the coalescing time. -ENOMEM. */
static int schedule_domain(
	struct schedule *s, const char *name, const struct snapshot *snapshot, uint64_t now_ms)
{
	size_t quarter = snapshot ? snapshot->n_domains / 4 : 0;
	struct target *t;

	/*
	 * A list-bindings for all that is on the schedule shows this domain too, unless the last
	 * one failed.
	 */
	if (((s->needs & NEED_BINDINGS) && s->bindings_work) || find_target(s, name))
		return 0;
	if (s->n_targets < (quarter > TARGETS_MIN ? quarter : TARGETS_MIN))
		return new_target(s, name, clock_after(now_ms, s->coalesce_ms), &t);
	schedule_lists_soon(s, NEED_LIST | NEED_BINDINGS, now_ms);
	drop_idle_targets(s);
	return 0;
}

int schedule_waiter(
	struct schedule *s, const char *name, uint64_t now_ms, waiter_cb *cb, void *user)
{
	struct target *t = find_target(s, name);
	int r = t ? 0 : new_target(s, name, now_ms, &t);

	if (r < 0)
		return r;
	struct waiter *w = array_append(&t->waiters, &t->n_waiters, sizeof(*w));
	if (!w)
		return -ENOMEM;
	*w = (struct waiter){.cb = cb, .user = user};
	t->due_ms = now_ms;
	return 0;
}

/* Moves the waiters of `from` to `into` and frees `from`. -ENOMEM. */
static int join_targets(struct target *into, struct target *from)
{
	size_t n = into->n_waiters + from->n_waiters;
	struct waiter *more = reallocarray(into->waiters, n ? n : 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	into->waiters = more;
	for (size_t i = 0; i < from->n_waiters; i++)
		more[into->n_waiters++] = from->waiters[i];
	into->plain |= from->plain;
	into->due_ms = from->due_ms;
	target_free(from);
	return 0;
}

int schedule_return(struct schedule *s, struct target *take, uint64_t now_ms)
{
	struct target *t = find_target(s, take->name);

	take->due_ms = now_ms;
	return t ? join_targets(t, take) : put_target(s, take);
}

struct target **schedule_take_targets(struct schedule *s, size_t *ret_n)
{
	struct target **targets = s->targets;

	*ret_n = s->n_targets;
	s->targets = NULL;
	s->n_targets = 0;
	return targets;
}

void schedule_clear(struct schedule *s)
{
	for (size_t i = 0; i < s->n_targets; i++)
		target_free(s->targets[i]);
	free(s->targets);
	s->targets = NULL;
	s->n_targets = 0;
}

/* --- what to ask --------------------------------------------------------------------------- */

/*
 * Asks for the lists that may have changed without an event: list-bindings has the load of CPUs,
 * and a hardware fault may take free devices. Every change of services and SP configurations is an
 * event. If the round is late, the agent stood still and may have lost events: all lists.
 */
static void begin_round(struct schedule *s, uint64_t now_ms)
{
	bool late = now_ms > clock_after(s->detail_due_ms, s->detail_interval_ms);
	bool all = !s->has_events || late || ++s->rounds >= FULL_ROUNDS;

	s->needs |= all ? NEED_DETAIL : NEED_BINDINGS | NEED_DEVICES;
	if (all)
		s->rounds = 0;
	s->doubts = 0;
	memset(s->failures, 0, sizeof(s->failures));
	s->detail_due_ms = clock_after(now_ms, schedule_jitter(s, s->detail_interval_ms, 10));
}

/* Turns timers that have run out into needs. */
static void tick(struct schedule *s, uint64_t now_ms)
{
	if (now_ms >= s->list_due_ms) {
		s->needs |= NEED_LIST;
		s->list_due_ms = CLOCK_NEVER;
	}
	if (now_ms >= s->detail_due_ms)
		begin_round(s, now_ms);
	if (s->register_ms && now_ms >= s->register_ms)
		s->registered = false;
}

static struct target *take_due_target(struct schedule *s, bool waited_for, uint64_t now_ms)
{
	for (size_t i = 0; i < s->n_targets; i++) {
		const struct target *t = s->targets[i];

		if (t->due_ms <= now_ms && (!waited_for || t->n_waiters > 0))
			return remove_target(s, i);
	}
	return NULL;
}

static struct due take_list(struct schedule *s, uint32_t need)
{
	s->needs &= ~need;
	if (need == NEED_BINDINGS)
		drop_idle_targets(s);
	return (struct due){.kind = DUE_LIST, .need = need};
}

/*
 * The order: domains that somebody waits for, list-domain, then other single domains and the other
 * lists by turns, because a steady flow of events must not put the lists off for ever.
 */
struct due schedule_next(struct schedule *s, uint64_t now_ms)
{
	struct target *target = NULL;

	if (now_ms < s->pause_ms)
		return (struct due){.kind = DUE_NOTHING};
	tick(s, now_ms);
	uint32_t need = due_list(s, ~0u, now_ms);
	if (!s->registered)
		return (struct due){.kind = DUE_EVENTS};
	if (s->had_list)
		target = take_due_target(s, true, now_ms);
	if (!target && need == NEED_LIST)
		return take_list(s, NEED_LIST);
	if (!target && s->had_list && !(need && s->lists_turn))
		target = take_due_target(s, false, now_ms);
	s->lists_turn = target != NULL;
	if (target)
		return (struct due){.kind = DUE_DOMAIN, .target = target};
	if (need && s->had_list)
		return take_list(s, need);
	return (struct due){.kind = DUE_NOTHING};
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t lists_deadline(const struct schedule *s, uint32_t among)
{
	uint64_t at = CLOCK_NEVER;

	for (unsigned bit = 0; bit < N_LISTS; bit++)
		if (s->needs & among & 1u << bit)
			at = earlier(at, s->not_before_ms[bit]);
	return at;
}

uint64_t schedule_deadline(const struct schedule *s, uint64_t now_ms)
{
	uint64_t at = s->list_due_ms;

	if (!s->registered)
		at = now_ms;
	else if (!s->had_list)
		at = earlier(at, lists_deadline(s, NEED_LIST));
	else
		at = earlier(earlier(at, s->detail_due_ms), lists_deadline(s, ~0u));
	if (s->register_ms)
		at = earlier(at, s->register_ms);
	for (size_t i = 0; s->had_list && i < s->n_targets; i++)
		at = earlier(at, s->targets[i]->due_ms);
	return at > s->pause_ms ? at : s->pause_ms;
}

/* --- differences ---------------------------------------------------------------------------- */

/* Whether list-domain shows a difference whose details only list-bindings shows. */
static bool wants_detail(const struct domain *before, const struct domain *now)
{
	if (now->row_status != ROW_ACTIVE)
		return false;
	return !before || before->state != now->state || before->num_vcpu != now->num_vcpu ||
	       before->mem_bytes != now->mem_bytes || before->num_crypto != now->num_crypto;
}

static bool lacks_constraints(const struct domain *d)
{
	const uint32_t both = KNOWN_VCPU | KNOWN_MEMORY;

	return d->state == DOMAIN_INACTIVE && (d->known & both) != both;
}

void schedule_after_list(struct schedule *s, const struct snapshot *before,
	const struct snapshot *now, uint64_t now_ms)
{
	for (size_t i = 0; i < now->n_domains; i++) {
		const struct domain *d = now->domains[i];
		const struct domain *old = snapshot_find_index(before, d->index);

		if (old == d || !wants_detail(old, d))
			continue;
		if (s->bindings_work && schedule_domain(s, d->name, now, now_ms) < 0)
			s->needs |= NEED_BINDINGS;
		if (lacks_constraints(d))
			s->needs |= NEED_CONSTRAINTS;
	}
}

/* --- events -------------------------------------------------------------------------------- */

/* Actions as events name them. Guides write "crypto" for events, "mau" for actions: both count. */
static const char *const about_domain[] = {"add-domain", "bind-domain", "unbind-domain",
	"start-domain", "stop-domain", "domain-reset", "reset-domain", "panic-domain", "set-domain",
	"migration-process", "cancel-operation", "remove-reconf", "add-vcpu", "set-vcpu",
	"remove-vcpu", "add-crypto", "set-crypto", "remove-crypto", "add-mau", "set-mau",
	"remove-mau", "add-memory", "set-memory", "remove-memory", "add-io", "set-io", "remove-io",
	"add-variable", "set-variable", "remove-variable", "add-vdisk", "set-vdisk", "remove-vdisk",
	"add-vnet", "set-vnet", "remove-vnet", "set-vconsole", "add-policy", "set-policy",
	"remove-policy", "add-vdpcc", "remove-vdpcc", NULL};
static const char *const domain_leaves[] = {"remove-domain", "migrate-domain", NULL};
static const char *const about_services[] = {"add-vconscon", "set-vconscon", "remove-vconscon",
	"add-vdiskserver", "remove-vdiskserver", "add-vdiskserverdevice", "set-vdiskserverdevice",
	"remove-vdiskserverdevice", "add-vswitch", "set-vswitch", "remove-vswitch", "add-vdpcs",
	"remove-vdpcs", NULL};
static const char *const about_spconfigs[] = {
	"add-spconfig", "set-spconfig", "remove-spconfig", NULL};

static const struct event_meaning {
	const char *const *actions;
	uint32_t needs; /* lists; 0: the domain that the event names */
} meanings[] = {
	{about_domain, 0},
	{domain_leaves, NEED_LIST}, /* only list-domain for all shows that a domain is gone */
	{about_services, NEED_SERVICES},
	{about_spconfigs, NEED_SPCONFIG},
};

static const struct event_meaning *meaning_of(const char *action)
{
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		for (const char *const *known = meanings[i].actions; *known; known++)
			if (strcasecmp(*known, action) == 0)
				return &meanings[i];
	return NULL;
}

/* The name as the snapshot spells it: the vendor's client ignores case in names of events. */
static const char *spelling(const struct snapshot *s, const char *name)
{
	if (!s || snapshot_find_name(s, name))
		return name;
	for (size_t i = 0; i < s->n_domains; i++)
		if (strcasecmp(s->domains[i]->name, name) == 0)
			return s->domains[i]->name;
	return name;
}

bool schedule_event(struct schedule *s, const struct ldm_event *event,
	const struct snapshot *snapshot, uint64_t now_ms)
{
	const struct event_meaning *meaning = meaning_of(event->action);

	if (!meaning)
		return false;
	uint32_t needs = meaning->needs;
	if (!needs) {
		if (!event->domain ||
			schedule_domain(s, spelling(snapshot, event->domain), snapshot, now_ms) < 0)
			needs = NEED_LIST | NEED_BINDINGS;
		/* When a migration ends, the domain is gone from this host, or new on it. */
		if (event->status && strcasecmp(event->status, "done") == 0)
			needs |= NEED_LIST;
	}
	schedule_lists_soon(s, needs, now_ms);
	return true;
}
