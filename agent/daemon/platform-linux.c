/*
 * Linux: prctl(2).
 */
#include "daemon/platform.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int platform_hide_memory(void)
{
	struct rlimit none = {0, 0};

	/* A core_pattern that is a pipe ignores the limit, but not the dumpable flag. */
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int platform_drop_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

void platform_name_thread(const char *name)
{
	prctl(PR_SET_NAME, name, 0, 0, 0);
}
