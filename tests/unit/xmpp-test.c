/*
 * The handshake of the stream, without a socket: what a server says and what we answer.
 */
#include <errno.h>
#include <string.h>

#include "ldm/xmpp.h"
#include "test.h"
#include "util/buffer.h"

#define HEADER_OUT                                                                                 \
	"<?xml version='1.0'?><stream:stream xml:lang=\"en\" version=\"1.0\" id=\"xmpp\">"
#define HEADER_IN                                                                                  \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "                               \
	"xmlns:stream='http://etherx.jabber.org/streams' id='c0ffee01' from='primary' "            \
	"version='1.0' xml:lang='en'>"
#define BARE_HEADER "<stream:stream id='1'>"
#define STARTTLS_OFFER                                                                             \
	"<stream:features><starttls "                                                              \
	"xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"                           \
	"</stream:features>"
#define STARTTLS_OUT "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define PROCEED	     "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define MECHANISMS(m)                                                                              \
	"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" m                 \
	"</mechanisms></stream:features>"
#define PLAIN MECHANISMS("<mechanism>DIGEST-MD5</mechanism><mechanism> PLAIN </mechanism>")
/* NUL root NUL geheim */
#define AUTH_OUT                                                                                   \
	"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AHJvb3QAZ2VoZWlt</auth>"
#define SUCCESS	 "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
#define NO_FEATS "<stream:features/>"

struct talk {
	const char *before, *after; /* what the server says in the clear, and within TLS */
	const char *user;
	int result;
	const char *out;
	const char *error;
};

/* Feeds in pieces until something is decided; returns bytes used, too. */
static int feed(
	struct ldm_xmpp *x, const char *bytes, size_t piece, struct buffer *out, size_t *ret_used)
{
	size_t len = strlen(bytes), at = 0;
	int r = LDM_XMPP_MORE;

	while (at < len && r == LDM_XMPP_MORE) {
		size_t n = len - at < piece ? len - at : piece, used;

		r = ldm_xmpp_feed(x, bytes + at, n, &used, out);
		at += used;
		assert_true(r != LDM_XMPP_MORE || used == n);
	}
	*ret_used = at;
	return r;
}

static void run(const struct talk *t, size_t piece)
{
	_cleanup_(ldm_xmpp_freep) struct ldm_xmpp *x = NULL;
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;
	size_t used;
	int r;

	assert_int_equal(ldm_xmpp_new(NULL, t->user, t->user ? "geheim" : NULL, &x), 0);
	assert_int_equal(ldm_xmpp_start(x, &out), 0);
	r = feed(x, t->before, piece, &out, &used);
	if (r == LDM_XMPP_START_TLS && t->after) {
		assert_int_equal(used, strlen(t->before));
		assert_int_equal(ldm_xmpp_secured(x, &out), 0);
		r = feed(x, t->after, piece, &out, &used);
	}
	if (r != t->result || strcmp(buffer_data(&out), t->out) != 0)
		fail_msg("%s / %s: %d, %s", t->before, t->after, r, buffer_data(&out));
	if (t->error && !strstr(ldm_xmpp_error(x), t->error))
		fail_msg("%s", ldm_xmpp_error(x));
	/* What failed stays so, what is ready takes no more. */
	if (r < 0)
		assert_int_equal(ldm_xmpp_feed(x, "<a/>", 4, &used, &out), r);
	else if (ldm_xmpp_feed(x, "<a/>", 4, &used, &out) != LDM_XMPP_MORE || used != 0)
		assert_true(r == LDM_XMPP_MORE);
}

static const struct talk talks[] = {
	/* The same host. */
	{HEADER_IN STARTTLS_OFFER PROCEED, HEADER_IN NO_FEATS, NULL, LDM_XMPP_READY,
		HEADER_OUT STARTTLS_OUT HEADER_OUT, NULL},
	/* No namespaces, white space, a declaration anywhere, unknown features. */
	{"\n" BARE_HEADER "\n<features>\n<x/><starttls/>\n</features>\n<x/><proceed></proceed>",
		BARE_HEADER "<features><compression/></features>", "root", LDM_XMPP_READY,
		HEADER_OUT STARTTLS_OUT HEADER_OUT, NULL},
	/* Another host. */
	{HEADER_IN STARTTLS_OFFER PROCEED, HEADER_IN PLAIN SUCCESS HEADER_IN NO_FEATS, "root",
		LDM_XMPP_READY, HEADER_OUT STARTTLS_OUT HEADER_OUT AUTH_OUT HEADER_OUT, NULL},
	/* A wrong password. */
	{HEADER_IN STARTTLS_OFFER PROCEED,
		HEADER_IN PLAIN "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
				"<not-authorized/></failure>",
		"root", -EACCES, HEADER_OUT STARTTLS_OUT HEADER_OUT AUTH_OUT, "not-authorized"},
	/* No password to give, no mechanism to give it by. */
	{HEADER_IN STARTTLS_OFFER PROCEED, HEADER_IN PLAIN, NULL, -EACCES,
		HEADER_OUT STARTTLS_OUT HEADER_OUT, "asks for a user"},
	{HEADER_IN STARTTLS_OFFER PROCEED, HEADER_IN MECHANISMS("<mechanism>X-PLAIN</mechanism>"),
		"root", -EPROTONOSUPPORT, HEADER_OUT STARTTLS_OUT HEADER_OUT, "no SASL PLAIN"},
	/* The password is asked for in the clear: never. */
	{HEADER_IN PLAIN, NULL, "root", -EPROTONOSUPPORT, HEADER_OUT, "no TLS"},
	{HEADER_IN NO_FEATS, NULL, "root", -EPROTONOSUPPORT, HEADER_OUT, "no TLS"},
	{HEADER_IN STARTTLS_OFFER "<failure/>", NULL, "root", -EPROTONOSUPPORT,
		HEADER_OUT STARTTLS_OUT, "refuses TLS"},
	/* Ends and nonsense. */
	{HEADER_IN "</stream:stream>", NULL, NULL, -ECONNRESET, HEADER_OUT, "ended"},
	{HEADER_IN "<stream:error><host-unknown/></stream:error>", NULL, NULL, -ECONNRESET,
		HEADER_OUT, "host-unknown"},
	{HEADER_IN "<stream:error><not-authorized/></stream:error>", NULL, NULL, -EACCES,
		HEADER_OUT, "not-authorized"},
	{"SSH-2.0-OpenSSH\r\n", NULL, NULL, -EBADMSG, HEADER_OUT, "no"},
	{"<!DOCTYPE x><stream:stream>", NULL, NULL, -EBADMSG, HEADER_OUT, "document type"},
	{HEADER_IN "<stream:features><starttls></stream:features></starttls>", NULL, NULL, -EBADMSG,
		HEADER_OUT, NULL},
	{HEADER_IN "<stream:features>&x;</stream:features>", NULL, NULL, -EBADMSG, HEADER_OUT,
		NULL},
	{HEADER_IN, NULL, NULL, LDM_XMPP_MORE, HEADER_OUT, NULL},
	/* Nothing is done out of turn. */
	{HEADER_IN PROCEED SUCCESS, NULL, NULL, LDM_XMPP_MORE, HEADER_OUT, NULL},
};

static void test_talks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(talks); i++) {
		run(&talks[i], 100000);
		run(&talks[i], 1);
		run(&talks[i], 7);
	}
}

static void test_rest_is_left(void **state)
{
	static const char bytes[] = HEADER_IN STARTTLS_OFFER PROCEED "\x16\x03";
	_cleanup_(ldm_xmpp_freep) struct ldm_xmpp *x = NULL;
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;
	size_t used;

	(void)state;
	assert_int_equal(ldm_xmpp_new(NULL, NULL, NULL, &x), 0);
	assert_int_equal(ldm_xmpp_start(x, &out), 0);
	assert_int_equal(
		ldm_xmpp_feed(x, bytes, sizeof(bytes) - 1, &used, &out), LDM_XMPP_START_TLS);
	assert_int_equal(used, sizeof(bytes) - 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talks),
		cmocka_unit_test(test_rest_is_left),
	};

	return cmocka_run_group_tests_name("xmpp", tests, NULL, NULL);
}
