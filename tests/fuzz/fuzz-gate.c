/*
 * The gate between the master's bytes and the library: only whole PDUs of this session pass, each
 * other one is answered once, and nothing depends on how the bytes come.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "snmp/gate.h"
#include "util/buffer.h"
#include "util/cleanup.h"

#include <net-snmp/library/snmp_transport.h>

const char fuzz_name[] = "gate";

#define SESSION	    0x65
#define PDU_MAX	    65536
#define HEADER_SIZE 20
#define ANSWER_SIZE 28
#define WAITING_MAX 64

enum { TYPE_GET = 5, TYPE_TEST_SET = 8, TYPE_CLEANUP_SET = 11, TYPE_RESPONSE = 18 };
enum { FLAG_CONTEXT = 8, FLAG_NETWORK_ORDER = 0x10 };

/* What the master says, in pieces, and what comes of it. */
static struct {
	const uint8_t *at;
	size_t left;
	struct fuzz_chance *pieces; /* NULL: as much as there is room for */
	struct fuzz_chance
		*delays; /* NULL: nothing is answered, as what passes then depends on when */
	struct buffer passed, answered;
	bool ended;
	struct waiting { /* what passed and is not answered */
		uint8_t header[HEADER_SIZE];
	} waiting[WAITING_MAX];
	size_t n_waiting;
} f;

static int master_recv(netsnmp_transport *t, void *buf, int size, void **opaque, int *olength)
{
	size_t n = f.left;

	(void)t, (void)opaque, (void)olength;
	FUZZ_CHECK(size > 0);
	if (f.pieces && n > 0)
		n = 1 + fuzz_chance_below(f.pieces, 40);
	if (n > f.left)
		n = f.left;
	if (n > (size_t)size)
		n = (size_t)size;
	memcpy(buf, f.at, n);
	f.at += n;
	f.left -= n;
	return (int)n;
}

static int master_send(netsnmp_transport *t, const void *buf, int size, void **opaque, int *olength)
{
	(void)t, (void)opaque, (void)olength;
	FUZZ_CHECK(size > 0 && buffer_append(&f.answered, buf, (size_t)size) == 0);
	return size;
}

static int master_close(netsnmp_transport *t)
{
	(void)t;
	return 0;
}

static netsnmp_session *open_session(void)
{
	netsnmp_transport *t = calloc(1, sizeof(*t));
	netsnmp_session template, *session;

	FUZZ_CHECK(t);
	t->sock = -1;
	t->flags = NETSNMP_TRANSPORT_FLAG_STREAM;
	t->msgMaxSize = 0x7fffffff;
	t->f_recv = master_recv;
	t->f_send = master_send;
	t->f_close = master_close;
	snmp_sess_init(&template);
	session = snmp_add(&template, t, NULL, NULL);
	FUZZ_CHECK(session);
	session->sessid = SESSION;
	FUZZ_CHECK(gate_install(session) == 0);
	return session;
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

		FUZZ_CHECK(other[1] < TYPE_TEST_SET || number_at(other, 8) != number_at(pdu, 8));
	}
}

/* A CleanupSet's answer must not leave, any other must, with the number of this session. */
static void answer_oldest(netsnmp_transport *t)
{
	const uint8_t *pdu = f.waiting[0].header;
	uint8_t answer[ANSWER_SIZE] = {1, TYPE_RESPONSE, pdu[2]};
	size_t before = f.answered.len;

	memcpy(answer + 4, pdu + 4, 12);
	answer[pdu[2] & FLAG_NETWORK_ORDER ? 19 : 16] = ANSWER_SIZE - HEADER_SIZE;
	FUZZ_CHECK(t->f_send(t, answer, sizeof(answer), NULL, NULL) == sizeof(answer));
	if (pdu[1] == TYPE_CLEANUP_SET)
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

static void check_request(netsnmp_transport *t, const uint8_t *pdu)
{
	FUZZ_CHECK(pdu[1] >= TYPE_GET && pdu[1] <= TYPE_CLEANUP_SET);
	FUZZ_CHECK(!(pdu[2] & FLAG_CONTEXT) && number_at(pdu, 16) % 4 == 0);
	/* Phases of a SET have a mark on them. */
	FUZZ_CHECK(number_at(pdu, 4) == (pdu[1] < TYPE_TEST_SET ? SESSION : ~(uint32_t)SESSION));
	if (!f.delays)
		return;
	if (f.n_waiting == WAITING_MAX)
		answer_oldest(t);
	if (pdu[1] >= TYPE_TEST_SET)
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

static void check_answered(const uint8_t *pdu, size_t n)
{
	FUZZ_CHECK(n % ANSWER_SIZE == 0);
	for (; n > 0; n -= ANSWER_SIZE, pdu += ANSWER_SIZE) {
		FUZZ_CHECK(pdu[0] == 1 && pdu[1] == TYPE_RESPONSE);
		FUZZ_CHECK(number_at(pdu, 16) == ANSWER_SIZE - HEADER_SIZE);
		FUZZ_CHECK(pdu[24] || pdu[25]);
	}
}

static void talk(
	const uint8_t *data, size_t size, struct fuzz_chance *pieces, struct fuzz_chance *delays)
{
	netsnmp_session *session = open_session();
	netsnmp_transport *t = snmp_sess_transport(snmp_sess_pointer(session));
	uint8_t *room = malloc(PDU_MAX);

	FUZZ_CHECK(room);
	f.at = data;
	f.left = size;
	f.pieces = pieces;
	f.delays = delays;
	f.n_waiting = 0;
	f.ended = false;
	while (f.left > 0 && !f.ended) {
		void *opaque = NULL;
		int olength = 0, n = t->f_recv(t, room, PDU_MAX, &opaque, &olength);

		free(opaque);
		f.ended = n < 0;
		if (n <= 0)
			continue;
		FUZZ_CHECK(n <= PDU_MAX);
		check_passed(t, room, (size_t)n);
		while (f.n_waiting > 0 && fuzz_chance_below(f.delays, 3) > 0)
			answer_oldest(t);
		FUZZ_CHECK(buffer_append(&f.passed, room, (size_t)n) == 0);
	}
	check_answered((const uint8_t *)buffer_data(&f.answered), f.answered.len);
	free(room);
	snmp_close(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_chance c = fuzz_chance_of(data, size);
	_cleanup_(buffer_clear) struct buffer passed = BUFFER_EMPTY, answered = BUFFER_EMPTY;

	talk(data, size, NULL, NULL);
	passed = f.passed;
	answered = f.answered;
	f.passed = f.answered = BUFFER_EMPTY;
	bool ended = f.ended;
	talk(data, size, &c, NULL);
	FUZZ_CHECK(f.ended == ended);
	/* At the end of a session, how much came before it is chance. */
	FUZZ_CHECK(ended || (f.passed.len == passed.len && f.answered.len == answered.len));
	if (!ended) {
		FUZZ_CHECK(memcmp(buffer_data(&f.passed), buffer_data(&passed), passed.len) == 0);
		FUZZ_CHECK(memcmp(buffer_data(&f.answered), buffer_data(&answered), answered.len) ==
			   0);
	}
	buffer_clear(&f.passed);
	buffer_clear(&f.answered);
	talk(data, size, &c, &c);
	buffer_clear(&f.passed);
	buffer_clear(&f.answered);
	return 0;
}
