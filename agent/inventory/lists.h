/*
 * The lists of all domains as one long list, in the order of a table: by domain, then by row.
 *
 * A snapshot knows how many rows each kind of list has up to each domain, so that "the first row
 * at or after (domain, row)" is found by binary search, however many domains have none.
 */
#ifndef INVENTORY_LISTS_H
#define INVENTORY_LISTS_H

#include "inventory/snapshot.h"

enum domain_list {
	LIST_VCPU,
	LIST_CORE,
	LIST_VMEM, /* one row for each domain whose memory is known; see struct vmem */
	LIST_MEMORY_BLOCK,
	LIST_CRYPTO,
	LIST_IOBUS,
	LIST_VDS,
	LIST_VOLUME,
	LIST_VDISK,
	LIST_VSW,
	LIST_VNET,
	LIST_VCC,
	LIST_CONSOLE,
	LIST_VARIABLE,
	LIST_POLICY,
	_DOMAIN_LIST_MAX,
};

/* The memory of a domain as a whole; all else is in the domain. */
struct vmem {
	uint32_t index;
};

/* Rows lie one behind the other, sorted by the uint32_t index that each begins with. */
struct row_list {
	const void *rows;
	size_t n, size;
};
struct row_list domain_list(const struct domain *d, enum domain_list which);

struct list_row {
	const struct domain *domain;
	const void *row;
	uint32_t index;
};
/* The first row at or behind; false when there is none. O(log N). */
bool snapshot_seek_row(const struct snapshot *s, enum domain_list which, uint32_t domain,
	uint32_t index, struct list_row *ret);
/* In all domains. */
size_t snapshot_count_rows(const struct snapshot *s, enum domain_list which);

/* Made with the snapshot. -ENOMEM. */
struct list_ends;
int list_ends_new(const struct domain *const *domains, size_t n, struct list_ends **ret);
void list_ends_free(struct list_ends *e);

#endif
