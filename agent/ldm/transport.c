/*
 * All system calls on the socket to ldmd are here.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "ldm/transport.h"

/* Solaris has the option under another name. */
#ifndef TCP_USER_TIMEOUT
#define TCP_USER_TIMEOUT TCP_ABORT_THRESHOLD
#endif

/* At most this many bytes in one turn, so that one peer cannot keep the poll loop busy. */
#define RECEIVE_MOST  ((size_t)256 << 10)
#define RECEIVE_CHUNK ((size_t)32 << 10)
/* Limit of the answers that TLS itself makes (to key updates and renegotiation) while the peer does
 * not read them. */
#define UNASKED_MOST ((size_t)64 << 10)

void transport_init(struct ldm_transport_link *t)
{
	*t = (struct ldm_transport_link){.fd = -1};
}

void transport_close(struct ldm_transport_link *t)
{
	if (t->tls && t->fd >= 0 && !t->at_end) {
		ldm_tls_bye(t->tls);
		if (ldm_tls_drain(t->tls, &t->out) == 0)
			(void)transport_flush(t);
	}
	ldm_tls_free(t->tls);
	if (t->fd >= 0)
		close(t->fd);
	buffer_clear(&t->in);
	buffer_clear_secret(&t->out);
	free(t->error);
	transport_init(t);
}

/*
 * A command may take ten minutes without a byte from ldmd. If the host of ldmd is gone (power, a
 * cable, a firewall that lost the connection), these options end the connection within one minute:
 * keep-alive probes on an idle connection, the user timeout on one with unconfirmed bytes. If only
 * ldmd hangs, the kernel of its host still answers and the connection stays.
 */
static const struct {
	int level, name, value;
} options[] = {
	{IPPROTO_TCP, TCP_NODELAY, 1},
	{SOL_SOCKET, SO_KEEPALIVE, 1},
	{IPPROTO_TCP, TCP_KEEPIDLE, 30},
	{IPPROTO_TCP, TCP_KEEPINTVL, 10},
	{IPPROTO_TCP, TCP_KEEPCNT, 3},
	{IPPROTO_TCP, TCP_USER_TIMEOUT, 60000},
};

int transport_connect(struct ldm_transport_link *t, const struct addrinfo *to)
{
	_cleanup_close_ int fd = socket(
		to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol);

	if (fd < 0)
		return -errno;
	/* The connection works without any of the options. */
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			sizeof(options[i].value));
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0 && errno != EINPROGRESS && errno != EINTR)
		return -errno;
	t->fd = steal_fd(&fd);
	return 0;
}

int transport_connected(struct ldm_transport_link *t)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

static int transport_take_error(struct ldm_transport_link *t, int r)
{
	if (r == -EPROTO && t->tls && !t->error)
		t->error = strdup(ldm_tls_error(t->tls));
	return r;
}

int transport_start_tls(struct ldm_transport_link *t, const struct ldm_endpoint *e)
{
	/* Bytes that came in the clear must never be taken for bytes that came within TLS. */
	if (t->in.len > strspn(buffer_data(&t->in), " \t\r\n"))
		return -EBADMSG;
	buffer_reset(&t->in);
	return ldm_tls_new(e, &t->tls, &t->error);
}

int transport_handshake(struct ldm_transport_link *t)
{
	int done = ldm_tls_handshake(t->tls);
	int r = ldm_tls_drain(t->tls, &t->out);

	/* Also after a failure: a TLS alert tells the peer why. */
	if (r == 0)
		r = transport_flush(t);
	if (done < 0)
		return transport_take_error(t, done);
	return r < 0 ? r : done;
}

short transport_events(const struct ldm_transport_link *t)
{
	return (short)((t->at_end ? 0 : POLLIN) | (t->out.len > 0 ? POLLOUT : 0));
}

static int transport_receive_once(struct ldm_transport_link *t, struct buffer *to)
{
	char *room;
	ssize_t n;
	int r = buffer_reserve(to, RECEIVE_CHUNK, &room);

	if (r < 0)
		return r;
	n = recv(t->fd, room, RECEIVE_CHUNK, 0);
	if (n < 0)
		return -errno;
	t->at_end = n == 0;
	buffer_commit(to, n);
	return 0;
}

static int transport_receive_raw(struct ldm_transport_link *t, struct buffer *to)
{
	const size_t begin = to->len;
	size_t before;
	int r;

	/* A short read: nothing more has arrived. The next turn sees the end of the stream. */
	do {
		before = to->len;
		r = transport_receive_once(t, to);
	} while ((to->len - before == RECEIVE_CHUNK && to->len - begin < RECEIVE_MOST) ||
		 r == -EINTR);
	return r == -EAGAIN ? 0 : r;
}

static int transport_drain_unasked(struct ldm_transport_link *t)
{
	size_t before = t->out.len;
	int r = ldm_tls_drain(t->tls, &t->out);

	t->unasked += t->out.len - before;
	if (r < 0 || t->unasked <= UNASKED_MOST)
		return r;
	free(t->error);
	t->error = strdup("TLS: ldmd sends request after request without reading the answers");
	return -EPROTO;
}

static int transport_decrypt(struct ldm_transport_link *t, const struct buffer *cipher)
{
	int r = ldm_tls_feed(t->tls, buffer_data(cipher), cipher->len), d;

	if (r == 0)
		r = ldm_tls_read(t->tls, &t->in);
	d = transport_drain_unasked(t);
	if (r == -EPIPE) {
		t->at_end = true;
		r = 0;
	}
	if (r < 0) {
		(void)transport_flush(t); /* a TLS alert tells the peer why */
		return transport_take_error(t, r);
	}
	return d;
}

int transport_receive(struct ldm_transport_link *t)
{
	_cleanup_(buffer_clear) struct buffer cipher = BUFFER_EMPTY;
	int r, d = 0;

	if (t->at_end)
		return 0;
	if (!t->tls)
		return transport_receive_raw(t, &t->in);
	r = transport_receive_raw(t, &cipher);
	if (cipher.len > 0)
		d = transport_decrypt(t, &cipher);
	return d < 0 ? d : r;
}

int transport_write(struct ldm_transport_link *t, const void *bytes, size_t n)
{
	int r;

	if (!t->tls)
		return buffer_append(&t->out, bytes, n);
	r = ldm_tls_write(t->tls, bytes, n);
	if (r < 0)
		return transport_take_error(t, r);
	return ldm_tls_drain(t->tls, &t->out);
}

int transport_flush(struct ldm_transport_link *t)
{
	while (t->out.len > 0) {
		ssize_t n = send(t->fd, buffer_data(&t->out), t->out.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno; /* EWOULDBLOCK is the same */
		buffer_consume(&t->out, n);
	}
	t->unasked = 0;
	return 0;
}
