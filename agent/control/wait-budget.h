/*
 * How long a phase of a SET may wait for its verdict.
 *
 * snmpd serves nobody while it waits for a subagent, so other managers pay for each wait. A phase
 * waits only while waiting has paid: after a wait that ended at its deadline, phases are answered
 * at once, until a verdict came within setWait, or until WAIT_RETRY_MS have passed and one phase
 * tries again. The phases of one PDU wait until setWait after its TestSet, together.
 */
#ifndef CONTROL_WAIT_BUDGET_H
#define CONTROL_WAIT_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define WAIT_RETRY_MS 10000

/* Zero: waiting pays. */
struct wait_budget {
	bool spent;
	uint64_t retry_at_ms; /* valid when spent */
};

/*
 * Until when a phase may wait that begins to wait now and whose PDU had its TestSet at tested_ms;
 * now_ms: answer at once. A phase that may wait although the budget is spent is the one that tries
 * again: no other phase waits until it ended or WAIT_RETRY_MS more have passed.
 */
uint64_t wait_budget_deadline(
	struct wait_budget *b, uint64_t set_wait_ms, uint64_t tested_ms, uint64_t now_ms);
/* A wait ended at its deadline, without a verdict. */
void wait_budget_missed(struct wait_budget *b, uint64_t now_ms);
/* A verdict came took_ms after its transaction began, whether anybody waited for it or not. */
void wait_budget_verdict(struct wait_budget *b, uint64_t set_wait_ms, uint64_t took_ms);

#endif
