/*
 * Snapshots made by hand or by chance, without ldmd's documents.
 */
#ifndef TESTS_UNIT_SYNTHETIC_H
#define TESTS_UNIT_SYNTHETIC_H

#include <stdlib.h>
#include <string.h>

#include "inventory/rows.h"
#include "inventory/snapshot.h"
#include "test.h"

/* Appends a row; the texts in it must be the row's own: text(). */
#define ADD_ROW(owner, items, ...)                                                                 \
	do {                                                                                       \
		(owner)->items = reallocarray(                                                     \
			(owner)->items, (owner)->n_##items + 1, sizeof(*(owner)->items));          \
		assert_non_null((owner)->items);                                                   \
		(owner)->items[(owner)->n_##items++] = (__typeof__(*(owner)->items)){__VA_ARGS__}; \
	} while (0)

static inline char *text(const char *t)
{
	char *copy = strdup(t);

	assert_non_null(copy);
	return copy;
}

/* A domain that was read as a whole: its lists are there, and empty. */
struct making {
	struct domain *domain;
	struct domain_detail *detail;
	struct domain_services *services;
};

static inline struct making making_begin(uint32_t index, const char *name, enum domain_state state)
{
	struct making m;

	assert_int_equal(domain_new(name, &m.domain), 0);
	assert_int_equal(detail_new(&m.detail), 0);
	assert_int_equal(services_new(&m.services), 0);
	m.domain->index = index;
	m.domain->state = state;
	m.domain->detail = m.detail;
	m.domain->services = m.services;
	return m;
}

static inline const struct domain *making_end(struct making *m)
{
	assert_int_equal(rows_derive_cores(m->detail), 0);
	return m->domain;
}

/* Takes the domains over, and the host, which may be NULL. */
static inline const struct snapshot *snapshot_of(const struct domain *const *domains, size_t n,
	const struct host *host, struct host_pools pools)
{
	const struct snapshot facts = {
		.serial = 1, .taken_ms = 1000, .next_index = 1000, .host = host, .pools = pools};
	const struct snapshot *s;

	assert_int_equal(snapshot_new(&facts, domains, n, NULL, &s), 0);
	for (size_t i = 0; i < n; i++)
		domain_unref(domains[i]);
	host_unref(host);
	return s;
}

#endif
