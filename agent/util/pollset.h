/*
 * The file descriptors and the nearest deadline that a poll loop waits for. Every part of the
 * program adds its own before each wait, and asks afterwards what happened to its descriptors.
 */
#ifndef UTIL_POLLSET_H
#define UTIL_POLLSET_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "util/clock.h"

struct pollset {
	struct pollfd *fds;
	size_t n, allocated;
	uint64_t deadline_ms; /* of clock_ms() */
};

#define POLLSET_EMPTY ((struct pollset){.deadline_ms = CLOCK_NEVER})

void pollset_clear(struct pollset *ps); /* frees; may be used again */
void pollset_reset(struct pollset *ps); /* forgets all, keeps the memory */

/* fd < 0 is ignored; the events of a second call are added. -ENOMEM: the next wait ends at once. */
int pollset_add(struct pollset *ps, int fd, short events);
void pollset_deadline(struct pollset *ps, uint64_t at_ms);

/* The timeout for poll(2) in ms: at most an hour, -1 if there is no deadline. */
int pollset_timeout(const struct pollset *ps, uint64_t now_ms);
/* Waits for an event or the deadline. 0, also if a signal interrupts; or -errno. */
int pollset_wait(struct pollset *ps);
/* What poll(2) reported for the descriptor; 0: nothing, or the descriptor is not in the set. */
short pollset_revents(const struct pollset *ps, int fd);

#endif
