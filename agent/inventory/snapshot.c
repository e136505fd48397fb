/*
 * Snapshots and the builder that makes them.
 *
 * One allocation holds the count, the struct, and both orders; domains and host are shared.
 */
#include "inventory/snapshot.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/links.h"
#include "inventory/lists.h"

struct snapshot_box {
	atomic_uint refs;
	struct list_ends *ends;
	struct links *links;
	struct snapshot snapshot;
	const struct domain *rows[]; /* by index, then by name */
};

struct snapshot_builder {
	const struct domain **rows;
	size_t n, allocated;
	const struct host *host;
};

static struct snapshot_box *box_of(const struct snapshot *s)
{
	return (struct snapshot_box *)(void *)((char *)(uintptr_t)s -
					       offsetof(struct snapshot_box, snapshot));
}

static void box_free(struct snapshot_box *box)
{
	if (!box)
		return;
	list_ends_free(box->ends);
	links_free(box->links);
	free(box);
}

const struct snapshot *snapshot_ref(const struct snapshot *s)
{
	if (s)
		atomic_fetch_add_explicit(&box_of(s)->refs, 1, memory_order_relaxed);
	return s;
}

void snapshot_unref(const struct snapshot *s)
{
	struct snapshot_box *box;

	if (!s)
		return;
	box = box_of(s);
	if (atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < s->n_domains; i++)
		domain_unref(box->rows[i]);
	host_unref(s->host);
	box_free(box);
}

size_t snapshot_lower_bound(const struct snapshot *s, uint32_t index)
{
	size_t low = 0, high = s ? s->n_domains : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->domains[middle]->index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
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

const struct domain *snapshot_control_domain(const struct snapshot *s)
{
	for (size_t i = 0; s && i < s->n_domains; i++)
		if (s->domains[i]->roles & DOMAIN_CONTROL)
			return s->domains[i];
	return NULL;
}

int snapshot_builder_new(size_t expected, struct snapshot_builder **ret)
{
	struct snapshot_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->allocated = expected ? expected : 1;
	b->rows = calloc(b->allocated, sizeof(struct domain *));
	if (!b->rows) {
		free(b);
		return -ENOMEM;
	}
	*ret = b;
	return 0;
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
	const struct domain **more;

	if (b->n == b->allocated) {
		more = reallocarray(b->rows, b->allocated * 2, sizeof(struct domain *));
		if (!more) {
			domain_unref(take);
			return -ENOMEM;
		}
		b->rows = more;
		b->allocated *= 2;
	}
	b->rows[b->n++] = take;
	return 0;
}

void snapshot_builder_host(struct snapshot_builder *b, const struct host *take)
{
	host_unref(b->host);
	b->host = take;
}

int domain_compare_index(const void *a, const void *b)
{
	const struct domain *const *x = a, *const *y = b;

	return (*x)->index < (*y)->index ? -1 : (*x)->index > (*y)->index;
}

int domain_compare_name(const void *a, const void *b)
{
	const struct domain *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
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

static int ensure_host(struct snapshot_builder *b)
{
	struct host *empty;
	int r;

	if (b->host)
		return 0;
	r = host_new(&empty);
	if (r == 0)
		b->host = empty;
	return r;
}

static size_t count_active(const struct snapshot_builder *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->rows[i]->row_status == ROW_ACTIVE;
	return n;
}

static void fill(
	struct snapshot_box *box, struct snapshot_builder *b, const struct snapshot_stamp *stamp)
{
	atomic_init(&box->refs, 1);
	box->snapshot = (struct snapshot){
		.serial = stamp->serial,
		.taken_ms = stamp->taken_ms,
		.table_last_change_ms = stamp->table_last_change_ms,
		.next_index = stamp->next_index,
		.n_active_rows = count_active(b),
		.n_domains = b->n,
		.domains = box->rows,
		.by_name = box->rows + b->n,
		.host = b->host,
		.list_ends = box->ends,
		.links = box->links,
	};
	b->host = NULL;
	b->n = 0;
	snapshot_builder_free(b);
}

/* Both orders, and what is found by searching through all domains. */
static int order_rows(struct snapshot_box *box, const struct snapshot_builder *b)
{
	int r;

	memcpy(box->rows, b->rows, b->n * sizeof(box->rows[0]));
	memcpy(box->rows + b->n, b->rows, b->n * sizeof(box->rows[0]));
	r = sort_unique(box->rows, b->n, domain_compare_index);
	if (r == 0)
		r = sort_unique(box->rows + b->n, b->n, domain_compare_name);
	if (r == 0)
		r = list_ends_new(box->rows, b->n, &box->ends);
	if (r == 0)
		r = links_new(box->rows, b->n, &box->links);
	return r;
}

int snapshot_build(
	struct snapshot_builder *b, const struct snapshot_stamp *stamp, const struct snapshot **ret)
{
	struct snapshot_box *box;
	int r;

	r = ensure_host(b);
	if (r < 0)
		return r;
	box = calloc(1, sizeof(*box) + 2 * b->n * sizeof(box->rows[0]));
	if (!box)
		return -ENOMEM;
	r = order_rows(box, b);
	if (r < 0) {
		box_free(box);
		return r;
	}
	fill(box, b, stamp);
	*ret = &box->snapshot;
	return 0;
}
