/*
 * See gate.h. What comes in is held until a PDU is complete, so the library never sees a part of
 * one; what the gate answers by itself, it never sees at all.
 */
#include "config.h"

#include "snmp/gate.h"

#include <net-snmp/library/snmp_transport.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util/log.h"

#define TOKEN "agentx:gate"

/* RFC 2741 6.1; the library's header is not installed. */
enum { HEADER_SIZE = 20, RESPONSE_SIZE = 28, AGENTX_VERSION = 1 };
enum { FLAG_CONTEXT = 8, FLAG_NETWORK_ORDER = 0x10 };
enum {
	AT_TYPE = 1,
	AT_FLAGS = 2,
	AT_SESSION = 4,
	AT_TRANSACTION = 8,
	AT_PACKET = 12,
	AT_LENGTH = 16
};
enum {
	TYPE_CLOSE = 2,
	TYPE_GET = 5,
	TYPE_TEST_SET = 8,
	TYPE_UNDO_SET = 10,
	TYPE_CLEANUP_SET = 11,
	TYPE_RESPONSE = 18
};
enum { NOT_OPEN = 257, UNSUPPORTED_CONTEXT = 262, PARSE_ERROR = 266, PROCESSING_ERROR = 268 };

/* What the library takes (agentx/protocol.c). */
#define PDU_MAX 65536
/* Nobody asks for so much: the beginning of a PDU was lost. */
#define STREAM_LOST (1U << 26)

/* SETs remembered. net-snmp's master has one under way at a time. */
#define SETS_MAX 1024

/* The last phase of a SET that came, until the UndoSet or CleanupSet that ends it is answered. */
struct set {
	uint32_t transaction; /* as the master says; it may begin the next one by the same number */
	uint32_t id;	      /* as the library is told */
	uint32_t packet;
	uint8_t type;
	bool answered;
};

struct gate {
	netsnmp_session *session;
	size_t n;    /* octets of a PDU that is not complete */
	size_t skip; /* octets that are left of one that is not wanted */
	uint32_t last_id;
	size_t n_sets;
	struct set sets[SETS_MAX];
	uint8_t held[PDU_MAX], answer[PDU_MAX];
};

struct header {
	uint8_t type, flags;
	uint32_t session, transaction, packet, length;
};

enum verdict { PASS, DROP, HANG_UP };

/*
 * A master that sends and does not read fills both directions; the thread must not stand still with
 * it. Its requests alone are too few for that.
 */
#define SEND_TIMEOUT_S 2

/* --- numbers in the order of the PDU -------------------------------------------------------- */

static bool is_big(const uint8_t *pdu)
{
	return pdu[AT_FLAGS] & FLAG_NETWORK_ORDER;
}

static uint32_t get_number(const uint8_t *pdu, size_t at)
{
	const uint8_t *p = pdu + at;

	return is_big(pdu)
		       ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
		       : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void put_number(uint8_t *pdu, size_t at, unsigned int octets, uint32_t number)
{
	for (unsigned int i = 0; i < octets; i++) {
		unsigned int place = is_big(pdu) ? octets - 1 - i : i;
		pdu[at + place] = (uint8_t)(number >> (8 * i));
	}
}

static struct header read_header(const uint8_t *pdu)
{
	return (struct header){
		.type = pdu[AT_TYPE],
		.flags = pdu[AT_FLAGS],
		.session = get_number(pdu, AT_SESSION),
		.transaction = get_number(pdu, AT_TRANSACTION),
		.packet = get_number(pdu, AT_PACKET),
		.length = get_number(pdu, AT_LENGTH),
	};
}

/* --- sending -------------------------------------------------------------------------------- */

/* What is sent in part cannot be followed by anything. The library notices the end by itself. */
static int send_whole(netsnmp_transport *inner, const void *pdu, int size)
{
	int n = inner->f_send(inner, pdu, size, NULL, NULL);

	if (n == size)
		return n;
	log_info(TOKEN, "the AgentX master does not read");
	shutdown(inner->sock, SHUT_RDWR);
	return -1;
}

/* --- answers of our own --------------------------------------------------------------------- */

/* To a PDU from the master, or instead of a Response to one. An error of SNMP needs an index, or
 * net-snmp's master makes genErr of it. */
static void respond(netsnmp_transport *inner, const uint8_t *pdu, unsigned int error)
{
	uint8_t response[RESPONSE_SIZE] = {
		AGENTX_VERSION, TYPE_RESPONSE, pdu[AT_FLAGS] & FLAG_NETWORK_ORDER};

	memcpy(response + AT_SESSION, pdu + AT_SESSION, AT_LENGTH - AT_SESSION);
	put_number(response, AT_LENGTH, 4, RESPONSE_SIZE - HEADER_SIZE);
	put_number(response, 24, 2, error);
	put_number(response, 26, 2, error == SNMP_ERR_TOOBIG);
	send_whole(inner, response, sizeof(response));
	log_debug(TOKEN, "PDU of type %u and %zu octets is answered with error %u", pdu[AT_TYPE],
		(size_t)get_number(pdu, AT_LENGTH) + HEADER_SIZE, error);
}

/* --- from the master ------------------------------------------------------------------------ */

static unsigned int error_in(const struct gate *g, const uint8_t *pdu, const struct header *h)
{
	if (pdu[0] != AGENTX_VERSION || h->type < TYPE_GET || h->type > TYPE_CLEANUP_SET ||
		h->length % 4)
		return PARSE_ERROR;
	if (h->session != (uint32_t)g->session->sessid)
		return NOT_OPEN;
	if (h->flags & FLAG_CONTEXT)
		return UNSUPPORTED_CONTEXT;
	return h->length > PDU_MAX - HEADER_SIZE ? SNMP_ERR_TOOBIG : 0;
}

/* --- the phases of a SET -------------------------------------------------------------------- */

static bool ends_set(uint8_t type)
{
	return type == TYPE_UNDO_SET || type == TYPE_CLEANUP_SET;
}

static bool is_repeat(const struct gate *g, const struct header *h)
{
	for (size_t i = 0; i < g->n_sets; i++)
		if (g->sets[i].transaction == h->transaction && g->sets[i].type == h->type &&
			g->sets[i].packet == h->packet)
			return true;
	return false;
}

static struct set *find_open(struct gate *g, uint32_t transaction)
{
	for (size_t i = 0; i < g->n_sets; i++)
		if (g->sets[i].transaction == transaction && !ends_set(g->sets[i].type))
			return &g->sets[i];
	return NULL;
}

static struct set *find_id(struct gate *g, uint32_t id)
{
	for (size_t i = 0; i < g->n_sets; i++)
		if (g->sets[i].id == id)
			return &g->sets[i];
	return NULL;
}

static void drop_set(struct gate *g, const struct set *s)
{
	size_t place = (size_t)(s - g->sets);

	g->n_sets--;
	memmove(&g->sets[place], &g->sets[place + 1], (g->n_sets - place) * sizeof(g->sets[0]));
}

/*
 * The library answers with the numbers as they came, and looks at the session's nowhere else, so
 * another one marks the Response that phase_is_answered() has to see.
 */
static enum verdict pass_phase(struct set *s, const struct header *h, uint8_t *pdu)
{
	s->packet = h->packet;
	s->type = h->type;
	s->answered = false;
	put_number(pdu, AT_SESSION, 4, ~h->session);
	put_number(pdu, AT_TRANSACTION, 4, s->id);
	return PASS;
}

static enum verdict begin_set(struct gate *g, const struct header *h, uint8_t *pdu)
{
	struct set *s = &g->sets[g->n_sets];

	if (g->n_sets == SETS_MAX) {
		log_info(TOKEN, "the AgentX master begins SETs and ends none");
		return HANG_UP;
	}
	g->n_sets++;
	s->transaction = h->transaction;
	s->id = ++g->last_id;
	return pass_phase(s, h, pdu);
}

/*
 * The library frees what it knows of a SET with the answer to its last phase, uses it with the
 * answer to any other, and forgets to answer a CommitSet that comes again (agentx/subagent.c). So
 * a phase has to wait for the answer to the one before, and the next SET has a number of its own.
 * A master that asks again for the same has its answer already, or will get it.
 */
static enum verdict take_phase(
	struct gate *g, netsnmp_transport *inner, const struct header *h, uint8_t *pdu)
{
	struct set *s = find_open(g, h->transaction);

	if (is_repeat(g, h))
		return DROP;
	if (!s && h->type == TYPE_TEST_SET)
		return begin_set(g, h, pdu);
	if (s && s->answered)
		return pass_phase(s, h, pdu);
	if (h->type != TYPE_CLEANUP_SET && (!s || h->type != s->type))
		respond(inner, pdu, PROCESSING_ERROR);
	return DROP;
}

/* Gives a Response the numbers that the master knows; false: it is not to be sent. */
static bool phase_is_answered(struct gate *g, uint8_t *response)
{
	struct set *s = find_id(g, get_number(response, AT_TRANSACTION));

	if (!s)
		return false;
	bool wanted = s->type != TYPE_CLEANUP_SET;
	put_number(response, AT_SESSION, 4, (uint32_t)g->session->sessid);
	put_number(response, AT_TRANSACTION, 4, s->transaction);
	s->answered = true;
	if (ends_set(s->type))
		drop_set(g, s);
	return wanted;
}

/* -------------------------------------------------------------------------------------------- */

static enum verdict judge(struct gate *g, netsnmp_transport *inner, uint8_t *pdu)
{
	const struct header h = read_header(pdu);

	if (h.length > STREAM_LOST || h.type == TYPE_CLOSE) {
		log_info(TOKEN, "the AgentX master closed our session");
		return HANG_UP;
	}
	if (h.type == TYPE_RESPONSE && pdu[0] == AGENTX_VERSION)
		return h.length <= PDU_MAX - HEADER_SIZE ? PASS : DROP;
	unsigned int error = error_in(g, pdu, &h);
	if (error && h.type != TYPE_CLEANUP_SET && h.type != TYPE_RESPONSE)
		respond(inner, pdu, error);
	if (!error && h.type >= TYPE_TEST_SET && h.type <= TYPE_CLEANUP_SET)
		return take_phase(g, inner, &h, pdu);
	return error ? DROP : PASS;
}

/* How many of n octets belong to a PDU that is not wanted. */
static size_t skipped(struct gate *g, size_t n)
{
	size_t part = g->skip < n ? g->skip : n;
	g->skip -= part;
	return part;
}

/* Whole PDUs that may pass go to buf; their octets, or -1. What is not complete stays. */
static int sift(struct gate *g, netsnmp_transport *inner, uint8_t *buf)
{
	size_t at = skipped(g, g->n), passed = 0;

	while (g->n - at >= HEADER_SIZE) {
		uint8_t *pdu = g->held + at;
		size_t size = (size_t)get_number(pdu, AT_LENGTH) + HEADER_SIZE;
		if (size <= PDU_MAX && g->n - at < size)
			break;
		enum verdict verdict = judge(g, inner, pdu);
		if (verdict == HANG_UP)
			return -1;
		if (verdict == PASS) {
			memcpy(buf + passed, pdu, size);
			passed += size;
			at += size;
		} else {
			g->skip = size;
			at += skipped(g, g->n - at);
		}
	}
	g->n -= at;
	memmove(g->held, g->held + at, g->n);
	return (int)passed;
}

/* A read that fails leaks an address in the library; the end of a stream does not. */
static void forget_error(int fd)
{
	int error;
	socklen_t length = sizeof(error);

	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
}

/* The library's buffer has room for as much as we hold (snmp_api.c). */
static int gate_recv(netsnmp_transport *t, void *buf, int size, void **opaque, int *olength)
{
	struct gate *g = t->data;
	netsnmp_transport *inner = t->base_transport;
	size_t room = sizeof(g->held) - g->n;

	if (size < PDU_MAX)
		return -1;
	forget_error(inner->sock);
	int n = inner->f_recv(inner, g->held + g->n, (int)room, opaque, olength);
	if (n <= 0)
		return n;
	g->n += (size_t)n;
	int passed = sift(g, inner, buf);
	if (passed > 0)
		return passed;
	/* Nothing for the library, which would not free this then. */
	free(*opaque);
	*opaque = NULL;
	if (passed == 0)
		t->flags |= NETSNMP_TRANSPORT_FLAG_EMPTY_PKT;
	return passed;
}

/* --- to the master -------------------------------------------------------------------------- */

static int send_pdu(netsnmp_transport *inner, const uint8_t *pdu, int size)
{
	if (pdu[AT_TYPE] != TYPE_RESPONSE || size <= PDU_MAX)
		return send_whole(inner, pdu, size);
	respond(inner, pdu, SNMP_ERR_TOOBIG);
	return size;
}

static int send_answer_to_phase(
	struct gate *g, netsnmp_transport *inner, const void *response, int size)
{
	memcpy(g->answer, response, size < PDU_MAX ? (size_t)size : PDU_MAX);
	return phase_is_answered(g, g->answer) ? send_pdu(inner, g->answer, size) : size;
}

/* One PDU at a time. */
static int gate_send(netsnmp_transport *t, const void *buf, int size, void **opaque, int *olength)
{
	struct gate *g = t->data;
	netsnmp_transport *inner = t->base_transport;
	const uint8_t *pdu = buf;

	(void)opaque, (void)olength;
	if (size < HEADER_SIZE)
		return -1;
	if (pdu[AT_TYPE] == TYPE_RESPONSE &&
		get_number(pdu, AT_SESSION) != (uint32_t)g->session->sessid)
		return send_answer_to_phase(g, inner, buf, size);
	return send_pdu(inner, pdu, size);
}

/* --- the rest of a transport ---------------------------------------------------------------- */

static int gate_close(netsnmp_transport *t)
{
	netsnmp_transport *inner = t->base_transport;

	t->sock = -1;
	return inner->f_close(inner);
}

static char *gate_fmtaddr(netsnmp_transport *t, const void *data, int length)
{
	netsnmp_transport *inner = t->base_transport;

	return inner->f_fmtaddr(inner, data, length);
}

static void limit_sending(int fd)
{
	const struct timeval limit = {.tv_sec = SEND_TIMEOUT_S};

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		log_info(TOKEN, "no time limit on sending: %s", strerror(errno));
}

int gate_install(netsnmp_session *session)
{
	void *library = snmp_sess_pointer(session);
	netsnmp_transport *inner = snmp_sess_transport(library);
	netsnmp_transport *t = calloc(1, sizeof(*t));
	struct gate *g = malloc(sizeof(*g));

	if (!inner || !t || !g) {
		free(t);
		free(g);
		return -ENOMEM;
	}
	g->session = session;
	g->n = g->skip = g->n_sets = g->last_id = 0;
	t->domain = inner->domain;
	t->domain_length = inner->domain_length;
	t->sock = inner->sock;
	t->flags = inner->flags;
	t->msgMaxSize = inner->msgMaxSize;
	t->data = g; /* the library frees it with the transport */
	t->data_length = sizeof(*g);
	t->base_transport = inner;
	t->f_recv = gate_recv;
	t->f_send = gate_send;
	t->f_close = gate_close;
	t->f_fmtaddr = inner->f_fmtaddr ? gate_fmtaddr : NULL;
	limit_sending(inner->sock);
	snmp_sess_transport_set(library, t);
	return 0;
}
