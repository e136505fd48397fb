/*
 * Socket input and output of one connection, plain or through TLS.
 */
#include "conn.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim.h"
#include "stream.h"

#define READ_SIZE 65536
#define INPUT_MAX (64u << 20)

static void forget_late_answers(struct conn *conn)
{
	struct request *request;

	while ((request = TAILQ_FIRST(&conn->late))) {
		TAILQ_REMOVE(&conn->late, request, entry);
		request_free(request);
	}
}

void conn_drop(struct conn *conn)
{
	if (conn->dead)
		return;
	conn->dead = true;
	conn->sim->server.open--;
	timer_stop(&conn->gap);
	forget_late_answers(conn);
	if (conn->request) {
		request_orphan(conn->request);
		conn->request = NULL;
	}
	SSL_free(conn->ssl);
	conn->ssl = NULL;
	close(conn->fd);
	conn->fd = -1;
}

struct chunk *conn_send(struct conn *conn, const void *data, size_t len)
{
	struct chunk *chunk = xcalloc(1, sizeof(*chunk));

	buf_add(&chunk->bytes, data, len);
	TAILQ_INSERT_TAIL(&conn->out, chunk, entry);
	return chunk;
}

/* Why SSL_read() or SSL_write() gave n: there is nothing to be had, or no room, for now. */
static bool has_to_wait(struct conn *conn, int n)
{
	int why = SSL_get_error(conn->ssl, n);

	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

static ssize_t read_some(struct conn *conn, char *data, size_t size)
{
	int n;

	if (conn->ssl == NULL)
		return read(conn->fd, data, size);
	ERR_clear_error();
	n = SSL_read(conn->ssl, data, (int)size);
	if (n > 0)
		return n;
	if (!has_to_wait(conn, n))
		return 0;
	errno = EAGAIN;
	return -1;
}

static ssize_t write_some(struct conn *conn, const char *data, size_t size)
{
	int n;

	if (conn->ssl == NULL)
		return write(conn->fd, data, size);
	ERR_clear_error();
	n = SSL_write(conn->ssl, data, size > INT32_MAX ? INT32_MAX : (int)size);
	if (n > 0)
		return n;
	errno = has_to_wait(conn, n) ? EAGAIN : EPIPE;
	return -1;
}

static void next_piece(void *arg)
{
	conn_flush(arg);
}

static void wake_up(void *arg)
{
	struct conn *conn = arg;

	conn->deaf = false;
	conn_flush(conn);
}

void conn_sleep(struct conn *conn, double seconds)
{
	conn->deaf = true;
	timer_start(&conn->sim->timers, &conn->gap, seconds, wake_up, conn);
}

static void rest(struct conn *conn, double seconds)
{
	timer_start(&conn->sim->timers, &conn->gap, seconds, next_piece, conn);
}

static void chunk_done(struct conn *conn, struct chunk *chunk)
{
	bool hang_up = chunk->close;

	TAILQ_REMOVE(&conn->out, chunk, entry);
	buf_free(&chunk->bytes);
	free(chunk);
	if (hang_up)
		conn_drop(conn);
}

/* False when the socket is full, a pause is due or the connection died. */
static bool write_piece(struct conn *conn, struct chunk *chunk)
{
	size_t size = chunk->bytes.len - chunk->sent;
	ssize_t n;

	if (chunk->delay > 0) {
		rest(conn, chunk->delay);
		chunk->delay = 0;
		return false;
	}
	if (chunk->piece && chunk->piece < size)
		size = chunk->piece;
	n = size ? write_some(conn, chunk->bytes.data + chunk->sent, size) : 0;
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			conn_drop(conn);
		return false;
	}
	chunk->sent += (size_t)n;
	if (chunk->sent == chunk->bytes.len) {
		chunk_done(conn, chunk);
		return !conn->dead;
	}
	if (chunk->gap > 0) {
		rest(conn, chunk->gap);
		return false;
	}
	return true;
}

void conn_flush(struct conn *conn)
{
	struct chunk *chunk;

	if (conn->dead || conn->deaf || conn->state == CONN_TLS)
		return;
	while (conn->gap.timers == NULL && (chunk = TAILQ_FIRST(&conn->out)))
		if (!write_piece(conn, chunk))
			return;
	if (!TAILQ_EMPTY(&conn->out))
		return;
	if (conn->closing)
		conn_drop(conn);
	else if (conn->state == CONN_PROCEED)
		stream_start_tls(conn);
}

static void consume(struct conn *conn, size_t end)
{
	buf_drop(&conn->in, end);
	frame_reset(&conn->frame);
}

static void handle_document(struct conn *conn, const char *text, size_t len)
{
	struct request *request = request_read(conn->sim, text, len);

	conn->sim->journal.documents++;
	request_start(request, conn);
}

/* The end of the stream is a good-bye, any other end tag a mistake. */
static void handle_end_tag(struct conn *conn, const char *text, size_t len)
{
	if (strstr(text, "stream"))
		conn_drop(conn);
	else
		handle_document(conn, text, len);
}

static void handle_frame(struct conn *conn, enum frame_result result, size_t end)
{
	size_t start = conn->frame.start;
	char *text = xmemdup(conn->in.data + start, end - start);

	end -= start;
	consume(conn, start + end);
	if (result == FRAME_HEADER)
		stream_header(conn, text);
	else if (result == FRAME_CLOSE)
		handle_end_tag(conn, text, end);
	else if (result == FRAME_JUNK)
		handle_document(conn, text, end);
	else if (conn->state == CONN_READY && !stream_is_element(text))
		handle_document(conn, text, end);
	else
		stream_element(conn, text);
	free(text);
}

void conn_process(struct conn *conn)
{
	enum frame_result result;
	size_t end;

	if (conn->busy)
		return;
	conn->busy = true;
	while (!conn->dead && !conn->deaf && !conn->closing && conn->request == NULL &&
		conn->state != CONN_PROCEED && conn->state != CONN_TLS) {
		conn->frame.header = conn->state == CONN_HEADER;
		result = frame_scan(&conn->frame, conn->in.data, conn->in.len, &end);
		if (result == FRAME_MORE)
			break;
		handle_frame(conn, result, end);
	}
	conn->busy = false;
	conn_flush(conn);
}

static void handle_input(struct conn *conn)
{
	static char data[READ_SIZE];
	ssize_t n;

	while (!conn->dead && (n = read_some(conn, data, sizeof(data))) != 0) {
		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				conn_drop(conn);
			return;
		}
		buf_add(&conn->in, data, (size_t)n);
		if (conn->in.len > INPUT_MAX)
			break;
		conn_process(conn);
		if (conn->state == CONN_TLS || conn->deaf)
			return;
	}
	conn_drop(conn);
}

short conn_poll_events(const struct conn *conn)
{
	bool output = !TAILQ_EMPTY(&conn->out) && conn->gap.timers == NULL;

	if (conn->deaf)
		return 0;
	if (conn->state == CONN_TLS)
		return conn->ssl_wants_write ? POLLOUT : POLLIN;
	return (short)(POLLIN | (output ? POLLOUT : 0));
}

void conn_handle(struct conn *conn, short revents)
{
	if (conn->dead || revents == 0)
		return;
	if (conn->deaf) {
		conn_drop(conn); /* nothing else is told */
		return;
	}
	if (conn->state == CONN_TLS)
		stream_continue_tls(conn);
	else if (revents & POLLOUT)
		conn_flush(conn);
	if (!conn->dead && conn->state != CONN_TLS && (revents & (POLLIN | POLLHUP | POLLERR)))
		handle_input(conn);
}
