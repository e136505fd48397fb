/*
 * Reading what is free, and adding up the resource pools of the host.
 */
#include "inventory/pools.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/document.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/number.h"

static int compare_ids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return compare_u64(*x, *y);
}

/* Sorts the ids, drops doubles, and returns how many are left. */
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

/* --- list-devices -------------------------------------------------------------------------- */

/*
 * list-devices comes in several forms: one resource with an amount, with a binding for each unit,
 * or one resource for each unit. Some ldmds also list units in use and mark each of them.
 */
static bool is_free(const struct ldm_resource *r)
{
	const char *text = ldm_resource_get(r, "free");
	uint32_t percent;

	if (!text)
		return true;
	if (strcasecmp(text, "no") == 0)
		return false;
	return parse_permille(text, &percent) < 0 || percent > 0;
}

static int add_free_core(struct free_devices *f, const struct ldm_resource *r)
{
	const char *text = ldm_resource_get(r, "cid");
	uint32_t *place, id;

	if (!text || parse_u32(text, &id) < 0)
		return 0;
	place = array_append(&f->core_ids, &f->n_core_ids, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = id;
	return 0;
}

static uint64_t free_amount(const struct ldm_resource *r)
{
	uint64_t n = 0;

	if (!r->units)
		return 1;
	return parse_u64(r->units, &n) < 0 ? 0 : n;
}

static uint64_t free_bytes(const struct ldm_resource *r)
{
	const char *text = r->units ? r->units : ldm_resource_get(r, "size");
	uint64_t bytes = 0;

	return text && parse_size(text, &bytes) == 0 ? bytes : 0;
}

static int add_free_unit(struct free_devices *f, const struct ldm_resource *r, const char *type)
{
	if (!is_free(r))
		return 0;
	if (strcasecmp(type, "cpu") == 0) {
		f->vcpus += free_amount(r);
		return add_free_core(f, r);
	}
	if (strcasecmp(type, "memory") == 0)
		f->memory_bytes += free_bytes(r);
	else if (strcasecmp(type, "physio_device") == 0)
		f->buses += word_is_bus(ldm_resource_get(r, "name") ?: "");
	else
		f->crypto += free_amount(r);
	return 0;
}

static bool is_counted(const char *type)
{
	static const char *const types[] = {"cpu", "memory", "physio_device", "mau", "crypto"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcasecmp(type, types[i]) == 0)
			return true;
	return false;
}

int free_devices_read(struct free_devices *f, const struct ldm_content *content, size_t *budget)
{
	int rc = 0;

	for (size_t i = 0; i < content->n_resources; i++) {
		const struct ldm_resource *r = &content->resources[i];

		if (!is_counted(r->type))
			continue;
		if (*budget < r->n_bindings + 1)
			return -E2BIG;
		*budget -= r->n_bindings + 1;
		if (r->n_bindings == 0)
			rc = add_free_unit(f, r, r->type);
		for (size_t j = 0; rc == 0 && j < r->n_bindings; j++)
			rc = add_free_unit(f, &r->bindings[j], r->type);
		if (rc < 0)
			return rc;
	}
	return 0;
}

void free_devices_finish(struct free_devices *f)
{
	f->n_core_ids = sort_once(f->core_ids, f->n_core_ids);
}

/* --- pools --------------------------------------------------------------------------------- */

static int add_bound(struct bound_devices *b, const struct domain *d)
{
	const struct domain_detail *detail = d->detail;

	/* A bus stays with its domain in every state. */
	b->buses += d->num_iobus;
	if (d->row_status != ROW_ACTIVE || d->state == DOMAIN_INACTIVE)
		return 0;
	b->vcpus += d->num_vcpu;
	b->crypto += d->num_crypto;
	b->memory_bytes += d->mem_bytes;
	for (size_t i = 0; detail && i < detail->n_vcpus; i++) {
		if (detail->vcpus[i].core_unknown)
			continue;
		uint32_t *place = array_append(&b->core_ids, &b->n_core_ids, sizeof(*place));

		if (!place)
			return -ENOMEM;
		*place = detail->vcpus[i].cid;
	}
	return 0;
}

int pools_bound(const struct domain *const *domains, size_t n, struct bound_devices *ret)
{
	struct bound_devices b = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_bound(&b, domains[i]);
	if (r < 0) {
		free(b.core_ids);
		return r;
	}
	b.n_core_ids = sort_once(b.core_ids, b.n_core_ids);
	*ret = b;
	return 0;
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

static struct pool pool_of(uint64_t free_now, uint64_t bound)
{
	return (struct pool){.total = free_now + bound, .free = free_now};
}

static struct host_pools pools_of(const struct free_devices *f, const struct bound_devices *b)
{
	size_t cores = count_union(f->core_ids, f->n_core_ids, b->core_ids, b->n_core_ids);

	return (struct host_pools){
		.known = true,
		.vcpus = pool_of(f->vcpus, b->vcpus),
		.cores = {.total = cores, .free = cores - b->n_core_ids},
		.crypto = pool_of(f->crypto, b->crypto),
		.buses = pool_of(f->buses, b->buses),
		.memory_bytes = pool_of(f->memory_bytes, b->memory_bytes),
	};
}

static bool same_totals(const struct host_pools *a, const struct host_pools *b)
{
	return a->known == b->known && a->vcpus.total == b->vcpus.total &&
	       a->cores.total == b->cores.total && a->crypto.total == b->crypto.total &&
	       a->buses.total == b->buses.total && a->memory_bytes.total == b->memory_bytes.total;
}

void pools_learn(struct host_pools *pools, struct host_pools *doubted, const struct free_devices *f,
	const struct bound_devices *b)
{
	struct host_pools now = pools_of(f, b);
	bool believed = !pools->known || same_totals(&now, pools) || same_totals(&now, doubted);

	if (believed)
		*pools = now;
	now.known = !believed;
	*doubted = now;
}

static void update_free(struct pool *p, uint64_t bound)
{
	p->free = p->total > bound ? p->total - bound : 0;
}

void pools_update(struct host_pools *pools, const struct bound_devices *b)
{
	if (!pools->known)
		return;
	update_free(&pools->vcpus, b->vcpus);
	update_free(&pools->cores, b->n_core_ids);
	update_free(&pools->crypto, b->crypto);
	update_free(&pools->buses, b->buses);
	update_free(&pools->memory_bytes, b->memory_bytes);
}
