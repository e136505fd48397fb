/*
 * The last 256 operations: one row for each domain of each SET that reached ACTION.
 *
 * Rows and views are immutable and reference counted, so that the snmp thread serves a view while
 * the ldm thread makes the next one. The log itself is guarded by its owner (handover.h).
 */
#ifndef CONTROL_OPLOG_H
#define CONTROL_OPLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inventory/model.h"

#define OPLOG_ROWS	  256
#define OPLOG_INDEX_MAX	  2147483647u
#define OPLOG_MESSAGE_MAX 1024 /* octets of a resp_msg that are kept */

/* The numbers are ldomOperationStatus's. */
enum operation_status {
	OPERATION_NONE = 1,
	OPERATION_RUNNING = 2,
	OPERATION_SUCCEEDED = 3,
	OPERATION_FAILED = 4,
	OPERATION_ROLLED_BACK = 5,
	OPERATION_ROLLBACK_FAILED = 6,
	OPERATION_PARTIAL = 7,
	OPERATION_UNKNOWN = 8,
	OPERATION_QUEUED = 9,
};

/* ldomAdminState's numbers; 0: not asked for. */
enum admin_state {
	ADMIN_NONE = 0,
	ADMIN_ACTIVE = 1,
	ADMIN_BOUND = 2,
	ADMIN_INACTIVE = 3,
	ADMIN_FORCE_STOP = 4,
	ADMIN_RESTART = 5,
	_ADMIN_STATE_MAX,
};

struct operation {
	uint32_t index;	       /* 1..OPLOG_INDEX_MAX, persistent; after the last one, 1 again */
	uint32_t transaction;  /* the same for all domains of a PDU; the same range, persistent */
	uint64_t serial;       /* of the view in which it became what it is now; set by the log */
	uint32_t domain_index; /* ldomIndex */
	char *domain;	       /* its name; never NULL */
	char *request;	       /* what was asked: "state=active vcpus=8 memory=4096M" */
	char *before, *after;  /* what the domain had and has; NULL until known */
	uint32_t steps_done, steps_planned;
	enum operation_status status; /* QUEUED, RUNNING, or how it ended */
	enum admin_state target;      /* what ldomAdminState reads as while it runs; 0: ldmd's */
	char *message;		      /* ldmd's own resp_msg, or ours; NULL: none */
	int64_t started_at;	      /* wall clock, milliseconds since 1970 */
	uint64_t started_ms;	      /* monotonic; 0 for rows of an earlier run */
	uint64_t duration_ms;	      /* once ended */
	uint64_t changed_ms;	      /* monotonic: its status; 0: in an earlier run */
};

/* Sorted by index. */
struct oplog_view {
	uint64_t serial; /* rises with each change */
	size_t n_rows;
	const struct operation *const *rows;
	size_t oldest; /* position of the oldest row: 0, unless the numbers began anew behind it */
};

bool operation_running(const struct operation *o); /* queued or running */
uint64_t operation_duration_ms(const struct operation *o, uint64_t now_ms);

const struct oplog_view *oplog_view_ref(const struct oplog_view *v);
void oplog_view_unref(const struct oplog_view *v);
/* NULL: no such row. Live as long as the caller's reference to the view. */
const struct operation *oplog_view_find(const struct oplog_view *v, uint32_t index);
/* First position with an index >= index, n_rows when none (for GETNEXT). */
size_t oplog_view_lower_bound(const struct oplog_view *v, uint32_t index);
/* The row given i-th of those that are here (i < n_rows), the oldest being 0. */
const struct operation *oplog_view_by_age(const struct oplog_view *v, size_t i);
/* The newest row of a domain, for ldomOperationStatus and ldomOperationIndex; NULL: none. */
const struct operation *oplog_view_last(const struct oplog_view *v, uint32_t domain_index);

/* When the status of any of them changed last (monotonic); 0: in no time of ours. */
uint64_t oplog_view_changed_ms(const struct oplog_view *v);

/*
 * What ldomAdminState reads as (1..3): the target while an operation on the domain runs, else by
 * what ldmd says.
 */
enum admin_state control_admin_state(const struct domain *d, const struct oplog_view *v);

/* --- making rows --------------------------------------------------------------------------- */

/* All zero but one reference. -ENOMEM. */
int operation_new(struct operation **ret);
/* A writable copy, to be changed and handed to handover_report(). */
int operation_copy(const struct operation *o, struct operation **ret);
void operation_unref(const struct operation *o);
/* Replaces a text; NULL clears it. Control characters become blanks, long text is cut. -ENOMEM. */
int operation_set_text(char **field, const char *text);
/* The same with how a domain is: "vcpus=4 memory=2048M crypto=0 state=active". */
int operation_set_domain(char **field, const struct domain *d);
/* "succeeded"; never NULL. */
const char *operation_status_name(enum operation_status status);

struct oplog;

int oplog_new(struct oplog **ret);
void oplog_free(struct oplog *l);

/* Numbers run from 1 to OPLOG_INDEX_MAX and then from 1 again. 0: none was given yet. */
struct oplog_numbers {
	uint32_t index, transaction;
};
/* The number that is n behind another one; n is at most OPLOG_INDEX_MAX. */
uint32_t oplog_number_after(uint32_t number, uint32_t n);
/* How many numbers lie behind `from`, up to and with `to`. */
uint32_t oplog_numbers_between(uint32_t from, uint32_t to);

/* Not more than half of all numbers lie between the older and the newer one. 0 is older than all.
 */
bool oplog_number_is_newer(uint32_t number, uint32_t than);

/* The numbers that were given last. */
struct oplog_numbers oplog_given(const struct oplog *l);
/* Goes on behind these. */
void oplog_skip(struct oplog *l, struct oplog_numbers given);
/* No index behind this one is given. 0: there is no limit, as before the first call. */
void oplog_limit(struct oplog *l, uint32_t index);

/*
 * Allots the indexes and takes the rows over, all or none; the oldest rows that do not run go.
 * Their transaction was given then. -ENOMEM, -EAGAIN (the limit), -ENOSPC (a row that
 * still runs has one of the numbers): not taken.
 */
int oplog_append(struct oplog *l, struct operation *const *take, size_t n);
/* Keeps o->index, which must be newer than all others. -EEXIST, -ENOMEM (both: not taken). */
int oplog_restore(struct oplog *l, struct operation *take);
/* Rows in the order of the view. -ENOENT: some are gone; -ENOMEM: none was replaced. What is not
 * taken is freed. */
int oplog_replace(struct oplog *l, struct operation *const *take, size_t n);
/* The number for the rows that are appended next. */
uint32_t oplog_next_transaction(const struct oplog *l);
/*
 * The current view, a reference for the caller. As long as somebody has it, a change makes
 * another view; without readers the view itself is changed, so that many changes between two
 * looks cost little.
 */
const struct oplog_view *oplog_view(const struct oplog *l);

#endif
