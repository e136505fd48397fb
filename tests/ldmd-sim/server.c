/*
 * The listening socket and the set of connections.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "sim.h"

bool server_listen(struct sim *sim)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(sim->server.port)};
	socklen_t size = sizeof(address);
	int fd, on = 1;

	if (sim->server.fd >= 0)
		return true;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, size) || listen(fd, 64) ||
		getsockname(fd, (struct sockaddr *)&address, &size)) {
		perror("ldmd-sim: listen");
		close(fd);
		return false;
	}
	sim->server.fd = fd;
	sim->server.port = ntohs(address.sin_port);
	return true;
}

void server_unlisten(struct sim *sim)
{
	if (sim->server.fd >= 0)
		close(sim->server.fd);
	sim->server.fd = -1;
}

void server_update(struct sim *sim)
{
	if (sim->server.off || fault_waits(&sim->faults, FAULT_REFUSE, MOMENT_CONNECT))
		server_unlisten(sim);
	else
		server_listen(sim);
}

static void renew_certificate(struct sim *sim)
{
	if (fault_at(&sim->faults, FAULT_NEW_CERT, MOMENT_TLS, NULL))
		tls_renew(&sim->tls, sim->options.ldm_version);
}

static void apply_faults(struct conn *conn)
{
	struct faults *faults = &conn->sim->faults;
	const struct fault *fault;

	if (fault_at(faults, FAULT_CLOSE_BEFORE, MOMENT_CONNECT, NULL))
		conn_drop(conn);
	else if (fault_at(faults, FAULT_HANG, MOMENT_CONNECT, NULL))
		conn->deaf = true;
	else if ((fault = fault_at(faults, FAULT_DELAY, MOMENT_CONNECT, NULL)))
		conn_sleep(conn, fault->number);
}

static void conn_new(struct sim *sim, int fd)
{
	struct conn *conn = xcalloc(1, sizeof(*conn));

	conn->sim = sim;
	conn->fd = fd;
	conn->number = ++sim->server.total;
	conn->state = sim->options.transport == TRANSPORT_PLAIN ? CONN_READY : CONN_HEADER;
	TAILQ_INIT(&conn->out);
	TAILQ_INIT(&conn->late);
	TAILQ_INSERT_TAIL(&sim->server.conns, conn, entry);
	sim->server.open++;
	apply_faults(conn);
}

void server_accept(struct sim *sim)
{
	int fd, on = 1;

	while ((fd = accept4(sim->server.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		renew_certificate(sim);
		conn_new(sim, fd);
	}
}

static void conn_free(struct conn *conn)
{
	struct chunk *chunk;

	conn_drop(conn);
	while ((chunk = TAILQ_FIRST(&conn->out))) {
		TAILQ_REMOVE(&conn->out, chunk, entry);
		buf_free(&chunk->bytes);
		free(chunk);
	}
	TAILQ_REMOVE(&conn->sim->server.conns, conn, entry);
	buf_free(&conn->in);
	free(conn);
}

void server_reap(struct sim *sim)
{
	struct conn *conn, *next;

	LIST_EACH_SAFE(conn, &sim->server.conns, entry, next)
	if (conn->dead && !conn->busy)
		conn_free(conn);
}

void server_drop_all(struct sim *sim)
{
	struct conn *conn;

	TAILQ_FOREACH (conn, &sim->server.conns, entry)
		conn_drop(conn);
}

void server_free(struct sim *sim)
{
	struct request *request;

	server_unlisten(sim);
	while (!TAILQ_EMPTY(&sim->server.conns))
		conn_free(TAILQ_FIRST(&sim->server.conns));
	while ((request = TAILQ_FIRST(&sim->server.orphans)))
		request_free(request);
}
