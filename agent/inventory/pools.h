/*
 * The resource pools of the host: how much there is, and how much of it is free.
 *
 * An answer to list-devices gives the totals: its free devices plus those bound to domains. Between
 * two such answers free is total minus bound, so that every snapshot adds up. Free and bound come
 * from different lists, taken at different times; therefore a new total is believed only when two
 * answers in a row give it.
 */
#ifndef INVENTORY_POOLS_H
#define INVENTORY_POOLS_H

#include "inventory/model.h"

struct ldm_content;

/* The free devices, from list-devices. Begins as zeros. */
struct free_devices {
	uint64_t vcpus, crypto, buses, memory_bytes;
	uint32_t *core_ids; /* owned; sorted and without doubles after free_devices_finish() */
	size_t n_core_ids;
};
/* Adds the devices of one content and takes their number off *budget. -E2BIG: the budget is used
 * up; -ENOMEM. */
int free_devices_read(struct free_devices *f, const struct ldm_content *content, size_t *budget);
void free_devices_finish(struct free_devices *f);

/* What the domains hold. An inactive domain holds nothing but its buses. */
struct bound_devices {
	uint64_t vcpus, crypto, buses, memory_bytes;
	uint32_t *core_ids; /* owned; sorted, without doubles */
	size_t n_core_ids;
};
/* -ENOMEM. */
int pools_bound(const struct domain *const *domains, size_t n, struct bound_devices *ret);
void pools_bound_clear(struct bound_devices *b);

/*
 * After list-devices. The new totals go to *pools if they are believed, else to *doubted, whose
 * `known` says whether totals are in doubt.
 */
void pools_learn(struct host_pools *pools, struct host_pools *doubted, const struct free_devices *f,
	const struct bound_devices *b);
/* Sets the free amounts to total minus bound; after any change of a domain. */
void pools_update(struct host_pools *pools, const struct bound_devices *b);

#endif
