/*
 * Runs transactions in the ldm thread: each from reading its domains to its verdict and, when a
 * step fails or the master takes the SET back, through its rollback. A transaction holds its
 * domains from step 0 to its end, in the order the transactions came; different domains run side by
 * side.
 *
 * The executor sees ldmd through a port (send a command, look at a domain). After every command,
 * whatever was answered, the agent looks, and what it sees decides (command.h).
 */
#ifndef CONTROL_EXECUTOR_H
#define CONTROL_EXECUTOR_H

#include "control/command.h"
#include "control/handover.h"

struct executor;
struct history;

int executor_new(const struct command_config *config, const struct port *port, struct handover *h,
	struct history *y, struct executor **ret);
/* What runs is left as it is; the history tells the next start. Looks that are out must not come
 * back after this. */
void executor_free(struct executor *x);
void executor_configure(struct executor *x, const struct command_config *config);

/* Orders from the handover. */
void executor_start(struct executor *x, struct transaction *t, uint64_t now_ms);
void executor_undo(struct executor *x, uint32_t id, uint64_t now_ms);
void executor_keep(struct executor *x, uint32_t id, uint64_t now_ms);

/* Time. next: when the next turn is due at the latest, UINT64_MAX when nothing waits. */
uint64_t executor_next(const struct executor *x);
void executor_turn(struct executor *x, uint64_t now_ms);
/* A new picture of the host: who waits for a domain of it need not ask for it. */
void executor_see(struct executor *x, const struct snapshot *s);

/*
 * An orderly stop: what has sent nothing yet is over, and nothing new begins. What was begun goes
 * on to its end: the start behind a stop, the rollback of what fails. Idle: all of that is done, or
 * waits for commands whose answer was lost, which the next start settles.
 */
void executor_stop(struct executor *x);
bool executor_idle(const struct executor *x);
/* A transaction about this row waits or runs. */
bool executor_works_on(const struct executor *x, uint32_t index);

#endif
