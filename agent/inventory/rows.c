/*
 * Lists of rows by their type. Members are reached by offset; memcpy keeps the compiler's aliasing
 * rules out of it.
 */
#include "inventory/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/document.h"
#include "util/array.h"
#include "util/buffer.h"
#include "util/number.h"

static void *list_get(const struct row_type *t, const void *owner)
{
	void *list;

	memcpy(&list, (const char *)owner + t->list, sizeof(list));
	return list;
}

static void list_set(const struct row_type *t, void *owner, void *list, size_t n)
{
	memcpy((char *)owner + t->list, &list, sizeof(list));
	memcpy((char *)owner + t->count, &n, sizeof(n));
}

size_t rows_count(const struct row_type *t, const void *owner)
{
	size_t n;

	memcpy(&n, (const char *)owner + t->count, sizeof(n));
	return n;
}

void *rows_at(const struct row_type *t, const void *owner, size_t i)
{
	char *list = list_get(t, owner);

	/* No arithmetic on the address of an empty list. */
	return list ? list + i * t->size : NULL;
}

uint32_t row_index(const void *row)
{
	uint32_t index;

	memcpy(&index, row, sizeof(index));
	return index;
}

const char *row_name(const struct row_type *t, const void *row)
{
	const char *name = NULL;

	if (t->name)
		memcpy(&name, (const char *)row + t->name, sizeof(name));
	return name;
}

static void list_cut(const struct row_type *t, void *owner, size_t n)
{
	for (size_t i = rows_count(t, owner); i > n; i--)
		fields_free(t->fields, rows_at(t, owner, i - 1));
	list_set(t, owner, list_get(t, owner), n);
}

static int read_row(const struct row_type *t, const struct ldm_resource *from, void *owner)
{
	size_t n = rows_count(t, owner);
	void *list = list_get(t, owner), *row = array_append(&list, &n, t->size);
	uint32_t known;

	if (!row)
		return -ENOMEM;
	list_set(t, owner, list, n);
	int r = fields_read(t->fields, from, row, &known);
	if (r == 0 && t->finish)
		t->finish(row, from);
	if (r < 0 || (t->name && !row_name(t, row)))
		list_cut(t, owner, n - 1);
	return r;
}

int rows_read(
	const struct row_type *t, const struct ldm_resource *from, void *owner, size_t *budget)
{
	const struct ldm_resource *each = t->from_bindings ? from->bindings : from;
	size_t n = t->from_bindings ? from->n_bindings : 1;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (*budget == 0)
			return -E2BIG;
		(*budget)--;
		r = read_row(t, &each[i], owner);
	}
	return r;
}

static int compare_rows(const void *a, const void *b)
{
	return compare_u64(row_index(a), row_index(b));
}

void rows_sort(const struct row_type *t, void *owner)
{
	size_t n = rows_count(t, owner), kept = 0;
	uint32_t last = 0;

	if (n == 0)
		return;
	qsort(list_get(t, owner), n, t->size, compare_rows);
	for (size_t i = 0; i < n; i++) {
		void *row = rows_at(t, owner, i);

		if (row_index(row) == last) {
			fields_free(t->fields, row);
			continue;
		}
		last = row_index(row);
		if (kept != i)
			memcpy(rows_at(t, owner, kept), row, t->size);
		kept++;
	}
	list_set(t, owner, list_get(t, owner), kept);
}

void rows_free(enum row_owner which, void *owner)
{
	for (const struct row_type *t = row_types; t < row_types + _LIST_MAX; t++) {
		if (t->owner != which)
			continue;
		list_cut(t, owner, 0);
		free(list_get(t, owner));
		list_set(t, owner, NULL, 0);
	}
}

static bool list_same(const struct row_type *t, const void *a, const void *b, bool with_volatile)
{
	size_t n = rows_count(t, a);

	if (n != rows_count(t, b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!fields_same(t->fields, rows_at(t, a, i), rows_at(t, b, i), with_volatile))
			return false;
	return true;
}

bool rows_same(enum row_owner which, const void *a, const void *b, bool with_volatile)
{
	for (const struct row_type *t = row_types; t < row_types + _LIST_MAX; t++)
		if (t->owner == which && !list_same(t, a, b, with_volatile))
			return false;
	return true;
}

/* --- cores --------------------------------------------------------------------------------- */

static int compare_threads(const void *a, const void *b)
{
	const struct vcpu *const *x = a, *const *y = b;

	if ((*x)->cid != (*y)->cid)
		return compare_u64((*x)->cid, (*y)->cid);
	return compare_u64((*x)->pid, (*y)->pid);
}

/* The threads of one core become a row. */
static int add_core(struct domain_detail *d, const struct vcpu *const *threads, size_t n)
{
	struct buffer cpuset = BUFFER_EMPTY;
	uint32_t id = threads[0]->cid;
	int r = 0;

	if (id >= INT32_MAX)
		return 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = buffer_printf(&cpuset, "%s%u", i ? "," : "", threads[i]->pid);
	char *text = r == 0 ? buffer_steal(&cpuset) : NULL;
	buffer_clear(&cpuset);
	if (!text)
		return -ENOMEM;
	d->cores[d->n_cores++] =
		(struct core){.index = id + 1, .id = id, .n_vcpus = (uint32_t)n, .cpuset = text};
	return 0;
}

int rows_derive_cores(struct domain_detail *d)
{
	const struct vcpu **threads;
	int r = -ENOMEM;

	if (d->n_vcpus == 0)
		return 0;
	threads = calloc(d->n_vcpus, sizeof(struct vcpu *));
	d->cores = calloc(d->n_vcpus, sizeof(*d->cores));
	if (threads && d->cores) {
		r = 0;
		for (size_t i = 0; i < d->n_vcpus; i++)
			threads[i] = &d->vcpus[i];
		qsort(threads, d->n_vcpus, sizeof(*threads), compare_threads);
	}
	for (size_t i = 0, end; r == 0 && i < d->n_vcpus; i = end) {
		for (end = i + 1; end < d->n_vcpus && threads[end]->cid == threads[i]->cid;)
			end++;
		r = add_core(d, threads + i, end - i);
	}
	free(threads);
	return r;
}
