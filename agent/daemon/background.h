/*
 * Becoming a daemon: the caller's shell gets the prompt back when the agent is ready, and
 * the exit status when it could not start.
 */
#ifndef DAEMON_BACKGROUND_H
#define DAEMON_BACKGROUND_H

/*
 * Opens /dev/null for each standard descriptor that is closed. Otherwise the next file that is
 * opened would get the number of standard error, and the log would go into that file. To be called
 * before anything is opened. -errno.
 */
int background_fill_standard(void);
/*
 * Forks. The parent waits for background_ready() and exits with the status given there; the child
 * returns, and *ret_fd is for background_ready(). -errno: the process is still in the foreground.
 */
int background_start(int *ret_fd);
/* Gives the parent its exit status, and opens /dev/null in place of the terminal. */
void background_ready(int fd, int status);

struct pidfile;

/* Writes our process id into a file. -EBUSY: a running process has it locked. Else -errno. */
int pidfile_new(const char *path, struct pidfile **ret);
/* Removes the file. NULL is allowed. */
void pidfile_free(struct pidfile *p);

#endif
