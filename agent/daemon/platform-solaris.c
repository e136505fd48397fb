/*
 * Solaris and illumos: privileges(7).
 */
#include "daemon/platform.h"

#include <errno.h>
#include <priv.h>
#include <stddef.h>
#include <sys/resource.h>

int platform_hide_memory(void)
{
	struct rlimit none = {0, 0};
	return setrlimit(RLIMIT_CORE, &none) < 0 ? -errno : 0;
}

int platform_drop_privileges(void)
{
	/* The agent neither starts programs nor looks at other processes. */
	if (priv_set(PRIV_OFF, PRIV_ALLSETS, PRIV_PROC_EXEC, PRIV_PROC_FORK, PRIV_PROC_INFO,
		    PRIV_PROC_SESSION, PRIV_FILE_LINK_ANY, (char *)NULL) < 0)
		return -errno;
	return 0;
}
