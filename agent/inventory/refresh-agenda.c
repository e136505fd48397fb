/*
 * What is to be asked, and when: whole lists as bits, single domains as targets.
 *
 * Storms end here: many targets become one list-bindings for all, which has its own pace.
 */
#include "inventory/refresh-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

/* More single questions than that are dearer than one for all. */
#define TARGETS_MIN 8
/* How often a long list that failed is asked for again before the next round. */
#define FAILURES_MAX 3

int names_add(struct names *n, const char *name)
{
	char *copy = strdup(name);
	char **more;

	more = reallocarray(n->items, n->n + 1, sizeof(*more));
	if (more)
		n->items = more;
	if (!more || !copy) {
		free(copy);
		return -ENOMEM;
	}
	n->items[n->n++] = copy;
	return 0;
}

bool names_have(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->items[i], name) == 0)
			return true;
	return false;
}

void names_clear(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->items[i]);
	free(n->items);
	*n = (struct names){0};
}

void target_free(struct target *t)
{
	if (!t)
		return;
	free(t->waiters);
	free(t->name);
	free(t);
}

static struct target *target_new(const char *name, uint64_t due_ms)
{
	struct target *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->due_ms = due_ms;
	t->name = strdup(name);
	if (t->name)
		return t;
	free(t);
	return NULL;
}

void target_settle(struct target *take, int err, const struct domain *d, const struct snapshot *s)
{
	for (size_t i = 0; i < take->n_waiters; i++)
		take->waiters[i].cb(take->waiters[i].user, err, d, s);
	target_free(take);
}

static struct target *find_target(const struct refresh *r, const char *name)
{
	for (size_t i = 0; i < r->n_targets; i++)
		if (strcmp(r->targets[i]->name, name) == 0)
			return r->targets[i];
	return NULL;
}

static int put_target(struct refresh *r, struct target *take)
{
	struct target **more = reallocarray(r->targets, r->n_targets + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	r->targets = more;
	r->targets[r->n_targets++] = take;
	return 0;
}

static int new_target(struct refresh *r, const char *name, uint64_t due_ms, struct target **ret)
{
	struct target *t = target_new(name, due_ms);

	if (!t)
		return -ENOMEM;
	if (put_target(r, t) < 0) {
		target_free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

static size_t too_many(const struct refresh *r)
{
	size_t quarter = r->snapshot ? r->snapshot->n_domains / 4 : 0;

	return quarter > TARGETS_MIN ? quarter : TARGETS_MIN;
}

/* Who is asked for all is asked about each. */
static bool bindings_soon(const struct refresh *r)
{
	/* Not one that failed and waits; one that paces a storm is good enough. */
	return (r->needs & NEED_BINDINGS) && r->bindings_work;
}

int agenda_add_target(struct refresh *r, const char *name)
{
	struct target *t;

	if (bindings_soon(r) || find_target(r, name))
		return 0;
	if (r->n_targets < too_many(r))
		return new_target(r, name, clock_after(r->now_ms, r->config.coalesce_ms), &t);
	agenda_need_soon(r, NEED_LIST | NEED_BINDINGS);
	agenda_drop_idle_targets(r);
	return 0;
}

int agenda_add_waiter(struct refresh *r, const char *name, refresh_domain_cb *cb, void *user)
{
	struct target *t = find_target(r, name);
	struct waiter *more;
	int rc = t ? 0 : new_target(r, name, r->now_ms, &t);

	if (rc < 0)
		return rc;
	more = reallocarray(t->waiters, t->n_waiters + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	t->waiters = more;
	t->waiters[t->n_waiters++] = (struct waiter){.cb = cb, .user = user};
	t->due_ms = r->now_ms;
	return 0;
}

static int join_waiters(struct target *into, struct target *from)
{
	size_t n = into->n_waiters + from->n_waiters;
	struct waiter *more = reallocarray(into->waiters, n ? n : 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	into->waiters = more;
	memcpy(more + into->n_waiters, from->waiters ? from->waiters : more,
		from->n_waiters * sizeof(*more));
	into->n_waiters = n;
	into->plain |= from->plain;
	into->due_ms = from->due_ms;
	from->n_waiters = 0;
	return 0;
}

int agenda_return_target(struct refresh *r, struct target *take)
{
	struct target *t = find_target(r, take->name);
	int rc;

	take->due_ms = r->now_ms;
	rc = t ? join_waiters(t, take) : put_target(r, take);
	if (rc < 0)
		target_settle(take, rc, NULL, NULL);
	else if (t)
		target_free(take);
	return rc;
}

static struct target *remove_target(struct refresh *r, size_t at)
{
	struct target *t = r->targets[at];

	memmove(&r->targets[at], &r->targets[at + 1],
		(r->n_targets - at - 1) * sizeof(*r->targets));
	r->n_targets--;
	return t;
}

struct target *agenda_next_target(struct refresh *r, bool urgent)
{
	for (size_t i = 0; i < r->n_targets; i++) {
		const struct target *t = r->targets[i];

		if (t->due_ms <= r->now_ms && (!urgent || t->n_waiters > 0))
			return remove_target(r, i);
	}
	return NULL;
}

void agenda_drop_idle_targets(struct refresh *r)
{
	for (size_t i = r->n_targets; i > 0; i--)
		if (r->targets[i - 1]->n_waiters == 0)
			target_free(remove_target(r, i - 1));
}

void agenda_fail_waiters(struct refresh *r, int err)
{
	struct target **targets = r->targets;
	size_t n = r->n_targets;

	/* Callbacks may add new ones. */
	r->targets = NULL;
	r->n_targets = 0;
	for (size_t i = 0; i < n; i++)
		target_settle(targets[i], err, NULL, NULL);
	free(targets);
}

void agenda_clear(struct refresh *r)
{
	for (size_t i = 0; i < r->n_targets; i++)
		target_free(r->targets[i]);
	free(r->targets);
	r->targets = NULL;
	r->n_targets = 0;
}

void agenda_connected(struct refresh *r)
{
	r->needs = NEED_LIST | NEED_DETAIL;
	r->doubts = 0;
	memset(r->failures, 0, sizeof(r->failures));
	memset(r->not_before_ms, 0, sizeof(r->not_before_ms));
	r->list_due_ms = CLOCK_NEVER;
	r->detail_due_ms = clock_after(r->now_ms, r->config.detail_interval_ms);
}

static void postpone(struct refresh *r, uint32_t needs, uint64_t delay_ms)
{
	uint64_t at = clock_after(r->now_ms, delay_ms);

	for (unsigned bit = 0; bit < N_NEEDS; bit++)
		if ((needs & 1u << bit) && r->not_before_ms[bit] < at)
			r->not_before_ms[bit] = at;
}

void agenda_need(struct refresh *r, uint32_t needs, uint64_t delay_ms)
{
	/* What is asked for already keeps its time, or a steady flow would put it off for ever. */
	postpone(r, needs & ~r->needs, delay_ms);
	r->needs |= needs;
}

void agenda_need_soon(struct refresh *r, uint32_t needs)
{
	agenda_need(r, needs, r->config.coalesce_ms);
}

uint32_t agenda_next_need(const struct refresh *r)
{
	for (unsigned bit = 0; bit < N_NEEDS; bit++)
		if ((r->needs & 1u << bit) && r->not_before_ms[bit] <= r->now_ms)
			return 1u << bit;
	return 0;
}

void agenda_need_done(struct refresh *r, uint32_t need, uint64_t duration_ms)
{
	postpone(r, need, 2 * duration_ms);
}

void agenda_need_failed(struct refresh *r, uint32_t need)
{
	for (unsigned bit = 0; bit < N_NEEDS; bit++) {
		if (!(need & 1u << bit) || ++r->failures[bit] > FAILURES_MAX)
			continue;
		postpone(r, need, r->config.interval_ms);
		r->needs |= need;
	}
}

bool agenda_details_open(const struct refresh *r)
{
	for (unsigned bit = 1; bit < N_NEEDS; bit++)
		if ((r->needs & 1u << bit) && r->not_before_ms[bit] <= r->now_ms)
			return true;
	return false;
}

static void begin_round(struct refresh *r)
{
	r->needs |= NEED_DETAIL;
	r->doubts = 0;
	memset(r->failures, 0, sizeof(r->failures));
	r->detail_due_ms = clock_after(r->now_ms, refresh_jitter(r, r->config.detail_interval_ms));
	if (r->register_again)
		r->registered = false;
}

void agenda_tick(struct refresh *r)
{
	if (r->now_ms >= r->list_due_ms) {
		r->needs |= NEED_LIST;
		r->list_due_ms = CLOCK_NEVER;
	}
	if (r->now_ms >= r->detail_due_ms)
		begin_round(r);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t need_deadline(const struct refresh *r, uint32_t among)
{
	uint64_t at = CLOCK_NEVER;

	for (unsigned bit = 0; bit < N_NEEDS; bit++)
		if (r->needs & among & 1u << bit)
			at = earlier(at, r->not_before_ms[bit]);
	return at;
}

uint64_t agenda_deadline(const struct refresh *r)
{
	uint64_t at = r->list_due_ms;

	if (!r->registered)
		at = r->now_ms;
	else if (!r->had_list)
		at = earlier(at, need_deadline(r, NEED_LIST));
	else
		at = earlier(earlier(at, r->detail_due_ms), need_deadline(r, ~0u));
	for (size_t i = 0; r->had_list && i < r->n_targets; i++)
		at = earlier(at, r->targets[i]->due_ms);
	return at > r->pause_ms ? at : r->pause_ms;
}

/* The short list says that something is different which only the long one shows. */
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

	return d->row_status == ROW_ACTIVE && d->state == DOMAIN_INACTIVE &&
	       (d->known & both) != both;
}

void agenda_after_list(struct refresh *r, const struct snapshot *before)
{
	const struct snapshot *now = r->snapshot;

	for (size_t i = 0; i < now->n_domains; i++) {
		const struct domain *d = now->domains[i];
		const struct domain *old = snapshot_find_index(before, d->index);

		if (old != d && r->bindings_work && wants_detail(old, d) &&
			agenda_add_target(r, d->name) < 0)
			r->needs |= NEED_BINDINGS;
		if (lacks_constraints(d) && wants_detail(old, d))
			r->needs |= NEED_CONSTRAINTS;
	}
}
