/*
 * Adding up the resource pools of the host.
 */
#include "inventory/pools.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool holds_resources(const struct domain *d)
{
	return d->row_status == ROW_ACTIVE && d->state != DOMAIN_INACTIVE;
}

static int compare_ids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static size_t sort_once(uint32_t *ids, size_t n)
{
	size_t kept = 0;

	if (n == 0)
		return 0;
	qsort(ids, n, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	return kept;
}

static size_t count_threads(const struct domain *const *domains, size_t n)
{
	size_t threads = 0;

	for (size_t i = 0; i < n; i++)
		if (holds_resources(domains[i]) && domains[i]->detail)
			threads += domains[i]->detail->n_vcpus;
	return threads;
}

static int collect_cores(const struct domain *const *domains, size_t n, struct bound_devices *b)
{
	size_t threads = count_threads(domains, n);

	b->core_ids = calloc(threads + 1, sizeof(*b->core_ids));
	if (!b->core_ids)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct domain_detail *detail = domains[i]->detail;

		if (!holds_resources(domains[i]) || !detail)
			continue;
		for (size_t j = 0; j < detail->n_vcpus; j++)
			b->core_ids[b->n_core_ids++] = detail->vcpus[j].cid;
	}
	b->n_core_ids = sort_once(b->core_ids, b->n_core_ids);
	return 0;
}

int pools_bound(const struct domain *const *domains, size_t n, struct bound_devices *ret)
{
	struct bound_devices b = {0};
	int r;

	for (size_t i = 0; i < n; i++) {
		const struct domain *d = domains[i];

		if (!holds_resources(d))
			continue;
		b.vcpus += d->num_vcpu;
		b.crypto += d->num_crypto;
		b.memory_bytes += d->mem_bytes;
	}
	/* Buses belong to a domain whatever its state. */
	for (size_t i = 0; i < n; i++)
		b.buses += domains[i]->num_iobus;
	r = collect_cores(domains, n, &b);
	if (r == 0)
		*ret = b;
	return r;
}

void pools_bound_clear(struct bound_devices *b)
{
	free(b->core_ids);
	*b = (struct bound_devices){0};
}

static size_t count_union(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	size_t i = 0, j = 0, count = 0;

	while (i < n || j < m) {
		bool from_a = j == m || (i < n && a[i] <= b[j]);
		bool from_b = i == n || (j < m && b[j] <= a[i]);

		i += from_a;
		j += from_b;
		count++;
	}
	return count;
}

static struct pool learn(uint64_t free_now, uint64_t bound)
{
	return (struct pool){.total = free_now + bound, .free = free_now};
}

static struct host_pools add_up(const struct free_devices *f, const struct bound_devices *b)
{
	size_t cores = count_union(f->core_ids, f->n_core_ids, b->core_ids, b->n_core_ids);

	return (struct host_pools){
		.known = true,
		.vcpus = learn(f->vcpus, b->vcpus),
		.cores = {.total = cores, .free = cores - b->n_core_ids},
		.crypto = learn(f->crypto, b->crypto),
		.buses = learn(f->buses, b->buses),
		.memory_bytes = learn(f->memory_bytes, b->memory_bytes),
	};
}

static bool same_totals(const struct host_pools *a, const struct host_pools *b)
{
	return a->known == b->known && a->vcpus.total == b->vcpus.total &&
	       a->cores.total == b->cores.total && a->crypto.total == b->crypto.total &&
	       a->buses.total == b->buses.total && a->memory_bytes.total == b->memory_bytes.total;
}

bool pools_same(const struct host_pools *a, const struct host_pools *b)
{
	return same_totals(a, b) && a->vcpus.free == b->vcpus.free &&
	       a->cores.free == b->cores.free && a->crypto.free == b->crypto.free &&
	       a->buses.free == b->buses.free && a->memory_bytes.free == b->memory_bytes.free;
}

void pools_learn(struct host *h, const struct free_devices *f, const struct bound_devices *b)
{
	struct host_pools now = add_up(f, b);
	bool believed = !h->pools.known || same_totals(&now, &h->pools) ||
			(h->in_doubt && same_totals(&now, &h->doubted));

	h->in_doubt = !believed;
	if (believed)
		h->pools = now;
	else
		h->doubted = now;
}

static void update(struct pool *p, uint64_t bound)
{
	p->free = p->total > bound ? p->total - bound : 0;
}

void pools_update(struct host *h, const struct bound_devices *b)
{
	if (!h->pools.known)
		return;
	update(&h->pools.vcpus, b->vcpus);
	update(&h->pools.cores, b->n_core_ids);
	update(&h->pools.crypto, b->crypto);
	update(&h->pools.buses, b->buses);
	update(&h->pools.memory_bytes, b->memory_bytes);
}
