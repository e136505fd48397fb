/*
 * Logging that never blocks the ldm and snmp threads: they put lines into a bounded queue, and the
 * log thread writes them to stderr or syslog. When nobody reads there (a syslogd that hangs, a full
 * pipe), only the log thread waits. Lines that find no room in the queue are lost and counted
 * (log_lines_lost()); when writing goes on, one line tells how many.
 */
#ifndef DAEMON_LOG_WRITER_H
#define DAEMON_LOG_WRITER_H

struct log_writer;

/*
 * From now on all lines go through the queue. To be called with signals blocked and before other
 * threads start. -ENOMEM, -EAGAIN, -errno of a pipe: lines are written directly as before.
 */
int log_writer_new(struct log_writer **ret);
/*
 * To be called when the other threads have ended. Waits until the queue is empty, at most a second;
 * after that lines are written directly again. If the log thread is stuck in a write, the thread
 * and the queue stay until the process ends, and no further line is written. NULL is allowed.
 */
void log_writer_free(struct log_writer *w);

#endif
