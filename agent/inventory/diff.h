/*
 * What is different between two snapshots, as a list of changes in the words of the notifications.
 * One pass over both, as they are sorted alike: O(N) in domains and in their devices.
 *
 * Rows that a manager is still making are not there. Devices are compared only where both sides
 * have been read, so learning something late is not a change.
 */
#ifndef INVENTORY_DIFF_H
#define INVENTORY_DIFF_H

#include "inventory/schema.h"
#include "inventory/snapshot.h"

enum change_flag {
	CHANGE_ADDED = 1,
	CHANGE_REMOVED = 2,
	CHANGE_MODIFIED = 3,
};

struct change {
	enum change_kind kind;
	enum change_flag flag; /* of the device; MODIFIED for state, cpu, memory */
	/* References to outlines, without detail and services: changes may wait long. */
	const struct domain *before; /* NULL for CREATE */
	const struct domain *after;  /* NULL for DESTROY */
	const char *resource;	     /* of the service or device, as in schema.h; NULL if none */
	char *object;		     /* its name */
	bool migrated;		     /* CREATE, DESTROY: by a migration */
};

struct change_list {
	struct change *changes;
	size_t n;
};

/*
 * Appends to the list (zero it first). before == NULL: nothing is reported, whatever is in after.
 * At most max changes are appended, the number left out is added to *dropped. -ENOMEM: the list
 * has what fitted.
 */
int snapshot_diff(const struct snapshot *before, const struct snapshot *after, size_t max,
	struct change_list *list, uint64_t *dropped);
/* References to the same outlines. -ENOMEM. */
int change_copy(const struct change *c, struct change *ret);
void change_clear(struct change *c);
void change_list_clear(struct change_list *list);

#endif
