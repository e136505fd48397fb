/*
 * See control.h. A PDU has an entry from RESERVE until neither the master nor the ldm thread has
 * anything more to say about it. These entries tell what is under way, without asking the ldm
 * thread.
 */
#include "control/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/permit.h"
#include "control/handover.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text.h"

/* A PDU without a step to run needs an entry, but no place in the queue of transactions. */
#define ENTRIES_MAX ((size_t)2 * HANDOVER_PLANS)
/*
 * An UndoSet that another subagent's failure causes may come when the PDU's setWait is over. The
 * phase still waits, DROP_MS at least, so that the ldm thread can drop a transaction that has sent
 * nothing; ROLLBACK_MS, for a rollback, unless the last wait ended without a verdict.
 */
#define DROP_MS	    20
#define ROLLBACK_MS 100
/* How long the entry of a PDU is kept while the master sends nothing more about the PDU. */
#define RESERVE_MS 60000
/* How many done transactions may hold a place because an UndoSet may still come. */
#define UNDOABLE_MAX ((size_t)HANDOVER_PLANS / 2)

struct entry {
	struct entry *next;
	struct control_key key;
	uint64_t tested_ms, started_ms; /* when its first TestSet and its CommitSet came */
	uint64_t quiet_since_ms;	/* since when only the master's next message is missing */
	const struct snapshot *prechecked_by;
	struct transaction *t; /* once started: only the parts that run, maybe none */
	bool started, undo_asked;
	bool released;	  /* the master is done with the PDU: its key finds nothing any more */
	bool join_failed; /* the SET that this one was to join is rolled back */
	struct verdict verdict;
};

struct control {
	struct control_config config;
	struct handover *handover;
	struct entry *entries; /* in the order they came */
	size_t n_entries;
	struct repeats repeats;
	struct wait_budget budget;
	struct control_refusal refusal;
};

int control_new(const struct control_config *config, struct handover *h, struct control **ret)
{
	struct control *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->handover = h;
	control_configure(c, config);
	*ret = c;
	return 0;
}

void control_configure(struct control *c, const struct control_config *config)
{
	c->config = *config;
}

static void entry_free(struct entry *e)
{
	snapshot_unref(e->prechecked_by);
	transaction_unref(e->t);
	free(e);
}

static void refusal_clear(struct control_refusal *r)
{
	free(r->text);
	free(r->object);
	free(r->domain);
	memset(r, 0, sizeof(*r));
}

void control_free_all(struct control *c)
{
	if (!c)
		return;
	while (c->entries) {
		struct entry *e = c->entries;

		c->entries = e->next;
		entry_free(e);
	}
	repeats_clear(&c->repeats);
	refusal_clear(&c->refusal);
	free(c);
}

/* --- entries ------------------------------------------------------------------------------- */

static struct entry *find_entry(const struct control *c, struct control_key key)
{
	for (struct entry *e = c->entries; e; e = e->next)
		if (!e->released && e->key.epoch == key.epoch &&
			e->key.transaction == key.transaction)
			return e;
	return NULL;
}

static struct entry *find_transaction(const struct control *c, uint32_t id)
{
	for (struct entry *e = c->entries; e; e = e->next)
		if (e->started && e->t->id == id)
			return e;
	return NULL;
}

static struct entry *add_entry(struct control *c, struct control_key key)
{
	struct entry *e = calloc(1, sizeof(*e)), **p = &c->entries;

	if (!e)
		return NULL;
	e->key = key;
	while (*p)
		p = &(*p)->next;
	*p = e;
	c->n_entries++;
	return e;
}

static bool is_finished(const struct entry *e)
{
	return e->released && (!e->started || outcome_settled(e->verdict.outcome));
}

static void drop_finished(struct control *c)
{
	struct entry **p = &c->entries;

	while (*p) {
		struct entry *e = *p;

		if (!is_finished(e)) {
			p = &e->next;
			continue;
		}
		*p = e->next;
		c->n_entries--;
		entry_free(e);
	}
}

/* Its domains change or will change, so it is pending for other SETs (precheck.h). */
static bool is_under_way(const struct entry *e)
{
	if (!e->started || outcome_settled(e->verdict.outcome))
		return false;
	return !outcome_decided(e->verdict.outcome) || outcome_failed(e->verdict.outcome) ||
	       e->undo_asked;
}

static bool has_to_run(const struct transaction *t)
{
	for (size_t i = 0; i < t->n_parts; i++)
		if (precheck_runs(t->parts[i].result))
			return true;
	return false;
}

size_t control_places_used(const struct control *c)
{
	size_t n = 0;

	for (const struct entry *e = c->entries; e; e = e->next)
		n += has_to_run(e->t);
	return n;
}

/* The master sends neither COMMIT nor FREE nor UNDO, and nothing runs. */
static bool is_forgotten(const struct entry *e, uint64_t now_ms)
{
	bool runs = e->started && !outcome_settled(e->verdict.outcome);

	return !runs && now_ms >= clock_after(e->quiet_since_ms, RESERVE_MS);
}

void control_tick(struct control *c, uint64_t now_ms)
{
	for (struct entry *e = c->entries; e; e = e->next)
		if (is_forgotten(e, now_ms))
			e->released = true;
	drop_finished(c);
}

static void release(struct control *c, struct entry *e)
{
	if (e->started && !outcome_settled(e->verdict.outcome))
		handover_keep(c->handover, e->t->id);
	e->released = true;
}

/* The transaction is done, and an UndoSet or a CleanupSet is still to come. */
static bool is_undoable(const struct entry *e)
{
	return !e->released && e->verdict.outcome == OUTCOME_DONE && !e->undo_asked;
}

/*
 * A done transaction holds its place as long as an UndoSet may come, and some masters never send
 * the CleanupSet that rules it out. When there are too many of these, the oldest are kept for good,
 * and give their places to new SETs.
 */
static void keep_oldest_undoable(struct control *c)
{
	size_t n = 0;

	for (const struct entry *e = c->entries; e; e = e->next)
		n += is_undoable(e);
	for (struct entry *e = c->entries; e && n >= UNDOABLE_MAX; e = e->next) {
		if (!is_undoable(e))
			continue;
		release(c, e);
		n--;
	}
}

/* Nothing runs any more, and an UndoSet or a CleanupSet is still to come. */
static bool is_over(const struct entry *e)
{
	return !e->released && e->started && outcome_settled(e->verdict.outcome);
}

static bool is_full(const struct control *c)
{
	return control_places_used(c) >= HANDOVER_PLANS || c->n_entries >= ENTRIES_MAX;
}

/*
 * Some masters send no UndoSet after a CommitSet that failed. Where no place is left, the oldest
 * PDUs that are over give theirs up. An UndoSet that still comes for one is answered with noError.
 */
static void make_room(struct control *c)
{
	while (is_full(c)) {
		struct entry *e = c->entries;

		while (e && !is_over(e))
			e = e->next;
		if (!e)
			return;
		e->released = true;
		drop_finished(c);
	}
}

/* --- RESERVE ------------------------------------------------------------------------------- */

static bool is_usable(const struct control *c, const struct inbox *in, uint64_t now_ms)
{
	bool connected = in->status.link == LINK_UP || in->status.link == LINK_SLOW;

	if (!connected || !in->snapshot)
		return false;
	return c->config.stale_after_ms == 0 ||
	       now_ms < clock_after(in->snapshot->taken_ms, c->config.stale_after_ms);
}

/* What is under way; the caller frees it. -ENOMEM. */
static int collect_pending(const struct control *c, struct pending **ret, size_t *ret_n)
{
	for (const struct entry *e = c->entries; e; e = e->next) {
		for (size_t i = 0; is_under_way(e) && i < e->t->n_parts; i++) {
			const struct set_request *d = &e->t->parts[i].request;
			struct pending *p = array_append(ret, ret_n, sizeof(*p));

			if (!p)
				return -ENOMEM;
			p->request = d;
			p->had = row_domain(snapshot_find_index(e->prechecked_by, d->index));
			p->going_back = outcome_failed(e->verdict.outcome) || e->undo_asked;
		}
	}
	return 0;
}

static struct refusal precheck_pdu(struct control *c, struct entry *e, const struct inbox *in,
	const struct set_varbind *varbinds, size_t n, uint64_t now_ms)
{
	struct refusal so_far = transaction_new(varbinds, n, &e->t);
	_cleanup_free_ struct pending *pending = NULL;
	struct precheck_view view = {
		.snapshot = in->snapshot,
		.usable = is_usable(c, in, now_ms),
		.permit = c->config.permit,
		.repeats = &c->repeats,
		.now_ms = now_ms,
	};

	if (c->config.read_only)
		refuse(&so_far, REASON_READ_ONLY, 0);
	if (collect_pending(c, &pending, &view.n_pending) < 0)
		refuse(&so_far, REASON_NO_MEMORY, 0);
	view.pending = pending;
	snapshot_unref(e->prechecked_by);
	e->prechecked_by = snapshot_ref(in->snapshot);
	return precheck(&view, e->t, so_far);
}

/* The entry of the key, a new one at its first TestSet. NULL: none can be had. */
static struct entry *find_or_add_entry(
	struct control *c, struct control_key key, enum refusal_reason *ret_why_not)
{
	struct entry *e = find_entry(c, key);

	*ret_why_not = e || c->n_entries == ENTRIES_MAX ? REASON_TOO_MANY : REASON_NO_MEMORY;
	if (!e)
		return c->n_entries < ENTRIES_MAX ? add_entry(c, key) : NULL;
	if (e->started)
		return NULL;
	transaction_unref(e->t);
	e->t = NULL;
	e->join_failed = false;
	return e;
}

const struct control_refusal *control_last_refusal(const struct control *c)
{
	return &c->refusal;
}

/* The name of a row's domain, from the snapshot, else from the PDU; NULL: no name, or the host. */
static const char *domain_name(const struct entry *e, const struct inbox *in, uint32_t row)
{
	const struct domain *d = snapshot_find_index(in->snapshot, row);

	if (row_has_name(d))
		return d->name;
	for (size_t i = 0; e && e->t && i < e->t->n_parts; i++)
		if (e->t->parts[i].request.index == row && row != 0)
			return e->t->parts[i].request.name;
	return NULL;
}

static int describe_refusal(const struct refusal *why, const struct set_varbind *v,
	const char *domain, struct control_refusal *ret)
{
	_cleanup_free_ char *value = NULL, *reason = NULL;
	int r = set_varbind_object(v, &ret->object);

	if (r >= 0)
		r = set_varbind_value(v, &value);
	if (r >= 0)
		r = text_copy(domain, &ret->domain);
	if (r >= 0 && (why->wanted | why->free) != 0)
		r = text_printf(&reason, "%llu %s wanted, %llu free",
			(unsigned long long)why->wanted, reason_text(why->reason),
			(unsigned long long)why->free);
	if (r < 0)
		return r;
	return text_printf(&ret->text, domain ? "%s (%s = %s of \"%s\")" : "%s (%s = %s)",
		reason ? reason : reason_text(why->reason), ret->object, value, domain);
}

static void remember_refusal(struct control *c, const struct refusal *why, const struct entry *e,
	const struct inbox *in, const struct set_varbind *v, uint64_t now_ms)
{
	struct control_refusal refusal = {.error = why->error, .at_ms = now_ms};

	/* No texts, rather than those of an older refusal. */
	if (describe_refusal(why, v, domain_name(e, in, v->row), &refusal) < 0) {
		refusal_clear(&refusal);
		refusal = (struct control_refusal){.error = why->error, .at_ms = now_ms};
	}
	refusal_clear(&c->refusal);
	c->refusal = refusal;
}

struct refusal control_reserve(struct control *c, struct control_key key, const struct inbox *in,
	const struct set_varbind *varbinds, size_t n, uint64_t now_ms)
{
	struct refusal result = {.error = CONTROL_OK};
	enum refusal_reason why_not;
	struct entry *e;

	control_tick(c, now_ms);
	keep_oldest_undoable(c);
	make_room(c);
	e = find_or_add_entry(c, key, &why_not);
	if (!e) {
		refuse(&result, why_not, 0);
		remember_refusal(c, &result, NULL, in, &varbinds[0], now_ms);
		return result;
	}
	e->quiet_since_ms = now_ms;
	if (e->tested_ms == 0)
		e->tested_ms = now_ms;
	result = precheck_pdu(c, e, in, varbinds, n, now_ms);
	if (result.error == CONTROL_OK && has_to_run(e->t) &&
		control_places_used(c) > HANDOVER_PLANS)
		refuse(&result, REASON_TOO_MANY, 0);
	if (result.error != CONTROL_OK) {
		remember_refusal(c, &result, e, in, &varbinds[result.position], now_ms);
		e->released = true;
		drop_finished(c);
	}
	return result;
}

/* --- ACTION -------------------------------------------------------------------------------- */

/* The others are done already: they join another SET or repeat one. */
static void drop_parts_that_do_not_run(struct transaction *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_parts; i++) {
		if (precheck_runs(t->parts[i].result))
			t->parts[n++] = t->parts[i];
		else
			set_request_clear(&t->parts[i].request);
	}
	t->n_parts = n;
}

int control_start(struct control *c, struct control_key key, uint64_t now_ms)
{
	struct entry *e = find_entry(c, key);

	if (!e || e->started)
		return -ENOENT;
	if (e->join_failed)
		return -ECANCELED;
	drop_parts_that_do_not_run(e->t);
	int r = e->t->n_parts > 0 ? handover_start(c->handover, e->t, now_ms) : 0;
	if (r < 0)
		return r;
	e->started = true;
	e->quiet_since_ms = e->started_ms = now_ms;
	if (e->t->n_parts == 0)
		e->verdict = (struct verdict){.outcome = OUTCOME_KEPT};
	for (size_t i = 0; i < e->t->n_parts; i++)
		repeats_forget(&c->repeats, e->t->parts[i].request.index);
	return 0;
}

/* --- verdicts ------------------------------------------------------------------------------ */

static bool joins(const struct entry *e, uint32_t index)
{
	for (size_t i = 0; i < e->t->n_parts; i++)
		if (e->t->parts[i].result == PRECHECK_JOIN && e->t->parts[i].request.index == index)
			return true;
	return false;
}

/* The SETs that were to join this one, which is rolled back now, will fail in their ACTION. */
static void tell_joiners(struct control *c, const struct entry *back)
{
	for (struct entry *e = c->entries; e; e = e->next)
		for (size_t i = 0; !e->started && i < back->t->n_parts; i++)
			e->join_failed =
				e->join_failed || joins(e, back->t->parts[i].request.index);
}

static void remember_repeats(
	struct control *c, const struct entry *e, const struct inbox *in, uint64_t now_ms)
{
	for (size_t i = 0; i < e->t->n_parts; i++)
		repeats_add(&c->repeats, &e->t->parts[i].request, in->snapshot, now_ms);
}

void control_receive(struct control *c, const struct inbox *in, uint64_t now_ms)
{
	for (size_t i = 0; i < in->n_verdicts; i++) {
		const struct verdict *v = &in->verdicts[i];
		struct entry *e = find_transaction(c, v->transaction);

		if (!e)
			continue;
		if (outcome_decided(v->outcome) && !outcome_failed(v->outcome) &&
			!outcome_decided(e->verdict.outcome))
			remember_repeats(c, e, in, now_ms);
		if (outcome_failed(v->outcome) && !outcome_failed(e->verdict.outcome))
			tell_joiners(c, e);
		if (outcome_decided(v->outcome) && !outcome_decided(e->verdict.outcome))
			wait_budget_verdict(
				&c->budget, c->config.set_wait_ms, now_ms - e->started_ms);
		e->verdict = *v;
		e->quiet_since_ms = now_ms;
	}
	control_tick(c, now_ms);
}

struct verdict control_result(const struct control *c, struct control_key key)
{
	const struct entry *e = find_entry(c, key);

	if (!e)
		return (struct verdict){.outcome = OUTCOME_TAKEN_BACK};
	return e->verdict;
}

/* --- waiting ------------------------------------------------------------------------------- */

uint64_t wait_budget_deadline(
	struct wait_budget *b, uint64_t set_wait_ms, uint64_t tested_ms, uint64_t now_ms)
{
	uint64_t until = clock_after(tested_ms, set_wait_ms);

	if (until <= now_ms)
		return now_ms;
	if (now_ms < b->retry_at_ms)
		return now_ms;
	if (b->retry_at_ms != 0)
		b->retry_at_ms = clock_after(now_ms, WAIT_RETRY_MS);
	return until;
}

void wait_budget_missed(struct wait_budget *b, uint64_t now_ms)
{
	/* For the phase that tried again, wait_budget_deadline() has set retry_at_ms already. */
	if (now_ms >= b->retry_at_ms)
		b->retry_at_ms = clock_after(now_ms, WAIT_RETRY_MS);
}

void wait_budget_verdict(struct wait_budget *b, uint64_t set_wait_ms, uint64_t took_ms)
{
	if (took_ms < set_wait_ms)
		b->retry_at_ms = 0;
}

uint64_t control_wait_until(struct control *c, struct control_key key, uint64_t now_ms)
{
	struct entry *e = find_entry(c, key);

	if (!e)
		return now_ms;
	uint64_t wait = c->config.set_wait_ms;
	uint64_t until = wait_budget_deadline(&c->budget, wait, e->tested_ms, now_ms);
	uint64_t grace = c->budget.retry_at_ms != 0 ? DROP_MS : ROLLBACK_MS;
	uint64_t undo_until = clock_after(now_ms, wait < grace ? wait : grace);
	return e->undo_asked && until < undo_until ? undo_until : until;
}

void control_wait_missed(struct control *c, uint64_t now_ms)
{
	wait_budget_missed(&c->budget, now_ms);
}

/* --- UNDO, COMMIT, FREE -------------------------------------------------------------------- */

int control_undo(struct control *c, struct control_key key)
{
	struct entry *e = find_entry(c, key);

	if (!e || !e->started || e->t->n_parts == 0 || outcome_undone(e->verdict.outcome))
		return -EALREADY;
	if (!e->undo_asked && !outcome_settled(e->verdict.outcome)) {
		handover_undo(c->handover, e->t->id);
		tell_joiners(c, e);
		for (size_t i = 0; i < e->t->n_parts; i++)
			repeats_forget(&c->repeats, e->t->parts[i].request.index);
	}
	e->undo_asked = true;
	return 0;
}

void control_free(struct control *c, struct control_key key)
{
	struct entry *e = find_entry(c, key);

	if (e)
		release(c, e);
	drop_finished(c);
}

void control_session_lost(struct control *c, uint32_t epoch)
{
	for (struct entry *e = c->entries; e; e = e->next)
		if (!e->released && e->key.epoch == epoch)
			release(c, e);
	drop_finished(c);
}
