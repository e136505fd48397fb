/*
 * Checks owner and mode: a user who can write in the folder could change the numbers of domains, or
 * invent SETs that the agent would report.
 */
#include "common/state-directory.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file.h"
#include "util/log.h"

const char *state_directory_fault(const char *path, const char **ret_advice)
{
	struct stat st;
	const char *why;

	*ret_advice = "make it, owned by the user that runs the agent, mode 0700";
	if (stat(path, &st) < 0)
		return strerror(errno);
	*ret_advice = "it must be a directory that this user can write";
	if (!S_ISDIR(st.st_mode))
		return "not a directory";
	*ret_advice = "it must be this user's alone, mode 0700; run the agent as its owner";
	why = file_distrust(&st);
	if (why)
		return why;
	/* On a disk that became read-only the agent still serves what it knows. */
	if (access(path, R_OK | W_OK | X_OK) == 0 || errno == EROFS)
		return NULL;
	return "not writable";
}

int state_directory_make(const char *path)
{
	const char *why, *advice;
	int r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;

	if (r < 0) {
		log_err("main", "state directory %s: %s", path, strerror(-r));
		return r;
	}
	why = state_directory_fault(path, &advice);
	if (!why)
		return 0;
	log_err("main", "state directory %s: %s; %s", path, why, advice);
	return -EPERM;
}
