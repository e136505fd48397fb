/*
 * A state machine: idle, waiting for the next try, connecting, asked; and back to idle.
 */
#include "snmp/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/log.h"
#include "util/pollset.h"

#define TOKEN "agentx:probe"

/* Between two tries; a new connection when the old one was not answered that long. */
#define RETRY_MS  250
#define ANSWER_MS 10000

/* RFC 2741 6.1, 6.2.8: version 1, Ping, network byte order, all numbers 0, no payload. */
static const uint8_t ping[20] = {1, 13, 0x10};

enum state {
	IDLE,
	RESTING,
	CONNECTING,
	ASKED,
};

struct probe {
	struct sockaddr_storage address;
	socklen_t address_length;
	enum state state;
	int fd;
	uint64_t deadline_ms;
	bool answered;
};

static int set_unix_address(struct probe *p, const char *path)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&p->address;
	size_t length = strlen(path);

	if (length == 0 || length >= sizeof(un->sun_path))
		return -EINVAL;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, length + 1);
	p->address_length = sizeof(*un);
	return 0;
}

/* HOST:PORT or [HOST]:PORT; the text is taken apart in place. */
static int set_tcp_address(struct probe *p, char *text)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	char *colon = strrchr(text, ':');

	if (!colon)
		return -EINVAL;
	*colon = '\0';
	size_t length = strlen(text);
	if (length > 1 && text[0] == '[' && text[length - 1] == ']') {
		text[length - 1] = '\0';
		text++;
	}
	if (getaddrinfo(text, colon + 1, &hints, &list) != 0)
		return -EADDRNOTAVAIL;
	memcpy(&p->address, list->ai_addr, list->ai_addrlen);
	p->address_length = list->ai_addrlen;
	freeaddrinfo(list);
	return 0;
}

static int set_address(struct probe *p, const char *address)
{
	if (address[0] == '/')
		return set_unix_address(p, address);
	if (strncmp(address, "unix:", 5) == 0)
		return set_unix_address(p, address + 5);

	const char *colon = strchr(address, ':');
	if (!colon || strncmp(address, "tcp", 3) != 0)
		return -EINVAL;
	char *copy = strdup(colon + 1);
	if (!copy)
		return -ENOMEM;
	int r = set_tcp_address(p, copy);
	free(copy);
	return r;
}

int probe_new(const char *address, struct probe **ret)
{
	struct probe *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->fd = -1;
	int r = set_address(p, address);
	if (r < 0) {
		probe_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void probe_free(struct probe *p)
{
	if (!p)
		return;
	probe_stop(p);
	free(p);
}

static void enter(struct probe *p, enum state state, uint64_t deadline_ms)
{
	if (state <= RESTING && p->fd >= 0) {
		close(p->fd);
		p->fd = -1;
	}
	p->state = state;
	p->deadline_ms = deadline_ms;
}

static void rest(struct probe *p, int error, uint64_t now_ms)
{
	if (error)
		log_debug(TOKEN, "no master: %s", strerror(error));
	enter(p, RESTING, now_ms + RETRY_MS);
}

static int open_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);
	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		int error = errno;
		close(fd);
		return -error;
	}
	return fd;
}

static void ask(struct probe *p, uint64_t now_ms)
{
	/* A new socket has room for so little. */
	if (send(p->fd, ping, sizeof(ping), MSG_NOSIGNAL) != sizeof(ping))
		rest(p, errno, now_ms);
	else
		enter(p, ASKED, now_ms + ANSWER_MS);
}

/* EAGAIN is a unix socket whose queue is full: a master that does not accept. */
static void try_connect(struct probe *p, uint64_t now_ms)
{
	p->fd = open_socket(p->address.ss_family);
	if (p->fd < 0)
		rest(p, -p->fd, now_ms);
	else if (connect(p->fd, (struct sockaddr *)&p->address, p->address_length) == 0)
		ask(p, now_ms);
	else if (errno == EINPROGRESS)
		enter(p, CONNECTING, now_ms + ANSWER_MS);
	else
		rest(p, errno, now_ms);
}

static void connected(struct probe *p, uint64_t now_ms)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	if (error)
		rest(p, error, now_ms);
	else
		ask(p, now_ms);
}

static void answered(struct probe *p, uint64_t now_ms)
{
	uint8_t bytes[sizeof(ping)];
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), 0);

	if (n > 0) {
		p->answered = true;
		enter(p, IDLE, CLOCK_NEVER);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		rest(p, n == 0 ? ECONNRESET : errno, now_ms);
	}
}

void probe_start(struct probe *p, uint64_t now_ms)
{
	if (p->state == IDLE)
		try_connect(p, now_ms);
}

void probe_stop(struct probe *p)
{
	enter(p, IDLE, CLOCK_NEVER);
	p->answered = false;
}

bool probe_take_answer(struct probe *p)
{
	bool was = p->answered;
	p->answered = false;
	return was;
}

int probe_prepare(struct probe *p, struct pollset *ps)
{
	if (p->state == IDLE)
		return 0;
	pollset_deadline(ps, p->deadline_ms);
	if (p->fd < 0)
		return 0;
	return pollset_add(ps, p->fd, p->state == CONNECTING ? POLLOUT : POLLIN);
}

void probe_dispatch(struct probe *p, const struct pollset *ps, uint64_t now_ms)
{
	bool ready = p->fd >= 0 && pollset_revents(ps, p->fd) != 0;

	if (p->state == CONNECTING && ready)
		connected(p, now_ms);
	else if (p->state == ASKED && ready)
		answered(p, now_ms);
	else if (p->state == RESTING && now_ms >= p->deadline_ms)
		try_connect(p, now_ms);
	else if (p->state != IDLE && now_ms >= p->deadline_ms)
		rest(p, ETIMEDOUT, now_ms);
}
