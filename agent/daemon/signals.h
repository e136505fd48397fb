/*
 * Signals become bytes in a pipe, which the main thread reads. The signals have to be blocked
 * before any thread starts: threads inherit that, so only the main thread gets the signals.
 */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

enum daemon_event {
	EVENT_STOP,   /* SIGTERM, SIGINT */
	EVENT_RELOAD, /* SIGHUP */
	EVENT_ENDED,  /* a thread ended; posted by that thread */
	EVENT_NONE,   /* nothing happened within the time of signals_wait() */
};

/* Blocks the signals of enum daemon_event, installs their handlers, ignores SIGPIPE. -errno. */
int signals_open(void);
/* Unblocks them in the calling thread. To be called when the other threads have started. */
void signals_unblock(void);
/* Waits for the next event, at most timeout_ms; -1: for ever. -errno. */
int signals_wait(int timeout_ms, enum daemon_event *ret);
/* Any thread or signal handler may call this between open and close. */
void signals_post(enum daemon_event event);
void signals_close(void);

#endif
