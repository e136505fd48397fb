/*
 * --fetch-certificate: the certificate that ldmd shows becomes the one that is trusted, once a
 * person has compared its fingerprint. Nothing is verified here, so no user and no password is
 * sent.
 */
#include "daemon/oneshot.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "daemon/options.h"
#include "daemon/settings.h"
#include "ldm/endpoint.h"
#include "ldm/xmpp.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/log.h"

DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(BIO *, BIO_free_all)
DEFINE_CLEANUP(SSL *, SSL_free)
DEFINE_CLEANUP(SSL_CTX *, SSL_CTX_free)

static int set_timeout(int fd, uint64_t timeout_ms)
{
	struct timeval limit = {.tv_sec = (time_t)(timeout_ms / 1000),
		.tv_usec = (suseconds_t)(timeout_ms % 1000 * 1000)};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	return 0;
}

/* The first address of the host that answers. A descriptor, or -errno. */
static int connect_host(const struct ldm_endpoint *e, uint64_t timeout_ms)
{
	static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	_cleanup_free_ char *port = NULL;
	struct addrinfo *list = NULL;

	if (asprintf(&port, "%u", e->port) < 0) {
		port = NULL;
		return -ENOMEM;
	}
	int r = getaddrinfo(e->host, port, &hints, &list);
	if (r != 0) {
		log_err("ldm", "%s: %s", e->host, gai_strerror(r));
		return -ENOENT;
	}
	r = -EADDRNOTAVAIL;
	for (const struct addrinfo *a = list; a && r < 0; a = a->ai_next) {
		_cleanup_close_ int fd =
			socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);

		r = fd < 0 ? -errno : set_timeout(fd, timeout_ms);
		if (r == 0)
			r = connect(fd, a->ai_addr, a->ai_addrlen) < 0 ? -errno : steal_fd(&fd);
	}
	freeaddrinfo(list);
	if (r < 0)
		log_err("ldm", "%s port %u: %s", e->host, e->port, strerror(-r));
	return r;
}

static int send_all(int fd, struct buffer *out)
{
	while (out->len > 0) {
		ssize_t n = send(fd, buffer_data(out), out->len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			buffer_consume(out, n);
	}
	return 0;
}

/* The start of the stream in the clear, up to where the handshake begins. */
static int ask_for_tls(int fd)
{
	_cleanup_(ldm_xmpp_freep) struct ldm_xmpp *xmpp = NULL;
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;
	char bytes[4096];
	size_t used;

	int r = ldm_xmpp_new(NULL, NULL, NULL, &xmpp);
	if (r >= 0)
		r = ldm_xmpp_start(xmpp, &out);
	while (r >= 0 && r != LDM_XMPP_START_TLS) {
		r = send_all(fd, &out);
		ssize_t n = r < 0 ? 0 : recv(fd, bytes, sizeof(bytes), 0);
		if (n < 0)
			r = errno == EAGAIN ? -ETIMEDOUT : -errno;
		else if (r >= 0 && n == 0)
			r = -ECONNRESET;
		else if (r >= 0)
			r = ldm_xmpp_feed(xmpp, bytes, n, &used, &out);
	}
	if (r >= 0)
		r = send_all(fd, &out);
	if (r < 0) {
		const char *why = xmpp ? ldm_xmpp_error(xmpp) : "";
		bool stream = r != -ETIMEDOUT && *why;

		log_err("ldm", "no TLS there: %s", stream ? why : strerror(-r));
	}
	return r < 0 ? r : 0;
}

static int shake_hands(int fd, const char *host, X509 **ret)
{
	_cleanup_(SSL_CTX_freep) SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	_cleanup_(SSL_freep) SSL *ssl = context ? SSL_new(context) : NULL;

	if (!ssl || SSL_set_fd(ssl, fd) != 1)
		return -ENOMEM;
	SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
	/* Old managers have old keys; they are shown to a person, not trusted. */
	SSL_set_security_level(ssl, 0);
	(void)SSL_set_tlsext_host_name(ssl, host);
	ERR_clear_error();
	if (SSL_connect(ssl) == 1)
		*ret = SSL_get_peer_certificate(ssl);
	if (!*ret) {
		const char *why = ERR_reason_error_string(ERR_peek_error());

		log_err("ldm", "TLS handshake: %s", why ? why : "the connection was lost");
		return -EPROTO;
	}
	SSL_shutdown(ssl);
	return 0;
}

static int fetch(const struct ldm_endpoint *e, uint64_t timeout_ms, X509 **ret)
{
	_cleanup_close_ int fd = connect_host(e, timeout_ms);
	int r = fd < 0 ? fd : ask_for_tls(fd);

	return r < 0 ? r : shake_hands(fd, e->host, ret);
}

static void print_certificate(const char *address, const X509 *certificate)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;

	printf("certificate of %s\n  subject      ", address);
	/* XN_FLAG_RFC2253 escapes control characters and what is not ASCII. */
	X509_NAME_print_ex_fp(stdout, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
	printf("\n  issuer       ");
	X509_NAME_print_ex_fp(stdout, X509_get_issuer_name(certificate), 0, XN_FLAG_RFC2253);

	_cleanup_(BIO_free_allp) BIO *out = BIO_new_fp(stdout, BIO_NOCLOSE);
	if (out) {
		BIO_printf(out, "\n  valid        ");
		ASN1_TIME_print(out, X509_get0_notBefore(certificate));
		BIO_printf(out, " to ");
		ASN1_TIME_print(out, X509_get0_notAfter(certificate));
	}
	printf("\n  SHA-256      ");
	if (X509_digest(certificate, EVP_sha256(), digest, &length) == 1)
		for (unsigned int i = 0; i < length; i++)
			printf("%s%02X", i ? ":" : "", digest[i]);
	printf("\n");
}

static bool is_in_file(const X509 *certificate, const char *path)
{
	_cleanup_(BIO_free_allp) BIO *file = BIO_new_file(path, "r");
	_cleanup_(X509_freep) X509 *kept = file ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;

	ERR_clear_error();
	return kept && X509_cmp(kept, certificate) == 0;
}

static bool is_confirmed(const char *path)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	printf("%s %s? Compare the fingerprint first; yes or no: ",
		access(path, F_OK) == 0 ? "Replace the certificate in" : "Write it to", path);
	fflush(stdout);
	ssize_t n = getline(&line, &size, stdin);
	return n > 0 && (strcmp(line, "yes\n") == 0 || strcmp(line, "y\n") == 0);
}

static int write_certificate(X509 *certificate, const char *path)
{
	_cleanup_(BIO_free_allp) BIO *memory = BIO_new(BIO_s_mem());
	char *pem = NULL;

	if (!memory || PEM_write_bio_X509(memory, certificate) != 1)
		return -ENOMEM;
	long length = BIO_get_mem_data(memory, &pem);
	return file_write_atomic(path, pem, (size_t)length, 0644);
}

int oneshot_certificate(const struct settings *s, bool confirmed)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;
	_cleanup_(X509_freep) X509 *certificate = NULL;
	const char *path = s->ldm_certificate;

	if (!*s->ldm || ldm_endpoint_parse(s->ldm, &endpoint) < 0 ||
		endpoint->transport != LDM_TRANSPORT_XMPP) {
		log_err("config",
			"say with `ldm xmpp:HOST' or -m which ldmd's certificate is meant");
		return EXIT_USAGE;
	}
	if (!path) {
		log_err("config", "say with `ldmCertificate FILE' where the certificate goes");
		return EXIT_USAGE;
	}
	if (fetch(endpoint, s->request_timeout_ms, &certificate) < 0)
		return EXIT_FAILURE;
	print_certificate(s->ldm, certificate);
	if (is_in_file(certificate, path)) {
		printf("It is the one in %s already.\n", path);
		return EXIT_SUCCESS;
	}
	if (!confirmed && !is_confirmed(path)) {
		printf("Nothing was written.\n");
		return EXIT_FAILURE;
	}
	int r = write_certificate(certificate, path);
	if (r < 0) {
		log_err("config", "ldmCertificate %s: %s", path, strerror(-r));
		return EXIT_FAILURE;
	}
	printf("Written to %s.\n", path);
	return fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
