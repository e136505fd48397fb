/*
 * Queue, rate limit, pacing, sending. What is said is tables/notification.h's.
 */
#include "config.h"

#include "snmp/notify.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "snmp/agentx.h"
#include "tables/rate-limit.h"
#include "snmp/session.h"
#include "snmp/varbind.h"
#include "tables/notification.h"
#include "util/clock.h"
#include "util/log.h"

#define TOKEN "notify"

/* Waiting longer than that for a master, it is no news any more. */
#define OLD_MS 300000

/* One of the three is set. */
struct item {
	struct change change; /* before and after NULL: another one */
	struct operation *operation;
	struct ldm_status *link;
	uint64_t queued_ms;
};

struct notifier {
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

int notifier_new(struct agent_facts *facts, struct notifier **ret)
{
	struct notifier *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->facts = facts;
	n->ring = calloc(NOTIFY_QUEUE, sizeof(*n->ring));
	int r = n->ring ? rate_limit_new(&n->rate_limit) : -ENOMEM;
	if (r < 0) {
		notifier_free(n);
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

static struct item *item_at(const struct notifier *n, size_t place)
{
	return &n->ring[(n->first + place) % NOTIFY_QUEUE];
}

static void drop_first(struct notifier *n)
{
	item_clear(item_at(n, 0));
	n->n--;
	/* An empty one begins anew, or in time the pages of all places would have been touched. */
	n->first = n->n > 0 ? (n->first + 1) % NOTIFY_QUEUE : 0;
}

void notifier_free(struct notifier *n)
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

void notifier_configure(struct notifier *n, bool on, uint64_t rate)
{
	n->on = on;
	rate_limit_set(n->rate_limit, rate);
}

size_t notifier_waiting(const struct notifier *n)
{
	return n->n;
}

/* --- taking --------------------------------------------------------------------------------- */

/* A place at the end, or NULL when the queue is full. */
static struct item *append(struct notifier *n, uint64_t now_ms)
{
	if (n->n == NOTIFY_QUEUE) {
		n->facts->notifications_dropped++;
		return NULL;
	}
	struct item *i = item_at(n, n->n++);
	i->queued_ms = now_ms;
	return i;
}

static void take_change(struct notifier *n, struct change *c, uint64_t now_ms)
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

static void take_changes(struct notifier *n, struct inbox *in, uint64_t now_ms)
{
	if (n->on) {
		n->facts->notifications_due += in->changes.n + in->changes_dropped;
		n->facts->notifications_dropped += in->changes_dropped;
		for (size_t i = 0; i < in->changes.n; i++)
			take_change(n, &in->changes.changes[i], now_ms);
	}
	change_list_clear(&in->changes);
}

static void take_operation(struct notifier *n, const struct operation *o, uint64_t now_ms)
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

static void take_operations(struct notifier *n, const struct inbox *in, uint64_t now_ms)
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

static void append_link(struct notifier *n, const struct ldm_status *status, uint64_t now_ms)
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
static void take_link(struct notifier *n, const struct ldm_status *status, uint64_t now_ms)
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

void notifier_take(struct notifier *n, struct inbox *in, uint64_t now_ms)
{
	take_changes(n, in, now_ms);
	take_operations(n, in, now_ms);
	take_link(n, &in->status, now_ms);
}

/* --- sending -------------------------------------------------------------------------------- */

/* The first one is through, or was refused; the master answers in order. */
static void settle_first(struct notifier *n, bool refused)
{
	n->out--;
	n->stuck = false;
	if (refused)
		n->facts->notifications_dropped++;
	else
		n->facts->notifications_sent++;
	drop_first(n);
}

/*
 * One that the master did not answer in time is in its hands all the same: it will get to it, or
 * the session ends. What was said to a session that it had closed is said again to the next one.
 */
static int on_answer(int op, netsnmp_session *library, int reqid, netsnmp_pdu *pdu, void *magic)
{
	(void)library, (void)reqid;
	struct notifier *n = magic;
	long error = op == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE ? pdu->errstat : 0;

	if (n->out > 0 && error != AGENTX_NOT_OPEN)
		settle_first(n, error != 0);
	return 1;
}

static bool add_object(netsnmp_pdu *pdu, const oid *name, size_t length, const struct value *value)
{
	netsnmp_variable_list *vb = snmp_pdu_add_variable(pdu, name, length, ASN_NULL, NULL, 0);
	return vb && varbind_set_value(vb, value);
}

static bool add_objects(netsnmp_pdu *pdu, const struct notification *what)
{
	static const oid trap_oid[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};
	oid name[MAX_OID_LEN];
	size_t root = mib_root_length;

	memcpy(name, mib_root, root * sizeof(oid));
	name[root] = 0;
	name[root + 1] = what->arc;
	if (!snmp_pdu_add_variable(pdu, trap_oid, OID_LENGTH(trap_oid), ASN_OBJECT_ID, name,
		    (root + 2) * sizeof(oid)))
		return false;
	for (size_t i = 0; i < what->n; i++) {
		const struct notification_object *o = &what->objects[i];
		for (size_t j = 0; j < o->length; j++)
			name[root + j] = o->name[j];
		if (!add_object(pdu, name, root + o->length, &o->value))
			return false;
	}
	return true;
}

static bool send_one(
	struct notifier *n, struct agentx_session *session, const struct notification *what)
{
	netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_NOTIFY);

	if (!pdu)
		return false;
	if (!add_objects(pdu, what) || !agentx_session_send(session, pdu, on_answer, n)) {
		snmp_free_pdu(pdu);
		return false;
	}
	return true;
}

static int item_text(const struct item *i, struct notification *ret)
{
	if (i->operation)
		return notification_from_operation(i->operation, ret);
	if (i->link)
		return notification_from_link(i->link, ret);
	return notification_from_change(&i->change, ret);
}

static bool try_next(struct notifier *n, struct agentx_session *session)
{
	struct notification what;

	if (item_text(item_at(n, n->out), &what) < 0)
		return false;
	bool sent = send_one(n, session, &what);
	notification_clear(&what);
	return sent;
}

/*
 * It stays in the queue until it is answered, so that the next session gets what this one lost. One
 * that cannot be sent is dropped when it is the first.
 */
static void send_next(struct notifier *n, struct agentx_session *session)
{
	if (try_next(n, session)) {
		n->out++;
	} else if (n->out > 0) {
		n->stuck = true;
	} else {
		n->facts->notifications_dropped++;
		drop_first(n);
	}
}

static void forget_old(struct notifier *n, uint64_t now_ms)
{
	while (n->n > 0 && n->out == 0 && now_ms - item_at(n, 0)->queued_ms > OLD_MS) {
		n->facts->notifications_dropped++;
		drop_first(n);
	}
}

/* Answers to a session that is gone never come. */
static void follow_session(struct notifier *n, const struct agentx_session *session)
{
	enum agentx_state state = agentx_session_state(session);

	if (n->epoch == agentx_session_epoch(session) &&
		(state == AGENTX_SERVING || state == AGENTX_CONTESTED))
		return;
	n->epoch = agentx_session_epoch(session);
	n->out = 0;
	n->stuck = false;
}

static bool may_send(const struct notifier *n, const struct agentx_session *session)
{
	/* Where another session holds our root, its agent tells the same. */
	return n->n > n->out && n->out < NOTIFY_WINDOW && !n->stuck &&
	       agentx_session_state(session) == AGENTX_SERVING && agentx_session_answers(session);
}

void notifier_turn(struct notifier *n, struct agentx_session *session, uint64_t now_ms)
{
	follow_session(n, session);
	forget_old(n, now_ms);
	for (unsigned int i = 0; i < NOTIFY_WINDOW && may_send(n, session); i++)
		send_next(n, session);
}

uint64_t notifier_deadline(
	const struct notifier *n, const struct agentx_session *session, uint64_t now_ms)
{
	if (may_send(n, session))
		return now_ms;
	return n->n > n->out ? item_at(n, 0)->queued_ms + OLD_MS + 1 : CLOCK_NEVER;
}
