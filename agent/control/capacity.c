/* See capacity.h. */
#include "control/capacity.h"

#include <stdlib.h>

#define MEGABYTE 1048576u

/* Vectors over what a domain takes. */
struct amounts {
	uint64_t vcpus, memory, crypto;
};

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static bool subtract(struct amounts *from, const struct amounts *what)
{
	bool enough = from->vcpus >= what->vcpus && from->memory >= what->memory &&
		      from->crypto >= what->crypto;

	from->vcpus = minus(from->vcpus, what->vcpus);
	from->memory = minus(from->memory, what->memory);
	from->crypto = minus(from->crypto, what->crypto);
	return enough;
}

static void add(struct amounts *to, const struct amounts *what)
{
	to->vcpus += what->vcpus;
	to->memory += what->memory;
	to->crypto += what->crypto;
}

static struct amounts amounts_of(const struct domain *d)
{
	if (d == NULL)
		return (struct amounts){0};
	return (struct amounts){d->num_vcpu, d->mem_bytes, d->num_crypto};
}

static struct amounts asked_for(const struct desire *w, struct amounts a)
{
	if ((w->fields & FIELD_VCPU_BIT) != 0)
		a.vcpus = w->vcpus;
	if ((w->fields & FIELD_MEMORY_BIT) != 0)
		a.memory = (uint64_t)w->memory_mb * MEGABYTE;
	if ((w->fields & FIELD_CRYPTO_BIT) != 0)
		a.crypto = w->crypto;
	return a;
}

static bool holds(const struct domain *d)
{
	return d != NULL && d->state != DOMAIN_INACTIVE;
}

static bool wants_state(const struct desire *w, enum admin_state state)
{
	return (w->fields & FIELD_ADMIN_BIT) != 0 && w->admin == state;
}

static struct amounts held_by(const struct domain *d)
{
	return holds(d) ? amounts_of(d) : (struct amounts){0};
}

/* What it holds when all went well. */
static struct amounts on_arrival(const struct desire *w, const struct domain *d)
{
	bool binds = wants_state(w, ADMIN_ACTIVE) || wants_state(w, ADMIN_BOUND);
	bool unbinds = d != NULL && d->state == DOMAIN_BOUND && wants_state(w, ADMIN_INACTIVE);

	if ((!holds(d) && !binds) || unbinds)
		return (struct amounts){0};
	return asked_for(w, amounts_of(d));
}

static struct amounts larger(struct amounts a, const struct amounts *b)
{
	a.vcpus = a.vcpus > b->vcpus ? a.vcpus : b->vcpus;
	a.memory = a.memory > b->memory ? a.memory : b->memory;
	a.crypto = a.crypto > b->crypto ? a.crypto : b->crypto;
	return a;
}

/*
 * What a plan that is under way may still take and the pools do not show yet: on its way, or on
 * its way back, for which what it gave back is kept until it ends.
 */
static struct amounts still_to_take(const struct pending *p, const struct domain *d)
{
	struct amounts now = held_by(d), back = held_by(p->had), most = {0};

	if (!p->going_back)
		most = on_arrival(p->desire, d);
	most = larger(most, &back);
	return (struct amounts){minus(most.vcpus, now.vcpus), minus(most.memory, now.memory),
		minus(most.crypto, now.crypto)};
}

static struct amounts free_now(
	const struct snapshot *s, const struct pending *pending, size_t n_pending)
{
	const struct host_pools *p = &s->host->pools;
	struct amounts left = {p->vcpus.free, p->memory_bytes.free, p->crypto.free};

	for (size_t i = 0; i < n_pending; i++) {
		const struct domain *d = snapshot_find_index(s, pending[i].desire->index);
		struct amounts a = still_to_take(
			&pending[i], d != NULL && d->row_status == ROW_ACTIVE ? d : NULL);

		subtract(&left, &a);
	}
	return left;
}

/* What the domains of the plan hold as it goes on. */
struct holding {
	struct amounts amounts;
	bool held;
};

static uint64_t *amount_of(struct amounts *a, enum step_action action)
{
	switch (action) {
	case STEP_SET_VCPU:
		return &a->vcpus;
	case STEP_SET_MEMORY:
		return &a->memory;
	case STEP_SET_CRYPTO:
		return &a->crypto;
	default:
		return NULL;
	}
}

static bool set_amount(struct amounts *left, struct holding *h, const struct step *s)
{
	uint64_t *mine = amount_of(&h->amounts, s->action), *pool = amount_of(left, s->action);
	uint64_t old = *mine;

	*mine = s->value;
	if (!h->held)
		return true;
	if (s->value <= old) {
		*pool += old - s->value;
		return true;
	}
	if (*pool < s->value - old)
		return false;
	*pool -= s->value - old;
	return true;
}

static bool run_step(struct amounts *left, struct holding *h, const struct step *s)
{
	switch (s->action) {
	case STEP_SET_VCPU:
	case STEP_SET_MEMORY:
	case STEP_SET_CRYPTO:
		return set_amount(left, h, s);
	case STEP_UNBIND:
		h->held = false;
		add(left, &h->amounts);
		return true;
	case STEP_BIND:
		h->held = true;
		return subtract(left, &h->amounts);
	default:
		return true;
	}
}

const struct step *capacity_short_step(const struct snapshot *s, const struct pending *pending,
	size_t n_pending, const struct plan_input *in, size_t n, const struct plan *plan)
{
	struct amounts left;
	struct holding *holdings;
	const struct step *found = NULL;

	if (!s->host->pools.known || plan->n == 0)
		return NULL;
	holdings = calloc(n, sizeof(*holdings));
	if (holdings == NULL)
		return &plan->steps[0];
	left = free_now(s, pending, n_pending);
	for (size_t i = 0; i < n; i++) {
		holdings[i].amounts = in[i].domain != NULL
					      ? amounts_of(in[i].domain)
					      : asked_for(in[i].desire, (struct amounts){0});
		holdings[i].held = holds(in[i].domain);
	}
	for (size_t i = 0; i < plan->n && found == NULL; i++)
		if (!run_step(&left, &holdings[plan->steps[i].part], &plan->steps[i]))
			found = &plan->steps[i];
	free(holdings);
	return found;
}
