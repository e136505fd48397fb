/*
 * fork, setsid, and a pipe for the status. Before any thread exists.
 */
#include "daemon/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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
	/* No byte: the child died, and said why. */
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
