/*
 * How long a domain and its virtual CPUs ran. ldmd tells how busy they are (an average of 10 s for
 * a domain, of 20 s for a CPU), so the time is an estimate: at each answer, the time since the
 * answer before it, times the share that was used.
 *
 * It begins with the agent. Nothing is added while a domain does not run, nor across a connection
 * that was lost.
 */
#ifndef INVENTORY_CPU_TIME_H
#define INVENTORY_CPU_TIME_H

#include "inventory/domain.h"
#include "inventory/listing.h"

struct cpu_time_limits {
	uint64_t connected_ms; /* answers before this were on another connection */
	uint64_t list_ms;      /* when list-domain was answered before; 0: never */
	uint64_t
		domain_ms; /* at most so much is added for list-domain, however late it came, ... */
	uint64_t vcpu_ms;  /* ... and for list-bindings */
};

/*
 * To a domain of such a listing that nobody else has yet. old: as it was before; NULL: it was not.
 * list-domain is about the domain, list-bindings about its CPUs.
 */
void cpu_time_add(struct domain *fresh, const struct domain *old, enum listing_kind kind,
	uint64_t now_ms, const struct cpu_time_limits *limits);

#endif
