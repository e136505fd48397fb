/*
 * TLS between two byte buffers: OpenSSL over memory, which never sees a descriptor and so can
 * neither block nor raise a signal.
 */
#ifndef LDM_TLS_H
#define LDM_TLS_H

#include <stddef.h>

#include "ldm/endpoint.h"
#include "util/buffer.h"
#include "util/cleanup.h"

struct ldm_tls;
struct x509_st;

/* -errno with *ret_error (to be freed, may be NULL), for example about the certificate file. */
int ldm_tls_new(const struct ldm_endpoint *e, struct ldm_tls **ret, char **ret_error);
void ldm_tls_free(struct ldm_tls *t);
DEFINE_CLEANUP(struct ldm_tls *, ldm_tls_free)

/* Bytes from the peer. -ENOMEM. */
int ldm_tls_feed(struct ldm_tls *t, const void *bytes, size_t n);
/* 1: done; 0: needs more from the peer; -EPROTO, see ldm_tls_error(). */
int ldm_tls_handshake(struct ldm_tls *t);
/* The certificate of the peer, once the handshake is done; certificate.h. NULL: it showed none. */
struct x509_st *ldm_tls_certificate(const struct ldm_tls *t);
/* Appends what the peer wrote. 0; -EPIPE: the peer said good-bye; -EPROTO; -ENOMEM. */
int ldm_tls_read(struct ldm_tls *t, struct buffer *plain);
/* -EPROTO, -ENOMEM. */
int ldm_tls_write(struct ldm_tls *t, const void *bytes, size_t n);
/* Sends close_notify: the peer sees that nothing was cut off. */
void ldm_tls_bye(struct ldm_tls *t);
/* Moves what is to go to the peer. -ENOMEM. */
int ldm_tls_drain(struct ldm_tls *t, struct buffer *cipher);
/* One line; owned by it. */
const char *ldm_tls_error(const struct ldm_tls *t);

#endif
