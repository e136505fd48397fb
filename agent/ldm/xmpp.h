/*
 * The start of an XMPP stream (RFC 3920) as ldmd speaks it, as a pure machine: bytes of the server
 * go in, bytes to send come out. No socket, no TLS, no clock.
 *
 * stream header, features, STARTTLS; within TLS header and features again; SASL PLAIN if ldmd asks
 * for it; header and features a third time. On the same host ldmd knows its client by other means
 * and asks for no password. No password ever leaves without TLS.
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
	LDM_XMPP_MORE,	    /* needs more of the server */
	LDM_XMPP_START_TLS, /* shake hands, then ldm_xmpp_secured() */
	LDM_XMPP_READY,	    /* what comes now are documents */
};

/* Limits NULL: default. User and password may be NULL; both are copied. -ENOMEM. */
int ldm_xmpp_new(const struct ldm_limits *limits, const char *user, const char *password,
	struct ldm_xmpp **ret);
void ldm_xmpp_free(struct ldm_xmpp *x);
DEFINE_CLEANUP(struct ldm_xmpp *, ldm_xmpp_free)

/* Appends the first stream header. -ENOMEM. */
int ldm_xmpp_start(struct ldm_xmpp *x, struct buffer *out);
/* TLS is up: appends the second stream header. -ENOMEM. */
int ldm_xmpp_secured(struct ldm_xmpp *x, struct buffer *out);

/*
 * Takes bytes up to the next step; those behind were not used. Returns an enum ldm_xmpp_step, or
 * see ldm_xmpp_error(): -EBADMSG no such stream, -EPROTONOSUPPORT no TLS or no way to log in,
 * -EACCES user or password wrong or missing, -ECONNRESET the server ended the stream, -ENOMEM.
 */
int ldm_xmpp_feed(
	struct ldm_xmpp *x, const void *bytes, size_t n, size_t *ret_used, struct buffer *out);
/* One line; owned by it. */
const char *ldm_xmpp_error(const struct ldm_xmpp *x);

/* The few things of interest in an element of the stream that is no document of LDM. */
struct ldm_stanza {
	char *name;   /* of the element, without prefix */
	char *detail; /* of its first child; NULL: none */
	bool starttls, mechanisms, plain;
};

/* Of bytes that the framer cut. -EBADMSG with *ret_error (to be freed), -ENOMEM. */
int ldm_stanza_parse(const char *bytes, size_t len, struct ldm_stanza *ret, char **ret_error);
void ldm_stanza_clear(struct ldm_stanza *s);

#endif
