/* See master.h. */
#include "master.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"

/* Connections that broke off, and the one that counts. */
#define PEERS 4

struct peer {
	int fd;
	struct buffer in;
};

struct master {
	int listener;
	struct peer peers[PEERS];
	int opened;	  /* the peer that sent Open, or -1 */
	uint32_t session; /* of it */
	pthread_t thread;
	atomic_bool stop;
};

/* --- PDUs ----------------------------------------------------------------------------------- */

void agentx_put_u32(struct buffer *b, bool network, uint32_t n)
{
	const uint8_t big[] = {
		(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
	const uint8_t little[] = {big[3], big[2], big[1], big[0]};

	FUZZ_CHECK(buffer_append(b, network ? big : little, 4) == 0);
}

void agentx_put_u16(struct buffer *b, bool network, uint16_t n)
{
	const uint8_t big[] = {(uint8_t)(n >> 8), (uint8_t)n}, little[] = {big[1], big[0]};

	FUZZ_CHECK(buffer_append(b, network ? big : little, 2) == 0);
}

void agentx_put_oid(struct buffer *b, bool network, const uint32_t *arcs, size_t n, bool include)
{
	const uint8_t head[] = {(uint8_t)n, 4, include, 0};

	FUZZ_CHECK(buffer_append(b, head, sizeof(head)) == 0);
	for (size_t i = 0; i < n; i++)
		agentx_put_u32(b, network, arcs[i]);
}

void agentx_put_octets(struct buffer *b, bool network, const void *octets, size_t n)
{
	static const uint8_t padding[3];

	agentx_put_u32(b, network, (uint32_t)n);
	FUZZ_CHECK(buffer_append(b, octets, n) == 0);
	FUZZ_CHECK(buffer_append(b, padding, (4 - n % 4) % 4) == 0);
}

void agentx_put(struct buffer *b, const struct agentx_header *h, const struct buffer *body)
{
	bool network = h->flags & AGENTX_NETWORK_BYTE_ORDER;
	const uint8_t head[] = {1, h->type, h->flags, 0};

	FUZZ_CHECK(buffer_append(b, head, sizeof(head)) == 0);
	agentx_put_u32(b, network, h->session);
	agentx_put_u32(b, network, h->transaction);
	agentx_put_u32(b, network, h->packet);
	agentx_put_u32(b, network, h->length);
	FUZZ_CHECK(buffer_append(b, buffer_data(body), body->len) == 0);
}

static uint32_t get_u32(const uint8_t *at, bool network)
{
	if (network)
		return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

bool agentx_next(const struct buffer *b, struct agentx_header *ret)
{
	const uint8_t *at = (const uint8_t *)buffer_data(b);

	if (b->len < AGENTX_HEADER_SIZE)
		return false;
	/* Whatever comes in, what goes out is well-formed. */
	FUZZ_CHECK(at[0] == 1 && at[1] >= 1 && at[1] <= AGENTX_RESPONSE);
	bool network = at[2] & AGENTX_NETWORK_BYTE_ORDER;
	*ret = (struct agentx_header){
		.type = at[1],
		.flags = at[2],
		.session = get_u32(at + 4, network),
		.transaction = get_u32(at + 8, network),
		.packet = get_u32(at + 12, network),
		.length = get_u32(at + 16, network),
	};
	FUZZ_CHECK(ret->length % 4 == 0 && ret->length < 1 << 20);
	return b->len >= AGENTX_HEADER_SIZE + ret->length;
}

void agentx_put_answer(struct buffer *b, const struct agentx_header *to, uint32_t session)
{
	struct agentx_header h = {
		.type = AGENTX_RESPONSE,
		.flags = AGENTX_NETWORK_BYTE_ORDER,
		.session = session,
		.transaction = to->transaction,
		.packet = to->packet,
		.length = 8,
	};
	struct buffer body = BUFFER_EMPTY;

	agentx_put_u32(&body, true, 0);
	agentx_put_u32(&body, true, 0);
	agentx_put(b, &h, &body);
	buffer_clear(&body);
}

/* --- the thread ----------------------------------------------------------------------------- */

static void peer_close(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	buffer_clear(&p->in);
}

static void answer(struct master *m, int which, const struct agentx_header *h)
{
	struct buffer out = BUFFER_EMPTY;

	if (h->type == AGENTX_OPEN) {
		m->opened = which;
		m->session++;
	}
	agentx_put_answer(&out, h, m->session);
	(void)!send(m->peers[which].fd, buffer_data(&out), out.len, MSG_NOSIGNAL);
	buffer_clear(&out);
}

static void read_peer(struct master *m, int which)
{
	struct peer *p = &m->peers[which];
	struct agentx_header h;
	char *room;

	FUZZ_CHECK(buffer_reserve(&p->in, 4096, &room) == 0);
	ssize_t n = recv(p->fd, room, 4096, 0);
	if (n <= 0) {
		peer_close(p);
		return;
	}
	buffer_commit(&p->in, (size_t)n);
	while (agentx_next(&p->in, &h)) {
		buffer_consume(&p->in, AGENTX_HEADER_SIZE + h.length);
		if (h.type != AGENTX_RESPONSE)
			answer(m, which, &h);
	}
}

static void take_peer(struct master *m)
{
	int fd = accept(m->listener, NULL, NULL);

	for (int i = 0; i < PEERS && fd >= 0; i++) {
		if (m->peers[i].fd < 0) {
			m->peers[i].fd = fd;
			return;
		}
	}
	if (fd >= 0)
		close(fd);
}

static void *serve(void *user)
{
	struct master *m = user;

	while (!atomic_load(&m->stop)) {
		struct pollfd fds[PEERS + 1] = {{.fd = m->listener, .events = POLLIN}};

		for (int i = 0; i < PEERS; i++)
			fds[i + 1] = (struct pollfd){.fd = m->peers[i].fd, .events = POLLIN};
		if (poll(fds, PEERS + 1, 1) <= 0)
			continue;
		for (int i = 0; i < PEERS; i++)
			if (fds[i + 1].revents)
				read_peer(m, i);
		if (fds[0].revents)
			take_peer(m);
	}
	return NULL;
}

struct master *master_new(const char *path)
{
	struct master *m = calloc(1, sizeof(*m));
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	FUZZ_CHECK(m && strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	m->opened = -1;
	m->session = 100;
	for (int i = 0; i < PEERS; i++)
		m->peers[i].fd = -1;
	m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FUZZ_CHECK(bind(m->listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	FUZZ_CHECK(listen(m->listener, 8) == 0);
	return m;
}

void master_serve(struct master *m)
{
	m->opened = -1;
	atomic_store(&m->stop, false);
	FUZZ_CHECK(pthread_create(&m->thread, NULL, serve, m) == 0);
}

int master_take(struct master *m, uint32_t *ret_session, struct buffer *ret_rest)
{
	int fd;

	atomic_store(&m->stop, true);
	pthread_join(m->thread, NULL);
	FUZZ_CHECK(m->opened >= 0);
	fd = m->peers[m->opened].fd;
	m->peers[m->opened].fd = -1;
	*ret_rest = m->peers[m->opened].in;
	m->peers[m->opened].in = BUFFER_EMPTY;
	for (int i = 0; i < PEERS; i++)
		peer_close(&m->peers[i]);
	*ret_session = m->session;
	return fd;
}
