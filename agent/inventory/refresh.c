/*
 * The connection for the inventory, the queries sent over it, and the snapshots made of the
 * answers. schedule.c decides what is asked, and when.
 *
 *   idle --retry time--> connecting --ready--> connected --closed--> idle
 */
#include "inventory/refresh.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/assemble.h"
#include "inventory/registry.h"
#include "inventory/schedule.h"
#include "ldm/conn.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/log.h"

#define TOKEN "inventory:refresh"
/* A connection that lasted this long resets the back-off. */
#define STEADY_MS	   10000
#define SPCONFIGS_LATER_MS 2000
/* Pause before the next query when one could not be sent. */
#define PAUSE_MS 1000

enum refresh_state {
	REFRESH_IDLE, /* waits until retry_ms */
	REFRESH_CONNECTING,
	REFRESH_CONNECTED,
	_REFRESH_STATE_MAX,
};

struct names {
	char **items;
	size_t n;
};

/* The one query that is on its way. */
struct query {
	bool running;
	struct due due; /* its target is owned */
	struct listing *listing;
	struct names keep; /* domains on which a command ended meanwhile */
	bool spoiled;	   /* no memory to add a name to keep: the answer must not be used */
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
	unsigned attempts; /* since a connection that lasted */
	uint64_t connected_ms;
	uint64_t random_state;
	char *logged_error;   /* last text logged, so that a lasting trouble is logged once */
	bool refusal_counted; /* the document that ended the connection is counted already */

	/* What was learned over this connection. */
	bool services_work, version_changed, on_version_2;

	struct schedule schedule;
	struct query query;

	const struct snapshot *snapshot;
	bool published;
	uint64_t publish_ms; /* latest time to publish the first snapshot */
	struct ldm_status status;
	bool status_dirty;
};

static void set_state(struct refresh *r, enum refresh_state next)
{
	static const bool legal[_REFRESH_STATE_MAX][_REFRESH_STATE_MAX] = {
		[REFRESH_IDLE] = {[REFRESH_CONNECTING] = true},
		[REFRESH_CONNECTING] = {[REFRESH_CONNECTED] = true, [REFRESH_IDLE] = true},
		[REFRESH_CONNECTED] = {[REFRESH_IDLE] = true},
	};

	assert(legal[r->state][next]);
	r->state = next;
}

/* --- names --------------------------------------------------------------------------------- */

static int names_add(struct names *n, const char *name)
{
	char *copy = strdup(name), **item;

	item = copy ? array_append(&n->items, &n->n, sizeof(*item)) : NULL;
	if (!item) {
		free(copy);
		return -ENOMEM;
	}
	*item = copy;
	return 0;
}

static bool names_have(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->items[i], name) == 0)
			return true;
	return false;
}

static void names_clear(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->items[i]);
	free(n->items);
	*n = (struct names){0};
}

/* --- status and snapshots, told to the owner ----------------------------------------------- */

/* Shows the error in the manager scalars. */
static void take_error(struct refresh *r, char *take)
{
	free(r->status.last_error);
	r->status.last_error = take;
	r->status.last_error_ms = r->now_ms;
	r->status_dirty = true;
}

/* Remembers the error for the scalars and logs it unless it is the one logged last. */
static void __attribute__((format(printf, 2, 3)))
report_trouble(struct refresh *r, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return;
	if (!r->logged_error || !log_says_the_same(r->logged_error, text)) {
		log_err(TOKEN, "%s", text);
		free(r->logged_error);
		r->logged_error = strdup(text);
	}
	take_error(r, text);
}

static void forget_trouble(struct refresh *r)
{
	free(r->logged_error);
	r->logged_error = NULL;
}

static void set_link(struct refresh *r, enum link_state link)
{
	if (r->status.link == link)
		return;
	log_debug(TOKEN, "link %s -> %s", link_state_name(r->status.link), link_state_name(link));
	if (link == LINK_UP && r->status.link != LINK_SLOW)
		log_notice(TOKEN, "the inventory of ldmd is fresh");
	r->status.link = link;
	r->status.link_changed_ms = r->now_ms;
	r->status_dirty = true;
}

static void tell_status(struct refresh *r)
{
	if (!r->status_dirty)
		return;
	r->status_dirty = false;
	r->ops.on_status(r->user, &r->status);
}

static void send_snapshot(struct refresh *r)
{
	r->published = true;
	r->ops.on_snapshot(r->user, r->snapshot);
}

static void publish(struct refresh *r, const struct snapshot *take)
{
	const struct snapshot *old = r->snapshot;

	r->snapshot = take;
	r->status.snapshots++;
	r->status.registry_failed = registry_failed(r->registry);
	r->status_dirty = true;
	if (!old)
		r->publish_ms = clock_after(r->now_ms, r->config.first_detail_ms);
	if (r->published)
		send_snapshot(r);
	snapshot_unref(old);
}

/* The first snapshot waits for the details, so that their first reading is not told as a change. */
static void publish_first(struct refresh *r)
{
	bool complete = !schedule_details_open(&r->schedule, r->now_ms) && !r->query.running;

	if (r->published || !r->snapshot)
		return;
	if (complete || r->now_ms >= r->publish_ms)
		send_snapshot(r);
}

/* --- asking -------------------------------------------------------------------------------- */

static const struct {
	uint32_t need;
	const char *action;
} list_questions[_LISTING_KIND_MAX] = {
	[LISTING_DOMAIN] = {NEED_LIST, "list-domain"},
	[LISTING_BINDINGS] = {NEED_BINDINGS, "list-bindings"},
	[LISTING_CONSTRAINTS] = {NEED_CONSTRAINTS, "list-constraints"},
	[LISTING_SERVICES] = {NEED_SERVICES, "list-services"},
	[LISTING_SPCONFIG] = {NEED_SPCONFIG, "list-spconfig"},
	[LISTING_DEVICES] = {NEED_DEVICES, "list-devices"},
};

static enum listing_kind kind_for(uint32_t need)
{
	int kind = 0;

	while (list_questions[kind].need != need)
		kind++;
	return (enum listing_kind)kind;
}

static const char *action_of(enum listing_kind kind)
{
	return list_questions[kind].action;
}

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct refresh *r = user;

	(void)message;
	/* Content that ldmd marks as failed has no values; on_done() sees the failure. */
	if (!ok || !r->query.listing)
		return 0;
	int rc = listing_feed(r->query.listing, content);
	/* To ldm/conn.h -EBADMSG means broken XML; this XML is good, only the listing is not. */
	return rc == -EBADMSG ? -EINVAL : rc;
}

static void on_done(void *user, int err, const struct ldm_reply *reply);

static const struct ldm_reply_ops reply_ops = {
	.on_content = on_content,
	.on_done = on_done,
};

static void query_clear(struct refresh *r)
{
	listing_free(r->query.listing);
	target_free(r->query.due.target);
	names_clear(&r->query.keep);
	r->query = (struct query){0};
}

static int submit(struct refresh *r, struct ldm_request *request)
{
	int rc = r->config.link->submit(
		r->conn, request, r->config.request_timeout_ms, &reply_ops, r);

	if (rc < 0) {
		ldm_request_free(request);
		return rc;
	}
	r->query.running = true;
	r->query.started_ms = r->now_ms;
	r->refusal_counted = false;
	r->status.queries++; /* on_status is called when the query ends */
	return 0;
}

static int ask_list(struct refresh *r, enum listing_kind kind, const char *name)
{
	struct listing_limits limits = listing_limits_default;
	struct ldm_request *request;

	if (r->config.max_domains)
		limits.domains = r->config.max_domains;
	int rc = listing_new(kind, &limits, &r->query.listing);
	if (rc == 0)
		rc = ldm_request_list(action_of(kind), name, &request);
	return rc == 0 ? submit(r, request) : rc;
}

static int ask_events(struct refresh *r)
{
	struct ldm_request *request;
	int rc = ldm_request_list("reg-all-events", NULL, &request);

	return rc == 0 ? submit(r, request) : rc;
}

static bool is_spconfigs(const struct target *target)
{
	return strcmp(target->name, LOOK_AT_SPCONFIGS) == 0;
}

static int ask_domain(struct refresh *r, const struct target *target)
{
	bool plain = target->plain || !r->schedule.bindings_work;

	if (is_spconfigs(target))
		return ask_list(r, LISTING_SPCONFIG, NULL);
	if (target->constraints)
		return ask_list(r, LISTING_CONSTRAINTS, target->name);
	return ask_list(r, plain ? LISTING_DOMAIN : LISTING_BINDINGS, target->name);
}

static int ask(struct refresh *r)
{
	switch (r->query.due.kind) {
	case DUE_EVENTS:
		return ask_events(r);
	case DUE_LIST:
		return ask_list(r, kind_for(r->query.due.need), NULL);
	case DUE_DOMAIN:
		return ask_domain(r, r->query.due.target);
	case DUE_NOTHING:
		break;
	}
	return 0;
}

/* Nothing was sent: there is no memory, or the request cannot be written with that name. */
static void give_up_asking(struct refresh *r, int err)
{
	struct target *target = r->query.due.target;

	r->query.due.target = NULL;
	r->schedule.needs |= r->query.due.need;
	r->schedule.pause_ms = clock_after(r->now_ms, PAUSE_MS);
	report_trouble(r, "cannot ask ldmd: %s", strerror(-err));
	query_clear(r);
	if (target)
		target_settle(target, err, NULL, NULL);
}

static void ask_when_due(struct refresh *r)
{
	if (r->state != REFRESH_CONNECTED || r->query.running)
		return;
	r->query.due = schedule_next(&r->schedule, r->now_ms);
	int rc = ask(r);
	if (rc < 0)
		give_up_asking(r, rc);
}

/* --- what an answer says ------------------------------------------------------------------- */

/* ldmd's messages have no fixed wording; the callers give parts that such messages share. */
static bool contains_any(const char *message, const char *const *parts)
{
	for (; message && *parts; parts++)
		if (strcasestr(message, *parts))
			return true;
	return false;
}

static bool is_refusal(const char *message)
{
	static const char *const parts[] = {"authori", "permission", "privilege", "not permitted",
		"access denied", "solaris.ldoms", NULL};

	return contains_any(message, parts);
}

static bool is_absence(const char *message)
{
	static const char *const parts[] = {"not found", "does not exist", "no such", NULL};

	return contains_any(message, parts);
}

static bool is_name_character(char c)
{
	return c && (isalnum((unsigned char)c) || strchr("-_+#.:;~()", c));
}

/* Whether the message has the name as a word of its own. */
static bool names_domain(const char *message, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strstr(message, name); at; at = strstr(at + 1, name))
		if ((at == message || !is_name_character(at[-1])) && !is_name_character(at[n]))
			return true;
	return false;
}

/* "no such action" does not name the domain, so it is not gone. A message that names the domain is
 * about it even if it looks like a refusal, as "authoring was not found" does. */
static bool says_domain_is_gone(const struct refresh *r, const char *message)
{
	if (!is_absence(message))
		return false;
	return names_domain(message, r->query.due.target->name) ||
	       (r->query.listing->kind == LISTING_DOMAIN && !is_refusal(message));
}

static void unauthorised(struct refresh *r, const char *message)
{
	set_link(r, LINK_UNAUTHORISED);
	report_trouble(r,
		"ldmd refuses to tell us anything (%s): grant the agent's user the right "
		"solaris.ldoms.read (profile \"LDoms Review\"), and solaris.ldoms.write (profile "
		"\"LDoms Management\") if SETs are wanted; remotely, that is the user of ldmUser",
		message ? message : "it lists no domain at all, not even its own");
}

/*
 * How long ldmd took to answer. A time above the time-out means that the agent stood still (in a
 * suspended machine, for example), which says nothing about ldmd: 0.
 */
static uint64_t query_duration(const struct refresh *r)
{
	uint64_t took = r->now_ms - r->query.started_ms;

	return took <= r->config.request_timeout_ms ? took : 0;
}

/* --- using an answer ----------------------------------------------------------------------- */

/* gone: name of the domain that ldmd says does not exist; NULL: none. */
static int make_snapshot(struct refresh *r, const char *gone)
{
	struct query *q = &r->query;
	const struct snapshot *next;
	const struct assemble_input in = {
		.last = r->snapshot,
		.listing = q->listing,
		.only = q->due.target ? q->due.target->name : NULL,
		.gone = gone,
		.ignore_bound_services = r->services_work,
		.keep = (const char *const *)q->keep.items,
		.n_keep = q->keep.n,
		.asked_ms = q->started_ms,
		.now_ms = r->now_ms,
		.cpu_time =
			{
				.connected_ms = r->connected_ms,
				.domain_ms = 2 * r->status.interval_ms,
				.vcpu_ms = 2 * r->config.detail_interval_ms,
			},
		.registry = r->registry,
	};
	int rc = assemble(&in, &next);

	if (rc < 0) {
		report_trouble(r, "cannot use ldmd's answer to %s: %s", action_of(q->listing->kind),
			rc == -E2BIG ? "too many domains" : strerror(-rc));
		return rc;
	}
	publish(r, next);
	return 0;
}

static void listing_refused(struct refresh *r)
{
	r->status.documents_refused++;
	report_trouble(r, "refused ldmd's answer to %s: %s; the last good data stay",
		action_of(r->query.listing->kind), r->query.listing->error);
}

static void plan_next_list(struct refresh *r)
{
	uint64_t interval = r->config.interval_ms;

	/* The agent stood still (see query_duration()), so its data are old: ask at once. */
	if (r->now_ms - r->query.started_ms > r->config.request_timeout_ms) {
		r->schedule.list_due_ms = r->now_ms;
		return;
	}
	if (interval < 5 * query_duration(r))
		interval = 5 * query_duration(r);
	r->status.interval_ms = interval;
	r->schedule.list_due_ms =
		clock_after(r->now_ms, schedule_jitter(&r->schedule, interval, 10));
}

static void list_is_good(struct refresh *r, const struct snapshot *before)
{
	r->schedule.had_list = true;
	r->status.last_good_ms = r->now_ms;
	r->status.last_duration_ms = r->now_ms - r->query.started_ms;
	set_link(r, LINK_UP);
	if (r->query.listing->left_out == 0)
		forget_trouble(r);
	schedule_after_list(&r->schedule, before, r->snapshot, r->now_ms);
}

static void after_snapshot(struct refresh *r, const struct snapshot *before)
{
	if (r->query.listing->left_out > 0)
		report_trouble(r,
			"ldmd lists %zu domains without a name: they are left out, and what is "
			"missing in such a list is not taken for gone",
			r->query.listing->left_out);
	switch (r->query.listing->kind) {
	case LISTING_DOMAIN:
		if (!r->query.due.target)
			list_is_good(r, before);
		break;
	case LISTING_BINDINGS:
		r->schedule.bindings_work = true;
		break;
	case LISTING_SERVICES:
		r->services_work = true;
		break;
	case LISTING_DEVICES:
		/* A device may have moved between the two lists: read both again. */
		if (r->snapshot->doubted_pools.known)
			schedule_doubt(&r->schedule);
		break;
	case LISTING_SPCONFIG:
	case LISTING_CONSTRAINTS:
	case _LISTING_KIND_MAX:
		break;
	}
}

static int use_answer(struct refresh *r)
{
	const struct snapshot *before = snapshot_ref(r->snapshot);
	int rc = listing_finish(r->query.listing);

	if (rc == -EBADMSG)
		listing_refused(r);
	if (rc == 0 && r->query.due.need == NEED_LIST && r->query.listing->n_domains == 0) {
		unauthorised(r, NULL);
		rc = -EPERM;
	}
	if (rc == 0)
		rc = make_snapshot(r, NULL);
	if (rc == 0)
		after_snapshot(r, before);
	else
		r->status.query_failures++;
	snapshot_unref(before);
	return rc;
}

/* --- the end of a question ----------------------------------------------------------------- */

/* ldmd may know only one data version. The next list is asked for in the other version, and the
 * first time at once. */
static bool change_version(struct refresh *r, const char *message)
{
	bool at_once = !r->version_changed;

	if (r->query.due.need != NEED_LIST || r->schedule.had_list ||
		r->endpoint->data_version != LDM_DATA_AUTO)
		return false;
	r->version_changed = true;
	r->on_version_2 = !r->on_version_2;
	r->config.link->set_data(r->conn, r->on_version_2 ? LDM_DATA_2 : LDM_DATA_3);
	if (!at_once)
		return false;
	log_notice(TOKEN, "ldmd does not take data version 3.0 (%s): asking in 2.0",
		message ? message : "no reason given");
	r->schedule.needs |= NEED_LIST;
	/* The registration for events was refused for the same reason. */
	if (!r->schedule.has_events)
		r->schedule.registered = false;
	return true;
}

static int list_failed(struct refresh *r, const struct ldm_reply *reply)
{
	enum listing_kind kind = r->query.listing->kind;
	bool refused = is_refusal(reply->message);

	r->status.query_failures++;
	if (kind == LISTING_BINDINGS)
		r->schedule.bindings_work = false;
	else if (kind == LISTING_SERVICES)
		r->services_work = false;
	if (refused)
		unauthorised(r, reply->message);
	else if (!change_version(r, reply->message))
		report_trouble(r, "ldmd answers %s with failure: %s", action_of(kind),
			reply->message ? reply->message : "no reason given");
	return refused ? -EPERM : -EREMOTEIO;
}

static void fail_waiters(struct refresh *r, int err)
{
	size_t n;
	/* Taken off the schedule first, as a callback may add new targets. */
	struct target **targets = schedule_take_targets(&r->schedule, &n);

	for (size_t i = 0; i < n; i++)
		target_settle(targets[i], err, NULL, NULL);
	free(targets);
}

static void end_list(struct refresh *r, int err, const struct ldm_reply *reply)
{
	uint32_t need = r->query.due.need;

	if (r->query.spoiled) {
		err = -EAGAIN;
		r->schedule.needs |= need;
	} else if (err == 0) {
		err = reply->ok ? use_answer(r) : list_failed(r, reply);
	}
	if (err < 0 && need != NEED_LIST)
		schedule_list_failed(&r->schedule, need, r->now_ms);
	/* No single domain is read before the first list: those who wait would wait for ever. */
	if (err < 0 && !r->query.spoiled && !r->schedule.had_list)
		fail_waiters(r, err);
	schedule_list_done(&r->schedule, need, r->now_ms, query_duration(r));
	if (need == NEED_LIST)
		plan_next_list(r);
	query_clear(r);
}

/* Ends the query for one domain and tells those who wait. */
static void settle_target(struct refresh *r, int err)
{
	struct target *target = r->query.due.target;
	const struct snapshot *s = snapshot_ref(r->snapshot);
	const struct domain *d = err == 0 ? snapshot_find_name(s, target->name) : NULL;

	r->query.due.target = NULL;
	query_clear(r);
	target_settle(target, err, d, s);
	snapshot_unref(s);
}

static void ask_again(struct refresh *r, bool plain)
{
	struct target *target = r->query.due.target;

	r->query.due.target = NULL;
	target->plain |= plain;
	query_clear(r);
	int rc = schedule_return(&r->schedule, target, r->now_ms);
	if (rc < 0)
		target_settle(target, rc, NULL, NULL);
}

/* During a delayed reconfiguration only the constraints show what the domain gets at its reboot. */
static void target_is_read(struct refresh *r)
{
	struct target *target = r->query.due.target;
	int err = use_answer(r);
	const struct domain *d = err == 0 ? snapshot_find_name(r->snapshot, target->name) : NULL;

	if (d && d->pending) {
		target->constraints = true;
		ask_again(r, false);
	} else {
		settle_target(r, err);
	}
}

/* The domain was read before. Without a good answer waiting_known stays false. */
static void constraints_are_read(struct refresh *r, int err, const struct ldm_reply *reply)
{
	if (err == 0 && reply->ok && r->query.listing->n_domains > 0)
		(void)use_answer(r);
	settle_target(r, err == -EBADMSG ? 0 : err);
}

static void target_is_gone(struct refresh *r)
{
	settle_target(r, make_snapshot(r, r->query.due.target->name));
}

/* If list-bindings fails, list-domain may still work. */
static void target_failed(struct refresh *r, const struct ldm_reply *reply)
{
	r->status.query_failures++;
	if (!is_spconfigs(r->query.due.target) && says_domain_is_gone(r, reply->message)) {
		target_is_gone(r);
	} else if (is_refusal(reply->message)) {
		unauthorised(r, reply->message);
		settle_target(r, -EPERM);
	} else if (r->query.listing->kind == LISTING_BINDINGS) {
		ask_again(r, true);
	} else {
		settle_target(r, -EREMOTEIO);
	}
}

static void end_target(struct refresh *r, int err, const struct ldm_reply *reply)
{
	const struct query *q = &r->query;

	if (err == 0 && (q->spoiled || names_have(&q->keep, q->due.target->name))) {
		q->due.target->constraints = false;
		ask_again(r, false);
	} else if (q->due.target->constraints)
		constraints_are_read(r, err, reply);
	else if (err < 0)
		settle_target(r, err);
	else if (!reply->ok)
		target_failed(r, reply);
	else if (is_spconfigs(q->due.target))
		settle_target(r, use_answer(r));
	else if (q->listing->n_domains > 0 || q->listing->left_out > 0)
		target_is_read(r);
	else if (q->listing->kind == LISTING_BINDINGS)
		ask_again(r, true);
	else
		target_is_gone(r);
}

static void end_register(struct refresh *r, int err, const struct ldm_reply *reply)
{
	bool lasts = schedule_registered(
		&r->schedule, err == 0 && !reply->ok ? -EREMOTEIO : err, r->now_ms);

	r->status.events = err == 0 && reply->ok;
	if (!lasts)
		log_notice(TOKEN,
			"ldmd sends no events (%s): changes show at the next poll; events are "
			"asked "
			"for again in ten minutes",
			reply->message ? reply->message : "no reason given");
	query_clear(r);
}

static void count_failure(struct refresh *r, int err, const struct ldm_reply *reply)
{
	r->status.query_failures++;
	if (err == -ETIMEDOUT)
		r->status.timeouts++;
	r->refusal_counted = err == -EBADMSG || err == -EPROTO;
	r->status.documents_refused += r->refusal_counted;
	if (r->query.listing && r->query.listing->error) {
		listing_refused(r);
	} else if (err == -EBADMSG && reply->message) {
		/* ldm/ has logged it. */
		char *copy = strdup(reply->message);

		if (copy)
			take_error(r, copy);
	}
}

static void on_done(void *user, int err, const struct ldm_reply *reply)
{
	struct refresh *r = user;

	/* Called by refresh_free(): nobody is told anything. */
	if (!r->conn)
		return;
	r->status_dirty = true;
	if (err < 0)
		count_failure(r, err, reply);
	else if (r->status.link == LINK_SLOW)
		set_link(r, LINK_UP);
	switch (r->query.due.kind) {
	case DUE_EVENTS:
		end_register(r, err, reply);
		break;
	case DUE_DOMAIN:
		end_target(r, err, reply);
		break;
	case DUE_LIST:
	case DUE_NOTHING:
		end_list(r, err, reply);
		break;
	}
	publish_first(r);
}

/* --- connection ---------------------------------------------------------------------------- */

static int link_open(const struct ldm_endpoint *e, const struct ldm_conn_ops *ops, void *user,
	struct ldm_conn **c)
{
	int r = *c ? 0 : ldm_conn_new(e, ops, user, c);

	return r < 0 ? r : ldm_conn_open(*c);
}

static void link_set_data(struct ldm_conn *c, int version)
{
	ldm_conn_set_data(c, (enum ldm_data_version)version);
}

static const struct refresh_link real_link = {
	.open = link_open,
	.free = ldm_conn_free,
	.submit = ldm_conn_submit,
	.set_data = link_set_data,
	.prepare = ldm_conn_prepare,
	.dispatch = ldm_conn_dispatch,
};

/* 0.2 s, 0.4 s, 0.8 s and so on up to the limit; each shortened by up to a half at random. */
static void plan_retry(struct refresh *r)
{
	uint64_t delay = r->config.backoff_min_ms;

	for (unsigned i = 0; i < r->attempts && delay < r->config.backoff_max_ms; i++)
		delay *= 2;
	if (delay > r->config.backoff_max_ms)
		delay = r->config.backoff_max_ms;
	r->attempts++;
	r->retry_ms = clock_after(r->now_ms, schedule_jitter(&r->schedule, delay, 2));
}

static void on_ready(void *user)
{
	struct refresh *r = user;

	set_state(r, REFRESH_CONNECTED);
	r->connected_ms = r->now_ms;
	r->version_changed = false;
	r->on_version_2 = false;
	if (r->endpoint->data_version == LDM_DATA_AUTO)
		r->config.link->set_data(r->conn, LDM_DATA_3);
	r->services_work = true;
	r->status.connects++;
	r->status.events = false;
	r->status_dirty = true;
	schedule_connected(&r->schedule, r->now_ms);
}

static void connection_lost(struct refresh *r, enum link_state link)
{
	if (r->state == REFRESH_CONNECTED)
		r->status.disconnects++;
	/* If ldmd accepts and soon closes again and again, the back-off must grow. */
	if (r->state == REFRESH_CONNECTED && r->now_ms - r->connected_ms >= STEADY_MS)
		r->attempts = 0;
	set_state(r, REFRESH_IDLE);
	r->status.events = false;
	set_link(r, link);
	query_clear(r);
	r->schedule.needs = 0;
	plan_retry(r);
	fail_waiters(r, -ENOTCONN);
	r->status_dirty = true;
}

static void on_closed(void *user, enum ldm_closed reason, int error, const char *text)
{
	struct refresh *r = user;

	/* While connecting, it was the handshake that broke a rule, and not a document. */
	if (reason == LDM_CLOSED_PROTOCOL && r->state == REFRESH_CONNECTED && !r->refusal_counted)
		r->status.documents_refused++;
	r->refusal_counted = false;
	if (reason == LDM_CLOSED_AUTH)
		report_trouble(r,
			"ldmd does not let us in (%s): check ldmUser and ldmPasswordFile, and "
			"that this user has the right solaris.ldoms.read",
			text ? text : strerror(-error));
	else
		report_trouble(r, "connection to ldmd: %s", text ? text : strerror(-error));
	connection_lost(r, reason == LDM_CLOSED_AUTH ? LINK_UNAUTHORISED : LINK_DOWN);
}

static void on_event(void *user, const struct ldm_event *event)
{
	struct refresh *r = user;

	r->status.events_received++;
	r->status_dirty = true;
	log_debug(TOKEN, "event %s %s", event->action, event->domain ? event->domain : "");
	if (!schedule_event(&r->schedule, event, r->snapshot, r->now_ms))
		r->status.events_unknown++;
	if (r->ops.on_event)
		r->ops.on_event(r->user, event);
}

static const struct ldm_conn_ops conn_ops = {
	.on_ready = on_ready,
	.on_closed = on_closed,
	.on_event = on_event,
};

static void connect_when_due(struct refresh *r)
{
	if (r->state != REFRESH_IDLE || r->now_ms < r->retry_ms)
		return;
	set_state(r, REFRESH_CONNECTING);
	if (r->status.link == LINK_DOWN)
		set_link(r, LINK_CONNECTING);
	int rc = r->config.link->open(r->endpoint, &conn_ops, r, &r->conn);
	if (rc == 0)
		return;
	report_trouble(r, "cannot open a connection to ldmd: %s", strerror(-rc));
	connection_lost(r, LINK_DOWN);
}

/* --- life ---------------------------------------------------------------------------------- */

void refresh_config_init(struct refresh_config *c, bool local)
{
	*c = (struct refresh_config){
		.interval_ms = 5000,
		.detail_interval_ms = 60000,
		.request_timeout_ms = 10000,
		.coalesce_ms = 50,
		.backoff_min_ms = 200,
		.backoff_max_ms = local ? 1500 : 30000,
		.first_detail_ms = 1500,
	};
}

/* xorshift; it only keeps many agents from asking at the same moments. */
static uint32_t own_random(void *user)
{
	uint64_t *state = user;

	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

static void adopt_config(struct refresh *r, const struct refresh_config *config)
{
	r->config = *config;
	if (!r->config.link)
		r->config.link = &real_link;
	r->schedule.random = config->random ? config->random : own_random;
	r->schedule.random_user = config->random ? config->random_user : &r->random_state;
	r->schedule.interval_ms = config->interval_ms;
	r->schedule.detail_interval_ms = config->detail_interval_ms;
	r->schedule.coalesce_ms = config->coalesce_ms;
	r->status.interval_ms = config->interval_ms;
	r->status_dirty = true;
}

int refresh_new(const struct refresh_config *config, const struct ldm_endpoint *endpoint,
	struct registry *registry, const struct refresh_ops *ops, void *user, struct refresh **ret)
{
	if (!config->interval_ms || !config->request_timeout_ms || !config->backoff_min_ms)
		return -EINVAL;
	struct refresh *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->endpoint = endpoint;
	r->registry = registry;
	r->ops = *ops;
	r->user = user;
	r->now_ms = clock_ms();
	r->random_state = (r->now_ms << 20 ^ (uint64_t)(uintptr_t)r) | 1;
	r->status.link = LINK_DOWN;
	r->status.registry_recovered = registry_recovered(registry);
	adopt_config(r, config);
	*ret = r;
	return 0;
}

void refresh_free(struct refresh *r)
{
	if (!r)
		return;
	/* Nobody who waits for a domain is told anything any more. */
	schedule_clear(&r->schedule);
	if (r->conn) {
		struct ldm_conn *conn = r->conn;

		if (r->query.due.target)
			r->query.due.target->n_waiters = 0;
		r->conn = NULL;
		r->config.link->free(conn);
	}
	query_clear(r);
	schedule_clear(&r->schedule);
	snapshot_unref(r->snapshot);
	ldm_status_clear(&r->status);
	free(r->logged_error);
	free(r);
}

void refresh_reconfigure(struct refresh *r, const struct refresh_config *config)
{
	const struct refresh_link *link = r->config.link;
	uint64_t at = r->now_ms + config->interval_ms;

	adopt_config(r, config);
	r->config.link = link;
	if (r->schedule.list_due_ms != CLOCK_NEVER && r->schedule.list_due_ms > at)
		r->schedule.list_due_ms = at;
}

void refresh_spconfigs_later(struct refresh *r)
{
	schedule_lists(&r->schedule, NEED_SPCONFIG, r->now_ms, SPCONFIGS_LATER_MS);
}

/* --- turns --------------------------------------------------------------------------------- */

static uint64_t slow_at(const struct refresh *r)
{
	return clock_after(r->query.started_ms, r->config.interval_ms);
}

static void add_deadlines(const struct refresh *r, struct pollset *ps)
{
	if (r->state == REFRESH_IDLE)
		pollset_deadline(ps, r->retry_ms);
	if (r->state == REFRESH_CONNECTED && !r->query.running)
		pollset_deadline(ps, schedule_deadline(&r->schedule, r->now_ms));
	if (r->query.running && r->status.link == LINK_UP)
		pollset_deadline(ps, slow_at(r));
	if (!r->published && r->snapshot)
		pollset_deadline(ps, r->publish_ms);
}

int refresh_prepare(struct refresh *r, struct pollset *ps, uint64_t now_ms)
{
	r->now_ms = now_ms;
	connect_when_due(r);
	ask_when_due(r);
	tell_status(r);
	add_deadlines(r, ps);
	if (r->conn)
		r->config.link->prepare(r->conn, ps);
	return 0;
}

void refresh_dispatch(struct refresh *r, const struct pollset *ps, uint64_t now_ms)
{
	r->now_ms = now_ms;
	if (r->conn)
		r->config.link->dispatch(r->conn, ps, now_ms);
	connect_when_due(r);
	ask_when_due(r);
	if (r->query.running && r->status.link == LINK_UP && now_ms >= slow_at(r))
		set_link(r, LINK_SLOW);
	publish_first(r);
	tell_status(r);
}

/* --- control's calls ----------------------------------------------------------------------- */

int refresh_domain_now(struct refresh *r, const char *name, refresh_domain_cb *cb, void *user)
{
	if (r->state != REFRESH_CONNECTED)
		return -ENOTCONN;
	return schedule_waiter(&r->schedule, name, r->now_ms, cb, user);
}

void refresh_command_ended(struct refresh *r, const char *name)
{
	if (!r->query.running || names_have(&r->query.keep, name))
		return;
	/* A name that cannot be kept makes the whole answer useless. */
	if (names_add(&r->query.keep, name) < 0)
		r->query.spoiled = true;
}

static int patch_row(struct refresh *r, uint32_t index, const struct domain *row)
{
	const struct snapshot *next;
	int rc = assemble_patch(
		r->snapshot, index, row, r->now_ms, registry_next_index(r->registry), &next);

	if (rc == 0)
		publish(r, next);
	return rc;
}

int refresh_put_row(struct refresh *r, const struct domain *take)
{
	int rc = patch_row(r, take->index, take);

	domain_unref(take);
	return rc;
}

int refresh_drop_row(struct refresh *r, uint32_t index)
{
	if (!snapshot_find_index(r->snapshot, index))
		return -ENOENT;
	return patch_row(r, index, NULL);
}

void refresh_count_refused(struct refresh *r)
{
	r->status.documents_refused++;
	r->status_dirty = true;
}

const struct snapshot *refresh_snapshot(const struct refresh *r)
{
	return r->published ? r->snapshot : NULL;
}

const struct ldm_status *refresh_status(const struct refresh *r)
{
	return &r->status;
}

int refresh_data_version(const struct refresh *r)
{
	if (r->endpoint->data_version != LDM_DATA_AUTO)
		return (int)r->endpoint->data_version;
	return r->on_version_2 ? LDM_DATA_2 : LDM_DATA_3;
}
