/*
 * Becoming a daemon: the caller's shell gets the prompt back when the agent is ready, and
 * the exit status when it could not start.
 */
#ifndef DAEMON_BACKGROUND_H
#define DAEMON_BACKGROUND_H

/*
 * Standard descriptors that we were started without become /dev/null: else what is opened next gets
 * their numbers, and the log goes there. First of all. -errno.
 */
int background_fill_standard(void);
/*
 * Forks. The parent waits for background_ready() and exits with its status; the child returns with
 * what to hand to background_ready(). -errno: still in the foreground.
 */
int background_start(int *ret_fd);
/* Tells the parent, and lets go of the terminal. */
void background_ready(int fd, int status);

struct pidfile;

/* Writes our process id into a file. -EBUSY: a running process has it locked. Else -errno. */
int pidfile_new(const char *path, struct pidfile **ret);
/* Removes the file. NULL is allowed. */
void pidfile_free(struct pidfile *p);

#endif
