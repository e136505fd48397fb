/*
 * The probe against masters of all kinds: absent, silent, busy, gone, and one that answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

#include "snmp/probe.h"
#include "util/clock.h"
#include "temp-directory.h"
#include "util/pollset.h"

struct bed {
	char *directory, *path;
	int listener;
	struct probe *probe;
	uint64_t now_ms;
};

static int listen_at(const char *path, int backlog)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	memcpy(un.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->directory = temp_directory_new();
	b->path = temp_path(b->directory, "master");
	assert_int_equal(probe_new(b->path, &b->probe), 0);
	b->listener = -1;
	b->now_ms = 1000;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	probe_free(b->probe);
	if (b->listener >= 0)
		close(b->listener);
	temp_directory_free(b->directory);
	free(b->path);
	free(b);
	return 0;
}

/* One turn of a loop whose clock is ours; the time the probe wants to wait for. */
static uint64_t turn(struct bed *b, uint64_t later_ms)
{
	struct pollset ps = POLLSET_EMPTY;
	uint64_t deadline_ms;

	b->now_ms += later_ms;
	assert_int_equal(probe_prepare(b->probe, &ps), 0);
	deadline_ms = ps.deadline_ms;
	if (ps.n > 0)
		assert_true(poll(ps.fds, ps.n, 0) >= 0);
	probe_dispatch(b->probe, &ps, b->now_ms);
	pollset_clear(&ps);
	return deadline_ms;
}

static int accept_ping(struct bed *b)
{
	uint8_t bytes[64];
	int fd = accept(b->listener, NULL, NULL);

	assert_true(fd >= 0);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), 20);
	assert_int_equal(bytes[0], 1);	/* version */
	assert_int_equal(bytes[1], 13); /* Ping */
	return fd;
}

static void test_answer(void **state)
{
	struct bed *b = *state;

	b->listener = listen_at(b->path, 5);
	probe_start(b->probe, b->now_ms);
	turn(b, 1);
	int fd = accept_ping(b);
	assert_false(probe_take_answer(b->probe));
	assert_int_equal(send(fd, "\1\22notOpen", 9, 0), 9);
	turn(b, 1);
	assert_true(probe_take_answer(b->probe));
	assert_false(probe_take_answer(b->probe));
	/* It has hung up, and rests until it is started again. */
	assert_int_equal(recv(fd, &(char){0}, 1, 0), 0);
	assert_int_equal(turn(b, 1), CLOCK_NEVER);
	close(fd);
}

static void test_nobody_there(void **state)
{
	struct bed *b = *state;

	probe_start(b->probe, b->now_ms);
	for (int i = 0; i < 3; i++) {
		uint64_t deadline_ms = turn(b, 0);
		assert_true(deadline_ms > b->now_ms);
		assert_true(deadline_ms <= b->now_ms + 500);
		turn(b, deadline_ms - b->now_ms);
	}
	b->listener = listen_at(b->path, 5);
	turn(b, 500);
	turn(b, 1);
	close(accept_ping(b));
}

static void test_silent(void **state)
{
	struct bed *b = *state;

	b->listener = listen_at(b->path, 5);
	probe_start(b->probe, b->now_ms);
	turn(b, 1);
	int first = accept_ping(b);
	turn(b, 9000);
	turn(b, 2000);
	/* Gave up, and asks on a new connection. */
	assert_int_equal(recv(first, &(char){0}, 1, 0), 0);
	turn(b, 500);
	turn(b, 1);
	close(accept_ping(b));
	close(first);
}

static void test_gone(void **state)
{
	struct bed *b = *state;

	b->listener = listen_at(b->path, 5);
	probe_start(b->probe, b->now_ms);
	turn(b, 1);
	close(accept_ping(b));
	turn(b, 1);
	assert_false(probe_take_answer(b->probe));
	turn(b, 500);
	turn(b, 1);
	close(accept_ping(b));
}

/* A master that accepts nobody: a blocking connect() would wait for it. */
static void test_full_queue(void **state)
{
	struct bed *b = *state;
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fds[64], n = 0;

	b->listener = listen_at(b->path, 0);
	memcpy(un.sun_path, b->path, strlen(b->path) + 1);
	for (; n < 64; n++) {
		fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(fds[n], (struct sockaddr *)&un, sizeof(un)) < 0)
			break;
	}
	assert_true(n < 64);
	probe_start(b->probe, b->now_ms);
	for (int i = 0; i < 5; i++)
		turn(b, 500);
	assert_false(probe_take_answer(b->probe));
	for (int i = 0; i <= n; i++)
		close(fds[i]);
}

static void test_stop(void **state)
{
	struct bed *b = *state;

	b->listener = listen_at(b->path, 5);
	probe_start(b->probe, b->now_ms);
	probe_start(b->probe, b->now_ms);
	turn(b, 1);
	int fd = accept_ping(b);
	probe_stop(b->probe);
	assert_int_equal(recv(fd, &(char){0}, 1, 0), 0);
	assert_int_equal(turn(b, 1), CLOCK_NEVER);
	close(fd);
}

static void test_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *address;
		int result;
	} cases[] = {
		{"/var/agentx/master", 0},
		{"unix:/var/agentx/master", 0},
		{"tcp:127.0.0.1:705", 0},
		{"tcp6:[::1]:705", 0},
		{"", -EINVAL},
		{"unix:", -EINVAL},
		{"tcp:705", -EINVAL},
		{"udp:127.0.0.1:705", -EINVAL},
		{"master", -EINVAL},
		{"/12345678901234567890123456789012345678901234567890123456789012345678901234567890"
		 "1"
		 "2345678901234567890123456789",
			-EINVAL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe *p = NULL;
		int r = probe_new(cases[i].address, &p);
		if (r != cases[i].result)
			fail_msg("%s: %d", cases[i].address, r);
		probe_free(p);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answer),
		TEST(test_nobody_there),
		TEST(test_silent),
		TEST(test_gone),
		TEST(test_full_queue),
		TEST(test_stop),
		cmocka_unit_test(test_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
