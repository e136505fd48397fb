/*
 * The gate, between a master of the test's own and what the library would read and send.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

#include "snmp/gate.h"

#include <net-snmp/library/snmp_transport.h>

#define SESSION 77

enum {
	CLOSE = 2,
	GET = 5,
	GETBULK = 7,
	TEST_SET = 8,
	COMMIT_SET,
	UNDO_SET,
	CLEANUP_SET,
	RESPONSE = 18
};
enum { CONTEXT = 8, BIG = 0x10 };
enum {
	TOO_BIG = 1,
	NOT_OPEN = 257,
	UNSUPPORTED_CONTEXT = 262,
	PARSE_ERROR = 266,
	PROCESSING_ERROR = 268
};

struct bed {
	int master; /* the other end */
	netsnmp_session *session;
	netsnmp_transport *outer;
	uint8_t passed[65536]; /* to the library, since the last look */
	size_t n_passed;
};

/* --- a transport over a socket pair --------------------------------------------------------- */

static int pair_recv(netsnmp_transport *t, void *buf, int size, void **opaque, int *olength)
{
	*opaque = malloc(1); /* as the transport of unix sockets has something there */
	*olength = 1;
	return (int)recv(t->sock, buf, (size_t)size, MSG_DONTWAIT);
}

static int pair_send(netsnmp_transport *t, const void *buf, int size, void **opaque, int *olength)
{
	(void)opaque, (void)olength;
	return (int)send(t->sock, buf, (size_t)size, 0);
}

static int pair_close(netsnmp_transport *t)
{
	int fd = t->sock;
	t->sock = -1;
	return fd < 0 ? -1 : close(fd);
}

static netsnmp_transport *pair_transport(int fd)
{
	netsnmp_transport *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->sock = fd;
	t->flags = NETSNMP_TRANSPORT_FLAG_STREAM;
	t->msgMaxSize = 0x7fffffff;
	t->f_recv = pair_recv;
	t->f_send = pair_send;
	t->f_close = pair_close;
	return t;
}

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	netsnmp_session template;
	int fds[2], big = 1 << 18;

	assert_non_null(b);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	b->master = fds[0];
	snmp_sess_init(&template);
	b->session = snmp_add(&template, pair_transport(fds[1]), NULL, NULL);
	assert_non_null(b->session);
	b->session->sessid = SESSION;
	assert_int_equal(gate_install(b->session), 0);
	b->outer = snmp_sess_transport(snmp_sess_pointer(b->session));
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	snmp_close(b->session);
	close(b->master);
	free(b);
	return 0;
}

/* --- PDUs ----------------------------------------------------------------------------------- */

static void put(uint8_t *at, uint32_t number, bool big)
{
	for (int i = 0; i < 4; i++)
		at[big ? 3 - i : i] = (uint8_t)(number >> (8 * i));
}

static uint32_t number_at(const uint8_t *at, int octets, bool big)
{
	uint32_t number = 0;
	for (int i = 0; i < octets; i++)
		number = number << 8 | at[big ? i : octets - 1 - i];
	return number;
}

/* The body is as long as its length says, and of one letter. */
static size_t make(
	uint8_t *to, int type, int flags, uint32_t session, uint32_t packet, uint32_t length)
{
	memset(to, 'x', 20 + length);
	memcpy(to, (const uint8_t[]){1, (uint8_t)type, (uint8_t)flags, 0}, 4);
	put(to + 4, session, flags & BIG);
	put(to + 8, 5, flags & BIG);
	put(to + 12, packet, flags & BIG);
	put(to + 16, length, flags & BIG);
	return 20 + length;
}

static void say(const struct bed *b, const void *octets, size_t n)
{
	assert_int_equal(send(b->master, octets, n, 0), n);
}

/* As the library reads when the descriptor is ready; what came through, or -1. */
static int read_once(struct bed *b)
{
	uint8_t buffer[65536];
	void *opaque = NULL;
	int olength = 0;
	int n = b->outer->f_recv(b->outer, buffer, sizeof(buffer), &opaque, &olength);

	if (n > 0) {
		memcpy(b->passed + b->n_passed, buffer, (size_t)n);
		b->n_passed += (size_t)n;
	}
	if (n == 0) {
		assert_true(b->outer->flags & NETSNMP_TRANSPORT_FLAG_EMPTY_PKT);
		b->outer->flags &= ~NETSNMP_TRANSPORT_FLAG_EMPTY_PKT;
	}
	free(opaque);
	return n;
}

static void assert_silent(const struct bed *b)
{
	uint8_t octet;
	assert_int_equal(recv(b->master, &octet, 1, MSG_DONTWAIT), -1);
}

/* The master got a Response of the gate's own. */
static void assert_error(
	const struct bed *b, int flags, uint32_t session, uint32_t packet, uint32_t error)
{
	uint8_t r[28];
	bool big = flags & BIG;

	assert_int_equal(recv(b->master, r, sizeof(r), MSG_DONTWAIT), sizeof(r));
	assert_int_equal(r[0], 1);
	assert_int_equal(r[1], RESPONSE);
	assert_int_equal(r[2], flags & BIG);
	assert_int_equal(number_at(r + 4, 4, big), session);
	assert_int_equal(number_at(r + 8, 4, big), 5);
	assert_int_equal(number_at(r + 12, 4, big), packet);
	assert_int_equal(number_at(r + 16, 4, big), 8);
	assert_int_equal(number_at(r + 20, 4, big), 0);
	assert_int_equal(number_at(r + 24, 2, big), error);
	assert_int_equal(number_at(r + 26, 2, big), error == TOO_BIG);
}

/* How many octets of a phase come through; -1: the session ends. */
static int phase_in(struct bed *b, int flags, int type, uint32_t transaction, uint32_t packet)
{
	uint8_t pdu[20];

	make(pdu, type, flags, SESSION, packet, 0);
	put(pdu + 8, transaction, flags & BIG);
	say(b, pdu, 20);
	return read_once(b);
}

static int phase(struct bed *b, int type, uint32_t transaction, uint32_t packet)
{
	return phase_in(b, 0, type, transaction, packet);
}

/* The same of one that has to come through; where it stands. */
static const uint8_t *passes(struct bed *b, int type, uint32_t transaction, uint32_t packet)
{
	assert_int_equal(phase(b, type, transaction, packet), 20);
	return b->passed + b->n_passed - 20;
}

/* The library answers with the numbers of what came through. */
static void answer(const struct bed *b, const uint8_t *phase)
{
	uint8_t pdu[28];

	make(pdu, RESPONSE, phase[2], 0, 0, 8);
	memcpy(pdu + 4, phase + 4, 12);
	assert_int_equal(b->outer->f_send(b->outer, pdu, 28, NULL, NULL), 28);
}

/* The master hears an answer with the numbers that it gave. */
static void assert_answer(const struct bed *b, int flags, uint32_t transaction, uint32_t packet)
{
	uint8_t pdu[28], heard[32];

	make(pdu, RESPONSE, flags, SESSION, packet, 8);
	put(pdu + 8, transaction, flags & BIG);
	assert_int_equal(recv(b->master, heard, sizeof(heard), MSG_DONTWAIT), 28);
	assert_memory_equal(heard, pdu, 28);
}

static void answer_heard(
	const struct bed *b, const uint8_t *phase, uint32_t transaction, uint32_t packet)
{
	answer(b, phase);
	assert_answer(b, 0, transaction, packet);
}

/* --- tests ---------------------------------------------------------------------------------- */

static void test_refused(void **state)
{
	static const struct {
		int version, type, flags;
		uint32_t session, length, error;
	} cases[] = {
		{1, GET, 0, SESSION + 1, 8, NOT_OPEN},
		{1, GET, BIG, 0, 8, NOT_OPEN},
		{1, TEST_SET, BIG | CONTEXT, SESSION, 8, UNSUPPORTED_CONTEXT},
		{1, GET, CONTEXT, SESSION, 8, UNSUPPORTED_CONTEXT},
		/* The session is looked at first. */
		{1, GET, CONTEXT, SESSION + 1, 8, NOT_OPEN},
		{1, GET, 0, SESSION, 65516 + 4, TOO_BIG},
		{1, TEST_SET, BIG, SESSION, 100000, TOO_BIG},
		{1, GET, BIG, SESSION, 9, PARSE_ERROR},
		{9, GET, 0, SESSION, 8, PARSE_ERROR},
		{1, 0, 0, SESSION, 8, PARSE_ERROR},
		{1, 1, 0, SESSION, 8, PARSE_ERROR},
		{1, 12, BIG, SESSION, 8, PARSE_ERROR},
		{1, 19, 0, SESSION, 8, PARSE_ERROR},
		{1, 255, 0, SESSION, 8, PARSE_ERROR},
	};
	static uint8_t pdu[131072];
	struct bed *b = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = make(pdu, cases[i].type, cases[i].flags, cases[i].session, (uint32_t)i,
			cases[i].length);
		pdu[0] = (uint8_t)cases[i].version;
		/* A good one behind it comes through. */
		n += make(pdu + n, GET, BIG, SESSION, 99, 8);
		say(b, pdu, n);
		while (b->n_passed == 0)
			assert_true(read_once(b) >= 0);
		assert_int_equal(b->n_passed, 28);
		assert_memory_equal(b->passed, pdu + n - 28, 28);
		b->n_passed = 0;
		assert_error(b, cases[i].flags, cases[i].session, (uint32_t)i, cases[i].error);
		assert_silent(b);
	}
}

/* Good and bad ones, cut anywhere: what comes through does not depend on it. */
static void test_any_cut(void **state)
{
	struct bed *b = *state;
	uint8_t stream[256];
	size_t n = 0;

	n += make(stream + n, GET, 0, SESSION, 1, 16);
	n += make(stream + n, GET, BIG | CONTEXT, SESSION, 2, 12);
	n += make(stream + n, RESPONSE, BIG, 0, 3, 8);
	n += make(stream + n, CLEANUP_SET, 0, SESSION + 1, 4, 0);
	n += make(stream + n, GETBULK, BIG, SESSION, 5, 24);
	for (size_t cut = 0; cut <= n; cut++) {
		/* Octet by octet up to the cut, then the rest at once. */
		for (size_t i = 0; i < cut; i++) {
			say(b, stream + i, 1);
			assert_true(read_once(b) >= 0);
		}
		if (cut < n) {
			say(b, stream + cut, n - cut);
			assert_true(read_once(b) >= 0);
		}
		assert_int_equal(b->n_passed, 36 + 28 + 44);
		assert_memory_equal(b->passed, stream, 36);
		assert_memory_equal(b->passed + 36, stream + 68, 28);
		assert_memory_equal(b->passed + 64, stream + n - 44, 44);
		b->n_passed = 0;
		assert_error(b, BIG, SESSION, 2, UNSUPPORTED_CONTEXT);
		assert_silent(b);
	}
}

/* The longest that the library takes, in pieces. */
static void test_longest(void **state)
{
	static uint8_t pdu[65536];
	struct bed *b = *state;
	size_t n = make(pdu, GET, BIG, SESSION, 1, sizeof(pdu) - 20);

	for (size_t at = 0; at < n; at += 4096) {
		say(b, pdu + at, 4096);
		assert_true(read_once(b) >= 0);
	}
	assert_int_equal(b->n_passed, n);
	assert_memory_equal(b->passed, pdu, n);
	assert_silent(b);
}

/* What the library answers to a CleanupSet is not sent; another Response of the packet is. */
static void test_cleanup_set(void **state)
{
	struct bed *b = *state;
	uint8_t get[32];

	for (int flags = 0; flags <= BIG; flags += BIG) {
		assert_int_equal(phase_in(b, flags, TEST_SET, 5, 6), 20);
		answer(b, b->passed);
		assert_answer(b, flags, 5, 6);
		assert_int_equal(phase_in(b, flags, CLEANUP_SET, 5, 7), 20);
		answer(b, b->passed + 20);
		assert_silent(b);
		make(get, GET, flags, SESSION, 7, 8);
		answer(b, get);
		assert_answer(b, flags, 5, 7);
		b->n_passed = 0;
	}
}

/* Each phase of a SET once, and when the one before is answered. */
static void test_phases(void **state)
{
	struct bed *b = *state;
	const uint8_t *five = passes(b, TEST_SET, 5, 1);
	uint8_t get[32];

	/* Asked again before it is answered, and after. */
	assert_int_equal(phase(b, TEST_SET, 5, 1), 0);
	answer_heard(b, five, 5, 1);
	assert_int_equal(phase(b, TEST_SET, 5, 1), 0);
	const uint8_t *again = passes(b, TEST_SET, 5, 2);
	/* Another answer is not this one's; nor is another SET in its way. */
	make(get, GET, 0, SESSION, 2, 8);
	answer_heard(b, get, 5, 2);
	assert_int_equal(phase(b, TEST_SET, 5, 3), 0);
	assert_int_equal(phase(b, COMMIT_SET, 5, 3), 0);
	assert_error(b, 0, SESSION, 3, PROCESSING_ERROR);
	const uint8_t *six = passes(b, TEST_SET, 6, 4);
	answer_heard(b, again, 5, 2);
	const uint8_t *commit = passes(b, COMMIT_SET, 5, 5);
	assert_int_equal(phase(b, CLEANUP_SET, 5, 6), 0);
	answer_heard(b, commit, 5, 5);
	assert_int_equal(phase(b, COMMIT_SET, 5, 5), 0);
	answer_heard(b, six, 6, 4);
	/* All phases of one SET have one number, and no other has. */
	assert_memory_equal(five + 8, again + 8, 4);
	assert_memory_equal(five + 8, commit + 8, 4);
	assert_memory_not_equal(five + 8, six + 8, 4);
}

static void assert_over(struct bed *b)
{
	assert_int_equal(phase(b, COMMIT_SET, 5, 3), 0);
	assert_error(b, 0, SESSION, 3, PROCESSING_ERROR);
	assert_int_equal(phase(b, CLEANUP_SET, 5, 4), 0);
	assert_silent(b);
}

/* What comes after the last phase belongs to no SET, whether that is answered or not. */
static void test_last_phase(void **state)
{
	struct bed *b = *state;

	for (int type = UNDO_SET; type <= CLEANUP_SET; type++) {
		answer_heard(b, passes(b, TEST_SET, 5, 1), 5, 1);
		const uint8_t *last = passes(b, type, 5, 2);
		assert_over(b);
		/* A master that asks once more must not take a refusal for the answer. */
		assert_int_equal(phase(b, type, 5, 2), 0);
		assert_silent(b);
		answer(b, last);
		if (type == UNDO_SET)
			assert_answer(b, 0, 5, 2);
		assert_over(b);
	}
}

/* The library still has the last SET when the master, which waits for nothing, begins the next. */
static void test_same_number_again(void **state)
{
	struct bed *b = *state;
	const uint8_t *one = passes(b, TEST_SET, 5, 1);

	answer_heard(b, one, 5, 1);
	const uint8_t *end = passes(b, CLEANUP_SET, 5, 2);
	const uint8_t *two = passes(b, TEST_SET, 5, 3);
	assert_memory_equal(one + 8, end + 8, 4);
	assert_memory_not_equal(one + 8, two + 8, 4);
	answer(b, end);
	assert_silent(b);
	answer_heard(b, two, 5, 3);
	const uint8_t *commit = passes(b, COMMIT_SET, 5, 4);
	assert_memory_equal(two + 8, commit + 8, 4);
	answer_heard(b, commit, 5, 4);
}

/* A master that begins and never ends. */
static void test_many_phases(void **state)
{
	struct bed *b = *state;

	for (uint32_t i = 0; i < 1024; i++) {
		b->n_passed = 0;
		assert_int_equal(phase(b, TEST_SET, i, i), 20);
	}
	assert_int_equal(phase(b, TEST_SET, 3000, 1), -1);
}

/* A SET that was taken back is over; no number of them may end the session. */
static void test_many_undone(void **state)
{
	struct bed *b = *state;

	for (uint32_t i = 0; i < 2000; i++) {
		b->n_passed = 0;
		for (int type = TEST_SET; type <= UNDO_SET; type++) {
			uint32_t packet = 3 * i + (uint32_t)type;
			answer_heard(b, passes(b, type, i, packet), i, packet);
		}
	}
}

static void test_sent(void **state)
{
	static uint8_t pdu[70000], heard[70000];
	struct bed *b = *state;
	size_t n = make(pdu, RESPONSE, BIG, SESSION, 8, 65536 - 20);

	assert_int_equal(b->outer->f_send(b->outer, pdu, (int)n, NULL, NULL), n);
	assert_int_equal(recv(b->master, heard, sizeof(heard), MSG_WAITALL | MSG_DONTWAIT), n);
	assert_memory_equal(heard, pdu, n);
	n = make(pdu, RESPONSE, BIG, SESSION, 9, 65536 - 16);
	assert_int_equal(b->outer->f_send(b->outer, pdu, (int)n, NULL, NULL), n);
	assert_error(b, BIG, SESSION, 9, TOO_BIG);
	/* Our own requests: Open has no session yet. */
	n = make(pdu, 1, 0, 0, 10, 40);
	assert_int_equal(b->outer->f_send(b->outer, pdu, (int)n, NULL, NULL), n);
	assert_int_equal(recv(b->master, heard, sizeof(heard), 0), n);
	assert_silent(b);
}

static void test_hang_up(void **state)
{
	struct bed *b = *state;
	uint8_t pdu[32];

	/* Of a length that nothing has: the stream is lost. */
	make(pdu, GET, 0, SESSION, 1, 8);
	put(pdu + 16, 0xfffffff0, false);
	say(b, pdu, 28);
	assert_int_equal(read_once(b), -1);
}

static void test_close(void **state)
{
	struct bed *b = *state;
	uint8_t pdu[32];

	make(pdu, CLOSE, BIG, SESSION, 1, 4);
	say(b, pdu, 24);
	assert_int_equal(read_once(b), -1);
	assert_silent(b);
}

/* A master that dies with something unread resets the stream. */
static void test_reset(void **state)
{
	struct bed *b = *state;
	uint8_t buffer[65536];
	void *opaque = NULL;
	int olength = 0;

	assert_int_equal(send(b->outer->sock, "unread", 6, 0), 6);
	close(b->master);
	b->master = -1;
	assert_int_equal(b->outer->f_recv(b->outer, buffer, sizeof(buffer), &opaque, &olength), 0);
	assert_false(b->outer->flags & NETSNMP_TRANSPORT_FLAG_EMPTY_PKT);
	free(opaque);
}

/* A master that never reads costs a moment, and the session. */
static void test_full(void **state)
{
	struct bed *b = *state;
	uint8_t pdu[4096];
	size_t n = make(pdu, RESPONSE, BIG, SESSION, 1, sizeof(pdu) - 20), sent = 0;
	ssize_t got;

	while (b->outer->f_send(b->outer, pdu, (int)n, NULL, NULL) == (int)n)
		sent += n;
	assert_true(sent > n);
	while ((got = recv(b->master, pdu, sizeof(pdu), 0)) > 0)
		;
	assert_int_equal(got, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cleanup_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_phases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_phase, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_number_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_phases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hang_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
	};
	setenv("MIBS", "", 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	init_snmp("gate-test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
