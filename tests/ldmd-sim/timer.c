/*
 * A sorted list is enough: timers are few (one per running operation, booting guest or held
 * answer) and nearly always added at the end.
 */
#include "timer.h"

#include <stddef.h>

#include "util.h"

void timers_init(struct timers *timers)
{
	TAILQ_INIT(&timers->list);
}

static void insert_sorted(struct timers *timers, struct timer *timer)
{
	struct timer *before;

	TAILQ_FOREACH_REVERSE(before, &timers->list, timer_list, entry)
	{
		if (before->due <= timer->due) {
			TAILQ_INSERT_AFTER(&timers->list, before, timer, entry);
			return;
		}
	}
	TAILQ_INSERT_HEAD(&timers->list, timer, entry);
}

void timer_start(struct timers *timers, struct timer *timer, double seconds,
	void (*fire)(void *arg), void *arg)
{
	timer_stop(timer);
	timer->timers = timers;
	timer->due = clock_ms() + (int64_t)(seconds * 1000 + 0.5);
	timer->fire = fire;
	timer->arg = arg;
	insert_sorted(timers, timer);
}

void timer_stop(struct timer *timer)
{
	if (timer->timers == NULL)
		return;
	TAILQ_REMOVE(&timer->timers->list, timer, entry);
	timer->timers = NULL;
}

void timers_run(struct timers *timers)
{
	int64_t now = clock_ms();
	struct timer *timer;
	size_t budget = 100000; /* a zero-second timer that starts itself must not starve poll() */

	while ((timer = TAILQ_FIRST(&timers->list)) && timer->due <= now && budget--) {
		timer_stop(timer);
		timer->fire(timer->arg);
	}
}

int timers_wait(const struct timers *timers, int limit)
{
	const struct timer *first = TAILQ_FIRST(&timers->list);
	int64_t left;

	if (first == NULL)
		return limit;
	left = first->due - clock_ms();
	if (left <= 0)
		return 0;
	return left < limit ? (int)left : limit;
}
