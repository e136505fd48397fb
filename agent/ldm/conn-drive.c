/*
 * What a connection does when its turn comes: one function per state, none waits.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "ldm/conn-internal.h"
#include "ldm/mask.h"
#include "util/clock.h"
#include "util/log.h"

static void fail(
	struct ldm_conn *c, enum ldm_closed reason, int error, const char *what, const char *why)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s: %s", what, why ? why : strerror(-error)) < 0)
		text = NULL;
	conn_fail(c, reason, error, text ? text : what);
}

static void fail_transport(struct ldm_conn *c, int error)
{
	const char *why = c->transport.error;

	if (error == -ENOMEM)
		fail(c, LDM_CLOSED_LOCAL, error, "connection", NULL);
	else if (c->transport.tls && why)
		fail(c, LDM_CLOSED_TLS, error, c->endpoint->host, why);
	else
		fail(c, LDM_CLOSED_PEER, error, "connection lost", NULL);
}

static void become_ready(struct ldm_conn *c)
{
	conn_set_state(c, LDM_CONN_READY);
	if (c->ops->on_ready)
		c->ops->on_ready(c->user);
}

/* Queues and sends; passwords may be in it. */
static bool send_buffer(struct ldm_conn *c, struct buffer *b)
{
	int r = b->len > 0 ? transport_write(&c->transport, buffer_data(b), b->len) : 0;

	if (r == 0)
		r = transport_flush(&c->transport);
	if (r < 0)
		fail_transport(c, r);
	return r == 0;
}

/* An address that does not answer must leave time for those behind it. */
static uint64_t share_of_time(const struct ldm_conn *c)
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
			c->address_deadline_ms = share_of_time(c);
			conn_set_state(c, LDM_CONN_CONNECTING);
			return;
		}
	}
	fail(c, LDM_CLOSED_CONNECT, error, "cannot connect", NULL);
}

static void try_next_address(struct ldm_conn *c, int error)
{
	transport_close(&c->transport);
	c->address = c->address->ai_next;
	try_addresses(c, error);
}

static void turn_resolving(struct ldm_conn *c, short revents)
{
	const char *why = NULL;
	int r = ldm_resolve_finish(c->resolve, &c->addresses, &why);

	(void)revents;
	if (r == -EAGAIN)
		return;
	if (r < 0) {
		fail(c, LDM_CLOSED_CONNECT, r, c->endpoint->host, why);
		return;
	}
	c->address = c->addresses;
	try_addresses(c, -EADDRNOTAVAIL);
}

static void begin_stream(struct ldm_conn *c)
{
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;
	int r;

	conn_set_state(c, LDM_CONN_STREAM);
	r = ldm_xmpp_start(c->xmpp, &out);
	if (r < 0)
		fail_transport(c, r);
	else
		send_buffer(c, &out);
}

static void turn_connecting(struct ldm_conn *c, short revents)
{
	int r;

	if (!revents)
		return;
	r = transport_connected(&c->transport);
	if (r < 0) {
		try_next_address(c, r);
	} else if (c->xmpp) {
		begin_stream(c);
	} else {
		become_ready(c);
	}
}

static enum ldm_closed xmpp_reason(int error)
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

	if (r == -EBADMSG) {
		conn_fail(c, LDM_CLOSED_PROTOCOL, r,
			"ldmd talks on in the clear after agreeing to TLS");
		return;
	}
	if (r < 0) {
		fail(c, r == -ENOMEM ? LDM_CLOSED_LOCAL : LDM_CLOSED_TLS, r, "TLS",
			c->transport.error);
		return;
	}
	conn_set_state(c, LDM_CONN_TLS);
}

/* The rest return whether there may be more to do with what came in. */
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
		conn_fail(c, xmpp_reason(step), step, ldm_xmpp_error(c->xmpp));
		return false;
	}
	if (!send_buffer(c, &out))
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
	int r = transport_handshake(&c->transport);

	if (r == 0)
		return false;
	if (r > 0)
		r = ldm_xmpp_secured(c->xmpp, &out);
	if (r < 0) {
		fail_transport(c, r);
		return false;
	}
	conn_set_state(c, LDM_CONN_SECURED);
	return send_buffer(c, &out);
}

static void end_of_stream(struct ldm_conn *c)
{
	if (c->xmpp)
		conn_fail(c, LDM_CLOSED_PEER, -ECONNRESET, "ldmd ended the stream");
	else
		conn_fail(c, LDM_CLOSED_PROTOCOL, -EBADMSG, "a stray end tag");
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
		conn_refused(c, ldm_framer_error(c->framer));
		conn_fail(c, r == -ENOMEM ? LDM_CLOSED_LOCAL : LDM_CLOSED_PROTOCOL, r,
			ldm_framer_error(c->framer));
	} else if (r == LDM_FRAME_DOCUMENT) {
		conn_take_document(c);
	} else if (r == LDM_FRAME_CLOSED) {
		end_of_stream(c);
	}
	return r == LDM_FRAME_DOCUMENT;
}

static bool (*const feeds[_LDM_CONN_STATE_MAX])(struct ldm_conn *) = {
	[LDM_CONN_STREAM] = feed_xmpp,
	[LDM_CONN_TLS] = shake_hands,
	[LDM_CONN_SECURED] = feed_xmpp,
	[LDM_CONN_READY] = feed_framer,
};

static void fail_at_end(struct ldm_conn *c)
{
	bool inside = c->state == LDM_CONN_READY && ldm_framer_is_inside(c->framer);

	conn_fail(c, LDM_CLOSED_PEER, -ECONNRESET,
		inside ? "ldmd closed the connection within a document"
		       : "ldmd closed the connection");
}

static void turn_talking(struct ldm_conn *c, short revents)
{
	uint64_t generation = c->generation;
	int r = 0;

	if (revents & (POLLIN | POLLHUP | POLLERR))
		r = transport_receive(&c->transport);
	/* What came before the error counts. */
	while (c->generation == generation && feeds[c->state] && feeds[c->state](c))
		;
	if (c->generation != generation)
		return;
	if (r == 0)
		r = transport_flush(&c->transport);
	if (r < 0)
		fail_transport(c, r);
	else if (c->transport.at_end)
		fail_at_end(c);
}

static void (*const turns[_LDM_CONN_STATE_MAX])(struct ldm_conn *, short revents) = {
	[LDM_CONN_RESOLVING] = turn_resolving,
	[LDM_CONN_CONNECTING] = turn_connecting,
	[LDM_CONN_STREAM] = turn_talking,
	[LDM_CONN_TLS] = turn_talking,
	[LDM_CONN_SECURED] = turn_talking,
	[LDM_CONN_READY] = turn_talking,
};

static bool is_getting_ready(const struct ldm_conn *c)
{
	return turns[c->state] && c->state != LDM_CONN_READY;
}

static bool has_another_address(const struct ldm_conn *c)
{
	return c->state == LDM_CONN_CONNECTING && c->address->ai_next;
}

/* The request that is out: the oldest, as the next leaves only after its answer. */
static const struct ldm_call *waiting(const struct ldm_conn *c)
{
	const struct ldm_call *head = c->calls.head;

	return c->state == LDM_CONN_READY && head && head->sent ? head : NULL;
}

static bool has_to_send(const struct ldm_conn *c)
{
	return c->state == LDM_CONN_READY && c->calls.head && !c->calls.head->sent;
}

static void check_time(struct ldm_conn *c, uint64_t now_ms)
{
	const struct ldm_call *call = waiting(c);
	_cleanup_free_ char *text = NULL;

	if (is_getting_ready(c) && now_ms >= c->deadline_ms) {
		fail(c, LDM_CLOSED_TIMEOUT, -ETIMEDOUT, "no connection to ldmd in time",
			ldm_conn_state_name(c->state));
	} else if (has_another_address(c) && now_ms >= c->address_deadline_ms) {
		try_next_address(c, -ETIMEDOUT);
	} else if (call && now_ms >= call->deadline_ms) {
		if (asprintf(&text, "no answer to %s in time", ldm_request_action(call->request)) <
			0)
			text = NULL;
		conn_fail(c, LDM_CLOSED_TIMEOUT, -ETIMEDOUT, text ? text : "no answer in time");
	}
}

static void send_request(struct ldm_conn *c, struct ldm_call *call, uint64_t now_ms)
{
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;

	if (ldm_request_write(call->request, c->data_version, &out) < 0) {
		call_fail(call_queue_pop(&c->calls), -ENOMEM, "no memory");
		return;
	}
	ldm_mask_log("->", buffer_data(&out), out.len);
	call->sent = true;
	call->deadline_ms = clock_after(now_ms, call->timeout_ms);
	c->counters.requests++;
	send_buffer(c, &out);
}

void ldm_conn_prepare(struct ldm_conn *c, struct pollset *ps)
{
	const struct ldm_call *call = waiting(c);

	c->prepared = c->generation;
	if (c->state == LDM_CONN_RESOLVING) {
		pollset_add(ps, ldm_resolve_fd(c->resolve), POLLIN);
		if (ldm_resolve_fd(c->resolve) < 0)
			pollset_deadline(ps, 0);
	} else if (c->state == LDM_CONN_CONNECTING) {
		pollset_add(ps, c->transport.fd, POLLOUT);
	} else if (turns[c->state]) {
		pollset_add(ps, c->transport.fd, transport_events(&c->transport));
	}
	if (is_getting_ready(c))
		pollset_deadline(ps, c->deadline_ms);
	if (has_another_address(c))
		pollset_deadline(ps, c->address_deadline_ms);
	if (call)
		pollset_deadline(ps, call->deadline_ms);
	if (has_to_send(c))
		pollset_deadline(ps, 0);
}

void ldm_conn_dispatch(struct ldm_conn *c, const struct pollset *ps, uint64_t now_ms)
{
	short revents = 0;

	if (c->prepared == c->generation)
		revents = pollset_revents(ps, c->transport.fd);
	conn_enter(c);
	if (turns[c->state])
		turns[c->state](c, revents);
	check_time(c, now_ms);
	while (has_to_send(c))
		send_request(c, c->calls.head, now_ms);
	conn_leave(c);
}
