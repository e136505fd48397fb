/*
 * What the host has in all, and what of it no domain has.
 *
 * Totals are free (list-devices) plus bound (the domains) at the moment of a list-devices; from
 * then on free is total less bound, so that the two agree in every snapshot. As the two lists are
 * not taken at the same instant, a total that moves is believed only when it comes twice.
 */
#ifndef INVENTORY_POOLS_H
#define INVENTORY_POOLS_H

#include "inventory/model.h"

struct ldm_content;

/* What no domain has, from list-devices. Zeroed before the first content. */
struct free_devices {
	uint64_t vcpus, crypto, buses, memory_bytes;
	uint32_t *core_ids; /* owned; sorted, each once, after free_devices_finish() */
	size_t n_core_ids;
};
/* Adds what this content says; *budget is counted down. -E2BIG: it is used up; -ENOMEM. */
int free_devices_read(struct free_devices *f, const struct ldm_content *content, size_t *budget);
void free_devices_finish(struct free_devices *f);

/* What the domains hold. Inactive ones and rows in the making hold nothing. -ENOMEM. */
struct bound_devices {
	uint64_t vcpus, crypto, buses, memory_bytes;
	uint32_t *core_ids; /* sorted, each once; owned */
	size_t n_core_ids;
};
int pools_bound(const struct domain *const *domains, size_t n, struct bound_devices *ret);
void pools_bound_clear(struct bound_devices *b);

/*
 * After list-devices: new totals, or, as long as they are not believed, the ones that are doubted
 * (known is false while none are).
 */
void pools_learn(struct host_pools *pools, struct host_pools *doubted, const struct free_devices *f,
	const struct bound_devices *b);
/* After any change of a domain. */
void pools_update(struct host_pools *pools, const struct bound_devices *b);

#endif
