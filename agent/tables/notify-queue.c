/*
 * See notify-queue.h.
 */
#include "tables/notify-queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/clock.h"

/* A notification that has waited longer for a master is dropped. */
#define OLD_MS	  300000
#define MINUTE_MS 60000

/* --- the rate limit -------------------------------------------------------------------------- */

/*
 * At most so many notifications in a minute, counted for each domain and kind, so that a domain
 * whose state flaps still tells of a lost disk. There is a line, sorted by key, for each domain and
 * kind that had a notification within the last minute.
 */
struct line {
	uint64_t key;		  /* ldomIndex, and module and number of the notification */
	uint64_t since_ms, count; /* notifications since then, for a minute */
};

struct rate_limit {
	uint64_t rate; /* in a minute; 0: no limit */
	struct line *lines;
	size_t n;
};

static size_t lower_bound(const struct rate_limit *d, uint64_t key)
{
	return first_where(i, d->n, d->lines[i].key >= key);
}

static void forget_quiet(struct rate_limit *d, uint64_t now_ms)
{
	size_t kept = 0;
	for (size_t i = 0; i < d->n; i++)
		if (now_ms - d->lines[i].since_ms < MINUTE_MS)
			d->lines[kept++] = d->lines[i];
	d->n = kept;
}

static struct line *find_or_add(struct rate_limit *d, uint64_t key, uint64_t now_ms)
{
	size_t i = lower_bound(d, key);
	if (i < d->n && d->lines[i].key == key)
		return &d->lines[i];
	/* When the length is a power of two, array_insert() would need more memory. */
	if ((d->n & (d->n - 1)) == 0)
		forget_quiet(d, now_ms);
	struct line *l = array_insert(&d->lines, &d->n, sizeof(*l), lower_bound(d, key));
	if (l)
		*l = (struct line){.key = key, .since_ms = now_ms};
	return l;
}

/* Counts a notification and says whether it may be sent; without memory, it may. */
static bool rate_limit_pass(struct rate_limit *d, uint32_t index, uint32_t kind, uint64_t now_ms)
{
	uint64_t key = (uint64_t)index << 32 | kind;

	if (d->rate == 0)
		return true;
	struct line *l = find_or_add(d, key, now_ms);
	if (!l)
		return true;
	if (now_ms - l->since_ms >= MINUTE_MS)
		*l = (struct line){.key = key, .since_ms = now_ms};
	return ++l->count <= d->rate;
}

/* --- the queue ------------------------------------------------------------------------------ */

/* What a notification is made of: mib and change, or operation, or link. */
struct item {
	const struct mib *mib;
	struct change change;
	struct operation *operation;
	struct ldm_status *link;
	uint64_t queued_ms;
};

struct notify_queue {
	struct agent_facts *facts;
	const struct mib_list *mibs;
	bool silent[MIBS_MAX]; /* see notify_queue_silence() */
	struct rate_limit rate_limit;
	bool on;
	struct item *ring; /* NOTIFY_QUEUE places */
	size_t first, n;
	size_t out;		       /* the first ones, which were sent and not answered */
	bool stuck;		       /* nothing is sent before the next answer */
	const struct oplog_view *seen; /* the operations at the last notify_queue_take() */
	bool link_known, link_up;
	uint32_t epoch; /* of the session to which the first ones were sent */
};

int notify_queue_new(
	struct agent_facts *facts, const struct mib_list *mibs, struct notify_queue **ret)
{
	struct notify_queue *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->facts = facts;
	n->mibs = mibs;
	n->ring = calloc(NOTIFY_QUEUE, sizeof(*n->ring));
	if (!n->ring) {
		free(n);
		return -ENOMEM;
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
	/* An empty queue begins at the ring's first place, so that few of its pages are ever used.
	 */
	n->first = n->n > 0 ? (n->first + 1) % NOTIFY_QUEUE : 0;
}

void notify_queue_free(struct notify_queue *n)
{
	if (!n)
		return;
	while (n->n > 0)
		drop_first(n);
	free(n->ring);
	free(n->rate_limit.lines);
	oplog_view_unref(n->seen);
	free(n);
}

void notify_queue_configure(struct notify_queue *n, bool on, uint64_t rate)
{
	n->on = on;
	n->rate_limit.rate = rate;
}

void notify_queue_silence(struct notify_queue *n, size_t i, bool silent)
{
	n->silent[i] = silent;
}

/* --- taking --------------------------------------------------------------------------------- */

/* Queues an item, which then owns what it points to. An item that could not be made (r is an error)
 * or for which there is no place is dropped. */
static void append(struct notify_queue *n, struct item *item, int r, uint64_t now_ms)
{
	if (r < 0 || n->n == NOTIFY_QUEUE) {
		n->facts->notifications_dropped++;
		item_clear(item);
		return;
	}
	item->queued_ms = now_ms;
	*item_at(n, n->n++) = *item;
}

/* Queues the notification that the i-th module has for the change, if it has one. */
static void take_change(struct notify_queue *n, const struct change *c, size_t i, uint64_t now_ms)
{
	const struct domain *d = c->after ? c->after : c->before;
	const struct mib *m = n->mibs->mibs[i];
	uint32_t arc = m->notifies(c);
	struct item item = {.mib = m};

	if (!arc || n->silent[i])
		return;
	n->facts->notifications_due++;
	if (!rate_limit_pass(&n->rate_limit, d->index, (uint32_t)i << 16 | arc, now_ms)) {
		n->facts->notifications_suppressed++;
		return;
	}
	int r = change_copy(c, &item.change);
	append(n, &item, r, now_ms);
}

static void take_changes(struct notify_queue *n, struct inbox *in, uint64_t now_ms)
{
	if (n->on) {
		n->facts->notifications_due += in->changes_dropped;
		n->facts->notifications_dropped += in->changes_dropped;
		for (size_t c = 0; c < in->changes.n; c++)
			for (size_t i = 0; i < n->mibs->n; i++)
				take_change(n, &in->changes.changes[c], i, now_ms);
	}
	change_list_clear(&in->changes);
}

static void take_operation(struct notify_queue *n, const struct operation *o, uint64_t now_ms)
{
	struct item item = {0};

	n->facts->notifications_due++;
	int r = operation_copy(o, &item.operation);
	append(n, &item, r, now_ms);
}

/*
 * Whether an operation has ended since `seen`, where its row was `before` (NULL: it had none). Rows
 * of an earlier run of the agent (started_ms 0), which the history may bring late, are not told.
 */
static bool ended_since(
	const struct oplog_view *seen, const struct operation *before, const struct operation *o)
{
	if (before == o || operation_running(o))
		return false;
	if (before)
		return operation_running(before);
	return o->started_ms > 0 &&
	       (seen->n_rows == 0 || oplog_number_is_newer(o->index,
					     oplog_view_by_age(seen, seen->n_rows - 1)->index));
}

static void take_operations(struct notify_queue *n, const struct inbox *in, uint64_t now_ms)
{
	const struct oplog_view *seen = n->seen, *now = in->oplog;
	size_t j = 0;

	if (!now || (seen && seen->serial == now->serial))
		return;
	/* What the first call finds is history. Both lists are sorted by index. */
	for (size_t i = 0; seen && n->on && i < now->n_rows; i++) {
		const struct operation *o = now->rows[i], *before = NULL;

		while (j < seen->n_rows && seen->rows[j]->index < o->index)
			j++;
		if (j < seen->n_rows && seen->rows[j]->index == o->index)
			before = seen->rows[j];
		if (ended_since(seen, before, o))
			take_operation(n, o, now_ms);
	}
	oplog_view_unref(n->seen);
	n->seen = oplog_view_ref(in->oplog);
}

static void append_link(struct notify_queue *n, const struct ldm_status *status, uint64_t now_ms)
{
	struct item item = {.link = calloc(1, sizeof(*item.link))};

	n->facts->notifications_due++;
	/* Without memory for the copy, only the text is missing. */
	if (item.link)
		(void)ldm_status_copy(status, item.link);
	append(n, &item, item.link ? 0 : -ENOMEM, now_ms);
}

/* A link that is slow or connecting is neither up nor lost, and one that was never up is not lost.
 */
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
	int r = i->operation ? notification_from_operation(i->operation, ret)
		: i->link    ? notification_from_link(i->link, ret)
			     : i->mib->notification(&i->change, ret);

	if (r == 0)
		ret->mib = i->mib ? i->mib : &ldoms_mib;
	return r;
}

/*
 * A notification that cannot be sent waits for an answer to one before it; if there is none before
 * it, it is dropped.
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
