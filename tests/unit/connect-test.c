/*
 * Connecting to masters of all kinds: absent, silent, busy, gone, and one that answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

#include "snmp/agentx.h"
#include "snmp/connect.h"
#include "util/clock.h"
#include "temp-directory.h"
#include "util/pollset.h"

struct bed {
	char *directory, *path;
	int listener;
	struct agentx_connect *connect;
	int fd; /* what the last turn gave */
	const char *why;
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
	assert_int_equal(agentx_connect_new(b->path, &b->connect), 0);
	b->listener = -1;
	b->now_ms = 1000;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	agentx_connect_free(b->connect);
	if (b->listener >= 0)
		close(b->listener);
	temp_directory_free(b->directory);
	free(b->path);
	free(b);
	return 0;
}

/* One turn of a loop whose clock is ours; the time it wants to wait for. */
static uint64_t turn(struct bed *b, uint64_t later_ms)
{
	struct pollset ps = POLLSET_EMPTY;
	uint64_t deadline_ms;

	b->now_ms += later_ms;
	assert_int_equal(agentx_connect_prepare(b->connect, &ps), 0);
	deadline_ms = ps.deadline_ms;
	if (ps.n > 0)
		assert_true(poll(ps.fds, ps.n, 0) >= 0);
	b->fd = agentx_connect_dispatch(b->connect, &ps, b->now_ms);
	pollset_clear(&ps);
	return deadline_ms;
}

/* The connection on which an Open came. */
static int accept_open(struct bed *b)
{
	uint8_t bytes[256];
	int fd = accept(b->listener, NULL, NULL);

	assert_true(fd >= 0);
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
	assert_true(n > AGENTX_HEADER_SIZE);
	const struct agentx_header h = agentx_header(bytes);
	assert_int_equal(h.version, 1);
	assert_int_equal(h.type, AGENTX_OPEN);
	assert_int_equal(h.flags, 0);
	assert_int_equal(h.packet, CONNECT_OPEN_PACKET);
	assert_int_equal(h.length, n - AGENTX_HEADER_SIZE);
	return fd;
}

/* As a master answers; net-snmp's has the description of the Open in it. */
static size_t make_answer(uint8_t *to, uint16_t error, size_t more)
{
	const struct agentx_header h = {.version = 1,
		.type = AGENTX_RESPONSE,
		.flags = AGENTX_NETWORK_BYTE_ORDER,
		.session = 9,
		.packet = CONNECT_OPEN_PACKET};
	struct agentx_writer w = agentx_writer(to, 128, &h);

	agentx_write_u32(&w, 4711);
	agentx_write_u16(&w, error);
	agentx_write_u16(&w, 0);
	for (; more > 0; more -= 4)
		agentx_write_u32(&w, 0);
	return agentx_finish(&w);
}

static int fault(struct bed *b)
{
	return agentx_connect_fault(b->connect, &b->why);
}

static void test_answer(void **state)
{
	struct bed *b = *state;
	uint8_t answer[128], heard[128];

	b->listener = listen_at(b->path, 5);
	agentx_connect_start(b->connect, b->now_ms);
	turn(b, 1);
	int master = accept_open(b);
	assert_int_equal(b->fd, -EAGAIN);
	size_t n = make_answer(answer, 0, 20);
	/* In three pieces. */
	for (size_t at = 0; at < n; at += 16) {
		assert_int_equal(b->fd, -EAGAIN);
		size_t piece = n - at < 16 ? n - at : 16;
		assert_int_equal(send(master, answer + at, piece, 0), piece);
		turn(b, 30);
		if (b->fd < 0)
			turn(b, 30);
	}
	int fd = b->fd;
	assert_true(fd >= 0);
	assert_int_equal(fault(b), 0);
	/* The answer is for whoever has the connection now. */
	assert_int_equal(recv(fd, heard, sizeof(heard), MSG_DONTWAIT), n);
	assert_memory_equal(heard, answer, n);
	assert_int_equal(turn(b, 1), CLOCK_NEVER);
	assert_int_equal(b->fd, -EAGAIN);
	close(fd);
	close(master);
}

/* It waits for the rest of an answer without turning in circles. */
static void test_half_an_answer(void **state)
{
	struct bed *b = *state;
	uint8_t answer[128];

	b->listener = listen_at(b->path, 5);
	agentx_connect_start(b->connect, b->now_ms);
	turn(b, 1);
	int master = accept_open(b);
	make_answer(answer, 0, 0);
	assert_int_equal(send(master, answer, 10, 0), 10);
	turn(b, 1);
	uint64_t deadline_ms = turn(b, 0);
	assert_true(deadline_ms > b->now_ms);
	assert_int_equal(b->fd, -EAGAIN);
	close(master);
}

static void test_refused(void **state)
{
	struct bed *b = *state;
	uint8_t answer[128];

	b->listener = listen_at(b->path, 5);
	agentx_connect_start(b->connect, b->now_ms);
	turn(b, 1);
	int master = accept_open(b);
	size_t n = make_answer(answer, 256, 0);
	assert_int_equal(send(master, answer, n, 0), n);
	turn(b, 1);
	assert_int_equal(b->fd, -EAGAIN);
	assert_int_equal(fault(b), -ECONNREFUSED);
	assert_string_equal(b->why, "it refuses to open a session");
	close(master);
	/* What is no AgentX. */
	turn(b, 500);
	turn(b, 1);
	master = accept_open(b);
	assert_int_equal(send(master, "HTTP/1.1 400 Bad Request\r\nServer: ", 35, 0), 35);
	turn(b, 1);
	assert_int_equal(fault(b), -EPROTO);
	close(master);
}

static void test_nobody_there(void **state)
{
	struct bed *b = *state;

	agentx_connect_start(b->connect, b->now_ms);
	assert_int_equal(fault(b), -ENOENT);
	for (int i = 0; i < 3; i++) {
		uint64_t deadline_ms = turn(b, 0);
		assert_true(deadline_ms > b->now_ms);
		assert_true(deadline_ms <= b->now_ms + 500);
		turn(b, deadline_ms - b->now_ms);
	}
	b->listener = listen_at(b->path, 5);
	turn(b, 500);
	turn(b, 1);
	close(accept_open(b));
}

static void test_silent(void **state)
{
	struct bed *b = *state;

	b->listener = listen_at(b->path, 5);
	agentx_connect_start(b->connect, b->now_ms);
	turn(b, 1);
	int first = accept_open(b);
	assert_int_equal(fault(b), -ETIMEDOUT);
	turn(b, 9000);
	turn(b, 2000);
	/* Gave up, and asks on a new connection. */
	assert_int_equal(recv(first, &(char){0}, 1, 0), 0);
	turn(b, 500);
	turn(b, 1);
	close(accept_open(b));
	close(first);
}

static void test_gone(void **state)
{
	struct bed *b = *state;

	b->listener = listen_at(b->path, 5);
	agentx_connect_start(b->connect, b->now_ms);
	turn(b, 1);
	close(accept_open(b));
	turn(b, 1);
	assert_int_equal(b->fd, -EAGAIN);
	turn(b, 500);
	turn(b, 1);
	close(accept_open(b));
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
	agentx_connect_start(b->connect, b->now_ms);
	for (int i = 0; i < 5; i++)
		turn(b, 500);
	assert_int_equal(b->fd, -EAGAIN);
	for (int i = 0; i <= n; i++)
		close(fds[i]);
}

/* The name has two addresses; only the second one is listened at. */
static void test_all_addresses(void **state)
{
	(void)state;
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	socklen_t length = sizeof(in6);
	struct bed b = {.now_ms = 1000, .listener = socket(AF_INET6, SOCK_STREAM, 0)};
	char *address;

	if (b.listener < 0 || bind(b.listener, (struct sockaddr *)&in6, sizeof(in6)) < 0)
		skip(); /* there is no IPv6 */
	assert_int_equal(listen(b.listener, 5), 0);
	assert_int_equal(getsockname(b.listener, (struct sockaddr *)&in6, &length), 0);
	for (int literal = 0; literal < 2; literal++) {
		assert_true(asprintf(&address, "tcp:%s:%u", literal ? "[::1]" : "localhost",
				    ntohs(in6.sin6_port)) > 0);
		assert_int_equal(agentx_connect_new(address, &b.connect), 0);
		agentx_connect_start(b.connect, b.now_ms);
		for (int i = 0; i < 10; i++)
			turn(&b, 1);
		close(accept_open(&b));
		agentx_connect_free(b.connect);
		free(address);
	}
	close(b.listener);
}

/* Else an answer behind a notification waits 40 ms, where the master's host is slow to acknowledge.
 */
static void test_no_delay(void **state)
{
	(void)state;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct bed b = {.now_ms = 1000, .listener = socket(AF_INET, SOCK_STREAM, 0), .fd = -EAGAIN};
	socklen_t length = sizeof(in);
	uint8_t answer[128];
	char *address;
	int on = 0;

	assert_int_equal(bind(b.listener, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(b.listener, 5), 0);
	assert_int_equal(getsockname(b.listener, (struct sockaddr *)&in, &length), 0);
	assert_true(asprintf(&address, "tcp:127.0.0.1:%u", ntohs(in.sin_port)) > 0);
	assert_int_equal(agentx_connect_new(address, &b.connect), 0);
	agentx_connect_start(b.connect, b.now_ms);
	turn(&b, 1);
	int master = accept_open(&b);
	size_t n = make_answer(answer, 0, 0);
	assert_int_equal(send(master, answer, n, 0), n);
	for (int i = 0; i < 5000 && b.fd < 0; i++) {
		usleep(1000);
		turn(&b, 0);
	}
	assert_true(b.fd >= 0);
	length = sizeof(on);
	assert_int_equal(getsockopt(b.fd, IPPROTO_TCP, TCP_NODELAY, &on, &length), 0);
	assert_true(on);
	close(b.fd);
	close(master);
	close(b.listener);
	agentx_connect_free(b.connect);
	free(address);
}

static void test_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *address;
		size_t n; /* of addresses that are tried; 0: refused */
	} cases[] = {
		{"/var/agentx/master", 1},
		{"unix:/var/agentx/master", 1},
		{"tcp:127.0.0.1:705", 1},
		{"tcp:localhost:705", 2},
		{"tcp:[::1]:705", 1},
		{"", 0},
		{"unix:", 0},
		{"unix:master", 0},
		{"tcp:705", 0},
		{"tcp::705", 0},
		{"tcp:localhost:", 0},
		{"tcp:localhost:0", 0},
		{"tcp:localhost:65536", 0},
		{"tcp:localhost:70x", 0},
		{"tcp:localhost:+70", 0},
		{"tcp:::1:705", 0},
		{"tcp:[::2]:705", 0},
		{"tcp:192.0.2.1:705", 0},
		{"tcp:localhost.:705", 0},
		{"tcp6:[::1]:705", 0},
		{"udp:127.0.0.1:705", 0},
		{"master", 0},
		{"/12345678901234567890123456789012345678901234567890123456789012345678901234567890"
		 "1"
		 "2345678901234567890123456789",
			0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct agentx_address a;
		const char *why = NULL;
		int r = agentx_address_parse(cases[i].address, &a, &why);
		if (r != (cases[i].n ? 0 : -EINVAL) || a.n != cases[i].n || !why)
			fail_msg("%s: %d", cases[i].address, r);
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
		TEST(test_half_an_answer),
		TEST(test_refused),
		cmocka_unit_test(test_all_addresses),
		cmocka_unit_test(test_no_delay),
		cmocka_unit_test(test_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
