/*
 * One connection to ldmd: idle -> resolving -> connecting -> stream -> tls -> ... -> ready ->
 * closed.
 *
 * It has no loop and no thread of its own and never blocks: the owner calls prepare before each
 * wait and dispatch after it. Callbacks come from dispatch, close and free, on_traffic also from
 * submit. All but on_traffic may call any function on the connection, also ldm_conn_free().
 *
 * Requests are sent one at a time, in order, each after the answer to the one before. No request is
 * ever sent twice.
 */
#ifndef LDM_CONN_H
#define LDM_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "ldm/document.h"
#include "ldm/endpoint.h"
#include "ldm/request.h"
#include "util/pollset.h"

struct ldm_conn;
struct ldm_tls;

enum ldm_conn_state {
	LDM_CONN_IDLE,
	LDM_CONN_RESOLVING,
	LDM_CONN_CONNECTING,
	LDM_CONN_STREAM,  /* xmpp: header sent, TLS not yet */
	LDM_CONN_TLS,	  /* TLS handshake */
	LDM_CONN_SECURED, /* xmpp within TLS: second stream, SASL, third stream */
	LDM_CONN_READY,
	LDM_CONN_CLOSED,
	_LDM_CONN_STATE_MAX,
	_LDM_CONN_STATE_INVALID = -1,
};

enum ldm_closed {
	LDM_CLOSED_CONNECT,  /* nobody listens, no such host, no route */
	LDM_CLOSED_TLS,	     /* TLS or certificate */
	LDM_CLOSED_AUTH,     /* user or password refused, or ldmd asks for them and none are set */
	LDM_CLOSED_PEER,     /* ldmd closed the connection */
	LDM_CLOSED_PROTOCOL, /* ldmd sent a wrong answer, or bytes that cannot be framed */
	LDM_CLOSED_TIMEOUT,  /* no answer in time */
	LDM_CLOSED_LOCAL,    /* no memory, no descriptors */
	_LDM_CLOSED_MAX,
};

struct ldm_conn_ops {
	void (*on_ready)(void *user);
	/*
	 * Once for each open that the owner did not end, after on_done of all requests. error: a
	 * negative errno; text: one line for people.
	 */
	void (*on_closed)(void *user, enum ldm_closed reason, int error, const char *text);
	void (*on_event)(void *user, const struct ldm_event *event);
	/*
	 * Each document that is sent or was received, readable or not, before any other callback
	 * about it. Must not call a function on the connection. May be NULL.
	 */
	void (*on_traffic)(void *user, bool sent, const char *xml, size_t len);
	/* The TLS handshake is done, and no document was sent yet. May be NULL. */
	void (*on_secured)(void *user, const struct ldm_tls *tls);
};

struct ldm_reply_ops {
	/* As in document.h. The contents count only if on_done follows with err 0. May be NULL. */
	int (*on_content)(
		void *user, const struct ldm_content *content, bool ok, const char *message);
	/* The reply as it came, once it is known to be good. May be NULL. */
	void (*on_document)(void *user, const char *xml, size_t len);
	/*
	 * The last callback, exactly once. err 0: an answer, see reply->ok. Else reply->ok is
	 * false, reply->message says why, and reply->sent whether ldmd may have done the request:
	 *   -ETIMEDOUT   no answer in time; closes the connection
	 *   -EPROTO      an answer to another action; closes the connection
	 *   -ECONNRESET  connection lost, or closed because another request failed
	 *   -EBADMSG     an answer that breaks a rule (logged); the connection stays if it was
	 *                framed well
	 *   -ECANCELED   closed by the owner
	 *   or what on_content returned (< 0); the connection stays.
	 */
	void (*on_done)(void *user, int err, const struct ldm_reply *reply);
};

/* The endpoint is copied, ops kept by reference. -EPERM, -EINVAL (endpoint check), -ENOMEM. */
int ldm_conn_new(const struct ldm_endpoint *endpoint, const struct ldm_conn_ops *ops, void *user,
	struct ldm_conn **ret);
/* As ldm_conn_close(), then frees; later, if called from a callback. */
void ldm_conn_free(struct ldm_conn *c);
DEFINE_CLEANUP(struct ldm_conn *, ldm_conn_free)

/*
 * Starts connecting, from idle or closed (else -EALREADY). -ENOMEM, or -errno if there is no
 * descriptor or thread for the resolver; on_closed reports later failures.
 */
int ldm_conn_open(struct ldm_conn *c);
/* Ends all requests with -ECANCELED; on_closed is not called. Then idle. */
void ldm_conn_close(struct ldm_conn *c);

enum ldm_conn_state ldm_conn_get_state(const struct ldm_conn *c);
/* The data version of the requests that follow. */
void ldm_conn_set_data(struct ldm_conn *c, enum ldm_data_version version);

/*
 * Takes over the request (on success only). Sends it at once, or when the connection is ready and
 * the requests before it are answered. timeout_ms counts from its sending. -ENOTCONN when idle or
 * closed, -ENOMEM.
 */
int ldm_conn_submit(struct ldm_conn *c, struct ldm_request *take, uint64_t timeout_ms,
	const struct ldm_reply_ops *ops, void *user);

void ldm_conn_prepare(struct ldm_conn *c, struct pollset *ps);
void ldm_conn_dispatch(struct ldm_conn *c, const struct pollset *ps, uint64_t now_ms);

#endif
