/*
 * The memory of who has which ldomIndex, for ever.
 *
 * Identity is the UUID. A domain listed without one is the entry of that name, if exactly one such
 * entry is not otherwise in the list; else it is known by its name among entries without a UUID. An
 * entry that gains a UUID keeps its number, so does a rename; the same name with another UUID is
 * another domain.
 * Numbers come from a high-water mark that is on disk before anyone can see them.
 *
 * One agent per state directory: the lock is taken by registry_open() and held until free, also
 * after a crash of everything but the kernel.
 */
#ifndef INVENTORY_REGISTRY_H
#define INVENTORY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGISTRY_INDEX_MAX    2147483647u
#define REGISTRY_WINDOW	      1023u /* a manager may choose next .. next + 1023 */
#define REGISTRY_DEPARTED_MAX 10000u

struct registry;

/*
 * The directory must exist and be writable. accept_damage (-R): starts anew although both files are
 * bad or gone. Errors: -EBUSY another agent has the directory; -EBADMSG both files are damaged, or
 * gone beside other state files, and accept_damage is not set; else from the file system. Each is
 * logged here with what to do.
 */
int registry_open(const char *directory, bool accept_damage, struct registry **ret);
void registry_free(struct registry *r);

/*
 * A list of all domains: first registry_present_begin(), then registry_listed() for each UUID in
 * it, then registry_assign() for each domain, then registry_present_end().
 */
void registry_present_begin(struct registry *r);
void registry_listed(struct registry *r, const char *uuid);
/* The domains that were not in the list count as departed; the oldest are forgotten first. */
void registry_present_end(struct registry *r);

/*
 * The number of this domain, a new one if it was never seen. uuid NULL: has none. Nothing is
 * written yet: registry_commit() must come before anyone sees a new number.
 * -ENOSPC: all 2^31-1 numbers are used up, or far more domains are there than can be. -ENOMEM.
 */
int registry_assign(struct registry *r, const char *uuid, const char *name, uint32_t *ret);
/* A targeted query found no domain of that name: it departed before the next turn says so. */
void registry_absent(struct registry *r, const char *name);
/* The UUID of the domain with that number, also when it was listed without; NULL: none known. */
const char *registry_uuid(const struct registry *r, uint32_t index);
/*
 * What a name is numbered with inside its owner (disk, switch, ...): kind is a short word. Errors
 * as above.
 */
int registry_assign_object(
	struct registry *r, uint32_t owner, const char *kind, const char *name, uint32_t *ret);

/*
 * The same for objects of one name in one list, which a value tells apart. `plain` is the number of
 * the name; the first of them that asks (while free is set) takes it, and each keeps its number
 * while it has its value. With plain 0 only a number that is known is looked up, else *ret is 0.
 */
int registry_assign_twin(struct registry *r, uint32_t owner, const char *kind, const char *name,
	const char *value, uint32_t plain, bool free, uint32_t *ret);

/*
 * A number for a domain that will be made under this name. want 0: the next one.
 * -ERANGE: outside [next, next + 1023]; -EEXIST: taken, or a present domain has that name.
 * On disk when it returns; -EIO and the like when it could not be written (nothing reserved).
 */
int registry_reserve(struct registry *r, const char *name, uint32_t want, uint32_t *ret);
/* A reserved number gets the name of its domain. -ENOENT, -EEXIST as above; on disk as above. */
int registry_rename(struct registry *r, uint32_t index, const char *name);
/* The domain was not made after all: forget the entry, never the number. */
void registry_release(struct registry *r, uint32_t index);

/*
 * Writes what changed: both files, synced. A failure is logged once, raises the flag below, and is
 * tried again at the next call. Returns 0 also when nothing was to be written.
 */
int registry_commit(struct registry *r);

uint32_t registry_next_index(const struct registry *r);
bool registry_failed(const struct registry *r);	   /* last write failed */
bool registry_recovered(const struct registry *r); /* a damaged file was replaced at start */

#endif
