/*
 * The handlers use nothing but the write end of a pipe.
 */
#include "daemon/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* A handler gets no argument, so this pipe has to be static. */
static int event_pipe[2] = {-1, -1};

static void handle_signal(int signo)
{
	int saved = errno;
	signals_post(signo == SIGHUP ? EVENT_RELOAD : EVENT_STOP);
	errno = saved;
}

void signals_post(enum daemon_event event)
{
	unsigned char byte = (unsigned char)event;
	/* A full pipe holds enough events already. */
	ssize_t ignored = write(event_pipe[1], &byte, 1);
	(void)ignored;
}

static void our_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

static int install_action(int signo, void (*action)(int))
{
	struct sigaction sa = {.sa_handler = action, .sa_flags = SA_RESTART};
	sigfillset(&sa.sa_mask);
	return sigaction(signo, &sa, NULL) < 0 ? -errno : 0;
}

int signals_open(void)
{
	if (pipe(event_pipe) < 0)
		return -errno;
	fcntl(event_pipe[0], F_SETFD, FD_CLOEXEC);
	fcntl(event_pipe[1], F_SETFD, FD_CLOEXEC);
	fcntl(event_pipe[1], F_SETFL, O_NONBLOCK);

	sigset_t set;
	our_signals(&set);
	int r = -pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (r == 0)
		r = install_action(SIGPIPE, SIG_IGN);
	/* At the limit of file sizes write() then fails, as on a full disk. */
	if (r == 0)
		r = install_action(SIGXFSZ, SIG_IGN);
	if (r == 0)
		r = install_action(SIGHUP, handle_signal);
	if (r == 0)
		r = install_action(SIGINT, handle_signal);
	if (r == 0)
		r = install_action(SIGTERM, handle_signal);
	if (r < 0)
		signals_close();
	return r;
}

void signals_unblock(void)
{
	sigset_t set;
	our_signals(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int signals_wait(int timeout_ms, enum daemon_event *ret)
{
	struct pollfd pfd = {.fd = event_pipe[0], .events = POLLIN};
	unsigned char byte;
	int r;

	/* poll(2) ends when a signal was handled; read(2) would be restarted. */
	do {
		r = poll(&pfd, 1, timeout_ms);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	*ret = EVENT_NONE;
	if (r == 0)
		return 0;
	ssize_t n = read(event_pipe[0], &byte, 1);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -EPIPE;
	*ret = (enum daemon_event)byte;
	return 0;
}

void signals_close(void)
{
	sigset_t set;
	our_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 2; i++) {
		if (event_pipe[i] >= 0)
			close(event_pipe[i]);
		event_pipe[i] = -1;
	}
}
