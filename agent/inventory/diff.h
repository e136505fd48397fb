/*
 * The differences between two snapshots, each as a change that one notification can tell.
 *
 * Both snapshots are sorted, so one pass is enough: O(N) in domains and in their devices. Rows that
 * a manager is still making are not compared. Lists of devices are compared only if both snapshots
 * have read them, so the first reading of a list is no change.
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
	enum change_flag flag; /* of the domain or device; MODIFIED for a value of the domain */
	/* Outlines (domain_outline()), so that a change that waits does not hold the lists. */
	const struct domain *before; /* NULL for CREATE */
	const struct domain *after;  /* NULL for DESTROY */
	const char *resource;	     /* type of the service or device in schema.h; NULL: none */
	char *object;		     /* name of the service or device; NULL: none */
	bool migrated;		     /* CREATE, DESTROY: a migration is the reason */
};

struct change_list {
	struct change *changes;
	size_t n;
};

/*
 * Appends at most max changes to the list, which begins as zeros, and adds the number of those left
 * out to *dropped. before NULL: there are no changes. -ENOMEM: the list has the first changes only.
 */
int snapshot_diff(const struct snapshot *before, const struct snapshot *after, size_t max,
	struct change_list *list, uint64_t *dropped);
/* The copy shares the outlines and must be cleared. -ENOMEM. */
int change_copy(const struct change *c, struct change *ret);
/* Frees what the change holds, not c itself. */
void change_clear(struct change *c);
void change_list_clear(struct change_list *list);

#endif
