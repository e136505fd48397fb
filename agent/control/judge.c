/*
 * See judge.h. Each question is a function; refuse() keeps the answer that RFC 3416 tests first, so
 * the order in which they are asked does not matter.
 */
#include "control/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/capacity.h"
#include "control/permit.h"
#include "control/plan.h"
#include "inventory/registry.h"

struct judging {
	const struct judge_view *view;
	struct desire_list *list;
	enum judgement *judgements;
	struct refusal best;
};

static void no(struct judging *j, const struct desire *d, unsigned field, enum control_error error,
	const char *reason)
{
	refuse(&j->best, error, desire_position(d, field), reason);
}

static bool asks_creation(const struct desire *d)
{
	return desire_asks_row(d, ROW_REQUEST_CREATE_AND_GO) ||
	       desire_asks_row(d, ROW_REQUEST_CREATE_AND_WAIT);
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

static void judge_permission(struct judging *j, const struct desire *d, const struct domain *row)
{
	const char *special = permit_special(j->view->snapshot, row);
	const char *reason = special != NULL ? special : "setAllow does not allow it";
	unsigned allowed = permit_domain(j->view->permit, j->view->snapshot, row);

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if ((d->fields & needs[i].field) != 0 && (allowed & needs[i].what) == 0)
			no(j, d, needs[i].field, CONTROL_INCONSISTENT_VALUE, reason);
	if (desire_asks_row(d, ROW_REQUEST_DESTROY) && (allowed & PERMIT_CREATE) == 0)
		no(j, d, FIELD_ROW_BIT, CONTROL_INCONSISTENT_VALUE, reason);
}

/* --- the state of the host and of the domain ------------------------------------------------ */

/* row NULL: a domain that is being made. */
static void judge_host(struct judging *j, const struct desire *d, const struct domain *row)
{
	const struct domain *control = snapshot_control_domain(j->view->snapshot);

	if (control != NULL && control->pending && control != row)
		no(j, d, 0, CONTROL_INCONSISTENT_VALUE,
			"a delayed reconfiguration of the control domain waits");
}

static void judge_domain(struct judging *j, const struct desire *d, const struct domain *row)
{
	if (domain_is_migrating(row))
		no(j, d, 0, CONTROL_INCONSISTENT_VALUE, "the domain is migrating");
	if (row->memory_dr && (d->fields & FIELD_MEMORY_BIT) != 0)
		no(j, d, FIELD_MEMORY_BIT, CONTROL_INCONSISTENT_VALUE,
			"a memory reconfiguration of the domain runs");
}

/* --- rows ---------------------------------------------------------------------------------- */

static void judge_no_row(struct judging *j, const struct desire *d)
{
	const struct snapshot *s = j->view->snapshot;
	bool inside = d->index >= s->next_index && d->index - s->next_index <= REGISTRY_WINDOW;

	if (desire_asks_row(d, ROW_REQUEST_DESTROY))
		return; /* RFC 2579: not there is what was asked for */
	if (!permit_creation(j->view->permit) || (!asks_creation(d) && d->index < s->next_index))
		no(j, d, 0, CONTROL_NO_CREATION, "no such row, and there will never be one");
	else if ((d->fields & FIELD_ROW_BIT) != 0 && !asks_creation(d))
		no(j, d, FIELD_ROW_BIT, CONTROL_INCONSISTENT_VALUE, "no such row: create it first");
	else if (!asks_creation(d))
		no(j, d, 0, CONTROL_INCONSISTENT_NAME, "no such row");
	else if (!inside)
		no(j, d, FIELD_ROW_BIT, CONTROL_INCONSISTENT_NAME,
			"a new row's index is ldomNextIndex, or at most 1023 more");
}

static void judge_new_name(struct judging *j, const struct desire *d, const char *name)
{
	const struct domain *other = snapshot_find_name(j->view->snapshot, name);

	if (other != NULL && other->index != d->index)
		no(j, d, FIELD_NAME_BIT, CONTROL_INCONSISTENT_VALUE,
			"another domain has this name");
	for (size_t i = 0; i < j->list->n; i++) {
		const struct desire *o = &j->list->desires[i];

		if (o != d && (o->fields & FIELD_NAME_BIT) != 0 && strcmp(o->name, name) == 0)
			no(j, d, FIELD_NAME_BIT, CONTROL_INCONSISTENT_VALUE,
				"two new rows of one name");
	}
	for (size_t i = 0; i < j->view->n_pending; i++) {
		const struct desire *o = j->view->pending[i].desire;

		if (o->index != d->index && o->domain != NULL && strcmp(o->domain, name) == 0)
			no(j, d, FIELD_NAME_BIT, CONTROL_INCONSISTENT_VALUE,
				"another row of this name is being made");
	}
	if ((permit_new_name(j->view->permit, name) & PERMIT_CREATE) == 0)
		no(j, d, FIELD_NAME_BIT, CONTROL_INCONSISTENT_VALUE, "setAllow does not allow it");
}

/* What a domain cannot be made without: a name, and a size or a template. */
static bool is_complete(const struct desire *d, const struct domain *row)
{
	bool name = (d->fields & FIELD_NAME_BIT) != 0 || row_has_name(row);
	bool template = (d->fields & FIELD_TEMPLATE_BIT) != 0
				? d->template[0] != '\0'
				: row != NULL && row->template_name != NULL;
	bool cpus =
		(d->fields & FIELD_VCPU_BIT) != 0 ? d->vcpus > 0 : row != NULL && row->num_vcpu > 0;
	bool memory = (d->fields & FIELD_MEMORY_BIT) != 0 ? d->memory_mb > 0
							  : row != NULL && row->mem_bytes > 0;

	return name && (template || (cpus && memory));
}

static void judge_making(struct judging *j, const struct desire *d, const struct domain *row)
{
	bool makes = desire_asks_row(d, ROW_REQUEST_CREATE_AND_GO) ||
		     desire_asks_row(d, ROW_REQUEST_ACTIVE);

	if (makes)
		judge_host(j, d, NULL);
	if ((d->fields & FIELD_NAME_BIT) != 0)
		judge_new_name(j, d, d->name);
	if (makes && !is_complete(d, row))
		no(j, d, FIELD_ROW_BIT, CONTROL_INCONSISTENT_VALUE,
			"a new domain needs a name, and CPUs and memory or a template");
	if ((d->fields & FIELD_ADMIN_BIT) != 0 && d->admin > ADMIN_INACTIVE)
		no(j, d, FIELD_ADMIN_BIT, CONTROL_INCONSISTENT_VALUE,
			"a row that is being made has nothing to stop");
}

/* A row that a manager is making. */
static void judge_unfinished(struct judging *j, const struct desire *d, const struct domain *row)
{
	if (asks_creation(d))
		no(j, d, FIELD_ROW_BIT, CONTROL_INCONSISTENT_VALUE, "the row is there already");
	else if (desire_asks_row(d, ROW_REQUEST_NOT_IN_SERVICE) && !is_complete(d, row))
		no(j, d, FIELD_ROW_BIT, CONTROL_INCONSISTENT_VALUE, "the row is not complete");
	else if (!desire_asks_row(d, ROW_REQUEST_DESTROY))
		judge_making(j, d, row);
}

static void judge_existing_row(struct judging *j, const struct desire *d, const struct domain *row)
{
	if (asks_creation(d))
		no(j, d, FIELD_ROW_BIT, CONTROL_INCONSISTENT_VALUE, "the row is there already");
	if (desire_asks_row(d, ROW_REQUEST_NOT_IN_SERVICE))
		no(j, d, FIELD_ROW_BIT, CONTROL_INCONSISTENT_VALUE,
			"a domain that exists is in service; use ldomAdminState");
	if ((d->fields & FIELD_NAME_BIT) != 0 && strcmp(d->name, row->name) != 0)
		no(j, d, FIELD_NAME_BIT, CONTROL_INCONSISTENT_VALUE, "a domain cannot be renamed");
	if ((d->fields & FIELD_TEMPLATE_BIT) != 0)
		no(j, d, FIELD_TEMPLATE_BIT, CONTROL_INCONSISTENT_VALUE,
			"a template is for a row that is being made");
	if (desire_asks_row(d, ROW_REQUEST_DESTROY) && (d->fields & ~(unsigned)FIELD_ROW_BIT) != 0)
		no(j, d, FIELD_ROW_BIT, CONTROL_INCONSISTENT_VALUE,
			"a row cannot be changed and destroyed at once");
	judge_permission(j, d, row);
	judge_host(j, d, row);
	judge_domain(j, d, row);
}

static void judge_row(struct judging *j, struct desire *d)
{
	const struct domain *row = snapshot_find_index(j->view->snapshot, d->index);

	if (row == NULL)
		judge_no_row(j, d);
	if (row == NULL && asks_creation(d))
		judge_making(j, d, NULL);
	if (row != NULL && row->row_status == ROW_ACTIVE)
		judge_existing_row(j, d, row);
	if (row != NULL && row->row_status != ROW_ACTIVE)
		judge_unfinished(j, d, row);
}

/* --- what is under way --------------------------------------------------------------------- */

/* forceStop goes over a stop or restart that hangs, not over a change of memory. */
static bool may_preempt(const struct desire *d, const struct desire *under_way)
{
	return (d->fields & FIELD_ADMIN_BIT) != 0 && d->admin == ADMIN_FORCE_STOP &&
	       (under_way->fields & FIELD_ADMIN_BIT) != 0 && under_way->admin != ADMIN_FORCE_STOP;
}

static enum judgement judge_busy(struct judging *j, const struct desire *d)
{
	enum judgement result = JUDGE_RUN;

	for (size_t i = 0; i < j->view->n_pending; i++) {
		const struct pending *p = &j->view->pending[i];
		const struct desire *other = p->desire;

		if (other->index != d->index)
			continue;
		if (desire_within(d, other) && !p->going_back)
			result = JUDGE_JOIN;
		else if (may_preempt(d, other))
			result = JUDGE_PREEMPT;
		else
			no(j, d, 0, CONTROL_INCONSISTENT_VALUE,
				"the domain is busy with another change");
	}
	return result;
}

static bool is_repeat(struct judging *j, const struct desire *d)
{
	for (size_t i = 0; i < j->view->n_repeats; i++)
		if (desire_equal(j->view->repeats[i], d))
			return true;
	return false;
}

/* --- can it be planned, is there enough ----------------------------------------------------- */

static bool plans_nothing(const struct desire *d, const struct domain *row)
{
	bool unfinished = row == NULL || row->row_status != ROW_ACTIVE;

	return unfinished && !(desire_asks_row(d, ROW_REQUEST_CREATE_AND_GO) ||
				     desire_asks_row(d, ROW_REQUEST_ACTIVE));
}

/* What is to be planned together, and the desires of the list that it comes from. */
struct planning {
	struct desire *wanted; /* with what the rows that are being made have already */
	struct plan_input *in;
	size_t *from;
	size_t n;
};

static int add_input(struct planning *p, const struct desire *d, const struct domain *row, size_t i)
{
	struct desire *wanted = &p->wanted[p->n];
	bool exists = row != NULL && row->row_status == ROW_ACTIVE;
	int rc = desire_copy(d, wanted);

	if (rc < 0)
		return rc;
	p->from[p->n] = i;
	p->in[p->n++] = (struct plan_input){wanted, exists ? row : NULL};
	return row != NULL && !exists ? plan_complete(wanted, row) : 0;
}

static int collect_inputs(struct judging *j, struct planning *p)
{
	int rc = p->wanted != NULL && p->in != NULL && p->from != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; i < j->list->n && rc >= 0; i++) {
		const struct desire *d = &j->list->desires[i];
		const struct domain *row = snapshot_find_index(j->view->snapshot, d->index);
		bool runs = j->judgements[i] == JUDGE_RUN || j->judgements[i] == JUDGE_PREEMPT;

		if (runs && !plans_nothing(d, row))
			rc = add_input(p, d, row, i);
	}
	return rc;
}

static void judge_plan(struct judging *j, const struct planning *p)
{
	const struct judge_view *v = j->view;
	struct desire *desires = j->list->desires;
	const struct step *s;
	struct plan plan;
	const char *reason;
	unsigned field;
	size_t part;
	int r = plan_make(p->in, p->n, &plan, &part, &field, &reason);

	if (r == -ENOTSUP)
		no(j, &desires[p->from[part]], field, CONTROL_INCONSISTENT_VALUE, reason);
	else if (r < 0)
		no(j, &desires[0], 0, CONTROL_GEN_ERR, "no memory");
	if (r < 0)
		return;
	s = capacity_short_step(v->snapshot, v->pending, v->n_pending, p->in, p->n, &plan);
	if (s != NULL)
		no(j, &desires[p->from[s->part]], s->field, CONTROL_RESOURCE_UNAVAILABLE,
			"not enough free memory, CPUs or crypto units");
	plan_clear(&plan);
}

static void judge_together(struct judging *j)
{
	struct planning p = {
		.wanted = calloc(j->list->n, sizeof(*p.wanted)),
		.in = calloc(j->list->n, sizeof(*p.in)),
		.from = calloc(j->list->n, sizeof(*p.from)),
	};

	if (collect_inputs(j, &p) < 0)
		no(j, &j->list->desires[0], 0, CONTROL_GEN_ERR, "no memory");
	else
		judge_plan(j, &p);
	for (size_t i = 0; i < p.n; i++)
		desire_clear(&p.wanted[i]);
	free(p.wanted);
	free(p.in);
	free(p.from);
}

static void set_domain_name(struct judging *j, struct desire *d)
{
	const struct domain *row = snapshot_find_index(j->view->snapshot, d->index);
	const char *name = NULL;

	if ((d->fields & FIELD_NAME_BIT) != 0)
		name = d->name;
	else if (row_has_name(row))
		name = row->name;
	free(d->domain);
	d->domain = name != NULL ? strdup(name) : NULL;
	if (name != NULL && d->domain == NULL)
		no(j, d, 0, CONTROL_GEN_ERR, "no memory");
}

struct refusal judge(const struct judge_view *view, struct desire_list *list, struct refusal so_far,
	enum judgement *judgements)
{
	struct judging j = {view, list, judgements, so_far};

	if (list->n == 0 || so_far.error == CONTROL_GEN_ERR)
		return so_far;
	/* Old data say nothing about what is possible now. */
	if (view->snapshot == NULL || !view->usable) {
		no(&j, &list->desires[0], 0, CONTROL_RESOURCE_UNAVAILABLE,
			"ldmd is not there, or the data are old");
		return j.best;
	}
	for (size_t i = 0; i < list->n; i++) {
		struct desire *d = &list->desires[i];

		judgements[i] = is_repeat(&j, d) ? JUDGE_REPEAT : judge_busy(&j, d);
		if (judgements[i] != JUDGE_JOIN && judgements[i] != JUDGE_REPEAT)
			judge_row(&j, d);
		set_domain_name(&j, d);
	}
	if (j.best.error == CONTROL_OK)
		judge_together(&j);
	return j.best;
}
