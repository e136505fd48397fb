/*
 * Both clocks in milliseconds.
 */
#include <time.h>

#include "util/clock.h"

uint64_t clock_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		return 1;
	/* One more, so that 0 can mean "never" right after boot too. */
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000 + 1;
}

int64_t clock_wall_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

uint64_t clock_after(uint64_t now_ms, uint64_t delay_ms)
{
	return delay_ms > CLOCK_NEVER - now_ms ? CLOCK_NEVER : now_ms + delay_ms;
}
