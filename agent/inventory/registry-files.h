/*
 * Where the registry lives: a state directory with a lock, a file, and a copy of it.
 *
 *   index-registry         the newer of the two at every moment
 *   index-registry.copy    written after it; used when the other one is damaged
 *   index-registry.damaged-TIME, index-registry.copy.damaged-TIME   kept aside for people
 *   lock                   held by the agent that uses the directory; holds its process id
 */
#ifndef INVENTORY_REGISTRY_FILES_H
#define INVENTORY_REGISTRY_FILES_H

#include "inventory/registry-state.h"

struct registry_files;

/* Takes the lock. -EBUSY; -EROFS, -ENOSPC and the like do not count, the agent can still serve. */
int registry_files_open(const char *directory, struct registry_files **ret);
/* Gives the lock back. */
void registry_files_free(struct registry_files *f);

/*
 * Reads the newer good file into s (initialised, empty), and puts damaged ones aside. With both bad
 * -EBADMSG, or, with accept_damage, an empty state whose mark is above the old one as far as that
 * can be read. No file at all is a first start.
 */
int registry_files_load(struct registry_files *f, bool accept_damage, struct registry_state *s,
	bool *ret_recovered);
/* Both files; an error of either. */
int registry_files_store(struct registry_files *f, const struct registry_state *s);

#endif
