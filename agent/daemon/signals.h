/*
 * Signals become bytes in a pipe, which the main thread reads. To be opened before any thread
 * starts: threads inherit the blocked signals, so that only the main thread gets them.
 */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

enum daemon_event {
	EVENT_STOP,   /* SIGTERM, SIGINT */
	EVENT_RELOAD, /* SIGHUP */
	EVENT_ENDED,  /* a thread ended; posted by that thread */
	EVENT_NONE,   /* nothing happened within the time of signals_wait() */
};

/* Blocks what the threads must not get, ignores SIGPIPE, installs handlers. -errno. */
int signals_open(void);
/* Lets the main thread have them; call after the threads are there. */
void signals_unblock(void);
/* Waits for the next one, at most timeout_ms; -1: for ever. -errno. */
int signals_wait(int timeout_ms, enum daemon_event *ret);
/* Any thread, any time between open and close. */
void signals_post(enum daemon_event event);
void signals_close(void);

#endif
