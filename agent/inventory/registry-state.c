/*
 * Entries and the trees that find them (POSIX tsearch, balanced where it matters).
 */
#include "inventory/registry-state.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/registry.h"

#define ORDER(a, b) ((a) < (b) ? -1 : (a) > (b))

static int compare_index(const void *a, const void *b)
{
	const struct registry_entry *x = a, *y = b;

	return ORDER(x->index, y->index);
}

static int compare_uuid(const void *a, const void *b)
{
	const struct registry_entry *x = a, *y = b;

	return strcmp(x->uuid, y->uuid);
}

static int compare_name(const void *a, const void *b)
{
	const struct registry_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int compare_object(const void *a, const void *b)
{
	const struct registry_object *x = a, *y = b;
	int order = ORDER(x->owner, y->owner);

	if (order == 0)
		order = strcmp(x->kind, y->kind);
	return order ? order : strcmp(x->name, y->name);
}

static void *found(void *const *node)
{
	return node ? *node : NULL;
}

void state_init(struct registry_state *s)
{
	*s = (struct registry_state){.next = 1, .turn = 1};
}

static void counters_free(struct registry_counters *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->items[i].kind);
	free(c->items);
}

static void entry_free(struct registry_entry *e)
{
	counters_free(&e->counters);
	free(e->uuid);
	free(e->name);
	free(e);
}

static void object_free(struct registry_object *o)
{
	free(o->kind);
	free(o->name);
	free(o);
}

void state_clear(struct registry_state *s)
{
	while (s->n_objects > 0)
		state_remove_object(s, s->objects[s->n_objects - 1]);
	while (s->n_entries > 0)
		state_remove(s, s->entries[s->n_entries - 1]);
	counters_free(&s->host_counters);
	free(s->entries);
	free(s->objects);
	state_init(s);
}

struct registry_entry *state_find_index(struct registry_state *s, uint32_t index)
{
	struct registry_entry key = {.index = index};

	return found(tfind(&key, &s->by_index, compare_index));
}

struct registry_entry *state_find_uuid(struct registry_state *s, const char *uuid)
{
	struct registry_entry key = {.uuid = (char *)(uintptr_t)uuid};

	return found(tfind(&key, &s->by_uuid, compare_uuid));
}

struct registry_entry *state_find_name(struct registry_state *s, const char *name)
{
	struct registry_entry key = {.name = (char *)(uintptr_t)name};

	return found(tfind(&key, &s->by_name, compare_name));
}

/* The list of pointers, moved if it was full; NULL: no memory, it is as it was. */
static void *make_room(void *list, size_t n, size_t *allocated)
{
	size_t want = *allocated ? *allocated * 2 : 64;
	void *more;

	if (n < *allocated)
		return list;
	more = reallocarray(list, want, sizeof(void *));
	if (more)
		*allocated = want;
	return more;
}

static bool entry_link(struct registry_state *s, struct registry_entry *e)
{
	if (e->uuid)
		return tsearch(e, &s->by_uuid, compare_uuid) != NULL;
	return tsearch(e, &s->by_name, compare_name) != NULL;
}

static void entry_unlink(struct registry_state *s, struct registry_entry *e)
{
	if (e->uuid)
		tdelete(e, &s->by_uuid, compare_uuid);
	else
		tdelete(e, &s->by_name, compare_name);
}

static struct registry_entry *entry_new(uint32_t index, const char *uuid, const char *name)
{
	struct registry_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->index = index;
	e->uuid = uuid ? strdup(uuid) : NULL;
	e->name = strdup(name);
	if (e->name && (!uuid || e->uuid))
		return e;
	entry_free(e);
	return NULL;
}

int state_add(struct registry_state *s, uint32_t index, const char *uuid, const char *name,
	struct registry_entry **ret)
{
	struct registry_entry *e, **entries;

	if (state_find_index(s, index) ||
		(uuid ? state_find_uuid(s, uuid) : state_find_name(s, name)))
		return -EEXIST;
	entries = make_room(s->entries, s->n_entries, &s->entries_allocated);
	if (!entries)
		return -ENOMEM;
	s->entries = entries;
	e = entry_new(index, uuid, name);
	if (!e)
		return -ENOMEM;
	if (!tsearch(e, &s->by_index, compare_index) || !entry_link(s, e)) {
		tdelete(e, &s->by_index, compare_index);
		entry_free(e);
		return -ENOMEM;
	}
	e->position = s->n_entries;
	s->entries[s->n_entries++] = e;
	if (s->next <= index)
		s->next = index + 1;
	*ret = e;
	return 0;
}

void state_remove(struct registry_state *s, struct registry_entry *e)
{
	struct registry_entry *last = s->entries[--s->n_entries];

	last->position = e->position;
	s->entries[e->position] = last;
	tdelete(e, &s->by_index, compare_index);
	entry_unlink(s, e);
	entry_free(e);
}

int state_rename(
	struct registry_state *s, struct registry_entry *e, const char *uuid, const char *name)
{
	char *new_name = strdup(name), *new_uuid = uuid ? strdup(uuid) : NULL;
	char *old_name = e->name, *old_uuid = e->uuid;

	if (!new_name || (uuid && !new_uuid)) {
		free(new_name);
		free(new_uuid);
		return -ENOMEM;
	}
	entry_unlink(s, e);
	e->name = new_name;
	e->uuid = new_uuid;
	if (!entry_link(s, e)) {
		e->name = old_name;
		e->uuid = old_uuid;
		/* The node freed above makes room for this one. */
		(void)entry_link(s, e);
		free(new_name);
		free(new_uuid);
		return -ENOMEM;
	}
	free(old_name);
	free(old_uuid);
	return 0;
}

struct registry_object *state_find_object(
	struct registry_state *s, uint32_t owner, const char *kind, const char *name)
{
	struct registry_object key = {
		.owner = owner,
		.kind = (char *)(uintptr_t)kind,
		.name = (char *)(uintptr_t)name,
	};

	return found(tfind(&key, &s->by_object, compare_object));
}

int state_add_object(struct registry_state *s, uint32_t owner, const char *kind, uint32_t index,
	const char *name, struct registry_object **ret)
{
	struct registry_object *o, **objects;

	if (state_find_object(s, owner, kind, name))
		return -EEXIST;
	objects = make_room(s->objects, s->n_objects, &s->objects_allocated);
	if (!objects)
		return -ENOMEM;
	s->objects = objects;
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->owner = owner;
	o->index = index;
	o->seen = s->turn;
	o->kind = strdup(kind);
	o->name = strdup(name);
	if (!o->kind || !o->name || !tsearch(o, &s->by_object, compare_object)) {
		object_free(o);
		return -ENOMEM;
	}
	o->position = s->n_objects;
	s->objects[s->n_objects++] = o;
	*ret = o;
	return 0;
}

void state_remove_object(struct registry_state *s, struct registry_object *o)
{
	struct registry_object *last = s->objects[--s->n_objects];

	last->position = o->position;
	s->objects[o->position] = last;
	tdelete(o, &s->by_object, compare_object);
	object_free(o);
}

static int add_counter(struct registry_counters *list, const char *kind)
{
	struct registry_counter *more;
	char *copy = strdup(kind);

	more = reallocarray(list->items, list->n + 1, sizeof(*more));
	if (more)
		list->items = more;
	if (!copy || !more) {
		free(copy);
		return -ENOMEM;
	}
	list->items[list->n++] = (struct registry_counter){.kind = copy, .next = 1};
	return 0;
}

int state_counter(
	struct registry_state *s, uint32_t owner, const char *kind, struct registry_counter **ret)
{
	struct registry_entry *e = owner ? state_find_index(s, owner) : NULL;
	struct registry_counters *list = e ? &e->counters : &s->host_counters;
	int r;

	if (owner && !e)
		return -ENOENT;
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].kind, kind) == 0) {
			*ret = &list->items[i];
			return 0;
		}
	r = add_counter(list, kind);
	if (r == 0)
		*ret = &list->items[list->n - 1];
	return r;
}

static void forget_below(struct registry_state *s, uint32_t owner)
{
	for (size_t i = s->n_objects; i > 0; i--)
		if (s->objects[i - 1]->owner == owner)
			state_remove_object(s, s->objects[i - 1]);
}

static int by_seen(const void *a, const void *b)
{
	const struct registry_entry *const *x = a, *const *y = b;
	int order = ORDER((*x)->seen, (*y)->seen);

	return order ? order : ORDER((*x)->index, (*y)->index);
}

static bool departed(const struct registry_state *s, const struct registry_entry *e)
{
	return !e->reserved && e->seen != s->turn;
}

void state_forget(struct registry_state *s, struct registry_entry *e)
{
	forget_below(s, e->index);
	state_remove(s, e);
}

void state_forget_departed(struct registry_state *s, size_t keep)
{
	struct registry_entry **old;
	size_t n = 0, over;

	for (size_t i = 0; i < s->n_entries; i++)
		n += departed(s, s->entries[i]);
	if (n <= keep)
		return;
	over = n - keep;
	old = calloc(n, sizeof(struct registry_entry *));
	if (!old)
		return;
	n = 0;
	for (size_t i = 0; i < s->n_entries; i++)
		if (departed(s, s->entries[i]))
			old[n++] = s->entries[i];
	qsort(old, n, sizeof(struct registry_entry *), by_seen);
	for (size_t i = 0; i < over; i++)
		state_forget(s, old[i]);
	free(old);
}

static int object_by_seen(const void *a, const void *b)
{
	const struct registry_object *const *x = a, *const *y = b;

	return ORDER((*x)->seen, (*y)->seen);
}

/* Never one that was there in this turn or the few before: its numbers may be in use. */
void state_forget_objects(struct registry_state *s, size_t keep)
{
	if (s->n_objects <= keep)
		return;
	qsort(s->objects, s->n_objects, sizeof(struct registry_object *), object_by_seen);
	for (size_t i = 0; i < s->n_objects; i++)
		s->objects[i]->position = i;
	for (size_t over = s->n_objects - keep, i = 0; i < over && i < s->n_objects;) {
		struct registry_object *o = s->objects[i];

		if (o->seen + 1024 > s->turn)
			break;
		/* Removal puts the last one here; it is among the youngest, so go on behind it. */
		state_remove_object(s, o);
		i++;
	}
}
