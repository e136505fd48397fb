/* See plan.h. The steps of all domains are collected first and then sorted. */
#include "control/plan.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/text.h"

#define MEMORY_ROUNDING (256ull * MEGABYTE) /* ldmd rounds memory up by less than this */

enum phase {
	PHASE_RELEASE, /* gives resources back to the pools */
	PHASE_STORE,   /* changes only a stored constraint */
	PHASE_TAKE,
	PHASE_TAIL, /* cannot be undone; in one domain only */
};

/*
 * All steps in the order in which they run. A crypto unit belongs to a core: units are given back
 * before CPUs, and taken after them.
 */
static const struct {
	enum phase phase;
	enum step_action action;
} places[] = {
	{PHASE_RELEASE, STEP_UNBIND},
	{PHASE_RELEASE, STEP_SET_CRYPTO},
	{PHASE_RELEASE, STEP_SET_VCPU},
	{PHASE_RELEASE, STEP_SET_MEMORY},
	{PHASE_STORE, STEP_ADD},
	{PHASE_STORE, STEP_SET_VCPU},
	{PHASE_STORE, STEP_SET_MEMORY},
	{PHASE_STORE, STEP_SET_CRYPTO},
	{PHASE_TAKE, STEP_SET_VCPU},
	{PHASE_TAKE, STEP_SET_MEMORY},
	{PHASE_TAKE, STEP_SET_CRYPTO},
	{PHASE_TAKE, STEP_BIND},
	{PHASE_TAIL, STEP_STOP},
	{PHASE_TAIL, STEP_FORCE_STOP},
	{PHASE_TAIL, STEP_UNBIND},
	{PHASE_TAIL, STEP_START},
	{PHASE_TAIL, STEP_REMOVE},
	{PHASE_TAIL, STEP_SAVE},
};

struct planner {
	const struct plan_input *in;
	struct plan plan;
	struct plan_obstacle why;
};

int plan_complete(struct set_request *d, const struct domain *row)
{
	uint64_t mb = bytes_to_megabytes(row->mem_bytes);

	if ((d->fields & FIELD_TEMPLATE_BIT) == 0 && row->template_name) {
		if (text_copy(row->template_name, &d->template) < 0)
			return -ENOMEM;
		d->fields |= FIELD_TEMPLATE_BIT;
	}
	if ((d->fields & FIELD_VCPU_BIT) == 0 && (row->known & KNOWN_VCPU) != 0) {
		d->vcpus = row->num_vcpu;
		d->fields |= FIELD_VCPU_BIT;
	}
	if ((d->fields & FIELD_MEMORY_BIT) == 0 && (row->known & KNOWN_MEMORY) != 0) {
		d->memory_mb = mb < UINT32_MAX ? (uint32_t)mb : UINT32_MAX;
		d->fields |= FIELD_MEMORY_BIT;
	}
	if ((d->fields & FIELD_CRYPTO_BIT) == 0 && (row->known & KNOWN_CRYPTO) != 0) {
		d->crypto = row->num_crypto;
		d->fields |= FIELD_CRYPTO_BIT;
	}
	if ((d->fields & FIELD_ADMIN_BIT) == 0 && row->wanted_admin != 0) {
		d->admin = (enum admin_state)row->wanted_admin;
		d->fields |= FIELD_ADMIN_BIT;
	}
	return 0;
}

/* --- amounts ------------------------------------------------------------------------------- */

static const unsigned resource_fields[_RESOURCE_MAX] = {
	FIELD_VCPU_BIT, FIELD_MEMORY_BIT, FIELD_CRYPTO_BIT};
static const enum step_action resource_steps[_RESOURCE_MAX] = {
	STEP_SET_VCPU, STEP_SET_MEMORY, STEP_SET_CRYPTO};

struct amounts amounts_of(const struct domain *d)
{
	if (!d)
		return (struct amounts){{0}};
	return (struct amounts){{d->num_vcpu, d->mem_bytes, d->num_crypto}};
}

struct amounts amounts_asked(const struct set_request *w, struct amounts a)
{
	const uint64_t asked[] = {w->vcpus, w->memory_mb * MEGABYTE, w->crypto};

	for (size_t k = 0; k < _RESOURCE_MAX; k++)
		if ((w->fields & resource_fields[k]) != 0)
			a.of[k] = asked[k];
	return a;
}

/* What the domain will have after its reboot; what it has now where ldmd did not tell. */
static struct amounts amounts_to_come(const struct domain *d)
{
	if (!d->pending || !d->waiting_known)
		return amounts_of(d);
	return (struct amounts){{d->waiting_vcpu, d->waiting_mem_bytes, d->waiting_crypto}};
}

bool step_is_amount(enum step_action a)
{
	return a == STEP_SET_VCPU || a == STEP_SET_MEMORY || a == STEP_SET_CRYPTO;
}

enum resource step_resource(enum step_action a)
{
	return (enum resource)(a - STEP_SET_VCPU);
}

/* --- the state table ----------------------------------------------------------------------- */

/* A set of enum domain_state. */
#define IN(state) (1u << DOMAIN_##state)

/* A target and a state without a rule: the domain is in transition, or has nothing to restart. */
static const struct state_rule {
	enum admin_state target;
	unsigned from; /* IN() */
	size_t n;
	enum step_action actions[PLAN_STATE_STEPS];
} state_rules[] = {
	{ADMIN_ACTIVE, IN(INACTIVE), 2, {STEP_BIND, STEP_START}},
	{ADMIN_ACTIVE, IN(BOUND), 1, {STEP_START}},
	{ADMIN_ACTIVE, IN(ACTIVE), 0, {0}},
	{ADMIN_BOUND, IN(INACTIVE), 1, {STEP_BIND}},
	{ADMIN_BOUND, IN(BOUND), 0, {0}},
	{ADMIN_BOUND, IN(ACTIVE), 1, {STEP_STOP}},
	{ADMIN_INACTIVE, IN(INACTIVE), 0, {0}},
	{ADMIN_INACTIVE, IN(BOUND), 1, {STEP_UNBIND}},
	{ADMIN_INACTIVE, IN(ACTIVE), 2, {STEP_STOP, STEP_UNBIND}},
	{ADMIN_FORCE_STOP, IN(INACTIVE) | IN(BOUND) | IN(BINDING) | IN(UNBINDING), 0, {0}},
	{ADMIN_FORCE_STOP, IN(ACTIVE) | IN(STOPPING) | IN(STARTING) | IN(UNKNOWN), 1,
		{STEP_FORCE_STOP}},
	{ADMIN_RESTART, IN(ACTIVE), 2, {STEP_STOP, STEP_START}},
};

int plan_state_steps(enum admin_state target, enum domain_state from,
	enum step_action ret_actions[PLAN_STATE_STEPS], size_t *ret_n)
{
	*ret_n = 0;
	if (from < DOMAIN_ACTIVE || from >= _DOMAIN_STATE_MAX)
		from = DOMAIN_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(state_rules); i++) {
		const struct state_rule *rule = &state_rules[i];

		if (rule->target != target || !(rule->from & 1u << from))
			continue;
		*ret_n = rule->n;
		memcpy(ret_actions, rule->actions, rule->n * sizeof(*ret_actions));
		return 0;
	}
	return -ENOTSUP;
}

/* --- collecting ---------------------------------------------------------------------------- */

static int set_obstacle(struct planner *p, size_t part, unsigned field, enum refusal_reason reason)
{
	p->why = (struct plan_obstacle){part, field, reason};
	return -ENOTSUP;
}

/* Why ldmd would refuse the step at present; REASON_NONE: no such reason is known. */
static enum refusal_reason refused_at_present(const struct step *s, const struct domain *d)
{
	if (d && domain_is_migrating(d))
		return REASON_MIGRATING;
	if (d && d->memory_dr && s->action == STEP_SET_MEMORY)
		return REASON_MEMORY_DR;
	return REASON_NONE;
}

static int add_step(struct planner *p, const struct step *s, enum phase phase)
{
	const struct domain *d = p->in[s->part].domain;
	enum refusal_reason why = step_forbidden(s, d);
	struct step *step;

	if (why == REASON_NONE)
		why = refused_at_present(s, d);
	if (why != REASON_NONE)
		return set_obstacle(p, s->part, s->field, why);
	step = array_append(&p->plan.steps, &p->plan.n, sizeof(*step));
	if (!step)
		return -ENOMEM;
	*step = *s;
	for (; step->place < ARRAY_SIZE(places); step->place++)
		if (places[step->place].phase == phase && places[step->place].action == s->action)
			break;
	assert(step->place < ARRAY_SIZE(places));
	step->irreversible = phase == PHASE_TAIL;
	return 0;
}

/*
 * The whole-core constraint is what licences are usually bound to. A domain keeps it when its cores
 * are set instead of its CPUs, so that is done where the CPUs asked for are whole cores. Where they
 * are not, step_forbidden() refuses the step.
 */
static void keep_whole_cores(struct step *s, const struct domain *d)
{
	uint32_t threads = d->whole_core > 0 ? d->num_vcpu / d->whole_core : 0;

	if (threads == 0 || d->num_vcpu % d->whole_core != 0 || s->value % threads != 0)
		return;
	s->cores = (uint32_t)(s->value / threads);
	s->cores_before = d->whole_core;
}

/*
 * stored: the domain is inactive when the step runs, so only its constraint changes.
 *
 * An amount that has the value asked for needs no step, unless a delayed reconfiguration may change
 * it: then there is a step, because the operation row has to say that the change waits. The
 * executor sends that step only if ldmd did not tell the values after the reboot.
 */
static int plan_amounts(struct planner *p, size_t part, bool stored)
{
	const struct set_request *w = p->in[part].request;
	const struct domain *d = p->in[part].domain;
	struct amounts now = amounts_of(d), to_come = amounts_to_come(d);
	struct amounts wanted = amounts_asked(w, to_come);
	int r = 0;

	for (size_t k = 0; k < _RESOURCE_MAX && r >= 0; k++) {
		uint64_t unit = k == RESOURCE_MEMORY ? MEGABYTE : 1;
		bool settled = !d->pending || (d->waiting_known && to_come.of[k] == now.of[k]);
		struct step s = {.action = resource_steps[k],
			.part = part,
			.field = resource_fields[k],
			.value = wanted.of[k],
			.before = to_come.of[k]};

		if ((w->fields & s.field) == 0 || (settled && s.before / unit == s.value / unit))
			continue;
		if (k == RESOURCE_VCPU)
			keep_whole_cores(&s, d);
		if (domain_in_transition(d) || d->state == DOMAIN_UNKNOWN)
			return set_obstacle(p, part, s.field, REASON_IN_TRANSITION);
		enum phase phase = s.value < s.before ? PHASE_RELEASE : PHASE_TAKE;
		r = add_step(p, &s, stored ? PHASE_STORE : phase);
	}
	return r;
}

static int plan_actions(struct planner *p, size_t part, const enum step_action *actions, size_t n)
{
	bool tail = false;
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		struct step s = {.action = actions[i], .part = part, .field = FIELD_ADMIN_BIT};

		/* What comes after a step that cannot be undone cannot be undone either. */
		tail = tail || (s.action != STEP_BIND && s.action != STEP_UNBIND);
		enum phase phase = s.action == STEP_UNBIND ? PHASE_RELEASE : PHASE_TAKE;
		r = add_step(p, &s, tail ? PHASE_TAIL : phase);
	}
	return r;
}

static int plan_existing(struct planner *p, size_t part)
{
	const struct plan_input *in = &p->in[part];
	enum step_action actions[PLAN_STATE_STEPS];
	size_t n = 0;
	bool stored = in->domain->state == DOMAIN_INACTIVE;
	int r;

	if ((in->request->fields & FIELD_ADMIN_BIT) != 0) {
		r = plan_state_steps(in->request->admin, in->domain->state, actions, &n);
		if (r < 0)
			return set_obstacle(p, part, FIELD_ADMIN_BIT, REASON_NO_WAY);
	}
	if (n > 0 && actions[0] == STEP_UNBIND)
		stored = true;
	r = plan_amounts(p, part, stored);
	return r < 0 ? r : plan_actions(p, part, actions, n);
}

/* A template has its own amounts; those that the SET asks for are set once the domain is made. */
static int plan_new_amounts(struct planner *p, size_t part)
{
	const struct set_request *w = p->in[part].request;
	struct amounts wanted = amounts_asked(w, amounts_of(NULL));
	int r = 0;

	if (!w->template || w->template[0] == '\0')
		return 0;
	for (size_t k = 0; k < _RESOURCE_MAX && r >= 0; k++) {
		struct step s = {.action = resource_steps[k],
			.part = part,
			.field = resource_fields[k],
			.value = wanted.of[k],
			.before = STEP_NOT_KNOWN};

		if ((w->fields & s.field) != 0)
			r = add_step(p, &s, PHASE_STORE);
	}
	return r;
}

static int plan_new(struct planner *p, size_t part)
{
	const struct set_request *w = p->in[part].request;
	const struct step add = {.action = STEP_ADD, .part = part, .field = FIELD_ROW_BIT};
	enum step_action actions[PLAN_STATE_STEPS];
	size_t n = 0;
	int r;

	if ((w->fields & FIELD_ADMIN_BIT) != 0 &&
		plan_state_steps(w->admin, DOMAIN_INACTIVE, actions, &n) < 0)
		return set_obstacle(p, part, FIELD_ADMIN_BIT, REASON_NO_RESTART);
	r = add_step(p, &add, PHASE_STORE);
	if (r >= 0)
		r = plan_new_amounts(p, part);
	return r < 0 ? r : plan_actions(p, part, actions, n);
}

static int plan_removal(struct planner *p, size_t part)
{
	const struct domain *d = p->in[part].domain;
	const struct step remove = {.action = STEP_REMOVE, .part = part, .field = FIELD_ROW_BIT};

	if (!d)
		return 0;
	if (d->state != DOMAIN_INACTIVE)
		return set_obstacle(p, part, FIELD_ROW_BIT, REASON_NOT_INACTIVE);
	return add_step(p, &remove, PHASE_TAIL);
}

/* Saving is never undone: an administrator who finds the configuration may rely on it. */
static int plan_save(struct planner *p, size_t part)
{
	const struct step save = {.action = STEP_SAVE, .part = part, .field = FIELD_SAVE_BIT};

	if (p->in[part].saved)
		return set_obstacle(p, part, FIELD_SAVE_BIT, REASON_CONFIG_EXISTS);
	return add_step(p, &save, PHASE_TAIL);
}

static int plan_part(struct planner *p, size_t part)
{
	const struct plan_input *in = &p->in[part];

	if (in->no_steps)
		return 0;
	if ((in->request->fields & FIELD_SAVE_BIT) != 0)
		return plan_save(p, part);
	if (in->request->row == ROW_REQUEST_DESTROY)
		return plan_removal(p, part);
	if (!in->domain && set_request_makes_domain(in->request))
		return plan_new(p, part);
	if (!in->domain)
		return set_obstacle(p, part, 0, REASON_DOMAIN_GONE);
	if (in->request->row == ROW_REQUEST_CREATE_AND_GO)
		return set_obstacle(p, part, FIELD_NAME_BIT, REASON_DOMAIN_EXISTS);
	return plan_existing(p, part);
}

/* --- putting in order ---------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	const struct step *x = a, *y = b;

	return x->place != y->place ? compare_u64(x->place, y->place)
				    : compare_u64(x->part, y->part);
}

static int one_tail_only(struct planner *p)
{
	const struct step *first = NULL;

	for (size_t i = 0; i < p->plan.n; i++) {
		const struct step *s = &p->plan.steps[i];

		if (!s->irreversible)
			continue;
		if (first && first->part != s->part)
			return set_obstacle(p, s->part, s->field, REASON_TWO_TAILS);
		first = first ? first : s;
	}
	return 0;
}

int plan_make(
	const struct plan_input *in, size_t n, struct plan *ret, struct plan_obstacle *ret_why)
{
	struct planner p = {.in = in};
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		r = plan_part(&p, i);
	if (r >= 0)
		r = one_tail_only(&p);
	if (r < 0) {
		plan_clear(&p.plan);
		*ret_why = p.why;
		return r;
	}
	if (p.plan.n > 1)
		qsort(p.plan.steps, p.plan.n, sizeof(*p.plan.steps), by_place);
	*ret = p.plan;
	return 0;
}

void plan_clear(struct plan *p)
{
	free(p->steps);
	memset(p, 0, sizeof(*p));
}

/* --- what a single step means ------------------------------------------------------------- */

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
		[STEP_SAVE] = "add-spconfig",
	};

	return (size_t)a < _STEP_ACTION_MAX ? names[a] : "unknown";
}

/* --- how far a step got: amounts ----------------------------------------------------------- */

static bool amount_reached(const struct step *s, uint64_t now)
{
	uint64_t room = s->action == STEP_SET_MEMORY ? MEMORY_ROUNDING : 1;

	/* ldmd rounds up. A value that is still the one before has not changed at all, however. */
	if (now == s->before)
		return now == s->value;
	return now >= s->value && now - s->value < room;
}

static enum step_progress amount_progress(const struct step *s, const struct domain *d)
{
	uint64_t now = amounts_to_come(d).of[step_resource(s->action)];
	uint64_t low = s->value < s->before ? s->value : s->before;
	uint64_t high = s->value < s->before ? s->before : s->value;

	if (amount_reached(s, now))
		return step_lost_cores(s, d) ? STEP_SHORT : STEP_REACHED;
	if (s->action == STEP_SET_MEMORY && d->memory_dr)
		return STEP_UNDERWAY;
	if (now == s->before || s->before == STEP_NOT_KNOWN)
		return STEP_UNCHANGED;
	return now > low && now < high ? STEP_SHORT : STEP_ELSEWHERE;
}

/* --- how far a step got: states ------------------------------------------------------------ */

struct state_effect {
	unsigned reached, underway, unchanged; /* bits of enum domain_state */
};

static const struct state_effect effects[_STEP_ACTION_MAX] = {
	[STEP_BIND] = {IN(BOUND) | IN(ACTIVE) | IN(STARTING) | IN(STOPPING), IN(BINDING),
		IN(INACTIVE)},
	[STEP_UNBIND] = {IN(INACTIVE), IN(UNBINDING), IN(BOUND)},
	[STEP_STOP] = {IN(BOUND) | IN(INACTIVE) | IN(BINDING) | IN(UNBINDING), IN(STOPPING),
		IN(ACTIVE) | IN(STARTING)},
	[STEP_FORCE_STOP] = {IN(BOUND) | IN(INACTIVE) | IN(BINDING) | IN(UNBINDING), IN(STOPPING),
		IN(ACTIVE) | IN(STARTING)},
	[STEP_START] = {IN(ACTIVE), IN(STARTING), IN(BOUND)},
};

/* `active` with the flag s: the guest shuts down already, although ldmd names no such state. */
static bool shutting_down(const struct domain *d)
{
	return d->state == DOMAIN_ACTIVE && d->flags && d->flags[0] == 's';
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

enum step_progress step_progress(const struct step *s, const struct domain *d)
{
	if (s->action == STEP_ADD)
		return d ? STEP_REACHED : STEP_UNCHANGED;
	if (s->action == STEP_REMOVE)
		return !d ? STEP_REACHED : STEP_UNCHANGED;
	if (!d)
		return STEP_ELSEWHERE;
	return step_is_amount(s->action) ? amount_progress(s, d) : state_progress(s, d);
}

bool step_waits(const struct step *s, const struct domain *d)
{
	if (!d || !step_is_amount(s->action))
		return false;
	enum resource k = step_resource(s->action);
	return step_waits_unseen(s, d) || amounts_to_come(d).of[k] != amounts_of(d).of[k];
}

bool step_waits_unseen(const struct step *s, const struct domain *d)
{
	return d && d->pending && !d->waiting_known && step_is_amount(s->action);
}

bool step_lost_cores(const struct step *s, const struct domain *d)
{
	return d && s->cores > 0 && d->num_vcpu == s->value && d->whole_core != s->cores;
}

enum refusal_reason step_forbidden(const struct step *s, const struct domain *d)
{
	if (s->action == STEP_SET_VCPU && d && d->whole_core != 0 && s->cores == 0)
		return REASON_WHOLE_CORES;
	if (s->action == STEP_SET_VCPU && d && d->max_cores > 0 && s->cores > d->max_cores)
		return REASON_MAX_CORES;
	return REASON_NONE;
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
		ret->cores = s->cores_before;
		ret->cores_before = s->cores;
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
