/*
 * TLS between two byte buffers: OpenSSL works on memory and has no descriptor, so it can neither
 * block nor raise a signal.
 */
#ifndef LDM_TLS_H
#define LDM_TLS_H

#include <stddef.h>

#include "ldm/endpoint.h"
#include "util/buffer.h"
#include "util/cleanup.h"

struct ldm_tls;
struct x509_st;

/* -EINVAL (for example a bad certificate file), -ENOMEM; *ret_error, to be freed, may be NULL. */
int ldm_tls_new(const struct ldm_endpoint *e, struct ldm_tls **ret, char **ret_error);
void ldm_tls_free(struct ldm_tls *t);
DEFINE_CLEANUP(struct ldm_tls *, ldm_tls_free)

/* Takes bytes from the peer. -ENOMEM. */
int ldm_tls_feed(struct ldm_tls *t, const void *bytes, size_t n);
/* 1: done; 0: needs more from the peer; -EPROTO, see ldm_tls_error(). */
int ldm_tls_handshake(struct ldm_tls *t);
/* The peer's certificate after the handshake, for ldm_certificate_free(). NULL: it showed none. */
struct x509_st *ldm_tls_certificate(const struct ldm_tls *t);
/* Appends what the peer wrote. 0; -EPIPE: the peer sent close_notify; -EPROTO; -ENOMEM. */
int ldm_tls_read(struct ldm_tls *t, struct buffer *plain);
/* Encrypts bytes for the peer. -EPROTO. */
int ldm_tls_write(struct ldm_tls *t, const void *bytes, size_t n);
/* Makes a close_notify: the peer sees that nothing was cut off. */
void ldm_tls_bye(struct ldm_tls *t);
/* Moves the bytes for the peer to the end of cipher. -ENOMEM. */
int ldm_tls_drain(struct ldm_tls *t, struct buffer *cipher);
/* The last -EPROTO in one line; owned by t. */
const char *ldm_tls_error(const struct ldm_tls *t);

#endif
