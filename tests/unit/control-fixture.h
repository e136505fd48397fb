/*
 * A small host for the tests of agent/control/, and varbinds in one line each.
 */
#ifndef TESTS_UNIT_CONTROL_FIXTURE_H
#define TESTS_UNIT_CONTROL_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "test.h"

#include "control/set-request.h"
#include "control/handover.h"
#include "inventory/snapshot.h"

#define MB	 ((uint64_t)1048576)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define V(column, row, value) number(SET_COLUMN_##column, row, value)
#define T(column, row, value) octets(SET_COLUMN_##column, row, value)

static inline struct domain *make_domain(uint32_t index, const char *name, enum domain_state state,
	uint32_t vcpus, uint32_t mb, uint32_t crypto)
{
	struct domain *d;

	assert_int_equal(domain_new(name, &d), 0);
	d->index = index;
	d->state = state;
	d->num_vcpu = vcpus;
	d->mem_bytes = mb * MB;
	d->num_crypto = crypto;
	d->known = KNOWN_STATE | KNOWN_VCPU | KNOWN_MEMORY | KNOWN_CRYPTO;
	d->roles = index == 1 ? DOMAIN_CONTROL | DOMAIN_SERVICE : DOMAIN_GUEST;
	return d;
}

/* Takes the domains over. */
static inline const struct snapshot *make_snapshot(struct domain *const *rows, size_t n,
	uint32_t free_vcpus, uint32_t free_mb, uint32_t free_crypto, uint32_t next_index)
{
	struct snapshot facts = {
		.serial = 1,
		.taken_ms = 1000,
		.next_index = next_index,
		.pools = {.known = true,
			.vcpus = {128, free_vcpus},
			.memory_bytes = {65536 * MB, free_mb * MB},
			.crypto = {16, free_crypto}},
	};
	const struct snapshot *s;
	struct host *h;

	assert_int_equal(host_new(&h), 0);
	assert_non_null(h->spconfigs = calloc(1, sizeof(*h->spconfigs)));
	h->spconfigs[0] = (struct spconfig){.index = 1, .name = strdup("initial")};
	h->n_spconfigs = 1;
	facts.host = h;
	assert_int_equal(snapshot_new(&facts, (const struct domain *const *)rows, n, NULL, &s), 0);
	host_unref(h);
	for (size_t i = 0; i < n; i++)
		domain_unref(rows[i]);
	return s;
}

static inline struct set_varbind number(uint32_t column, uint32_t row, int64_t value)
{
	bool integer = column == SET_COLUMN_ADMIN || column == SET_COLUMN_ROW;

	return (struct set_varbind){.column = column,
		.row = row,
		.row_valid = true,
		.type = integer ? SET_INTEGER : SET_UNSIGNED,
		.number = value};
}

static inline struct set_varbind octets(uint32_t column, uint32_t row, const char *value)
{
	return (struct set_varbind){.column = column,
		.row = row,
		.row_valid = true,
		.type = SET_OCTETS,
		.octets = (const uint8_t *)value,
		.length = strlen(value)};
}

/* One request from varbinds that are right. */
static inline struct set_request make_request(const struct set_varbind *v, size_t n)
{
	struct transaction *t;
	struct set_request d;

	assert_int_equal(transaction_new(v, n, &t).error, CONTROL_OK);
	assert_int_equal(t->n_parts, 1);
	assert_int_equal(set_request_copy(&t->parts[0].request, &d), 0);
	transaction_unref(t);
	return d;
}

/* Its transaction, with a row; 0 and a reference for the caller, or what handover_start() says. */
static inline int hand_over(struct handover *h, const struct set_varbind *v, size_t n,
	const char *domain, struct transaction **ret)
{
	int r;

	assert_int_equal(transaction_new(v, n, ret).error, CONTROL_OK);
	assert_int_equal((*ret)->n_parts, 1);
	if (domain)
		assert_non_null((*ret)->parts[0].request.domain = strdup(domain));
	r = handover_start(h, *ret, 1000);
	if (r < 0)
		transaction_unref(*ret);
	return r;
}

#endif
