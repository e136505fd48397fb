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

#include "control/handover.h"
#include "control/port.h"

struct executor;
struct history;

struct executor_config {
	uint64_t command_timeout_ms;
	uint64_t force_stop_after_ms; /* 0: never */
	uint64_t poll_ms;  /* between looks at a domain on its way; 0: 250, rising to 2000 */
	uint64_t begin_ms; /* how long step 0 is tried while ldmd does not answer; 0: 30000 */
	uint64_t keep_ms;  /* how long a finished one can be undone without a word; 0: 600000 */
};

int executor_new(const struct executor_config *config, const struct port *port, struct handover *h,
	struct history *y, struct executor **ret);
/* What runs is left as it is; the history tells the next start. Looks that are out must not come
 * back after this. */
void executor_free(struct executor *x);
void executor_configure(struct executor *x, const struct executor_config *config);

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
