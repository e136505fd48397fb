/*
 * See handover.h. The lock is held only while pointers are moved: snapshots and rows are passed by
 * reference, and what may be large is freed after the lock was released.
 */
#include "control/handover.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/wakeup.h"

/* A place for a transaction that is not settled. */
struct slot {
	struct verdict verdict; /* the last one; the place is free if its transaction is 0 */
	bool verdict_waits;
};

struct order_list {
	/* For each slot, three orders on its transaction and three on the one before. */
	struct handover_order orders[6 * HANDOVER_PLANS];
	size_t first, n;
};

struct handover {
	pthread_mutex_t lock;
	struct wakeup *to_snmp, *to_ldm;
	bool held, wake_due; /* handover_hold(); only the ldm thread uses them */

	const struct snapshot *snapshot;
	struct ldm_status status;
	bool config_unsaved;
	struct oplog *oplog;
	bool sealed; /* no transaction is started any more */
	struct change_list changes;
	uint64_t changes_dropped;

	struct slot slots[HANDOVER_PLANS];
	struct order_list orders;
};

/* --- life ----------------------------------------------------------------------------------- */

int handover_new(struct handover **ret)
{
	struct handover *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	pthread_mutex_init(&h->lock, NULL);
	r = oplog_new(&h->oplog);
	if (r >= 0)
		r = wakeup_new(&h->to_snmp);
	if (r >= 0)
		r = wakeup_new(&h->to_ldm);
	if (r < 0) {
		handover_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void handover_free(struct handover *h)
{
	struct handover_order o;

	if (!h)
		return;
	while (h->to_ldm && handover_next_order(h, &o))
		transaction_unref(o.transaction);
	snapshot_unref(h->snapshot);
	ldm_status_clear(&h->status);
	change_list_clear(&h->changes);
	oplog_free(h->oplog);
	wakeup_free(h->to_snmp);
	wakeup_free(h->to_ldm);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static void unlock(pthread_mutex_t **lock)
{
	pthread_mutex_unlock(*lock);
}

static pthread_mutex_t *lock(struct handover *h)
{
	pthread_mutex_lock(&h->lock);
	return &h->lock;
}

/* Holds the lock until the end of the scope. */
#define WITH_LOCK(h) _cleanup_(unlock) __attribute__((unused)) pthread_mutex_t *locked = lock(h)

static struct slot *find_slot(struct handover *h, uint32_t id)
{
	for (size_t i = 0; i < HANDOVER_PLANS; i++)
		if (h->slots[i].verdict.transaction == id)
			return &h->slots[i];
	return NULL;
}

/* --- snmp thread --------------------------------------------------------------------------- */

int handover_snmp_fd(const struct handover *h)
{
	return wakeup_fd(h->to_snmp);
}

/* A settled transaction gives its place back once its last verdict was read. */
static void take_verdicts(struct handover *h, struct inbox *in)
{
	for (size_t i = 0; i < HANDOVER_PLANS; i++) {
		struct slot *s = &h->slots[i];

		if (!s->verdict_waits)
			continue;
		s->verdict_waits = false;
		in->verdicts[in->n_verdicts++] = s->verdict;
		if (outcome_settled(s->verdict.outcome))
			s->verdict.transaction = 0;
	}
}

/* The lock is held. Takes status and room over. */
static void fill_inbox(
	struct handover *h, struct inbox *in, const struct ldm_status *status, struct verdict *room)
{
	*in = (struct inbox){
		.snapshot = snapshot_ref(h->snapshot),
		.status = *status,
		.oplog = oplog_view(h->oplog),
		.config_unsaved = h->config_unsaved,
		.changes = h->changes,
		.changes_dropped = h->changes_dropped,
		.verdicts = room,
	};
	memset(&h->changes, 0, sizeof(h->changes));
	h->changes_dropped = 0;
	take_verdicts(h, in);
}

int handover_receive(struct handover *h, struct inbox *in)
{
	struct verdict *room = calloc(HANDOVER_PLANS, sizeof(*room));
	struct inbox old = {0};
	struct ldm_status status;
	int r;

	if (!room)
		return -ENOMEM;
	/* The pipe is emptied first: what is handed over after that wakes this thread once more. */
	wakeup_drain(h->to_snmp);
	pthread_mutex_lock(&h->lock);
	r = ldm_status_copy(&h->status, &status);
	if (r >= 0) {
		old = *in;
		fill_inbox(h, in, &status, room);
	}
	pthread_mutex_unlock(&h->lock);
	if (r < 0) {
		free(room);
		ldm_status_clear(&status);
		wakeup_notify(h->to_snmp);
	}
	inbox_clear(&old);
	return r < 0 ? r : 0;
}

void inbox_clear(struct inbox *in)
{
	snapshot_unref(in->snapshot);
	oplog_view_unref(in->oplog);
	ldm_status_clear(&in->status);
	change_list_clear(&in->changes);
	free(in->verdicts);
	memset(in, 0, sizeof(*in));
}

/* The lock is held. The slots bound the orders, so there is always room. */
static void add_order(
	struct handover *h, enum handover_word word, uint32_t id, struct transaction *reference)
{
	struct order_list *l = &h->orders;

	if (l->n == ARRAY_SIZE(l->orders))
		return;
	l->orders[(l->first + l->n++) % ARRAY_SIZE(l->orders)] =
		(struct handover_order){word, id, reference};
}

/* The lock is held. On success the rows are taken over. */
static int start_transaction(
	struct handover *h, struct transaction *t, struct operation *const *rows)
{
	struct slot *s = !h->sealed ? find_slot(h, 0) : NULL;
	uint32_t id = oplog_next_transaction(h->oplog);

	if (!s)
		return -EAGAIN;
	for (size_t i = 0; i < t->n_parts; i++)
		rows[i]->transaction = id;
	int r = oplog_append(h->oplog, rows, t->n_parts);
	if (r < 0)
		return r;
	t->id = id;
	for (size_t i = 0; i < t->n_parts; i++)
		t->parts[i].operation = rows[i]->index;
	*s = (struct slot){.verdict.transaction = id};
	add_order(h, HANDOVER_START, id, transaction_ref(t));
	return 0;
}

int handover_start(struct handover *h, struct transaction *t, uint64_t now_ms)
{
	_cleanup_free_ struct operation **rows = calloc(t->n_parts, sizeof(struct operation *));
	int r = rows ? 0 : -ENOMEM;

	for (size_t i = 0; i < t->n_parts && r >= 0; i++) {
		r = set_request_operation(&t->parts[i].request, &rows[i]);
		if (r < 0)
			break;
		rows[i]->started_at = clock_wall_ms();
		rows[i]->started_ms = rows[i]->changed_ms = now_ms;
	}
	if (r >= 0) {
		WITH_LOCK(h);
		r = start_transaction(h, t, rows);
	}
	for (size_t i = 0; rows && r < 0 && i < t->n_parts; i++)
		operation_unref(rows[i]);
	if (r >= 0) {
		wakeup_notify(h->to_ldm);
		wakeup_notify(h->to_snmp); /* for the operation rows */
	}
	return r;
}

static void order_about(struct handover *h, enum handover_word word, uint32_t id)
{
	bool known;

	pthread_mutex_lock(&h->lock);
	known = id != 0 && find_slot(h, id) != NULL;
	if (known)
		add_order(h, word, id, NULL);
	pthread_mutex_unlock(&h->lock);
	if (known)
		wakeup_notify(h->to_ldm);
}

void handover_undo(struct handover *h, uint32_t transaction)
{
	order_about(h, HANDOVER_UNDO, transaction);
}

void handover_keep(struct handover *h, uint32_t transaction)
{
	order_about(h, HANDOVER_KEEP, transaction);
}

/* --- ldm thread ---------------------------------------------------------------------------- */

static void wake_snmp(struct handover *h)
{
	if (h->held)
		h->wake_due = true;
	else
		wakeup_notify(h->to_snmp);
}

void handover_hold(struct handover *h)
{
	h->held = true;
}

void handover_let_go(struct handover *h)
{
	h->held = false;
	if (h->wake_due)
		wakeup_notify(h->to_snmp);
	h->wake_due = false;
}

int handover_ldm_fd(const struct handover *h)
{
	return wakeup_fd(h->to_ldm);
}

void handover_publish_snapshot(struct handover *h, const struct snapshot *s)
{
	const struct snapshot *old;

	snapshot_ref(s);
	pthread_mutex_lock(&h->lock);
	old = h->snapshot;
	h->snapshot = s;
	pthread_mutex_unlock(&h->lock);
	snapshot_unref(old);
	wake_snmp(h);
}

int handover_publish_status(struct handover *h, const struct ldm_status *status)
{
	struct ldm_status copy, old;
	int r = ldm_status_copy(status, &copy);

	pthread_mutex_lock(&h->lock);
	old = h->status;
	h->status = copy;
	pthread_mutex_unlock(&h->lock);
	ldm_status_clear(&old);
	wake_snmp(h);
	return r;
}

void handover_publish_config_unsaved(struct handover *h, bool unsaved)
{
	pthread_mutex_lock(&h->lock);
	h->config_unsaved = unsaved;
	pthread_mutex_unlock(&h->lock);
	wake_snmp(h);
}

void handover_post_changes(struct handover *h, struct change_list *take, uint64_t dropped)
{
	struct change_list *l = &h->changes;
	struct change *place;
	size_t fits = 0;

	pthread_mutex_lock(&h->lock);
	for (; fits < take->n && l->n < HANDOVER_CHANGES; fits++) {
		place = array_append(&l->changes, &l->n, sizeof(*place));
		if (!place)
			break;
		*place = take->changes[fits];
	}
	h->changes_dropped += dropped + take->n - fits;
	pthread_mutex_unlock(&h->lock);
	/* The changes that fitted own their references there; the others are freed. */
	for (size_t i = fits; i < take->n; i++)
		change_clear(&take->changes[i]);
	free(take->changes);
	memset(take, 0, sizeof(*take));
	wake_snmp(h);
}

/* The lock is held. */
static void put_verdict(struct handover *h, const struct verdict *v)
{
	struct slot *s = v->transaction != 0 ? find_slot(h, v->transaction) : NULL;

	if (!s)
		return;
	s->verdict = *v;
	s->verdict_waits = true;
}

void handover_post_verdict(struct handover *h, const struct verdict *v)
{
	pthread_mutex_lock(&h->lock);
	put_verdict(h, v);
	pthread_mutex_unlock(&h->lock);
	wake_snmp(h);
}

int handover_report(
	struct handover *h, struct operation *const *take, size_t n, const struct verdict *v)
{
	int r;

	pthread_mutex_lock(&h->lock);
	r = oplog_replace(h->oplog, take, n);
	if (v)
		put_verdict(h, v);
	pthread_mutex_unlock(&h->lock);
	wake_snmp(h);
	return r;
}

int handover_restore_operation(struct handover *h, struct operation *take)
{
	WITH_LOCK(h);
	int r = oplog_restore(h->oplog, take);

	if (r < 0)
		operation_unref(take);
	return r;
}

const struct oplog_view *handover_oplog(struct handover *h)
{
	WITH_LOCK(h);
	return oplog_view(h->oplog);
}

struct oplog_numbers handover_given(struct handover *h)
{
	WITH_LOCK(h);
	return oplog_given(h->oplog);
}

void handover_skip(struct handover *h, struct oplog_numbers given)
{
	WITH_LOCK(h);
	oplog_skip(h->oplog, given);
}

void handover_limit(struct handover *h, uint32_t index)
{
	WITH_LOCK(h);
	oplog_limit(h->oplog, index);
}

struct oplog_numbers handover_seal(struct handover *h)
{
	WITH_LOCK(h);
	h->sealed = true;
	return oplog_given(h->oplog);
}

bool handover_next_order(struct handover *h, struct handover_order *ret)
{
	struct order_list *l = &h->orders;

	wakeup_drain(h->to_ldm);
	WITH_LOCK(h);
	if (l->n == 0)
		return false;
	*ret = l->orders[l->first];
	l->first = (l->first + 1) % ARRAY_SIZE(l->orders);
	l->n--;
	return true;
}
