/*
 * A pipe: every system has it, and a signal handler may write to it.
 */
#include <errno.h>
#include <fcntl.h>

#include "util/cleanup.h"
#include "util/wakeup.h"

struct wakeup {
	int read_end, write_end;
};

static int set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int wakeup_new(struct wakeup **ret)
{
	_cleanup_free_ struct wakeup *w = calloc(1, sizeof(*w));
	int fds[2], r;

	if (!w)
		return -ENOMEM;
	if (pipe(fds) < 0)
		return -errno;
	w->read_end = fds[0];
	w->write_end = fds[1];
	r = set_flags(fds[0]);
	if (r == 0)
		r = set_flags(fds[1]);
	if (r < 0) {
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	*ret = steal_ptr(w);
	return 0;
}

void wakeup_free(struct wakeup *w)
{
	if (!w)
		return;
	close(w->read_end);
	close(w->write_end);
	free(w);
}

int wakeup_fd(const struct wakeup *w)
{
	return w->read_end;
}

void wakeup_notify(struct wakeup *w)
{
	int saved = errno;

	/* If the pipe is full, its reader has been woken before. */
	while (write(w->write_end, "", 1) < 0 && errno == EINTR)
		;
	errno = saved;
}

void wakeup_drain(struct wakeup *w)
{
	char bytes[256];
	ssize_t n;

	do
		n = read(w->read_end, bytes, sizeof(bytes));
	while (n == (ssize_t)sizeof(bytes) || (n < 0 && errno == EINTR));
}
