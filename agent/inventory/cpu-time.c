/*
 * Time between two answers, times utilization.
 */
#include "inventory/cpu-time.h"

static bool runs(const struct domain *d)
{
	return d->state == DOMAIN_ACTIVE || d->state == DOMAIN_STOPPING;
}

/* Milliseconds from the answer before to now in which the domain ran, at most most_ms; 0 if the two
 * answers did not come over one connection. */
static uint64_t span(const struct domain *d, uint64_t before_ms, uint64_t now_ms, uint64_t most_ms,
	const struct cpu_time_limits *limits)
{
	if (!runs(d) || before_ms == 0 || before_ms < limits->connected_ms)
		return 0;
	uint64_t from_ms = before_ms > d->runs_since_ms ? before_ms : d->runs_since_ms;
	if (from_ms > now_ms)
		return 0;
	return now_ms - from_ms < most_ms ? now_ms - from_ms : most_ms;
}

/* 1 ms at 0.1 % is 1 us, which is 1000 ns. */
static uint64_t used_ns(uint64_t span_ms, uint64_t cpus, uint32_t permille)
{
	return span_ms * cpus * permille * 1000;
}

/* Both lists are in the order of their indexes. */
static void add_vcpus(
	const struct domain_detail *fresh, const struct domain_detail *old, uint64_t span_ms)
{
	size_t j = 0;

	for (size_t i = 0; i < fresh->n_vcpus; i++) {
		struct vcpu *cpu = &fresh->vcpus[i];

		while (j < old->n_vcpus && old->vcpus[j].index < cpu->index)
			j++;
		if (j == old->n_vcpus || old->vcpus[j].index != cpu->index)
			continue;
		cpu->time_known = true;
		cpu->time_ns = old->vcpus[j].time_ns;
		if (cpu->util_known && !cpu->parked)
			cpu->time_ns += used_ns(span_ms, 1, cpu->util_permille);
	}
}

static void inherit_times(struct domain *fresh, const struct domain *old, uint64_t now_ms)
{
	bool told = fresh->known & KNOWN_STATE;

	if (old) {
		fresh->cpu_time_ns = old->cpu_time_ns;
		fresh->runs_since_ms = old->runs_since_ms;
		fresh->bindings_ms = old->bindings_ms;
	}
	if (told && !runs(fresh))
		fresh->runs_since_ms = 0;
	else if (told && fresh->runs_since_ms == 0)
		fresh->runs_since_ms = now_ms;
}

void cpu_time_add(struct domain *fresh, const struct domain *old, enum listing_kind kind,
	uint64_t now_ms, const struct cpu_time_limits *limits)
{
	inherit_times(fresh, old, now_ms);
	if (kind == LISTING_DOMAIN && old)
		fresh->cpu_time_ns +=
			used_ns(span(fresh, limits->list_ms, now_ms, limits->domain_ms, limits),
				fresh->num_vcpu, fresh->utilization_permille);
	if (kind != LISTING_BINDINGS)
		return;
	if (old && old->detail && fresh->detail)
		add_vcpus(fresh->detail, old->detail,
			span(fresh, old->bindings_ms, now_ms, limits->vcpu_ms, limits));
	fresh->bindings_ms = now_ms;
}
