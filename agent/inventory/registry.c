/*
 * The registry's rules, and when it goes to disk.
 *
 * Two files are written in turn, each atomically, the first being the newer at every moment; the
 * second not where the first failed. A number is shown to nobody before that was tried; when it
 * fails the agent serves on and says so, as a manager is better off with rows than without.
 */
#include "inventory/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/registry-files.h"
#include "inventory/registry-state.h"
#include "util/log.h"

#define TOKEN "inventory:registry"
/* Names below domains; beyond it those long gone are forgotten. */
#define OBJECTS_MAX ((size_t)65536)
/*
 * No host has that many domains at a time, nor that many names below them: an ldmd that makes up
 * new ones in each answer gets no more numbers.
 */
#define PRESENT_MAX	   65536
#define OBJECTS_IN_USE_MAX (4 * OBJECTS_MAX)

struct registry {
	struct registry_state state;
	struct registry_files *files;
	size_t departed_max;
	size_t objects_full; /* so many are too many */
	bool dirty, failed, recovered;
};

int registry_open(const struct registry_options *options, struct registry **ret)
{
	struct registry *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return -ENOMEM;
	state_init(&r->state);
	r->objects_full = OBJECTS_MAX;
	r->departed_max = options->departed_max ? options->departed_max : REGISTRY_DEPARTED_MAX;
	rc = registry_files_open(options->directory, &r->files);
	if (rc == 0)
		rc = registry_files_load(
			r->files, options->accept_damage, &r->state, &r->recovered);
	if (rc < 0) {
		registry_free(r);
		return rc;
	}
	/* Also proves at start that the files can be written. */
	r->dirty = true;
	(void)registry_commit(r);
	*ret = r;
	return 0;
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	state_clear(&r->state);
	registry_files_free(r->files);
	free(r);
}

int registry_commit(struct registry *r)
{
	int rc;

	if (!r->dirty)
		return 0;
	r->state.serial++;
	rc = registry_files_store(r->files, &r->state);
	if (rc < 0 && !r->failed)
		log_err(TOKEN,
			"cannot write the index registry: %s; serving on, but numbers given out "
			"from now on may change at a restart",
			strerror(-rc));
	if (rc == 0 && r->failed)
		log_notice(TOKEN, "the index registry can be written again");
	r->failed = rc < 0;
	r->dirty = rc < 0;
	return rc;
}

/* The entry this domain is known by, or NULL. */
static struct registry_entry *find(struct registry *r, const char *uuid, const char *name)
{
	struct registry_entry *e = uuid ? state_find_uuid(&r->state, uuid) : NULL;

	return e ? e : state_find_name(&r->state, name);
}

static int update(struct registry *r, struct registry_entry *e, const char *uuid, const char *name)
{
	int rc;

	if ((e->uuid != NULL) == (uuid != NULL) && strcmp(e->name, name) == 0)
		return 0;
	rc = state_rename(&r->state, e, uuid, name);
	if (rc == 0)
		r->dirty = true;
	return rc;
}

static int add(struct registry *r, const char *uuid, const char *name, struct registry_entry **ret)
{
	int rc;

	if (r->state.n_entries >= r->departed_max + PRESENT_MAX)
		return -ENOSPC;
	if (r->state.next > REGISTRY_INDEX_MAX) {
		log_err(TOKEN, "all %u index numbers are used up; domain \"%s\" is not shown",
			REGISTRY_INDEX_MAX, name);
		return -ENOSPC;
	}
	rc = state_add(&r->state, r->state.next, uuid, name, ret);
	if (rc == 0)
		r->dirty = true;
	return rc;
}

int registry_assign(struct registry *r, const char *uuid, const char *name, uint32_t *ret)
{
	struct registry_entry *e = find(r, uuid, name);
	int rc = e ? update(r, e, uuid, name) : add(r, uuid, name, &e);

	if (rc < 0)
		return rc;
	e->seen = r->state.turn;
	e->reserved = false;
	*ret = e->index;
	return 0;
}

void registry_present_begin(struct registry *r)
{
	r->state.turn++;
}

void registry_present_end(struct registry *r)
{
	size_t before = r->state.n_entries;

	state_forget_departed(&r->state, r->departed_max);
	if (r->state.n_entries != before)
		r->dirty = true;
}

/* When all of them are in use, the next look is worth its while only after a good many more. */
static void forget_objects(struct registry *r)
{
	size_t more;

	if (r->state.n_objects < r->objects_full)
		return;
	state_forget_objects(&r->state, OBJECTS_MAX * 3 / 4);
	more = r->state.n_objects + r->state.n_objects / 4;
	r->objects_full = more > OBJECTS_MAX ? more : OBJECTS_MAX;
}

static int add_object(struct registry *r, uint32_t owner, const char *kind, const char *name,
	struct registry_object **ret)
{
	struct registry_counter *counter;
	int rc;

	forget_objects(r);
	if (r->state.n_objects >= OBJECTS_IN_USE_MAX)
		return -ENOSPC;
	rc = state_counter(&r->state, owner, kind, &counter);
	if (rc < 0)
		return rc;
	if (counter->next > REGISTRY_INDEX_MAX)
		return -ENOSPC;
	rc = state_add_object(&r->state, owner, kind, counter->next, name, ret);
	if (rc < 0)
		return rc;
	counter->next++;
	r->dirty = true;
	return 0;
}

int registry_assign_object(
	struct registry *r, uint32_t owner, const char *kind, const char *name, uint32_t *ret)
{
	struct registry_object *o = state_find_object(&r->state, owner, kind, name);
	int rc = o ? 0 : add_object(r, owner, kind, name, &o);

	if (rc < 0)
		return rc;
	o->seen = r->state.turn;
	*ret = o->index;
	return 0;
}

void registry_absent(struct registry *r, const char *name)
{
	for (size_t i = 0; i < r->state.n_entries; i++) {
		struct registry_entry *e = r->state.entries[i];

		if (strcmp(e->name, name) == 0 && e->seen == r->state.turn && e->seen > 0)
			e->seen--;
	}
}

static bool is_there(const struct registry *r, const struct registry_entry *e)
{
	return e->reserved || e->seen == r->state.turn;
}

/* A departed domain without UUID gives its name up for one that a manager makes. */
static int free_name(struct registry *r, const char *name)
{
	struct registry_entry *e = state_find_name(&r->state, name);

	for (size_t i = 0; i < r->state.n_entries; i++)
		if (strcmp(r->state.entries[i]->name, name) == 0 &&
			is_there(r, r->state.entries[i]))
			return -EEXIST;
	if (e)
		state_forget(&r->state, e);
	return 0;
}

int registry_reserve(struct registry *r, const char *name, uint32_t want, uint32_t *ret)
{
	uint32_t next = r->state.next, index = want ? want : next;
	struct registry_entry *e;
	int rc;

	if (index < next || index > REGISTRY_INDEX_MAX || index - next > REGISTRY_WINDOW)
		return -ERANGE;
	rc = free_name(r, name);
	if (rc == 0)
		rc = state_add(&r->state, index, NULL, name, &e);
	if (rc != 0)
		return rc;
	e->reserved = true;
	r->dirty = true;
	rc = registry_commit(r);
	if (rc < 0) {
		state_forget(&r->state, e);
		return rc;
	}
	*ret = index;
	return 0;
}

int registry_rename(struct registry *r, uint32_t index, const char *name)
{
	struct registry_entry *e = state_find_index(&r->state, index);
	int rc;

	if (!e || !e->reserved)
		return -ENOENT;
	if (strcmp(e->name, name) == 0)
		return 0;
	rc = free_name(r, name);
	if (rc < 0)
		return rc;
	rc = state_rename(&r->state, state_find_index(&r->state, index), NULL, name);
	if (rc < 0)
		return rc;
	r->dirty = true;
	return registry_commit(r);
}

void registry_release(struct registry *r, uint32_t index)
{
	struct registry_entry *e = state_find_index(&r->state, index);

	if (!e || !e->reserved)
		return;
	state_forget(&r->state, e);
	r->dirty = true;
}

uint32_t registry_next_index(const struct registry *r)
{
	return r->state.next;
}

bool registry_failed(const struct registry *r)
{
	return r->failed;
}

bool registry_recovered(const struct registry *r)
{
	return r->recovered;
}

size_t registry_count(const struct registry *r)
{
	return r->state.n_entries;
}
