/*
 * The folder that is the agent's alone: what is in it is believed at the next start.
 */
#ifndef DAEMON_STATE_DIRECTORY_H
#define DAEMON_STATE_DIRECTORY_H

/* Makes it where it is not there. -errno; what is wrong has been logged. */
int state_directory_make(const char *path);
/* What is wrong with it, and what to do about that (static texts); NULL: it is good. */
const char *state_directory_fault(const char *path, const char **ret_advice);

#endif
