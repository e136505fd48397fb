/*
 * One question at a time: chosen, asked, and its answer made a snapshot.
 */
#include "inventory/refresh-internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/status.h"
#include "util/clock.h"
#include "util/log.h"

#define PAUSE_MS 1000
/* How often a list-devices that does not fit is repeated before the next round. */
#define DOUBTS_MAX 3

static const struct list {
	uint32_t need;
	enum build_source source;
	const char *action;
} lists[] = {
	{NEED_LIST, BUILD_DOMAIN, "list-domain"},
	{NEED_BINDINGS, BUILD_BINDINGS, "list-bindings"},
	{NEED_CONSTRAINTS, BUILD_CONSTRAINTS, "list-constraints"},
	{NEED_SERVICES, BUILD_SERVICES, "list-services"},
	{NEED_SPCONFIG, BUILD_SPCONFIG, "list-spconfig"},
	{NEED_DEVICES, BUILD_DEVICES, "list-devices"},
};

static const char *action_of(enum build_source source)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (lists[i].source == source)
			return lists[i].action;
	return "";
}

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct refresh *r = user;
	int rc;

	(void)message;
	/* What ldmd refused says nothing; the reply as a whole has failed then. */
	if (!ok || !r->query.draft)
		return 0;
	rc = draft_feed(r->query.draft, content);
	/* -EBADMSG would say that the document is broken; it is fine but for what it says. */
	return rc == -EBADMSG ? -EINVAL : rc;
}

static void on_done(void *user, int err, const struct ldm_reply *reply);

static const struct ldm_reply_ops reply_ops = {
	.on_content = on_content,
	.on_done = on_done,
};

void query_clear(struct refresh *r)
{
	draft_free(r->query.draft);
	target_free(r->query.target);
	names_clear(&r->query.keep);
	r->query = (struct query){0};
}

/* --- asking -------------------------------------------------------------------------------- */

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
	r->status.queries++;
	r->status_dirty = true;
	return 0;
}

static int ask_list(struct refresh *r, enum build_source source, const char *name)
{
	const struct build_limits limits = {
		.domains = r->config.max_domains ? r->config.max_domains
						 : build_limits_default.domains,
		.rows = build_limits_default.rows,
	};
	struct ldm_request *request;
	int rc = draft_new(source, &limits, &r->query.draft);

	r->query.source = source;
	if (rc == 0)
		rc = ldm_request_list(action_of(source), name, &request);
	if (rc == 0)
		rc = submit(r, request);
	return rc;
}

static int ask_events(struct refresh *r)
{
	struct ldm_request *request;
	int rc = ldm_request_register("reg-all-events", &request);

	r->query.is_register = true;
	return rc == 0 ? submit(r, request) : rc;
}

static int ask_target(struct refresh *r, struct target *take)
{
	bool plain = take->plain || !r->bindings_work;

	r->query.target = take;
	return ask_list(r, plain ? BUILD_DOMAIN : BUILD_BINDINGS, take->name);
}

static int ask_need(struct refresh *r, uint32_t need)
{
	enum build_source source = BUILD_DOMAIN;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (lists[i].need == need)
			source = lists[i].source;
	r->query.need = need;
	r->needs &= ~need;
	if (need == NEED_BINDINGS)
		agenda_drop_idle_targets(r);
	return ask_list(r, source, NULL);
}

/*
 * Whoever waits comes first, then the short list, then single domains and the long lists, in turn
 * when there are both: a steady flow of events must not put the lists off for ever.
 */
static int ask_next(struct refresh *r)
{
	struct target *target = NULL;
	uint32_t need = agenda_next_need(r);

	if (!r->registered)
		return ask_events(r);
	if (r->had_list)
		target = agenda_next_target(r, true);
	if (!target && need == NEED_LIST)
		return ask_need(r, NEED_LIST);
	if (!target && r->had_list && !(need && r->lists_turn))
		target = agenda_next_target(r, false);
	r->lists_turn = target != NULL;
	if (target)
		return ask_target(r, target);
	return need && r->had_list ? ask_need(r, need) : 0;
}

/* Nothing left the house: no memory, or a name that no request can carry. */
static void give_up_asking(struct refresh *r, int err)
{
	struct target *target = r->query.target;

	r->query.target = NULL;
	r->needs |= r->query.need;
	r->pause_ms = clock_after(r->now_ms, PAUSE_MS);
	refresh_trouble(r, "cannot ask ldmd: %s", strerror(-err));
	query_clear(r);
	if (target)
		target_settle(target, err, NULL, NULL);
}

void query_advance(struct refresh *r)
{
	int rc;

	if (r->state != REFRESH_CONNECTED || r->query.running || r->now_ms < r->pause_ms)
		return;
	agenda_tick(r);
	rc = ask_next(r);
	if (rc < 0)
		give_up_asking(r, rc);
}

/* --- answers ------------------------------------------------------------------------------- */

/* The words are ldmd's own and free; these parts of them are what refusals have in common. */
static bool says(const char *message, const char *const *parts)
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

	return says(message, parts);
}

static bool is_absence(const char *message)
{
	static const char *const parts[] = {"not found", "does not exist", "no such", NULL};

	return says(message, parts);
}

static void unauthorised(struct refresh *r, const char *message)
{
	refresh_set_link(r, LINK_UNAUTHORISED);
	refresh_trouble(r,
		"ldmd refuses to tell us anything (%s): grant the agent's user the right "
		"solaris.ldoms.read (profile \"LDoms Review\"), and solaris.ldoms.write (profile "
		"\"LDoms Management\") if SETs are wanted; remotely, that is the user of ldmUser",
		message ? message : "it lists no domain at all, not even its own");
}

static int make_snapshot(struct refresh *r, const char *gone)
{
	struct query *q = &r->query;
	const struct snapshot *next;
	struct assemble_input in = {
		.last = r->snapshot,
		.draft = q->draft,
		.source = q->source,
		.only = q->target ? q->target->name : NULL,
		.gone = gone,
		.ignore_bound_services = r->services_work,
		.keep = (const char *const *)q->keep.items,
		.n_keep = q->keep.n,
		.asked_ms = q->started_ms,
		.now_ms = r->now_ms,
		.registry = r->registry,
	};
	int rc = assemble(&in, &next);

	if (rc < 0) {
		refresh_trouble(r, "cannot use ldmd's answer to %s: %s", action_of(q->source),
			rc == -E2BIG ? "too many domains" : strerror(-rc));
		return rc;
	}
	refresh_publish(r, next);
	return 0;
}

static void refused(struct refresh *r)
{
	r->status.documents_refused++;
	refresh_trouble(r, "refused ldmd's answer to %s: %s; the last good data stay",
		action_of(r->query.source), draft_error(r->query.draft));
}

static int judge_draft(struct refresh *r)
{
	int rc = draft_finish(r->query.draft);

	if (rc == -EBADMSG)
		refused(r);
	return rc;
}

/*
 * How long ldmd took. More than the time-out is our own standing still, in a suspended machine for
 * one: that says nothing about ldmd.
 */
static uint64_t duration(const struct refresh *r)
{
	uint64_t took = r->now_ms - r->query.started_ms;

	return took <= r->config.request_timeout_ms ? took : 0;
}

static void plan_next_list(struct refresh *r)
{
	uint64_t interval = r->config.interval_ms;

	/* What ldmd said before that is old by now. */
	if (r->now_ms - r->query.started_ms > r->config.request_timeout_ms) {
		r->list_due_ms = r->now_ms;
		return;
	}
	if (interval < 5 * duration(r))
		interval = 5 * duration(r);
	r->status.interval_ms = interval;
	r->list_due_ms = clock_after(r->now_ms, refresh_jitter(r, interval));
}

static void list_is_good(struct refresh *r, const struct snapshot *before)
{
	r->had_list = true;
	r->status.last_good_ms = r->now_ms;
	r->status.last_duration_ms = r->now_ms - r->query.started_ms;
	refresh_set_link(r, LINK_UP);
	refresh_no_trouble(r);
	agenda_after_list(r, before);
}

static void after_snapshot(struct refresh *r, const struct snapshot *before)
{
	switch (r->query.source) {
	case BUILD_DOMAIN:
		if (!r->query.target)
			list_is_good(r, before);
		break;
	case BUILD_BINDINGS:
		r->bindings_work = true;
		break;
	case BUILD_SERVICES:
		r->services_work = true;
		break;
	case BUILD_DEVICES:
		/* Did something move between the two lists? Look again at both. */
		if (r->snapshot->host->in_doubt && r->doubts++ < DOUBTS_MAX)
			r->needs |= NEED_LIST | NEED_DEVICES;
		break;
	case BUILD_SPCONFIG:
	case BUILD_CONSTRAINTS:
	case _BUILD_SOURCE_MAX:
		break;
	}
}

static int use_answer(struct refresh *r)
{
	const struct snapshot *before = snapshot_ref(r->snapshot);
	int rc = judge_draft(r);

	if (rc == 0 && r->query.need == NEED_LIST && draft_count(r->query.draft) == 0) {
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

/* ldmd may not know data version 3.0, or not 2.0: ask in the other one, the first time at once. */
static bool change_version(struct refresh *r, const char *message)
{
	bool at_once = !r->version_changed;

	if (r->query.need != NEED_LIST || r->had_list || r->endpoint->data_version != LDM_DATA_AUTO)
		return false;
	r->version_changed = true;
	r->on_version_2 = !r->on_version_2;
	r->config.link->set_data(r->conn, r->on_version_2 ? LDM_DATA_2 : LDM_DATA_3);
	if (!at_once)
		return false;
	log_notice(REFRESH_TOKEN, "ldmd does not take data version 3.0 (%s): asking in 2.0",
		message ? message : "no reason given");
	r->needs |= NEED_LIST;
	return true;
}

static int list_failed(struct refresh *r, const struct ldm_reply *reply)
{
	bool refused = is_refusal(reply->message);

	r->status.query_failures++;
	if (r->query.source == BUILD_BINDINGS)
		r->bindings_work = false;
	else if (r->query.source == BUILD_SERVICES)
		r->services_work = false;
	if (refused)
		unauthorised(r, reply->message);
	else if (!change_version(r, reply->message))
		refresh_trouble(r, "ldmd answers %s with failure: %s", action_of(r->query.source),
			reply->message ? reply->message : "no reason given");
	return refused ? -EPERM : -EREMOTEIO;
}

static void end_list(struct refresh *r, int err, const struct ldm_reply *reply)
{
	if (r->query.spoiled) {
		err = -EAGAIN;
		r->needs |= r->query.need;
	} else if (err == 0) {
		err = reply->ok ? use_answer(r) : list_failed(r, reply);
	}
	if (err < 0 && r->query.need != NEED_LIST)
		agenda_need_failed(r, r->query.need);
	/* Nothing is asked about single domains before the first list. */
	if (err < 0 && !r->query.spoiled && !r->had_list)
		agenda_fail_waiters(r, err);
	agenda_need_done(r, r->query.need, duration(r));
	if (r->query.need == NEED_LIST)
		plan_next_list(r);
	query_clear(r);
}

/* One domain, and what became of asking for it. */
static void settle_target(struct refresh *r, int err)
{
	struct target *target = r->query.target;
	const struct snapshot *s = snapshot_ref(r->snapshot);
	const struct domain *d = err == 0 ? snapshot_find_name(s, target->name) : NULL;

	r->query.target = NULL;
	query_clear(r);
	target_settle(target, err, d, s);
	snapshot_unref(s);
}

static void ask_again(struct refresh *r, bool plain)
{
	struct target *target = r->query.target;

	r->query.target = NULL;
	target->plain |= plain;
	query_clear(r);
	(void)agenda_return_target(r, target);
}

static void target_is_gone(struct refresh *r)
{
	settle_target(r, make_snapshot(r, r->query.target->name));
}

static bool in_name(char c)
{
	return c != '\0' && (isalnum((unsigned char)c) || strchr("-_+#.:;~()", c));
}

/* Names the domain, not just has its letters somewhere. */
static bool names_domain(const char *message, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strstr(message, name); at; at = strstr(at + 1, name))
		if ((at == message || !in_name(at[-1])) && !in_name(at[n]))
			return true;
	return false;
}

/* "no such action" is no word about the domain, "authoring was not found" is none about rights. */
static bool says_gone(const struct refresh *r, const char *message)
{
	if (!is_absence(message))
		return false;
	return names_domain(message, r->query.target->name) ||
	       (r->query.source == BUILD_DOMAIN && !is_refusal(message));
}

/* A refusal of the long list may be about the list and not about the domain. */
static void target_failed(struct refresh *r, const struct ldm_reply *reply)
{
	r->status.query_failures++;
	if (says_gone(r, reply->message)) {
		target_is_gone(r);
	} else if (is_refusal(reply->message)) {
		unauthorised(r, reply->message);
		settle_target(r, -EPERM);
	} else if (r->query.source == BUILD_BINDINGS) {
		ask_again(r, true);
	} else {
		settle_target(r, -EREMOTEIO);
	}
}

static void end_target(struct refresh *r, int err, const struct ldm_reply *reply)
{
	if (err == 0 && (r->query.spoiled || names_have(&r->query.keep, r->query.target->name)))
		ask_again(r, false);
	else if (err < 0)
		settle_target(r, err);
	else if (!reply->ok)
		target_failed(r, reply);
	else if (draft_count(r->query.draft) > 0)
		settle_target(r, use_answer(r));
	else if (r->query.source == BUILD_BINDINGS)
		ask_again(r, true);
	else
		target_is_gone(r);
}

static void end_register(struct refresh *r, int err, const struct ldm_reply *reply)
{
	/* Without events there is still the poll; a broken answer is worth another try later. */
	r->registered = true;
	r->register_again = err < 0;
	r->status.events = err == 0 && reply->ok;
	if (err == 0 && !reply->ok)
		log_notice(REFRESH_TOKEN,
			"ldmd sends no events (%s): changes show at the next poll",
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
	if (r->query.draft && draft_was_refused(r->query.draft))
		refused(r);
	else if (err == -EBADMSG && reply->message)
		refresh_note(r, reply->message);
}

static void on_done(void *user, int err, const struct ldm_reply *reply)
{
	struct refresh *r = user;

	/* refresh_free() ends what is on its way. */
	if (!r->conn)
		return;
	r->status_dirty = true;
	if (err < 0)
		count_failure(r, err, reply);
	else if (r->status.link == LINK_SLOW)
		refresh_set_link(r, LINK_UP);
	if (r->query.is_register)
		end_register(r, err, reply);
	else if (r->query.target)
		end_target(r, err, reply);
	else
		end_list(r, err, reply);
	refresh_maybe_publish_first(r);
}
