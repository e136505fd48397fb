/*
 * See plan.h. Each domain throws its steps in; a sort by phase puts them in order. Nothing depends
 * on where a varbind stood.
 */
#include "control/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

#define MEGABYTE 1048576u

enum phase {
	PHASE_RELEASE, /* gives resources back */
	PHASE_STORE,   /* changes what is stored only */
	PHASE_TAKE,
	PHASE_TAIL, /* no way back, in one domain */
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
	size_t n_steps, allocated;
	/* Why not. */
	size_t part;
	unsigned field;
	const char *reason;
};

uint32_t plan_memory_mb(const struct domain *d)
{
	uint64_t mb = d->mem_bytes / MEGABYTE;

	return mb < UINT32_MAX ? (uint32_t)mb : UINT32_MAX;
}

int plan_complete(struct desire *d, const struct domain *row)
{
	if ((d->fields & FIELD_TEMPLATE_BIT) == 0 && row->template_name != NULL) {
		d->template = strdup(row->template_name);
		if (d->template == NULL)
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

#define NO 255

struct state_rule {
	uint8_t n; /* or NO */
	uint8_t actions[PLAN_STATE_STEPS];
};

/* Rows: what is asked for. Columns: where the domain is. What is not there is a transition. */
static const struct state_rule state_table[_ADMIN_STATE_MAX][_DOMAIN_STATE_MAX] =
	{
		[ADMIN_ACTIVE] =
			{
				[DOMAIN_INACTIVE] = {2, {STEP_BIND, STEP_START}},
				[DOMAIN_BOUND] = {1, {STEP_START}},
				[DOMAIN_ACTIVE] = {0, {0}},
				[DOMAIN_STOPPING] = {NO, {0}},
				[DOMAIN_STARTING] = {NO, {0}},
				[DOMAIN_BINDING] = {NO, {0}},
				[DOMAIN_UNBINDING] = {NO, {0}},
				[DOMAIN_UNKNOWN] = {NO, {0}},
			},
		[ADMIN_BOUND] =
			{
				[DOMAIN_INACTIVE] = {1, {STEP_BIND}},
				[DOMAIN_BOUND] = {0, {0}},
				[DOMAIN_ACTIVE] = {1, {STEP_STOP}},
				[DOMAIN_STOPPING] = {NO, {0}},
				[DOMAIN_STARTING] = {NO, {0}},
				[DOMAIN_BINDING] = {NO, {0}},
				[DOMAIN_UNBINDING] = {NO, {0}},
				[DOMAIN_UNKNOWN] = {NO, {0}},
			},
		[ADMIN_INACTIVE] =
			{
				[DOMAIN_INACTIVE] = {0, {0}},
				[DOMAIN_BOUND] = {1, {STEP_UNBIND}},
				[DOMAIN_ACTIVE] = {2, {STEP_STOP, STEP_UNBIND}},
				[DOMAIN_STOPPING] = {NO, {0}},
				[DOMAIN_STARTING] = {NO, {0}},
				[DOMAIN_BINDING] = {NO, {0}},
				[DOMAIN_UNBINDING] = {NO, {0}},
				[DOMAIN_UNKNOWN] = {NO, {0}},
			},
		[ADMIN_FORCE_STOP] =
			{
				[DOMAIN_INACTIVE] = {0, {0}},
				[DOMAIN_BOUND] = {0, {0}},
				[DOMAIN_ACTIVE] = {1, {STEP_FORCE_STOP}},
				[DOMAIN_STOPPING] = {1, {STEP_FORCE_STOP}},
				[DOMAIN_STARTING] = {1, {STEP_FORCE_STOP}},
				[DOMAIN_BINDING] = {0, {0}},
				[DOMAIN_UNBINDING] = {0, {0}},
				[DOMAIN_UNKNOWN] = {1, {STEP_FORCE_STOP}},
			},
		[ADMIN_RESTART] =
			{
				[DOMAIN_INACTIVE] = {NO, {0}},
				[DOMAIN_BOUND] = {NO, {0}},
				[DOMAIN_ACTIVE] = {2, {STEP_STOP, STEP_START}},
				[DOMAIN_STOPPING] = {NO, {0}},
				[DOMAIN_STARTING] = {NO, {0}},
				[DOMAIN_BINDING] = {NO, {0}},
				[DOMAIN_UNBINDING] = {NO, {0}},
				[DOMAIN_UNKNOWN] = {NO, {0}},
			},
};

int plan_state_steps(enum admin_state target, enum domain_state from,
	enum step_action ret_actions[PLAN_STATE_STEPS], size_t *ret_n)
{
	const struct state_rule *rule;

	*ret_n = 0;
	if (target <= ADMIN_NONE || target >= _ADMIN_STATE_MAX)
		return -ENOTSUP;
	if (from < DOMAIN_ACTIVE || from >= _DOMAIN_STATE_MAX)
		from = DOMAIN_UNKNOWN;
	rule = &state_table[target][from];
	if (rule->n == NO)
		return -ENOTSUP;
	for (size_t i = 0; i < rule->n; i++)
		ret_actions[i] = rule->actions[i];
	*ret_n = rule->n;
	return 0;
}

/* --- collecting ---------------------------------------------------------------------------- */

static bool always_irreversible(enum step_action a)
{
	return a == STEP_STOP || a == STEP_FORCE_STOP || a == STEP_START || a == STEP_REMOVE;
}

/* Crypto units go before CPUs are given back and come after CPUs are taken. */
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

static int cannot(struct planner *p, size_t part, unsigned field, const char *reason)
{
	p->part = part;
	p->field = field;
	p->reason = reason;
	return -ENOTSUP;
}

/* What ldmd would refuse anyway, until it is over. */
static const char *not_now(const struct step *s, const struct domain *d)
{
	if (d != NULL && domain_is_migrating(d))
		return "the domain is migrating";
	if (d != NULL && d->memory_dr && s->action == STEP_SET_MEMORY)
		return "a memory reconfiguration of the domain runs";
	return NULL;
}

static int add_step(struct planner *p, const struct step *s, enum phase phase)
{
	const struct domain *d = p->in[s->part].domain;
	const char *why = step_forbidden(s, d);
	struct draft_step *more;
	size_t want;

	if (why == NULL)
		why = not_now(s, d);
	if (why != NULL)
		return cannot(p, s->part, s->field, why);
	if (p->n_steps == p->allocated) {
		want = p->allocated > 0 ? 2 * p->allocated : 8;
		more = reallocarray(p->steps, want, sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		p->steps = more;
		p->allocated = want;
	}
	p->steps[p->n_steps] = (struct draft_step){*s, phase, order_of(s->action, phase)};
	/* The tail is a sequence: it stays as it was put in. */
	if (phase == PHASE_TAIL)
		p->steps[p->n_steps].order = (unsigned)p->n_steps;
	p->n_steps++;
	return 0;
}

struct amount {
	enum step_action action;
	unsigned field;
	uint64_t now, wanted;
	bool same;
};

/* What it has and what it shall have; n of them are asked for. */
static size_t amounts(const struct plan_input *in, struct amount out[3])
{
	const struct desire *w = in->desire;
	const struct domain *d = in->domain;
	size_t n = 0;

	if ((w->fields & FIELD_VCPU_BIT) != 0)
		out[n++] = (struct amount){STEP_SET_VCPU, FIELD_VCPU_BIT, d->num_vcpu, w->vcpus,
			d->num_vcpu == w->vcpus};
	if ((w->fields & FIELD_MEMORY_BIT) != 0)
		out[n++] = (struct amount){STEP_SET_MEMORY, FIELD_MEMORY_BIT, d->mem_bytes,
			(uint64_t)w->memory_mb * MEGABYTE, plan_memory_mb(d) == w->memory_mb};
	if ((w->fields & FIELD_CRYPTO_BIT) != 0)
		out[n++] = (struct amount){STEP_SET_CRYPTO, FIELD_CRYPTO_BIT, d->num_crypto,
			w->crypto, d->num_crypto == w->crypto};
	return n;
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
		struct step s = {a[i].action, part, a[i].field, a[i].wanted, a[i].now, false};

		if (a[i].same)
			continue;
		if (domain_in_transition(in->domain) || in->domain->state == DOMAIN_UNKNOWN)
			return cannot(p, part, a[i].field, "the domain is in transition");
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

		/* What follows a step without a way back has none either. */
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

	if ((in->desire->fields & FIELD_ADMIN_BIT) != 0) {
		r = plan_state_steps(in->desire->admin, in->domain->state, actions, &n);
		if (r < 0)
			return cannot(p, part, FIELD_ADMIN_BIT,
				"this state cannot be reached from where the domain is now");
	}
	if (n > 0 && actions[0] == STEP_UNBIND)
		stored = true;
	r = plan_amounts(p, part, stored);
	return r < 0 ? r : plan_actions(p, part, actions, n);
}

/* What a template does not say is in the document; what it may say otherwise is set afterwards. */
static int plan_new_amounts(struct planner *p, size_t part)
{
	const struct desire *w = p->in[part].desire;
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

	if (w->template == NULL || w->template[0] == '\0')
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(sets) && r >= 0; i++) {
		struct step s = {
			sets[i].action, part, sets[i].field, sets[i].value, STEP_NOT_KNOWN, false};

		if ((w->fields & sets[i].field) != 0)
			r = add_step(p, &s, PHASE_STORE);
	}
	return r;
}

static int plan_new(struct planner *p, size_t part)
{
	const struct desire *w = p->in[part].desire;
	struct step add = {.action = STEP_ADD, .part = part, .field = FIELD_ROW_BIT};
	enum step_action actions[PLAN_STATE_STEPS];
	size_t n = 0;
	int r;

	if ((w->fields & FIELD_ADMIN_BIT) != 0 &&
		plan_state_steps(w->admin, DOMAIN_INACTIVE, actions, &n) < 0)
		return cannot(p, part, FIELD_ADMIN_BIT, "a new domain cannot be restarted");
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

	if (d == NULL)
		return 0;
	if (d->state != DOMAIN_INACTIVE)
		return cannot(p, part, FIELD_ROW_BIT, "only an inactive domain can be removed");
	return add_step(p, &remove, PHASE_TAIL);
}

static bool makes_domain(const struct desire *w)
{
	return desire_asks_row(w, ROW_REQUEST_CREATE_AND_GO) ||
	       desire_asks_row(w, ROW_REQUEST_ACTIVE);
}

static int plan_part(struct planner *p, size_t part)
{
	const struct plan_input *in = &p->in[part];

	if (desire_asks_row(in->desire, ROW_REQUEST_DESTROY))
		return plan_removal(p, part);
	if (in->domain == NULL && makes_domain(in->desire))
		return plan_new(p, part);
	if (in->domain == NULL)
		return cannot(p, part, 0, "the domain does not exist any more");
	if (desire_asks_row(in->desire, ROW_REQUEST_CREATE_AND_GO))
		return cannot(p, part, FIELD_NAME_BIT, "a domain of that name exists");
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
		if (first != NULL && first->part != s->part)
			return cannot(p, s->part, s->field,
				"what cannot be taken back is allowed in one domain only");
		first = first != NULL ? first : s;
	}
	return 0;
}

static int finish(struct planner *p, struct plan *ret)
{
	struct step *steps = calloc(p->n_steps > 0 ? p->n_steps : 1, sizeof(*steps));

	if (steps == NULL)
		return -ENOMEM;
	if (p->n_steps > 1)
		qsort(p->steps, p->n_steps, sizeof(*p->steps), compare);
	for (size_t i = 0; i < p->n_steps; i++)
		steps[i] = p->steps[i].step;
	*ret = (struct plan){steps, p->n_steps};
	return 0;
}

int plan_make(const struct plan_input *in, size_t n, struct plan *ret, size_t *ret_part,
	unsigned *ret_field, const char **ret_reason)
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
