/*
 * Is there an AgentX master that answers? Asked on a connection of its own, without blocking.
 *
 * The library connects and opens its session in one blocking go. With a master that stands still
 * (stopped, or stuck) each try would hold the thread for a while, and for ever once the socket's
 * queue is full. So the library may only try after a Ping sent from here was answered; that a
 * session is not open is a fine answer.
 */
#ifndef SNMP_PROBE_H
#define SNMP_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct pollset;
struct probe;

/* "unix:/path", "/path", "tcp:HOST:PORT", "tcp6:[HOST]:PORT". -EINVAL, -ENOMEM, resolver errors
 * as -EADDRNOTAVAIL. */
int probe_new(const char *address, struct probe **ret);
void probe_free(struct probe *p);

/* Begins to ask, and keeps asking until there is an answer. Does nothing if it does already. */
void probe_start(struct probe *p, uint64_t now_ms);
void probe_stop(struct probe *p);
/* True once for each answer; the probe has stopped then. */
bool probe_take_answer(struct probe *p);

int probe_prepare(struct probe *p, struct pollset *ps);
void probe_dispatch(struct probe *p, const struct pollset *ps, uint64_t now_ms);

#endif
