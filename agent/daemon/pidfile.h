/*
 * The file that holds our process id while we run.
 */
#ifndef DAEMON_PIDFILE_H
#define DAEMON_PIDFILE_H

struct pidfile;

/* -EBUSY: another process that has the file locked is still running. Else -errno. */
int pidfile_new(const char *path, struct pidfile **ret);
/* Removes the file. NULL is allowed. */
void pidfile_free(struct pidfile *p);

#endif
