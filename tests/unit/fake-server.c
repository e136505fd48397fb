/*
 * The thread behind the fake server, the certificates it shows, and the client that talks to it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "fake-server.h"
#include "test.h"
#include "util/clock.h"

static void *serve(void *user)
{
	struct fake *f = user;

	for (int i = 0; i < f->connections; i++) {
		f->fd = accept(f->listener, NULL, NULL);
		if (f->fd < 0)
			break;
		f->script(f);
		if (f->tls)
			SSL_free(f->tls);
		f->tls = NULL;
		close(f->fd);
		buffer_clear(&f->heard);
	}
	return NULL;
}

void fake_start(struct fake *f, void (*script)(struct fake *), int connections)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	f->script = script;
	f->connections = connections;
	f->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(f->listener >= 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(f->listener, 5), 0);
	assert_int_equal(getsockname(f->listener, (struct sockaddr *)&a, &len), 0);
	f->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

void fake_stop(struct fake *f)
{
	shutdown(f->listener, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	close(f->listener);
	SSL_CTX_free(f->tls_context);
	f->tls_context = NULL;
}

static ssize_t receive(struct fake *f, char *bytes, size_t n)
{
	return f->tls ? SSL_read(f->tls, bytes, (int)n) : recv(f->fd, bytes, n, 0);
}

bool fake_expect(struct fake *f, const char *text)
{
	char *found;

	while (!(found = strstr(buffer_data(&f->heard), text))) {
		char bytes[4096];
		ssize_t n = receive(f, bytes, sizeof(bytes));

		if (n <= 0)
			return false;
		buffer_append(&f->heard, bytes, n);
	}
	buffer_consume(&f->heard, found + strlen(text) - buffer_data(&f->heard));
	return true;
}

static void send_bytes(struct fake *f, const char *bytes, size_t n)
{
	if (f->tls)
		SSL_write(f->tls, bytes, (int)n);
	else
		send(f->fd, bytes, n, MSG_NOSIGNAL);
}

void fake_say(struct fake *f, const char *text)
{
	send_bytes(f, text, strlen(text));
}

void fake_whisper(struct fake *f, const char *text)
{
	for (; *text; text++)
		send_bytes(f, text, 1);
}

void fake_wait(struct fake *f)
{
	char bytes[4096];

	while (receive(f, bytes, sizeof(bytes)) > 0)
		;
}

bool fake_start_tls(struct fake *f)
{
	f->tls = SSL_new(f->tls_context);
	SSL_set_fd(f->tls, f->fd);
	return SSL_accept(f->tls) == 1;
}

static void add_name(X509 *cert, const char *name)
{
	char value[300];
	X509_EXTENSION *e;

	snprintf(value, sizeof(value),
		strspn(name, "0123456789.") == strlen(name) ? "IP:%s" : "DNS:%s", name);
	e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);
	X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
}

static EVP_PKEY *make_key(void)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	EVP_PKEY_keygen_init(context);
	EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1);
	EVP_PKEY_keygen(context, &key);
	EVP_PKEY_CTX_free(context);
	return key;
}

SSL_CTX *fake_certificate(const char *name, const char *path)
{
	EVP_PKEY *key = make_key();
	X509 *cert = X509_new();
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)"ldmd", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	add_name(cert, name);
	X509_sign(cert, key, EVP_sha256());
	assert_int_equal(SSL_CTX_use_certificate(context, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
	if (path) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		PEM_write_X509(file, cert);
		fclose(file);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return context;
}

static void on_ready(void *user)
{
	struct client *c = user;

	buffer_append_text(&c->seen, "ready;");
}

static void on_closed(void *user, enum ldm_closed reason, int error, const char *text)
{
	static const char *const reasons[] = {
		"connect", "tls", "auth", "peer", "protocol", "timeout", "local"};
	struct client *c = user;

	buffer_printf(&c->seen, "closed %s %s %s;", reasons[reason], strerror(-error), text);
}

static void on_event(void *user, const struct ldm_event *e)
{
	struct client *c = user;

	buffer_printf(&c->seen, "event %s %s;", e->action, e->domain ? e->domain : "-");
}

static void on_traffic(void *user, bool sent, const char *xml, size_t len)
{
	struct client *c = user;

	(void)xml, (void)len;
	c->received += !sent;
}

static const struct ldm_conn_ops conn_ops = {on_ready, on_closed, on_event, on_traffic};

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct client *c = user;

	buffer_printf(&c->seen, "content %s %s%s;", content->domain ? content->domain : "-",
		ok ? "ok" : "failed ", message ? message : "");
	return content->domain && strcmp(content->domain, "bad") == 0 ? -EXDEV : 0;
}

static void on_done(void *user, int err, const struct ldm_reply *reply)
{
	struct client *c = user;

	buffer_printf(&c->seen, "done %s %s %s%s;", reply->action,
		err	    ? strerror(-err)
		: reply->ok ? "ok"
			    : "failed",
		reply->sent ? "sent " : "unsent ", reply->message ? reply->message : "");
}

const struct ldm_reply_ops client_reply_ops = {.on_content = on_content, .on_done = on_done};

struct ldm_endpoint *client_endpoint(const char *transport, uint16_t port)
{
	_cleanup_free_ char *text = NULL;
	struct ldm_endpoint *e = NULL;

	assert_true(asprintf(&text, "%s:127.0.0.1:%u", transport, port) > 0);
	assert_int_equal(ldm_endpoint_parse(text, &e), 0);
	return e;
}

void client_start(struct client *c, const struct ldm_endpoint *e)
{
	*c = (struct client){.conn = NULL};
	assert_int_equal(ldm_conn_new(e, &conn_ops, c, &c->conn), 0);
	assert_int_equal(ldm_conn_open(c->conn), 0);
	assert_int_equal(ldm_conn_open(c->conn), -EALREADY);
}

void client_ask(struct client *c, const char *action, const char *domain, uint64_t timeout_ms)
{
	struct ldm_request *r = NULL;

	assert_int_equal(ldm_request_list(action, domain, &r), 0);
	assert_int_equal(ldm_conn_submit(c->conn, r, timeout_ms, &client_reply_ops, c), 0);
}

void client_run(struct client *c, const char *until)
{
	struct pollset ps = POLLSET_EMPTY;
	uint64_t end = clock_ms() + 10000;

	while (!strstr(buffer_data(&c->seen), until)) {
		if (clock_ms() > end)
			fail_msg("no \"%s\" in \"%s\"", until, buffer_data(&c->seen));
		pollset_reset(&ps);
		ldm_conn_prepare(c->conn, &ps);
		pollset_deadline(&ps, end + 1);
		assert_int_equal(pollset_wait(&ps), 0);
		ldm_conn_dispatch(c->conn, &ps, clock_ms());
	}
	pollset_clear(&ps);
}

void client_stop(struct client *c)
{
	ldm_conn_free(c->conn);
	buffer_clear(&c->seen);
}
