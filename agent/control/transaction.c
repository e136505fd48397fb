/* See transaction.h. */
#include "control/transaction.h"

#include <errno.h>
#include <stdlib.h>

#include "util/array.h"
#include "util/reference.h"

int transaction_new(const struct set_request *const *requests, size_t n, struct transaction **ret)
{
	struct transaction *t = shared_new(sizeof(*t));
	int r = t ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct transaction_part *part = array_append(&t->parts, &t->n_parts, sizeof(*part));

		r = part ? set_request_copy(requests[i], &part->request) : -ENOMEM;
	}
	if (r < 0) {
		transaction_unref(t);
		return r;
	}
	*ret = t;
	return 0;
}

struct transaction *transaction_ref(struct transaction *t)
{
	(void)shared_ref(t);
	return t;
}

void transaction_unref(struct transaction *t)
{
	t = shared_last(t);
	if (!t)
		return;
	for (size_t i = 0; i < t->n_parts; i++)
		set_request_clear(&t->parts[i].request);
	free(t->parts);
	shared_free(t);
}
