/*
 * Makes the next snapshot of the last one and a finished listing. The registry gives the domains
 * their numbers; values that the listing leaves out are kept; unchanged rows are shared; times of
 * change are stamped; the pools of the host are added up.
 */
#ifndef INVENTORY_ASSEMBLE_H
#define INVENTORY_ASSEMBLE_H

#include "inventory/cpu-time.h"
#include "inventory/listing.h"
#include "inventory/snapshot.h"

struct registry;

struct assemble_input {
	const struct snapshot *last; /* NULL at first */
	struct listing *listing;     /* finished; its domains go into the snapshot */
	const char *only;	     /* the one domain that was asked for; NULL: all */
	const char *gone;	     /* a domain that ldmd says is not there; NULL: none */
	bool ignore_bound_services;  /* list-services works, so list-bindings is not needed for them
				      */
	/* Domains on which a command ended after the question left: their rows stay as they are. */
	const char *const *keep;
	size_t n_keep;
	uint64_t asked_ms; /* when the question left */
	uint64_t now_ms;
	struct cpu_time_limits cpu_time;
	struct registry *registry;
};

/*
 * A registry that cannot be written is no error here, because the agent serves on without it.
 * -EEXIST: two rows of the snapshot would have one name or number; -E2BIG: there would be more
 * domains than the listing's limit; -ENOSPC: the registry takes no more names of devices; -ENOMEM.
 */
int assemble(const struct assemble_input *in, const struct snapshot **ret);

/* The last snapshot (NULL: an empty one) with `row` in the place of the row that has this index,
 * or, with row NULL, without that row. -EEXIST: another row has the name; -ENOMEM. */
int assemble_patch(const struct snapshot *last, uint32_t index, const struct domain *row,
	uint64_t now_ms, uint32_t next_index, const struct snapshot **ret);

/*
 * Completes `fresh`, a domain out of a listing of that kind, with the values of `old` (may be NULL)
 * that the listing leaves out; then derives roles and states and stamps last_change_ms. -ENOMEM.
 */
int merge_domain(
	struct domain *fresh, const struct domain *old, enum listing_kind kind, uint64_t now_ms);

#endif
