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

#include "snmp/read.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/pollset.h"

#define TOKEN "agentx:transport"

/* With that many octets waiting for the master, no more of its requests are read. */
#define WAITING_MAX (256 * 1024)
/* A master that takes nothing for that long loses its session. */
#define STALLED_MS 2000

/*
 * Synchronous exchanges of the library (Register, Close) end after this: with a frozen master the
 * default of 1 s and five retries holds the thread for six seconds.
 */
#define EXCHANGE_TIMEOUT_US 700000L

static const oid domain_name[] = {LDOMS_MIB_ROOT_ARCS, 0, 0};

/* The library knows a domain by its functions only, which get no pointer of ours. */
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

/* --- through the filter --------------------------------------------------------------------- */

static void give_to_library(struct transport *t, const uint8_t *pdu, size_t size)
{
	if (buffer_append(&t->to_library, pdu, size) < 0) {
		log_warn(TOKEN, "no memory for a PDU");
		transport_hang_up(t);
	}
}

/* Does with a PDU what the filter says. */
static void carry(struct transport *t, enum filter_verdict verdict, const uint8_t *pdu,
	enum agentx_error error, uint64_t now_ms)
{
	const struct agentx_header h = agentx_header(pdu);
	const size_t size = agentx_size(pdu);
	uint8_t own[AGENTX_RESPONSE_SIZE];

	switch (verdict) {
	case FILTER_TO_LIBRARY:
		give_to_library(t, pdu, size);
		break;
	case FILTER_TO_MASTER:
		send_to_master(t, pdu, size, now_ms);
		break;
	case FILTER_CLEANUP:
		send_to_master(t, pdu, size, now_ms);
		filter_cleanup(&t->filter, now_ms, own);
		give_to_library(t, own, AGENTX_HEADER_SIZE);
		break;
	case FILTER_READ:
		send_to_master(t, t->answer, read_answer(t->view, pdu, t->answer), now_ms);
		break;
	case FILTER_REFUSE:
		log_debug(TOKEN, "PDU of type %u and %u octets is answered with error %d", h.type,
			h.length + AGENTX_HEADER_SIZE, (int)error);
		agentx_error_response(own, &h, error);
		send_to_master(t, own, sizeof(own), now_ms);
		break;
	case FILTER_HANG_UP:
		transport_hang_up(t);
		break;
	case FILTER_DROP:
		break;
	}
}

static bool has_room_for_answers(const struct transport *t)
{
	return t->to_master.len < WAITING_MAX;
}

/* All PDUs that are complete, and the headers of those that are too long. */
static void take_pdus(struct transport *t, uint64_t now_ms)
{
	size_t at = 0;

	for (;;) {
		/* The rest of a PDU that was looked at. */
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
		enum agentx_error error = AGENTX_NO_ERROR;
		enum filter_verdict verdict = filter_from_master(&t->filter, pdu, now_ms, &error);
		carry(t, verdict, pdu, error, now_ms);
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

/* --- what the library calls ----------------------------------------------------------------- */

static bool library_reads(const struct transport *t, uint64_t now_ms)
{
	return t->to_library.len > 0 ||
	       (t->state == TRANSPORT_ENDED && !filter_owes(&t->filter, now_ms));
}

/* Whole PDUs, as many as there is room for. */
static int library_recv(netsnmp_transport *lower, void *room, int size, void **opaque, int *olength)
{
	struct transport *t = the_transport;
	uint8_t answer[AGENTX_RESPONSE_SIZE];
	size_t n = 0, next;

	(void)opaque, (void)olength;
	if (size < AGENTX_PDU_MAX)
		return -1;
	if (t->to_library.len == 0)
		receive(t, clock_ms());
	if (t->to_library.len == 0 && t->state == TRANSPORT_ENDED &&
		filter_end_exchange(&t->filter, answer))
		give_to_library(t, answer, sizeof(answer));
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

/* One whole PDU. In a copy, as it is changed. */
static int library_send(
	netsnmp_transport *lower, const void *octets, int size, void **opaque, int *olength)
{
	struct transport *t = the_transport;
	uint64_t now_ms = clock_ms();
	enum agentx_error error = AGENTX_NO_ERROR;

	(void)lower, (void)opaque, (void)olength;
	if (size < AGENTX_HEADER_SIZE)
		return -1;
	_cleanup_free_ uint8_t *pdu = malloc((size_t)size + AGENTX_CONTEXT_SIZE);
	if (!pdu)
		return -1;
	memcpy(pdu, octets, (size_t)size);
	enum filter_verdict verdict = filter_from_library(&t->filter, pdu, now_ms, &error);
	carry(t, verdict, pdu, error, now_ms);
	return size;
}

/* Sometimes twice for one transport. */
static int library_close(netsnmp_transport *lower)
{
	if (lower->sock < 0)
		return -1;
	lower->sock = -1;
	close_connection(the_transport);
	return 0;
}

/* Called when the library opens its session, with what will be that session. */
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
	filter_begin(&t->filter, t->context, t->view->mibs);
	set_state(t, TRANSPORT_OPEN);
	return lower;
}

/* -------------------------------------------------------------------------------------------- */

/* Below our MIB, where nothing else can have a domain. The library frees the array of prefixes, but
 * not what is in it, and forgets the domain as it ends. */
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
		take_pdus(t, now_ms); /* those that waited for it */
	}
	if (revents & (POLLIN | POLLHUP | POLLERR))
		receive(t, now_ms);
	return library_reads(t, now_ms);
}
