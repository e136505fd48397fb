/*
 * glibc raises both thresholds with the largest block that was freed, unless they are set.
 */
#include "daemon/platform.h"

#include <malloc.h>

void platform_return_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
	(void)mallopt(M_TRIM_THRESHOLD, 128 << 10);
}
