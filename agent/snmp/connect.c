/*
 * See connect.h. One attempt goes through all addresses; the next one follows after a rest.
 */
#include "snmp/connect.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "snmp/agentx.h"
#include "tables/mib.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/number.h"
#include "util/pollset.h"

#define TOKEN "agentx:connect"

/* The rest between two attempts. */
#define RETRY_MS 250
/* An attempt ends when the connection, or the answer to the Open, takes longer. */
#define ANSWER_MS 10000
/* Peeked octets stay readable, so poll() cannot wait for the rest of an answer: look so often. */
#define LOOK_MS 20
/* net-snmp's master puts the description of the Open into its answer as a varbind. */
#define ANSWER_SIZE_MAX 1024

#define DESCRIPTION "ldoms-agentx " PACKAGE_VERSION

enum state {
	IDLE,	    /* nothing is wanted */
	RESTING,    /* waits for the next attempt */
	CONNECTING, /* to at[which] */
	OPENING,    /* connected; the Open is sent, its answer not complete */
	_STATE_MAX,
};

struct agentx_connect {
	struct agentx_address address;
	size_t which;
	enum state state;
	int fd; /* -1 in the states IDLE and RESTING */
	uint64_t deadline_ms;
	int error;	  /* negative errno of the last failure, or 0 */
	bool refused;	  /* the last failure: the master answered the Open with an error */
	uint64_t look_ms; /* when to look for the rest of the answer; 0: no part of it has come */
};

/* --- the address ---------------------------------------------------------------------------- */

static void add_address(struct agentx_address *a, const void *address, socklen_t length)
{
	memcpy(&a->at[a->n].address, address, length);
	a->at[a->n++].length = length;
}

int agentx_address_parse(const char *text, struct agentx_address *ret, const char **ret_why)
{
	const char *path = strncmp(text, "unix:", 5) == 0 ? text + 5 : text;
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	uint32_t port;

	*ret = (struct agentx_address){.n = 0};
	*ret_why = "unix:/path or tcp:HOST:PORT, where HOST is localhost, 127.0.0.1 or [::1]";
	if (*path == '/' && strlen(path) < sizeof(un.sun_path)) {
		memcpy(un.sun_path, path, strlen(path) + 1);
		add_address(ret, &un, sizeof(un));
		return 0;
	}
	if (*path == '/')
		*ret_why = "a shorter path: the name of a unix socket has at most 107 octets";
	const char *host = text + 4, *colon = strrchr(text, ':');
	if (strncmp(text, "tcp:", 4) != 0 || colon < host || parse_u32(colon + 1, &port) < 0 ||
		port < 1 || port > UINT16_MAX)
		return -EINVAL;
	const struct sockaddr_in ip4 = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 ip6 = {.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = in6addr_loopback};
	size_t length = (size_t)(colon - host);
	bool localhost = length == 9 && memcmp(host, "localhost", 9) == 0;
	if (localhost || (length == 9 && memcmp(host, "127.0.0.1", 9) == 0))
		add_address(ret, &ip4, sizeof(ip4));
	if (localhost || (length == 5 && memcmp(host, "[::1]", 5) == 0))
		add_address(ret, &ip6, sizeof(ip6));
	return ret->n > 0 ? 0 : -EINVAL;
}

/* --- states --------------------------------------------------------------------------------- */

static void set_state(struct agentx_connect *c, enum state state, uint64_t deadline_ms)
{
	static const unsigned int successors[_STATE_MAX] = {
		[IDLE] = 1 << RESTING | 1 << CONNECTING | 1 << OPENING,
		[RESTING] = 1 << RESTING | 1 << CONNECTING | 1 << OPENING,
		[CONNECTING] = 1 << RESTING | 1 << CONNECTING | 1 << OPENING,
		[OPENING] = 1 << RESTING | 1 << CONNECTING | 1 << OPENING | 1 << IDLE,
	};

	assert(successors[c->state] & 1U << state);
	c->state = state;
	c->deadline_ms = deadline_ms;
}

static void try_address(struct agentx_connect *c, uint64_t now_ms);

/* Tries the next address, or rests after the last one. */
static void attempt_failed(struct agentx_connect *c, int error, uint64_t now_ms)
{
	cleanup_closep(&c->fd);
	c->fd = -1;
	c->error = error;
	c->refused = false;
	log_debug(TOKEN, "address %zu of %zu: %s", c->which + 1, c->address.n, strerror(-error));
	if (++c->which < c->address.n)
		try_address(c, now_ms);
	else
		set_state(c, RESTING, now_ms + RETRY_MS);
}

/* RFC 2741 6.2.1. In the library's byte order, because the Open's order is that of the session. */
static void send_open(struct agentx_connect *c, uint64_t now_ms)
{
	static const struct agentx_header h = {
		.version = AGENTX_VERSION, .type = AGENTX_OPEN, .packet = CONNECT_OPEN_PACKET};
	uint8_t pdu[256];
	struct agentx_writer w = agentx_writer(pdu, sizeof(pdu), &h);

	agentx_write_u32(&w, 0); /* the master's own timeout, and three octets that are 0 */
	agentx_write_name(&w, ldoms_mib.root, ldoms_mib.root_length, NULL, 0);
	agentx_write_octets(&w, DESCRIPTION, strlen(DESCRIPTION));
	size_t size = agentx_finish(&w);
	assert(size > 0);
	c->look_ms = 0;
	/* A new socket has room for a PDU this short, so a part of it sent is a failure. */
	ssize_t sent = send(c->fd, pdu, size, MSG_NOSIGNAL);
	if (sent == (ssize_t)size)
		set_state(c, OPENING, now_ms + ANSWER_MS);
	else
		attempt_failed(c, sent < 0 ? -errno : -EAGAIN, now_ms);
}

/* connect(2) fails with EAGAIN when a unix socket's queue is full, as its master accepts nobody. */
static void try_address(struct agentx_connect *c, uint64_t now_ms)
{
	const struct sockaddr *address = (const struct sockaddr *)&c->address.at[c->which].address;

	c->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Without it, an answer behind a notification waits for the notification's TCP ACK. */
	if (c->fd >= 0 && address->sa_family != AF_UNIX)
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (c->fd < 0)
		attempt_failed(c, -errno, now_ms);
	else if (connect(c->fd, address, c->address.at[c->which].length) == 0)
		send_open(c, now_ms);
	else if (errno == EINPROGRESS)
		set_state(c, CONNECTING, now_ms + ANSWER_MS);
	else
		attempt_failed(c, -errno, now_ms);
}

/* The descriptor if the answer is whole and good; else -EAGAIN. */
static int look_at_answer(struct agentx_connect *c, uint64_t now_ms)
{
	uint8_t answer[ANSWER_SIZE_MAX] = {0};
	ssize_t n = recv(c->fd, answer, sizeof(answer), MSG_PEEK);
	const struct agentx_header h = agentx_header(answer);
	uint16_t refused = 0;
	uint32_t uptime;
	int r = 0;

	if (n <= 0)
		r = n < 0 ? -errno : -ECONNRESET;
	else if (n < AGENTX_RESPONSE_SIZE)
		r = -EAGAIN;
	else if (h.version != AGENTX_VERSION || h.type != AGENTX_RESPONSE ||
		 h.packet != CONNECT_OPEN_PACKET ||
		 h.length > ANSWER_SIZE_MAX - AGENTX_HEADER_SIZE ||
		 !agentx_response(answer, &uptime, &refused))
		r = -EPROTO;
	else if ((size_t)n < agentx_size(answer))
		r = -EAGAIN;
	if (r == -EAGAIN || r == -EINTR) {
		c->look_ms = now_ms + LOOK_MS;
		return -EAGAIN;
	}
	if (r < 0 || refused) {
		attempt_failed(c, r < 0 ? r : -ECONNREFUSED, now_ms);
		c->refused = refused;
		return -EAGAIN;
	}
	c->error = 0;
	set_state(c, IDLE, CLOCK_NEVER);
	return steal_fd(&c->fd);
}

/* -------------------------------------------------------------------------------------------- */

int agentx_connect_new(const char *address, struct agentx_connect **ret)
{
	struct agentx_connect *c = calloc(1, sizeof(*c));
	const char *why;

	if (!c)
		return -ENOMEM;
	c->fd = -1;
	c->deadline_ms = CLOCK_NEVER;
	int r = agentx_address_parse(address, &c->address, &why);
	if (r < 0) {
		log_err(TOKEN, "AgentX master \"%s\": the address must be %s", address, why);
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void agentx_connect_free(struct agentx_connect *c)
{
	if (!c)
		return;
	cleanup_closep(&c->fd);
	free(c);
}

void agentx_connect_start(struct agentx_connect *c, uint64_t now_ms)
{
	if (c->state != IDLE)
		return;
	c->which = 0;
	try_address(c, now_ms);
}

bool agentx_connect_tries(const struct agentx_connect *c)
{
	return c->state == CONNECTING || c->state == OPENING;
}

int agentx_connect_fault(const struct agentx_connect *c, const char **ret_why)
{
	int error = c->state == OPENING ? -ETIMEDOUT : c->error;

	if (error == 0)
		*ret_why = "no reason is known";
	else if (c->state == OPENING)
		*ret_why = "the connection is accepted, but Open is not answered";
	else if (c->refused)
		*ret_why = "it refuses to open a session";
	else if (error == -EAGAIN)
		*ret_why = "it accepts no connection (its queue is full)";
	else
		*ret_why = strerror(-error);
	return error;
}

int agentx_connect_prepare(const struct agentx_connect *c, struct pollset *ps)
{
	static const short events[_STATE_MAX] = {[CONNECTING] = POLLOUT, [OPENING] = POLLIN};

	pollset_deadline(ps, c->deadline_ms);
	if (c->state == OPENING && c->look_ms > 0) {
		pollset_deadline(ps, c->look_ms);
		return 0;
	}
	return pollset_add(ps, c->fd, events[c->state]);
}

int agentx_connect_dispatch(struct agentx_connect *c, const struct pollset *ps, uint64_t now_ms)
{
	bool ready = pollset_revents(ps, c->fd) != 0, due = now_ms >= c->deadline_ms;
	int error = 0;

	if (c->state == RESTING && due) {
		c->which = 0;
		try_address(c, now_ms);
	} else if (c->state == CONNECTING && ready) {
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof(error)});
		if (error)
			attempt_failed(c, -error, now_ms);
		else
			send_open(c, now_ms);
	} else if (c->state == OPENING && (ready || (c->look_ms > 0 && now_ms >= c->look_ms))) {
		return look_at_answer(c, now_ms);
	} else if (c->state != IDLE && due) {
		attempt_failed(c, -ETIMEDOUT, now_ms);
	}
	return -EAGAIN;
}
