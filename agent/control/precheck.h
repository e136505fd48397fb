/*
 * May this be done, as far as one can tell before it is tried? A pure function of what is asked,
 * the snapshot, and what is queued or running. ldmd has the last word later.
 */
#ifndef CONTROL_PRECHECK_H
#define CONTROL_PRECHECK_H

#include "control/set-request.h"
#include "control/refusal.h"
#include "inventory/snapshot.h"

struct permit;

/* One domain of a transaction between ACTION and its end. */
struct pending {
	const struct set_request *request;
	const struct domain *had; /* as it was when the SET was judged; NULL: there was none */
	bool going_back;	  /* it failed, or is being undone: nobody's target any more */
};

struct precheck_view {
	const struct snapshot *snapshot; /* NULL: no inventory yet */
	bool usable;			 /* ldmd is connected and the data are not stale */
	const struct permit *permit;
	const struct pending *pending; /* all that is under way, oldest first */
	size_t n_pending;
	const struct set_request *const
		*repeats; /* ended so lately that the same again is a retry */
	size_t n_repeats;
};

/* What is to be done with one domain of the PDU. */
enum precheck_result {
	PRECHECK_RUN,
	PRECHECK_JOIN,	  /* the same is under way: nothing more to do */
	PRECHECK_REPEAT,  /* the same has just been done: nothing more to do */
	PRECHECK_PREEMPT, /* forceStop over what is under way */
};

/*
 * so_far: what set_request_merge() said; the error that ranks first of all is given. results: one
 * per request of the list. Fills in request.domain where a row exists.
 */
struct refusal precheck(const struct precheck_view *view, struct set_request_list *list,
	struct refusal so_far, enum precheck_result *results);

#endif
