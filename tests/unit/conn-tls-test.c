/*
 * The xmpp transport over real TLS: whom we trust, and what we say to whom.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-server.h"
#include "ldm/tls.h"
#include "ldm/transport.h"
#include "test.h"

#define HEADER "<?xml version='1.0'?><stream:stream id='1' version='1.0'>"
#define OFFER  HEADER "<stream:features><starttls><required/></starttls></stream:features>"
#define SASL                                                                                       \
	HEADER "<stream:features><mechanisms><mechanism>PLAIN</mechanism></mechanisms>"            \
	       "</stream:features>"
#define NOTHING HEADER "<stream:features/>"
#define REPLY                                                                                      \
	"<LDM_interface><cmd><action>list-domain</action><data><Envelope>"                         \
	"<Content ovf:id=\"rose\"/></Envelope></data></cmd></LDM_interface>"

static bool start(struct fake *f)
{
	fake_expect(f, "<stream:stream");
	fake_say(f, OFFER);
	fake_expect(f, "<starttls");
	fake_say(f, "<proceed/>");
	if (!fake_start_tls(f))
		return false;
	buffer_reset(&f->heard);
	return fake_expect(f, "id=\"xmpp\">");
}

static void serve_local(struct fake *f)
{
	if (!start(f))
		return;
	fake_whisper(f, NOTHING);
	fake_expect(f, "</LDM_interface>");
	fake_whisper(f, REPLY);
	fake_wait(f);
}

static void serve_remote(struct fake *f)
{
	if (!start(f))
		return;
	fake_say(f, SASL);
	/* NUL root NUL geheim */
	if (!fake_expect(f, ">AHJvb3QAZ2VoZWlt</auth>"))
		return;
	fake_say(f, "<success/>");
	fake_expect(f, "id=\"xmpp\">");
	fake_say(f, NOTHING);
	fake_expect(f, "</LDM_interface>");
	fake_say(f, REPLY);
	fake_wait(f);
}

static void serve_refusing(struct fake *f)
{
	if (!start(f))
		return;
	fake_say(f, SASL);
	fake_expect(f, "</auth>");
	fake_say(f, "<failure><not-authorized/></failure>");
	fake_wait(f);
}

/* Something is slipped in behind "proceed", as if it had been said within TLS. */
static void serve_injected(struct fake *f)
{
	fake_expect(f, "<stream:stream");
	fake_say(f, OFFER);
	fake_expect(f, "<starttls");
	fake_say(f, "<proceed/>" HEADER "<stream:features/>");
	fake_wait(f);
}

static void serve_garbage(struct fake *f)
{
	fake_expect(f, "<stream:stream");
	fake_say(f, OFFER);
	fake_expect(f, "<starttls");
	fake_say(f, "<proceed/>");
	usleep(20000);
	fake_say(f, "this is no TLS at all, sorry");
	fake_wait(f);
}

static char pin_path[] = "/tmp/conn-tls-test.XXXXXX";

static int make_pin(void **state)
{
	(void)state;
	close(mkstemp(pin_path));
	return 0;
}

static int remove_pin(void **state)
{
	(void)state;
	return unlink(pin_path);
}

struct sample {
	const char *server_name; /* in its certificate */
	bool pinned;		 /* that certificate is the one in our file */
	enum ldm_verify verify;
	bool with_file;
	const char *user;
	void (*script)(struct fake *);
	const char *wanted; /* in what was seen */
};

static void run(const struct sample *s)
{
	struct fake f = {0};
	struct client c;
	struct ldm_endpoint *e;

	SSL_CTX_free(fake_certificate("other", pin_path));
	f.tls_context = fake_certificate(s->server_name, s->pinned ? pin_path : NULL);
	fake_start(&f, s->script, 1);
	e = client_endpoint("xmpp", f.port);
	e->verify = s->verify;
	e->certificate = s->with_file ? strdup(pin_path) : NULL;
	e->user = s->user ? strdup(s->user) : NULL;
	e->password = s->user ? strdup("geheim") : NULL;
	client_start(&c, e);
	client_ask(&c, "list-domain", NULL, 5000);
	client_run(&c, s->wanted);
	client_stop(&c);
	fake_stop(&f);
	ldm_endpoint_free(e);
}

#define SUCCESS "ready;content rose ok;done list-domain ok sent ;"

static const struct sample samples[] = {
	/* This host: no questions asked. */
	{"ldmd", false, LDM_VERIFY_AUTO, false, NULL, serve_local, SUCCESS},
	{"ldmd", false, LDM_VERIFY_NO, true, NULL, serve_local, SUCCESS},
	/* Pinned: the name does not matter. */
	{"ldmd", true, LDM_VERIFY_AUTO, true, NULL, serve_local, SUCCESS},
	{"ldmd", true, LDM_VERIFY_YES, true, NULL, serve_local, SUCCESS},
	/* Another one is there, or it is from nobody we know. */
	{"127.0.0.1", false, LDM_VERIFY_AUTO, true, NULL, serve_local,
		"closed tls Protocol error 127.0.0.1: TLS"},
	{"127.0.0.1", false, LDM_VERIFY_YES, false, NULL, serve_local, "closed tls Protocol error"},
	/* With a password: only to whom we know, unless that is said not to matter. */
	{"ldmd", true, LDM_VERIFY_AUTO, true, "root", serve_remote, SUCCESS},
	{"ldmd", false, LDM_VERIFY_NO, false, "root", serve_remote, SUCCESS},
	{"ldmd", false, LDM_VERIFY_AUTO, false, "root", serve_remote, "closed tls Protocol error"},
	{"ldmd", false, LDM_VERIFY_AUTO, false, NULL, serve_remote,
		"closed auth Permission denied ldmd asks for a user"},
	{"ldmd", false, LDM_VERIFY_NO, false, "toor", serve_refusing,
		"closed auth Permission denied ldmd refuses the user or the password: "
		"not-authorized"},
	/* Attacks and nonsense. */
	{"ldmd", false, LDM_VERIFY_AUTO, false, NULL, serve_injected,
		"closed protocol Bad message ldmd talks on in the clear"},
	{"ldmd", false, LDM_VERIFY_AUTO, false, NULL, serve_garbage, "closed tls Protocol error"},
};

static void test_trust(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		run(&samples[i]);
}

static void test_bad_file(void **state)
{
	static const char *const paths[] = {"/nonexistent/pin.pem", "/dev/null"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct fake f = {0};
		struct client c;
		struct ldm_endpoint *e;

		f.tls_context = fake_certificate("ldmd", NULL);
		fake_start(&f, serve_local, 1);
		e = client_endpoint("xmpp", f.port);
		e->certificate = strdup(paths[i]);
		client_start(&c, e);
		client_run(&c, "closed tls");
		assert_non_null(strstr(buffer_data(&c.seen), paths[i]));
		client_stop(&c);
		fake_stop(&f);
		ldm_endpoint_free(e);
	}
}

/* What the server offers at most, what we want at least. */
static void run_version(int server_most, enum ldm_tls_version least, const char *wanted)
{
	struct fake f = {0};
	struct client c;
	struct ldm_endpoint *e;

	f.tls_context = fake_certificate("ldmd", NULL);
	SSL_CTX_set_security_level(f.tls_context, 0);
	SSL_CTX_set_min_proto_version(f.tls_context, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(f.tls_context, server_most);
	fake_start(&f, serve_local, 1);
	e = client_endpoint("xmpp", f.port);
	e->tls_min = least;
	client_start(&c, e);
	client_ask(&c, "list-domain", NULL, 5000);
	client_run(&c, wanted);
	client_stop(&c);
	fake_stop(&f);
	ldm_endpoint_free(e);
}

static void test_versions(void **state)
{
	(void)state;
	run_version(TLS1_3_VERSION, LDM_TLS_1_2, SUCCESS);
	run_version(TLS1_2_VERSION, LDM_TLS_1_2, SUCCESS);
	run_version(TLS1_2_VERSION, LDM_TLS_1_3, "closed tls");
	run_version(TLS1_VERSION, LDM_TLS_1_2, "closed tls");
	run_version(TLS1_VERSION, LDM_TLS_1_0, SUCCESS);
}

/* A record that nobody can decrypt, when TLS is up. */
static void serve_broken(struct fake *f)
{
	static const char record[] = "\x17\x03\x03\x00\x20 thirty-two bytes of anything at all";

	if (!start(f))
		return;
	send(f->fd, record, 5 + 0x20, MSG_NOSIGNAL);
	fake_wait(f);
}

/* A certificate that nobody asked about is not what is wrong. */
static void test_blame(void **state)
{
	struct fake f = {0};
	struct client c;
	struct ldm_endpoint *e;

	(void)state;
	f.tls_context = fake_certificate("ldmd", NULL);
	fake_start(&f, serve_broken, 1);
	e = client_endpoint("xmpp", f.port);
	client_start(&c, e);
	client_run(&c, "closed tls");
	assert_null(strstr(buffer_data(&c.seen), "certificate"));
	client_stop(&c);
	fake_stop(&f);
	ldm_endpoint_free(e);
}

/* A TLS server that was made before RFC 5746 (2010), as LDoms 1.x was. */
static int greet_old_server(const char *address)
{
	static const char hello[] = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
				    "thirty-two bytes of coincidence."
				    "\x00\xc0\x2f\x00";
	struct buffer out = BUFFER_EMPTY;
	struct ldm_endpoint *e = NULL;
	struct ldm_tls *t = NULL;
	char *error = NULL;
	int r;

	assert_int_equal(ldm_endpoint_parse(address, &e), 0);
	assert_int_equal(ldm_tls_new(e, &t, &error), 0);
	assert_int_equal(ldm_tls_handshake(t), 0);
	assert_int_equal(ldm_tls_drain(t, &out), 0);
	assert_int_equal(ldm_tls_feed(t, hello, sizeof(hello) - 1), 0);
	r = ldm_tls_handshake(t);
	ldm_tls_free(t);
	ldm_endpoint_free(e);
	buffer_clear(&out);
	return r;
}

static void test_old_server(void **state)
{
	(void)state;
	assert_int_equal(greet_old_server("127.0.0.1"), 0);
	assert_int_equal(greet_old_server("ldmd.example.com"), -EPROTO);
}

/* TLS 1.3 answers each of them, so there is no end to what we have to say. */
static int ask_for_keys(SSL *server, struct ldm_transport_link *t)
{
	int r = 0;

	for (int i = 0; r == 0 && i < 20000; i++) {
		SSL_key_update(server, SSL_KEY_UPDATE_REQUESTED);
		SSL_do_handshake(server);
		SSL_write(server, " ", 1);
		r = transport_receive(t);
	}
	return r;
}

static void test_peer_that_does_not_read(void **state)
{
	SSL_CTX *context = fake_certificate("ldmd", NULL);
	SSL *server = SSL_new(context);
	struct ldm_endpoint *e = client_endpoint("xmpp", 1);
	struct ldm_transport_link t;
	int ends[2], done = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	transport_init(&t);
	t.fd = ends[0];
	SSL_set_fd(server, ends[1]);
	assert_int_equal(transport_start_tls(&t, e), 0);
	for (int i = 0; i < 10 && done == 0; i++) {
		transport_handshake(&t);
		done = SSL_accept(server) == 1;
		assert_int_equal(transport_receive(&t), 0);
	}
	assert_int_equal(done, 1);
	assert_int_equal(ask_for_keys(server, &t), -EPROTO);
	transport_close(&t);
	SSL_free(server);
	SSL_CTX_free(context);
	close(ends[1]);
	ldm_endpoint_free(e);
}

static void say_nothing(struct fake *f)
{
	fake_wait(f);
}

static void test_slow_handshake(void **state)
{
	struct fake f = {0};
	struct client c;
	struct ldm_endpoint *e;

	(void)state;
	fake_start(&f, say_nothing, 1);
	e = client_endpoint("xmpp", f.port);
	e->handshake_timeout_ms = 100;
	client_start(&c, e);
	client_ask(&c, "list-domain", NULL, 5000);
	client_run(&c, "closed");
	assert_string_equal(buffer_data(&c.seen),
		"done list-domain Connection timed out unsent no connection to ldmd in time: "
		"stream;"
		"closed timeout Connection timed out no connection to ldmd in time: stream;");
	client_stop(&c);
	fake_stop(&f);
	ldm_endpoint_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_bad_file),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_blame),
		cmocka_unit_test(test_old_server),
		cmocka_unit_test(test_peer_that_does_not_read),
		cmocka_unit_test(test_slow_handshake),
	};

	return cmocka_run_group_tests_name("conn-tls", tests, make_pin, remove_pin);
}
