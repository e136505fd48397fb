/*
 * A set has a few descriptors at most, so a linear search is enough.
 */
#include <errno.h>
#include <stdlib.h>

#include "util/clock.h"
#include "util/pollset.h"

void pollset_clear(struct pollset *ps)
{
	free(ps->fds);
	*ps = POLLSET_EMPTY;
}

void pollset_reset(struct pollset *ps)
{
	ps->n = 0;
	ps->deadline_ms = CLOCK_NEVER;
}

static struct pollfd *find_pollfd(const struct pollset *ps, int fd)
{
	for (size_t i = 0; i < ps->n; i++)
		if (ps->fds[i].fd == fd)
			return &ps->fds[i];
	return NULL;
}

static int grow_pollset(struct pollset *ps)
{
	size_t allocated = ps->allocated ? ps->allocated * 2 : 16;
	struct pollfd *fds = realloc(ps->fds, allocated * sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	ps->fds = fds;
	ps->allocated = allocated;
	return 0;
}

int pollset_add(struct pollset *ps, int fd, short events)
{
	struct pollfd *p;

	if (fd < 0)
		return 0;
	p = find_pollfd(ps, fd);
	if (p) {
		p->events = (short)(p->events | events);
		return 0;
	}
	if (ps->n == ps->allocated && grow_pollset(ps) < 0) {
		pollset_deadline(ps, 0);
		return -ENOMEM;
	}
	ps->fds[ps->n++] = (struct pollfd){.fd = fd, .events = events};
	return 0;
}

void pollset_deadline(struct pollset *ps, uint64_t at_ms)
{
	if (at_ms < ps->deadline_ms)
		ps->deadline_ms = at_ms;
}

int pollset_timeout(const struct pollset *ps, uint64_t now_ms)
{
	const uint64_t most = UINT64_C(3600) * 1000;

	if (ps->deadline_ms == CLOCK_NEVER)
		return -1;
	if (ps->deadline_ms <= now_ms)
		return 0;
	return ps->deadline_ms - now_ms > most ? (int)most : (int)(ps->deadline_ms - now_ms);
}

int pollset_wait(struct pollset *ps)
{
	int r = poll(ps->fds, ps->n, pollset_timeout(ps, clock_ms()));

	if (r >= 0)
		return 0;
	for (size_t i = 0; i < ps->n; i++)
		ps->fds[i].revents = 0;
	return errno == EINTR || errno == EAGAIN ? 0 : -errno;
}

short pollset_revents(const struct pollset *ps, int fd)
{
	const struct pollfd *p = fd < 0 ? NULL : find_pollfd(ps, fd);

	if (!p)
		return 0;
	return p->revents;
}
