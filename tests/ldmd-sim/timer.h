/*
 * One-shot timers for the poll loop. A timer is a member of whatever owns it; starting a running
 * timer moves it, stopping an idle one does nothing.
 */
#ifndef LDMD_SIM_TIMER_H
#define LDMD_SIM_TIMER_H

#include <stdint.h>
#include <sys/queue.h>

struct timers;

struct timer {
	TAILQ_ENTRY(timer) entry;
	struct timers *timers; /* NULL = idle */
	int64_t due;	       /* clock_ms() */
	void (*fire)(void *arg);
	void *arg;
};

TAILQ_HEAD(timer_list, timer);

struct timers {
	struct timer_list list; /* earliest first */
};

void timers_init(struct timers *timers);
void timer_start(struct timers *timers, struct timer *timer, double seconds,
	void (*fire)(void *arg), void *arg);
void timer_stop(struct timer *timer);

/* Fires what is due now, not what firing adds. */
void timers_run(struct timers *timers);

/* Milliseconds until the next timer, at most limit; what poll() takes. */
int timers_wait(const struct timers *timers, int limit);

#endif
