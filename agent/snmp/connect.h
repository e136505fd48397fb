/*
 * The way to the AgentX master: its address, and a connection on which the master opened a session.
 *
 * net-snmp's library connects and opens its session in one go that blocks; a master that stands
 * still would hold the thread for a second at each attempt, and for ever once the queue of its
 * socket is full. So the Open is sent from here, without blocking. The answer stays in the socket:
 * the library reads it as the answer to its own Open, which the transport does not send.
 */
#ifndef SNMP_CONNECT_H
#define SNMP_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "util/cleanup.h"

struct pollset;

/* The addresses of one master, tried in this order. */
struct agentx_address {
	struct {
		struct sockaddr_storage address;
		socklen_t length;
	} at[2];
	size_t n;
};

/*
 * "unix:/path", "/path", "tcp:HOST:PORT". AgentX has no authentication, so HOST must be this
 * machine: localhost (both 127.0.0.1 and [::1], whatever the hosts file says), 127.0.0.1 or [::1].
 * -EINVAL: *ret_why (static) says which form is wanted.
 */
int agentx_address_parse(const char *text, struct agentx_address *ret, const char **ret_why);

struct agentx_connect;

/* h.packetID of the Open; the library's own numbers are higher. */
#define CONNECT_OPEN_PACKET 0

/* address: see agentx_address_parse(). -EINVAL (logged), -ENOMEM. */
int agentx_connect_new(const char *address, struct agentx_connect **ret);
void agentx_connect_free(struct agentx_connect *c);
DEFINE_CLEANUP(struct agentx_connect *, agentx_connect_free)

/* Begins to try until a master opens a session; no change if it was called before. */
void agentx_connect_start(struct agentx_connect *c, uint64_t now_ms);
/* Whether an attempt is under way; false in the rest between two attempts. */
bool agentx_connect_tries(const struct agentx_connect *c);
/* Why there is no connection, as a negative errno; 0: nothing failed yet. *ret_why: the same in
 * words, static or valid until the next call. */
int agentx_connect_fault(const struct agentx_connect *c, const char **ret_why);

int agentx_connect_prepare(const struct agentx_connect *c, struct pollset *ps);
/* The connected descriptor, which the caller owns and from which it reads the Response to the Open.
 * -EAGAIN: no session is open yet. */
int agentx_connect_dispatch(struct agentx_connect *c, const struct pollset *ps, uint64_t now_ms);

#endif
