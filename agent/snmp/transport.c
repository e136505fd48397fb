/*
 * See transport.h.
 */
#include "snmp/transport.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "snmp/connect.h"
#include "snmp/read.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/pollset.h"

#define TOKEN "agentx:transport"

/* While so many octets wait for the master, its requests are not read. */
#define WAITING_MAX ((size_t)256 << 10)
/* The session of a master that reads nothing for so long is ended. */
#define STALLED_MS 2000

/*
 * The library waits so long for the answer to Register and Close. Its default, 1 s and five
 * retries, would hold the thread for six seconds when the master is frozen.
 */
#define EXCHANGE_TIMEOUT_US 700000L

/* A longer PDU cannot be meant: the length was not read from the beginning of a PDU. */
#define STREAM_LOST (1U << 26)

static const oid domain_name[] = {LDOMS_MIB_ROOT_ARCS, 0, 0};

/* The library calls f_create_from_tspec without an argument of ours. */
static struct transport *the_transport;

static void set_state(struct transport *t, enum transport_state state)
{
	static const unsigned int successors[_TRANSPORT_STATE_MAX] = {
		[TRANSPORT_CLOSED] = 1 << TRANSPORT_OFFERED,
		[TRANSPORT_OFFERED] = 1 << TRANSPORT_OPEN | 1 << TRANSPORT_CLOSED,
		[TRANSPORT_OPEN] = 1 << TRANSPORT_ENDED | 1 << TRANSPORT_CLOSED,
		[TRANSPORT_ENDED] = 1 << TRANSPORT_CLOSED,
	};

	assert(successors[t->state] & 1U << state);
	t->state = state;
}

static void close_connection(struct transport *t)
{
	close(t->fd);
	t->fd = -1;
	t->n = t->skip = 0;
	buffer_clear(&t->to_library);
	buffer_clear(&t->to_master);
	set_state(t, TRANSPORT_CLOSED);
}

void transport_hang_up(struct transport *t)
{
	if (t->state == TRANSPORT_OFFERED) {
		close_connection(t);
	} else if (t->state == TRANSPORT_OPEN) {
		(void)shutdown(t->fd, SHUT_RDWR);
		buffer_clear(&t->to_master);
		set_state(t, TRANSPORT_ENDED);
	}
}

/* --- to the master -------------------------------------------------------------------------- */

static void flush(struct transport *t, uint64_t now_ms)
{
	ssize_t sent = send(
		t->fd, buffer_data(&t->to_master), t->to_master.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent > 0) {
		buffer_consume(&t->to_master, (size_t)sent);
		t->stalled_since_ms = now_ms;
	} else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		log_info(TOKEN, "cannot send to the AgentX master: %s", strerror(errno));
		transport_hang_up(t);
	} else if (now_ms >= t->stalled_since_ms + STALLED_MS) {
		log_info(TOKEN, "the AgentX master does not read");
		transport_hang_up(t);
	}
}

static void send_to_master(struct transport *t, const uint8_t *octets, size_t n, uint64_t now_ms)
{
	bool waits = t->to_master.len > 0;

	if (t->state != TRANSPORT_OPEN)
		return;
	if (buffer_append(&t->to_master, octets, n) < 0) {
		log_warn(TOKEN, "no memory for what the AgentX master does not read");
		transport_hang_up(t);
	} else if (!waits) {
		t->stalled_since_ms = now_ms;
		flush(t, now_ms);
	}
}

/* Answers a request with an error. */
static void refuse(struct transport *t, const struct agentx_header *h, enum agentx_error error,
	uint64_t now_ms)
{
	uint8_t response[AGENTX_RESPONSE_SIZE];
	struct agentx_writer w = agentx_response_writer(response, sizeof(response), h, error);

	log_debug(TOKEN, "PDU of type %u and %u octets is answered with error %d", h->type,
		h->length + AGENTX_HEADER_SIZE, (int)error);
	send_to_master(t, response, agentx_finish(&w), now_ms);
}

static void give_to_library(struct transport *t, const uint8_t *pdu)
{
	if (buffer_append(&t->to_library, pdu, agentx_size(pdu)) < 0) {
		log_warn(TOKEN, "no memory for a PDU of the AgentX master");
		transport_hang_up(t);
	}
}

/* --- the phases of a SET -------------------------------------------------------------------- */

/*
 * Passes a phase on, with a session number that no session has: the library copies the number into
 * its Response, uses it for nothing else, and take_answer() recognises the Response by it.
 */
static void pass_phase(struct transport *t, struct transport_set *s, uint8_t *pdu, uint64_t now_ms)
{
	s->packet = agentx_number(pdu, AGENTX_AT_PACKET);
	s->type = pdu[1];
	s->answered = false;
	s->passed_ms = now_ms;
	agentx_set_number(pdu, AGENTX_AT_SESSION, ~t->session);
	agentx_set_number(pdu, AGENTX_AT_TRANSACTION, s->id);
	give_to_library(t, pdu);
}

/* Ends a SET whose last phase the library has answered, by a CleanupSet of our own. */
static void clean_up(struct transport *t, struct transport_set *s, uint64_t now_ms)
{
	const struct agentx_header h = {
		.version = AGENTX_VERSION, .type = AGENTX_CLEANUP_SET, .packet = s->packet};
	uint8_t pdu[AGENTX_HEADER_SIZE];
	struct agentx_writer w = agentx_writer(pdu, sizeof(pdu), &h);

	agentx_finish(&w);
	pass_phase(t, s, pdu, now_ms);
}

/* The oldest of the committed SETs, if too many of them wait for UndoSet or CleanupSet. */
static struct transport_set *forgotten_set(struct transport *t)
{
	struct transport_set *oldest = NULL;
	size_t n = 0;

	for (struct transport_set *s = t->sets; s < t->sets + t->n_sets; s++) {
		if (s->type != AGENTX_COMMIT_SET || !s->answered)
			continue;
		if (!oldest || s->id < oldest->id)
			oldest = s;
		n++;
	}
	return n > TRANSPORT_COMMITTED_MAX ? oldest : NULL;
}

/*
 * The library frees its record of a SET when it answers the last phase, uses the record when it
 * answers any phase, and does not answer a CommitSet that is repeated (agentx/subagent.c). So a
 * phase passes only when the phase before was answered, each SET has a number of its own for the
 * library, and a repeated phase is dropped: its first answer was sent, or will be.
 */
static void take_phase(
	struct transport *t, const struct agentx_header *h, uint8_t *pdu, uint64_t now_ms)
{
	struct transport_set *open = NULL;

	for (struct transport_set *s = t->sets; s < t->sets + t->n_sets; s++) {
		if (s->transaction != h->transaction)
			continue;
		if (s->type == h->type && s->packet == h->packet)
			return;
		if (s->type != AGENTX_UNDO_SET && s->type != AGENTX_CLEANUP_SET && !s->cleanup)
			open = s;
	}
	if (!open && h->type == AGENTX_TEST_SET) {
		if (t->n_sets == TRANSPORT_SETS_MAX) {
			log_info(TOKEN, "the AgentX master began %d SETs and ended none of them",
				TRANSPORT_SETS_MAX);
			transport_hang_up(t);
			return;
		}
		open = &t->sets[t->n_sets++];
		*open = (struct transport_set){
			.transaction = h->transaction, .id = ++t->last_id, .answered = true};
	}
	if (open && open->answered)
		pass_phase(t, open, pdu, now_ms);
	else if (h->type != AGENTX_CLEANUP_SET && (!open || h->type != open->type))
		refuse(t, h, AGENTX_PROCESSING_ERROR, now_ms);
	else if (open && h->type == AGENTX_CLEANUP_SET)
		open->cleanup = true;
	struct transport_set *forgotten = forgotten_set(t);
	if (forgotten)
		clean_up(t, forgotten, now_ms);
}

/* Sends a Response of the library, or tooBig in its place. */
static void send_response(struct transport *t, const uint8_t *pdu, uint64_t now_ms)
{
	const struct agentx_header h = agentx_header(pdu);

	if (h.length > AGENTX_PDU_MAX - AGENTX_HEADER_SIZE)
		refuse(t, &h, AGENTX_TOO_BIG, now_ms);
	else
		send_to_master(t, pdu, agentx_size(pdu), now_ms);
}

/* Sends the library's answer to a phase, with the master's numbers of session and SET. */
static void take_answer(struct transport *t, uint8_t *pdu, uint64_t now_ms)
{
	uint32_t id = agentx_number(pdu, AGENTX_AT_TRANSACTION);
	struct transport_set *s = t->sets, *end = s + t->n_sets;
	uint32_t uptime;
	uint16_t error;

	while (s < end && s->id != id)
		s++;
	if (s == end || s->answered)
		return;
	s->answered = true;
	/* A SET that was refused has ended, but not every master sends a CleanupSet for it. */
	if (s->type == AGENTX_TEST_SET && agentx_response(pdu, &uptime, &error) && error)
		s->cleanup = true;
	agentx_set_number(pdu, AGENTX_AT_SESSION, t->session);
	agentx_set_number(pdu, AGENTX_AT_TRANSACTION, s->transaction);
	if (s->type != AGENTX_CLEANUP_SET)
		send_response(t, pdu, now_ms);
	if (s->type == AGENTX_UNDO_SET || s->type == AGENTX_CLEANUP_SET) {
		*s = end[-1];
		t->n_sets--;
	} else if (s->cleanup) {
		clean_up(t, s, now_ms);
	}
}

/*
 * Whether the library still works on a phase of a SET. If it learned of the end of the session now,
 * it would answer the phase through a session that it has freed.
 */
static bool library_owes(const struct transport *t, uint64_t now_ms)
{
	for (size_t i = 0; i < t->n_sets; i++)
		if (!t->sets[i].answered && now_ms < t->sets[i].passed_ms + TRANSPORT_PHASE_MS)
			return true;
	return false;
}

/* --- from the master ------------------------------------------------------------------------ */

/* A Response of the master, to a PDU of the library or to our Open. */
static void take_response(
	struct transport *t, const struct agentx_header *h, uint8_t *pdu, uint64_t now_ms)
{
	uint32_t uptime;
	uint16_t error;

	if (h->version != AGENTX_VERSION || h->length > AGENTX_PDU_MAX - AGENTX_HEADER_SIZE ||
		!agentx_response(pdu, &uptime, &error))
		return;
	if (error == AGENTX_NOT_OPEN) {
		log_info(TOKEN, "the AgentX master does not know our session any more");
		transport_hang_up(t);
		return;
	}
	if (!t->opened && h->packet == CONNECT_OPEN_PACKET) {
		t->opened = error == AGENTX_NO_ERROR;
		t->session = h->session;
		t->uptime = uptime;
		agentx_set_number(pdu, AGENTX_AT_TRANSACTION, t->open_transaction);
		agentx_set_number(pdu, AGENTX_AT_PACKET, t->open_packet);
	} else {
		if (h->packet == t->exchange.packet)
			t->exchange.type = 0;
		t->awaits = t->awaits && h->packet != t->last_packet;
		t->awaits_since_ms = now_ms;
	}
	for (struct transport_region *g = t->regions; g < t->regions + t->view->mibs->n; g++)
		if (g->registration == REGISTRATION_ASKED && h->packet == g->packet) {
			g->registration = error ? REGISTRATION_REFUSED : REGISTRATION_GRANTED;
			g->error = error;
			agentx_set_number(pdu, AGENTX_AT_ERROR, 0);
		}
	give_to_library(t, pdu);
}

/*
 * What is wrong with a request. The context of a good one is removed. The phases after TestSet may
 * come without a context (6.1.1).
 */
static enum agentx_error error_in(
	const struct transport *t, const struct agentx_header *h, uint8_t *pdu)
{
	bool has_context = h->flags & AGENTX_NON_DEFAULT_CONTEXT;

	if (h->version != AGENTX_VERSION || h->type < AGENTX_GET || h->type > AGENTX_CLEANUP_SET ||
		h->length % 4)
		return AGENTX_PARSE_ERROR;
	if (!t->opened || h->session != t->session)
		return AGENTX_NOT_OPEN;
	if (has_context ? !t->context : t->context && h->type <= AGENTX_TEST_SET)
		return AGENTX_UNSUPPORTED_CONTEXT;
	if (h->length > AGENTX_PDU_MAX - AGENTX_HEADER_SIZE)
		return AGENTX_TOO_BIG;
	return has_context && !agentx_cut_context(pdu, t->context) ? AGENTX_UNSUPPORTED_CONTEXT
								   : AGENTX_NO_ERROR;
}

/* Handles a PDU that is there as a whole; of one that is too long, maybe the header only. */
static void take_pdu(struct transport *t, uint8_t *pdu, uint64_t now_ms)
{
	const struct agentx_header h = agentx_header(pdu);

	if (h.length > STREAM_LOST) {
		log_info(TOKEN, "the AgentX master announces a PDU of %u octets", h.length);
		transport_hang_up(t);
		return;
	}
	if (h.type == AGENTX_CLOSE) {
		log_info(TOKEN, "the AgentX master closed our session");
		transport_hang_up(t);
		return;
	}
	if (h.type == AGENTX_RESPONSE) {
		take_response(t, &h, pdu, now_ms);
		return;
	}
	enum agentx_error error = error_in(t, &h, pdu);
	if (error && h.type != AGENTX_CLEANUP_SET)
		refuse(t, &h, error, now_ms);
	else if (!error && h.type <= AGENTX_GET_BULK)
		send_to_master(t, t->answer, read_answer(t->view, pdu, t->answer), now_ms);
	else if (!error)
		take_phase(t, &h, pdu, now_ms);
}

static bool has_room_for_answers(const struct transport *t)
{
	return t->to_master.len < WAITING_MAX;
}

/* Handles the PDUs that are complete, and those too long as soon as their headers are there. */
static void take_pdus(struct transport *t, uint64_t now_ms)
{
	size_t at = 0;

	for (;;) {
		/* The rest of the PDU that was handled last. */
		size_t part = t->skip < t->n - at ? t->skip : t->n - at;
		t->skip -= part;
		at += part;
		uint8_t *pdu = t->from_master + at;
		if (t->n - at < AGENTX_HEADER_SIZE || t->state != TRANSPORT_OPEN ||
			!has_room_for_answers(t))
			break;
		size_t size = agentx_size(pdu);
		if (size <= AGENTX_PDU_MAX && t->n - at < size)
			break;
		take_pdu(t, pdu, now_ms);
		t->skip = size;
	}
	t->n -= at;
	memmove(t->from_master, t->from_master + at, t->n);
}

static void receive(struct transport *t, uint64_t now_ms)
{
	size_t room = sizeof(t->from_master) - t->n;
	ssize_t n = 0;

	if (t->state != TRANSPORT_OPEN || !has_room_for_answers(t))
		return;
	n = recv(t->fd, t->from_master + t->n, room, MSG_DONTWAIT);
	if (n > 0) {
		t->n += (size_t)n;
		take_pdus(t, now_ms);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		if (n < 0)
			log_info(TOKEN, "the AgentX master is gone: %s", strerror(errno));
		transport_hang_up(t);
	}
}

/* --- from the library ----------------------------------------------------------------------- */

/* Register is timeout, priority, range_subid, reserved, and then the root of a module (6.2.3). */
static void note_register(struct transport *t, const struct agentx_header *h, const uint8_t *pdu)
{
	struct agentx_reader r = agentx_reader(pdu);
	struct agentx_oid root;

	(void)agentx_read_u16(&r);
	(void)agentx_read_u16(&r);
	agentx_read_oid(&r, &root);
	for (size_t i = 0; i < t->view->mibs->n; i++) {
		const struct mib *m = t->view->mibs->mibs[i];

		if (root.length == m->root_length &&
			memcmp(root.arcs, m->root, root.length * sizeof(root.arcs[0])) == 0)
			t->regions[i] = (struct transport_region){
				.registration = REGISTRATION_ASKED, .packet = h->packet};
	}
}

static bool registers(uint8_t type)
{
	return type == AGENTX_REGISTER || type == AGENTX_UNREGISTER || type == AGENTX_ADD_CAPS ||
	       type == AGENTX_REMOVE_CAPS;
}

/* Handles a whole PDU of the library, of any size; behind it is room for AGENTX_CONTEXT_SIZE. */
static void take_from_library(struct transport *t, uint8_t *pdu, uint64_t now_ms)
{
	const struct agentx_header h = agentx_header(pdu);

	if (h.type == AGENTX_OPEN) {
		t->open_transaction = h.transaction;
		t->open_packet = h.packet;
		return;
	}
	if (h.type == AGENTX_RESPONSE) {
		if (h.session == t->session)
			send_response(t, pdu, now_ms);
		else
			take_answer(t, pdu, now_ms);
		return;
	}
	if (!t->awaits)
		t->awaits_since_ms = now_ms;
	t->awaits = true;
	t->last_packet = h.packet;
	/* The library waits for the answer to these, until its time-out. */
	if (registers(h.type) || h.type == AGENTX_CLOSE)
		t->exchange = h;
	if (h.type == AGENTX_REGISTER)
		note_register(t, &h, pdu);
	/* These PDUs have a context, the others are about the session. */
	if (t->context && (registers(h.type) || h.type == AGENTX_NOTIFY))
		agentx_put_context(pdu, t->context);
	send_to_master(t, pdu, agentx_size(pdu), now_ms);
}

/* --- what the library calls ----------------------------------------------------------------- */

static bool library_reads(const struct transport *t, uint64_t now_ms)
{
	return t->to_library.len > 0 || (t->state == TRANSPORT_ENDED && !library_owes(t, now_ms));
}

/* Gives the library whole PDUs, as many as it has room for; -1: the connection has ended. */
static int library_recv(netsnmp_transport *lower, void *room, int size, void **opaque, int *olength)
{
	struct transport *t = the_transport;
	size_t n = 0, next;

	(void)opaque, (void)olength;
	if (size < AGENTX_PDU_MAX)
		return -1;
	if (t->to_library.len == 0)
		receive(t, clock_ms());
	if (t->to_library.len == 0 && t->state == TRANSPORT_ENDED && t->exchange.type != 0) {
		uint8_t answer[AGENTX_RESPONSE_SIZE];
		struct agentx_writer w = agentx_response_writer(
			answer, sizeof(answer), &t->exchange, AGENTX_NO_ERROR);
		agentx_finish(&w);
		t->exchange.type = 0;
		give_to_library(t, answer);
	}
	if (t->to_library.len == 0 && library_reads(t, clock_ms()))
		return -1;
	const uint8_t *pdus = (const uint8_t *)buffer_data(&t->to_library);
	while (n < t->to_library.len && n + (next = agentx_size(pdus + n)) <= (size_t)size)
		n += next;
	if (n == 0)
		lower->flags |= NETSNMP_TRANSPORT_FLAG_EMPTY_PKT;
	else
		memcpy(room, pdus, n);
	buffer_consume(&t->to_library, n);
	return (int)n;
}

/* The library sends one whole PDU at a time. It is copied, as the filter changes it. */
static int library_send(
	netsnmp_transport *lower, const void *octets, int size, void **opaque, int *olength)
{
	struct transport *t = the_transport;

	(void)lower, (void)opaque, (void)olength;
	if (size < AGENTX_HEADER_SIZE)
		return -1;
	_cleanup_free_ uint8_t *pdu = malloc((size_t)size + AGENTX_CONTEXT_SIZE);
	if (!pdu)
		return -1;
	memcpy(pdu, octets, (size_t)size);
	take_from_library(t, pdu, clock_ms());
	return size;
}

/* The library sometimes closes a transport twice. */
static int library_close(netsnmp_transport *lower)
{
	if (lower->sock < 0)
		return -1;
	lower->sock = -1;
	close_connection(the_transport);
	return 0;
}

/* The library calls this before it opens its session. */
static int set_timeouts(netsnmp_transport *lower, netsnmp_session *session)
{
	(void)lower;
	session->timeout = EXCHANGE_TIMEOUT_US;
	session->retries = 0;
	return SNMPERR_SUCCESS;
}

static netsnmp_transport *library_connect_to(netsnmp_tdomain_spec *spec)
{
	struct transport *t = the_transport;

	(void)spec;
	if (t->state != TRANSPORT_OFFERED)
		return NULL;
	netsnmp_transport *lower = calloc(1, sizeof(*lower)); /* the library frees it */
	if (!lower)
		return NULL;
	lower->domain = domain_name;
	lower->domain_length = OID_LENGTH(domain_name);
	lower->sock = t->fd;
	lower->flags = NETSNMP_TRANSPORT_FLAG_STREAM;
	lower->msgMaxSize = AGENTX_PDU_MAX;
	lower->f_recv = library_recv;
	lower->f_send = library_send;
	lower->f_close = library_close;
	lower->f_setup_session = set_timeouts;
	memset(t->regions, 0, sizeof(t->regions));
	t->awaits = t->opened = false;
	t->exchange.type = 0;
	t->last_id = 0;
	t->n_sets = 0;
	set_state(t, TRANSPORT_OPEN);
	return lower;
}

/* -------------------------------------------------------------------------------------------- */

/* The domain's name lies below our MIB's root, so nothing else can have it. At its shutdown the
 * library forgets the domain and frees the array of prefixes, but not the texts in it. */
static int register_domain(void)
{
	static netsnmp_tdomain domain = {
		.name = domain_name,
		.name_length = OID_LENGTH(domain_name),
		.f_create_from_tspec = library_connect_to,
	};

	if (domain.prefix)
		return 0;
	domain.prefix = calloc(2, sizeof(*domain.prefix));
	if (!domain.prefix)
		return -ENOMEM;
	domain.prefix[0] = "ldoms-agentx";
	netsnmp_tdomain_register(&domain);
	return 0;
}

int transport_new(const char *context, const struct view *view, struct transport **ret)
{
	if (the_transport)
		return -EBUSY;
	struct transport *t = calloc(1, sizeof(*t));
	if (!t || register_domain() < 0) {
		free(t);
		return -ENOMEM;
	}
	t->context = context;
	t->view = view;
	t->fd = -1;
	*ret = the_transport = t;
	return 0;
}

void transport_free(struct transport *t)
{
	if (!t)
		return;
	if (t->state != TRANSPORT_CLOSED)
		close_connection(t);
	the_transport = NULL;
	free(t);
}

void transport_offer(struct transport *t, int fd)
{
	t->fd = fd;
	set_state(t, TRANSPORT_OFFERED);
}

int transport_prepare(const struct transport *t, struct pollset *ps, uint64_t now_ms)
{
	short events = 0;

	if (t->state == TRANSPORT_OPEN && has_room_for_answers(t))
		events |= POLLIN;
	if (t->to_master.len > 0) {
		events |= POLLOUT;
		pollset_deadline(ps, t->stalled_since_ms + STALLED_MS);
	}
	if (library_reads(t, now_ms))
		pollset_deadline(ps, now_ms);
	return pollset_add(ps, t->state == TRANSPORT_ENDED ? -1 : t->fd, events);
}

bool transport_dispatch(struct transport *t, const struct pollset *ps, uint64_t now_ms)
{
	short revents = pollset_revents(ps, t->fd);

	if (t->state == TRANSPORT_OPEN && t->to_master.len > 0) {
		flush(t, now_ms);
		take_pdus(t, now_ms); /* requests that waited for room for their answers */
	}
	if (revents & (POLLIN | POLLHUP | POLLERR))
		receive(t, now_ms);
	return library_reads(t, now_ms);
}
