/*
 * A server in a thread that says what the test wants, and a client that runs until something
 * happened. Much smaller than ldmd-sim: this one does not know what it says.
 */
#ifndef TESTS_UNIT_FAKE_SERVER_H
#define TESTS_UNIT_FAKE_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <openssl/ssl.h>

#include "ldm/conn.h"
#include "util/buffer.h"

struct fake {
	int listener, fd;
	uint16_t port;
	pthread_t thread;
	void (*script)(struct fake *f); /* one connection; returns to close it */
	int connections;		/* how many to serve */
	SSL_CTX *tls_context;
	SSL *tls;
	struct buffer heard; /* of this connection, not yet taken by fake_expect() */
};

/* Starts listening on a free port of 127.0.0.1 and serving. */
void fake_start(struct fake *f, void (*script)(struct fake *), int connections);
/* Waits for the script to end. */
void fake_stop(struct fake *f);

/* For scripts. Reads until the text was heard; false: the client is gone. */
bool fake_expect(struct fake *f, const char *text);
void fake_say(struct fake *f, const char *text);
/* The same byte by byte. */
void fake_whisper(struct fake *f, const char *text);
/* Says nothing until the client is gone. */
void fake_wait(struct fake *f);
bool fake_start_tls(struct fake *f);

/* A self-signed certificate for the name, written to path too (NULL: not). */
SSL_CTX *fake_certificate(const char *name, const char *path);

/* The client's side: what came of it, as text, and a loop. */
struct client {
	struct ldm_conn *conn;
	struct buffer seen; /* "ready;", "event A D;", "content D;", "done 0 MESSAGE;", ... */
	unsigned received;  /* documents */
};

void client_start(struct client *c, const struct ldm_endpoint *e);
void client_ask(struct client *c, const char *action, const char *domain, uint64_t timeout_ms);
/* Runs until the text was seen; fails the test after ten seconds. */
void client_run(struct client *c, const char *until);
void client_stop(struct client *c);
/* plain:127.0.0.1:PORT and so on. */
struct ldm_endpoint *client_endpoint(const char *transport, uint16_t port);

extern const struct ldm_reply_ops client_reply_ops;

#endif
