/*
 * Logging that never blocks the threads that serve and refresh: they put lines into a bounded
 * queue, and a thread of its own writes them to stderr or syslog. When nobody reads there (a
 * syslogd that hangs, a full pipe) that thread waits; lines that the queue has no room for are
 * lost, counted (log_lines_lost()), and told of in one line once writing goes on.
 */
#ifndef DAEMON_LOG_WRITER_H
#define DAEMON_LOG_WRITER_H

struct log_writer;

/*
 * From now on all lines go through the queue. To be called with signals blocked and before other
 * threads start. -ENOMEM, -EAGAIN: lines are written directly as before.
 */
int log_writer_new(struct log_writer **ret);
/*
 * After the other threads ended: waits until the queue is empty, at most a second, and lines are
 * written directly again. A thread that is stuck in a write stays behind until the process ends,
 * and so does the queue: further lines are lost. NULL is allowed.
 */
void log_writer_free(struct log_writer *w);

#endif
