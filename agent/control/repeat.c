/* See repeat.h. A ring: with more than 64 in ten seconds the oldest is forgotten. */
#include "control/repeat.h"

#include <string.h>

#include "util/clock.h"

static void repeat_clear(struct repeat *e)
{
	set_request_clear(&e->request);
	domain_unref(e->domain);
	memset(e, 0, sizeof(*e));
}

void repeats_clear(struct repeats *r)
{
	for (size_t i = 0; i < REPEATS_MAX; i++)
		repeat_clear(&r->list[i]);
	r->n = r->next = 0;
}

static bool does_it_each_time(const struct set_request *d)
{
	bool state = (d->fields & FIELD_ADMIN_BIT) != 0 &&
		     (d->admin == ADMIN_RESTART || d->admin == ADMIN_FORCE_STOP);
	bool row = set_request_asks_row(d, ROW_REQUEST_CREATE_AND_GO) ||
		   set_request_asks_row(d, ROW_REQUEST_DESTROY);

	return state || row;
}

void repeats_add(
	struct repeats *r, const struct set_request *d, const struct snapshot *s, uint64_t now_ms)
{
	struct repeat *e = &r->list[r->next];
	struct repeat new = {.at_ms = now_ms};

	if (!does_it_each_time(d) || set_request_copy(d, &new.request) < 0)
		return;
	new.domain = s ? domain_ref(snapshot_find_index(s, d->index)) : NULL;
	repeat_clear(e);
	*e = new;
	r->next = (r->next + 1) % REPEATS_MAX;
	r->n = r->n < REPEATS_MAX ? r->n + 1 : r->n;
}

void repeats_forget(struct repeats *r, uint32_t index)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].at_ms != 0 && r->list[i].request.index == index)
			repeat_clear(&r->list[i]);
}

/* Flags and utilization are left out: a guest that boots changes them by itself. */
static bool same_domain(const struct domain *a, const struct domain *b)
{
	if (!a || !b)
		return a == b;
	return a->state == b->state && a->num_vcpu == b->num_vcpu && a->mem_bytes == b->mem_bytes &&
	       a->num_crypto == b->num_crypto && a->row_status == b->row_status &&
	       strcmp(a->name, b->name) == 0;
}

size_t repeats_valid(const struct repeats *r, const struct snapshot *s, uint64_t now_ms,
	uint64_t within_ms, const struct set_request *ret[REPEATS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < r->n && s; i++) {
		const struct repeat *e = &r->list[i];

		if (e->at_ms != 0 && now_ms < clock_after(e->at_ms, within_ms) &&
			same_domain(e->domain, snapshot_find_index(s, e->request.index)))
			ret[n++] = &e->request;
	}
	return n;
}
