/*
 * What can be said of a SET before it is tried: a pure function of the request, the snapshot, the
 * permissions, and what is queued or running. ldmd decides later.
 */
#ifndef CONTROL_PRECHECK_H
#define CONTROL_PRECHECK_H

#include "control/set-request.h"
#include "inventory/snapshot.h"

struct permit;

/* One domain of a transaction between ACTION and its end. */
struct pending {
	const struct set_request *request;
	const struct domain *had; /* as it was at RESERVE; NULL: there was none */
	bool going_back;	  /* it failed, or is being undone: no SET can join it */
};

struct precheck_view {
	const struct snapshot *snapshot; /* NULL: no inventory yet */
	bool usable;			 /* ldmd is connected and the data are not stale */
	const struct permit *permit;
	const struct pending *pending; /* all that is under way, oldest first */
	size_t n_pending;
	const struct repeats *repeats; /* ended a moment ago: the same again is a retry */
	uint64_t now_ms;
};

/*
 * so_far: what transaction_new() gave. Gives the refusal that RFC 3416 tests first, of that and all
 * checks; CONTROL_OK where there is none. Sets the result of each part, and request.domain where a
 * row exists.
 */
struct refusal precheck(
	const struct precheck_view *view, struct transaction *t, struct refusal so_far);

/* --- what has just been done ---------------------------------------------------------------- */

/*
 * Kept for a while, so that a manager that asks again because its answer was lost does not restart
 * the guest twice.
 */
#define REPEATS_MAX 64
#define REPEAT_MS   10000

struct repeat {
	struct set_request request;
	uint64_t at_ms;		     /* 0: none */
	const struct domain *domain; /* as it was at the end; NULL: gone */
};

/* Zero it before the first use. */
struct repeats {
	struct repeat list[REPEATS_MAX];
	size_t next;
};

/* Only what does something each time: restart, forceStop, createAndGo, destroy. */
void repeats_add(
	struct repeats *r, const struct set_request *d, const struct snapshot *s, uint64_t now_ms);
/* Another change of the row begins. */
void repeats_forget(struct repeats *r, uint32_t index);
void repeats_clear(struct repeats *r);
/* d was done in the last REPEAT_MS, and its domain is as it was left. */
bool repeats_have(const struct repeats *r, const struct set_request *d, const struct snapshot *s,
	uint64_t now_ms);

#endif
