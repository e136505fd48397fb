/*
 * Runs transactions in the ldm thread. Step 0 reads the domains; then come the steps, one command
 * each, and the verdict; then, if a step failed or the master undoes the SET, the rollback. A
 * transaction keeps others away from its domains from step 0 to its end. Transactions on the same
 * domain run in the order in which they came, those on different domains side by side.
 *
 * The executor sees ldmd only through a port: send a command, look at a domain. After each command,
 * whatever ldmd answered, what a look finds decides (command.h).
 */
#ifndef CONTROL_EXECUTOR_H
#define CONTROL_EXECUTOR_H

#include "control/command.h"
#include "control/handover.h"

struct executor;
struct history;

/* config and port are copied; what the port points to, h and y are borrowed. -ENOMEM. */
int executor_new(const struct command_config *config, const struct port *port, struct handover *h,
	struct history *y, struct executor **ret);
/* Leaves running transactions to the next start. No callback of a look may come after this. */
void executor_free(struct executor *x);
void executor_configure(struct executor *x, const struct command_config *config);

/* The orders of the handover (enum handover_word). Unknown or ended transactions are ignored. */
void executor_start(struct executor *x, struct transaction *t, uint64_t now_ms);
void executor_undo(struct executor *x, uint32_t id, uint64_t now_ms);
void executor_keep(struct executor *x, uint32_t id, uint64_t now_ms);

/* Does what is due. next: when the next turn is due at the latest; CLOCK_NEVER: nothing waits. */
uint64_t executor_next(const struct executor *x);
void executor_turn(struct executor *x, uint64_t now_ms);
/* A new snapshot: a command that waits for its next look may find its domain in it. */
void executor_see(struct executor *x, const struct snapshot *s);

/*
 * An orderly stop. Transactions that have sent nothing yet fail, and so do new ones. Those that
 * have begun go on to their end, also through the start behind a stop, or a rollback. Idle: none is
 * left but those whose command has lost its answer, which the next start settles.
 */
void executor_stop(struct executor *x);
bool executor_idle(const struct executor *x);
/* A transaction on this row (ldomIndex) waits or runs. */
bool executor_works_on(const struct executor *x, uint32_t index);

#endif
