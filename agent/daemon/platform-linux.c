/*
 * Linux: prctl(2), capabilities(7). Two system calls are needed, so libcap is not.
 */
#include "daemon/platform.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

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
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capget, &header, sets) < 0)
		return -errno;
	uint32_t had = 0;

	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		uint32_t keep = geteuid() == 0 && i == CAP_TO_INDEX(CAP_DAC_OVERRIDE)
					? CAP_TO_MASK(CAP_DAC_OVERRIDE)
					: 0;

		had |= (sets[i].permitted & ~keep) | sets[i].inheritable;
		sets[i].permitted &= keep;
		sets[i].effective = sets[i].permitted;
		sets[i].inheritable = 0;
	}
	/* A sandbox may forbid capset(2), so a process without capabilities does not call it. */
	return had && syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}
