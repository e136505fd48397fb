/*
 * A thread with a poll loop. The operations of its owner are all called in that thread.
 */
#ifndef COMMON_WORKER_H
#define COMMON_WORKER_H

#include <stdbool.h>
#include <stdint.h>

struct pollset;
struct settings;
struct worker;

struct worker_ops {
	const char *name; /* of the thread; at most 15 characters */
	/* First and last call in the thread; both may be NULL. start: -errno ends the thread. */
	int (*start)(void *user);
	void (*finish)(void *user);
	/* One turn of the loop: what to wait for, then what happened. -errno ends the thread. */
	int (*prepare)(void *user, struct pollset *ps, uint64_t now_ms);
	void (*dispatch)(void *user, const struct pollset *ps, uint64_t now_ms);
	/* New settings, borrowed. */
	void (*configure)(void *user, const struct settings *settings);
	/* Asked to stop: called each turn from then on until it says yes. NULL: at once. */
	bool (*stop)(void *user);
	/* The last thing that the thread does, so that somebody may join it; may be NULL. */
	void (*ended)(void *user);
	/* After the thread: frees user; may be NULL. */
	void (*free)(void *user);
};

/*
 * ops must outlive it; user is taken over, also when this fails. Even when nothing happens the
 * thread makes a turn every beat_ms, so that worker_turned() can tell whether it is stuck; 0: there
 * is no need. -ENOMEM, -errno of a pipe.
 */
int worker_new(const struct worker_ops *ops, void *user, uint64_t beat_ms, struct worker **ret);
/* Stops and joins the thread if it runs. NULL is allowed. */
void worker_free(struct worker *w);

/* Starts the thread and returns the result of its start(). */
int worker_start(struct worker *w);
/* The thread takes these settings at its next turn; a reference is taken. */
void worker_configure(struct worker *w, struct settings *settings);
/* Asks the thread to stop; returns at once. */
void worker_stop(struct worker *w);
/* The same, without waiting for the stop() operation to agree. */
void worker_abandon(struct worker *w);
/* Whether a turn began within the last so many ms: the thread is not stuck in one. */
bool worker_turned(const struct worker *w, uint64_t within_ms);
/* Whether it ended. */
bool worker_ended(const struct worker *w);
/* Asks the thread to stop, and waits until it ended; 0, or the error that ended it. NULL is
 * allowed. */
int worker_join(struct worker *w);

#endif
