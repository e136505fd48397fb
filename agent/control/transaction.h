/*
 * One PDU on its way through: what is asked of which domains. Immutable once handed over; shared
 * by both threads, reference counted. executor.h says how far it is.
 */
#ifndef CONTROL_TRANSACTION_H
#define CONTROL_TRANSACTION_H

#include "control/set-request.h"

struct transaction_part {
	struct set_request request;
	uint32_t operation; /* index of its operation row */
	bool preempts;	    /* forceStop over what is under way on the domain */
};

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

struct transaction {
	uint32_t id; /* from handover_start(): persistent, also in the operation rows */
	size_t n_parts;
	struct transaction_part *parts;
};

/* Copies the requests that are to run. -ENOMEM. */
int transaction_new(const struct set_request *const *requests, size_t n, struct transaction **ret);
struct transaction *transaction_ref(struct transaction *t);
void transaction_unref(struct transaction *t);

#endif
