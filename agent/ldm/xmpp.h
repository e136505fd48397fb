/*
 * The start of an XMPP stream (RFC 3920) as ldmd speaks it, as a state machine: bytes of the server
 * go in, bytes to send come out. No socket, no TLS, no clock.
 *
 * Stream header, features, STARTTLS; within TLS header and features again; SASL PLAIN if ldmd asks
 * for it; header and features a third time. On the same host ldmd knows its client by other means
 * and asks for no password. A password is never sent without TLS.
 */
#ifndef LDM_XMPP_H
#define LDM_XMPP_H

#include <stdbool.h>
#include <stddef.h>

#include "ldm/frame.h"
#include "util/buffer.h"
#include "util/cleanup.h"

struct ldm_xmpp;

enum ldm_xmpp_step {
	LDM_XMPP_MORE,	    /* needs more bytes of the server */
	LDM_XMPP_START_TLS, /* do the TLS handshake, then call ldm_xmpp_secured() */
	LDM_XMPP_READY,	    /* the next bytes are documents */
};

/* limits NULL: the default ones. user and password may be NULL; both are copied. -ENOMEM. */
int ldm_xmpp_new(const struct ldm_limits *limits, const char *user, const char *password,
	struct ldm_xmpp **ret);
void ldm_xmpp_free(struct ldm_xmpp *x);
DEFINE_CLEANUP(struct ldm_xmpp *, ldm_xmpp_free)

/* Appends the first stream header. -ENOMEM. */
int ldm_xmpp_start(struct ldm_xmpp *x, struct buffer *out);
/* The TLS handshake is done: appends the second stream header. -ENOMEM. */
int ldm_xmpp_secured(struct ldm_xmpp *x, struct buffer *out);

/*
 * Takes bytes up to the next step; bytes behind it are not used. Returns an enum ldm_xmpp_step, or
 * an error, see ldm_xmpp_error(): -EBADMSG the bytes are no XMPP stream, -EPROTONOSUPPORT no TLS or
 * no SASL PLAIN, -EACCES user or password wrong or missing, -ECONNRESET the server ended the
 * stream, -ENOMEM.
 */
int ldm_xmpp_feed(
	struct ldm_xmpp *x, const void *bytes, size_t n, size_t *ret_used, struct buffer *out);
/* The error in one line; owned by x. */
const char *ldm_xmpp_error(const struct ldm_xmpp *x);

/* What the agent needs to know of an element of the stream that is no document of LDM. */
struct ldm_stanza {
	char *name;   /* of the element, without prefix */
	char *detail; /* name of its first child element; NULL: none */
	bool starttls, mechanisms, plain;
};

/* The bytes are as the framer cut them. -EBADMSG, *ret_error (to be freed) says why; -ENOMEM. */
int ldm_stanza_parse(const char *bytes, size_t len, struct ldm_stanza *ret, char **ret_error);
void ldm_stanza_clear(struct ldm_stanza *s);

#endif
