/*
 * After a start: finds out what became of the operations that the last run left open, by reading
 * their domains. No command is sent again, and nothing is undone.
 *
 * ldmd may carry out a command of the last run later. So a domain that is as asked for proves
 * success, but one that is not proves nothing before commandTimeout is over. Until then the
 * operation is running; after that it is partial or unknown, but never failed.
 */
#ifndef CONTROL_RECOVERY_H
#define CONTROL_RECOVERY_H

#include "control/handover.h"
#include "control/history.h"

struct recovery;
struct refresh;

/*
 * history_open() has put the rows of these operations in the log of h, as running. y and h are
 * borrowed. patience_ms: commandTimeout, counted from the first inventory on. -ENOMEM.
 */
int recovery_new(
	const struct history *y, struct handover *h, uint64_t patience_ms, struct recovery **ret);
void recovery_free(struct recovery *v);
/* Does what is due after the first inventory. next: when; CLOCK_NEVER: all is settled. */
void recovery_turn(struct recovery *v, struct refresh *refresh, uint64_t now_ms);
uint64_t recovery_next(const struct recovery *v);

/*
 * What became of an operation, judged by the domain now (NULL: ldmd has no such domain). late: no
 * command of the last run can be under way any more. OPERATION_RUNNING: not known yet; never if
 * late.
 */
enum operation_status recovery_judge(const struct begun *p, const struct domain *d, bool late);

#endif
