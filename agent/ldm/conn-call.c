/*
 * A list, and the two ways a request ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/conn-call.h"

void call_queue_init(struct ldm_call_queue *q)
{
	*q = (struct ldm_call_queue){.tail = &q->head};
}

int call_queue_push(struct ldm_call_queue *q, struct ldm_request *take, uint64_t timeout_ms,
	const struct ldm_reply_ops *ops, void *user)
{
	struct ldm_call *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->request = take;
	c->timeout_ms = timeout_ms;
	c->ops = ops;
	c->user = user;
	*q->tail = c;
	q->tail = &c->next;
	q->n++;
	return 0;
}

struct ldm_call *call_queue_pop(struct ldm_call_queue *q)
{
	struct ldm_call *c = q->head;

	if (!c)
		return NULL;
	q->head = c->next;
	if (!q->head)
		q->tail = &q->head;
	q->n--;
	return c;
}

static void end(struct ldm_call *c, int error, const struct ldm_reply *reply)
{
	const struct ldm_reply_ops *ops = c->ops;
	void *user = c->user;

	ldm_request_free(c->request);
	free(c);
	if (ops->on_done)
		ops->on_done(user, error, reply);
}

void call_answer(struct ldm_call *c, struct ldm_reply *reply)
{
	reply->sent = true;
	end(c, 0, reply);
}

void call_fail(struct ldm_call *c, int error, const char *text)
{
	struct ldm_reply reply = {
		.action = strdup(ldm_request_action(c->request)),
		.message = strdup(text),
		.sent = c->sent,
	};

	end(c, error, &reply);
	ldm_reply_clear(&reply);
}
