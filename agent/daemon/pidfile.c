/*
 * A locked file: a stale one, left by a crash, is never mistaken for a running process.
 */
#include "daemon/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pidfile {
	int fd;
	char *path;
};

/* In a folder that others can write to, the name may stand for any file of ours. */
static int check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid() ? 0 : -EPERM;
}

static int lock_and_write(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int r = check_file(fd);

	if (r < 0)
		return r;
	if (fcntl(fd, F_SETLK, &lock) < 0)
		return errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		return -errno;
	return 0;
}

int pidfile_new(const char *path, struct pidfile **ret)
{
	struct pidfile *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->path = strdup(path);
	p->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);

	int r = !p->path ? -ENOMEM : p->fd < 0 ? -errno : lock_and_write(p->fd);
	if (r < 0) {
		if (p->fd >= 0)
			close(p->fd);
		free(p->path);
		free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void pidfile_free(struct pidfile *p)
{
	if (!p)
		return;
	/* Removed while locked, so that a successor's file is never the one removed. */
	unlink(p->path);
	close(p->fd);
	free(p->path);
	free(p);
}
