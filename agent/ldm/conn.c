/*
 * The life of a connection. Every change of state goes through conn_set_state(), every end through
 * shut(); who is told of it, and in which order, is decided there only.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "ldm/conn-internal.h"
#include "util/clock.h"
#include "util/log.h"

/* A rule that is broken again and again is worth a line that often. */
#define REFUSAL_TOLD_MS 600000

#define TO(state) (1u << (state))

static const struct {
	const char *name;
	unsigned next; /* states that may follow; CLOSED and IDLE always may */
} states[_LDM_CONN_STATE_MAX] = {
	[LDM_CONN_IDLE] = {"idle", TO(LDM_CONN_RESOLVING)},
	[LDM_CONN_RESOLVING] = {"resolving", TO(LDM_CONN_CONNECTING)},
	[LDM_CONN_CONNECTING] = {"connecting",
		TO(LDM_CONN_CONNECTING) | TO(LDM_CONN_STREAM) | TO(LDM_CONN_READY)},
	[LDM_CONN_STREAM] = {"stream", TO(LDM_CONN_TLS)},
	[LDM_CONN_TLS] = {"tls", TO(LDM_CONN_SECURED)},
	[LDM_CONN_SECURED] = {"secured", TO(LDM_CONN_READY)},
	[LDM_CONN_READY] = {"ready", 0},
	[LDM_CONN_CLOSED] = {"closed", TO(LDM_CONN_RESOLVING)},
};

const char *ldm_conn_state_name(enum ldm_conn_state state)
{
	return states[state].name;
}

void conn_set_state(struct ldm_conn *c, enum ldm_conn_state state)
{
	assert(state == LDM_CONN_CLOSED || state == LDM_CONN_IDLE ||
		(states[c->state].next & TO(state)));
	if (c->state != state)
		log_debug("ldm:conn", "%s -> %s", states[c->state].name, states[state].name);
	c->state = state;
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
	call_queue_init(&c->calls);
	c->ops = ops;
	c->user = user;
	c->data_version = endpoint->data_version;
	r = ldm_endpoint_copy(endpoint, &c->endpoint);
	if (r < 0)
		return r;
	*ret = steal_ptr(c);
	return 0;
}

static void free_addresses(struct ldm_conn *c)
{
	if (c->addresses)
		freeaddrinfo(c->addresses);
	c->addresses = c->address = NULL;
}

static void tear_down(struct ldm_conn *c)
{
	ldm_resolve_free(steal_ptr(c->resolve));
	free_addresses(c);
	transport_close(&c->transport);
	ldm_xmpp_free(steal_ptr(c->xmpp));
	ldm_framer_free(steal_ptr(c->framer));
	c->generation++;
}

/* Ends what was asked: the oldest with the error itself, those behind it with the lost link. */
static void end_calls(struct ldm_call *reading, struct ldm_call *list, int error, const char *text)
{
	const int rest = error == -ECANCELED ? -ECANCELED : -ECONNRESET;

	if (reading) {
		call_fail(reading, error, text);
		error = rest;
	}
	while (list) {
		struct ldm_call *next = list->next;

		call_fail(list, error, text);
		error = rest;
		list = next;
	}
}

void conn_enter(struct ldm_conn *c)
{
	c->busy++;
}

static bool is_told(const struct ldm_conn *c, const char *why)
{
	return c->refusal && log_says_the_same(c->refusal, why) &&
	       clock_ms() < clock_after(c->refusal_told_ms, REFUSAL_TOLD_MS);
}

void conn_refused(struct ldm_conn *c, const char *why)
{
	c->counters.refused++;
	if (is_told(c, why)) {
		log_info("ldm:frame", "document refused: %s", why);
		return;
	}
	log_warn("ldm:frame", "document refused: %s", why);
	free(c->refusal);
	c->refusal = strdup(why);
	c->refusal_told_ms = clock_ms();
}

static void destroy(struct ldm_conn *c)
{
	free(c->refusal);
	ldm_endpoint_free(c->endpoint);
	free(c);
}

void conn_leave(struct ldm_conn *c)
{
	if (--c->busy == 0 && c->freed)
		destroy(c);
}

static void shut(struct ldm_conn *c, enum ldm_conn_state state, int error, const char *text)
{
	struct ldm_call *reading = steal_ptr(c->reading);
	struct ldm_call *list = c->calls.head;

	call_queue_init(&c->calls);
	tear_down(c);
	conn_set_state(c, state);
	end_calls(reading, list, error, text);
}

/* While getting ready, an error that ends the link is one of the link for all who wait. */
static int call_error(int error)
{
	switch (error) {
	case -ETIMEDOUT:
	case -EBADMSG:
	case -EPROTO:
		return error;
	}
	return -ECONNRESET;
}

void conn_fail(struct ldm_conn *c, enum ldm_closed reason, int error, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	uint64_t generation;

	log_debug("ldm:conn", "failed: %s", text);
	conn_enter(c);
	generation = c->generation + 1;
	shut(c, LDM_CONN_CLOSED, call_error(error), copy ? copy : "failed");
	/* Not if somebody has opened or closed it again while being told. */
	if (c->generation == generation && c->state == LDM_CONN_CLOSED && !c->freed &&
		c->ops->on_closed)
		c->ops->on_closed(c->user, reason, error, copy ? copy : "failed");
	conn_leave(c);
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
	conn_enter(c);
	c->freed = true;
	shut(c, LDM_CONN_IDLE, -ECANCELED, "closed by us");
	conn_leave(c);
}

int ldm_conn_open(struct ldm_conn *c)
{
	const struct ldm_endpoint *e = c->endpoint;
	int r;

	if (c->freed || (c->state != LDM_CONN_IDLE && c->state != LDM_CONN_CLOSED))
		return -EALREADY;
	r = ldm_framer_new(&e->limits, &c->framer);
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
	conn_set_state(c, LDM_CONN_RESOLVING);
	return 0;
}

enum ldm_conn_state ldm_conn_get_state(const struct ldm_conn *c)
{
	return c->state;
}

size_t ldm_conn_pending(const struct ldm_conn *c)
{
	return c->calls.n + (c->reading ? 1 : 0);
}

void ldm_conn_set_data(struct ldm_conn *c, enum ldm_data_version version)
{
	c->data_version = version;
}

struct ldm_conn_counters ldm_conn_count(const struct ldm_conn *c)
{
	struct ldm_conn_counters counters = c->counters;

	counters.bytes_in = c->transport.bytes_in;
	counters.bytes_out = c->transport.bytes_out;
	return counters;
}

int ldm_conn_submit(struct ldm_conn *c, struct ldm_request *take, uint64_t timeout_ms,
	const struct ldm_reply_ops *ops, void *user)
{
	if (c->state == LDM_CONN_IDLE || c->state == LDM_CONN_CLOSED)
		return -ENOTCONN;
	return call_queue_push(&c->calls, take, timeout_ms, ops, user);
}
