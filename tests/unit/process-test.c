/*
 * What the process does towards its surroundings: pid file, service manager, signals, platform.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/background.h"
#include "daemon/platform.h"
#include "daemon/service.h"
#include "daemon/signals.h"

static char directory[] = "/tmp/process-test.XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static void test_pidfile(void **state)
{
	(void)state;
	struct pidfile *p;
	char *path;
	long pid = 0;

	assert_true(asprintf(&path, "%s/pid", directory) > 0);
	assert_int_equal(pidfile_new(path, &p), 0);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld", &pid), 1);
	fclose(f);
	assert_int_equal(pid, getpid());
	pidfile_free(p);
	assert_int_equal(access(path, F_OK), -1);
	pidfile_free(NULL);

	assert_int_equal(pidfile_new("/nonexistent/pid", &p), -ENOENT);
	free(path);
}

/* Locks belong to a process: the second one has to be another. */
static void test_pidfile_is_taken(void **state)
{
	(void)state;
	struct pidfile *p;
	char *path;
	int status;

	assert_true(asprintf(&path, "%s/pid", directory) > 0);
	assert_int_equal(pidfile_new(path, &p), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct pidfile *mine;
		_exit(pidfile_new(path, &mine) == -EBUSY ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	pidfile_free(p);
	free(path);
}

/* Somebody made a link to a file of ours where the pid file is to be. */
static void test_pidfile_is_another_file(void **state)
{
	(void)state;
	struct pidfile *p;
	char *path, *other;

	assert_true(asprintf(&path, "%s/pid", directory) > 0);
	assert_true(asprintf(&other, "%s/other", directory) > 0);
	FILE *f = fopen(other, "w");
	assert_non_null(f);
	fputs("precious", f);
	fclose(f);
	assert_int_equal(link(other, path), 0);
	assert_int_equal(pidfile_new(path, &p), -EPERM);
	unlink(path);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(pidfile_new(path, &p), -ELOOP);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(pidfile_new(path, &p), -EPERM);
	unlink(path);

	char text[16] = "";
	f = fopen(other, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "precious");
	unlink(other);
	free(path);
	free(other);
}

static void read_text(int fd, const char *expected)
{
	char text[256] = "";
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	assert_string_equal(text, expected);
}

static void test_service(void **state)
{
	(void)state;
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	/* Nobody listens: nothing happens. */
	unsetenv("NOTIFY_SOCKET");
	service_open();
	service_ready();
	service_alive();
	assert_int_equal(service_watchdog_ms(), 0);
	setenv("NOTIFY_SOCKET", "relative", 1);
	service_open();
	service_ready();
	service_close();

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/notify", directory);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	setenv("WATCHDOG_USEC", "3000000", 1);
	service_open();
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_int_equal(service_watchdog_ms(), 3000);
	service_ready();
	read_text(fd, "READY=1");
	service_status("all is well");
	read_text(fd, "STATUS=all is well");
	service_alive();
	read_text(fd, "WATCHDOG=1");
	service_stopping();
	read_text(fd, "STOPPING=1");
	service_close();

	/* The watchdog of another process is none of ours. */
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	setenv("WATCHDOG_USEC", "3000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	service_open();
	assert_int_equal(service_watchdog_ms(), 0);
	service_close();
	close(fd);
	unlink(sa.sun_path);
}

static void test_journal(void **state)
{
	(void)state;
	struct stat st;
	char *stream;

	unsetenv("JOURNAL_STREAM");
	assert_false(service_reads_stderr());
	setenv("JOURNAL_STREAM", "0:0", 1);
	assert_false(service_reads_stderr());
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	assert_true(asprintf(&stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino) > 0);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_true(service_reads_stderr());
	unsetenv("JOURNAL_STREAM");
	free(stream);
}

static void test_signals(void **state)
{
	(void)state;
	enum daemon_event event;

	assert_int_equal(signals_open(), 0);
	raise(SIGTERM); /* blocked, so it waits */
	signals_post(EVENT_ENDED);
	assert_int_equal(signals_wait(-1, &event), 0);
	assert_int_equal(event, EVENT_ENDED);
	signals_unblock();
	assert_int_equal(signals_wait(-1, &event), 0);
	assert_int_equal(event, EVENT_STOP);
	raise(SIGHUP);
	assert_int_equal(signals_wait(-1, &event), 0);
	assert_int_equal(event, EVENT_RELOAD);
	raise(SIGPIPE);
	/* Far more than a pipe holds must not block. */
	for (unsigned int i = 0; i < 100000; i++)
		signals_post(EVENT_RELOAD);
	signals_close();
}

static void test_platform(void **state)
{
	(void)state;
	pid_t child = fork();
	int status;

	/* In a child: it cannot be undone. */
	if (child == 0)
		_exit(platform_hide_memory() < 0 || platform_drop_privileges() < 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pidfile),
		cmocka_unit_test(test_pidfile_is_taken),
		cmocka_unit_test(test_pidfile_is_another_file),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_platform),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
