/* See transaction.h. */
#include "control/transaction.h"

#include <errno.h>
#include <stdlib.h>

#include "util/reference.h"

struct transaction_box {
	struct reference references;
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

	if (!b)
		return -ENOMEM;
	reference_init(&b->references);
	b->t.parts = calloc(n > 0 ? n : 1, sizeof(*b->t.parts));
	for (; b->t.parts && b->t.n_parts < n; b->t.n_parts++)
		if (set_request_copy(requests[b->t.n_parts], &b->t.parts[b->t.n_parts].request) < 0)
			break;
	if (!b->t.parts || b->t.n_parts < n) {
		box_free(b);
		return -ENOMEM;
	}
	*ret = &b->t;
	return 0;
}

struct transaction *transaction_ref(struct transaction *t)
{
	reference_take(&box_of(t)->references);
	return t;
}

void transaction_unref(struct transaction *t)
{
	if (t && reference_drop(&box_of(t)->references))
		box_free(box_of(t));
}
