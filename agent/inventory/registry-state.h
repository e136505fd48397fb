/*
 * The registry in memory: entries, the names below them, and the marks. No files here.
 */
#ifndef INVENTORY_REGISTRY_STATE_H
#define INVENTORY_REGISTRY_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The next number of one kind of object below an owner. */
struct registry_counter {
	char *kind;
	uint32_t next;
};

struct registry_counters {
	struct registry_counter *items;
	size_t n;
};

struct registry_entry {
	uint32_t index;
	char *uuid; /* NULL: none */
	char *name;
	uint64_t seen;	 /* turn in which the domain was last there; from a file: its order there */
	bool reserved;	 /* promised to a manager, not made yet */
	size_t position; /* in entries[] */
	struct registry_counters counters;
};

/* A name below a domain (owner > 0) or the host (0). */
struct registry_object {
	uint32_t owner, index;
	char *kind, *name;
	uint64_t seen;
	size_t position;
};

struct registry_state {
	uint64_t serial; /* of the file; rises with each write */
	uint64_t turn;
	uint32_t next;
	struct registry_entry **entries;
	size_t n_entries, entries_allocated;
	struct registry_object **objects;
	size_t n_objects, objects_allocated;
	void *by_index, *by_uuid, *by_name; /* by_name: entries without UUID only */
	void *by_object;
	struct registry_counters host_counters;
};

void state_init(struct registry_state *s);
void state_clear(struct registry_state *s);

struct registry_entry *state_find_index(struct registry_state *s, uint32_t index);
struct registry_entry *state_find_uuid(struct registry_state *s, const char *uuid);
struct registry_entry *state_find_name(struct registry_state *s, const char *name);
/* -EEXIST: index, UUID or name is there; -ENOMEM. next is raised above index. */
int state_add(struct registry_state *s, uint32_t index, const char *uuid, const char *name,
	struct registry_entry **ret);
void state_remove(struct registry_state *s, struct registry_entry *e);
/* New name and, where it had none, UUID. -ENOMEM: nothing changed. */
int state_rename(
	struct registry_state *s, struct registry_entry *e, const char *uuid, const char *name);

struct registry_object *state_find_object(
	struct registry_state *s, uint32_t owner, const char *kind, const char *name);
int state_add_object(struct registry_state *s, uint32_t owner, const char *kind, uint32_t index,
	const char *name, struct registry_object **ret);
void state_remove_object(struct registry_state *s, struct registry_object *o);
/* Made at first use. -ENOENT: no such owner; -ENOMEM. Valid until the next call. */
int state_counter(
	struct registry_state *s, uint32_t owner, const char *kind, struct registry_counter **ret);
/* With what is below it. */
void state_forget(struct registry_state *s, struct registry_entry *e);
/* All but the `keep` last seen of those that are not there in this turn. */
void state_forget_departed(struct registry_state *s, size_t keep);
void state_forget_objects(struct registry_state *s, size_t keep);

/*
 * As text, checksum included:
 *
 *   ldoms-agentx-registry 1         format version
 *   serial 17                       the higher of two good files is the newer
 *   next 9                          high-water mark: no number >= this was ever given out
 *   d 1 UUID|- NAME                 a domain; longest unseen first
 *   c OWNER KIND NEXT               high-water mark of a kind of object below it (owner 0: host)
 *   o OWNER KIND INDEX NAME         such an object
 *   sum 0123456789abcdef            FNV-1a, 64 bits, of every octet before this line
 *
 * Names are percent-encoded outside printable ASCII.
 */
int state_print(const struct registry_state *s, char **ret_text, size_t *ret_size);
/* -EBADMSG: damaged, *ret_line is the line at fault; -ENOMEM. s must be initialised. */
int state_parse(struct registry_state *s, const char *text, size_t size, size_t *ret_line);
/* The mark out of a damaged text, 0 if it cannot be read. */
uint32_t state_salvage_next(const char *text, size_t size);

#endif
