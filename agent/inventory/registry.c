/*
 * Entries of domains, their objects and counters, and the rules that find the number of a domain.
 *
 * Lookups are binary searches in arrays of pointers. New pointers go to the young part of an array,
 * which is short, so an insertion moves few of them. Removals are marked and swept in one pass.
 */
#include "inventory/registry-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/array.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/number.h"
#include "util/text.h"

/* With more objects than this, those unseen for long are forgotten. */
#define OBJECTS_MAX ((size_t)65536)
/*
 * No host has more domains than this at a time, nor more objects: an ldmd that sends new names in
 * each answer must not use up the memory.
 */
#define PRESENT_MAX	   65536
#define OBJECTS_IN_USE_MAX (4 * OBJECTS_MAX)
/* An object seen within this many turns may still be in use. */
#define TURNS_IN_USE 1024

/* --- sorted arrays ------------------------------------------------------------------------- */

#define YOUNG_MAX 512

typedef int compare_fn(const void *a, const void *b);

static size_t lower_bound(void *const *items, size_t n, const void *key, compare_fn *compare)
{
	return first_where(i, n, compare(items[i], key) >= 0);
}

/* The place of the first item that is not less than the key; NULL: there is none. */
static void **sorted_seek(const struct sorted *s, const void *key, compare_fn *compare)
{
	if (s->n == 0)
		return NULL;
	size_t old = lower_bound(s->items, s->n_old, key, compare);
	size_t young = s->n_old + lower_bound(s->items + s->n_old, s->n - s->n_old, key, compare);

	if (old < s->n_old && (young == s->n || compare(s->items[old], s->items[young]) < 0))
		return &s->items[old];
	return young < s->n ? &s->items[young] : NULL;
}

static void *sorted_find(const struct sorted *s, const void *key, compare_fn *compare)
{
	void **place = sorted_seek(s, key, compare);

	return place && compare(*place, key) == 0 ? *place : NULL;
}

/* Room for one more. -ENOMEM. */
static int sorted_reserve(struct sorted *s)
{
	size_t want = s->allocated ? s->allocated * 2 : 64;

	if (s->n < s->allocated)
		return 0;
	void **more = reallocarray(s->items, want, sizeof(void *));
	if (!more)
		return -ENOMEM;
	s->items = more;
	s->allocated = want;
	return 0;
}

/* Merges the young part into the old one, from the end. */
static void sorted_merge(struct sorted *s, compare_fn *compare)
{
	void *young[YOUNG_MAX];
	size_t old = s->n_old, n_young = s->n - s->n_old, at = s->n;

	memcpy(young, s->items + old, n_young * sizeof(void *));
	while (n_young > 0)
		if (old > 0 && compare(s->items[old - 1], young[n_young - 1]) > 0)
			s->items[--at] = s->items[--old];
		else
			s->items[--at] = young[--n_young];
	s->n_old = s->n;
}

/* sorted_reserve() must have succeeded. */
static void sorted_insert(struct sorted *s, void *item, compare_fn *compare)
{
	if (s->n - s->n_old == YOUNG_MAX)
		sorted_merge(s, compare);
	size_t at = s->n_old + lower_bound(s->items + s->n_old, s->n - s->n_old, item, compare);
	memmove(s->items + at + 1, s->items + at, (s->n - at) * sizeof(void *));
	s->items[at] = item;
	s->n++;
}

static void sorted_remove(struct sorted *s, const void *item, compare_fn *compare)
{
	size_t at = (size_t)(sorted_seek(s, item, compare) - s->items);

	memmove(s->items + at, s->items + at + 1, (s->n - at - 1) * sizeof(void *));
	s->n_old -= at < s->n_old;
	s->n--;
}

/* Removes the items that are gone; free_item (may be NULL) is called for each of them. */
static void sorted_sweep(
	struct sorted *s, bool (*is_gone)(const void *item), void (*free_item)(void *item))
{
	size_t kept = 0, kept_old = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!is_gone(s->items[i]))
			s->items[kept++] = s->items[i];
		else if (free_item)
			free_item(s->items[i]);
		if (i < s->n_old)
			kept_old = kept;
	}
	s->n = kept;
	s->n_old = kept_old;
}

/* --- entries ------------------------------------------------------------------------------- */

static int compare_index(const void *a, const void *b)
{
	const struct registry_entry *x = a, *y = b;

	return compare_u64(x->index, y->index);
}

static int compare_uuid(const void *a, const void *b)
{
	const struct registry_entry *x = a, *y = b;

	return strcmp(x->uuid, y->uuid);
}

/* Many entries may have the same name. */
static int compare_name(const void *a, const void *b)
{
	const struct registry_entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : compare_u64(x->index, y->index);
}

static void entry_free(void *entry)
{
	struct registry_entry *e = entry;

	free(e->uuid);
	free(e->name);
	free(e);
}

void registry_init(struct registry *r)
{
	*r = (struct registry){
		.next = 1,
		.turn = 1,
		.departed_max = REGISTRY_DEPARTED_MAX,
		.objects_full = OBJECTS_MAX,
		.lock_fd = -1,
	};
}

void registry_clear(struct registry *r)
{
	for (size_t i = 0; i < r->objects.n; i++)
		free(r->objects.items[i]);
	for (size_t i = 0; i < r->by_index.n; i++)
		entry_free(r->by_index.items[i]);
	free(r->objects.items);
	free(r->by_index.items);
	free(r->by_uuid.items);
	free(r->by_name.items);
	for (size_t i = 0; i < ARRAY_SIZE(r->paths); i++)
		free(r->paths[i]);
	if (r->lock_fd >= 0)
		close(r->lock_fd);
	registry_init(r);
}

struct registry_entry *registry_find_index(const struct registry *r, uint32_t index)
{
	const struct registry_entry key = {.index = index};

	return sorted_find(&r->by_index, &key, compare_index);
}

struct registry_entry *registry_find_uuid(const struct registry *r, const char *uuid)
{
	const struct registry_entry key = {.uuid = (char *)(uintptr_t)uuid};

	return sorted_find(&r->by_uuid, &key, compare_uuid);
}

/* The entry of that name that comes after `last` (NULL: the first); NULL: there is none. */
static struct registry_entry *next_named(
	const struct registry *r, const char *name, const struct registry_entry *last)
{
	const struct registry_entry key = {
		.name = (char *)(uintptr_t)name, .index = last ? last->index + 1 : 0};
	void **place = sorted_seek(&r->by_name, &key, compare_name);
	struct registry_entry *e = place ? *place : NULL;

	return e && strcmp(e->name, name) == 0 ? e : NULL;
}

struct registry_entry *registry_find_name(const struct registry *r, const char *name)
{
	for (struct registry_entry *e = next_named(r, name, NULL); e; e = next_named(r, name, e))
		if (!e->uuid)
			return e;
	return NULL;
}

static int entry_new(
	uint32_t index, const char *uuid, const char *name, struct registry_entry **ret)
{
	struct registry_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->index = index;
	if (text_copy(uuid, &e->uuid) < 0 || text_copy(name, &e->name) < 0) {
		entry_free(e);
		return -ENOMEM;
	}
	*ret = e;
	return 0;
}

int registry_add(struct registry *r, uint32_t index, const char *uuid, const char *name,
	struct registry_entry **ret)
{
	struct registry_entry *e;

	if (registry_find_index(r, index) ||
		(uuid ? registry_find_uuid(r, uuid) : registry_find_name(r, name)))
		return -EEXIST;
	if (sorted_reserve(&r->by_index) < 0 || sorted_reserve(&r->by_name) < 0 ||
		sorted_reserve(&r->by_uuid) < 0 || entry_new(index, uuid, name, &e) < 0)
		return -ENOMEM;
	sorted_insert(&r->by_index, e, compare_index);
	sorted_insert(&r->by_name, e, compare_name);
	if (uuid)
		sorted_insert(&r->by_uuid, e, compare_uuid);
	if (r->next <= index)
		r->next = index + 1;
	r->dirty = true;
	*ret = e;
	return 0;
}

int registry_relabel(
	struct registry *r, struct registry_entry *e, const char *uuid, const char *name)
{
	char *new_name, *new_uuid;

	if (!uuid)
		uuid = e->uuid;
	if (sorted_reserve(&r->by_uuid) < 0 || text_copy(name, &new_name) < 0)
		return -ENOMEM;
	if (text_copy(uuid, &new_uuid) < 0) {
		free(new_name);
		return -ENOMEM;
	}
	sorted_remove(&r->by_name, e, compare_name);
	if (e->uuid)
		sorted_remove(&r->by_uuid, e, compare_uuid);
	free(e->name);
	free(e->uuid);
	e->name = new_name;
	e->uuid = new_uuid;
	sorted_insert(&r->by_name, e, compare_name);
	if (e->uuid)
		sorted_insert(&r->by_uuid, e, compare_uuid);
	r->dirty = true;
	return 0;
}

/* --- names below an entry ------------------------------------------------------------------ */

/* All members but name and kind are 0. NULL: no memory. */
static struct registry_object *object_new(const char *kind, const char *name)
{
	size_t kind_size = strlen(kind) + 1, name_size = strlen(name) + 1;
	struct registry_object *o = calloc(1, sizeof(*o) + kind_size + name_size);

	if (!o)
		return NULL;
	o->kind = memcpy(o->texts, kind, kind_size);
	o->name = memcpy(o->texts + kind_size, name, name_size);
	return o;
}

static int compare_object(const void *a, const void *b)
{
	const struct registry_object *x = a, *y = b;
	int order = compare_u64(x->owner, y->owner);

	if (order == 0)
		order = strcmp(x->kind, y->kind);
	return order ? order : strcmp(x->name, y->name);
}

struct registry_object *registry_find_object(
	const struct registry *r, uint32_t owner, const char *kind, const char *name)
{
	const struct registry_object key = {.owner = owner, .kind = kind, .name = name};

	return sorted_find(&r->objects, &key, compare_object);
}

int registry_add_object(struct registry *r, uint32_t owner, const char *kind, uint32_t index,
	const char *name, struct registry_object **ret)
{
	if (!*name && owner && !registry_find_index(r, owner))
		return -ENOENT;
	if (registry_find_object(r, owner, kind, name))
		return -EEXIST;
	if (sorted_reserve(&r->objects) < 0)
		return -ENOMEM;
	struct registry_object *o = object_new(kind, name);
	if (!o)
		return -ENOMEM;
	o->owner = owner;
	o->index = index;
	o->seen = r->turn;
	sorted_insert(&r->objects, o, compare_object);
	r->has_twins |= strchr(kind, *REGISTRY_TWIN_MARK) != NULL;
	r->dirty = true;
	*ret = o;
	return 0;
}

/* --- forgetting ---------------------------------------------------------------------------- */

static bool is_entry_gone(const void *entry)
{
	return ((const struct registry_entry *)entry)->gone;
}

static bool is_object_gone(const void *object)
{
	return ((const struct registry_object *)object)->gone;
}

static bool is_below_gone(const struct registry *r, const struct registry_object *o)
{
	const struct registry_entry *owner = o->owner ? registry_find_index(r, o->owner) : NULL;

	return owner && owner->gone;
}

/* Frees the marked entries and all their objects. */
static void sweep_entries(struct registry *r)
{
	for (size_t i = 0; i < r->objects.n; i++) {
		struct registry_object *o = r->objects.items[i];

		o->gone = is_below_gone(r, o);
	}
	sorted_sweep(&r->objects, is_object_gone, free);
	sorted_sweep(&r->by_uuid, is_entry_gone, NULL);
	sorted_sweep(&r->by_name, is_entry_gone, NULL);
	sorted_sweep(&r->by_index, is_entry_gone, entry_free);
}

void registry_forget(struct registry *r, struct registry_entry *e)
{
	e->gone = true;
	sweep_entries(r);
	r->dirty = true;
}

int registry_compare_seen(const void *a, const void *b)
{
	const struct registry_entry *const *x = a, *const *y = b;
	int order = compare_u64((*x)->seen, (*y)->seen);

	return order ? order : compare_u64((*x)->index, (*y)->index);
}

/* Departed entries beyond departed_max are forgotten. If there is no memory, the next list does it.
 */
void registry_present_end(struct registry *r)
{
	struct registry_entry **departed = calloc(r->by_index.n + 1, sizeof(*departed));
	size_t n = 0;

	for (size_t i = 0; departed && i < r->by_index.n; i++) {
		struct registry_entry *e = r->by_index.items[i];

		if (!e->reserved && e->seen != r->turn)
			departed[n++] = e;
	}
	if (n > r->departed_max) {
		qsort(departed, n, sizeof(*departed), registry_compare_seen);
		for (size_t i = 0; i < n - r->departed_max; i++)
			departed[i]->gone = true;
		sweep_entries(r);
		r->dirty = true;
	}
	free(departed);
}

static int compare_object_seen(const void *a, const void *b)
{
	const struct registry_object *const *x = a, *const *y = b;

	return compare_u64((*x)->seen, (*y)->seen);
}

/* Forgets the objects unseen for longest until `keep` are left, but none that may be in use. */
static void forget_objects(struct registry *r, size_t keep)
{
	size_t n = r->objects.n;
	struct registry_object **all = calloc(n + 1, sizeof(struct registry_object *));

	if (!all)
		return;
	memcpy(all, r->objects.items, n * sizeof(*all));
	qsort(all, n, sizeof(*all), compare_object_seen);
	for (size_t i = 0; i + keep < n; i++)
		all[i]->gone = *all[i]->name && all[i]->seen + TURNS_IN_USE <= r->turn;
	free(all);
	sorted_sweep(&r->objects, is_object_gone, free);
}

/*
 * Forgets objects that are not in use any more. As this looks at all objects, the next time comes
 * only when there are a quarter more of them.
 */
static void make_room_for_objects(struct registry *r)
{
	if (r->objects.n < r->objects_full)
		return;
	forget_objects(r, OBJECTS_MAX * 3 / 4);
	size_t more = r->objects.n + r->objects.n / 4;
	r->objects_full = more > OBJECTS_MAX ? more : OBJECTS_MAX;
}

/* --- the rules ----------------------------------------------------------------------------- */

/* The entry of a domain by the rules in registry.h; NULL: the domain is new. */
static struct registry_entry *find_domain(
	const struct registry *r, const char *uuid, const char *name)
{
	struct registry_entry *found = uuid ? registry_find_uuid(r, uuid) : NULL;
	size_t n = 0;

	if (!uuid)
		for (struct registry_entry *e = next_named(r, name, NULL); e;
			e = next_named(r, name, e))
			if (e->seen != r->turn) {
				found = e;
				n++;
			}
	return found && (uuid || n == 1) ? found : registry_find_name(r, name);
}

static int add_domain(
	struct registry *r, const char *uuid, const char *name, struct registry_entry **ret)
{
	if (r->by_index.n >= r->departed_max + PRESENT_MAX)
		return -ENOSPC;
	if (r->next > REGISTRY_INDEX_MAX) {
		log_err(REGISTRY_TOKEN,
			"all %u index numbers are used up; domain \"%s\" is not shown",
			REGISTRY_INDEX_MAX, name);
		return -ENOSPC;
	}
	return registry_add(r, r->next, uuid, name, ret);
}

int registry_assign(struct registry *r, const char *uuid, const char *name, uint32_t *ret)
{
	struct registry_entry *e = find_domain(r, uuid, name);
	int rc = 0;

	if (!e)
		rc = add_domain(r, uuid, name, &e);
	else if ((uuid && !e->uuid) || strcmp(e->name, name) != 0)
		rc = registry_relabel(r, e, uuid, name);
	if (rc < 0)
		return rc;
	e->seen = r->turn;
	e->reserved = false;
	*ret = e->index;
	return 0;
}

void registry_listed(struct registry *r, const char *uuid)
{
	struct registry_entry *e = registry_find_uuid(r, uuid);

	if (e)
		e->seen = r->turn;
}

const char *registry_uuid(const struct registry *r, uint32_t index)
{
	const struct registry_entry *e = registry_find_index(r, index);

	return e ? e->uuid : NULL;
}

void registry_present_begin(struct registry *r)
{
	r->turn++;
}

/* The counter of a kind of object; it is made at first use. */
static int find_counter(
	struct registry *r, uint32_t owner, const char *kind, struct registry_object **ret)
{
	struct registry_object *counter = registry_find_object(r, owner, kind, "");

	if (!counter)
		return registry_add_object(r, owner, kind, 1, "", ret);
	*ret = counter;
	return 0;
}

/*
 * Adds an object under the kind `as`, which is `kind` or the kind of its twins. number 0: the next
 * number of `kind`. -ENOSPC: there is no room or no number; -ENOMEM.
 */
static int add_object(struct registry *r, uint32_t owner, const char *kind, const char *as,
	const char *name, uint32_t number, struct registry_object **ret)
{
	struct registry_object *counter;

	make_room_for_objects(r);
	if (r->objects.n >= OBJECTS_IN_USE_MAX)
		return -ENOSPC;
	int rc = find_counter(r, owner, kind, &counter);
	if (rc < 0)
		return rc;
	if (!number && counter->index > REGISTRY_INDEX_MAX)
		return -ENOSPC;
	rc = registry_add_object(r, owner, as, number ? number : counter->index, name, ret);
	if (rc == 0 && !number)
		counter->index++;
	return rc;
}

int registry_assign_object(
	struct registry *r, uint32_t owner, const char *kind, const char *name, uint32_t *ret)
{
	struct registry_object *o = registry_find_object(r, owner, kind, name);
	int rc = o ? 0 : add_object(r, owner, kind, kind, name, 0, &o);

	if (rc < 0)
		return rc;
	o->seen = r->turn;
	*ret = o->index;
	return 0;
}

/* A twin is an object of the kind "KIND=" and the name "NAME/VALUE". Its number is one of KIND. */
int registry_assign_twin(struct registry *r, uint32_t owner, const char *kind, const char *name,
	const char *value, uint32_t plain, bool free_number, uint32_t *ret)
{
	_cleanup_free_ char *twin_kind = NULL, *twin_name = NULL;
	int rc = 0;

	if (!plain && !r->has_twins) {
		*ret = 0;
		return 0;
	}
	if (text_printf(&twin_kind, "%s" REGISTRY_TWIN_MARK, kind) < 0 ||
		text_printf(&twin_name, "%s/%s", name, value ? value : "") < 0)
		return -ENOMEM;
	struct registry_object *o = registry_find_object(r, owner, twin_kind, twin_name);
	if (!o && plain)
		rc = add_object(r, owner, kind, twin_kind, twin_name, free_number ? plain : 0, &o);
	if (rc < 0)
		return rc;
	if (o)
		o->seen = r->turn;
	*ret = o ? o->index : 0;
	return 0;
}

void registry_absent(struct registry *r, const char *name)
{
	for (struct registry_entry *e = next_named(r, name, NULL); e; e = next_named(r, name, e))
		if (e->seen == r->turn)
			e->seen--;
}

/* A departed domain without a UUID is forgotten, because a new domain would be taken for it. */
int registry_free_name(struct registry *r, const char *name)
{
	for (struct registry_entry *e = next_named(r, name, NULL); e; e = next_named(r, name, e))
		if (e->reserved || e->seen == r->turn)
			return -EEXIST;
	struct registry_entry *departed = registry_find_name(r, name);
	if (departed)
		registry_forget(r, departed);
	return 0;
}

void registry_release(struct registry *r, uint32_t index)
{
	struct registry_entry *e = registry_find_index(r, index);

	if (e && e->reserved)
		registry_forget(r, e);
}

uint32_t registry_next_index(const struct registry *r)
{
	return r->next;
}

bool registry_failed(const struct registry *r)
{
	return r->failed;
}

bool registry_recovered(const struct registry *r)
{
	return r->recovered;
}
