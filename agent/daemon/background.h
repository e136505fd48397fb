/*
 * Turns the process into a daemon. The shell shows its prompt again when the agent is ready; if the
 * agent cannot start, the shell gets the exit status.
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
/*
 * The agent is ready, or has failed: gives the parent its exit status, closes fd, and opens
 * /dev/null in place of the terminal.
 */
void background_ready(int fd, int status);

struct pidfile;

/*
 * Writes our process id into the file and keeps it locked. -EBUSY: a running process has it locked;
 * -EPERM: no regular file, or another user's, or one with a second name; -errno.
 */
int pidfile_new(const char *path, struct pidfile **ret);
/* Removes the file. NULL is allowed. */
void pidfile_free(struct pidfile *p);

#endif
