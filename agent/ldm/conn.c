/*
 * Requests and their end, states and the end of a connection, documents received, getting ready, a
 * turn of the poll loop. Every change of state goes through set_state(); every end goes through
 * shut(), which alone decides who is told, and in which order.
 *
 * Any callback may end or free the connection. The code after a callback notices that by the
 * generation, which counts up with each opening and each end.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ldm/conn.h"
#include "ldm/frame.h"
#include "ldm/mask.h"
#include "ldm/resolve.h"
#include "ldm/transport.h"
#include "ldm/xmpp.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

/* Documents that break the same rule are logged as a warning once in this time, else as info. */
#define REFUSAL_TOLD_MS 600000
/* After this many refused events, each with a line in the log, the connection is closed. */
#define BAD_EVENTS_MAX 16

/* A request on its way to an answer. */
struct call {
	struct call *next;
	struct ldm_request *request;
	uint64_t timeout_ms, deadline_ms;
	const struct ldm_reply_ops *ops;
	void *user;
	bool sent; /* a part of the request may have left */
};

struct ldm_conn {
	struct ldm_endpoint *endpoint;
	const struct ldm_conn_ops *ops;
	void *user;
	enum ldm_conn_state state;
	enum ldm_data_version data_version;

	struct ldm_resolve *resolve;
	struct addrinfo *addresses, *address;
	struct ldm_transport_link transport;
	struct ldm_xmpp *xmpp;
	struct ldm_framer *framer;
	struct ldm_parser *parser;
	uint64_t deadline_ms;	      /* to be ready */
	uint64_t address_deadline_ms; /* to be connected, where there is another address to try */

	struct call *calls, **calls_end; /* not answered, oldest first */
	struct call *reading;		 /* its answer is being read; not in calls */
	int send_error;			 /* < 0: dispatch has to end the connection */

	uint64_t generation;
	uint64_t prepared;   /* the generation whose descriptor is in the poll set */
	unsigned busy;	     /* conn_enter() without conn_leave(): not to be freed yet */
	unsigned bad_events; /* events refused since the connection was opened */
	bool freed;
	char *refusal; /* the rule that the last warning was about */
	uint64_t refusal_told_ms;
};

/* --- requests ------------------------------------------------------------------------------ */

static struct call *take_oldest_call(struct ldm_conn *c)
{
	struct call *call = c->calls;

	c->calls = call->next;
	if (!c->calls)
		c->calls_end = &c->calls;
	return call;
}

/* Frees the call before on_done, as that may free the connection. */
static void end_call(struct call *call, int error, const struct ldm_reply *reply)
{
	const struct ldm_reply_ops *ops = call->ops;
	void *user = call->user;

	ldm_request_free(call->request);
	free(call);
	if (ops->on_done)
		ops->on_done(user, error, reply);
}

static void fail_call(struct call *call, int error, const char *text)
{
	struct ldm_reply reply = {
		.action = strdup(ldm_request_action(call->request)),
		.message = strdup(text),
		.sent = call->sent,
	};

	end_call(call, error, &reply);
	ldm_reply_clear(&reply);
}

/* Only the oldest request can be out: the next one leaves when the answer is there. */
static struct call *call_that_is_out(const struct ldm_conn *c)
{
	return c->state == LDM_CONN_READY && c->calls && c->calls->sent ? c->calls : NULL;
}

static struct call *call_to_send(const struct ldm_conn *c)
{
	return c->state == LDM_CONN_READY && c->calls && !c->calls->sent ? c->calls : NULL;
}

static int send_buffer(struct ldm_conn *c, struct buffer *b)
{
	int r = b->len > 0 ? transport_write(&c->transport, buffer_data(b), b->len) : 0;

	return r == 0 ? transport_flush(&c->transport) : r;
}

/* -ENOMEM: nothing was sent. An error of the socket goes to c->send_error, for dispatch. */
static int send_request(struct ldm_conn *c, struct call *call, uint64_t now_ms)
{
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;

	if (ldm_request_form(call->request) == LDM_FORM_AUTO)
		ldm_request_set_form(call->request, ldm_dialect_form(c->endpoint->dialect));
	if (ldm_request_write(call->request, c->data_version, &out) < 0)
		return -ENOMEM;
	ldm_mask_log("->", buffer_data(&out), out.len);
	if (c->ops->on_traffic)
		c->ops->on_traffic(c->user, true, buffer_data(&out), out.len);
	call->sent = true;
	call->deadline_ms = clock_after(now_ms, call->timeout_ms);
	c->send_error = send_buffer(c, &out);
	return 0;
}

int ldm_conn_submit(struct ldm_conn *c, struct ldm_request *take, uint64_t timeout_ms,
	const struct ldm_reply_ops *ops, void *user)
{
	struct call *call;

	if (c->state == LDM_CONN_IDLE || c->state == LDM_CONN_CLOSED)
		return -ENOTCONN;
	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	*call = (struct call){.request = take, .timeout_ms = timeout_ms, .ops = ops, .user = user};
	/* At once, not in the next turn of the poll loop, unless another request is out. */
	if (c->state == LDM_CONN_READY && !c->calls && !c->reading &&
		send_request(c, call, clock_ms()) < 0) {
		free(call);
		return -ENOMEM;
	}
	*c->calls_end = call;
	c->calls_end = &call->next;
	return 0;
}

/* --- state and ending ---------------------------------------------------------------------- */

#define TO(state) (1u << LDM_CONN_##state)

static const struct {
	const char *name;
	unsigned next; /* states that may follow; CLOSED and IDLE always may */
} states[_LDM_CONN_STATE_MAX] = {
	[LDM_CONN_IDLE] = {"idle", TO(RESOLVING)},
	[LDM_CONN_RESOLVING] = {"resolving", TO(CONNECTING)},
	[LDM_CONN_CONNECTING] = {"connecting", TO(CONNECTING) | TO(STREAM) | TO(READY)},
	[LDM_CONN_STREAM] = {"stream", TO(TLS)},
	[LDM_CONN_TLS] = {"tls", TO(SECURED)},
	[LDM_CONN_SECURED] = {"secured", TO(READY)},
	[LDM_CONN_READY] = {"ready", 0},
	[LDM_CONN_CLOSED] = {"closed", TO(RESOLVING)},
};

static void set_state(struct ldm_conn *c, enum ldm_conn_state state)
{
	assert(state == LDM_CONN_CLOSED || state == LDM_CONN_IDLE ||
		(states[c->state].next & 1u << state));
	if (c->state != state)
		log_debug("ldm:conn", "%s -> %s", states[c->state].name, states[state].name);
	c->state = state;
}

/* Between this and conn_leave() the connection is not freed, whatever a callback does. */
static void conn_enter(struct ldm_conn *c)
{
	c->busy++;
}

static void conn_leave(struct ldm_conn *c)
{
	if (--c->busy > 0 || !c->freed)
		return;
	free(c->refusal);
	ldm_endpoint_free(c->endpoint);
	free(c);
}

static void tear_down(struct ldm_conn *c)
{
	ldm_resolve_free(steal_ptr(c->resolve));
	if (c->addresses)
		freeaddrinfo(c->addresses);
	c->addresses = c->address = NULL;
	transport_close(&c->transport);
	ldm_xmpp_free(steal_ptr(c->xmpp));
	ldm_framer_free(steal_ptr(c->framer));
	ldm_parser_free(steal_ptr(c->parser));
	c->send_error = 0;
	c->generation++;
}

/* The oldest call fails with the error itself, the calls behind it with -ECONNRESET. */
static void shut(struct ldm_conn *c, enum ldm_conn_state state, int error, const char *text)
{
	const int rest = error == -ECANCELED ? -ECANCELED : -ECONNRESET;
	struct call *list = c->calls;

	if (c->reading) {
		c->reading->next = list;
		list = steal_ptr(c->reading);
	}
	c->calls = NULL;
	c->calls_end = &c->calls;
	tear_down(c);
	set_state(c, state);
	while (list) {
		struct call *next = list->next;

		fail_call(list, error, text);
		error = rest;
		list = next;
	}
}

/* The error that the oldest call gets: to a caller a refused connect is a lost connection, too. */
static int error_of_calls(int error)
{
	switch (error) {
	case -ETIMEDOUT:
	case -EBADMSG:
	case -EPROTO:
		return error;
	}
	return -ECONNRESET;
}

/* Ends the connection and tells everybody. error < 0; text is copied. */
static void conn_fail(struct ldm_conn *c, enum ldm_closed reason, int error, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	uint64_t generation;

	log_debug("ldm:conn", "failed: %s", text);
	conn_enter(c);
	generation = c->generation + 1;
	shut(c, LDM_CONN_CLOSED, error_of_calls(error), copy ? copy : "failed");
	/* on_closed is left out if an on_done callback has opened or closed the connection. */
	if (c->generation == generation && c->state == LDM_CONN_CLOSED && !c->freed &&
		c->ops->on_closed)
		c->ops->on_closed(c->user, reason, error, copy ? copy : "failed");
	conn_leave(c);
}

/* conn_fail() with the text "what: why"; why NULL: the text of error. */
static void conn_fail_why(
	struct ldm_conn *c, enum ldm_closed reason, int error, const char *what, const char *why)
{
	_cleanup_free_ char *text = NULL;

	text_printf(&text, "%s: %s", what, why ? why : strerror(-error));
	conn_fail(c, reason, error, text ? text : what);
}

static void conn_fail_transport(struct ldm_conn *c, int error)
{
	const char *why = c->transport.error;

	if (error == -ENOMEM)
		conn_fail_why(c, LDM_CLOSED_LOCAL, error, "connection", NULL);
	else if (c->transport.tls && why)
		conn_fail_why(c, LDM_CLOSED_TLS, error, c->endpoint->host, why);
	else
		conn_fail_why(c, LDM_CLOSED_PEER, error, "connection lost", NULL);
}

int ldm_conn_new(const struct ldm_endpoint *endpoint, const struct ldm_conn_ops *ops, void *user,
	struct ldm_conn **ret)
{
	_cleanup_(ldm_conn_freep) struct ldm_conn *c = NULL;
	const char *why;
	int r = ldm_endpoint_check(endpoint, &why);

	if (r < 0)
		return r;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	transport_init(&c->transport);
	c->calls_end = &c->calls;
	c->ops = ops;
	c->user = user;
	c->data_version = endpoint->data_version;
	r = ldm_endpoint_copy(endpoint, &c->endpoint);
	if (r < 0)
		return r;
	*ret = steal_ptr(c);
	return 0;
}

int ldm_conn_open(struct ldm_conn *c)
{
	const struct ldm_endpoint *e = c->endpoint;
	int r;

	if (c->freed || (c->state != LDM_CONN_IDLE && c->state != LDM_CONN_CLOSED))
		return -EALREADY;
	r = ldm_framer_new(&e->limits, &c->framer);
	if (r == 0)
		r = ldm_parser_new(&e->limits, &c->parser);
	if (r == 0 && e->transport == LDM_TRANSPORT_XMPP)
		r = ldm_xmpp_new(&e->limits, e->user, e->password, &c->xmpp);
	if (r == 0)
		r = ldm_resolve_start(e->host, e->port, &c->resolve);
	if (r < 0) {
		tear_down(c);
		return r;
	}
	c->bad_events = 0;
	c->generation++;
	c->deadline_ms = clock_after(clock_ms(), e->handshake_timeout_ms);
	set_state(c, LDM_CONN_RESOLVING);
	return 0;
}

void ldm_conn_close(struct ldm_conn *c)
{
	conn_enter(c);
	shut(c, LDM_CONN_IDLE, -ECANCELED, "closed by us");
	conn_leave(c);
}

void ldm_conn_free(struct ldm_conn *c)
{
	if (!c || c->freed)
		return;
	c->freed = true;
	ldm_conn_close(c);
}

enum ldm_conn_state ldm_conn_get_state(const struct ldm_conn *c)
{
	return c->state;
}

void ldm_conn_set_data(struct ldm_conn *c, enum ldm_data_version version)
{
	c->data_version = version;
}

/* --- documents received -------------------------------------------------------------------- */

/* A document that is being read: an answer, an event, or something else. */
struct incoming {
	struct ldm_conn *conn;
	uint64_t generation;
	struct ldm_document document;
	int stopped_by_user; /* what on_content returned */
	char *mismatch;	     /* why it is no answer to our request; NULL: not known */
};

/* A callback has ended the connection. */
static bool incoming_is_over(const struct incoming *in)
{
	return in->conn->generation != in->generation;
}

/* Logs that a document breaks a rule, without a warning for each of many. */
static void tell_refusal(struct ldm_conn *c, const char *why)
{
	bool told = c->refusal && log_says_the_same(c->refusal, why) &&
		    clock_ms() < clock_after(c->refusal_told_ms, REFUSAL_TOLD_MS);

	if (told) {
		log_info("ldm:frame", "document refused: %s", why);
		return;
	}
	log_warn("ldm:frame", "document refused: %s", why);
	free(c->refusal);
	c->refusal = strdup(why);
	c->refusal_told_ms = clock_ms();
}

static int note_mismatch(struct incoming *in)
{
	const struct call *call = in->conn->reading;
	const char *asked = call ? ldm_request_action(call->request) : "nothing";
	const char *got = in->document.reply.action;

	if (!in->mismatch)
		text_printf(&in->mismatch, "ldmd answers %s, but was asked %s",
			got ? got : "something", asked);
	return -EPROTO;
}

/*
 * The document is an answer, to the request that is out. -EPROTO: there is none, or the answer
 * names another action. May be called again for the same document.
 */
static int begin_answer(struct incoming *in)
{
	struct ldm_conn *c = in->conn;
	const char *action = in->document.reply.action;

	if (!c->reading) {
		if (!call_that_is_out(c))
			return note_mismatch(in);
		c->reading = take_oldest_call(c);
	}
	if (action && strcasecmp(action, ldm_request_action(c->reading->request)) != 0)
		return note_mismatch(in);
	return 0;
}

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct incoming *in = user;
	const struct call *call;
	int r = begin_answer(in);

	if (r < 0)
		return r;
	call = in->conn->reading;
	if (!call->ops->on_content)
		return 0;
	in->stopped_by_user = call->ops->on_content(call->user, content, ok, message);
	return incoming_is_over(in) ? -ECANCELED : in->stopped_by_user;
}

static int on_event(void *user, const struct ldm_event *event)
{
	struct incoming *in = user;
	struct ldm_conn *c = in->conn;

	log_debug("ldm:event", "%s %s", event->action, event->domain ? event->domain : "-");
	if (c->ops->on_event)
		c->ops->on_event(c->user, event);
	return incoming_is_over(in) ? -ECANCELED : 0;
}

static const struct ldm_document_ops document_ops = {
	.on_content = on_content,
	.on_event = on_event,
};

static void fail_mismatch(struct incoming *in)
{
	conn_fail(in->conn, LDM_CLOSED_PROTOCOL, -EPROTO,
		in->mismatch ? in->mismatch : "an answer to another request");
}

static void finish_answer(struct incoming *in, const char *bytes, size_t len)
{
	struct ldm_conn *c = in->conn;

	if (begin_answer(in) < 0) {
		fail_mismatch(in);
		return;
	}
	if (c->reading->ops->on_document)
		c->reading->ops->on_document(c->reading->user, bytes, len);
	if (incoming_is_over(in))
		return;
	if (in->document.reply.ok && in->document.reply.version > 0)
		ldm_dialect_see_version(c->endpoint->dialect, in->document.reply.version);
	in->document.reply.sent = true;
	end_call(steal_ptr(c->reading), 0, &in->document.reply);
}

/* The document is not of LDM: an error of the XMPP stream, or an element that is ignored. */
static void take_stanza(struct ldm_conn *c, const char *bytes, size_t len)
{
	_cleanup_(ldm_stanza_clear) struct ldm_stanza s = {0};
	_cleanup_free_ char *error = NULL, *text = NULL;
	int r = ldm_stanza_parse(bytes, len, &s, &error);

	if (r < 0 || strcmp(s.name, "error") != 0) {
		log_debug("ldm:frame", "ignored: %s",
			r < 0 ? "an element that cannot be read" : s.name);
		return;
	}
	text_printf(&text, "ldmd ended the stream: %s", s.detail ? s.detail : "error");
	if (s.detail && strcmp(s.detail, "not-authorized") == 0)
		conn_fail(c, LDM_CLOSED_AUTH, -EACCES, text ? text : "not authorised");
	else
		conn_fail(c, LDM_CLOSED_PEER, -ECONNRESET, text ? text : "stream error");
}

/* The text with the event or request that the refused document belongs to. NULL: no memory. */
static char *name_refused(const struct incoming *in, const char *why)
{
	const struct ldm_conn *c = in->conn;
	const struct call *call = c->reading ? c->reading : call_that_is_out(c);
	char *text = NULL;

	if (in->document.kind == LDM_DOCUMENT_EVENT)
		text_printf(&text, "an event: %s", why);
	else if (in->document.kind == LDM_DOCUMENT_REPLY && call)
		text_printf(&text, "the answer to %s: %s", ldm_request_action(call->request), why);
	else
		text_copy(why, &text);
	return text;
}

/* A document cannot be read. Its end is known, so the connection can go on with the next one. */
static void fail_answer(struct incoming *in, int error, const char *what)
{
	struct ldm_conn *c = in->conn;
	_cleanup_free_ char *named = name_refused(in, what);
	const char *why = named ? named : what;

	if (error == -EBADMSG)
		tell_refusal(c, why);
	if (in->document.kind == LDM_DOCUMENT_EVENT) {
		if (++c->bad_events >= BAD_EVENTS_MAX)
			conn_fail(c, LDM_CLOSED_PROTOCOL, error, "too many events are refused");
		return;
	}
	/* Its action is lost, but only one request is out, so the answer belongs to that. */
	if (in->document.kind == LDM_DOCUMENT_OTHER || begin_answer(in) < 0)
		conn_fail(c, LDM_CLOSED_PROTOCOL, error, why);
	else
		fail_call(steal_ptr(c->reading), error, why);
}

static void read_incoming(
	struct incoming *in, struct ldm_parser *parser, const char *bytes, size_t len)
{
	struct ldm_conn *c = in->conn;
	_cleanup_free_ char *error = NULL;
	int r = ldm_parser_read(parser, bytes, len, &document_ops, in, &in->document, &error);

	if (incoming_is_over(in))
		return;
	if (r == -EPROTO && in->stopped_by_user == 0)
		fail_mismatch(in);
	else if (in->stopped_by_user != 0)
		fail_call(steal_ptr(c->reading), in->stopped_by_user, "not taken");
	else if (r < 0)
		fail_answer(in, r, error ? error : strerror(-r));
	else if (in->document.kind == LDM_DOCUMENT_REPLY)
		finish_answer(in, bytes, len);
	else if (in->document.kind == LDM_DOCUMENT_OTHER)
		take_stanza(c, bytes, len);
}

static void take_document(struct ldm_conn *c)
{
	/*
	 * A callback that ends the connection must not free the bytes, which are the framer's, or
	 * the contents, which are the parser's.
	 */
	struct ldm_framer *framer = steal_ptr(c->framer);
	struct ldm_parser *parser = steal_ptr(c->parser);
	struct incoming in = {.conn = c, .generation = c->generation};
	size_t len;
	const char *bytes = ldm_framer_document(framer, &len);

	ldm_mask_log("<-", bytes, len);
	if (c->ops->on_traffic)
		c->ops->on_traffic(c->user, false, bytes, len);
	read_incoming(&in, parser, bytes, len);
	ldm_document_clear(&in.document);
	free(in.mismatch);
	if (incoming_is_over(&in)) {
		ldm_framer_free(framer);
		ldm_parser_free(parser);
	} else {
		c->framer = framer;
		c->parser = parser;
	}
}

/* --- getting ready ------------------------------------------------------------------------- */

static bool is_getting_ready(const struct ldm_conn *c)
{
	return c->state != LDM_CONN_IDLE && c->state != LDM_CONN_READY &&
	       c->state != LDM_CONN_CLOSED;
}

static void become_ready(struct ldm_conn *c)
{
	set_state(c, LDM_CONN_READY);
	if (c->ops->on_ready)
		c->ops->on_ready(c->user);
}

static bool send_or_fail(struct ldm_conn *c, struct buffer *b)
{
	int r = send_buffer(c, b);

	if (r < 0)
		conn_fail_transport(c, r);
	return r == 0;
}

/* An address that does not answer must leave time for the addresses after it. */
static uint64_t end_of_attempt(const struct ldm_conn *c)
{
	uint64_t now_ms = clock_ms(), n = 1;

	for (const struct addrinfo *a = c->address->ai_next; a; a = a->ai_next)
		n++;
	return c->deadline_ms > now_ms ? now_ms + (c->deadline_ms - now_ms) / n : now_ms;
}

static void try_addresses(struct ldm_conn *c, int error)
{
	for (; c->address; c->address = c->address->ai_next) {
		error = transport_connect(&c->transport, c->address);
		if (error == 0) {
			c->address_deadline_ms = end_of_attempt(c);
			set_state(c, LDM_CONN_CONNECTING);
			return;
		}
	}
	conn_fail_why(c, LDM_CLOSED_CONNECT, error, "cannot connect", NULL);
}

static void try_next_address(struct ldm_conn *c, int error)
{
	transport_close(&c->transport);
	c->address = c->address->ai_next;
	try_addresses(c, error);
}

static bool has_another_address(const struct ldm_conn *c)
{
	return c->state == LDM_CONN_CONNECTING && c->address->ai_next;
}

static void turn_resolving(struct ldm_conn *c)
{
	const char *why = NULL;
	int r = ldm_resolve_finish(c->resolve, &c->addresses, &why);

	if (r == -EAGAIN)
		return;
	if (r < 0) {
		conn_fail_why(c, LDM_CLOSED_CONNECT, r, c->endpoint->host, why);
		return;
	}
	c->address = c->addresses;
	try_addresses(c, -EADDRNOTAVAIL);
}

static void begin_stream(struct ldm_conn *c)
{
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;
	int r;

	set_state(c, LDM_CONN_STREAM);
	r = ldm_xmpp_start(c->xmpp, &out);
	if (r < 0)
		conn_fail_transport(c, r);
	else
		send_or_fail(c, &out);
}

static void turn_connecting(struct ldm_conn *c)
{
	int r = transport_connected(&c->transport);

	if (r < 0)
		try_next_address(c, r);
	else if (c->xmpp)
		begin_stream(c);
	else
		become_ready(c);
}

static enum ldm_closed closed_by_xmpp(int error)
{
	switch (error) {
	case -EACCES:
		return LDM_CLOSED_AUTH;
	case -ECONNRESET:
		return LDM_CLOSED_PEER;
	case -ENOMEM:
		return LDM_CLOSED_LOCAL;
	}
	return LDM_CLOSED_PROTOCOL;
}

static void start_tls(struct ldm_conn *c)
{
	int r = transport_start_tls(&c->transport, c->endpoint);

	if (r == -EBADMSG)
		conn_fail(c, LDM_CLOSED_PROTOCOL, r,
			"ldmd talks on in the clear after agreeing to TLS");
	else if (r < 0)
		conn_fail_why(c, r == -ENOMEM ? LDM_CLOSED_LOCAL : LDM_CLOSED_TLS, r, "TLS",
			c->transport.error);
	else
		set_state(c, LDM_CONN_TLS);
}

/* The next four functions return whether take_input() is to be called again. */
static bool feed_xmpp(struct ldm_conn *c)
{
	_cleanup_(buffer_clear_secret) struct buffer out = BUFFER_EMPTY;
	struct buffer *in = &c->transport.in;
	size_t used;
	int step;

	if (in->len == 0)
		return false;
	step = ldm_xmpp_feed(c->xmpp, buffer_data(in), in->len, &used, &out);
	buffer_consume(in, used);
	if (step < 0) {
		conn_fail(c, closed_by_xmpp(step), step, ldm_xmpp_error(c->xmpp));
		return false;
	}
	if (!send_or_fail(c, &out))
		return false;
	if (step == LDM_XMPP_START_TLS)
		start_tls(c);
	else if (step == LDM_XMPP_READY)
		become_ready(c);
	return true;
}

static bool shake_hands(struct ldm_conn *c)
{
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;
	uint64_t generation = c->generation;
	int r = transport_handshake(&c->transport);

	if (r == 0)
		return false;
	if (r > 0 && c->ops->on_secured)
		c->ops->on_secured(c->user, c->transport.tls);
	if (c->generation != generation)
		return false;
	if (r > 0)
		r = ldm_xmpp_secured(c->xmpp, &out);
	if (r < 0) {
		conn_fail_transport(c, r);
		return false;
	}
	set_state(c, LDM_CONN_SECURED);
	return send_or_fail(c, &out);
}

static bool feed_framer(struct ldm_conn *c)
{
	struct buffer *in = &c->transport.in;
	size_t used;
	int r;

	if (in->len == 0)
		return false;
	r = ldm_framer_feed(c->framer, buffer_data(in), in->len, &used);
	buffer_consume(in, used);
	if (r < 0) {
		tell_refusal(c, ldm_framer_error(c->framer));
		conn_fail(c, r == -ENOMEM ? LDM_CLOSED_LOCAL : LDM_CLOSED_PROTOCOL, r,
			ldm_framer_error(c->framer));
	} else if (r == LDM_FRAME_DOCUMENT) {
		take_document(c);
	} else if (r == LDM_FRAME_CLOSED && c->xmpp) {
		conn_fail(c, LDM_CLOSED_PEER, -ECONNRESET, "ldmd ended the stream");
	} else if (r == LDM_FRAME_CLOSED) {
		conn_fail(c, LDM_CLOSED_PROTOCOL, -EBADMSG, "a stray end tag");
	}
	return r == LDM_FRAME_DOCUMENT;
}

static bool take_input(struct ldm_conn *c)
{
	switch (c->state) {
	case LDM_CONN_STREAM:
	case LDM_CONN_SECURED:
		return feed_xmpp(c);
	case LDM_CONN_TLS:
		return shake_hands(c);
	case LDM_CONN_READY:
		return feed_framer(c);
	default:
		return false;
	}
}

/* --- a turn of the poll loop --------------------------------------------------------------- */

static void turn_talking(struct ldm_conn *c, short revents)
{
	uint64_t generation = c->generation;
	int r = 0;

	if (revents & (POLLIN | POLLHUP | POLLERR))
		r = transport_receive(&c->transport);
	/* Documents that came before the error are still handled. */
	while (c->generation == generation && take_input(c))
		;
	if (c->generation != generation)
		return;
	if (r == 0)
		r = transport_flush(&c->transport);
	if (r < 0)
		conn_fail_transport(c, r);
	else if (c->transport.at_end)
		conn_fail(c, LDM_CLOSED_PEER, -ECONNRESET,
			c->state == LDM_CONN_READY && ldm_framer_is_inside(c->framer)
				? "ldmd closed the connection within a document"
				: "ldmd closed the connection");
}

static void check_time(struct ldm_conn *c, uint64_t now_ms)
{
	const struct call *call = call_that_is_out(c);
	_cleanup_free_ char *text = NULL;

	if (is_getting_ready(c) && now_ms >= c->deadline_ms) {
		conn_fail_why(c, LDM_CLOSED_TIMEOUT, -ETIMEDOUT, "no connection to ldmd in time",
			states[c->state].name);
	} else if (has_another_address(c) && now_ms >= c->address_deadline_ms) {
		try_next_address(c, -ETIMEDOUT);
	} else if (call && now_ms >= call->deadline_ms) {
		text_printf(&text, "no answer to %s in time", ldm_request_action(call->request));
		conn_fail(c, LDM_CLOSED_TIMEOUT, -ETIMEDOUT, text ? text : "no answer in time");
	}
}

void ldm_conn_prepare(struct ldm_conn *c, struct pollset *ps)
{
	const struct call *call = call_that_is_out(c);

	c->prepared = c->generation;
	if (c->state == LDM_CONN_RESOLVING) {
		pollset_add(ps, ldm_resolve_fd(c->resolve), POLLIN);
		if (ldm_resolve_fd(c->resolve) < 0)
			pollset_deadline(ps, 0);
	} else if (c->state == LDM_CONN_CONNECTING) {
		pollset_add(ps, c->transport.fd, POLLOUT);
	} else if (c->transport.fd >= 0) {
		pollset_add(ps, c->transport.fd, transport_events(&c->transport));
	}
	if (is_getting_ready(c))
		pollset_deadline(ps, c->deadline_ms);
	if (has_another_address(c))
		pollset_deadline(ps, c->address_deadline_ms);
	if (call)
		pollset_deadline(ps, call->deadline_ms);
	if (call_to_send(c) || c->send_error < 0)
		pollset_deadline(ps, 0);
}

void ldm_conn_dispatch(struct ldm_conn *c, const struct pollset *ps, uint64_t now_ms)
{
	struct call *call;
	short revents = 0;

	if (c->prepared == c->generation)
		revents = pollset_revents(ps, c->transport.fd);
	conn_enter(c);
	if (c->state == LDM_CONN_RESOLVING)
		turn_resolving(c);
	else if (c->state == LDM_CONN_CONNECTING && revents)
		turn_connecting(c);
	else if (c->state == LDM_CONN_READY || c->state == LDM_CONN_STREAM ||
		 c->state == LDM_CONN_TLS || c->state == LDM_CONN_SECURED)
		turn_talking(c, revents);
	check_time(c, now_ms);
	while ((call = call_to_send(c)))
		if (send_request(c, call, now_ms) < 0)
			fail_call(take_oldest_call(c), -ENOMEM, "no memory");
	if (c->send_error < 0)
		conn_fail_transport(c, c->send_error);
	conn_leave(c);
}
