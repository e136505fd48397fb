/*
 * Bytes to and from ldmd: a non-blocking TCP socket, with TLS once that was started.
 */
#ifndef LDM_TRANSPORT_H
#define LDM_TRANSPORT_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "ldm/tls.h"
#include "util/buffer.h"

struct ldm_transport_link {
	int fd;
	struct ldm_tls *tls; /* NULL: plain */
	struct buffer in;    /* received and decrypted */
	struct buffer out;   /* encrypted, not yet sent */
	size_t unasked;	     /* bytes of out that are answers of TLS itself */
	bool at_end;	     /* the peer has closed its side */
	char *error;	     /* of the last failure, one line; NULL: see the errno */
};

void transport_init(struct ldm_transport_link *t);
/* Sends the TLS close alert if the socket takes it at once. */
void transport_close(struct ldm_transport_link *t);

/* Begins to connect. When the socket is writable, call transport_connected(). -errno. */
int transport_connect(struct ldm_transport_link *t, const struct addrinfo *to);
/* 0: connected; else -errno. */
int transport_connected(struct ldm_transport_link *t);

/* -EBADMSG: the peer has already sent more bytes in the clear; -EINVAL, -ENOMEM, see error. */
int transport_start_tls(struct ldm_transport_link *t, const struct ldm_endpoint *e);
/* 1: done, 0: not yet; -errno. */
int transport_handshake(struct ldm_transport_link *t);

/* What to poll for. */
short transport_events(const struct ldm_transport_link *t);
/* Takes what has arrived, up to about 256 KiB. 0, at_end may be set; or -errno. */
int transport_receive(struct ldm_transport_link *t);
/* Encrypts the bytes and appends them to out. -errno. */
int transport_write(struct ldm_transport_link *t, const void *bytes, size_t n);
/* Sends what the socket takes without blocking. -errno. */
int transport_flush(struct ldm_transport_link *t);

#endif
