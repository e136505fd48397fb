/* See wait-budget.h. */
#include "control/wait-budget.h"

#include "util/clock.h"

uint64_t wait_budget_deadline(
	struct wait_budget *b, uint64_t set_wait_ms, uint64_t tested_ms, uint64_t now_ms)
{
	uint64_t until = clock_after(tested_ms, set_wait_ms);

	if (until <= now_ms)
		return now_ms;
	if (b->spent && now_ms < b->retry_at_ms)
		return now_ms;
	if (b->spent)
		b->retry_at_ms = clock_after(now_ms, WAIT_RETRY_MS);
	return until;
}

void wait_budget_missed(struct wait_budget *b, uint64_t now_ms)
{
	/* The phase that tried again has moved retry_at_ms when it began. */
	if (b->spent && now_ms < b->retry_at_ms)
		return;
	b->spent = true;
	b->retry_at_ms = clock_after(now_ms, WAIT_RETRY_MS);
}

void wait_budget_verdict(struct wait_budget *b, uint64_t set_wait_ms, uint64_t took_ms)
{
	if (took_ms < set_wait_ms)
		b->spent = false;
}
