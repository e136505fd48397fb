/*
 * A finished listing and the last snapshot become the next snapshot: identities are looked up in
 * the registry, what the listing is silent about is kept, unchanged rows are shared, times are
 * stamped, pools are added up.
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
	bool ignore_bound_services;  /* list-services works: what list-bindings says is the same */
	/* Domains whose rows this listing must not touch: a command on them ended meanwhile. */
	const char *const *keep;
	size_t n_keep;
	uint64_t asked_ms; /* when the question left */
	uint64_t now_ms;
	struct cpu_time_limits cpu_time;
	struct registry *registry;
};

/*
 * A registry that cannot be written is no error here (it serves on).
 * -EEXIST: the listing contradicts what is there (a name twice); -E2BIG: more domains than the
 * listing's limit would be there; -ENOSPC: more names than the registry takes; -ENOMEM.
 */
int assemble(const struct assemble_input *in, const struct snapshot **ret);

/* The last snapshot with one row put in (same index: replaced) or, with NULL, taken out. */
int assemble_patch(const struct snapshot *last, uint32_t index, const struct domain *row,
	uint64_t now_ms, uint32_t next_index, const struct snapshot **ret);

/*
 * Completes `fresh`, a domain of such a listing, from `old` (may be NULL), derives what follows
 * from the whole (roles, flags) and stamps last_change_ms. -ENOMEM.
 */
int merge_domain(
	struct domain *fresh, const struct domain *old, enum listing_kind kind, uint64_t now_ms);

#endif
