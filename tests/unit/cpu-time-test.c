/*
 * How long domains and CPUs ran, as cpu-time.h has it: what is added, and when nothing is.
 */
#include "inventory/cpu-time.h"

#include <stdlib.h>

#include "inventory/model.h"
#include "test.h"

enum { CONNECTED = 1000, LIST = 10000, BINDINGS = 10000, NOW = 15000 };

static const struct cpu_time_limits limits = {
	.connected_ms = CONNECTED, .list_ms = LIST, .domain_ms = 10000, .vcpu_ms = 120000};

static struct domain *make(enum domain_state state, uint32_t permille)
{
	struct domain *d;

	assert_int_equal(domain_new("a", &d), 0);
	d->state = state;
	d->known |= KNOWN_STATE;
	d->num_vcpu = 4;
	d->utilization_permille = permille;
	return d;
}

/* The nanoseconds of a domain that had 7 and ran since runs_since_ms. */
static uint64_t after(enum domain_state state, uint32_t permille, uint64_t runs_since_ms,
	uint64_t now_ms, const struct cpu_time_limits *l)
{
	struct domain *old = make(DOMAIN_ACTIVE, 900), *fresh = make(state, permille);

	old->cpu_time_ns = 7;
	old->runs_since_ms = runs_since_ms;
	cpu_time_add(fresh, old, LISTING_DOMAIN, now_ms, l);
	uint64_t ns = fresh->cpu_time_ns;
	domain_unref(old);
	domain_unref(fresh);
	return ns;
}

static void test_domain(void **state)
{
	struct cpu_time_limits reconnected = limits, first = limits;

	(void)state;
	reconnected.connected_ms = LIST + 1;
	first.list_ms = 0;
	/* 5 s of half of four CPUs */
	assert_int_equal(
		after(DOMAIN_ACTIVE, 500, 5000, NOW, &limits), 7 + 10 * UINT64_C(1000000000));
	assert_int_equal(
		after(DOMAIN_STOPPING, 500, 5000, NOW, &limits), 7 + 10 * UINT64_C(1000000000));
	assert_int_equal(after(DOMAIN_BOUND, 500, 5000, NOW, &limits), 7);
	/* It began to run 2 s ago. */
	assert_int_equal(
		after(DOMAIN_ACTIVE, 1000, NOW - 2000, NOW, &limits), 7 + 8 * UINT64_C(1000000000));
	/* It was not running at the answer before. */
	assert_int_equal(after(DOMAIN_ACTIVE, 1000, 0, NOW, &limits), 7);
	/* A late answer counts two intervals. */
	assert_int_equal(after(DOMAIN_ACTIVE, 1000, 5000, NOW + 100000, &limits),
		7 + 40 * UINT64_C(1000000000));
	assert_int_equal(after(DOMAIN_ACTIVE, 1000, 5000, NOW, &reconnected), 7);
	assert_int_equal(after(DOMAIN_ACTIVE, 1000, 5000, NOW, &first), 7);
}

static struct domain *make_bound(uint32_t first, bool known, bool parked)
{
	struct domain *d = make(DOMAIN_ACTIVE, 0);
	struct domain_detail *detail;

	assert_int_equal(detail_new(&detail), 0);
	detail->n_vcpus = 2;
	detail->vcpus = calloc(2, sizeof(detail->vcpus[0]));
	assert_non_null(detail->vcpus);
	for (uint32_t i = 0; i < 2; i++)
		detail->vcpus[i] = (struct vcpu){.index = first + i,
			.util_permille = 250,
			.util_known = known,
			.parked = parked};
	d->detail = detail;
	return d;
}

static void bindings(bool known, bool parked, uint64_t ns)
{
	struct domain *old = make_bound(1, true, false), *fresh = make_bound(2, known, parked);

	old->runs_since_ms = 5000;
	old->bindings_ms = BINDINGS;
	old->detail->vcpus[1].time_ns = 3;
	cpu_time_add(fresh, old, LISTING_BINDINGS, NOW, &limits);
	/* The CPU with index 2 was there before; that with 3 is new. */
	assert_true(fresh->detail->vcpus[0].time_known);
	assert_int_equal(fresh->detail->vcpus[0].time_ns, 3 + ns);
	assert_false(fresh->detail->vcpus[1].time_known);
	assert_int_equal(fresh->detail->vcpus[1].time_ns, 0);
	assert_int_equal(fresh->bindings_ms, NOW);
	domain_unref(old);
	domain_unref(fresh);
}

static void test_cpus(void **state)
{
	(void)state;
	bindings(true, false, UINT64_C(1250000000));
	bindings(false, false, 0);
	bindings(true, true, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
