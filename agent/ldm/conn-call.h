/*
 * Requests of a connection on their way to an answer. Private to conn.
 */
#ifndef LDM_CONN_CALL_H
#define LDM_CONN_CALL_H

#include "ldm/conn.h"

struct ldm_call {
	struct ldm_call *next;
	struct ldm_request *request;
	uint64_t timeout_ms, deadline_ms;
	const struct ldm_reply_ops *ops;
	void *user;
	bool sent; /* some of it may have left */
};

struct ldm_call_queue {
	struct ldm_call *head, **tail;
	size_t n;
};

void call_queue_init(struct ldm_call_queue *q);
/* Takes the request over on success. -ENOMEM. */
int call_queue_push(struct ldm_call_queue *q, struct ldm_request *take, uint64_t timeout_ms,
	const struct ldm_reply_ops *ops, void *user);
/* NULL when empty. */
struct ldm_call *call_queue_pop(struct ldm_call_queue *q);

/* Tells the one who asked, and frees the call. */
void call_answer(struct ldm_call *c, struct ldm_reply *reply);
void call_fail(struct ldm_call *c, int error, const char *text);

#endif
