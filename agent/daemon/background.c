/*
 * fork, setsid, and a pipe for the status, before any thread exists; and a locked pid file, so that
 * one left by a crash is never mistaken for a running process.
 */
#include "daemon/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

int background_fill_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return -errno;
	} while (fd <= STDERR_FILENO);
	close(fd);
	return 0;
}

static void wait_for_child(int fd)
{
	unsigned char status = EXIT_FAILURE;
	ssize_t n;

	do {
		n = read(fd, &status, 1);
	} while (n < 0 && errno == EINTR);
	/* No byte came: the child ended before it was ready, and has printed the reason. */
	_exit(n == 1 ? status : EXIT_FAILURE);
}

int background_start(int *ret_fd)
{
	int fds[2];

	if (pipe(fds) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid < 0) {
		int r = -errno;
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	if (pid > 0) {
		close(fds[1]);
		wait_for_child(fds[0]);
	}
	close(fds[0]);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	setsid();
	if (chdir("/") < 0) {
		int r = -errno;
		close(fds[1]);
		return r;
	}
	*ret_fd = fds[1];
	return 0;
}

void background_ready(int fd, int status)
{
	unsigned char byte = (unsigned char)status;
	ssize_t ignored = write(fd, &byte, 1);
	(void)ignored;
	close(fd);

	int null = open("/dev/null", O_RDWR);
	if (null < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	if (null > 2)
		close(null);
}

/* --- The pid file -------------------------------------------------------------------------------
 */

struct pidfile {
	int fd;
	char *path;
};

/* In a folder that others can write to, the path may be a hard link to another file of ours. */
static int check_pidfile(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid() ? 0 : -EPERM;
}

static int lock_and_write(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int r = check_pidfile(fd);

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
	/* Removed while it is locked: without the lock it could be the file of the next agent. */
	unlink(p->path);
	close(p->fd);
	free(p->path);
	free(p);
}
