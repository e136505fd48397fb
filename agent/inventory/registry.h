/*
 * The index registry: which domain has which ldomIndex. A number is never given to another domain.
 *
 * A domain is known by its UUID. A domain listed without a UUID is the entry of that name, if
 * exactly one entry of that name is not otherwise in the list; else it is looked up by name among
 * the entries without a UUID. An entry that gets a UUID or another name keeps its number. The same
 * name with another UUID is another domain. New numbers come from a high-water mark, which is on
 * disk before anyone sees the number.
 *
 * Only one agent may use a state directory: registry_open() takes a lock, which registry_free() or
 * the end of the process gives back.
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
 * The directory must exist. accept_damage (-R): starts with an empty registry if both files are
 * damaged or missing. -EBUSY: another agent uses the directory; -EBADMSG: both files are damaged,
 * or missing beside other state files, and accept_damage is not set; -ENOMEM; else an error of the
 * file system. All but -ENOMEM are logged here.
 */
int registry_open(const char *directory, bool accept_damage, struct registry **ret);
void registry_free(struct registry *r);

/*
 * A list of all domains: first registry_present_begin(), then registry_listed() for each UUID in
 * it, then registry_assign() for each domain, then registry_present_end().
 */
void registry_present_begin(struct registry *r);
void registry_listed(struct registry *r, const char *uuid);
/* Domains that were not in the list have departed. If more than REGISTRY_DEPARTED_MAX have, those
 * unseen for the longest time are forgotten. */
void registry_present_end(struct registry *r);

/*
 * The number of this domain; a domain that was never seen gets a new one. uuid NULL: it has none.
 * Call registry_commit(), which writes the number to disk, before anyone sees it.
 * -ENOSPC: all 2^31-1 numbers are used up, or there are more domains than any host can have;
 * -ENOMEM.
 */
int registry_assign(struct registry *r, const char *uuid, const char *name, uint32_t *ret);
/* A query for one domain found that it does not exist: it counts as departed from now on. */
void registry_absent(struct registry *r, const char *name);
/* The UUID of the domain with that number, borrowed until the next call; NULL: not known. */
const char *registry_uuid(const struct registry *r, uint32_t index);
/*
 * The number of a device or service (kind: a short word such as "disk") of that name in the domain
 * with index `owner`, or on the host (owner 0). -ENOSPC: no number or no room is left; -ENOMEM.
 */
int registry_assign_object(
	struct registry *r, uint32_t owner, const char *kind, const char *name, uint32_t *ret);

/*
 * The same for one of several objects that share a name in one list and differ in `value`. plain 0:
 * only looks the number up; *ret is 0 if there is none. Else `plain` is the number of the name: an
 * object without a number gets `plain` if `free` is set, and a new number if not.
 */
int registry_assign_twin(struct registry *r, uint32_t owner, const char *kind, const char *name,
	const char *value, uint32_t plain, bool free, uint32_t *ret);

/*
 * Reserves a number, for a domain that will be made under this name, and writes it to disk. want 0:
 * the next number. -ERANGE: want is outside [next, next + 1023]; -EEXIST: a domain or another
 * reservation has the name; -ENOMEM; else an error of the file system. After an error nothing is
 * reserved.
 */
int registry_reserve(struct registry *r, const char *name, uint32_t want, uint32_t *ret);
/* Gives the reservation another name. -ENOENT: the number is not reserved; other errors as above,
 * but the name stays changed if only the write failed. */
int registry_rename(struct registry *r, uint32_t index, const char *name);
/* Forgets a reservation whose domain was not made. Its number is not given out again. */
void registry_release(struct registry *r, uint32_t index);

/*
 * Writes and syncs both files if anything changed. A failure is logged once and sets
 * registry_failed(); the next call tries again. Errors of the file system; -ENOMEM.
 */
int registry_commit(struct registry *r);

uint32_t registry_next_index(const struct registry *r);
bool registry_failed(const struct registry *r);	   /* last write failed */
bool registry_recovered(const struct registry *r); /* a damaged file was replaced at start */

#endif
