/*
 * A connection, a request, and a poll loop that ends with the answer.
 */
#include "daemon/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/conn.h"
#include "ldm/request.h"
#include "ldm/tls.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/pollset.h"

struct query {
	const struct query_ops *ops;
	void *user;
	struct ldm_conn *conn;
	struct x509_st *certificate;
	bool done;
	int result;
	char *error;
};

static void finish_query(struct query *q, int result, const char *error)
{
	if (q->done)
		return;
	q->done = true;
	q->result = result;
	if (result < 0)
		q->error = strdup(error && *error ? error : strerror(-result));
}

static void on_ready(void *user)
{
	(void)user;
}

static void on_closed(void *user, enum ldm_closed reason, int error, const char *text)
{
	(void)reason;
	finish_query(user, error < 0 ? error : -ECONNRESET, text);
}

static void on_event(void *user, const struct ldm_event *event)
{
	(void)user;
	(void)event;
}

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct query *q = user;
	return q->ops->on_content ? q->ops->on_content(q->user, content, ok, message) : 0;
}

static void on_document(void *user, const char *xml, size_t len)
{
	struct query *q = user;
	if (q->ops->on_document)
		q->ops->on_document(q->user, xml, len);
}

static void on_done(void *user, int err, const struct ldm_reply *reply)
{
	/* on_closed() reports a lost connection, with a better text. */
	if (err == -ECONNRESET || err == -ECANCELED)
		return;
	if (err == 0 && !reply->ok)
		finish_query(user, -EPERM, reply->message ? reply->message : "ldmd refused");
	else
		finish_query(user, err, reply->message);
}

static void on_traffic(void *user, bool sent, const char *xml, size_t len)
{
	struct query *q = user;
	if (q->ops->on_traffic)
		q->ops->on_traffic(q->user, sent, xml, len);
}

static void on_secured(void *user, const struct ldm_tls *tls)
{
	struct query *q = user;

	q->certificate = ldm_tls_certificate(tls);
	finish_query(q, q->certificate ? 0 : -ENODATA, "ldmd shows no certificate");
	ldm_conn_close(q->conn);
}

static const struct ldm_conn_ops conn_ops = {
	.on_ready = on_ready,
	.on_closed = on_closed,
	.on_event = on_event,
	.on_traffic = on_traffic,
};

static const struct ldm_reply_ops reply_ops = {
	.on_content = on_content,
	.on_document = on_document,
	.on_done = on_done,
};

static int wait_for_end(struct query *q, uint64_t timeout_ms)
{
	struct pollset ps = POLLSET_EMPTY;
	uint64_t give_up_ms = clock_after(clock_ms(), timeout_ms);
	int r = 0;

	while (r >= 0 && !q->done) {
		if (clock_ms() >= give_up_ms) {
			finish_query(q, -ETIMEDOUT, "no answer in time");
			break;
		}
		pollset_reset(&ps);
		ldm_conn_prepare(q->conn, &ps);
		pollset_deadline(&ps, give_up_ms);
		r = pollset_wait(&ps);
		if (r >= 0)
			ldm_conn_dispatch(q->conn, &ps, clock_ms());
	}
	pollset_clear(&ps);
	return r < 0 ? r : q->result;
}

static int ask_ldmd(struct query *q, const char *action, const char *domain, uint64_t timeout_ms)
{
	struct ldm_request *request;

	q->done = false;
	int r = ldm_request_list(action, domain, &request);
	if (r < 0)
		return r;
	r = ldm_conn_submit(q->conn, request, timeout_ms, &reply_ops, q);
	if (r < 0) {
		ldm_request_free(request);
		return r;
	}
	return wait_for_end(q, timeout_ms);
}

/* As ask_ldmd(), and again in data version 2.0 if ldmd refuses 3.0. */
static int ask_in_both(struct query *q, const char *action, const char *domain, uint64_t timeout_ms)
{
	int r = ask_ldmd(q, action, domain, timeout_ms);

	if (r != -EPERM || ldm_conn_get_state(q->conn) != LDM_CONN_READY)
		return r;
	_cleanup_free_ char *first = steal_ptr(q->error);
	ldm_conn_set_data(q->conn, LDM_DATA_2);
	r = ask_ldmd(q, action, domain, timeout_ms);
	/* Where both are refused, the reason is that of the first refusal. */
	if (r == -EPERM) {
		free(q->error);
		q->error = steal_ptr(first);
	}
	return r;
}

static int end_query(struct query *q, int r, char **ret_error)
{
	/* Closing calls on_done(), which must not replace the result. */
	q->done = true;
	ldm_conn_free(q->conn);
	if (r < 0)
		*ret_error = q->error ? q->error : strdup(strerror(-r));
	else
		free(q->error);
	return r;
}

int query_run(const struct ldm_endpoint *endpoint, const char *action, const char *domain,
	uint64_t timeout_ms, const struct query_ops *ops, void *user, char **ret_error)
{
	struct query q = {.ops = ops, .user = user};

	int r = ldm_conn_new(endpoint, &conn_ops, &q, &q.conn);
	if (r >= 0)
		r = ldm_conn_open(q.conn);
	if (r >= 0)
		r = endpoint->data_version == LDM_DATA_AUTO
			    ? ask_in_both(&q, action, domain, timeout_ms)
			    : ask_ldmd(&q, action, domain, timeout_ms);
	return end_query(&q, r, ret_error);
}

int query_certificate(const struct ldm_endpoint *endpoint, uint64_t timeout_ms,
	struct x509_st **ret, char **ret_error)
{
	static const struct ldm_conn_ops ops = {
		.on_ready = on_ready, .on_closed = on_closed, .on_secured = on_secured};
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *bare = NULL;
	struct query q = {0};

	int r = ldm_endpoint_copy(endpoint, &bare);
	if (r >= 0) {
		bare->verify = LDM_VERIFY_SHOW;
		r = ldm_conn_new(bare, &ops, &q, &q.conn);
	}
	if (r >= 0)
		r = ldm_conn_open(q.conn);
	if (r >= 0)
		r = wait_for_end(&q, timeout_ms);
	r = end_query(&q, r, ret_error);
	if (r >= 0)
		*ret = q.certificate;
	return r;
}
