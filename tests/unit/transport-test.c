/*
 * The transport and its AgentX filter, between a master of the test's own and what the library
 * would read and send.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/snmp_transport.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tables/mib.h"
#include "test.h"

#include "snmp/connect.h"
#include "snmp/transport.h"
#include "util/clock.h"
#include "util/pollset.h"

#define SESSION 77

enum {
	OPEN = 1,
	CLOSE = 2,
	REGISTER = 3,
	GET = 5,
	GETBULK = 7,
	TEST_SET = 8,
	COMMIT_SET,
	UNDO_SET,
	CLEANUP_SET,
	NOTIFY,
	RESPONSE = 18
};
enum { CONTEXT = 8, BIG = 0x10 };
enum {
	TOO_BIG = 1,
	WRONG_VALUE = 10,
	NOT_OPEN = 257,
	UNSUPPORTED_CONTEXT = 262,
	PARSE_ERROR = 266,
	PROCESSING_ERROR = 268
};

struct bed {
	int master; /* the other end */
	struct transport *transport;
	netsnmp_transport *library; /* as the library has it */
	uint8_t passed[65536];	    /* to the library, since the last look */
	size_t n_passed;
};

static struct ldm_status status = {.link = LINK_UP};
static struct agent_facts facts = {.version = "0.1.0"};
static const struct view view = {
	.status = &status, .facts = &facts, .mibs = &mib_list_default, .now_ms = 100000};

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
	int n = b->library->f_recv(b->library, buffer, sizeof(buffer), &opaque, &olength);

	if (n > 0) {
		memcpy(b->passed + b->n_passed, buffer, (size_t)n);
		b->n_passed += (size_t)n;
	}
	if (n == 0) {
		assert_true(b->library->flags & NETSNMP_TRANSPORT_FLAG_EMPTY_PKT);
		b->library->flags &= ~NETSNMP_TRANSPORT_FLAG_EMPTY_PKT;
	}
	free(opaque);
	return n;
}

static void assert_silent(const struct bed *b)
{
	uint8_t octet;
	assert_int_equal(recv(b->master, &octet, 1, MSG_DONTWAIT), -1);
}

/* The master got a Response of the filter's own. */
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

/* The library sends its Open, which goes nowhere, and reads the answer to the one before. */
static void open_session(struct bed *b)
{
	uint8_t pdu[28];

	make(pdu, OPEN, 0, 0, 4711, 8);
	assert_int_equal(b->library->f_send(b->library, pdu, 28, NULL, NULL), 28);
	assert_silent(b);
	make(pdu, RESPONSE, 0, SESSION, CONNECT_OPEN_PACKET, 8);
	memset(pdu + 20, 0, 8);
	put(pdu + 20, 12345, false);
	say(b, pdu, 28);
	assert_int_equal(read_once(b), 28);
	put(pdu + 12, 4711, false);
	assert_memory_equal(b->passed, pdu, 28);
	b->n_passed = 0;
	assert_int_equal(b->transport->uptime, 12345);
}

static int setup_in(const char *context, void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	int fds[2], big = 1 << 18;

	assert_non_null(b);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	b->master = fds[0];
	assert_int_equal(transport_new(context, &view, &b->transport), 0);
	/* Nothing is offered yet. */
	assert_null(netsnmp_transport_open_client("agentx", TRANSPORT_ADDRESS));
	transport_offer(b->transport, fds[1]);
	b->library = netsnmp_transport_open_client("agentx", TRANSPORT_ADDRESS);
	assert_non_null(b->library);
	assert_int_equal(b->library->sock, fds[1]);
	open_session(b);
	*state = b;
	return 0;
}

static int setup(void **state)
{
	return setup_in(NULL, state);
}

/* Of a length that needs padding, with octets that no host name has. */
#define NAME "a \xff\"%"

static int setup_with_context(void **state)
{
	return setup_in(NAME, state);
}

static int teardown(void **state)
{
	struct bed *b = *state;

	b->library->f_close(b->library);
	netsnmp_transport_free(b->library);
	assert_int_equal(b->transport->state, TRANSPORT_CLOSED);
	transport_free(b->transport);
	close(b->master);
	free(b);
	return 0;
}

/* One turn of a loop whose clock is ours; whether the library has something to read. */
static bool turn(struct bed *b, uint64_t now_ms)
{
	struct pollset ps = POLLSET_EMPTY;

	assert_int_equal(transport_prepare(b->transport, &ps, now_ms), 0);
	assert_true(poll(ps.fds, ps.n, 0) >= 0);
	bool reads = transport_dispatch(b->transport, &ps, now_ms);
	pollset_clear(&ps);
	return reads;
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
	memset(pdu + 20, 0, 8);
	assert_int_equal(b->library->f_send(b->library, pdu, 28, NULL, NULL), 28);
}

/* The master hears an answer with the numbers that it gave. */
static void assert_answer(const struct bed *b, int flags, uint32_t transaction, uint32_t packet)
{
	uint8_t pdu[28], heard[32];

	make(pdu, RESPONSE, flags, SESSION, packet, 8);
	put(pdu + 8, transaction, flags & BIG);
	memset(pdu + 20, 0, 8);
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
		n += make(pdu + n, RESPONSE, BIG, SESSION, 99, 8);
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

	n += make(stream + n, RESPONSE, 0, SESSION, 1, 16);
	n += make(stream + n, GET, BIG | CONTEXT, SESSION, 2, 12);
	n += make(stream + n, RESPONSE, BIG, 0, 3, 8);
	n += make(stream + n, CLEANUP_SET, 0, SESSION + 1, 4, 0);
	n += make(stream + n, RESPONSE, BIG, SESSION, 5, 24);
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
	size_t n = make(pdu, TEST_SET, BIG, SESSION, 1, sizeof(pdu) - 20);

	for (size_t at = 0; at < n; at += 4096) {
		say(b, pdu + at, 4096);
		assert_true(read_once(b) >= 0);
	}
	assert_int_equal(b->n_passed, n);
	assert_memory_equal(b->passed + 12, pdu + 12, n - 12);
	assert_silent(b);
}

/* A read never reaches the library: its own tests are read-test.c. */
static void test_read(void **state)
{
	static const uint8_t sys_descr[] = {
		4, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
	struct bed *b = *state;
	uint8_t pdu[64], answer[64];

	make(pdu, GET, BIG, SESSION, 8, sizeof(sys_descr));
	memcpy(pdu + 20, sys_descr, sizeof(sys_descr));
	say(b, pdu, 20 + sizeof(sys_descr));
	assert_int_equal(read_once(b), 0);
	/* noSuchObject */
	assert_int_equal(recv(b->master, answer, sizeof(answer), MSG_DONTWAIT), 28 + 4 + 20);
	assert_int_equal(answer[1], RESPONSE);
	assert_memory_equal(answer + 4, pdu + 4, 12);
	assert_int_equal(number_at(answer + 28, 2, true), 128);
	assert_memory_equal(answer + 32, sys_descr, 20);
	make(pdu, GET, 0, SESSION, 9, 8);
	say(b, pdu, 28);
	assert_int_equal(read_once(b), 0);
	assert_error(b, 0, SESSION, 9, PARSE_ERROR);
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
	assert_int_equal(phase(b, COMMIT_SET, 5, 5), 0);
	answer_heard(b, commit, 5, 5);
	assert_int_equal(phase(b, COMMIT_SET, 5, 5), 0);
	answer_heard(b, six, 6, 4);
	/* All phases of one SET have one number, and no other has. */
	assert_memory_equal(five + 8, again + 8, 4);
	assert_memory_equal(five + 8, commit + 8, 4);
	assert_memory_not_equal(five + 8, six + 8, 4);
}

/* A CleanupSet that overtakes an answer comes through behind it, and frees what the SET holds. */
static void test_cleanup_overtakes(void **state)
{
	struct bed *b = *state;

	for (int type = TEST_SET; type <= COMMIT_SET; type++) {
		const uint8_t *last = passes(b, TEST_SET, 5, 1);
		if (type == COMMIT_SET) {
			answer_heard(b, last, 5, 1);
			last = passes(b, COMMIT_SET, 5, 2);
		}
		uint32_t id = number_at(last + 8, 4, false);
		assert_int_equal(phase(b, CLEANUP_SET, 5, 3), 0);
		assert_int_equal(phase(b, CLEANUP_SET, 5, 3), 0);
		/* Nothing else belongs to it any more. */
		assert_int_equal(phase(b, UNDO_SET, 5, 4), 0);
		assert_error(b, 0, SESSION, 4, PROCESSING_ERROR);
		answer_heard(b, last, 5, type == COMMIT_SET ? 2 : 1);
		assert_true(turn(b, clock_ms()));
		assert_int_equal(read_once(b), 20);
		const uint8_t *cleanup = b->passed + b->n_passed - 20;
		assert_int_equal(cleanup[1], CLEANUP_SET);
		assert_int_equal(number_at(cleanup + 8, 4, false), id);
		answer(b, cleanup);
		assert_silent(b);
		assert_int_equal(b->transport->n_sets, 0);
		b->n_passed = 0;
	}
}

/* The library hears of the end of a session when it is done with the SETs of that session. */
static void test_end_in_a_set(void **state)
{
	struct bed *b = *state;
	const uint8_t *test = passes(b, TEST_SET, 5, 1);
	uint64_t now_ms = clock_ms();

	close(b->master);
	b->master = -1;
	assert_int_equal(read_once(b), 0);
	assert_int_equal(b->transport->state, TRANSPORT_ENDED);
	assert_false(turn(b, now_ms));
	assert_int_equal(read_once(b), 0);
	/* One that it lost is never answered. */
	assert_true(turn(b, now_ms + TRANSPORT_PHASE_MS + 1000));
	answer(b, test);
	assert_true(turn(b, now_ms));
	assert_int_equal(read_once(b), -1);
}

/* Of LDOMS-MIB's root (RFC 2741 6.2.3); its size. */
static int make_register(uint8_t *pdu, uint32_t packet)
{
	const struct agentx_header h = {
		.version = 1, .type = REGISTER, .session = SESSION, .packet = packet};
	struct agentx_writer w = agentx_writer(pdu, 128, &h);

	agentx_write_u32(&w, 0);
	agentx_write_name(&w, ldoms_mib.root, ldoms_mib.root_length, NULL, 0);
	return (int)agentx_finish(&w);
}

/* What the library does not tell of a Register. */
static void test_register(void **state)
{
	static const struct {
		uint16_t error;
		enum registration result;
	} cases[] = {{0, REGISTRATION_GRANTED}, {263, REGISTRATION_REFUSED},
		{267, REGISTRATION_REFUSED}};
	struct bed *b = *state;
	const struct transport *f = b->transport;
	const struct transport_region *g = &f->regions[0];
	uint8_t pdu[28], asked[128], heard[128];

	assert_int_equal(g->registration, REGISTRATION_NONE);
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int size = make_register(asked, 20 + i);
		assert_int_equal(b->library->f_send(b->library, asked, size, NULL, NULL), size);
		assert_int_equal(recv(b->master, heard, sizeof(heard), MSG_DONTWAIT), size);
		assert_int_equal(g->registration, REGISTRATION_ASKED);
		assert_true(f->awaits);
		/* Another one's answer changes nothing. */
		make(pdu, RESPONSE, 0, SESSION, 19, 8);
		say(b, pdu, 28);
		assert_int_equal(read_once(b), 28);
		assert_int_equal(g->registration, REGISTRATION_ASKED);
		make(pdu, RESPONSE, 0, SESSION, 20 + i, 8);
		pdu[24] = (uint8_t)cases[i].error;
		pdu[25] = (uint8_t)(cases[i].error >> 8);
		say(b, pdu, 28);
		b->n_passed = 0;
		assert_int_equal(read_once(b), 28);
		assert_int_equal(g->registration, cases[i].result);
		assert_int_equal(g->error, cases[i].error);
		assert_false(f->awaits);
		/* The library is told that it was granted. */
		assert_int_equal(number_at(b->passed + 24, 4, false), 0);
		b->n_passed = 0;
	}
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
	assert_int_equal(phase(b, TEST_SET, 3000, 1), 0);
	assert_int_equal(b->transport->state, TRANSPORT_ENDED);
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

/* As the library answers a phase with an error. */
static void refuse(struct bed *b, const uint8_t *pdu)
{
	uint8_t r[28];

	make(r, RESPONSE, 0, 0, 0, 8);
	memcpy(r + 4, pdu + 4, 12);
	memset(r + 20, 0, 8);
	r[24] = WRONG_VALUE;
	assert_int_equal(b->library->f_send(b->library, r, sizeof(r), NULL, NULL), sizeof(r));
}

/* The CleanupSet that the library gets without one from the master. */
static void assert_cleaned_up(struct bed *b, uint32_t id)
{
	assert_true(turn(b, clock_ms()));
	b->n_passed = 0;
	assert_int_equal(read_once(b), 20);
	assert_int_equal(b->passed[1], CLEANUP_SET);
	assert_int_equal(number_at(b->passed + 8, 4, false), id);
	answer(b, b->passed);
}

/* A SET that is refused is over: not each master sends a CleanupSet. */
static void test_refused_sets(void **state)
{
	struct bed *b = *state;

	for (uint32_t i = 0; i < 2000; i++) {
		uint8_t heard[28];
		const uint8_t *pdu = passes(b, TEST_SET, i, i);
		uint32_t id = number_at(pdu + 8, 4, false);

		refuse(b, pdu);
		assert_int_equal(
			recv(b->master, heard, sizeof(heard), MSG_DONTWAIT), sizeof(heard));
		assert_int_equal(number_at(heard + 24, 2, false), WRONG_VALUE);
		assert_cleaned_up(b, id);
		/* That of another one is too late, and does no harm. */
		if (i % 2)
			assert_int_equal(phase(b, CLEANUP_SET, i, i + 1), 0);
		assert_silent(b);
		assert_int_equal(b->transport->n_sets, 0);
		b->n_passed = 0;
	}
}

/* Nor is there always an UndoSet or a CleanupSet behind a CommitSet. */
static void test_committed_and_forgotten(void **state)
{
	struct bed *b = *state;
	uint32_t ids[2000];

	for (uint32_t i = 0; i < 2000; i++) {
		b->n_passed = 0;
		const uint8_t *pdu = passes(b, TEST_SET, i, 2 * i);
		ids[i] = number_at(pdu + 8, 4, false);
		answer_heard(b, pdu, i, 2 * i);
		answer_heard(b, passes(b, COMMIT_SET, i, 2 * i + 1), i, 2 * i + 1);
		if (b->transport->n_sets <= TRANSPORT_COMMITTED_MAX)
			continue;
		/* Behind the next phase that passes. */
		b->n_passed = 0;
		assert_int_equal(phase(b, TEST_SET, 5000, 9000 + i), 40);
		assert_int_equal(b->passed[21], CLEANUP_SET);
		assert_int_equal(
			number_at(b->passed + 28, 4, false), ids[i - TRANSPORT_COMMITTED_MAX]);
		answer(b, b->passed + 20);
		answer_heard(b, b->passed, 5000, 9000 + i);
		assert_int_equal(phase(b, CLEANUP_SET, 5000, 20000 + i), 20);
		answer(b, b->passed + 40);
		assert_silent(b);
		assert_int_equal(b->transport->n_sets, TRANSPORT_COMMITTED_MAX);
	}
}

static void test_sent(void **state)
{
	static uint8_t pdu[70000], heard[70000];
	struct bed *b = *state;
	size_t n = make(pdu, RESPONSE, BIG, SESSION, 8, 65536 - 20);

	assert_int_equal(b->library->f_send(b->library, pdu, (int)n, NULL, NULL), n);
	assert_int_equal(recv(b->master, heard, sizeof(heard), MSG_WAITALL | MSG_DONTWAIT), n);
	assert_memory_equal(heard, pdu, n);
	n = make(pdu, RESPONSE, BIG, SESSION, 9, 65536 - 16);
	assert_int_equal(b->library->f_send(b->library, pdu, (int)n, NULL, NULL), n);
	assert_error(b, BIG, SESSION, 9, TOO_BIG);
	/* Our own requests. */
	n = make(pdu, NOTIFY, 0, SESSION, 10, 40);
	assert_int_equal(b->library->f_send(b->library, pdu, (int)n, NULL, NULL), n);
	assert_int_equal(recv(b->master, heard, sizeof(heard), 0), n);
	assert_silent(b);
}

/* RFC 2741 5.3, 6.1.1: length and octets of a context and its padding, in front of the body. */
static size_t put_context(uint8_t *to, const char *name, int flags, const void *body, size_t n)
{
	size_t length = strlen(name), padded = length + -length % 4;

	memset(to, 0, 4 + padded);
	put(to, (uint32_t)length, flags & BIG);
	memcpy(to + 4, name, length);
	memcpy(to + 4 + padded, body, n);
	return 4 + padded + n;
}

/* What is about the MIB has the context when it leaves, what is about the session has not. */
static void test_context_is_sent(void **state)
{
	static const struct {
		int type;
		bool context;
	} cases[] = {{CLOSE, false}, {REGISTER, true}, {4, true}, {NOTIFY, true}, {13, false},
		{16, true}, {17, true}, {RESPONSE, false}};
	struct bed *b = *state;
	uint8_t pdu[64], wanted[64], heard[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int flags = 0; flags <= BIG; flags += BIG) {
			size_t n = make(pdu, cases[i].type, flags, SESSION, 9, 12), m = n;

			memcpy(wanted, pdu, n);
			if (cases[i].context) {
				m = 20 + put_context(wanted + 20, NAME, flags, pdu + 20, 12);
				wanted[2] |= CONTEXT;
				put(wanted + 16, (uint32_t)m - 20, flags & BIG);
			}
			assert_int_equal(
				b->library->f_send(b->library, pdu, (int)n, NULL, NULL), n);
			assert_int_equal(recv(b->master, heard, sizeof(heard), MSG_DONTWAIT), m);
			assert_memory_equal(heard, wanted, m);
		}
}

/* Of requests only those in our context are taken, and the library sees none in them. */
static void test_context_is_taken(void **state)
{
	static const char *const others[] = {
		"", "a \xff\"", "a \xff\"%%", "b \xff\"%", "a \xff\"\0", "\xff\xff\xff\xff"};
	struct bed *b = *state;
	uint8_t pdu[256];

	for (int flags = 0; flags <= BIG; flags += BIG) {
		uint8_t body[64];
		size_t n;

		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
			n = put_context(body, others[i], flags, "xxxxxxxx", 8);
			make(pdu, GET, flags | CONTEXT, SESSION, 3, (uint32_t)n);
			memcpy(pdu + 20, body, n);
			say(b, pdu, 20 + n);
			assert_int_equal(read_once(b), 0);
			assert_error(b, flags, SESSION, 3, UNSUPPORTED_CONTEXT);
		}
		/* One that is said to be longer than the PDU, and none at all. */
		n = make(pdu, GET, flags | CONTEXT, SESSION, 3, 8);
		put(pdu + 20, 0xffffffff, flags & BIG);
		say(b, pdu, n);
		assert_int_equal(read_once(b), 0);
		assert_error(b, flags, SESSION, 3, UNSUPPORTED_CONTEXT);
		say(b, pdu, make(pdu, TEST_SET, flags, SESSION, 3, 8));
		assert_int_equal(read_once(b), 0);
		assert_error(b, flags, SESSION, 3, UNSUPPORTED_CONTEXT);

		n = put_context(body, NAME, flags, "xxxxxxxx", 8);
		make(pdu, TEST_SET, flags | CONTEXT, SESSION, 4, (uint32_t)n);
		memcpy(pdu + 20, body, n);
		say(b, pdu, 20 + n);
		assert_int_equal(read_once(b), 28);
		make(pdu, TEST_SET, flags, ~(uint32_t)SESSION, 4, 8);
		memcpy(pdu + 8, b->passed + 8, 4); /* the filter's own number */
		assert_memory_equal(b->passed, pdu, 28);
		answer(b, b->passed);
		assert_answer(b, flags, 5, 4);
		/* The other phases have none; one that has it nevertheless is taken, too. */
		assert_int_equal(phase_in(b, flags, COMMIT_SET, 5, 6), 20);
		answer(b, b->passed + 28);
		assert_answer(b, flags, 5, 6);
		n = put_context(body, NAME, flags, "", 0);
		make(pdu, CLEANUP_SET, flags | CONTEXT, SESSION, 7, (uint32_t)n);
		memcpy(pdu + 20, body, n);
		say(b, pdu, 20 + n);
		assert_int_equal(read_once(b), 20);
		answer(b, b->passed + 48);
		b->n_passed = 0;
		assert_silent(b);
	}
}

/* The reads of it are answered. */
static void test_context_is_read(void **state)
{
	static const uint8_t sys_descr[] = {
		4, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
	struct bed *b = *state;
	uint8_t pdu[128], body[128], answer[64];
	size_t n = put_context(body, NAME, BIG, sys_descr, sizeof(sys_descr));

	make(pdu, GET, BIG | CONTEXT, SESSION, 8, (uint32_t)n);
	memcpy(pdu + 20, body, n);
	for (size_t at = 0; at < 20 + n; at++) {
		say(b, pdu + at, 1);
		assert_int_equal(read_once(b), 0);
	}
	assert_int_equal(recv(b->master, answer, sizeof(answer), MSG_DONTWAIT), 28 + 4 + 20);
	assert_int_equal(answer[2], BIG);
	assert_int_equal(number_at(answer + 28, 2, true), 128);
	assert_memory_equal(answer + 32, sys_descr, 20);
	/* Too long to look for the context. */
	make(pdu, GET, BIG | CONTEXT, SESSION, 9, 0);
	put(pdu + 16, 65516 + 4, true);
	say(b, pdu, 20);
	assert_int_equal(read_once(b), 0);
	assert_error(b, BIG, SESSION, 9, TOO_BIG);
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
	assert_int_equal(recv(b->master, pdu, sizeof(pdu), MSG_DONTWAIT), 0);
}

/* A master that forgot us. */
static void test_not_open(void **state)
{
	struct bed *b = *state;
	uint8_t pdu[28];

	make(pdu, RESPONSE, 0, SESSION, 1, 8);
	pdu[24] = NOT_OPEN & 0xff;
	pdu[25] = NOT_OPEN >> 8;
	say(b, pdu, 28);
	assert_int_equal(read_once(b), -1);
}

/* A master that dies with something unread resets the stream. */
static void test_reset(void **state)
{
	struct bed *b = *state;

	assert_int_equal(send(b->library->sock, "unread", 6, 0), 6);
	close(b->master);
	b->master = -1;
	assert_int_equal(read_once(b), -1);
}

static void send_until_full(struct bed *b, uint8_t *pdu, size_t n)
{
	uint64_t now_ms = clock_ms();

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(b->library->f_send(b->library, pdu, (int)n, NULL, NULL), n);
		turn(b, now_ms);
	}
	assert_int_equal(b->transport->state, TRANSPORT_OPEN);
}

/* A master that reads late gets all of it, whole. */
static void test_late_reader(void **state)
{
	struct bed *b = *state;
	uint8_t pdu[4096], heard[4096];
	size_t n = make(pdu, RESPONSE, BIG, SESSION, 1, sizeof(pdu) - 20);

	send_until_full(b, pdu, n);
	for (int i = 0; i < 1000; i++) {
		for (size_t got = 0; got < n;) {
			ssize_t part = recv(b->master, heard + got, n - got, MSG_DONTWAIT);
			got += part > 0 ? (size_t)part : 0;
			if (part <= 0)
				turn(b, clock_ms());
		}
		assert_memory_equal(heard, pdu, n);
	}
	assert_silent(b);
	/* And what it asks is read again. */
	make(pdu, GET, 0, SESSION, 9, 8);
	say(b, pdu, 28);
	turn(b, clock_ms());
	assert_error(b, 0, SESSION, 9, PARSE_ERROR);
}

/* A master that never reads costs no time, and loses the session. */
static void test_full(void **state)
{
	struct bed *b = *state;
	uint8_t pdu[4096];
	size_t n = make(pdu, RESPONSE, BIG, SESSION, 1, sizeof(pdu) - 20);

	uint64_t begun_ms = clock_ms();
	send_until_full(b, pdu, n);
	turn(b, begun_ms + 1000);
	assert_int_equal(b->transport->state, TRANSPORT_OPEN);
	turn(b, clock_ms() + 3000);
	assert_int_equal(b->transport->state, TRANSPORT_ENDED);
	while (recv(b->master, pdu, sizeof(pdu), 0) > 0)
		;
	assert_int_equal(read_once(b), -1);
}

/* A master that asks and does not read is not read either, so memory has a bound. */
static void test_asks_and_does_not_read(void **state)
{
	struct bed *b = *state;
	uint8_t pdu[28];
	int asked = 0, quiet = 0;
	/* One moment: however slow this machine is, the session is not over yet. */
	uint64_t now_ms = clock_ms();

	make(pdu, GET, 0, SESSION, 9, 8);
	for (; quiet < 100; asked++) {
		bool sent = send(b->master, pdu, 28, MSG_DONTWAIT) == 28;
		quiet = sent ? 0 : quiet + 1;
		turn(b, now_ms);
	}
	assert_true(asked > 1000);
	assert_int_equal(b->transport->state, TRANSPORT_OPEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cleanup_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_phases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cleanup_overtakes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_in_a_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_register, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_asks_and_does_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_phase, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_number_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_phases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_sets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_committed_and_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_context_is_sent, setup_with_context, teardown),
		cmocka_unit_test_setup_teardown(
			test_context_is_taken, setup_with_context, teardown),
		cmocka_unit_test_setup_teardown(test_context_is_read, setup_with_context, teardown),
		cmocka_unit_test_setup_teardown(test_hang_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
	};
	setenv("MIBS", "", 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	init_snmp("transport-test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
