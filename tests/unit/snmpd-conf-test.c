/*
 * What --test reads out of snmpd's configuration.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/snmpd-conf.h"
#include "temp-directory.h"
#include "util/cleanup.h"

#define ROOT "1.3.6.1.4.1.8072.9999.9999.6482"

static char *folder;

static int make_folder(void **state)
{
	(void)state;
	folder = temp_directory_new();
	return folder && setenv("SNMPCONFPATH", folder, 1) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return temp_directory_free(folder);
}

static void write_file(const char *name, const char *text)
{
	_cleanup_free_ char *path = temp_path(folder, name);
	_cleanup_fclose_ FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
}

static void remove_file(const char *name)
{
	_cleanup_free_ char *path = temp_path(folder, name);

	assert_int_equal(remove(path), 0);
}

static void test_access(void **state)
{
	static const struct {
		const char *text;
		enum snmpd_access access;
	} cases[] = {
		{"", SNMPD_ACCESS_NOBODY},
		{"view all included .1\n", SNMPD_ACCESS_NOBODY},
		{"rocommunity public\n", SNMPD_ACCESS_SHOWN},
		{"rocommunity6 public default .1.3.6.1.2.1\n", SNMPD_ACCESS_HIDDEN},
		{"rocommunity public default .1.3.6.1.4\n", SNMPD_ACCESS_SHOWN},
		{"rocommunity public localhost " ROOT ".1.3\n", SNMPD_ACCESS_SHOWN},
		{"rocommunity public default mib-2\n", SNMPD_ACCESS_UNKNOWN},
		/* Debian's own file, in short. */
		{"view systemonly included .1.3.6.1.2.1.1\nrocommunity public default -V "
		 "systemonly\n"
		 "rouser authPrivUser authpriv -V systemonly\n",
			SNMPD_ACCESS_HIDDEN},
		{"view systemonly included .1.3.6.1.2.1.1\nrocommunity public default -V "
		 "systemonly\n"
		 "view systemonly included " ROOT "\n",
			SNMPD_ACCESS_SHOWN},
		{"view v included .1\nview v excluded .1.3.6.1.4.1.8072\nrouser u priv -V v\n",
			SNMPD_ACCESS_HIDDEN},
		{"view v included " ROOT ".1.1\nrouser u priv -V v\n", SNMPD_ACCESS_SHOWN},
		{"view v included system\nrouser u priv -V v\n", SNMPD_ACCESS_UNKNOWN},
		{"rouser -s tsm someone\n", SNMPD_ACCESS_SHOWN},
		{"rouser -s tsm someone priv .1.3.6.1.2\n", SNMPD_ACCESS_HIDDEN},
		{"access g \"\" any noauth exact none none none\n", SNMPD_ACCESS_HIDDEN},
		{"access g \"\" any noauth exact _all_ none none\n", SNMPD_ACCESS_SHOWN},
		{"rocommunity public default .1.3.6.1.2.1\nrouser u\n", SNMPD_ACCESS_SHOWN},
		{"# rocommunity public\n   # rouser u\n", SNMPD_ACCESS_NOBODY},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct snmpd_conf c;

		write_file("snmpd.conf", cases[i].text);
		assert_int_equal(snmpd_conf_read(ROOT, &c), 0);
		if (c.access != cases[i].access)
			print_error("%s", cases[i].text);
		assert_int_equal(c.access, cases[i].access);
		assert_int_equal(c.hiding != NULL, c.access == SNMPD_ACCESS_HIDDEN);
		snmpd_conf_clear(&c);
	}
	remove_file("snmpd.conf");
}

static void test_hiding_line(void **state)
{
	struct snmpd_conf c;

	(void)state;
	write_file("snmpd.conf", "\nrocommunity public default .1.3.6.1.2 # system\n");
	assert_int_equal(snmpd_conf_read("." ROOT, &c), 0);
	assert_non_null(strstr(c.hiding, "/snmpd.conf:2: rocommunity public default .1.3.6.1.2"));
	snmpd_conf_clear(&c);
	remove_file("snmpd.conf");
}

static void test_master_and_socket(void **state)
{
	struct snmpd_conf c;

	(void)state;
	assert_int_equal(snmpd_conf_read(ROOT, &c), 0);
	assert_null(c.file);
	snmpd_conf_clear(&c);
	write_file("snmpd.conf", "#master agentx\n");
	assert_int_equal(snmpd_conf_read(ROOT, &c), 0);
	assert_non_null(c.file);
	assert_false(c.master);
	assert_null(c.socket);
	snmpd_conf_clear(&c);
	write_file("snmpd.conf", " master\tagentx\r\nagentXSocket tcp:localhost:705\n");
	assert_int_equal(snmpd_conf_read(ROOT, &c), 0);
	assert_true(c.master);
	assert_string_equal(c.socket, "tcp:localhost:705");
	snmpd_conf_clear(&c);
	remove_file("snmpd.conf");
}

/* Also what includes itself. */
static void test_includes(void **state)
{
	_cleanup_free_ char *more = temp_path(folder, "snmpd.conf.d"),
			    *self = temp_path(folder, "snmpd.conf"), *text = NULL;
	struct snmpd_conf c;

	(void)state;
	assert_int_equal(mkdir(more, 0700), 0);
	assert_true(asprintf(&text, "includeFile %s\nincludeDir %s\n", self, more) > 0);
	write_file("snmpd.conf", text);
	write_file("snmpd.conf.d/a.conf", "master agentx\n");
	write_file("snmpd.conf.d/b.off", "rocommunity public\n");
	assert_int_equal(snmpd_conf_read(ROOT, &c), 0);
	assert_true(c.master);
	assert_int_equal(c.access, SNMPD_ACCESS_NOBODY);
	snmpd_conf_clear(&c);
	remove_file("snmpd.conf.d/a.conf");
	remove_file("snmpd.conf.d/b.off");
	remove_file("snmpd.conf.d");
	remove_file("snmpd.conf");
}

static void test_unreadable(void **state)
{
	_cleanup_free_ char *path = temp_path(folder, "snmpd.conf");
	struct snmpd_conf c;

	(void)state;
	/* No regular file, so root cannot read it either. */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(snmpd_conf_read(ROOT, &c), 0);
	assert_string_equal(c.unreadable, path);
	assert_null(c.file);
	snmpd_conf_clear(&c);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_hiding_line),
		cmocka_unit_test(test_master_and_socket),
		cmocka_unit_test(test_includes),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests_name("snmpd-conf", tests, make_folder, remove_folder);
}
