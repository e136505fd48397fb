/*
 * LDM addresses, and what may be spoken with whom.
 */
#include <errno.h>
#include <string.h>

#include "ldm/endpoint.h"
#include "test.h"

/* "xmpp:host:port" */
static char *endpoint_text(const struct ldm_endpoint *e)
{
	const char *word = e->transport == LDM_TRANSPORT_PLAIN ? "plain" : "xmpp";
	bool v6 = strchr(e->host, ':') != NULL;
	char *text;

	assert_true(asprintf(&text, "%s:%s%s%s:%u", word, v6 ? "[" : "", e->host, v6 ? "]" : "",
			    (unsigned)e->port) > 0);
	return text;
}

static void test_parse(void **state)
{
	static const struct {
		const char *text, *wanted; /* NULL: refused */
		bool local;
	} samples[] = {
		{"xmpp:localhost", "xmpp:localhost:6482", true},
		{"xmpp:127.0.0.1:7000", "xmpp:127.0.0.1:7000", true},
		{"127.8.9.1", "xmpp:127.8.9.1:6482", true},
		{"LOCALHOST", "xmpp:LOCALHOST:6482", true},
		{"XMPP:t5-main", "xmpp:t5-main:6482", false},
		{"auto:t5-main", "xmpp:t5-main:6482", false},
		{"t5.example.com:6482", "xmpp:t5.example.com:6482", false},
		{"plain:127.0.0.1:1", "plain:127.0.0.1:1", true},
		{"xmpp:::1", "xmpp:[::1]:6482", true},
		{"xmpp:[::1]:65535", "xmpp:[::1]:65535", true},
		{"fe80::1%net0", "xmpp:[fe80::1%net0]:6482", false},
		{"127.evil.example.com", "xmpp:127.evil.example.com:6482", false},
		{"xmpp:", NULL, false},
		{"", NULL, false},
		{"xmpp:a:0", NULL, false},
		{"xmpp:a:65536", NULL, false},
		{"xmpp:a:b", NULL, false},
		{"xmpp:[::1", NULL, false},
		{"xmpp:[::1]x", NULL, false},
		{"xmpp:a b", NULL, false},
		{"xmpp:a/b", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *e = NULL;
		_cleanup_free_ char *text = NULL;
		int r = ldm_endpoint_parse(samples[i].text, &e);

		if ((r == 0) != (samples[i].wanted != NULL))
			fail_msg("\"%s\": %d", samples[i].text, r);
		if (r < 0)
			continue;
		text = endpoint_text(e);
		assert_string_equal(text, samples[i].wanted);
		if (ldm_endpoint_is_local(e) != samples[i].local)
			fail_msg("\"%s\" is local or not", samples[i].text);
	}
}

static int check(const char *address, enum ldm_verify verify, enum ldm_tls_version tls,
	const char *user, const char *password)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *e = NULL, *copy = NULL;
	const char *why = NULL;
	int r;

	assert_int_equal(ldm_endpoint_parse(address, &e), 0);
	e->verify = verify;
	e->tls_min = tls;
	e->user = user ? strdup(user) : NULL;
	e->password = password ? strdup(password) : NULL;
	assert_int_equal(ldm_endpoint_copy(e, &copy), 0);
	r = ldm_endpoint_check(copy, &why);
	assert_true(r == 0 || why);
	return r;
}

static void test_check(void **state)
{
	(void)state;
	assert_int_equal(check("localhost", LDM_VERIFY_NO, LDM_TLS_1_0, NULL, NULL), 0);
	assert_int_equal(check("plain:127.0.0.1", LDM_VERIFY_AUTO, LDM_TLS_1_2, NULL, NULL), 0);
	assert_int_equal(check("t5", LDM_VERIFY_AUTO, LDM_TLS_1_2, "root", "x"), 0);
	assert_int_equal(check("plain:localhost", LDM_VERIFY_NO, LDM_TLS_1_2, "root", "x"), -EPERM);
	assert_int_equal(check("plain:t5", LDM_VERIFY_YES, LDM_TLS_1_2, NULL, NULL), -EPERM);
	assert_int_equal(check("t5", LDM_VERIFY_NO, LDM_TLS_1_2, NULL, NULL), -EPERM);
	assert_int_equal(check("t5", LDM_VERIFY_YES, LDM_TLS_1_1, NULL, NULL), -EPERM);
	assert_int_equal(check("t5", LDM_VERIFY_YES, LDM_TLS_1_2, "root", NULL), -EINVAL);
	assert_int_equal(check("t5", LDM_VERIFY_YES, LDM_TLS_1_2, NULL, "x"), -EINVAL);
	/* To look at a certificate, nothing is said. */
	assert_int_equal(check("t5", LDM_VERIFY_SHOW, LDM_TLS_1_2, NULL, NULL), 0);
	assert_int_equal(check("t5", LDM_VERIFY_SHOW, LDM_TLS_1_2, "root", "x"), -EPERM);
}

static void test_verifies(void **state)
{
	struct ldm_endpoint e = {.host = (char *)"127.0.0.1"};

	(void)state;
	assert_false(ldm_endpoint_verifies(&e));
	e.certificate = (char *)"/x";
	assert_true(ldm_endpoint_verifies(&e));
	e.verify = LDM_VERIFY_NO;
	assert_false(ldm_endpoint_verifies(&e));
	/* Nobody of this host is given a password for being first at the port. */
	e = (struct ldm_endpoint){.host = (char *)"127.0.0.1", .password = (char *)"x"};
	assert_true(ldm_endpoint_verifies(&e));
	e = (struct ldm_endpoint){.host = (char *)"t5"};
	assert_true(ldm_endpoint_verifies(&e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_verifies),
	};

	return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
