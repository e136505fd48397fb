/*
 * What comes in on a connection that is ready: answers to the one request that is out, events, and
 * whatever else. Any callback may end or free the connection; the generation tells.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "ldm/conn-internal.h"
#include "ldm/mask.h"
#include "ldm/stanza.h"
#include "util/log.h"

/* More of them than this, each with a line in the log, and there is no sense in listening on. */
#define BAD_EVENTS_MAX 16

struct reading {
	struct ldm_conn *conn;
	uint64_t generation;
	struct ldm_document document;
	int stopped_by_user; /* what on_content returned */
	char *mismatch;	     /* what is wrong with an answer that is not to what was asked */
};

static bool is_over(const struct reading *r)
{
	return r->conn->generation != r->generation;
}

static int refuse_answer(struct reading *r)
{
	const struct ldm_call *call = r->conn->reading;
	const char *asked = call ? ldm_request_action(call->request) : "nothing";
	const char *got = r->document.reply.action;

	if (!r->mismatch && asprintf(&r->mismatch, "ldmd answers %s, but was asked %s",
				    got ? got : "something", asked) < 0)
		r->mismatch = NULL;
	return -EPROTO;
}

/* The document is an answer: finds the request, at the first sign. */
static int begin_answer(struct reading *r)
{
	struct ldm_conn *c = r->conn;
	const char *action = r->document.reply.action;

	if (!c->reading) {
		if (!c->calls.head || !c->calls.head->sent)
			return refuse_answer(r);
		c->reading = call_queue_pop(&c->calls);
	}
	if (action && strcasecmp(action, ldm_request_action(c->reading->request)) != 0)
		return refuse_answer(r);
	return 0;
}

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct reading *r = user;
	const struct ldm_call *call;
	int e;

	e = begin_answer(r);
	if (e < 0)
		return e;
	call = r->conn->reading;
	if (!call->ops->on_content)
		return 0;
	r->stopped_by_user = call->ops->on_content(call->user, content, ok, message);
	return is_over(r) ? -ECANCELED : r->stopped_by_user;
}

static int on_event(void *user, const struct ldm_event *event)
{
	struct reading *r = user;
	struct ldm_conn *c = r->conn;

	c->counters.events++;
	log_debug("ldm:event", "%s %s", event->action, event->domain ? event->domain : "-");
	if (c->ops->on_event)
		c->ops->on_event(c->user, event);
	return is_over(r) ? -ECANCELED : 0;
}

static const struct ldm_document_ops document_ops = {
	.on_content = on_content,
	.on_event = on_event,
};

static void fail_mismatch(struct reading *r)
{
	conn_fail(r->conn, LDM_CLOSED_PROTOCOL, -EPROTO,
		r->mismatch ? r->mismatch : "an answer to another request");
}

static void finish_answer(struct reading *r, const char *bytes, size_t len)
{
	struct ldm_conn *c = r->conn;
	struct ldm_call *call;

	if (begin_answer(r) < 0) {
		fail_mismatch(r);
		return;
	}
	if (c->reading->ops->on_document)
		c->reading->ops->on_document(c->reading->user, bytes, len);
	if (is_over(r))
		return;
	c->counters.replies++;
	call = steal_ptr(c->reading);
	call_answer(call, &r->document.reply);
}

/* An error of the stream, or something that is not for us. */
static void take_stanza(struct ldm_conn *c, const char *bytes, size_t len)
{
	_cleanup_(ldm_stanza_clear) struct ldm_stanza s = {0};
	_cleanup_free_ char *error = NULL, *text = NULL;
	int r = ldm_stanza_parse(bytes, len, &c->endpoint->limits, &s, &error);

	if (r < 0 || strcmp(s.name, "error") != 0) {
		log_debug("ldm:frame", "ignored: %s", r < 0 ? "what cannot be read" : s.name);
		return;
	}
	if (asprintf(&text, "ldmd ended the stream: %s", s.detail ? s.detail : "error") < 0)
		text = NULL;
	if (s.detail && strcmp(s.detail, "not-authorized") == 0)
		conn_fail(c, LDM_CLOSED_AUTH, -EACCES, text ? text : "not authorised");
	else
		conn_fail(c, LDM_CLOSED_PEER, -ECONNRESET, text ? text : "stream error");
}

/* It was well framed, so the next one can be read whatever is wrong with this one. */
static void fail_answer(struct reading *r, int error, const char *why)
{
	struct ldm_conn *c = r->conn;

	if (error == -EBADMSG)
		conn_refused(c, why);
	if (r->document.kind == LDM_DOCUMENT_EVENT) {
		if (++c->bad_events >= BAD_EVENTS_MAX)
			conn_fail(c, LDM_CLOSED_PROTOCOL, error, "too many events are refused");
		return;
	}
	/* Its action is not known any more, but nobody else waits for an answer. */
	if (r->document.kind == LDM_DOCUMENT_OTHER || begin_answer(r) < 0)
		conn_fail(c, LDM_CLOSED_PROTOCOL, error, why);
	else
		call_fail(steal_ptr(c->reading), error, why);
}

static void take_bytes(struct reading *r, const char *bytes, size_t len)
{
	struct ldm_conn *c = r->conn;
	_cleanup_free_ char *error = NULL;
	int e = ldm_document_parse(
		bytes, len, &c->endpoint->limits, &document_ops, r, &r->document, &error);

	if (is_over(r))
		return;
	if (e == -EPROTO && r->stopped_by_user == 0)
		fail_mismatch(r);
	else if (r->stopped_by_user != 0)
		call_fail(steal_ptr(c->reading), r->stopped_by_user, "not taken");
	else if (e < 0)
		fail_answer(r, e, error ? error : strerror(-e));
	else if (r->document.kind == LDM_DOCUMENT_REPLY)
		finish_answer(r, bytes, len);
	else if (r->document.kind == LDM_DOCUMENT_OTHER)
		take_stanza(c, bytes, len);
}

void conn_take_document(struct ldm_conn *c)
{
	/* Ours while we read: ending the connection must not take the bytes away. */
	struct ldm_framer *framer = steal_ptr(c->framer);
	struct reading r = {.conn = c, .generation = c->generation};
	size_t len;
	const char *bytes = ldm_framer_document(framer, &len);

	ldm_mask_log("<-", bytes, len);
	take_bytes(&r, bytes, len);
	ldm_document_clear(&r.document);
	free(r.mismatch);
	if (is_over(&r) || c->framer)
		ldm_framer_free(framer);
	else
		c->framer = framer;
}
