/*
 * Log lines of all threads on their way to the one thread that may block while it writes them. The
 * queue is bounded: lines that find no room are lost, and a later line tells how many.
 */
#ifndef UTIL_LOG_QUEUE_H
#define UTIL_LOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/log.h"

struct log_queue;

/* bytes: the most that all lines in the queue may take. added (may be NULL) is called after each
 * line. -ENOMEM. */
int log_queue_new(size_t bytes, void (*added)(void *user), void *user, struct log_queue **ret);
/* Lines that are still in the queue are lost. NULL is allowed. */
void log_queue_free(struct log_queue *q);

/* A log_sink, with the queue as its user. -ENOMEM, -EAGAIN: the line is lost. */
int log_queue_add(void *queue, enum log_level level, const char *line, size_t len);

/* Waits for lines. False: log_queue_end() was called, and the queue is empty. */
bool log_queue_wait(struct log_queue *q);
/* No more lines will come: log_queue_wait() no longer waits. */
void log_queue_end(struct log_queue *q);
/*
 * Takes all lines out and writes them, while other threads can add more; then writes a line that
 * says how many were lost, if any.
 */
void log_queue_write(
	struct log_queue *q, void (*write)(enum log_level level, const char *line, size_t len));

#endif
