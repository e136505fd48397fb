/*
 * See precheck.h. Of several refusals, refuse() keeps the one that RFC 3416 tests first, so the
 * order of the checks does not matter.
 */
#include "control/precheck.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/permit.h"
#include "control/plan.h"
#include "inventory/registry.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/number.h"

struct prechecking {
	const struct precheck_view *view;
	struct transaction *t;
	struct refusal best;
};

static void refuse_request(struct prechecking *j, const struct set_request *d, unsigned field,
	enum refusal_reason reason)
{
	refuse(&j->best, reason, set_request_position(d, field));
}

static bool asks_creation(const struct set_request *d)
{
	return d->row == ROW_REQUEST_CREATE_AND_GO || d->row == ROW_REQUEST_CREATE_AND_WAIT;
}

/* --- permission ---------------------------------------------------------------------------- */

static const struct {
	unsigned field, what;
} needs[] = {
	{FIELD_ADMIN_BIT, PERMIT_STATE},
	{FIELD_VCPU_BIT, PERMIT_CPU},
	{FIELD_MEMORY_BIT, PERMIT_MEMORY},
	{FIELD_CRYPTO_BIT, PERMIT_CRYPTO},
};

static void check_permission(
	struct prechecking *j, const struct set_request *d, const struct domain *row)
{
	enum refusal_reason special = permit_special(j->view->snapshot, row);
	enum refusal_reason reason = special != REASON_NONE ? special : REASON_NOT_ALLOWED;
	unsigned allowed = permit_domain(j->view->permit, j->view->snapshot, row);

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if ((d->fields & needs[i].field) != 0 && (allowed & needs[i].what) == 0)
			refuse_request(j, d, needs[i].field, reason);
	if (d->row == ROW_REQUEST_DESTROY && (allowed & PERMIT_CREATE) == 0)
		refuse_request(j, d, FIELD_ROW_BIT, reason);
}

/* --- the state of the host and of the domain ------------------------------------------------ */

/* While a delayed reconfiguration waits, ldmd changes only that domain. row NULL: a new domain. */
static void check_host(struct prechecking *j, const struct set_request *d, const struct domain *row)
{
	const struct domain *control = snapshot_control_domain(j->view->snapshot);

	if (control && control->pending && control != row)
		refuse_request(j, d, 0, REASON_RECONFIGURATION);
}

/* --- saving the configuration --------------------------------------------------------------- */

static bool saves(const struct set_request *d)
{
	return (d->fields & FIELD_SAVE_BIT) != 0;
}

static void check_save(struct prechecking *j, const struct set_request *d)
{
	if (!permit_saving(j->view->permit))
		refuse_request(j, d, FIELD_SAVE_BIT, REASON_SAVE_NOT_ALLOWED);
	if (snapshot_has_spconfig(j->view->snapshot, d->name))
		refuse_request(j, d, FIELD_SAVE_BIT, REASON_CONFIG_EXISTS);
}

/* --- rows ---------------------------------------------------------------------------------- */

static void check_no_row(struct prechecking *j, const struct set_request *d)
{
	const struct snapshot *s = j->view->snapshot;
	bool inside = d->index >= s->next_index && d->index - s->next_index <= REGISTRY_WINDOW;

	if (d->row == ROW_REQUEST_DESTROY)
		return; /* RFC 2579: destroy of a row that does not exist succeeds */
	if (!permit_creation(j->view->permit) || (!asks_creation(d) && d->index < s->next_index))
		refuse_request(j, d, 0, REASON_NEVER_A_ROW);
	else if ((d->fields & FIELD_ROW_BIT) != 0 && !asks_creation(d))
		refuse_request(j, d, FIELD_ROW_BIT, REASON_CREATE_FIRST);
	else if (!asks_creation(d))
		refuse_request(j, d, 0, REASON_NO_ROW);
	else if (!inside)
		refuse_request(j, d, FIELD_ROW_BIT, REASON_INDEX_OUTSIDE);
}

static void check_new_name(struct prechecking *j, const struct set_request *d, const char *name)
{
	const struct domain *other = snapshot_find_name(j->view->snapshot, name);

	if (other && other->index != d->index)
		refuse_request(j, d, FIELD_NAME_BIT, REASON_NAME_TAKEN);
	for (size_t i = 0; i < j->t->n_parts; i++) {
		const struct set_request *o = &j->t->parts[i].request;

		if (o != d && (o->fields & FIELD_NAME_BIT) != 0 && strcmp(o->name, name) == 0)
			refuse_request(j, d, FIELD_NAME_BIT, REASON_NAME_TWICE);
	}
	for (size_t i = 0; i < j->view->n_pending; i++) {
		const struct set_request *o = j->view->pending[i].request;

		if (o->index != d->index && o->domain && strcmp(o->domain, name) == 0)
			refuse_request(j, d, FIELD_NAME_BIT, REASON_NAME_PENDING);
	}
	if ((permit_new_name(j->view->permit, name) & PERMIT_CREATE) == 0)
		refuse_request(j, d, FIELD_NAME_BIT, REASON_NOT_ALLOWED);
}

/* What a new domain needs, from the request and the row together. row NULL: there is none. */
static bool is_complete(const struct set_request *d, const struct domain *row)
{
	bool name = (d->fields & FIELD_NAME_BIT) != 0 || row_has_name(row);
	bool template = (d->fields & FIELD_TEMPLATE_BIT) != 0 ? d->template[0] != '\0'
							      : row && row->template_name;
	bool cpus = (d->fields & FIELD_VCPU_BIT) != 0 ? d->vcpus > 0 : row && row->num_vcpu > 0;
	bool memory =
		(d->fields & FIELD_MEMORY_BIT) != 0 ? d->memory_mb > 0 : row && row->mem_bytes > 0;

	return name && (template || (cpus && memory));
}

static void check_making(
	struct prechecking *j, const struct set_request *d, const struct domain *row)
{
	bool makes = set_request_makes_domain(d);

	if (makes)
		check_host(j, d, NULL);
	if ((d->fields & FIELD_NAME_BIT) != 0)
		check_new_name(j, d, d->name);
	if (makes && !is_complete(d, row))
		refuse_request(j, d, FIELD_ROW_BIT, REASON_DOMAIN_INCOMPLETE);
	if (d->admin > ADMIN_INACTIVE)
		refuse_request(j, d, FIELD_ADMIN_BIT, REASON_NOTHING_TO_STOP);
}

/* The row is one that a manager is making. */
static void check_unfinished(
	struct prechecking *j, const struct set_request *d, const struct domain *row)
{
	if (asks_creation(d))
		refuse_request(j, d, FIELD_ROW_BIT, REASON_ROW_EXISTS);
	else if (d->row == ROW_REQUEST_NOT_IN_SERVICE && !is_complete(d, row))
		refuse_request(j, d, FIELD_ROW_BIT, REASON_ROW_INCOMPLETE);
	else if (d->row != ROW_REQUEST_DESTROY)
		check_making(j, d, row);
}

static void check_existing_row(
	struct prechecking *j, const struct set_request *d, const struct domain *row)
{
	if (asks_creation(d))
		refuse_request(j, d, FIELD_ROW_BIT, REASON_ROW_EXISTS);
	if (d->row == ROW_REQUEST_NOT_IN_SERVICE)
		refuse_request(j, d, FIELD_ROW_BIT, REASON_IN_SERVICE);
	if ((d->fields & FIELD_NAME_BIT) != 0 && strcmp(d->name, row->name) != 0)
		refuse_request(j, d, FIELD_NAME_BIT, REASON_RENAME);
	if ((d->fields & FIELD_TEMPLATE_BIT) != 0)
		refuse_request(j, d, FIELD_TEMPLATE_BIT, REASON_LATE_TEMPLATE);
	if (d->row == ROW_REQUEST_DESTROY && (d->fields & ~(unsigned)FIELD_ROW_BIT) != 0)
		refuse_request(j, d, FIELD_ROW_BIT, REASON_CHANGE_AND_DESTROY);
	check_permission(j, d, row);
	check_host(j, d, row);
	if (domain_is_migrating(row))
		refuse_request(j, d, 0, REASON_MIGRATING);
	if (row->memory_dr && (d->fields & FIELD_MEMORY_BIT) != 0)
		refuse_request(j, d, FIELD_MEMORY_BIT, REASON_MEMORY_DR);
}

static void check_row(struct prechecking *j, struct set_request *d)
{
	const struct domain *row = snapshot_find_index(j->view->snapshot, d->index);

	if (!row)
		check_no_row(j, d);
	if (!row && asks_creation(d))
		check_making(j, d, NULL);
	else if (row_domain(row))
		check_existing_row(j, d, row);
	else if (row)
		check_unfinished(j, d, row);
}

/* --- what is under way --------------------------------------------------------------------- */

/* forceStop overrides a change of state that hangs, but no change of memory or CPUs. */
static bool may_preempt(const struct set_request *d, const struct set_request *under_way)
{
	return d->admin == ADMIN_FORCE_STOP && under_way->admin != ADMIN_NONE &&
	       under_way->admin != ADMIN_FORCE_STOP;
}

static enum precheck_result check_busy(struct prechecking *j, const struct set_request *d)
{
	enum precheck_result result = PRECHECK_RUN;

	for (size_t i = 0; i < j->view->n_pending; i++) {
		const struct pending *p = &j->view->pending[i];
		const struct set_request *other = p->request;

		if (other->index != d->index)
			continue;
		if (set_request_within(d, other) && !p->going_back)
			result = PRECHECK_JOIN;
		else if (may_preempt(d, other))
			result = PRECHECK_PREEMPT;
		else
			refuse_request(j, d, 0, saves(d) ? REASON_SAVE_PENDING : REASON_BUSY);
	}
	return result;
}

/* --- is there enough ---------------------------------------------------------------------- */

/* Reason and unit of the refusal when a resource does not suffice. */
static const struct {
	enum refusal_reason reason;
	uint64_t unit;
} shortages[_RESOURCE_MAX] = {
	[RESOURCE_VCPU] = {REASON_CPUS, 1},
	[RESOURCE_MEMORY] = {REASON_MEMORY, MEGABYTE},
	[RESOURCE_CRYPTO] = {REASON_CRYPTO, 1},
};

static uint64_t difference_or_0(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* The domain's resources are taken from the free pools. */
static bool holds_resources(const struct domain *d)
{
	return d && d->state != DOMAIN_INACTIVE;
}

/* What the domain will hold when the transaction has succeeded. */
static struct amounts amounts_at_success(const struct set_request *w, const struct domain *d)
{
	bool binds = w->admin == ADMIN_ACTIVE || w->admin == ADMIN_BOUND;
	bool unbinds = d && d->state == DOMAIN_BOUND && w->admin == ADMIN_INACTIVE;

	if ((!holds_resources(d) && !binds) || unbinds)
		return amounts_of(NULL);
	return amounts_asked(w, amounts_of(d));
}

/*
 * What a transaction that is under way may still take from the pools. This includes what it has
 * released, because its rollback would take that back.
 */
static struct amounts still_to_take(const struct pending *p, const struct domain *d)
{
	struct amounts now = amounts_of(holds_resources(d) ? d : NULL);
	struct amounts back = amounts_of(holds_resources(p->had) ? p->had : NULL), most = {{0}};

	if (!p->going_back)
		most = amounts_at_success(p->request, d);
	for (size_t k = 0; k < _RESOURCE_MAX; k++)
		most.of[k] = difference_or_0(
			most.of[k] > back.of[k] ? most.of[k] : back.of[k], now.of[k]);
	return most;
}

static struct amounts free_now(const struct precheck_view *v)
{
	const struct host_pools *p = &v->snapshot->pools;
	struct amounts left = {{p->vcpus.free, p->memory_bytes.free, p->crypto.free}};

	for (size_t i = 0; i < v->n_pending; i++) {
		uint32_t index = v->pending[i].request->index;
		struct amounts a = still_to_take(
			&v->pending[i], row_domain(snapshot_find_index(v->snapshot, index)));

		for (size_t k = 0; k < _RESOURCE_MAX; k++)
			left.of[k] = difference_or_0(left.of[k], a.of[k]);
	}
	return left;
}

/* What a domain holds after the steps that were walked so far. */
struct holding {
	struct amounts amounts;
	bool bound; /* the amounts are taken from the pools */
};

static struct amounts taken_by(const struct holding *h)
{
	return h->bound ? h->amounts : amounts_of(NULL);
}

/* Changes what the domain holds and what is left in the pools. False: too little is left. */
static bool walk_step(
	struct prechecking *j, const struct step *s, struct holding *h, struct amounts *left)
{
	const struct set_request *d = &j->t->parts[s->part].request;
	struct amounts before = taken_by(h);

	if (step_is_amount(s->action))
		h->amounts.of[step_resource(s->action)] = s->value;
	if (s->action == STEP_BIND || s->action == STEP_UNBIND)
		h->bound = s->action == STEP_BIND;
	struct amounts after = taken_by(h);
	for (size_t k = 0; k < _RESOURCE_MAX; k++) {
		uint64_t more = difference_or_0(after.of[k], before.of[k]),
			 unit = shortages[k].unit;

		if (more > left->of[k]) {
			refuse_amount(&j->best, shortages[k].reason,
				set_request_position(d, s->field), more / unit, left->of[k] / unit);
			return false;
		}
		left->of[k] += difference_or_0(before.of[k], after.of[k]) - more;
	}
	return true;
}

/*
 * Walks the steps in their order: what one step releases is free for those after it. What pending
 * transactions will still take is not free.
 */
static void check_pools(struct prechecking *j, const struct plan_input *in, const struct plan *plan)
{
	size_t n = j->t->n_parts;
	_cleanup_free_ struct holding *holdings = calloc(n, sizeof(*holdings));
	struct amounts left = free_now(j->view);
	bool enough = true;

	/* If ldmd did not tell the free pools, it decides alone. */
	if (!j->view->snapshot->pools.known)
		return;
	if (!holdings) {
		refuse_request(j, &j->t->parts[0].request, 0, REASON_NO_MEMORY);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		holdings[i].amounts = in[i].domain ? amounts_of(in[i].domain)
						   : amounts_asked(in[i].request, amounts_of(NULL));
		holdings[i].bound = holds_resources(in[i].domain);
	}
	for (size_t i = 0; i < plan->n && enough; i++)
		enough = walk_step(j, &plan->steps[i], &holdings[plan->steps[i].part], &left);
}

/* --- can it be planned --------------------------------------------------------------------- */

static bool plans_nothing(const struct set_request *d, const struct domain *row)
{
	return !saves(d) && !row_domain(row) && !set_request_makes_domain(d);
}

/* *wanted: a copy of the request, with what the row that is being made has already. */
static int make_input(const struct prechecking *j, const struct transaction_part *p,
	struct set_request *wanted, struct plan_input *ret)
{
	const struct domain *row = snapshot_find_index(j->view->snapshot, p->request.index);
	const struct domain *domain = row_domain(row);
	int r = set_request_copy(&p->request, wanted);

	*ret = (struct plan_input){.request = wanted,
		.domain = domain,
		.no_steps = !precheck_runs(p->result) || plans_nothing(&p->request, row)};
	return r >= 0 && row && !domain ? plan_complete(wanted, row) : r;
}

static void check_plan(struct prechecking *j, const struct plan_input *in)
{
	const struct transaction_part *parts = j->t->parts;
	struct plan_obstacle why;
	struct plan plan;
	int r = plan_make(in, j->t->n_parts, &plan, &why);

	if (r == -ENOTSUP) {
		refuse_request(j, &parts[why.part].request, why.field, why.reason);
	} else if (r < 0) {
		refuse_request(j, &parts[0].request, 0, REASON_NO_MEMORY);
	} else {
		check_pools(j, in, &plan);
		plan_clear(&plan);
	}
}

/* All parts together: can the PDU be planned, and is there enough of each resource? */
static void check_transaction(struct prechecking *j)
{
	size_t n = j->t->n_parts;
	_cleanup_free_ struct set_request *wanted = calloc(n, sizeof(*wanted));
	_cleanup_free_ struct plan_input *in = calloc(n, sizeof(*in));
	int r = wanted && in ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && r >= 0; i++)
		r = make_input(j, &j->t->parts[i], &wanted[i], &in[i]);
	if (r >= 0)
		check_plan(j, in);
	else
		refuse_request(j, &j->t->parts[0].request, 0, REASON_NO_MEMORY);
	for (size_t i = 0; wanted && i < n; i++)
		set_request_clear(&wanted[i]);
}

static void set_domain_name(struct prechecking *j, struct set_request *d)
{
	const struct domain *row = snapshot_find_index(j->view->snapshot, d->index);
	const char *name = NULL;

	if ((d->fields & FIELD_NAME_BIT) != 0)
		name = d->name;
	else if (row_has_name(row))
		name = row->name;
	free(d->domain);
	d->domain = name ? strdup(name) : NULL;
	if (name && !d->domain)
		refuse_request(j, d, 0, REASON_NO_MEMORY);
}

/*
 * A domain's own name asks for no change, so the field is dropped. A manager that found the row by
 * the name sends the name along, so that the SET is refused if the row is another domain by now.
 */
static void drop_own_name(const struct prechecking *j, struct set_request *d)
{
	const struct domain *row = snapshot_find_index(j->view->snapshot, d->index);

	/* In a retry of the SET that made the row, the name stays: the two SETs must be equal. */
	if (asks_creation(d))
		return;
	if (row_domain(row) && d->fields != FIELD_NAME_BIT && (d->fields & FIELD_NAME_BIT) != 0 &&
		strcmp(d->name, row->name) == 0)
		d->fields &= ~(unsigned)FIELD_NAME_BIT;
}

struct refusal precheck(
	const struct precheck_view *view, struct transaction *t, struct refusal so_far)
{
	struct prechecking j = {view, t, so_far};

	if (so_far.error == CONTROL_GEN_ERR || t->n_parts == 0)
		return so_far;
	/* Without current data nothing can be checked. */
	if (!view->snapshot || !view->usable) {
		refuse_request(&j, &t->parts[0].request, 0, REASON_NO_LDMD);
		return j.best;
	}
	for (size_t i = 0; i < t->n_parts; i++) {
		struct transaction_part *p = &t->parts[i];
		struct set_request *d = &p->request;

		drop_own_name(&j, d);
		bool again = repeats_have(view->repeats, d, view->snapshot, view->now_ms);
		p->result = again ? PRECHECK_REPEAT : check_busy(&j, d);
		if (precheck_runs(p->result) && saves(d))
			check_save(&j, d);
		else if (precheck_runs(p->result))
			check_row(&j, d);
		set_domain_name(&j, d);
	}
	if (j.best.error == CONTROL_OK)
		check_transaction(&j);
	return j.best;
}

/* --- what has just been done ---------------------------------------------------------------- */

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
	r->next = 0;
}

static bool acts_each_time(const struct set_request *d)
{
	bool state = d->admin == ADMIN_RESTART || d->admin == ADMIN_FORCE_STOP;
	bool row = d->row == ROW_REQUEST_CREATE_AND_GO || d->row == ROW_REQUEST_DESTROY;

	return state || row || (d->fields & FIELD_SAVE_BIT) != 0;
}

/* The list is a ring: when more than REPEATS_MAX end in REPEAT_MS, the oldest is forgotten. */
void repeats_add(
	struct repeats *r, const struct set_request *d, const struct snapshot *s, uint64_t now_ms)
{
	struct repeat *e = &r->list[r->next];
	struct repeat new = {.at_ms = now_ms};

	if (!acts_each_time(d) || set_request_copy(d, &new.request) < 0)
		return;
	new.domain = s ? domain_ref(snapshot_find_index(s, d->index)) : NULL;
	repeat_clear(e);
	*e = new;
	r->next = (r->next + 1) % REPEATS_MAX;
}

void repeats_forget(struct repeats *r, uint32_t index)
{
	for (size_t i = 0; i < REPEATS_MAX; i++)
		if (r->list[i].at_ms != 0 && r->list[i].request.index == index)
			repeat_clear(&r->list[i]);
}

/* Flags and utilization do not count: a guest that boots changes them by itself. */
static bool same_domain(const struct domain *a, const struct domain *b)
{
	if (!a || !b)
		return a == b;
	return a->state == b->state && a->num_vcpu == b->num_vcpu && a->mem_bytes == b->mem_bytes &&
	       a->num_crypto == b->num_crypto && a->row_status == b->row_status &&
	       strcmp(a->name, b->name) == 0;
}

bool repeats_have(const struct repeats *r, const struct set_request *d, const struct snapshot *s,
	uint64_t now_ms)
{
	for (size_t i = 0; i < REPEATS_MAX; i++) {
		const struct repeat *e = &r->list[i];

		if (e->at_ms != 0 && now_ms < clock_after(e->at_ms, REPEAT_MS) &&
			set_request_equal(&e->request, d) &&
			same_domain(e->domain, snapshot_find_index(s, d->index)))
			return true;
	}
	return false;
}
