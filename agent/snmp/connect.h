/*
 * The way to the AgentX master: its address, and a connection over which it opened a session.
 *
 * net-snmp's library connects and opens its session in one go that blocks; a master that stands
 * still would hold the thread for a second at each attempt, and for ever once the queue of its
 * socket is full. So the Open is sent from here, without blocking. Its answer stays in the socket,
 * where the library finds it when it sends its own Open, which goes nowhere (transport.h).
 */
#ifndef SNMP_CONNECT_H
#define SNMP_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "util/cleanup.h"

struct pollset;

/* All addresses that are to be tried, in this order. */
struct agentx_address {
	struct {
		struct sockaddr_storage address;
		socklen_t length;
	} at[2];
	size_t n;
};

/*
 * "unix:/path", "/path", "tcp:HOST:PORT". AgentX knows no user and no secret, so HOST is one of
 * this machine: localhost (both of its addresses, whatever the hosts file says), 127.0.0.1 or
 * [::1]. -EINVAL: *ret_why (static) says which form is wanted.
 */
int agentx_address_parse(const char *text, struct agentx_address *ret, const char **ret_why);

struct agentx_connect;

/* Of the Open; the library begins with a higher one. */
#define CONNECT_OPEN_PACKET 0

/* -EINVAL (see above), -ENOMEM. */
int agentx_connect_new(const char *address, struct agentx_connect **ret);
void agentx_connect_free(struct agentx_connect *c);
DEFINE_CLEANUP(struct agentx_connect *, agentx_connect_free)

/* Tries until a master opened a session. Does nothing if it tries already. */
void agentx_connect_start(struct agentx_connect *c, uint64_t now_ms);
/* Whether an attempt is under way; between two attempts it rests. */
bool agentx_connect_tries(const struct agentx_connect *c);
/* Why there is no connection, as a negative errno; 0: nothing failed yet. *ret_why: the same in
 * words, static or valid until the next call. */
int agentx_connect_fault(const struct agentx_connect *c, const char **ret_why);

int agentx_connect_prepare(const struct agentx_connect *c, struct pollset *ps);
/* The descriptor, from which the Response to the Open can be read; the caller's from now on.
 * -EAGAIN: there is none yet. */
int agentx_connect_dispatch(struct agentx_connect *c, const struct pollset *ps, uint64_t now_ms);

#endif
