/*
 * May this be done, as far as one can tell before it is tried? A pure function of what is asked,
 * the snapshot, and what is queued or running. ldmd has the last word later.
 */
#ifndef CONTROL_JUDGE_H
#define CONTROL_JUDGE_H

#include "control/desire.h"
#include "inventory/snapshot.h"

struct permit;

/* RFC 3416 error-status numbers. */
enum control_error {
	CONTROL_OK = 0,
	CONTROL_GEN_ERR = 5,
	CONTROL_NO_ACCESS = 6,
	CONTROL_WRONG_TYPE = 7,
	CONTROL_WRONG_LENGTH = 8,
	CONTROL_WRONG_VALUE = 10,
	CONTROL_NO_CREATION = 11,
	CONTROL_INCONSISTENT_VALUE = 12,
	CONTROL_RESOURCE_UNAVAILABLE = 13,
	CONTROL_COMMIT_FAILED = 14,
	CONTROL_UNDO_FAILED = 15,
	CONTROL_NOT_WRITABLE = 17,
	CONTROL_INCONSISTENT_NAME = 18,
};

struct refusal {
	enum control_error error;
	uint32_t position;  /* of the varbind, from 0 */
	const char *reason; /* static text for the log; NULL when CONTROL_OK */
};

/* One domain of a transaction between ACTION and its end. */
struct pending {
	uint32_t transaction;
	const struct desire *desire;
};

struct judge_view {
	const struct snapshot *snapshot; /* NULL: no inventory yet */
	bool usable;			 /* ldmd is connected and the data are not stale */
	bool read_only;
	const struct permit *permit;
	const struct pending *pending; /* all that is under way, oldest first */
	size_t n_pending;
	const struct desire *const *repeats; /* ended so lately that the same again is a retry */
	size_t n_repeats;
};

/* What is to be done with one domain of the PDU. */
enum judgement {
	JUDGE_RUN,
	JUDGE_JOIN,    /* the same is under way: nothing more to do */
	JUDGE_REPEAT,  /* the same has just been done: nothing more to do */
	JUDGE_PREEMPT, /* forceStop over what is under way */
};

/* judgements: one per desire of the list. Fills in desire.domain where a row exists. */
struct refusal judge(
	const struct judge_view *view, struct desire_list *list, enum judgement *judgements);

/* Lower is reported first; RFC 3416 4.2.5's order of tests. */
unsigned control_error_rank(enum control_error e);
const char *control_error_name(enum control_error e);

#endif
