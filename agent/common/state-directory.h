/*
 * The folder of the index registry and the history, which the agent trusts at its next start.
 */
#ifndef COMMON_STATE_DIRECTORY_H
#define COMMON_STATE_DIRECTORY_H

/*
 * Makes the folder if it does not exist, and checks it. -errno of mkdir(2), -EPERM if the folder is
 * not safe or not usable; the reason has been logged.
 */
int state_directory_make(const char *path);
/* What is wrong with the folder, and what to do about it (static texts); NULL: nothing. */
const char *state_directory_fault(const char *path, const char **ret_advice);

#endif
