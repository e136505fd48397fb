/* See transaction.h. */
#include "control/transaction.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct transaction_box {
	atomic_uint references;
	struct transaction t;
};

static struct transaction_box *box_of(struct transaction *t)
{
	return (struct transaction_box *)((char *)t - offsetof(struct transaction_box, t));
}

static void box_free(struct transaction_box *b)
{
	for (size_t i = 0; i < b->t.n_parts; i++)
		set_request_clear(&b->t.parts[i].request);
	free(b->t.parts);
	free(b);
}

int transaction_new(const struct set_request *const *requests, size_t n, struct transaction **ret)
{
	struct transaction_box *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return -ENOMEM;
	atomic_init(&b->references, 1);
	b->t.parts = calloc(n > 0 ? n : 1, sizeof(*b->t.parts));
	for (; b->t.parts != NULL && b->t.n_parts < n; b->t.n_parts++)
		if (set_request_copy(requests[b->t.n_parts], &b->t.parts[b->t.n_parts].request) < 0)
			break;
	if (b->t.parts == NULL || b->t.n_parts < n) {
		box_free(b);
		return -ENOMEM;
	}
	*ret = &b->t;
	return 0;
}

struct transaction *transaction_ref(struct transaction *t)
{
	atomic_fetch_add(&box_of(t)->references, 1);
	return t;
}

void transaction_unref(struct transaction *t)
{
	if (t != NULL && atomic_fetch_sub(&box_of(t)->references, 1) == 1)
		box_free(box_of(t));
}
