/*
 * At start-up: what became of the operations that the last run left open? Decided by reading the
 * domains; nothing is sent again, nothing is taken back.
 *
 * ldmd may still be busy with a command that the last run sent, and carry it out later. So a domain
 * that has what was asked for proves success, but a domain that has not proves nothing before
 * commandTimeout is over. Until then the row is running; after that it is partial or unknown, and
 * never failed.
 */
#ifndef CONTROL_RECOVERY_H
#define CONTROL_RECOVERY_H

#include "control/handover.h"
#include "control/history.h"

struct recovery;
struct refresh;

/*
 * The rows are in the handover's log, running (history_open). patience_ms, from the first inventory
 * on: how long a command of the last run may still take, commandTimeout. -ENOMEM.
 */
int recovery_new(
	const struct history *y, struct handover *h, uint64_t patience_ms, struct recovery **ret);
void recovery_free(struct recovery *v);
/* Does what is due once there is an inventory. */
void recovery_turn(struct recovery *v, struct refresh *refresh, uint64_t now_ms);
uint64_t recovery_next(const struct recovery *v);

/*
 * What became of a part, by what ldmd has now (NULL: no such domain). late: no command of the last
 * run can be under way any more. OPERATION_RUNNING, never when late: it is not known yet.
 */
enum operation_status recovery_judge(const struct begun *p, const struct domain *d, bool late);

#endif
