/*
 * Rows and lists by their tables. Members are reached by their offsets, and copied with memcpy
 * because an access through a pointer of another type would break C's aliasing rules.
 */
#include "inventory/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ldm/document.h"
#include "util/array.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/text.h"

/* Longest text kept: ldomMaster (four names of 256 octets and three commas). */
#define TEXT_MAX 1027

static bool is_text(const struct field *f)
{
	return f->kind >= FIELD_TEXT && f->kind <= FIELD_FLAGS;
}

/* The pointer stored at this offset of a struct. */
static void *pointer_at(const void *in, size_t offset)
{
	void *pointer;

	memcpy(&pointer, (const char *)in + offset, sizeof(pointer));
	return pointer;
}

static char *field_text(const struct field *f, const void *row)
{
	return pointer_at(row, f->offset);
}

/* Writes the value; a text that was there is freed. */
static void field_put(const struct field *f, const void *value, void *row)
{
	if (is_text(f))
		free(field_text(f, row));
	memcpy((char *)row + f->offset, value, f->width);
}

/* --- reading ------------------------------------------------------------------------------- */

union value {
	char *text;
	uint64_t wide;
	uint32_t narrow;
	bool on;
};

static int parse_address(const char *text, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*ret = strtoull(text, &end, 0);
	return errno || *end ? -EINVAL : 0;
}

/* -ENOMEM; any other error means that the text is not a value of this kind. */
static int parse_value(enum field_kind kind, const char *text, union value *ret)
{
	switch (kind) {
	case FIELD_TEXT:
		ret->text = *text ? strndup(text, TEXT_MAX) : NULL;
		return *text && !ret->text ? -ENOMEM : 0;
	case FIELD_MAC:
		return word_mac(text, &ret->text);
	case FIELD_HOSTID:
		return word_hostid(text, &ret->text);
	case FIELD_UUID:
		return word_uuid(text, &ret->text);
	case FIELD_FLAGS:
		return *text ? word_flags(text, &ret->text) : 0;
	case FIELD_LIMIT:
		return strcasecmp(text, "unlimited") == 0 ? 0 : parse_u32(text, &ret->narrow);
	case FIELD_U32:
		return parse_u32(text, &ret->narrow);
	case FIELD_PERCENT:
		return parse_permille(text, &ret->narrow);
	case FIELD_STATE:
		ret->narrow = word_state(text);
		return *text ? 0 : -EINVAL;
	case FIELD_SIZE:
		return parse_size(text, &ret->wide);
	case FIELD_ADDRESS:
		return parse_address(text, &ret->wide);
	case FIELD_UPTIME:
		return parse_uptime(text, &ret->wide);
	case FIELD_SWITCH:
		return word_switch(text, &ret->on) ? 0 : -EINVAL;
	case FIELD_SUSPENDED:
		ret->on = strcasecmp(text, "suspended") == 0;
		return *text ? 0 : -EINVAL;
	case FIELD_OTHER:
	case FIELD_END:
		break;
	}
	return -EINVAL;
}

/* types NULL: any type will do. */
static bool has_type(const char *const *types, const char *type)
{
	for (; types && *types; types++)
		if (strcasecmp(*types, type) == 0)
			return true;
	return !types;
}

static const char *find_text(const struct field *f, const struct ldm_resource *from)
{
	const char *text = NULL;

	if (f->source == FROM_UNITS)
		text = from->units;
	else if (f->source == FROM_ADDRESS)
		text = from->address;
	else if (f->source == FROM_UUID)
		text = from->uuid;
	for (size_t i = 0; !text && i < ARRAY_SIZE(f->keys) && f->keys[i]; i++)
		text = ldm_resource_get(from, f->keys[i]);
	return text;
}

int fields_read(
	const struct field *table, const struct ldm_resource *from, void *row, uint32_t *ret_known)
{
	const char *const *types = NULL;
	bool has_types = true;
	uint32_t known = 0;

	for (const struct field *f = table; f->kind != FIELD_END; f++) {
		union value value = {0};

		if (f->in != types) {
			types = f->in;
			has_types = has_type(types, from->type);
		}
		const char *text = has_types ? find_text(f, from) : NULL;
		int r = text ? parse_value(f->kind, text, &value) : -ENOENT;
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			continue;
		field_put(f, &value, row);
		known |= f->known;
	}
	*ret_known = known;
	return 0;
}

/* --- life and comparison ------------------------------------------------------------------- */

void fields_free(const struct field *table, void *row)
{
	static const char *const none = NULL;

	for (const struct field *f = table; f->kind != FIELD_END; f++)
		if (is_text(f))
			field_put(f, &none, row);
}

int fields_own(const struct field *table, void *row)
{
	int r = 0;

	for (const struct field *f = table; f->kind != FIELD_END; f++) {
		char *text = NULL;

		if (!is_text(f))
			continue;
		if (text_copy(field_text(f, row), &text) < 0)
			r = -ENOMEM;
		memcpy((char *)row + f->offset, &text, sizeof(text));
	}
	return r;
}

int field_take(const struct field *f, const void *from, void *to)
{
	char *text;

	if (!is_text(f)) {
		field_put(f, (const char *)from + f->offset, to);
		return 0;
	}
	int r = text_copy(field_text(f, from), &text);
	if (r == 0)
		field_put(f, &text, to);
	return r;
}

static bool field_same(const struct field *f, const void *a, const void *b)
{
	const char *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;

	if (is_text(f))
		return text_equal(field_text(f, a), field_text(f, b));
	return memcmp(x, y, f->width) == 0;
}

bool fields_same(const struct field *table, const void *a, const void *b, bool with_volatile)
{
	for (const struct field *f = table; f->kind != FIELD_END; f++)
		if ((with_volatile || !f->is_volatile) && !field_same(f, a, b))
			return false;
	return true;
}

/* --- lists --------------------------------------------------------------------------------- */

static void *list_get(const struct row_type *t, const void *owner)
{
	return pointer_at(owner, t->list);
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

	/* No arithmetic on the address of an empty list, which is NULL. */
	return i > 0 ? list + i * t->size : list;
}

uint32_t row_index(const void *row)
{
	uint32_t index;

	memcpy(&index, row, sizeof(index));
	return index;
}

const char *row_text(const void *row, size_t offset)
{
	return offset ? pointer_at(row, offset) : NULL;
}

const char *row_name(const struct row_type *t, const void *row)
{
	return row_text(row, t->name);
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
		if (row_index(rows_at(t, a, i)) != row_index(rows_at(t, b, i)) ||
			!fields_same(t->fields, rows_at(t, a, i), rows_at(t, b, i), with_volatile))
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

/* threads: the virtual CPUs of one core. A core whose index would exceed INT32_MAX is left out. */
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
	_cleanup_free_ const struct vcpu **threads = NULL;
	size_t n = 0;
	int r = 0;

	if (d->n_vcpus == 0)
		return 0;
	threads = calloc(d->n_vcpus, sizeof(struct vcpu *));
	d->cores = calloc(d->n_vcpus, sizeof(*d->cores));
	if (!threads || !d->cores)
		return -ENOMEM;
	for (size_t i = 0; i < d->n_vcpus; i++)
		if (!d->vcpus[i].core_unknown)
			threads[n++] = &d->vcpus[i];
	qsort(threads, n, sizeof(*threads), compare_threads);
	for (size_t i = 0, end; r == 0 && i < n; i = end) {
		for (end = i + 1; end < n && threads[end]->cid == threads[i]->cid;)
			end++;
		r = add_core(d, threads + i, end - i);
	}
	return r;
}
