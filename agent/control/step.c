/*
 * What a single step means: whether a domain shows its effect, and how it is taken back. (plan.h)
 */
#include "control/plan.h"

#define MEGABYTE	1048576u
#define MEMORY_ROUNDING (256ull * MEGABYTE) /* ldmd rounds up by less than that */

const char *step_action_name(enum step_action a)
{
	static const char *const names[_STEP_ACTION_MAX] = {
		[STEP_UNBIND] = "unbind-domain",
		[STEP_SET_VCPU] = "set-vcpu",
		[STEP_SET_MEMORY] = "set-memory",
		[STEP_SET_CRYPTO] = "set-mau",
		[STEP_ADD] = "add-domain",
		[STEP_BIND] = "bind-domain",
		[STEP_STOP] = "stop-domain",
		[STEP_FORCE_STOP] = "stop-domain",
		[STEP_START] = "start-domain",
		[STEP_REMOVE] = "remove-domain",
	};

	return (size_t)a < _STEP_ACTION_MAX ? names[a] : "unknown";
}

/* --- amounts ------------------------------------------------------------------------------- */

static uint64_t amount_now(const struct step *s, const struct domain *d)
{
	switch (s->action) {
	case STEP_SET_VCPU:
		return d->num_vcpu;
	case STEP_SET_MEMORY:
		return d->mem_bytes;
	default:
		return d->num_crypto;
	}
}

static bool amount_reached(const struct step *s, uint64_t now)
{
	uint64_t room = s->action == STEP_SET_MEMORY ? MEMORY_ROUNDING : 1;

	/* Rounding never goes back to where it was: that would be nothing done. */
	if (now == s->before)
		return now == s->value;
	return now >= s->value && now - s->value < room;
}

static enum step_progress amount_progress(const struct step *s, const struct domain *d)
{
	uint64_t now = amount_now(s, d);
	uint64_t low = s->value < s->before ? s->value : s->before;
	uint64_t high = s->value < s->before ? s->before : s->value;

	if (amount_reached(s, now))
		return STEP_REACHED;
	if (s->action == STEP_SET_MEMORY && d->memory_dr)
		return STEP_UNDERWAY;
	if (now == s->before || s->before == STEP_NOT_KNOWN)
		return STEP_UNCHANGED;
	return now > low && now < high ? STEP_SHORT : STEP_ELSEWHERE;
}

/* --- states -------------------------------------------------------------------------------- */

struct state_effect {
	unsigned reached, underway, unchanged; /* bits of enum domain_state */
};

#define B(state) (1u << DOMAIN_##state)

static const struct state_effect effects[_STEP_ACTION_MAX] = {
	[STEP_BIND] = {B(BOUND) | B(ACTIVE) | B(STARTING) | B(STOPPING), B(BINDING), B(INACTIVE)},
	[STEP_UNBIND] = {B(INACTIVE), B(UNBINDING), B(BOUND)},
	[STEP_STOP] = {B(BOUND) | B(INACTIVE) | B(BINDING) | B(UNBINDING), B(STOPPING),
		B(ACTIVE) | B(STARTING)},
	[STEP_FORCE_STOP] = {B(BOUND) | B(INACTIVE) | B(BINDING) | B(UNBINDING), B(STOPPING),
		B(ACTIVE) | B(STARTING)},
	[STEP_START] = {B(ACTIVE), B(STARTING), B(BOUND)},
};

/* An active guest whose first flag is s is shutting down already (5-column lists have no state). */
static bool shutting_down(const struct domain *d)
{
	return d->state == DOMAIN_ACTIVE && d->flags != NULL && d->flags[0] == 's';
}

static enum step_progress state_progress(const struct step *s, const struct domain *d)
{
	const struct state_effect *e = &effects[s->action];
	unsigned bit = 1u << d->state;

	if ((e->reached & bit) != 0)
		return STEP_REACHED;
	if ((e->underway & bit) != 0 || d->state == DOMAIN_UNKNOWN)
		return STEP_UNDERWAY;
	if ((s->action == STEP_STOP || s->action == STEP_FORCE_STOP) && shutting_down(d))
		return STEP_UNDERWAY;
	return (e->unchanged & bit) != 0 ? STEP_UNCHANGED : STEP_ELSEWHERE;
}

bool step_is_amount(enum step_action a)
{
	return a == STEP_SET_VCPU || a == STEP_SET_MEMORY || a == STEP_SET_CRYPTO;
}

enum step_progress step_progress(const struct step *s, const struct domain *d)
{
	if (s->action == STEP_ADD)
		return d != NULL ? STEP_REACHED : STEP_UNCHANGED;
	if (s->action == STEP_REMOVE)
		return d == NULL ? STEP_REACHED : STEP_UNCHANGED;
	if (d == NULL)
		return STEP_ELSEWHERE;
	return step_is_amount(s->action) ? amount_progress(s, d) : state_progress(s, d);
}

bool step_waits(const struct step *s, const struct domain *d)
{
	return d != NULL && d->pending && step_is_amount(s->action);
}

const char *step_forbidden(const struct step *s, const struct domain *d)
{
	if (s->action == STEP_SET_VCPU && d != NULL && d->whole_core != 0)
		return "the domain has a whole-core constraint";
	return NULL;
}

bool step_inverse(const struct step *s, struct step *ret)
{
	*ret = *s;
	switch (s->action) {
	case STEP_SET_VCPU:
	case STEP_SET_MEMORY:
	case STEP_SET_CRYPTO:
		ret->value = s->before;
		ret->before = s->value;
		return s->before != STEP_NOT_KNOWN;
	case STEP_BIND:
		ret->action = STEP_UNBIND;
		return !s->irreversible;
	case STEP_UNBIND:
		ret->action = STEP_BIND;
		return !s->irreversible;
	case STEP_ADD:
		ret->action = STEP_REMOVE;
		return true;
	default:
		return false;
	}
}
