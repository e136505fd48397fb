/*
 * The operations on disk, so that their rows and numbers survive a restart, and so that after a
 * crash the next start knows which transactions were open, and reads from ldmd what became of them.
 *
 * There is one file in the state directory, `history`, to which lines are appended. Now and then a
 * new file with only the lines that still count takes its place.
 *
 * When lines are written:
 *
 * - A `begin` line for each domain of a transaction is appended, with fdatasync, before the first
 *   command is sent. This is the only sync that a SET waits for. It also makes everything durable
 *   that was appended before, such as the ends of earlier SETs on the same domain.
 * - A row that ended is appended in the same turn of the engine, without a sync, because what was
 *   written survives the agent. If the machine itself stops before the next sync, the transaction
 *   is still open in the file, and the next start reads from ldmd what became of it, which is true
 *   but less precise. A sync follows within a second.
 * - A row that is queued or running is appended 200 ms after it changed. Most SETs end sooner.
 * - Numbers are reserved on disk, 2048 at a time, before they are given, so that none is given
 *   twice. A crash leaves the rest of a reserve unused; that does no harm, because the numbers
 *   begin at 1 again after the last one.
 *
 * A transaction is open if a domain's `begin` or `undo` line has no line of an ended row after it.
 * A crash may cut off the last line; nothing was sent because of that line, and it is ignored. A
 * file with any other damage is used as far as it can be read, and kept as history.damaged.
 *
 * Earlier versions kept the rows in `operations` and the beginnings in `journal`. Both are read if
 * there is no `history`, and removed once the new file has what they said.
 */
#ifndef CONTROL_HISTORY_H
#define CONTROL_HISTORY_H

#include "control/handover.h"
#include "control/plan.h"

struct history;

/* One domain of a transaction whose commands may have been sent. */
struct begun {
	uint32_t transaction;
	uint32_t operation; /* index of its row */
	int64_t started_at; /* wall clock, milliseconds since 1970 */
	bool undo;	    /* all steps were done, and the master undid the SET */
	bool existed;	    /* ldmd had the domain at step 0, with the following values */
	enum domain_state state;
	uint32_t vcpus, crypto;
	uint64_t memory_bytes;
	struct set_request request; /* without the positions of its varbinds */
};

/*
 * Puts the rows of the last run into the handover's log: those of open transactions as RUNNING,
 * others that had not ended as UNKNOWN. h is borrowed. -ENOMEM, -errno of the file system. A full,
 * read-only or broken disk is no error here; as long as it stays so, history_begin() fails.
 */
int history_open(const char *directory, struct handover *h, struct history **ret);
void history_free(struct history *y);

/* What the last run left open, the oldest first; *ret_n items, owned by the history. */
const struct begun *history_left_open(const struct history *y, size_t *ret_n);

/*
 * Writes that the commands of a transaction begin. in: one per part of t. undo: its steps were
 * done, and are now to be undone. 0: the lines are on disk; -errno, -ENOMEM: they are not, and a
 * transaction must not begin. There is no call for the end, because the rows in the handover's log
 * show it.
 */
int history_begin(
	struct history *y, const struct transaction *t, const struct plan_input *in, bool undo);

/* Appends what is due. next: when the next turn is due; CLOCK_NEVER: nothing waits. */
void history_turn(struct history *y, uint64_t now_ms);
uint64_t history_next(const struct history *y);
/* The last write, which gives back the unused reserve; no transaction can be started after it.
 * -errno, -ENOMEM: logged. */
int history_finish(struct history *y);

#endif
