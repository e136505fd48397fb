/*
 * The first checks of a SET, in RESERVE: a pure function of the request, the snapshot, the
 * permissions, and what is queued or running. ldmd may still refuse what passes them.
 */
#ifndef CONTROL_PRECHECK_H
#define CONTROL_PRECHECK_H

#include "control/set-request.h"
#include "inventory/snapshot.h"

struct permit;

/* One domain of a transaction between ACTION and its end. */
struct pending {
	const struct set_request *request;
	const struct domain *had; /* the domain at RESERVE; NULL: there was none */
	bool going_back;	  /* failed, or being undone: no SET can join it */
};

struct precheck_view {
	const struct snapshot *snapshot; /* NULL: no inventory yet */
	bool usable;			 /* ldmd is connected and the data are not stale */
	const struct permit *permit;
	const struct pending *pending; /* all that is under way, oldest first */
	size_t n_pending;
	const struct repeats *repeats; /* what ended a moment ago: the same SET again is a retry */
	uint64_t now_ms;
};

/*
 * so_far: the refusal that transaction_new() returned. Returns the refusal that RFC 3416 4.2.5
 * tests first, of so_far and all checks; its error is CONTROL_OK if there is none. Sets the result
 * and request.domain of each part.
 */
struct refusal precheck(
	const struct precheck_view *view, struct transaction *t, struct refusal so_far);

/* --- what has just been done ---------------------------------------------------------------- */

/*
 * SETs that ended in the last REPEAT_MS. A manager whose answer was lost sends its SET again, and
 * must not restart the guest twice by that.
 */
#define REPEATS_MAX 64
#define REPEAT_MS   10000

struct repeat {
	struct set_request request;
	uint64_t at_ms;		     /* when the SET ended; 0: the place is free */
	const struct domain *domain; /* the domain when the SET ended; NULL: it was gone */
};

/* Zero it before the first use. */
struct repeats {
	struct repeat list[REPEATS_MAX];
	size_t next;
};

/* Keeps only requests that act each time: restart, forceStop, createAndGo, destroy, save. */
void repeats_add(
	struct repeats *r, const struct set_request *d, const struct snapshot *s, uint64_t now_ms);
/* Another change of the row begins, or the change is undone. */
void repeats_forget(struct repeats *r, uint32_t index);
void repeats_clear(struct repeats *r);
/* The same request ended in the last REPEAT_MS, and its domain has not changed since. */
bool repeats_have(const struct repeats *r, const struct set_request *d, const struct snapshot *s,
	uint64_t now_ms);

#endif
