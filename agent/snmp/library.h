/*
 * net-snmp's library as a subagent that leaves the process alone: no signals, no files, no output
 * of its own. It opens the session, registers, pings, carries SETs to their handler, sends
 * notifications, and closes; everything else is done without it.
 */
#ifndef SNMP_LIBRARY_H
#define SNMP_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

struct pollset;

struct library {
	bool running;	      /* init_snmp() was called */
	bool awake;	      /* it was called since it had nothing to read */
	uint64_t deadline_ms; /* of its next request that times out */
};

/* Connects to nothing: library_open() does, and sends what was registered before. address: the name
 * of the AgentX master for the library. -EALREADY: it ran in this process before; -EIO. */
int library_start(struct library *l, const char *address);
/* Closes the session if there is one. */
void library_stop(void);

/* Opens the session over the connection that transport.h offers, registers, and waits for the
 * answers. */
void library_open(struct library *l);

/*
 * The library was called, or will be: a request was sent, or a SET is open. What it then has to
 * read, in pipes to itself, and until when, is looked at until it is idle; while it is idle it
 * costs nothing.
 */
static inline void library_wake(struct library *l)
{
	l->awake = true;
}
/* Which descriptors it wants to read, except that of the session, and when its next request times
 * out. -ENOMEM. */
int library_prepare(struct library *l, struct pollset *ps, int session_fd, uint64_t now_ms);
/* Reads from those that are ready, and from the session's if there is something for the library. */
void library_read(struct library *l, const struct pollset *ps, int session_fd, bool session_reads,
	uint64_t now_ms);

#endif
