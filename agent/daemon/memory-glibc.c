/*
 * glibc raises both thresholds with the largest block that was freed, unless they are set, and has
 * a heap of its own, with its own holes, for each thread. The snmp thread allocates nothing for a
 * read.
 */
#include "daemon/platform.h"

#include <malloc.h>

void platform_return_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
	(void)mallopt(M_TRIM_THRESHOLD, 128 << 10);
	(void)mallopt(M_ARENA_MAX, 1);
}
