/*
 * Snapshots: making them, and the search in them.
 *
 * One allocation holds the struct and, behind it, the three sorted arrays; domains and host are
 * shared.
 */
#include "inventory/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/links.h"
#include "inventory/rows.h"
#include "util/array.h"
#include "util/reference.h"
#include "util/text.h"

/* Prefix sums: ends[which * n + i] rows of that kind are in the domains 0..i. */
struct list_ends {
	size_t n;
	uint32_t ends[];
};

const struct snapshot *snapshot_ref(const struct snapshot *s)
{
	return shared_ref(s);
}

void snapshot_unref(const struct snapshot *shared)
{
	struct snapshot *s = shared_last(shared);

	if (!s)
		return;
	for (size_t i = 0; i < s->n_domains; i++)
		domain_unref(s->domains[i]);
	host_unref(s->host);
	shared_free(shared_last(s->list_ends));
	links_unref(s->links);
	shared_free(s);
}

/* --- domains ------------------------------------------------------------------------------- */

size_t snapshot_lower_bound(const struct snapshot *s, uint32_t index)
{
	size_t n = s ? s->n_domains : 0;

	/* Where no number is missing, the number tells the place. */
	if (n > 0 && index - s->domains[0]->index < n &&
		s->domains[index - s->domains[0]->index]->index == index)
		return index - s->domains[0]->index;
	return first_where(i, n, s->domains[i]->index >= index);
}

const struct domain *snapshot_find_index(const struct snapshot *s, uint32_t index)
{
	size_t at = snapshot_lower_bound(s, index);

	if (!s || at == s->n_domains || s->domains[at]->index != index)
		return NULL;
	return s->domains[at];
}

const struct domain *snapshot_find_name(const struct snapshot *s, const char *name)
{
	size_t n = s ? s->n_domains : 0;
	size_t at = first_where(i, n, strcmp(s->by_name[i]->name, name) >= 0);

	return at < n && strcmp(s->by_name[at]->name, name) == 0 ? s->by_name[at] : NULL;
}

bool snapshot_has_spconfig(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; s && i < s->host->n_spconfigs; i++)
		if (strcmp(s->host->spconfigs[i].name, name) == 0)
			return true;
	return false;
}

const struct domain *snapshot_control_domain(const struct snapshot *s)
{
	for (size_t i = 0; s && i < s->n_domains; i++)
		if (s->domains[i]->roles & DOMAIN_CONTROL)
			return s->domains[i];
	return NULL;
}

/* --- rows of all domains ------------------------------------------------------------------- */

struct row_list domain_list(const struct domain *d, enum domain_list which)
{
	static const uint32_t the_memory = 1;
	const struct row_type *t = &row_types[which];
	const void *owner =
		t->owner == OWNER_SERVICES ? (const void *)d->services : (const void *)d->detail;

	if (!owner)
		return (struct row_list){.size = t->size};
	if (which == LIST_VMEM)
		return (struct row_list){&the_memory, 1, sizeof(the_memory)};
	size_t n = rows_count(t, owner);
	return (struct row_list){n > 0 ? rows_at(t, owner, 0) : NULL, n, t->size};
}

static bool same_lists(const struct domain *a, const struct domain *b)
{
	return a->detail == b->detail && a->services == b->services;
}

/* last: the last snapshot if it has the same rows, else NULL. */
static int list_ends_new(const struct domain *const *domains, size_t n, const struct snapshot *last,
	const struct list_ends **ret)
{
	struct list_ends *e = shared_new(sizeof(*e) + _DOMAIN_LIST_MAX * n * sizeof(e->ends[0]));

	if (!e)
		return -ENOMEM;
	e->n = n;
	for (size_t which = 0; which < _DOMAIN_LIST_MAX; which++) {
		const uint32_t *old = last ? last->list_ends->ends + which * n : NULL;
		size_t sum = 0;

		for (size_t i = 0; i < n; i++) {
			if (last && same_lists(last->domains[i], domains[i]))
				sum += old[i] - (i > 0 ? old[i - 1] : 0);
			else
				sum += domain_list(domains[i], (enum domain_list)which).n;
			e->ends[which * n + i] = (uint32_t)sum;
		}
	}
	*ret = e;
	return 0;
}

static const void *list_at(const struct row_list *list, size_t i)
{
	return (const char *)list->rows + i * list->size;
}

/* The first domain from `from` on that has rows in this list. */
static size_t next_with_rows(const struct list_ends *e, enum domain_list which, size_t from)
{
	const uint32_t *ends = e->ends + which * e->n;
	size_t before = from > 0 ? ends[from - 1] : 0;

	return from + first_where(i, e->n - from, ends[from + i] > before);
}

static bool take_row(
	const struct domain *d, const struct row_list *list, size_t i, struct list_row *ret)
{
	if (i >= list->n)
		return false;
	*ret = (struct list_row){d, list_at(list, i), row_index(list_at(list, i))};
	return true;
}

bool snapshot_seek_row(const struct snapshot *s, enum domain_list which, uint32_t domain,
	uint32_t index, struct list_row *ret)
{
	size_t at = snapshot_lower_bound(s, domain);

	if (at < s->n_domains && s->domains[at]->index == domain) {
		const struct row_list list = domain_list(s->domains[at], which);

		size_t i = first_where(k, list.n, row_index(list_at(&list, k)) >= index);

		if (take_row(s->domains[at], &list, i, ret))
			return true;
		at++;
	}
	at = next_with_rows(s->list_ends, which, at);
	if (at == s->n_domains)
		return false;
	const struct row_list list = domain_list(s->domains[at], which);
	return take_row(s->domains[at], &list, 0, ret);
}

/* --- making one ---------------------------------------------------------------------------- */

static int sort_unique(
	const struct domain **rows, size_t n, int (*compare)(const void *, const void *))
{
	qsort(rows, n, sizeof(*rows), compare);
	for (size_t i = 1; i < n; i++)
		if (compare(&rows[i - 1], &rows[i]) == 0)
			return -EEXIST;
	return 0;
}

static int compare_uuid(const void *a, const void *b)
{
	const struct domain_uuid *x = a, *y = b;

	return memcmp(x->octets, y->octets, UUID_OCTETS);
}

static size_t order_by_uuid(const struct snapshot *s, struct domain_uuid *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_domains; i++) {
		rows[n].domain = s->domains[i];
		if (s->domains[i]->row_status == ROW_ACTIVE &&
			hex_octets(s->domains[i]->uuid, rows[n].octets, UUID_OCTETS))
			n++;
	}
	qsort(rows, n, sizeof(*rows), compare_uuid);
	return n;
}

/* ldmd has the same domains as before; their values may differ. */
static bool same_members(const struct snapshot *last, const struct snapshot *s)
{
	if (last->n_active_rows != s->n_active_rows)
		return false;
	for (size_t i = 0; i < s->n_domains; i++) {
		const struct domain *d = s->domains[i];
		const struct domain *old = snapshot_find_index(last, d->index);

		if (d->row_status == ROW_ACTIVE && (!old || old->row_status != ROW_ACTIVE))
			return false;
	}
	return true;
}

/* The rows have the same indexes as before; their values may differ. */
static bool same_rows(const struct snapshot *last, const struct snapshot *s)
{
	if (last->n_domains != s->n_domains)
		return false;
	for (size_t i = 0; i < s->n_domains; i++)
		if (last->domains[i]->index != s->domains[i]->index)
			return false;
	return true;
}

/* Makes list_ends and links. last: the last snapshot if it has the same rows, else NULL. */
static int index_lists(struct snapshot *s, const struct snapshot *last)
{
	size_t n = 0;
	int r = 0;

	while (last && n < s->n_domains && same_lists(last->domains[n], s->domains[n]))
		n++;
	if (last && n == s->n_domains)
		s->list_ends = shared_ref(last->list_ends);
	else
		r = list_ends_new(s->domains, s->n_domains, last, &s->list_ends);
	if (r == 0)
		r = links_new(s->domains, s->n_domains, last ? last->links : NULL,
			last ? last->domains : NULL, &s->links);
	return r;
}

/* No row has changed its name, UUID or status. Both snapshots have the same rows. */
static bool same_orders(const struct snapshot *last, const struct snapshot *s)
{
	for (size_t i = 0; i < s->n_domains; i++) {
		const struct domain *a = last->domains[i], *b = s->domains[i];

		if (a != b && (a->row_status != b->row_status || strcmp(a->name, b->name) != 0 ||
				      !text_equal(a->uuid, b->uuid)))
			return false;
	}
	return true;
}

/* Copies the orders by name and UUID of the last snapshot, which has the same rows. */
static void take_orders(const struct snapshot *last, const struct domain **by_name,
	struct domain_uuid *by_uuid, struct snapshot *s)
{
	for (size_t i = 0; i < s->n_domains; i++)
		by_name[i] = s->domains[snapshot_lower_bound(last, last->by_name[i]->index)];
	for (size_t i = 0; i < last->n_by_uuid; i++) {
		by_uuid[i] = last->by_uuid[i];
		by_uuid[i].domain =
			s->domains[snapshot_lower_bound(last, by_uuid[i].domain->index)];
	}
	s->n_by_uuid = last->n_by_uuid;
}

/* Fills the three arrays behind the struct (by UUID, index and name) and indexes the lists. */
static int order(struct snapshot *s, const struct domain *const *domains, size_t n,
	const struct snapshot *last)
{
	struct domain_uuid *by_uuid = (struct domain_uuid *)(void *)(s + 1);
	const struct domain **by_index = (const struct domain **)(void *)(by_uuid + n);
	const struct domain **by_name = by_index + n;

	for (size_t i = 0; i < n; i++) {
		by_index[i] = by_name[i] = domains[i];
		s->n_active_rows += domains[i]->row_status == ROW_ACTIVE;
	}
	int r = sort_unique(by_index, n, domain_compare_index);
	if (r < 0)
		return r;
	s->n_domains = n;
	s->domains = by_index;
	s->by_name = by_name;
	s->by_uuid = by_uuid;
	const struct snapshot *same = last && same_rows(last, s) ? last : NULL;
	if (same && same_orders(same, s)) {
		take_orders(same, by_name, by_uuid, s);
	} else {
		r = sort_unique(by_name, n, domain_compare_name);
		s->n_by_uuid = order_by_uuid(s, by_uuid);
	}
	if (r == 0 && last && same_members(last, s))
		s->members_changed_ms = last->members_changed_ms;
	return r == 0 ? index_lists(s, same) : r;
}

int snapshot_new(const struct snapshot *facts, const struct domain *const *domains, size_t n,
	const struct snapshot *last, const struct snapshot **ret)
{
	struct snapshot *s =
		shared_new(sizeof(*s) + n * (sizeof(struct domain_uuid) + 2 * sizeof(domains[0])));
	struct host *empty = NULL;

	if (!s)
		return -ENOMEM;
	*s = *facts;
	s->n_active_rows = 0;
	s->list_ends = NULL;
	s->links = NULL;
	int r = order(s, domains, n, last);
	if (r == 0 && !s->host)
		r = host_new(&empty);
	if (r < 0) {
		shared_free(shared_last(s->list_ends));
		links_unref(s->links);
		shared_free(s);
		return r;
	}
	for (size_t i = 0; i < n; i++)
		domain_ref(domains[i]);
	s->host = s->host ? host_ref(s->host) : empty;
	*ret = s;
	return 0;
}
