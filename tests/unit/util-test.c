/*
 * Buffer, poll set, files, wake-up, log: the small parts everything stands on.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "temp-directory.h"
#include "test.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/log.h"
#include "util/reference.h"
#include "util/secret.h"
#include "util/text.h"
#include "util/utf8.h"
#include "util/pollset.h"
#include "util/wakeup.h"

static void test_buffer_is_a_queue(void **state)
{
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;
	unsigned in = 0, out = 0;

	(void)state;
	assert_string_equal(buffer_data(&b), "");
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < round; i++) {
			unsigned char c = (unsigned char)in++;

			assert_int_equal(buffer_append(&b, &c, 1), 0);
		}
		for (int i = 0; i < round && b.len > 7; i++) {
			assert_int_equal((unsigned char)buffer_data(&b)[0], (unsigned char)out++);
			buffer_consume(&b, 1);
		}
		assert_int_equal(b.len, in - out);
		assert_int_equal(buffer_data(&b)[b.len], 0);
	}
	buffer_consume(&b, b.len);
	assert_int_equal(b.len, 0);
	assert_string_equal(buffer_data(&b), "");
}

static void test_buffer_text(void **state)
{
	struct buffer b = BUFFER_EMPTY;
	_cleanup_free_ char *text = NULL;
	char *room;

	(void)state;
	assert_int_equal(buffer_append_text(&b, "dropped "), 0);
	assert_int_equal(buffer_printf(&b, "%s-%d", "vds", 0), 0);
	buffer_consume(&b, 8);
	assert_string_equal(buffer_data(&b), "vds-0");
	text = buffer_steal(&b);
	assert_string_equal(text, "vds-0");
	assert_int_equal(b.len, 0);
	assert_int_equal(buffer_reserve(&b, SIZE_MAX, &room), -EOVERFLOW);
	free(text);
	text = buffer_steal(&b);
	assert_string_equal(text, "");
}

static void test_large_buffer_gives_memory_back(void **state)
{
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;
	char *room;

	(void)state;
	assert_int_equal(buffer_reserve(&b, 4 << 20, &room), 0);
	memset(room, 'x', 4 << 20);
	buffer_commit(&b, 4 << 20);
	buffer_consume(&b, 4 << 20);
	assert_int_equal(b.size, 0);
}

static void test_pollset(void **state)
{
	_cleanup_(pollset_clear) struct pollset ps = POLLSET_EMPTY;

	(void)state;
	assert_int_equal(pollset_timeout(&ps, 100), -1);
	assert_int_equal(pollset_add(&ps, -1, POLLIN), 0);
	assert_int_equal(ps.n, 0);
	for (int fd = 0; fd < 40; fd++)
		assert_int_equal(pollset_add(&ps, fd, POLLIN), 0);
	assert_int_equal(pollset_add(&ps, 7, POLLOUT), 0);
	assert_int_equal(ps.n, 40);
	assert_int_equal(ps.fds[7].events, POLLIN | POLLOUT);
	assert_int_equal(pollset_revents(&ps, 99), 0);
	assert_int_equal(pollset_revents(&ps, -1), 0);

	pollset_deadline(&ps, 5000);
	pollset_deadline(&ps, 3000);
	pollset_deadline(&ps, 4000);
	assert_int_equal(pollset_timeout(&ps, 1000), 2000);
	assert_int_equal(pollset_timeout(&ps, 3001), 0);
	pollset_reset(&ps);
	assert_int_equal(ps.n, 0);
	pollset_deadline(&ps, UINT64_MAX - 1);
	assert_int_equal(pollset_timeout(&ps, 1), 3600 * 1000);
}

static void test_wakeup(void **state)
{
	_cleanup_(pollset_clear) struct pollset ps = POLLSET_EMPTY;
	struct wakeup *w = NULL;

	(void)state;
	assert_int_equal(wakeup_new(&w), 0);
	for (int i = 0; i < 100000; i++)
		wakeup_notify(w);
	pollset_add(&ps, wakeup_fd(w), POLLIN);
	assert_int_equal(pollset_wait(&ps), 0);
	assert_true(pollset_revents(&ps, wakeup_fd(w)) & POLLIN);
	wakeup_drain(w);
	pollset_deadline(&ps, 0);
	assert_int_equal(pollset_wait(&ps), 0);
	assert_int_equal(pollset_revents(&ps, wakeup_fd(w)), 0);
	wakeup_free(w);
	wakeup_free(NULL);
}

static void test_clock(void **state)
{
	uint64_t now = clock_ms();

	(void)state;
	assert_true(now > 0 && clock_ms() >= now);
	assert_true(clock_after(now, CLOCK_NEVER) == CLOCK_NEVER);
	assert_true(clock_after(100, 50) == 150);
}

static void test_file_round_trip(void **state)
{
	_cleanup_free_ char *folder = temp_directory_new(), *path = temp_path(folder, "registry");
	_cleanup_free_ char *content = NULL;
	struct stat st;
	size_t len = 0;

	(void)state;
	assert_int_equal(file_write_atomic(path, "one", 3, 0600), 0);
	assert_int_equal(file_write_atomic(path, "four\0five", 9, 0640), 0);
	assert_int_equal(file_read(path, 9, &content, &len), 0);
	assert_int_equal(len, 9);
	assert_memory_equal(content, "four\0five", 10);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(unlink(path), 0);
	/* Nothing else is left: no temporary file. */
	assert_int_equal(rmdir(folder), 0);
}

static void test_file_refusals(void **state)
{
	char *folder = temp_directory_new();
	_cleanup_free_ char *path = temp_path(folder, "secret"),
			    *missing = temp_path(folder, "a/b");
	_cleanup_free_ char *fifo = temp_path(folder, "fifo");
	char *content = NULL;

	(void)state;
	assert_int_equal(file_write_atomic(path, "0123456789", 10, 0644), 0);
	assert_int_equal(file_read(path, 9, &content, NULL), -EFBIG);
	assert_int_equal(file_read_secret(path, 100, &content, NULL), -EPERM);
	assert_null(content);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(file_read_secret(path, 100, &content, NULL), 0);
	assert_string_equal(content, "0123456789");
	free(content);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(file_read(fifo, 9, &content, NULL), -EINVAL);
	assert_int_equal(file_read(missing, 9, &content, NULL), -ENOENT);
	assert_int_equal(file_write_atomic(missing, "x", 1, 0600), -ENOENT);
	assert_int_equal(temp_directory_free(folder), 0);
}

static int read_trusted(const char *folder, const char *name)
{
	_cleanup_free_ char *content = NULL;
	const char *why = NULL;
	int r = file_read_trusted(folder, name, 10, &content, NULL, &why);

	assert_true(r == 0 || why);
	return r;
}

/* Only what nobody else can change, and nothing outside of the folder. */
static void test_file_trusted(void **state)
{
	char *folder = temp_directory_new();
	_cleanup_free_ char *path = temp_path(folder, "web");
	_cleanup_free_ char *link = temp_path(folder, "link"), *sub = temp_path(folder, "sub");
	static const char *const outside[] = {"..", ".", "", "../web", "/etc/passwd", "sub/x"};
	static const mode_t loose[] = {0666, 0660, 0602};

	(void)state;
	assert_int_equal(file_write_atomic(path, "0123456789", 10, 0644), 0);
	assert_int_equal(read_trusted(folder, "web"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		assert_int_equal(read_trusted(folder, outside[i]), -EINVAL);
	assert_int_equal(symlink("web", link), 0);
	assert_int_equal(read_trusted(folder, "link"), -ELOOP);
	assert_int_equal(mkdir(sub, 0700), 0);
	assert_int_equal(read_trusted(folder, "sub"), -EINVAL);
	assert_int_equal(read_trusted(folder, "none"), -ENOENT);
	assert_int_equal(read_trusted(sub, "none"), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(loose); i++) {
		assert_int_equal(chmod(path, loose[i]), 0);
		assert_int_equal(read_trusted(folder, "web"), -EPERM);
	}
	assert_int_equal(file_write_atomic(path, "0123456789a", 11, 0600), 0);
	assert_int_equal(read_trusted(folder, "web"), -EFBIG);
	assert_int_equal(chmod(folder, 0770), 0);
	assert_int_equal(read_trusted(folder, "web"), -EPERM);
	assert_int_equal(temp_directory_free(folder), 0);
}

static void test_file_distrust(void **state)
{
	const struct stat ours = {.st_uid = geteuid(), .st_mode = S_IFREG | 0644};
	const struct stat roots = {.st_uid = 0, .st_mode = S_IFREG | 0644};
	const struct stat strange = {.st_uid = geteuid() + 1, .st_mode = S_IFREG | 0600};

	(void)state;
	assert_null(file_distrust(&ours));
	assert_null(file_distrust(&roots));
	assert_non_null(file_distrust(&strange));
}

/* Runs fn with stderr in a file and returns what it wrote. */
static char *capture(void (*fn)(void))
{
	char *folder = temp_directory_new();
	_cleanup_free_ char *path = temp_path(folder, "log");
	int saved = dup(STDERR_FILENO), fd = open(path, O_CREAT | O_RDWR, 0600);
	char *content = NULL;

	dup2(fd, STDERR_FILENO);
	close(fd);
	fn();
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(file_read(path, 1 << 20, &content, NULL), 0);
	assert_int_equal(temp_directory_free(folder), 0);
	return content;
}

static void say_things(void)
{
	const struct log_options options = {
		.ident = "prog", .level = LOG_LEVEL_NOTICE, .tokens = "snmp, ldm:xml,ldm"};

	log_setup(&options);
	log_err("ldm", "name \"%s\"", "a\nb\x1b[0m\xc2\x9b c\x7f");
	log_info("ldm", "not at this level");
	log_debug("ldm:frame", "child of an enabled token");
	log_debug("tables", "no");
	log_debug("ldmx", "no");
	log_dump("ldm:xml", "<-", "<a>\n</a>", 8);
	log_dump("ldm:other", "<-", "no", 2);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("tables", "at level debug");
	log_shutdown();
	log_set_level(LOG_LEVEL_NOTICE);
}

/* What could start a line, steer a terminal or turn around what is read. */
static void test_visible(void **state)
{
	static const struct {
		const char *text, *shown;
	} samples[] = {
		{"", ""},
		{"plain\ttext ~", "plain\ttext ~"},
		{"a\nb\rc\x1b[2Jd\x7f", "a\\x0ab\\x0dc\\x1b[2Jd\\x7f"},
		{"caf\xc3\xa9 \xf0\x9f\x90\xa7", "caf\xc3\xa9 \xf0\x9f\x90\xa7"},
		/* CSI as a character, and as the byte that some terminals take for it. */
		{"\xc2\x9b[2J", "\\xc2\\x9b[2J"},
		{"\x9b[2J", "\\x9b[2J"},
		/* Line separator, right-to-left override. */
		{"a\xe2\x80\xa8|\xe2\x80\xae", "a\\xe2\\x80\\xa8|\\xe2\\x80\\xae"},
		/* Arabic letter mark: an invisible character of a right-to-left script. */
		{"\xd8\x9c|", "\\xd8\\x9c|"},
		/* Not UTF-8: cut short, overlong, half of a pair, beyond the last one. */
		{"\xe2\x80", "\\xe2\\x80"},
		{"\xc0\x8a", "\\xc0\\x8a"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		_cleanup_free_ char *shown = visible_copy(samples[i].text);

		assert_string_equal(shown, samples[i].shown);
	}
}

static void test_secret(void **state)
{
	char bytes[] = "geheim";

	(void)state;
	secret_wipe(bytes, 3);
	assert_memory_equal(bytes, "\0\0\0eim", 7);
	secret_free(NULL);
	secret_free(strdup("geheim"));
}

static void say_to_the_journal(void)
{
	const struct log_options options = {
		.ident = "prog", .priorities = true, .level = LOG_LEVEL_INFO};

	log_setup(&options);
	log_err("main", "bad");
	log_warn("main", "name \"%s\"", "a\n<0>b");
	log_notice("main", "so");
	log_info("main", "well");
	log_shutdown();
	log_set_level(LOG_LEVEL_NOTICE);
}

static void test_log_to_journal(void **state)
{
	_cleanup_free_ char *text = capture(say_to_the_journal);

	(void)state;
	assert_string_equal(text, "<3>main: bad\n<4>main: name \"a\\x0a<0>b\"\n"
				  "<5>main: so\n<6>main: well\n");
}

static void test_log(void **state)
{
	_cleanup_free_ char *text = capture(say_things);

	(void)state;
	assert_string_equal(text, "prog: error: ldm: name \"a\\x0ab\\x1b[0m\\xc2\\x9b c\\x7f\"\n"
				  "prog: debug: ldm:frame: child of an enabled token\n"
				  "prog: debug: ldm:xml: <- <a>\n"
				  "prog: debug: ldm:xml: <- </a>\n"
				  "prog: debug: tables: at level debug\n");
}

static void test_log_says_the_same(void **state)
{
	(void)state;
	assert_true(
		log_says_the_same("too deep, at byte 12 of 345", "too deep, at byte 6789 of 1"));
	assert_true(log_says_the_same("12", ""));
	assert_false(log_says_the_same("too deep, at byte 12", "too long, at byte 12"));
	assert_false(log_says_the_same("12 too", "12 too deep"));
}

static void test_reference(void **state)
{
	struct reference r;

	(void)state;
	reference_init(&r);
	reference_take(&r);
	assert_false(reference_drop(&r));
	reference_take(&r);
	assert_false(reference_drop(&r));
	assert_true(reference_drop(&r));
}

static void test_text(void **state)
{
	_cleanup_free_ char *text = NULL;

	(void)state;
	assert_int_equal(text_copy("a", &text), 0);
	assert_string_equal(text, "a");
	assert_int_equal(text_set(&text, text), 0);
	assert_string_equal(text, "a");
	assert_int_equal(text_set(&text, NULL), 0);
	assert_null(text);
	assert_int_equal(text_copy(NULL, &text), 0);
	assert_null(text);
	assert_int_equal(text_printf(&text, "%s.%u", "ldomName", 2u), 0);
	assert_string_equal(text, "ldomName.2");
	assert_true(text_equal(NULL, NULL));
	assert_true(text_equal("a", "a"));
	assert_false(text_equal("a", NULL));
	assert_false(text_equal(NULL, ""));
	assert_false(text_equal("a", "b"));
}

static void test_percent(void **state)
{
	static const char *const bad[] = {"%", "%4", "%4g", "%g4", "%00", "a%"};
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;
	_cleanup_free_ char *text = NULL;
	char all[256], lower[] = "%c3%A4%2f";

	(void)state;
	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	assert_int_equal(percent_append(&b, all), 0);
	for (size_t i = 0; i < b.len; i++)
		assert_true(buffer_data(&b)[i] > ' ' && buffer_data(&b)[i] < 0x7f);
	text = buffer_steal(&b);
	assert_non_null(strstr(text, "%01%02"));
	assert_non_null(strstr(text, "$%25&"));
	assert_int_equal(percent_decode(text), 0);
	assert_string_equal(text, all);
	assert_int_equal(percent_decode(lower), 0);
	assert_string_equal(lower, "\xc3\xa4/");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *copy = strdup(bad[i]);

		assert_int_equal(percent_decode(copy), -EBADMSG);
	}
}

static void test_utf8_cut(void **state)
{
	static const struct {
		const char *text;
		size_t max, len;
	} cases[] = {
		{"", 0, 0}, {"", 4, 0}, {"abc", 3, 3}, {"abc", 2, 2}, {"a\xc3\xa4", 3, 3},
		{"a\xc3\xa4", 2, 1}, {"\xe2\x82\xac", 2, 0}, {"\xe2\x82\xac\xe2\x82\xac", 4, 3},
		{"\xf0\x9f\x98\x80", 3, 0}, {"\x80\x80\x80", 2, 0}, /* no character at all */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(utf8_cut(cases[i].text, cases[i].max), cases[i].len);
}

static void test_find_refusal(void **state)
{
	char *folder = temp_directory_new();
	_cleanup_free_ char *path = temp_path(folder, "a"), *below = temp_path(folder, "a/b/c");
	char *found = NULL;

	(void)state;
	assert_int_equal(file_find_refusal(below, &found), -ENOENT);
	assert_string_equal(found, path);
	free(found);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(file_find_refusal(path, &found), 0);
	assert_int_equal(file_find_refusal(below, &found), -EACCES);
	assert_string_equal(found, path);
	free(found);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(temp_directory_free(folder), 0);
}

static void test_utf8_columns(void **state)
{
	(void)state;
	assert_int_equal(utf8_columns(""), 0);
	assert_int_equal(utf8_columns("abc"), 3);
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	assert_int_equal(utf8_columns("r\xc3\xa4t"), 3);
	assert_int_equal(utf8_columns("\xe6\x97\xa5\xe6\x9c\xac"), 4);
	assert_int_equal(utf8_columns("e\xcc\x81"), 1);
	assert_int_equal(utf8_columns("a\xff\x80"), 3);
	setlocale(LC_CTYPE, "C");
}

static void test_disk_errors(void **state)
{
	(void)state;
	assert_true(file_error_is_disk(-ENOSPC));
	assert_true(file_error_is_disk(-EROFS));
	assert_true(file_error_is_disk(-EDQUOT));
	assert_true(file_error_is_disk(-EIO));
	assert_false(file_error_is_disk(ENOSPC));
	assert_false(file_error_is_disk(-EACCES));
	assert_false(file_error_is_disk(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffer_is_a_queue),
		cmocka_unit_test(test_buffer_text),
		cmocka_unit_test(test_large_buffer_gives_memory_back),
		cmocka_unit_test(test_pollset),
		cmocka_unit_test(test_wakeup),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_file_round_trip),
		cmocka_unit_test(test_file_refusals),
		cmocka_unit_test(test_file_trusted),
		cmocka_unit_test(test_file_distrust),
		cmocka_unit_test(test_visible),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_reference),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_utf8_cut),
		cmocka_unit_test(test_find_refusal),
		cmocka_unit_test(test_utf8_columns),
		cmocka_unit_test(test_disk_errors),
		cmocka_unit_test(test_log_to_journal),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_says_the_same),
	};

	return cmocka_run_group_tests_name("util", tests, NULL, NULL);
}
