/*
 * A host with a domain in each situation that the checks of a SET tell apart.
 */
#ifndef TESTS_UNIT_CONTROL_HOST_H
#define TESTS_UNIT_CONTROL_HOST_H

#include "control-fixture.h"

/* The host: see host() below. */
enum {
	PRIMARY = 1,
	ACTIVE = 2,
	BOUND = 3,
	INACTIVE = 4,
	STOPPING = 5,
	MIGRATING = 6,
	WHOLE_CORE = 7,
	MEMORY_DR = 8,
	MASTER = 9,
	SLAVE = 10,
	SERVER = 11,
	UNFINISHED = 12,
	FINISHED = 13,
	GONE = 14,
	TO_BIND = 15,
	TO_START = 16,
	TO_START_TOO = 17,
	NEXT = 20,
};

static inline struct domain *unfinished(uint32_t index, const char *name, uint32_t vcpus)
{
	struct domain *d = make_domain(index, name, DOMAIN_INACTIVE, vcpus, vcpus * 1024, 0);

	d->row_status = vcpus > 0 ? ROW_NOT_IN_SERVICE : ROW_NOT_READY;
	return d;
}

/* 8 CPUs, 4096 MB and 1 crypto unit are free. */
static inline const struct snapshot *host(bool control_pending)
{
	struct domain *d[] = {
		make_domain(PRIMARY, "primary", DOMAIN_ACTIVE, 8, 4096, 1),
		make_domain(ACTIVE, "active", DOMAIN_ACTIVE, 4, 2048, 1),
		make_domain(BOUND, "bound", DOMAIN_BOUND, 4, 2048, 0),
		make_domain(INACTIVE, "inactive", DOMAIN_INACTIVE, 4, 2048, 0),
		make_domain(STOPPING, "stopping", DOMAIN_STOPPING, 4, 2048, 0),
		make_domain(MIGRATING, "migrating", DOMAIN_ACTIVE, 4, 2048, 0),
		make_domain(WHOLE_CORE, "core", DOMAIN_ACTIVE, 8, 2048, 0),
		make_domain(MEMORY_DR, "dr", DOMAIN_ACTIVE, 4, 2048, 0),
		make_domain(MASTER, "master", DOMAIN_ACTIVE, 4, 2048, 0),
		make_domain(SLAVE, "slave", DOMAIN_ACTIVE, 4, 2048, 0),
		make_domain(SERVER, "server", DOMAIN_ACTIVE, 4, 2048, 0),
		unfinished(UNFINISHED, "?12", 0),
		unfinished(FINISHED, "finished", 2),
		unfinished(TO_BIND, "big", 9),
		unfinished(TO_START, "first", 1),
		unfinished(TO_START_TOO, "second", 1),
	};

	d[0]->pending = control_pending;
	d[5]->migration = MIGRATION_SOURCE;
	d[6]->whole_core = 1;
	d[6]->max_cores = 2;
	d[7]->memory_dr = true;
	assert_non_null(d[9]->master = strdup("other, master"));
	d[10]->roles |= DOMAIN_SERVICE;
	d[13]->wanted_admin = ADMIN_BOUND;
	d[14]->wanted_admin = d[15]->wanted_admin = ADMIN_ACTIVE;
	return make_snapshot(d, COUNT(d), 8, 4096, 1, NEXT);
}

#endif
