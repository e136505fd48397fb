/*
 * C libraries without mallopt(3) give freed memory back by rules of their own.
 */
#include "daemon/platform.h"

void platform_return_memory(void)
{
}
