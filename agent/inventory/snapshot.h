/*
 * The state of the host and all domains at one time: immutable, reference counted, sorted by index.
 *
 * The ldm thread makes a new one for each change and hands it over; the snmp thread holds a
 * reference as long as it answers from it. Rows that did not change are shared between snapshots.
 */
#ifndef INVENTORY_SNAPSHOT_H
#define INVENTORY_SNAPSHOT_H

#include "inventory/model.h"

struct links;
struct list_ends;

enum { UUID_OCTETS = 16 };

/* A domain of ldmd that has a UUID; octets, so that a search need not read its text. */
struct domain_uuid {
	uint8_t octets[UUID_OCTETS];
	const struct domain *domain;
};

struct snapshot {
	uint64_t serial;	       /* rises by one with each snapshot of this process */
	uint64_t taken_ms;	       /* monotonic; last good answer about all domains */
	uint64_t table_last_change_ms; /* monotonic; any row made, removed or changed */
	uint64_t list_ms;	       /* monotonic; last answer to list-domain for all; 0: none */
	uint64_t lists;		       /* number of such answers */
	uint64_t members_changed_ms;   /* monotonic; a domain of ldmd came or went */
	/* Monotonic time at which the hypervisor began at the latest; it may lie before 0. */
	int64_t hypervisor_zero_ms;
	uint32_t next_index;  /* the registry's next free ldomIndex */
	size_t n_active_rows; /* domains that ldmd has (row_status ROW_ACTIVE) */
	size_t n_domains;
	const struct domain *const *domains; /* sorted by index */
	const struct domain *const *by_name; /* the same rows sorted by name */
	size_t n_by_uuid;
	const struct domain_uuid *by_uuid; /* sorted by the octets */
	const struct host *host;	   /* never NULL */
	struct host_pools pools;
	struct host_pools doubted_pools;   /* see pools.h */
	const struct list_ends *list_ends; /* for snapshot_seek_row() */
	const struct links *links;	   /* links.h */
};

/* Any thread may call them. NULL is allowed; snapshot_ref() returns its argument. */
const struct snapshot *snapshot_ref(const struct snapshot *s);
void snapshot_unref(const struct snapshot *s);

/* NULL: there is none. s may be NULL. The domain lives as long as the snapshot. */
const struct domain *snapshot_find_index(const struct snapshot *s, uint32_t index);
const struct domain *snapshot_find_name(const struct snapshot *s, const char *name);
/* Position of the first domain whose index is >= index (for GETNEXT); n_domains, or 0 for s NULL:
 * there is none. */
size_t snapshot_lower_bound(const struct snapshot *s, uint32_t index);
/* Whether the service processor had a configuration of that name. s may be NULL. */
bool snapshot_has_spconfig(const struct snapshot *s, const char *name);
/* The domain that runs ldmd; NULL: unknown. s may be NULL. */
const struct domain *snapshot_control_domain(const struct snapshot *s);

/*
 * A list of one domain. Rows lie one behind the other, sorted by the uint32_t index that each
 * begins with. LIST_VMEM has one row, whose values are those of the domain.
 */
struct row_list {
	const void *rows;
	size_t n, size;
};
struct row_list domain_list(const struct domain *d, enum domain_list which);

/* The lists of one kind as one long list in the order of a table: by domain, then by row. */
struct list_row {
	const struct domain *domain;
	const void *row;
	uint32_t index;
};
/*
 * The first row at or after (domain, index); false: there is none. O(log N), even if many domains
 * have no rows in this list.
 */
bool snapshot_seek_row(const struct snapshot *s, enum domain_list which, uint32_t domain,
	uint32_t index, struct list_row *ret);

/*
 * Makes a snapshot of these domains, which may be in any order. Times, counters, pools and host
 * (NULL: an empty one) come from `facts`; its other members are not used, and its
 * members_changed_ms must be the present time. What did not change is shared with `last`, which may
 * be NULL. The snapshot takes references of its own. -EEXIST: two domains have one index or name;
 * -ENOMEM.
 */
int snapshot_new(const struct snapshot *facts, const struct domain *const *domains, size_t n,
	const struct snapshot *last, const struct snapshot **ret);

#endif
