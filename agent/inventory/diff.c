/*
 * Going through two sorted snapshots, and two sorted lists of devices, side by side.
 */
#include "inventory/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/rows.h"
#include "util/array.h"
#include "util/text.h"

struct differ {
	struct change_list *list;
	size_t max;
	uint64_t *dropped;
	const struct domain *before, *after;
	const struct domain *before_outline, *after_outline; /* made for the first change */
};

int change_copy(const struct change *c, struct change *ret)
{
	char *object;
	int r = text_copy(c->object, &object);

	if (r < 0)
		return r;
	*ret = *c;
	ret->object = object;
	domain_ref(c->before);
	domain_ref(c->after);
	return 0;
}

void change_clear(struct change *c)
{
	domain_unref(c->before);
	domain_unref(c->after);
	free(c->object);
	*c = (struct change){0};
}

void change_list_clear(struct change_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		change_clear(&list->changes[i]);
	free(list->changes);
	*list = (struct change_list){0};
}

static int make_outlines(struct differ *d)
{
	int r = 0;

	if (!d->before_outline)
		r = domain_outline(d->before, &d->before_outline);
	if (r == 0 && !d->after_outline)
		r = domain_outline(d->after, &d->after_outline);
	return r;
}

/* Appends the change, with the domain before and after and the name of the object. */
static int report(struct differ *d, struct change change, const char *object)
{
	if (d->max == 0) {
		(*d->dropped)++;
		return 0;
	}
	if (make_outlines(d) < 0 || text_copy(object, &change.object) < 0)
		return -ENOMEM;
	struct change *place = array_append(&d->list->changes, &d->list->n, sizeof(*place));
	if (!place) {
		free(change.object);
		return -ENOMEM;
	}
	change.before = domain_ref(d->before_outline);
	change.after = domain_ref(d->after_outline);
	d->max--;
	*place = change;
	return 0;
}

static int report_value(struct differ *d, enum change_kind kind)
{
	return report(d, (struct change){.kind = kind, .flag = CHANGE_MODIFIED}, NULL);
}

/* The name of a row in a notification. A console has no name and is called by its domain. */
static const char *object_name(const struct differ *d, const struct row_type *t, const void *row)
{
	const char *name = row_name(t, row);

	if (name)
		return name;
	return d->after ? d->after->name : d->before->name;
}

static int diff_row(struct differ *d, const struct row_type *t, const void *x, const void *y)
{
	const struct change change = {
		.kind = t->change,
		.flag = !x   ? CHANGE_ADDED
			: !y ? CHANGE_REMOVED
			     : CHANGE_MODIFIED,
		.resource = t->resource,
	};

	if (x && y && fields_same(t->fields, x, y, false))
		return 0;
	return report(d, change, object_name(d, t, y ? y : x));
}

static int diff_list(struct differ *d, const struct row_type *t, const void *a, const void *b)
{
	size_t i = 0, j = 0, n = rows_count(t, a), m = rows_count(t, b);
	int r = 0;

	while (r == 0 && (i < n || j < m)) {
		const void *x = i < n ? rows_at(t, a, i) : NULL;
		const void *y = j < m ? rows_at(t, b, j) : NULL;

		if (x && y && row_index(x) < row_index(y))
			y = NULL;
		else if (x && y && row_index(x) > row_index(y))
			x = NULL;
		i += x != NULL;
		j += y != NULL;
		r = diff_row(d, t, x, y);
	}
	return r;
}

static int diff_owner(struct differ *d, enum row_owner which, const void *a, const void *b)
{
	int r = 0;

	if (!a || !b || a == b)
		return 0;
	for (const struct row_type *t = row_types; r == 0 && t < row_types + _LIST_MAX; t++)
		if (t->owner == which && t->is_told)
			r = diff_list(d, t, a, b);
	return r;
}

/* The states of VM-MIB depend on these values besides the state of the domain. */
static bool lifecycle_differs(const struct domain *a, const struct domain *b)
{
	return a->migration != b->migration || !text_equal(a->uuid, b->uuid) ||
	       a->suspended != b->suspended || (a->known & KNOWN_STATE) != (b->known & KNOWN_STATE);
}

static int diff_values(struct differ *d)
{
	const struct domain *a = d->before, *b = d->after;
	int r = 0;

	if (a->state != b->state)
		r = report_value(d, CHANGE_STATE);
	else if (lifecycle_differs(a, b))
		r = report_value(d, CHANGE_LIFECYCLE);
	if (r == 0 && a->num_vcpu != b->num_vcpu)
		r = report_value(d, CHANGE_VCPU);
	if (r == 0 && a->mem_bytes != b->mem_bytes)
		r = report_value(d, CHANGE_VMEM);
	if (r == 0 && a->degraded != b->degraded)
		r = report_value(d, CHANGE_DEGRADED);
	return r;
}

static int diff_both(struct differ *d, const struct domain *before, const struct domain *after)
{
	int r = diff_values(d);

	if (r == 0)
		r = diff_owner(d, OWNER_SERVICES, before->services, after->services);
	if (r == 0)
		r = diff_owner(d, OWNER_DETAIL, before->detail, after->detail);
	return r;
}

static int diff_domain(struct differ *d, const struct domain *before, const struct domain *after)
{
	struct change change = {.kind = CHANGE_CREATE, .flag = CHANGE_ADDED};
	int r;

	if (before == after)
		return 0;
	d->before = before;
	d->after = after;
	if (before && after) {
		r = diff_both(d, before, after);
	} else if (after) {
		change.migrated = after->migration == MIGRATION_TARGET;
		r = report(d, change, NULL);
	} else {
		change.kind = CHANGE_DESTROY;
		change.flag = CHANGE_REMOVED;
		change.migrated = before->migration == MIGRATION_SOURCE;
		r = report(d, change, NULL);
	}
	domain_unref(d->before_outline);
	domain_unref(d->after_outline);
	d->before_outline = d->after_outline = NULL;
	return r;
}

int snapshot_diff(const struct snapshot *before, const struct snapshot *after, size_t max,
	struct change_list *list, uint64_t *dropped)
{
	struct differ d = {.list = list, .max = max, .dropped = dropped};
	size_t i = 0, j = 0;
	int r = 0;

	if (!before)
		return 0;
	while (r == 0 && (i < before->n_domains || j < after->n_domains)) {
		const struct domain *x = i < before->n_domains ? before->domains[i] : NULL;
		const struct domain *y = j < after->n_domains ? after->domains[j] : NULL;

		if (x && y && x->index < y->index)
			y = NULL;
		else if (x && y && x->index > y->index)
			x = NULL;
		i += x != NULL;
		j += y != NULL;
		r = diff_domain(&d, row_domain(x), row_domain(y));
	}
	return r;
}
