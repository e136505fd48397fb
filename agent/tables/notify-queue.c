/*
 * See notify-queue.h.
 */
#include "tables/notify-queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tables/rate-limit.h"
#include "util/clock.h"

/* Waiting longer than that for a master, it is no news any more. */
#define OLD_MS 300000

/* One of the three is set. */
struct item {
	struct change change; /* before and after NULL: another one */
	struct operation *operation;
	struct ldm_status *link;
	uint64_t queued_ms;
};

struct notify_queue {
	struct agent_facts *facts;
	struct rate_limit *rate_limit;
	bool on;
	struct item *ring; /* NOTIFY_QUEUE places */
	size_t first, n;
	size_t out;		       /* the first of them: sent, and not answered yet */
	bool stuck;		       /* the one behind them cannot be sent */
	const struct oplog_view *seen; /* operations as of the last look */
	bool link_known, link_up;
	uint32_t epoch; /* of the session that those went to */
};

int notify_queue_new(struct agent_facts *facts, struct notify_queue **ret)
{
	struct notify_queue *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->facts = facts;
	n->ring = calloc(NOTIFY_QUEUE, sizeof(*n->ring));
	int r = n->ring ? rate_limit_new(&n->rate_limit) : -ENOMEM;
	if (r < 0) {
		notify_queue_free(n);
		return r;
	}
	*ret = n;
	return 0;
}

static void item_clear(struct item *i)
{
	change_clear(&i->change);
	if (i->operation)
		operation_unref(i->operation);
	if (i->link) {
		ldm_status_clear(i->link);
		free(i->link);
	}
	*i = (struct item){0};
}

static struct item *item_at(const struct notify_queue *n, size_t place)
{
	return &n->ring[(n->first + place) % NOTIFY_QUEUE];
}

static void drop_first(struct notify_queue *n)
{
	item_clear(item_at(n, 0));
	n->n--;
	/* An empty one begins anew, or in time the pages of all places would have been touched. */
	n->first = n->n > 0 ? (n->first + 1) % NOTIFY_QUEUE : 0;
}

void notify_queue_free(struct notify_queue *n)
{
	if (!n)
		return;
	while (n->n > 0)
		drop_first(n);
	free(n->ring);
	rate_limit_free(n->rate_limit);
	oplog_view_unref(n->seen);
	free(n);
}

void notify_queue_configure(struct notify_queue *n, bool on, uint64_t rate)
{
	n->on = on;
	rate_limit_set(n->rate_limit, rate);
}

/* --- taking --------------------------------------------------------------------------------- */

/* A place at the end, or NULL when the queue is full. */
static struct item *append(struct notify_queue *n, uint64_t now_ms)
{
	if (n->n == NOTIFY_QUEUE) {
		n->facts->notifications_dropped++;
		return NULL;
	}
	struct item *i = item_at(n, n->n++);
	i->queued_ms = now_ms;
	return i;
}

static void take_change(struct notify_queue *n, struct change *c, uint64_t now_ms)
{
	const struct domain *d = c->after ? c->after : c->before;

	if (!rate_limit_pass(n->rate_limit, d->index, (uint32_t)c->kind, now_ms)) {
		n->facts->notifications_suppressed++;
		return;
	}
	struct item *i = append(n, now_ms);
	if (i) {
		i->change = *c;
		*c = (struct change){0};
	}
}

static void take_changes(struct notify_queue *n, struct inbox *in, uint64_t now_ms)
{
	if (n->on) {
		n->facts->notifications_due += in->changes.n + in->changes_dropped;
		n->facts->notifications_dropped += in->changes_dropped;
		for (size_t i = 0; i < in->changes.n; i++)
			take_change(n, &in->changes.changes[i], now_ms);
	}
	change_list_clear(&in->changes);
}

static void take_operation(struct notify_queue *n, const struct operation *o, uint64_t now_ms)
{
	struct operation *copy;

	n->facts->notifications_due++;
	if (operation_copy(o, &copy) < 0) {
		n->facts->notifications_dropped++;
		return;
	}
	struct item *i = append(n, now_ms);
	if (i)
		i->operation = copy;
	else
		operation_unref(copy);
}

/* Ended since the last look: it ran then, or it did not exist. Rows of an earlier run are history,
 * also when they come late. */
static bool ended_since(const struct oplog_view *seen, const struct operation *o)
{
	if (operation_running(o))
		return false;
	const struct operation *before = oplog_view_find(seen, o->index);
	if (before)
		return operation_running(before);
	return o->started_ms > 0 &&
	       (seen->n_rows == 0 || oplog_number_is_newer(o->index,
					     oplog_view_by_age(seen, seen->n_rows - 1)->index));
}

static void take_operations(struct notify_queue *n, const struct inbox *in, uint64_t now_ms)
{
	if (!in->oplog || (n->seen && n->seen->serial == in->oplog->serial))
		return;
	/* What the first look finds is history. */
	for (size_t i = 0; n->seen && n->on && i < in->oplog->n_rows; i++)
		if (ended_since(n->seen, in->oplog->rows[i]))
			take_operation(n, in->oplog->rows[i], now_ms);
	oplog_view_unref(n->seen);
	n->seen = oplog_view_ref(in->oplog);
}

static void append_link(struct notify_queue *n, const struct ldm_status *status, uint64_t now_ms)
{
	struct ldm_status *copy = calloc(1, sizeof(*copy));

	n->facts->notifications_due++;
	if (!copy) {
		n->facts->notifications_dropped++;
		return;
	}
	/* Without memory for it, the text is missing. */
	(void)ldm_status_copy(status, copy);
	struct item *i = append(n, now_ms);
	if (i) {
		i->link = copy;
		return;
	}
	ldm_status_clear(copy);
	free(copy);
}

/* Being slow, and trying to connect, is neither having ldmd nor having lost it; what was never
 * there cannot be lost. */
static void take_link(struct notify_queue *n, const struct ldm_status *status, uint64_t now_ms)
{
	enum link_state link = status->link;
	bool up = link == LINK_UP, down = link == LINK_DOWN || link == LINK_UNAUTHORISED;

	if (!up && (!down || !n->link_known))
		return;
	bool changed = n->link_known && n->link_up != up;
	n->link_known = true;
	n->link_up = up;
	if (changed && n->on)
		append_link(n, status, now_ms);
}

void notify_queue_take(struct notify_queue *n, struct inbox *in, uint64_t now_ms)
{
	take_changes(n, in, now_ms);
	take_operations(n, in, now_ms);
	take_link(n, &in->status, now_ms);
}

/* --- sending -------------------------------------------------------------------------------- */

static bool is_sendable(const struct notify_queue *n)
{
	return n->n > n->out && n->out < NOTIFY_WINDOW && !n->stuck;
}

static void forget_old(struct notify_queue *n, uint64_t now_ms)
{
	while (n->n > 0 && n->out == 0 && now_ms - item_at(n, 0)->queued_ms > OLD_MS) {
		n->facts->notifications_dropped++;
		drop_first(n);
	}
}

static int item_text(const struct item *i, struct notification *ret)
{
	if (i->operation)
		return notification_from_operation(i->operation, ret);
	if (i->link)
		return notification_from_link(i->link, ret);
	return notification_from_change(&i->change, ret);
}

/*
 * It stays in the queue until it is answered, so that the next session gets what this one lost. One
 * that cannot be sent is dropped when it is the first.
 */
static void send_next(struct notify_queue *n, notify_sender *send, void *user)
{
	struct notification what;
	bool sent = false;

	if (item_text(item_at(n, n->out), &what) == 0) {
		sent = send(user, &what);
		notification_clear(&what);
	}
	if (sent) {
		n->out++;
	} else if (n->out > 0) {
		n->stuck = true;
	} else {
		n->facts->notifications_dropped++;
		drop_first(n);
	}
}

void notify_queue_send(struct notify_queue *n, notify_sender *send, void *user)
{
	for (unsigned int i = 0; i < NOTIFY_WINDOW && is_sendable(n); i++)
		send_next(n, send, user);
}

void notify_queue_answered(struct notify_queue *n, bool refused)
{
	if (n->out == 0)
		return;
	n->out--;
	n->stuck = false;
	if (refused)
		n->facts->notifications_dropped++;
	else
		n->facts->notifications_sent++;
	drop_first(n);
}

void notify_queue_follow(struct notify_queue *n, uint32_t epoch, bool open, uint64_t now_ms)
{
	if (!open || n->epoch != epoch) {
		n->epoch = epoch;
		n->out = 0;
		n->stuck = false;
	}
	forget_old(n, now_ms);
}

uint64_t notify_queue_deadline(const struct notify_queue *n, bool may_send, uint64_t now_ms)
{
	if (may_send && is_sendable(n))
		return now_ms;
	return n->n > n->out ? item_at(n, 0)->queued_ms + OLD_MS + 1 : CLOCK_NEVER;
}
