/*
 * See plan.h. The steps of all domains are collected and then sorted by phase, so the order of the
 * varbinds does not matter.
 */
#include "control/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"
#include "util/number.h"

#define MEMORY_ROUNDING (256ull * MEGABYTE) /* ldmd rounds up by less than that */

enum phase {
	PHASE_RELEASE, /* gives resources back to the pools */
	PHASE_STORE,   /* changes a stored constraint only */
	PHASE_TAKE,
	PHASE_TAIL, /* cannot be taken back; in one domain only */
};

struct draft_step {
	struct step step;
	enum phase phase;
	unsigned order; /* within the phase */
};

struct planner {
	const struct plan_input *in;
	size_t n;
	struct draft_step *steps;
	size_t n_steps;
	/* Where and why no plan can be made. */
	size_t part;
	unsigned field;
	enum refusal_reason reason;
};

uint32_t plan_memory_mb(const struct domain *d)
{
	uint64_t mb = d->mem_bytes / MEGABYTE;

	return mb < UINT32_MAX ? (uint32_t)mb : UINT32_MAX;
}

int plan_complete(struct set_request *d, const struct domain *row)
{
	if ((d->fields & FIELD_TEMPLATE_BIT) == 0 && row->template_name) {
		d->template = strdup(row->template_name);
		if (!d->template)
			return -ENOMEM;
		d->fields |= FIELD_TEMPLATE_BIT;
	}
	if ((d->fields & FIELD_VCPU_BIT) == 0 && (row->known & KNOWN_VCPU) != 0) {
		d->vcpus = row->num_vcpu;
		d->fields |= FIELD_VCPU_BIT;
	}
	if ((d->fields & FIELD_MEMORY_BIT) == 0 && (row->known & KNOWN_MEMORY) != 0) {
		d->memory_mb = plan_memory_mb(row);
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

/* --- the state table ----------------------------------------------------------------------- */

/* A set of enum domain_state. */
#define IN(state) (1u << DOMAIN_##state)

/* From a state that no row names, the target cannot be reached: the domain is in transition. */
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

static bool always_irreversible(enum step_action a)
{
	return a == STEP_STOP || a == STEP_FORCE_STOP || a == STEP_START || a == STEP_REMOVE;
}

/* A crypto unit belongs to a core: units are given back before CPUs, and taken after them. */
static unsigned order_of(enum step_action a, enum phase phase)
{
	static const unsigned release[_STEP_ACTION_MAX] = {
		[STEP_UNBIND] = 0,
		[STEP_SET_CRYPTO] = 1,
		[STEP_SET_VCPU] = 2,
		[STEP_SET_MEMORY] = 3,
	};
	static const unsigned take[_STEP_ACTION_MAX] = {
		[STEP_ADD] = 0,
		[STEP_SET_VCPU] = 1,
		[STEP_SET_MEMORY] = 2,
		[STEP_SET_CRYPTO] = 3,
		[STEP_BIND] = 4,
	};

	return phase == PHASE_RELEASE ? release[a] : take[a];
}

static int cannot(struct planner *p, size_t part, unsigned field, enum refusal_reason reason)
{
	p->part = part;
	p->field = field;
	p->reason = reason;
	return -ENOTSUP;
}

/* Why ldmd would refuse the step for the time being; REASON_NONE: nothing is known. */
static enum refusal_reason not_now(const struct step *s, const struct domain *d)
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
	struct draft_step *step;

	if (why == REASON_NONE)
		why = not_now(s, d);
	if (why != REASON_NONE)
		return cannot(p, s->part, s->field, why);
	step = array_append(&p->steps, &p->n_steps, sizeof(*step));
	if (!step)
		return -ENOMEM;
	*step = (struct draft_step){*s, phase, order_of(s->action, phase)};
	/* The steps of the tail run in the order in which they were added. */
	if (phase == PHASE_TAIL)
		step->order = (unsigned)p->n_steps;
	return 0;
}

struct amount {
	enum step_action action;
	unsigned field;
	uint64_t now, wanted;
	bool same;
};

static uint64_t amount_now(enum step_action a, const struct domain *d)
{
	switch (a) {
	case STEP_SET_VCPU:
		return d->num_vcpu;
	case STEP_SET_MEMORY:
		return d->mem_bytes;
	default:
		return d->num_crypto;
	}
}

/* What the domain has after its reboot, as far as ldmd told. */
static uint64_t amount_to_come(enum step_action a, const struct domain *d)
{
	if (!d->pending || !d->waiting_known)
		return amount_now(a, d);
	switch (a) {
	case STEP_SET_VCPU:
		return d->waiting_vcpu;
	case STEP_SET_MEMORY:
		return d->waiting_mem_bytes;
	default:
		return d->waiting_crypto;
	}
}

static struct amount amount(
	enum step_action a, unsigned field, const struct domain *d, uint64_t wanted)
{
	uint64_t unit = a == STEP_SET_MEMORY ? MEGABYTE : 1, to_come = amount_to_come(a, d);
	bool settled = !d->pending || (d->waiting_known && to_come == amount_now(a, d));

	return (struct amount){
		a, field, to_come, wanted * unit, settled && to_come / unit == wanted};
}

/*
 * What the domain has and what it shall have; gives how many are asked for. Where a delayed
 * reconfiguration waits for one of them, there is a step in any case, to tell so; if ldmd did not
 * tell what waits, the step is sent in any case.
 */
static size_t amounts(const struct plan_input *in, struct amount out[3])
{
	const struct set_request *w = in->request;
	const struct domain *d = in->domain;
	size_t n = 0;

	if ((w->fields & FIELD_VCPU_BIT) != 0)
		out[n++] = amount(STEP_SET_VCPU, FIELD_VCPU_BIT, d, w->vcpus);
	if ((w->fields & FIELD_MEMORY_BIT) != 0)
		out[n++] = amount(STEP_SET_MEMORY, FIELD_MEMORY_BIT, d, w->memory_mb);
	if ((w->fields & FIELD_CRYPTO_BIT) != 0)
		out[n++] = amount(STEP_SET_CRYPTO, FIELD_CRYPTO_BIT, d, w->crypto);
	return n;
}

/*
 * A domain with the whole-core constraint, the usual set-up for licences, keeps it when its CPUs
 * are set in whole cores. Otherwise the step is forbidden.
 */
static void keep_whole_cores(struct step *s, const struct domain *d)
{
	uint32_t threads = d->whole_core > 0 ? d->num_vcpu / d->whole_core : 0;

	if (threads == 0 || d->num_vcpu % d->whole_core != 0 || s->value % threads != 0)
		return;
	s->cores = (uint32_t)(s->value / threads);
	s->cores_before = d->whole_core;
}

/* stored: the domain is inactive when the step runs, so that only the constraint changes. */
static int plan_amounts(struct planner *p, size_t part, bool stored)
{
	const struct plan_input *in = &p->in[part];
	struct amount a[3];
	size_t n = amounts(in, a);
	enum phase phase;
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		struct step s = {.action = a[i].action,
			.part = part,
			.field = a[i].field,
			.value = a[i].wanted,
			.before = a[i].now};

		if (a[i].same)
			continue;
		if (s.action == STEP_SET_VCPU)
			keep_whole_cores(&s, in->domain);
		if (domain_in_transition(in->domain) || in->domain->state == DOMAIN_UNKNOWN)
			return cannot(p, part, a[i].field, REASON_IN_TRANSITION);
		phase = a[i].wanted < a[i].now ? PHASE_RELEASE : PHASE_TAKE;
		r = add_step(p, &s, stored ? PHASE_STORE : phase);
	}
	return r;
}

static enum phase state_phase(enum step_action a)
{
	return a == STEP_UNBIND ? PHASE_RELEASE : PHASE_TAKE;
}

static int plan_actions(struct planner *p, size_t part, const enum step_action *actions, size_t n)
{
	bool tail = false;
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		struct step s = {.action = actions[i], .part = part, .field = FIELD_ADMIN_BIT};

		/* A step behind one that cannot be taken back cannot be taken back either. */
		tail = tail || always_irreversible(actions[i]);
		s.irreversible = tail;
		r = add_step(p, &s, tail ? PHASE_TAIL : state_phase(actions[i]));
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
			return cannot(p, part, FIELD_ADMIN_BIT, REASON_NO_WAY);
	}
	if (n > 0 && actions[0] == STEP_UNBIND)
		stored = true;
	r = plan_amounts(p, part, stored);
	return r < 0 ? r : plan_actions(p, part, actions, n);
}

/* A template may have other amounts than the SET asks for: they are set after the domain is made.
 */
static int plan_new_amounts(struct planner *p, size_t part)
{
	const struct set_request *w = p->in[part].request;
	const struct {
		unsigned field;
		enum step_action action;
		uint64_t value;
	} sets[] = {
		{FIELD_VCPU_BIT, STEP_SET_VCPU, w->vcpus},
		{FIELD_MEMORY_BIT, STEP_SET_MEMORY, (uint64_t)w->memory_mb * MEGABYTE},
		{FIELD_CRYPTO_BIT, STEP_SET_CRYPTO, w->crypto},
	};
	int r = 0;

	if (!w->template || w->template[0] == '\0')
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(sets) && r >= 0; i++) {
		struct step s = {.action = sets[i].action,
			.part = part,
			.field = sets[i].field,
			.value = sets[i].value,
			.before = STEP_NOT_KNOWN};

		if ((w->fields & sets[i].field) != 0)
			r = add_step(p, &s, PHASE_STORE);
	}
	return r;
}

static int plan_new(struct planner *p, size_t part)
{
	const struct set_request *w = p->in[part].request;
	struct step add = {.action = STEP_ADD, .part = part, .field = FIELD_ROW_BIT};
	enum step_action actions[PLAN_STATE_STEPS];
	size_t n = 0;
	int r;

	if ((w->fields & FIELD_ADMIN_BIT) != 0 &&
		plan_state_steps(w->admin, DOMAIN_INACTIVE, actions, &n) < 0)
		return cannot(p, part, FIELD_ADMIN_BIT, REASON_NO_RESTART);
	r = add_step(p, &add, PHASE_STORE);
	if (r >= 0)
		r = plan_new_amounts(p, part);
	return r < 0 ? r : plan_actions(p, part, actions, n);
}

static int plan_removal(struct planner *p, size_t part)
{
	const struct domain *d = p->in[part].domain;
	struct step remove = {
		.action = STEP_REMOVE, .part = part, .field = FIELD_ROW_BIT, .irreversible = true};

	if (!d)
		return 0;
	if (d->state != DOMAIN_INACTIVE)
		return cannot(p, part, FIELD_ROW_BIT, REASON_NOT_INACTIVE);
	return add_step(p, &remove, PHASE_TAIL);
}

static bool makes_domain(const struct set_request *w)
{
	return set_request_asks_row(w, ROW_REQUEST_CREATE_AND_GO) ||
	       set_request_asks_row(w, ROW_REQUEST_ACTIVE);
}

/* Never taken back: whoever finds the configuration may rely on it. */
static int plan_save(struct planner *p, size_t part)
{
	const struct step save = {
		.action = STEP_SAVE, .part = part, .field = FIELD_SAVE_BIT, .irreversible = true};

	if (p->in[part].saved)
		return cannot(p, part, FIELD_SAVE_BIT, REASON_CONFIG_EXISTS);
	return add_step(p, &save, PHASE_TAIL);
}

static int plan_part(struct planner *p, size_t part)
{
	const struct plan_input *in = &p->in[part];

	if ((in->request->fields & FIELD_SAVE_BIT) != 0)
		return plan_save(p, part);
	if (set_request_asks_row(in->request, ROW_REQUEST_DESTROY))
		return plan_removal(p, part);
	if (!in->domain && makes_domain(in->request))
		return plan_new(p, part);
	if (!in->domain)
		return cannot(p, part, 0, REASON_DOMAIN_GONE);
	if (set_request_asks_row(in->request, ROW_REQUEST_CREATE_AND_GO))
		return cannot(p, part, FIELD_NAME_BIT, REASON_DOMAIN_EXISTS);
	return plan_existing(p, part);
}

/* --- putting in order ---------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct draft_step *x = a, *y = b;

	if (x->phase != y->phase)
		return x->phase < y->phase ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->step.part < y->step.part ? -1 : x->step.part > y->step.part;
}

static int one_tail_only(struct planner *p)
{
	const struct step *first = NULL;

	for (size_t i = 0; i < p->n_steps; i++) {
		const struct step *s = &p->steps[i].step;

		if (!s->irreversible)
			continue;
		if (first && first->part != s->part)
			return cannot(p, s->part, s->field, REASON_TWO_TAILS);
		first = first ? first : s;
	}
	return 0;
}

static int finish(struct planner *p, struct plan *ret)
{
	struct step *steps = calloc(p->n_steps > 0 ? p->n_steps : 1, sizeof(*steps));

	if (!steps)
		return -ENOMEM;
	if (p->n_steps > 1)
		qsort(p->steps, p->n_steps, sizeof(*p->steps), compare);
	for (size_t i = 0; i < p->n_steps; i++)
		steps[i] = p->steps[i].step;
	*ret = (struct plan){steps, p->n_steps};
	return 0;
}

int plan_make(const struct plan_input *in, size_t n, struct plan *ret, size_t *ret_part,
	unsigned *ret_field, enum refusal_reason *ret_reason)
{
	struct planner p = {.in = in, .n = n};
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		r = plan_part(&p, i);
	if (r >= 0)
		r = one_tail_only(&p);
	if (r >= 0)
		r = finish(&p, ret);
	free(p.steps);
	*ret_part = p.part;
	*ret_field = p.field;
	*ret_reason = p.reason;
	return r;
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

/* --- amounts ------------------------------------------------------------------------------- */

static bool amount_reached(const struct step *s, uint64_t now)
{
	uint64_t room = s->action == STEP_SET_MEMORY ? MEMORY_ROUNDING : 1;

	/* ldmd rounds up, but a value that did not change is no rounding. */
	if (now == s->before)
		return now == s->value;
	return now >= s->value && now - s->value < room;
}

static enum step_progress amount_progress(const struct step *s, const struct domain *d)
{
	uint64_t now = amount_to_come(s->action, d);
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

/* --- states -------------------------------------------------------------------------------- */

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

/* An active guest whose first flag is s is shutting down already (5-column lists have no state). */
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

bool step_is_amount(enum step_action a)
{
	return a == STEP_SET_VCPU || a == STEP_SET_MEMORY || a == STEP_SET_CRYPTO;
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
	return step_waits_unseen(s, d) ||
	       (d && step_is_amount(s->action) &&
		       amount_to_come(s->action, d) != amount_now(s->action, d));
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
