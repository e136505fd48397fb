/*
 * systemd's notification protocol (sd_notify(3)): datagrams of VARIABLE=value lines to the socket
 * named in $NOTIFY_SOCKET. So little of it is needed that no library is worth the dependency.
 */
#include "daemon/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/log.h"
#include "util/text.h"

/* One process has one service manager. Set before the threads start, read-only after that. */
static int notify_fd = -1;
static uint64_t watchdog_ms;

static int connect_notify_socket(const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t n = strlen(name);

	/* "@" starts a name in the abstract name space, which is a zero byte on the wire. */
	if (n < 2 || n >= sizeof(sa.sun_path) || (name[0] != '/' && name[0] != '@'))
		return -EINVAL;
	memcpy(sa.sun_path, name, n);
	if (name[0] == '@')
		sa.sun_path[0] = '\0';

	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sa,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0) {
		int r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

void service_open(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	watchdog_ms = 0;
	if (!name)
		return;
	notify_fd = connect_notify_socket(name);
	if (notify_fd < 0) {
		log_warn("service", "notify socket %s: %s", name, strerror(-notify_fd));
		notify_fd = -1;
		return;
	}
	if (usec && (!pid || strtol(pid, NULL, 10) == (long)getpid()))
		watchdog_ms = strtoull(usec, NULL, 10) / 1000;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

__attribute__((format(printf, 1, 2))) static void notify(const char *format, ...)
{
	char *message;
	va_list ap;

	if (notify_fd < 0)
		return;
	va_start(ap, format);
	int n = vasprintf(&message, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (send(notify_fd, message, (size_t)n, MSG_NOSIGNAL) < 0)
		log_debug("service", "notify: %s", strerror(errno));
	free(message);
}

void service_ready(void)
{
	notify("READY=1");
}

void service_reloading(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		(int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

void service_stopping(void)
{
	notify("STOPPING=1");
}

void service_status(const char *text)
{
	notify("STATUS=%s", text);
}

uint64_t service_watchdog_ms(void)
{
	return notify_fd < 0 ? 0 : watchdog_ms;
}

void service_alive(void)
{
	notify("WATCHDOG=1");
}

void service_close(void)
{
	if (notify_fd >= 0)
		close(notify_fd);
	notify_fd = -1;
}

/* $JOURNAL_STREAM names the device and inode of the journal's stream; stderr may be redirected. */
bool service_reads_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	_cleanup_free_ char *ours = NULL;

	if (!stream || fstat(STDERR_FILENO, &st) < 0 ||
		text_printf(&ours, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino) < 0)
		return false;
	return strcmp(stream, ours) == 0;
}
