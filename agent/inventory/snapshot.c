/*
 * Snapshots, the search in them, and the builder that makes them.
 *
 * One allocation holds the struct and, behind it, the three orders; domains and host are shared.
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

struct snapshot_builder {
	const struct domain **rows;
	size_t n;
	const struct host *host;
	const struct snapshot *last; /* borrowed; NULL: none */
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

static int compare_name_key(const void *key, const void *element)
{
	const struct domain *const *d = element;

	return strcmp(key, (*d)->name);
}

const struct domain *snapshot_find_name(const struct snapshot *s, const char *name)
{
	const struct domain *const *found;

	if (!s || s->n_domains == 0)
		return NULL;
	found = bsearch(name, s->by_name, s->n_domains, sizeof(*s->by_name), compare_name_key);
	return found ? *found : NULL;
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

static int list_ends_new(
	const struct domain *const *domains, size_t n, const struct list_ends **ret)
{
	struct list_ends *e = shared_new(sizeof(*e) + _DOMAIN_LIST_MAX * n * sizeof(e->ends[0]));

	if (!e)
		return -ENOMEM;
	e->n = n;
	for (size_t which = 0; which < _DOMAIN_LIST_MAX; which++) {
		size_t sum = 0;

		for (size_t i = 0; i < n; i++) {
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

/* --- builder ------------------------------------------------------------------------------- */

int snapshot_builder_new(struct snapshot_builder **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void snapshot_builder_free(struct snapshot_builder *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		domain_unref(b->rows[i]);
	free(b->rows);
	host_unref(b->host);
	free(b);
}

int snapshot_builder_add(struct snapshot_builder *b, const struct domain *take)
{
	const struct domain **row = array_append(&b->rows, &b->n, sizeof(*row));

	if (!row) {
		domain_unref(take);
		return -ENOMEM;
	}
	*row = take;
	return 0;
}

void snapshot_builder_host(struct snapshot_builder *b, const struct host *take)
{
	host_unref(b->host);
	b->host = take;
}

void snapshot_builder_last(struct snapshot_builder *b, const struct snapshot *last)
{
	b->last = last;
}

static int sort_unique(
	const struct domain **rows, size_t n, int (*compare)(const void *, const void *))
{
	qsort(rows, n, sizeof(*rows), compare);
	for (size_t i = 1; i < n; i++)
		if (compare(&rows[i - 1], &rows[i]) == 0)
			return -EEXIST;
	return 0;
}

/* Its domains if they are these, with whatever values; else NULL. */
static const struct domain *const *same_domains(
	const struct snapshot *last, const struct domain *const *rows, size_t n)
{
	if (!last || last->n_domains != n)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (last->domains[i]->index != rows[i]->index)
			return NULL;
	return last->domains;
}

static bool same_lists(
	const struct domain *const *before, const struct domain *const *rows, size_t n)
{
	for (size_t i = 0; before && i < n; i++)
		if (before[i]->detail != rows[i]->detail ||
			before[i]->services != rows[i]->services)
			return false;
	return before;
}

static int compare_uuid(const void *a, const void *b)
{
	const struct domain_uuid *x = a, *y = b;

	return memcmp(x->octets, y->octets, UUID_OCTETS);
}

static size_t order_by_uuid(const struct snapshot_builder *b, struct domain_uuid *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		rows[n].domain = b->rows[i];
		if (b->rows[i]->row_status == ROW_ACTIVE &&
			hex_octets(b->rows[i]->uuid, rows[n].octets, UUID_OCTETS))
			n++;
	}
	qsort(rows, n, sizeof(*rows), compare_uuid);
	return n;
}

/* The next domain of ldmd from there on; NULL: there is none. */
static const struct domain *next_active(const struct domain *const *domains, size_t n, size_t *at)
{
	while (*at < n && domains[*at]->row_status != ROW_ACTIVE)
		(*at)++;
	return *at < n ? domains[(*at)++] : NULL;
}

static bool same_members(const struct snapshot *last, const struct snapshot *s)
{
	size_t i = 0, j = 0;
	const struct domain *a, *b;

	do {
		a = next_active(last->domains, last->n_domains, &i);
		b = next_active(s->domains, s->n_domains, &j);
	} while (a && b && a->index == b->index);
	return !a && !b;
}

/* All orders, and what is found by searching through all domains. */
static int order_rows(
	const struct snapshot_builder *b, struct domain_uuid *by_uuid, struct snapshot *s)
{
	const struct domain **by_index = (const struct domain **)(void *)(by_uuid + b->n);
	const struct domain **by_name = by_index + b->n;
	int r;

	for (size_t i = 0; i < b->n; i++)
		by_index[i] = by_name[i] = b->rows[i];
	r = sort_unique(by_index, b->n, domain_compare_index);
	if (r == 0)
		r = sort_unique(by_name, b->n, domain_compare_name);
	if (r < 0)
		return r;
	s->domains = by_index;
	s->by_name = by_name;
	s->by_uuid = by_uuid;
	s->n_by_uuid = order_by_uuid(b, by_uuid);

	const struct domain *const *before = same_domains(b->last, by_index, b->n);
	if (same_lists(before, by_index, b->n)) {
		s->list_ends = shared_ref(b->last->list_ends);
	} else {
		r = list_ends_new(by_index, b->n, &s->list_ends);
	}
	if (r == 0)
		r = links_new(by_index, b->n, before ? b->last->links : NULL, before, &s->links);
	return r;
}

static size_t count_active(const struct snapshot_builder *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->rows[i]->row_status == ROW_ACTIVE;
	return n;
}

static int ensure_host(struct snapshot_builder *b)
{
	struct host *empty;

	if (b->host)
		return 0;
	int r = host_new(&empty);
	if (r == 0)
		b->host = empty;
	return r;
}

int snapshot_build(
	struct snapshot_builder *b, const struct snapshot_stamp *stamp, const struct snapshot **ret)
{
	int r = ensure_host(b);

	if (r < 0)
		return r;
	struct snapshot *s = shared_new(
		sizeof(*s) + b->n * (sizeof(struct domain_uuid) + 2 * sizeof(b->rows[0])));
	if (!s)
		return -ENOMEM;
	*s = (struct snapshot){
		.serial = stamp->serial,
		.taken_ms = stamp->taken_ms,
		.table_last_change_ms = stamp->table_last_change_ms,
		.list_ms = stamp->list_ms,
		.lists = stamp->lists,
		.hypervisor_zero_ms = stamp->hypervisor_zero_ms,
		.next_index = stamp->next_index,
		.n_active_rows = count_active(b),
		.n_domains = b->n,
		.host = b->host,
	};
	r = order_rows(b, (struct domain_uuid *)(void *)(s + 1), s);
	if (r < 0) {
		shared_free(shared_last(s->list_ends));
		links_unref(s->links);
		shared_free(s);
		return r;
	}
	s->members_changed_ms =
		b->last && same_members(b->last, s) ? b->last->members_changed_ms : stamp->now_ms;
	b->host = NULL;
	b->n = 0;
	snapshot_builder_free(b);
	*ret = s;
	return 0;
}
