/*
 * A certificate in the configured file is trusted without further checks: ldmd makes its own,
 * self-signed, with no useful name in it. Any other must be issued by a trusted one for the host.
 */
#include <errno.h>
#include <string.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "ldm/tls.h"
#include "util/text.h"

struct ldm_tls {
	SSL_CTX *context;
	SSL *ssl;
	BIO *from_peer, *to_peer; /* owned by ssl */
	STACK_OF(X509) * pinned;
	char *error;
};

static const int versions[] = {
	[LDM_TLS_1_0] = TLS1_VERSION,
	[LDM_TLS_1_1] = TLS1_1_VERSION,
	[LDM_TLS_1_2] = TLS1_2_VERSION,
	[LDM_TLS_1_3] = TLS1_3_VERSION,
};

/* OpenSSL has no text for the errors of system calls, such as that of opening a file. */
static const char *reason_of(unsigned long code)
{
	if (code != 0 && ERR_GET_LIB(code) == ERR_LIB_SYS)
		return strerror(ERR_GET_REASON(code));
	return code != 0 ? ERR_reason_error_string(code) : NULL;
}

static void tls_set_error(struct ldm_tls *t, const char *what)
{
	const char *why = reason_of(ERR_peek_error());
	/* OpenSSL has a result also if no verification was asked for. */
	bool asked = t->ssl && SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE;
	long verify = asked ? SSL_get_verify_result(t->ssl) : X509_V_OK;

	if (verify != X509_V_OK) {
		what = "TLS: the certificate is not trusted, see ldmCertificate";
		why = X509_verify_cert_error_string(verify);
	}
	free(steal_ptr(t->error));
	text_printf(&t->error, "%s: %s", what, why ? why : "no reason given");
	ERR_clear_error();
}

const char *ldm_tls_error(const struct ldm_tls *t)
{
	return t->error ? t->error : "TLS: failed";
}

/* Called by OpenSSL in place of its own verification. */
static int verify_certificate(X509_STORE_CTX *store, void *user)
{
	struct ldm_tls *t = user;
	X509 *leaf = X509_STORE_CTX_get0_cert(store);

	for (int i = 0; leaf && t->pinned && i < sk_X509_num(t->pinned); i++) {
		if (X509_cmp(leaf, sk_X509_value(t->pinned, i)) != 0)
			continue;
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	return X509_verify_cert(store);
}

static int load_pinned(struct ldm_tls *t, const char *path)
{
	BIO *file = BIO_new_file(path, "r");
	X509 *cert;

	t->pinned = sk_X509_new_null();
	while (file && t->pinned && (cert = PEM_read_bio_X509(file, NULL, NULL, NULL)))
		if (!sk_X509_push(t->pinned, cert))
			X509_free(cert);
	if (file)
		BIO_free(file);
	if (!t->pinned)
		return -ENOMEM;
	/* PEM_read_bio_X509() reports the end of the file as an error, too. */
	if (sk_X509_num(t->pinned) > 0)
		ERR_clear_error();
	return sk_X509_num(t->pinned) > 0 ? 0 : -EINVAL;
}

static int set_trust(struct ldm_tls *t, const struct ldm_endpoint *e)
{
	if (!ldm_endpoint_verifies(e)) {
		SSL_CTX_set_verify(t->context, SSL_VERIFY_NONE, NULL);
		return 0;
	}
	SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(t->context, verify_certificate, t);
	if (!e->certificate)
		return SSL_CTX_set_default_verify_paths(t->context) == 1 ? 0 : -EINVAL;
	if (load_pinned(t, e->certificate) < 0)
		return -EINVAL;
	return SSL_CTX_load_verify_locations(t->context, e->certificate, NULL) == 1 ? 0 : -EINVAL;
}

static int tls_make_context(struct ldm_tls *t, const struct ldm_endpoint *e)
{
	t->context = SSL_CTX_new(TLS_client_method());
	if (!t->context)
		return -ENOMEM;
	/* Old managers have short keys and an old TLS. That is allowed on loopback, where nobody
	 * can listen, and to show a certificate, which a person checks. */
	if (ldm_endpoint_is_local(e) || e->verify == LDM_VERIFY_SHOW) {
		SSL_CTX_set_security_level(t->context, 0);
		SSL_CTX_set_options(t->context, SSL_OP_LEGACY_SERVER_CONNECT);
	}
	SSL_CTX_set_options(t->context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(t->context, SSL_MODE_AUTO_RETRY | SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_set_min_proto_version(t->context, versions[e->tls_min]) != 1)
		return -EINVAL;
	return set_trust(t, e);
}

static bool is_ip_address(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	return inet_pton(AF_INET, host, &v4) == 1 || inet_pton(AF_INET6, host, &v6) == 1;
}

static int expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (is_ip_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1 ? 0 : -EINVAL;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (X509_VERIFY_PARAM_set1_host(param, host, 0) != 1)
		return -EINVAL;
	return SSL_set_tlsext_host_name(ssl, host) == 1 ? 0 : -EINVAL;
}

static int tls_make_session(struct ldm_tls *t, const struct ldm_endpoint *e)
{
	t->ssl = SSL_new(t->context);
	t->from_peer = BIO_new(BIO_s_mem());
	t->to_peer = BIO_new(BIO_s_mem());
	if (!t->ssl || !t->from_peer || !t->to_peer) {
		BIO_free(t->from_peer);
		BIO_free(t->to_peer);
		return -ENOMEM;
	}
	SSL_set_bio(t->ssl, t->from_peer, t->to_peer);
	SSL_set_connect_state(t->ssl);
	return expect_host(t->ssl, e->host);
}

int ldm_tls_new(const struct ldm_endpoint *e, struct ldm_tls **ret, char **ret_error)
{
	_cleanup_(ldm_tls_freep) struct ldm_tls *t = calloc(1, sizeof(*t));
	int r;

	*ret_error = NULL;
	if (!t)
		return -ENOMEM;
	ERR_clear_error();
	r = tls_make_context(t, e);
	if (r == 0)
		r = tls_make_session(t, e);
	if (r < 0) {
		tls_set_error(t, e->certificate ? e->certificate : "TLS");
		*ret_error = steal_ptr(t->error);
		return r;
	}
	*ret = steal_ptr(t);
	return 0;
}

void ldm_tls_free(struct ldm_tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	SSL_CTX_free(t->context);
	sk_X509_pop_free(t->pinned, X509_free);
	free(t->error);
	free(t);
}

int ldm_tls_feed(struct ldm_tls *t, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		int chunk = n > 65536 ? 65536 : (int)n;
		int w = BIO_write(t->from_peer, at, chunk);

		if (w <= 0)
			return -ENOMEM;
		at += w;
		n -= w;
	}
	return 0;
}

/* The errno for the result of an OpenSSL call; 0: more bytes of the peer are needed first. */
static int tls_result(struct ldm_tls *t, int result, const char *what)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return -EPIPE;
	}
	tls_set_error(t, what);
	return -EPROTO;
}

int ldm_tls_handshake(struct ldm_tls *t)
{
	int n;

	ERR_clear_error();
	n = SSL_do_handshake(t->ssl);
	if (n == 1)
		return 1;
	n = tls_result(t, n, "TLS handshake");
	return n == -EPIPE ? -EPROTO : n;
}

X509 *ldm_tls_certificate(const struct ldm_tls *t)
{
	return SSL_get_peer_certificate(t->ssl);
}

int ldm_tls_read(struct ldm_tls *t, struct buffer *plain)
{
	for (;;) {
		char *room;
		int n, r = buffer_reserve(plain, 16384, &room);

		if (r < 0)
			return r;
		ERR_clear_error();
		n = SSL_read(t->ssl, room, 16384);
		if (n <= 0)
			return tls_result(t, n, "TLS");
		buffer_commit(plain, n);
	}
}

int ldm_tls_write(struct ldm_tls *t, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		int chunk = n > 65536 ? 65536 : (int)n, w;

		ERR_clear_error();
		w = SSL_write(t->ssl, at, chunk);
		if (w <= 0) {
			int r = tls_result(t, w, "TLS");

			return r == 0 ? -EPROTO : r;
		}
		at += w;
		n -= w;
	}
	return 0;
}

void ldm_tls_bye(struct ldm_tls *t)
{
	if (SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl);
	ERR_clear_error();
}

int ldm_tls_drain(struct ldm_tls *t, struct buffer *cipher)
{
	char *bytes;
	long n = BIO_get_mem_data(t->to_peer, &bytes);
	int r;

	if (n <= 0)
		return 0;
	r = buffer_append(cipher, bytes, n);
	if (r == 0)
		(void)BIO_reset(t->to_peer);
	return r;
}
