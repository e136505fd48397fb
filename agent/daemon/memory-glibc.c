/*
 * Unless the program sets both thresholds, glibc raises them to the size of the largest block that
 * was freed, and keeps smaller blocks. glibc also gives each thread a heap, and each heap has
 * unused memory. Here all threads share one heap, which costs no time: the snmp thread allocates
 * nothing for a read.
 */
#include "daemon/platform.h"

#include <malloc.h>

void platform_return_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
	(void)mallopt(M_TRIM_THRESHOLD, 128 << 10);
	(void)mallopt(M_ARENA_MAX, 1);
}
