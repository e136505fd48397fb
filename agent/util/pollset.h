/*
 * The file descriptors and the nearest deadline that a poll loop waits for. Every part of the
 * program adds its own before each wait, and asks afterwards what happened to its descriptors.
 */
#ifndef UTIL_POLLSET_H
#define UTIL_POLLSET_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct pollset {
	struct pollfd *fds;
	size_t n, allocated;
	uint64_t deadline_ms; /* monotonic, see clock.h */
};

#define POLLSET_EMPTY ((struct pollset){.deadline_ms = UINT64_MAX})

void pollset_clear(struct pollset *ps); /* frees; may be used again */
void pollset_reset(struct pollset *ps); /* forgets all, keeps the memory */

/* fd < 0 is ignored; a second time adds to the events. -ENOMEM: the deadline becomes "at once". */
int pollset_add(struct pollset *ps, int fd, short events);
void pollset_deadline(struct pollset *ps, uint64_t at_ms);

/* What poll(2) wants for its timeout: -1 for ever, rounded up, at most an hour. */
int pollset_timeout(const struct pollset *ps, uint64_t now_ms);
/* poll(2) until something happens or the deadline. 0 (also when interrupted) or -errno. */
int pollset_wait(struct pollset *ps);
/* What poll(2) reported for the descriptor; 0: nothing, or the descriptor is not in the set. */
short pollset_revents(const struct pollset *ps, int fd);

#endif
