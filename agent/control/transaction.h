/*
 * One PDU on its way through: what is asked of which domains. Immutable once handed over; shared
 * by both threads, reference counted. How far it is stands elsewhere (executor.h).
 */
#ifndef CONTROL_TRANSACTION_H
#define CONTROL_TRANSACTION_H

#include "control/set-request.h"

struct transaction_part {
	struct set_request request;
	uint32_t operation; /* index of its operation row */
	bool preempts;	    /* forceStop over what is under way on the domain */
};

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
