/*
 * The registry in memory, for the two files that share it, and for tests.
 *
 *   registry.c        who has which number; knows no files
 *   registry-files.c  its text, its two files, and when they are written
 */
#ifndef INVENTORY_REGISTRY_INTERNAL_H
#define INVENTORY_REGISTRY_INTERNAL_H

#include "inventory/registry.h"

#define REGISTRY_TOKEN "inventory:registry"
/* Follows the kind of objects that share a name; see registry_assign_twin(). */
#define REGISTRY_TWIN_MARK "="

struct registry_entry {
	uint32_t index;
	char *uuid; /* NULL: none */
	char *name;
	uint64_t seen; /* turn of the last list with the domain; from a file: its place there */
	bool reserved; /* for a domain that a manager has not made yet */
	bool gone;     /* mark for the next sweep */
};

/*
 * A device or service of a domain (owner: its index) or of the host (owner 0). If the name is
 * empty, this is a counter: its index is the next number of that kind for that owner.
 */
struct registry_object {
	uint32_t owner, index;
	uint64_t seen;
	bool gone;
	const char *kind, *name; /* point into texts */
	char texts[];
};

/* Pointers in two parts, the old and the young one, each sorted: [0, n_old) and [n_old, n). */
struct sorted {
	void **items;
	size_t n_old, n, allocated;
};

struct registry {
	uint64_t serial; /* of the files; rises with each write */
	uint64_t turn;
	uint32_t next;
	struct sorted by_index, by_uuid, by_name; /* entries */
	struct sorted objects;
	size_t departed_max; /* most departed domains that are remembered */
	size_t objects_full; /* with this many objects, look for some to forget */
	bool has_twins;	     /* there may be objects that share a name */
	bool dirty, failed, recovered;
	char *paths[2]; /* of the file and its copy; NULL: the registry has no files (tests) */
	int lock_fd;	/* -1: none */
};

void registry_init(struct registry *r);
/* Frees all that r holds and releases the lock; r is then as after registry_init(). */
void registry_clear(struct registry *r);

struct registry_entry *registry_find_index(const struct registry *r, uint32_t index);
struct registry_entry *registry_find_uuid(const struct registry *r, const char *uuid);
/* Only among entries without UUID. */
struct registry_entry *registry_find_name(const struct registry *r, const char *name);
/* Raises r->next above index. -EEXIST: an entry has the index, the UUID or, without a UUID, the
 * name; -ENOMEM. */
int registry_add(struct registry *r, uint32_t index, const char *uuid, const char *name,
	struct registry_entry **ret);
/* For qsort() of pointers to entries: longest unseen first. */
int registry_compare_seen(const void *a, const void *b);
/* Forgets the entry and all its objects. */
void registry_forget(struct registry *r, struct registry_entry *e);
/* New name and, unless NULL, UUID. -ENOMEM: nothing changed. */
int registry_relabel(
	struct registry *r, struct registry_entry *e, const char *uuid, const char *name);
/* Makes the name free for a reservation. -EEXIST: a present domain or a reservation has it. */
int registry_free_name(struct registry *r, const char *name);

struct registry_object *registry_find_object(
	const struct registry *r, uint32_t owner, const char *kind, const char *name);
/* -ENOENT: a counter (empty name) for an owner that does not exist; -EEXIST: the object exists;
 * -ENOMEM. */
int registry_add_object(struct registry *r, uint32_t owner, const char *kind, uint32_t index,
	const char *name, struct registry_object **ret);

/*
 * As text, check sum included:
 *
 *   ldoms-agentx-registry 1         format version
 *   serial 17                       the higher of two good files is the newer
 *   next 9                          high-water mark: no number from this on was ever given out
 *   d 1 UUID|- NAME                 a domain; longest unseen first
 *   c OWNER KIND NEXT               high-water mark of a kind of object below it (owner 0: host)
 *   o OWNER KIND INDEX NAME         such an object
 *   sum 0123456789abcdef            FNV-1a, 64 bits, of every octet before this line
 *
 * Names are percent-encoded outside printable ASCII. -ENOMEM.
 */
int registry_print(const struct registry *r, char **ret_text, size_t *ret_size);
/* r must be as after registry_init(). -EBADMSG: the text is damaged, in line *ret_line (0: the
 * check sum is wrong); -ENOMEM. */
int registry_parse(struct registry *r, const char *text, size_t size, size_t *ret_line);
/* The high-water mark in a damaged text; 0: it cannot be read. */
uint32_t registry_salvage_next(const char *text, size_t size);

#endif
