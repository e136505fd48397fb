/*
 * The configuration file: what is taken, and what each mistake is called.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/settings.h"
#include "ldm/endpoint.h"
#include "util/log.h"

static int load(struct settings *s, const char *text)
{
	char path[] = "/tmp/settings-test.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	int r = settings_load(s, path, true);
	unlink(path);
	return r;
}

static struct settings *fresh(void)
{
	struct settings *s = settings_new();
	assert_non_null(s);
	return s;
}

static void test_defaults(void **state)
{
	(void)state;
	struct settings *s = fresh();

	assert_int_equal(s->refresh_interval_ms, 5000);
	assert_int_equal(s->stale_after_ms, 600000);
	assert_int_equal(s->set_wait_ms, 400);
	assert_int_equal(s->request_timeout_ms, 10000);
	assert_int_equal(s->command_timeout_ms, 600000);
	assert_int_equal(s->force_stop_after_ms, 0);
	assert_int_equal(s->read_only, 0);
	assert_int_equal(s->notifications, 1);
	assert_int_equal(s->ldm_tls_minimum, LDM_TLS_1_2);
	assert_int_equal(s->ldm_request_form, LDM_FORM_AUTO);
	assert_null(s->set_allow);
	assert_null(s->ldm_user);
	assert_null(s->context);
	settings_unref(s);
}

static void test_whole_file(void **state)
{
	(void)state;
	struct settings *s = fresh();

	assert_int_equal(load(s, "# a comment\n"
				 "\n"
				 "  ldm\txmpp:192.0.2.1:6483   # where\n"
				 "ldmUser admin#1\n"
				 "ldmPasswordFile /etc/x/pass word\n"
				 "LDMVERIFY Yes\n"
				 "ldmTlsMinimum 1.3\r\n"
				 "ldmRequestForm options\n"
				 "refreshInterval 2.5\n"
				 "staleAfter 5 min\n"
				 "setWait 700\n"
				 "requestTimeout 1500ms\n"
				 "readOnly on\n"
				 "setAllow state,cpu web*\n"
				 "setAllow memory db?\n"
				 "context r\xc3\xa4"
				 "ck#7 %234%25%20\t# encoded where it must be\n"
				 "logLevel debug"),
		0);
	assert_string_equal(s->ldm, "xmpp:192.0.2.1:6483");
	assert_string_equal(s->ldm_user, "admin#1");
	assert_string_equal(s->ldm_password_file, "/etc/x/pass word");
	assert_int_equal(s->ldm_verify, LDM_VERIFY_YES);
	assert_int_equal(s->ldm_tls_minimum, LDM_TLS_1_3);
	assert_int_equal(s->ldm_request_form, LDM_FORM_OPTIONS);
	assert_int_equal(s->refresh_interval_ms, 2500);
	assert_int_equal(s->stale_after_ms, 300000);
	assert_int_equal(s->set_wait_ms, 700);
	assert_int_equal(s->request_timeout_ms, 1500);
	assert_int_equal(s->read_only, 1);
	assert_string_equal(s->set_allow[0], "state,cpu web*");
	assert_string_equal(s->set_allow[1], "memory db?");
	assert_null(s->set_allow[2]);
	assert_string_equal(s->context, "r\xc3\xa4"
					"ck#7 #4% ");
	assert_int_equal(s->log_level, LOG_LEVEL_DEBUG);
	settings_unref(s);
}

static void test_mistakes(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"unknown yes\n",
		"ldm\n",
		"setWait 701\n",
		"setWait -1\n",
		"setWait 4oo\n",
		"setWait 0.5\n",
		"refreshInterval 0\n",
		"refreshInterval 5 parsecs\n",
		"refreshInterval 99999999999999999999999\n",
		"refreshInterval 1.\n",
		"refreshInterval nan\n",
		"readOnly maybe\n",
		"ldmTlsMinimum 1.5\n",
		"ldmRequestForm both\n",
		"ldmPasswordFile relative/path\n",
		"agentXSocket relative/path\n",
		"context\n",
		"context 100%\n",
		"context %4\n",
		"context a%00\n",
		("agentXSocket unix:/a/path/that/is/longer/than/the/name/of/any/unix/socket/can/be/"
		 "/which/is/one/hundred/and/seven/octets/long/at/the/most\n"),
		"notificationRate 1x\n",
		"notificationRate -1\n",
		"logLevel loud\n",
		"view vmware\n",
		"setAllow everything\n",
		"setWait 1\nsetWait 2\n",
		"=\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct settings *s = fresh();
		if (load(s, bad[i]) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
		settings_unref(s);
	}
}

/* 255 octets as they are sent, however they are written. */
static void test_longest_context(void **state)
{
	(void)state;
	char line[1024] = "context ";

	for (int i = 0; i < 128; i++)
		strcat(line, "%41b");
	for (int n = 256; n >= 255; n--) {
		struct settings *s = fresh();
		assert_int_equal(load(s, line), n == 256 ? -EINVAL : 0);
		if (n == 255)
			assert_int_equal(strlen(s->context), 255);
		settings_unref(s);
		line[strlen(line) - 1] = '\0';
	}
}

static void test_binary_file(void **state)
{
	(void)state;
	char path[] = "/tmp/settings-test.XXXXXX";
	int fd = mkstemp(path);
	assert_int_equal(write(fd, "setWait 1\0\n", 11), 11);
	close(fd);
	struct settings *s = fresh();
	assert_int_equal(settings_load(s, path, true), -EINVAL);
	unlink(path);
	assert_int_equal(settings_load(s, path, true), -ENOENT);
	assert_int_equal(settings_load(s, "/tmp", true), -EINVAL);
	assert_int_not_equal(settings_load(s, "/dev/zero", true), 0);
	settings_unref(s);
}

struct seen {
	unsigned live, restart;
};

static void count(void *user, const char *directive, bool live)
{
	struct seen *seen = user;
	assert_non_null(directive);
	if (live)
		seen->live++;
	else
		seen->restart++;
}

/* Only "no such file" means defaults: one that may not be read could say readOnly. */
static void test_file_that_may_be_missing(void **state)
{
	char path[] = "/tmp/settings-test.XXXXXX";
	char *link = NULL;

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_true(asprintf(&link, "%s/loop", path) > 0);
	struct settings *s = fresh();
	assert_int_equal(settings_load(s, link, false), 0);
	assert_int_equal(symlink(link, link), 0);
	assert_int_equal(settings_load(s, link, false), -ELOOP);
	assert_int_equal(settings_load(s, "/dev/null/ldoms-agentx.conf", false), -ENOTDIR);
	settings_unref(s);
	unlink(link);
	rmdir(path);
	free(link);
}

static void test_compare(void **state)
{
	(void)state;
	struct settings *a = fresh(), *b = fresh();
	struct seen seen = {0};

	settings_compare(a, b, count, &seen);
	assert_int_equal(seen.live + seen.restart, 0);

	assert_int_equal(
		load(b, "setWait 1\nldm xmpp:x\nsetAllow all *\nldmUser u\ncontext c\n"), 0);
	settings_compare(a, b, count, &seen);
	assert_int_equal(seen.live, 2);
	assert_int_equal(seen.restart, 3);
	settings_unref(a);
	settings_unref(b);
}

static void test_set(void **state)
{
	(void)state;
	struct settings *s = fresh();
	const char *why = NULL;

	assert_int_equal(settings_set(s, "ldm", "plain:localhost", &why), 0);
	assert_int_equal(settings_set(s, "stateDirectory", "relative", &why), -EINVAL);
	assert_string_equal(why, "an absolute path");
	assert_int_equal(settings_set(s, "nothing", "x", &why), -EINVAL);
	settings_unref(s);
}

/* What a line is given for is bounded; the next one is a mistake like any other. */
static void test_too_many_lines(void **state)
{
	(void)state;
	struct settings *s = fresh();
	const char *why = NULL;

	for (int i = 0; i < 1024; i++)
		assert_int_equal(settings_set(s, "setAllow", "cpu web*", &why), 0);
	assert_int_equal(settings_set(s, "setAllow", "cpu web*", &why), -EINVAL);
	assert_non_null(strstr(why, "fewer"));
	settings_unref(s);
}

/* mode: of the file; the error of settings_endpoint(). */
static void check_password(const char *content, mode_t mode, int expected)
{
	char path[] = "/tmp/settings-test.XXXXXX";
	int fd = mkstemp(path);
	struct settings *s = fresh();
	struct ldm_endpoint *e = NULL;
	const char *why;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	assert_int_equal(settings_set(s, "ldm", "xmpp:127.0.0.1", &why), 0);
	assert_int_equal(settings_set(s, "ldmUser", "root", &why), 0);
	assert_int_equal(settings_set(s, "ldmPasswordFile", path, &why), 0);
	assert_int_equal(settings_endpoint(s, &e), expected);
	if (expected == 0)
		assert_string_equal(e->password, "secret");
	ldm_endpoint_free(e);
	settings_unref(s);
	unlink(path);
}

static void test_password_file(void **state)
{
	(void)state;
	check_password("secret\nmore\n", 0600, 0);
	check_password("secret", 0400, 0);
	check_password("secret\r\n", 0600, 0);
	check_password("", 0600, -ENODATA);
	check_password("\nsecret\n", 0600, -ENODATA);
	check_password("secret\n", 0640, -EPERM);
	check_password("secret\n", 0604, -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_whole_file),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_longest_context),
		cmocka_unit_test(test_binary_file),
		cmocka_unit_test(test_file_that_may_be_missing),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_too_many_lines),
		cmocka_unit_test(test_password_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
