/*
 * The transport and its AgentX filter between the master's octets and the library: only phases of
 * SETs and Responses pass, each other request is answered once, and nothing depends on how the
 * octets come.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/snmp_transport.h>

#include "tables/mib.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "snmp/transport.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/pollset.h"

const char fuzz_name[] = "transport";

#define SESSION	    0x65
#define PDU_MAX	    65536
#define HEADER_SIZE 20
#define ANSWER_SIZE 28
#define WAITING_MAX 64

enum { TYPE_TEST_SET = 8, TYPE_CLEANUP_SET = 11, TYPE_RESPONSE = 18 };
enum { FLAG_CONTEXT = 8, FLAG_NETWORK_ORDER = 0x10 };

/* What the master says, in pieces, and what comes of it. */
static struct ldm_status status = {.link = LINK_UP};
static struct agent_facts facts = {.version = "0"};
static const struct view view = {
	.status = &status, .facts = &facts, .mibs = &mib_list_default, .now_ms = 100000};

/* What the master says, in pieces, and what comes of it. */
static struct {
	struct transport *transport;
	netsnmp_transport *library;
	int master; /* the other end */
	const uint8_t *at;
	size_t left;
	struct fuzz_chance *pieces; /* NULL: as much as there is room for */
	struct fuzz_chance
		*delays; /* NULL: nothing is answered, as what passes then depends on when */
	struct buffer passed, answered;
	struct waiting { /* what passed and is not answered */
		uint8_t header[HEADER_SIZE];
	} waiting[WAITING_MAX];
	size_t n_waiting;
} f;

static bool is_open(void)
{
	return f.transport->state == TRANSPORT_OPEN;
}

/* All that the agent sent. */
static void drain(void)
{
	ssize_t n;
	char *room;

	do {
		FUZZ_CHECK(buffer_reserve(&f.answered, 65536, &room) == 0);
		n = recv(f.master, room, 65536, MSG_DONTWAIT);
		buffer_commit(&f.answered, n > 0 ? (size_t)n : 0);
	} while (n > 0);
}

static void open_session(void)
{
	static const uint8_t open[] = {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t opened[] = {1, 18, 0, 0, SESSION, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	uint8_t room[PDU_MAX];
	void *opaque = NULL;
	int fds[2], olength = 0;

	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	f.master = fds[0];
	transport_offer(f.transport, fds[1]);
	f.library = netsnmp_transport_open_client("agentx", TRANSPORT_ADDRESS);
	FUZZ_CHECK(f.library);
	FUZZ_CHECK(f.library->f_send(f.library, open, sizeof(open), NULL, NULL) == sizeof(open));
	FUZZ_CHECK(send(f.master, opened, sizeof(opened), 0) == sizeof(opened));
	FUZZ_CHECK(f.library->f_recv(f.library, room, PDU_MAX, &opaque, &olength) == ANSWER_SIZE);
}

static void close_session(void)
{
	f.library->f_close(f.library);
	netsnmp_transport_free(f.library);
	close(f.master);
}

/* The next piece of what the master says. */
static void say(void)
{
	size_t n = f.left < 4096 ? f.left : 4096;

	if (f.pieces)
		n = 1 + fuzz_chance_below(f.pieces, 40);
	if (n > f.left)
		n = f.left;
	FUZZ_CHECK(send(f.master, f.at, n, MSG_NOSIGNAL) == (ssize_t)n);
	f.at += n;
	f.left -= n;
}

static uint32_t number_at(const uint8_t *pdu, size_t at)
{
	const uint8_t *p = pdu + at;

	if (pdu[2] & FLAG_NETWORK_ORDER)
		return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* The library is never given a phase of a SET while it has another one. */
static void check_phase(const uint8_t *pdu)
{
	for (size_t i = 0; i < f.n_waiting; i++) {
		const uint8_t *other = f.waiting[i].header;

		FUZZ_CHECK(number_at(other, 8) != number_at(pdu, 8));
	}
}

/* A CleanupSet's answer must not leave, any other must, with the number of this session. */
static void answer_oldest(netsnmp_transport *t)
{
	const uint8_t *pdu = f.waiting[0].header;
	uint8_t answer[ANSWER_SIZE] = {1, TYPE_RESPONSE, pdu[2]};

	drain();
	size_t before = f.answered.len;

	memcpy(answer + 4, pdu + 4, 12);
	answer[pdu[2] & FLAG_NETWORK_ORDER ? 19 : 16] = ANSWER_SIZE - HEADER_SIZE;
	/* Some are refused, and are over then. */
	answer[pdu[2] & FLAG_NETWORK_ORDER ? 25 : 24] = number_at(pdu, 12) % 4 == 1;
	FUZZ_CHECK(t->f_send(t, answer, sizeof(answer), NULL, NULL) == sizeof(answer));
	drain();
	if (pdu[1] == TYPE_CLEANUP_SET || !is_open())
		FUZZ_CHECK(f.answered.len == before);
	else
		FUZZ_CHECK(f.answered.len == before + ANSWER_SIZE &&
			   number_at((const uint8_t *)buffer_data(&f.answered) + before, 4) ==
				   SESSION);
	f.answered.len = before;
	f.n_waiting--;
	for (size_t i = 0; i < f.n_waiting; i++)
		f.waiting[i] = f.waiting[i + 1];
}

/* Only phases of SETs reach the library; they have a mark on them. */
static void check_request(netsnmp_transport *t, const uint8_t *pdu)
{
	FUZZ_CHECK(pdu[1] >= TYPE_TEST_SET && pdu[1] <= TYPE_CLEANUP_SET);
	FUZZ_CHECK(!(pdu[2] & FLAG_CONTEXT) && number_at(pdu, 16) % 4 == 0);
	FUZZ_CHECK(number_at(pdu, 4) == ~(uint32_t)SESSION);
	if (!f.delays)
		return;
	if (f.n_waiting == WAITING_MAX)
		answer_oldest(t);
	check_phase(pdu);
	memcpy(f.waiting[f.n_waiting++].header, pdu, HEADER_SIZE);
}

/* Requests of this session without a context, and answers; whole. */
static void check_passed(netsnmp_transport *t, const uint8_t *pdu, size_t n)
{
	while (n > 0) {
		FUZZ_CHECK(n >= HEADER_SIZE && pdu[0] == 1);
		size_t size = (size_t)number_at(pdu, 16) + HEADER_SIZE;

		FUZZ_CHECK(size <= n && size <= PDU_MAX);
		if (pdu[1] != TYPE_RESPONSE)
			check_request(t, pdu);
		pdu += size;
		n -= size;
	}
}

/* Whole Responses, with an error and nothing else, or with varbinds. */
static void check_answered(const uint8_t *pdu, size_t n)
{
	while (n > 0) {
		FUZZ_CHECK(n >= ANSWER_SIZE && pdu[0] == 1 && pdu[1] == TYPE_RESPONSE);
		size_t size = (size_t)number_at(pdu, 16) + HEADER_SIZE;

		FUZZ_CHECK(size % 4 == 0 && size >= ANSWER_SIZE && size <= n && size <= PDU_MAX);
		FUZZ_CHECK(size == ANSWER_SIZE || !(pdu[24] || pdu[25]));
		pdu += size;
		n -= size;
	}
}

static void read_all(uint8_t *room)
{
	for (;;) {
		void *opaque = NULL;
		int olength = 0, n = f.library->f_recv(f.library, room, PDU_MAX, &opaque, &olength);

		FUZZ_CHECK(n <= PDU_MAX && !opaque);
		if (n <= 0)
			break;
		check_passed(f.library, room, (size_t)n);
		FUZZ_CHECK(buffer_append(&f.passed, room, (size_t)n) == 0);
		while (f.delays && f.n_waiting > 0 && fuzz_chance_below(f.delays, 3) > 0)
			answer_oldest(f.library);
	}
	drain();
}

/* Whether the session stood to the end. */
static bool talk(
	const uint8_t *data, size_t size, struct fuzz_chance *pieces, struct fuzz_chance *delays)
{
	uint8_t *room = malloc(PDU_MAX);

	FUZZ_CHECK(room);
	open_session();
	f.at = data;
	f.left = size;
	f.pieces = pieces;
	f.delays = delays;
	f.n_waiting = 0;
	while (f.left > 0 && is_open()) {
		say();
		read_all(room);
	}
	bool stood = is_open();
	/* The end is told once nothing is owed. */
	if (delays) {
		while (f.n_waiting > 0) {
			answer_oldest(f.library);
			read_all(room);
		}
		FUZZ_CHECK(stood || transport_dispatch(f.transport, &POLLSET_EMPTY, clock_ms()));
	}
	check_answered((const uint8_t *)buffer_data(&f.answered), f.answered.len);
	free(room);
	close_session();
	return stood;
}

static void clear(void)
{
	buffer_clear(&f.passed);
	buffer_clear(&f.answered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_chance c = fuzz_chance_of(data, size);
	_cleanup_(buffer_clear) struct buffer passed = BUFFER_EMPTY, answered = BUFFER_EMPTY;

	if (!f.transport)
		FUZZ_CHECK(transport_new(NULL, &view, &f.transport) == 0);
	/* Half of the inputs go to an agent that has a context. */
	f.transport->context = size % 2 ? "abcd" : NULL;
	bool stood = talk(data, size, NULL, NULL);
	passed = f.passed;
	answered = f.answered;
	f.passed = f.answered = BUFFER_EMPTY;
	FUZZ_CHECK(talk(data, size, &c, NULL) == stood);
	/* At the end of a session, how much came before it is chance. */
	FUZZ_CHECK(!stood || (f.passed.len == passed.len && f.answered.len == answered.len));
	if (stood) {
		FUZZ_CHECK(memcmp(buffer_data(&f.passed), buffer_data(&passed), passed.len) == 0);
		FUZZ_CHECK(memcmp(buffer_data(&f.answered), buffer_data(&answered), answered.len) ==
			   0);
	}
	clear();
	talk(data, size, &c, &c);
	clear();
	return 0;
}
