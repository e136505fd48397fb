/*
 * What was asked, begun and done, on disk: so that the operation rows and their numbers outlive the
 * agent, and so that after a crash what ldmd has decides what became of a SET.
 *
 * One file in the state directory, `history`, to which lines are appended. Now and then
 * it is written anew with what still counts, through a temporary file and a rename.
 *
 * What is on disk when:
 *
 * - A `begin` line for each domain of a transaction, with fdatasync, before its first command is
 *   sent. This is the only sync that a SET pays for. It also makes everything durable that was
 *   appended before it, so the ends of earlier SETs on the same domain never come later than this
 *   beginning.
 * - A row that ended is appended in the turn of the engine in which it ended. No sync: a killed
 *   agent leaves what it wrote to the kernel. If the machine itself stops before the next sync, the
 *   transaction is still open in the file and is decided by looking at ldmd, which is honest, if
 *   less precise. A sync after a second without a beginning keeps that window short.
 * - A row that is queued or running is appended 200 ms after it changed; quick SETs never need
 * that.
 * - Numbers are reserved on disk, a few thousand at once, before they are given: so none is given
 *   twice, whatever was lost. A crash loses what is left of them; after the last number, the first
 *   one is next, so they cannot be used up.
 *
 * A transaction is open in the file as long as a `begin` or `undo` line of a domain has no row
 * behind it that ended. A last line without its end was torn off by a crash, before anything was
 * sent because of it, and is left out. A file that is damaged otherwise is used as far as it can be
 * read, and is kept as history.damaged.
 *
 * Earlier versions kept the rows in `operations` and what was begun in `journal`. Both are read
 * when there is no `history`, and removed when what they said is in it.
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
	bool undo;	    /* it was done, and was being taken back */
	bool existed;	    /* ldmd had the domain at step 0, like this: */
	enum domain_state state;
	uint32_t vcpus, crypto;
	uint64_t memory_bytes;
	struct set_request request; /* what was asked, domain set; positions are not kept */
};

/*
 * Puts the rows of the last run into the handover's log: those of open transactions as running,
 * others that ran as UNKNOWN. -ENOMEM, -errno of the file system. A disk that is full, read-only or
 * broken is no error here, but of each history_begin() as long as it is so.
 */
int history_open(const char *directory, struct handover *h, struct history **ret);
void history_free(struct history *y);

/* What the last run left open, the oldest first; owned by the history. */
const struct begun *history_left_open(const struct history *y, size_t *ret_n);

/*
 * On disk when it returns 0; else nothing may be sent. in: one per part of t. undo: what was done
 * is to be taken back after all. -errno, -ENOMEM.
 */
int history_begin(
	struct history *y, const struct transaction *t, const struct plan_input *in, bool undo);
/* There is no call for the end: rows that ended, handed over with handover_report(), say it. */

/* Appends what is due. next: when the next turn is due at the latest; CLOCK_NEVER. */
void history_turn(struct history *y, uint64_t now_ms);
uint64_t history_next(const struct history *y);
/* The last write: no number is given any more, and none is left out at the next start. -errno. */
int history_finish(struct history *y);

#endif
