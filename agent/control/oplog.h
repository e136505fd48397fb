/*
 * The operation log: the last 256 operations, one row for each domain of each SET that reached
 * ACTION.
 *
 * The rows in a view, and a view that somebody reads, never change. Both are reference counted, so
 * that the snmp thread serves one view while the ldm thread makes the next. The lock of handover.c
 * guards the log itself.
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
	uint32_t transaction;  /* equal for all domains of a PDU; same range as index, persistent */
	uint64_t serial;       /* of the view in which the row changed last; set by the log */
	uint32_t domain_index; /* ldomIndex */
	char *domain;	       /* its name; never NULL */
	char *request;	       /* what was asked: "state=active vcpus=8 memory=4096M" */
	char *before, *after;  /* operation_set_domain(); NULL until known, or no such domain */
	uint32_t steps_done, steps_planned;
	enum operation_status status; /* QUEUED, RUNNING, or how it ended */
	enum admin_state target;      /* of ldomAdminState, while the operation runs; 0: not set */
	char *message;		      /* ldmd's resp_msg or the agent's words; NULL: none */
	int64_t started_at;	      /* wall clock, milliseconds since 1970 */
	uint64_t started_ms;	      /* monotonic; 0 for rows of an earlier run */
	uint64_t duration_ms;	      /* once it has ended */
	uint64_t changed_ms;	      /* monotonic: last change of status; 0: in an earlier run */
};

/* Sorted by index. */
struct oplog_view {
	uint64_t serial; /* rises with each change */
	size_t n_rows;
	const struct operation *const *rows;
	size_t oldest; /* position of the oldest row; not 0 once indexes have begun at 1 again */
};

bool operation_running(const struct operation *o); /* queued or running */
/* How long it took, or has taken so far. */
uint64_t operation_duration_ms(const struct operation *o, uint64_t now_ms);

const struct oplog_view *oplog_view_ref(const struct oplog_view *v);
void oplog_view_unref(const struct oplog_view *v);
/* NULL: no such row, or v is NULL. Valid as long as the caller's reference to the view. */
const struct operation *oplog_view_find(const struct oplog_view *v, uint32_t index);
/* The first position of a row whose index is >= index; n_rows if there is none. For GETNEXT. */
size_t oplog_view_lower_bound(const struct oplog_view *v, uint32_t index);
/* The rows by age: the oldest for i = 0, the newest for n_rows - 1. */
const struct operation *oplog_view_by_age(const struct oplog_view *v, size_t i);
/* The newest row of a domain, for ldomOperationStatus and ldomOperationIndex; NULL: none. */
const struct operation *oplog_view_last(const struct oplog_view *v, uint32_t domain_index);

/* When the status of any row changed last (monotonic); 0: not in this run of the agent. */
uint64_t oplog_view_changed_ms(const struct oplog_view *v);

/*
 * The value of ldomAdminState (1..3): the target while an operation on the domain runs, else what
 * follows from ldmd's state.
 */
enum admin_state control_admin_state(const struct domain *d, const struct oplog_view *v);

/* --- making rows --------------------------------------------------------------------------- */

/* A queued row, all else 0 or NULL, with one reference. -ENOMEM. */
int operation_new(struct operation **ret);
/* A copy that can be changed and then handed to handover_report(). -ENOMEM. */
int operation_copy(const struct operation *o, struct operation **ret);
void operation_unref(const struct operation *o);
/* NULL clears. Control characters become blanks, the text is cut at OPLOG_MESSAGE_MAX. -ENOMEM. */
int operation_set_text(char **field, const char *text);
/* The same with a domain in words: "vcpus=4 memory=2048M crypto=0 state=active". NULL clears. */
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
/* The number n steps further; n is at most OPLOG_INDEX_MAX. */
uint32_t oplog_number_after(uint32_t number, uint32_t n);
/* How many steps it is from one number to the other. */
uint32_t oplog_numbers_between(uint32_t from, uint32_t to);
/* `number` is at most half of all numbers further than `than`. 0 is older than all others. */
bool oplog_number_is_newer(uint32_t number, uint32_t than);

/* The numbers that were given last. */
struct oplog_numbers oplog_given(const struct oplog *l);
/* The next numbers follow these, unless newer ones were given. */
void oplog_skip(struct oplog *l, struct oplog_numbers given);
/* The last index that may be given. 0, and before the first call: no limit. */
void oplog_limit(struct oplog *l, uint32_t index);

/*
 * Gives the rows their indexes and takes them over, all or none. The transaction that the caller
 * has put in them counts as given from now on. If there are too many rows, the oldest that do not
 * run are dropped. After an error nothing was taken: -ENOMEM; -EAGAIN: the limit; -ENOSPC: a row
 * that is still there has one of the indexes.
 */
int oplog_append(struct oplog *l, struct operation *const *take, size_t n);
/* Takes a row that keeps its index. -EEXIST (the index is out of range or not newer than those
 * given), -ENOMEM: the row was not taken. */
int oplog_restore(struct oplog *l, struct operation *take);
/*
 * Replaces rows by rows of the same indexes, sorted by index. All are taken over or freed.
 * -ENOENT: some are not in the log any more; -ENOMEM: none was replaced.
 */
int oplog_replace(struct oplog *l, struct operation *const *take, size_t n);
/* The transaction for the rows that are appended next. */
uint32_t oplog_next_transaction(const struct oplog *l);
/* The current view, with a reference for the caller. */
const struct oplog_view *oplog_view(const struct oplog *l);

#endif
