/*
 * The server's TLS contexts and its self-signed certificate, made in memory at start.
 */
#ifndef LDMD_SIM_TLS_H
#define LDMD_SIM_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

enum tls_kind {
	TLS_GOOD,
	TLS_OLD,   /* 1.0 and 1.1 only */
	TLS_WRONG, /* a certificate for another host, and out of date */
	TLS_KINDS,
};

struct tls {
	EVP_PKEY *key;
	X509 *certificate;
	SSL_CTX *contexts[TLS_KINDS];
};

bool tls_init(struct tls *tls, unsigned ldm_version);
void tls_free(struct tls *tls);
/* Replaces key and certificate for connections from now on. */
bool tls_renew(struct tls *tls, unsigned ldm_version);
bool tls_write_certificate(const struct tls *tls, const char *file);

#endif
