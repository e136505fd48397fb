/*
 * The CPU time of a domain and of its virtual CPUs. ldmd tells only the utilization (an average of
 * 10 s for a domain, of 20 s for a CPU), so the time is an estimate: each answer adds the time
 * since the answer before, times the utilization.
 *
 * The count starts at 0 when the agent starts. Nothing is added while a domain does not run, nor
 * for a time in which the connection to ldmd was lost.
 */
#ifndef INVENTORY_CPU_TIME_H
#define INVENTORY_CPU_TIME_H

#include "inventory/domain.h"
#include "inventory/listing.h"

struct cpu_time_limits {
	uint64_t connected_ms; /* monotonic; answers before it came over an earlier connection */
	uint64_t list_ms;   /* monotonic; the last list-domain for all; 0: add nothing to domains */
	uint64_t domain_ms; /* longest time that one list-domain counts for */
	uint64_t vcpu_ms;   /* longest time that one list-bindings counts for */
};

/*
 * Sets the CPU times of `fresh`, a domain out of a listing of that kind that no snapshot shares
 * yet, from those of `old`, its row in the last snapshot (NULL: it had none). LISTING_DOMAIN adds
 * to the time of the domain, LISTING_BINDINGS to the times of its CPUs.
 */
void cpu_time_add(struct domain *fresh, const struct domain *old, enum listing_kind kind,
	uint64_t now_ms, const struct cpu_time_limits *limits);

#endif
