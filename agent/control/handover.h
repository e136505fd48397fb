/*
 * The only thing the two threads share: one lock, one wake-up pipe each way.
 *
 * To the snmp thread go a mailbox where the latest wins {snapshot, status, operation rows}, a
 * bounded list of changes that counts what it had to drop, and verdicts, which are never dropped
 * (one slot per transaction). To the ldm thread go transactions, at most HANDOVER_PLANS of them
 * unsettled, and short words about them (undo it; keep it).
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
#define HANDOVER_CHANGES 20000 /* waiting changes; more are counted and dropped */

struct handover;

/* --- what is handed over -------------------------------------------------------------------- */

/* What became of a transaction so far. */
enum set_outcome {
	OUTCOME_OPEN,
	OUTCOME_HOPELESS, /* it is to be undone, but what was sent cannot be taken back */
	/* All steps are done. */
	OUTCOME_DONE, /* and can still be undone */
	OUTCOME_KEPT,
	OUTCOME_TAKEN_BACK,
	OUTCOME_TAKE_BACK_FAILED,
	/* A step failed. */
	OUTCOME_FAILED,		 /* and the rollback runs */
	OUTCOME_FAILED_HOPELESS, /* the same, with something that cannot be taken back */
	OUTCOME_ROLLED_BACK,
	OUTCOME_ROLLBACK_FAILED,
	_OUTCOME_MAX,
};

/* The steps have ended, one way or the other. */
static inline bool outcome_decided(enum set_outcome o)
{
	return o >= OUTCOME_DONE;
}

static inline bool outcome_failed(enum set_outcome o)
{
	return o >= OUTCOME_FAILED;
}

/* All of it is as before. */
static inline bool outcome_undone(enum set_outcome o)
{
	return o == OUTCOME_TAKEN_BACK || o == OUTCOME_ROLLED_BACK;
}

/* Something cannot be, or could not be, taken back. */
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

/* What the snmp thread gets in one look. Zero it before the first use. */
struct inbox {
	const struct snapshot *snapshot; /* NULL before the first inventory */
	struct ldm_status status;	 /* link 0 before the first */
	const struct oplog_view *oplog;	 /* never NULL */
	bool config_unsaved;		 /* changed by us since the SP configuration was saved */
	struct change_list changes;	 /* since the last look, in order; owned */
	uint64_t changes_dropped;	 /* since the last look */
	struct verdict *verdicts;	 /* since the last look; owned */
	size_t n_verdicts;
};

/* -ENOMEM, -errno of the pipes. */
int handover_new(struct handover **ret);
/* Both threads must be done with it. */
void handover_free(struct handover *h);

/* --- snmp thread --------------------------------------------------------------------------- */

/* Readable when something waits. handover_receive() makes it quiet again. */
int handover_snmp_fd(const struct handover *h);
/*
 * Replaces snapshot, status, rows (references of the inbox's own; the old ones are given back),
 * clears changes and verdicts and fills them with what came since. -ENOMEM: nothing is lost and
 * nothing changed, ask again later.
 */
int handover_receive(struct handover *h, struct inbox *in);
void inbox_clear(struct inbox *in);

/*
 * Hands a transaction over: takes a reference, allots its number, and makes an operation row for
 * each part, whose number is allotted and written into the part. -EAGAIN: HANDOVER_PLANS are
 * unsettled, or the numbers are not on disk yet. -ENOMEM, -ENOSPC.
 */
int handover_start(struct handover *h, struct transaction *t, uint64_t now_ms);
/* Words about a transaction that was started; unknown or settled ones are ignored. */
void handover_undo(struct handover *h, uint32_t transaction);
void handover_keep(struct handover *h, uint32_t transaction);

/* --- ldm thread ---------------------------------------------------------------------------- */

int handover_ldm_fd(const struct handover *h);
/*
 * Between the two, what the ldm thread hands over does not wake the snmp thread; it is woken once,
 * at the end. A turn of the engine hands over a dozen things that belong together.
 */
void handover_hold(struct handover *h);
void handover_let_go(struct handover *h);
void handover_publish_snapshot(struct handover *h, const struct snapshot *s);
/* The status is copied. -ENOMEM: it is handed over without its text. */
int handover_publish_status(struct handover *h, const struct ldm_status *status);
void handover_publish_config_unsaved(struct handover *h, bool unsaved);
/* Takes the changes out of the list; what does not fit is dropped and counted with `dropped`. */
void handover_post_changes(struct handover *h, struct change_list *take, uint64_t dropped);
/* Replaces an earlier message about the same transaction that was not read yet. */
void handover_post_verdict(struct handover *h, const struct verdict *v);

/*
 * Operation rows in the order of their indexes replace those that are there, and v (may be NULL) is
 * posted in the same breath: whoever sees that a row ended finds its domain free. Takes the rows
 * over. -ENOENT, -ENOMEM: as oplog_replace(); v is posted all the same. Rows that did not change
 * need not be given: the cost is that of the rows that are.
 */
int handover_report(
	struct handover *h, struct operation *const *take, size_t n, const struct verdict *v);
/* At start-up, rows of the last run in order, keeping their numbers. Takes it over. */
int handover_restore_operation(struct handover *h, struct operation *take);
const struct oplog_view *handover_oplog(struct handover *h); /* a reference for the caller */
/* As the ones of oplog.h, for who keeps the rows on disk. */
struct oplog_numbers handover_given(struct handover *h);
void handover_skip(struct handover *h, struct oplog_numbers given);
void handover_limit(struct handover *h, uint32_t index);
/* No number is given any more; the last ones that were. */
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
/* Next order in the sequence they were given; false: none is left, and the pipe is quiet. */
bool handover_next_order(struct handover *h, struct handover_order *ret);

#endif
