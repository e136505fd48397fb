/*
 * A thread with a poll loop. The thread calls the operations of its owner, all but free.
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
	/* Before the first turn; may be NULL. -errno ends the thread, without finish and ended. */
	int (*start)(void *user);
	/* After the last turn; may be NULL. */
	void (*finish)(void *user);
	/*
	 * One turn of the loop: what to wait for, then what happened. -ENOMEM: the turn is tried
	 * again; another -errno ends the thread.
	 */
	int (*prepare)(void *user, struct pollset *ps, uint64_t now_ms);
	void (*dispatch)(void *user, const struct pollset *ps, uint64_t now_ms);
	/* New settings, borrowed; may be NULL. */
	void (*configure)(void *user, const struct settings *settings);
	/* After worker_stop(), each turn until it returns true. NULL: the thread stops at once. */
	bool (*stop)(void *user);
	/* The last call in the thread: it can be joined now; may be NULL. */
	void (*ended)(void *user);
	/* Frees user, after the thread has ended; may be NULL. */
	void (*free)(void *user);
};

/*
 * ops must outlive the worker; user is taken over, also when this fails. Even when nothing happens,
 * the thread makes a turn every beat_ms, so that worker_turned() can tell whether the thread is
 * stuck; 0: nobody asks worker_turned(). -ENOMEM, -errno of a pipe.
 */
int worker_new(const struct worker_ops *ops, void *user, uint64_t beat_ms, struct worker **ret);
/* Stops and joins the thread if it runs. NULL is allowed. */
void worker_free(struct worker *w);

/* Starts the thread and returns the result of its start(), or -errno of pthread_create(3). */
int worker_start(struct worker *w);
/* The thread uses these settings from its next turn on; a reference is taken. */
void worker_configure(struct worker *w, struct settings *settings);
/* Asks the thread to stop; returns at once. */
void worker_stop(struct worker *w);
/* The same, but the thread does not ask the stop() operation. */
void worker_abandon(struct worker *w);
/* Whether a turn began within the last within_ms, so that the thread is not stuck. */
bool worker_turned(const struct worker *w, uint64_t within_ms);
/* Whether the thread has ended after a successful start. */
bool worker_ended(const struct worker *w);
/* Asks the thread to stop, and waits for its end; 0, or the error that ended the thread. NULL is
 * allowed. */
int worker_join(struct worker *w);

#endif
