/*
 * The only object that the two threads share: one lock, and one wake-up pipe each way.
 *
 * To the snmp thread go the latest snapshot, status and operation rows; a list of changes, which is
 * bounded and counts what it drops; and verdicts, which are never dropped (one slot per
 * transaction). To the ldm thread go orders: start a transaction, undo it, keep it. At most
 * HANDOVER_PLANS transactions are unsettled.
 *
 * What the snmp thread receives in one call belongs together: a verdict never arrives before the
 * snapshot and the operation rows that show it.
 */
#ifndef CONTROL_HANDOVER_H
#define CONTROL_HANDOVER_H

#include "control/oplog.h"
#include "control/set-request.h"
#include "inventory/diff.h"
#include "inventory/snapshot.h"
#include "inventory/status.h"

#define HANDOVER_PLANS	 64    /* transactions between ACTION and their end */
#define HANDOVER_CHANGES 20000 /* changes that wait; more are dropped and counted */

struct handover;

/* --- what is handed over -------------------------------------------------------------------- */

/* How far a transaction is. The functions below depend on the order. */
enum set_outcome {
	OUTCOME_OPEN,	  /* its steps run, or wait to run */
	OUTCOME_HOPELESS, /* they run, the master undoes the SET, and that will fail */
	/* All steps were done. */
	OUTCOME_DONE, /* the master may still undo the SET */
	OUTCOME_KEPT,
	OUTCOME_TAKEN_BACK,	  /* the master undid the SET */
	OUTCOME_TAKE_BACK_FAILED, /* the master undid the SET, and something could not be undone */
	/* A step failed. */
	OUTCOME_FAILED,		 /* the rollback runs */
	OUTCOME_FAILED_HOPELESS, /* the rollback runs, and something cannot be undone */
	OUTCOME_ROLLED_BACK,
	OUTCOME_ROLLBACK_FAILED,
	_OUTCOME_MAX,
};

/* All steps were done, or one has failed. */
static inline bool outcome_decided(enum set_outcome o)
{
	return o >= OUTCOME_DONE;
}

static inline bool outcome_failed(enum set_outcome o)
{
	return o >= OUTCOME_FAILED;
}

/* Every domain is as before the SET. */
static inline bool outcome_undone(enum set_outcome o)
{
	return o == OUTCOME_TAKEN_BACK || o == OUTCOME_ROLLED_BACK;
}

/* Something cannot be undone, or could not be: an UndoSet is answered with undoFailed. */
static inline bool outcome_undo_failed(enum set_outcome o)
{
	return o == OUTCOME_HOPELESS || o == OUTCOME_TAKE_BACK_FAILED ||
	       o == OUTCOME_FAILED_HOPELESS || o == OUTCOME_ROLLBACK_FAILED;
}

/* Nothing runs any more, and the domains are free. */
static inline bool outcome_settled(enum set_outcome o)
{
	return o == OUTCOME_KEPT || o == OUTCOME_TAKE_BACK_FAILED || o == OUTCOME_ROLLBACK_FAILED ||
	       outcome_undone(o);
}

/* A later verdict on a transaction takes the place of an earlier one. */
struct verdict {
	uint32_t transaction; /* its id */
	enum set_outcome outcome;
	uint32_t culprit; /* where a step failed: position of the varbind in the PDU, from 0 */
};

/* What the snmp thread gets by one handover_receive(). Zero it before the first use. */
struct inbox {
	const struct snapshot *snapshot; /* NULL before the first inventory */
	struct ldm_status status;	 /* its link is 0 before the first status */
	const struct oplog_view *oplog;	 /* NULL only before the first call */
	bool config_unsaved;		 /* ldomConfigUnsaved */
	struct change_list changes;	 /* since the last call, in order; owned */
	uint64_t changes_dropped;	 /* since the last call */
	struct verdict *verdicts;	 /* since the last call; owned */
	size_t n_verdicts;
};

/* -ENOMEM, -errno of the pipes. */
int handover_new(struct handover **ret);
/* Neither thread may use the handover any more. */
void handover_free(struct handover *h);

/* --- snmp thread --------------------------------------------------------------------------- */

/* Readable when there is something to receive; handover_receive() empties it. */
int handover_snmp_fd(const struct handover *h);
/*
 * Replaces all that is in the inbox; changes and verdicts are those since the last call. -ENOMEM:
 * the inbox is unchanged and nothing is lost; the descriptor is readable, for another call.
 */
int handover_receive(struct handover *h, struct inbox *in);
void inbox_clear(struct inbox *in);

/*
 * Hands a transaction over: takes a reference, sets its id, and makes an operation row for each
 * part, whose index is written into the part. -EAGAIN: HANDOVER_PLANS transactions are unsettled,
 * no numbers are reserved on disk (oplog_limit()), or the agent stops. -ENOSPC: oplog_append().
 * -ENOMEM. After an error the transaction is as before.
 */
int handover_start(struct handover *h, struct transaction *t, uint64_t now_ms);
/* Orders about a transaction that was started. An unknown or settled one is ignored. */
void handover_undo(struct handover *h, uint32_t transaction);
void handover_keep(struct handover *h, uint32_t transaction);

/* --- ldm thread ---------------------------------------------------------------------------- */

/* Readable when orders wait; handover_next_order() empties it. */
int handover_ldm_fd(const struct handover *h);
/*
 * What the ldm thread hands over between these two calls wakes the snmp thread only once, at the
 * second. A turn of the engine hands over a dozen things that belong together.
 */
void handover_hold(struct handover *h);
void handover_let_go(struct handover *h);
void handover_publish_snapshot(struct handover *h, const struct snapshot *s);
/* The status is copied. -ENOMEM: the status is handed over without its text. */
int handover_publish_status(struct handover *h, const struct ldm_status *status);
void handover_publish_config_unsaved(struct handover *h, bool unsaved);
/*
 * Takes all changes out of the list. Those that do not fit are dropped; they are counted, and so
 * are `dropped` changes that the caller could not list.
 */
void handover_post_changes(struct handover *h, struct change_list *take, uint64_t dropped);
/* Replaces an earlier verdict on the transaction that was not received yet. */
void handover_post_verdict(struct handover *h, const struct verdict *v);

/*
 * Replaces operation rows by rows of the same indexes, sorted by index, and posts v (may be NULL)
 * under the same lock: a manager that sees the end of an operation can change the domain again.
 * Takes the rows over, also after -ENOENT and -ENOMEM (oplog_replace()), and v is posted then, too.
 */
int handover_report(
	struct handover *h, struct operation *const *take, size_t n, const struct verdict *v);
/* At start-up, a row of the last run, oldest first: oplog_restore(). The row is always taken. */
int handover_restore_operation(struct handover *h, struct operation *take);
const struct oplog_view *handover_oplog(struct handover *h); /* a reference for the caller */
/* For the history: oplog_given(), oplog_skip(), oplog_limit(). */
struct oplog_numbers handover_given(struct handover *h);
void handover_skip(struct handover *h, struct oplog_numbers given);
void handover_limit(struct handover *h, uint32_t index);
/* From now on no transaction can be started. Returns the last numbers that were given. */
struct oplog_numbers handover_seal(struct handover *h);

enum handover_word {
	HANDOVER_START,
	HANDOVER_UNDO,
	HANDOVER_KEEP,
};
struct handover_order {
	enum handover_word word;
	uint32_t id;			 /* of the transaction */
	struct transaction *transaction; /* START: a reference for the caller; else NULL */
};
/* The next order, oldest first. False: there is none. */
bool handover_next_order(struct handover *h, struct handover_order *ret);

#endif
