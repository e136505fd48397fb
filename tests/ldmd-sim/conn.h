/*
 * Client connections: sockets, TLS, input cut into documents, output queued in writes.
 */
#ifndef LDMD_SIM_CONN_H
#define LDMD_SIM_CONN_H

#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "frame.h"
#include "request.h"
#include "timer.h"
#include "tls.h"
#include "util.h"

struct sim;

enum conn_state {
	CONN_HEADER,   /* a stream header is due */
	CONN_FEATURES, /* starttls or auth is due */
	CONN_PROCEED,  /* <proceed/> is on its way, then TLS */
	CONN_TLS,      /* TLS handshake */
	CONN_READY,    /* documents */
};

/* What goes out in one write(), unless a fault cuts it up. */
struct chunk {
	TAILQ_ENTRY(chunk) entry;
	struct buf bytes;
	size_t sent;
	size_t piece; /* 0 = all at once */
	double gap;   /* seconds between pieces */
	double delay; /* seconds before the first */
	bool close;   /* and then hang up */
};
TAILQ_HEAD(chunk_list, chunk);

struct conn {
	TAILQ_ENTRY(conn) entry;
	struct sim *sim;
	int fd;
	unsigned number;
	enum conn_state state;
	bool secure;
	bool authenticated;
	enum tls_kind tls_kind;
	SSL *ssl;
	bool ssl_wants_write;
	struct frame frame;
	struct buf in;
	struct chunk_list out;
	struct timer gap; /* before the next piece */
	struct request *request;
	struct request_list late;
	unsigned events; /* registered categories */
	bool events_v2;
	bool told_capture; /* the events of a capture were sent */
	bool deaf;	   /* reads and writes nothing */
	bool busy;	   /* inside conn_process() */
	bool closing;	   /* hang up when everything is sent */
	bool dead;
};
TAILQ_HEAD(conn_list, conn);

struct server {
	int fd;	  /* -1 = not listening */
	bool off; /* the operator wants it so */
	uint16_t port;
	struct conn_list conns;
	struct request_list orphans; /* begun, but the client is gone */
	unsigned total;
	unsigned open;
};

bool server_listen(struct sim *sim);
void server_unlisten(struct sim *sim);
/* Opens or closes the port as operator and faults want it. */
void server_update(struct sim *sim);
void server_accept(struct sim *sim);
void server_drop_all(struct sim *sim);
void server_free(struct sim *sim);
/* Frees connections that died since the last call. */
void server_reap(struct sim *sim);

short conn_poll_events(const struct conn *conn);
void conn_handle(struct conn *conn, short revents);
/* Handles documents that have arrived, until one has to wait. */
void conn_process(struct conn *conn);

/* Queues bytes for one write. Returns the chunk, so that faults can change it. */
struct chunk *conn_send(struct conn *conn, const void *data, size_t len);
/* Writes what can be written. */
void conn_flush(struct conn *conn);
/* Neither reads nor writes for so long. */
void conn_sleep(struct conn *conn, double seconds);
/* Hangs up at once. What was begun is finished. */
void conn_drop(struct conn *conn);

#endif
