/*
 * Prefix sums over the domains' lists, and the search in them.
 */
#include "inventory/lists.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ends[which * n + i]: rows of the domains 0..i */
struct list_ends {
	size_t n;
	size_t ends[];
};

struct place {
	bool in_services;
	size_t rows, count, size;
};

#define DETAIL(items, n_items, type)                                                               \
	{                                                                                          \
		false, offsetof(struct domain_detail, items),                                      \
			offsetof(struct domain_detail, n_items), sizeof(struct type)               \
	}
#define SERVICES(items, n_items, type)                                                             \
	{                                                                                          \
		true, offsetof(struct domain_services, items),                                     \
			offsetof(struct domain_services, n_items), sizeof(struct type)             \
	}

static const struct place places[_DOMAIN_LIST_MAX] = {
	[LIST_VCPU] = DETAIL(vcpus, n_vcpus, vcpu),
	[LIST_CORE] = DETAIL(cores, n_cores, core),
	[LIST_MEMORY_BLOCK] = DETAIL(memory, n_memory, memory_block),
	[LIST_CRYPTO] = DETAIL(crypto, n_crypto, crypto_unit),
	[LIST_IOBUS] = DETAIL(iobuses, n_iobuses, iobus),
	[LIST_VDISK] = DETAIL(disks, n_disks, vdisk),
	[LIST_VNET] = DETAIL(networks, n_networks, vnet),
	[LIST_CONSOLE] = DETAIL(consoles, n_consoles, console),
	[LIST_VARIABLE] = DETAIL(variables, n_variables, environment_variable),
	[LIST_POLICY] = DETAIL(policies, n_policies, policy),
	[LIST_VDS] = SERVICES(vds, n_vds, vds),
	[LIST_VOLUME] = SERVICES(volumes, n_volumes, vds_volume),
	[LIST_VSW] = SERVICES(vsw, n_vsw, vsw),
	[LIST_VCC] = SERVICES(vcc, n_vcc, vcc),
};

static const struct vmem the_memory = {.index = 1};

struct row_list domain_list(const struct domain *d, enum domain_list which)
{
	const struct place *p = &places[which];
	const void *owner = p->in_services ? (const void *)d->services : d->detail;
	struct row_list list = {.size = p->size};

	if (!owner)
		return list;
	if (which == LIST_VMEM)
		return (struct row_list){&the_memory, 1, sizeof(the_memory)};
	memcpy(&list.rows, (const char *)owner + p->rows, sizeof(list.rows));
	memcpy(&list.n, (const char *)owner + p->count, sizeof(list.n));
	return list;
}

int list_ends_new(const struct domain *const *domains, size_t n, struct list_ends **ret)
{
	struct list_ends *e = malloc(sizeof(*e) + _DOMAIN_LIST_MAX * n * sizeof(e->ends[0]));

	if (!e)
		return -ENOMEM;
	e->n = n;
	for (size_t which = 0; which < _DOMAIN_LIST_MAX; which++) {
		size_t sum = 0;

		for (size_t i = 0; i < n; i++) {
			sum += domain_list(domains[i], (enum domain_list)which).n;
			e->ends[which * n + i] = sum;
		}
	}
	*ret = e;
	return 0;
}

void list_ends_free(struct list_ends *e)
{
	free(e);
}

size_t snapshot_count_rows(const struct snapshot *s, enum domain_list which)
{
	const struct list_ends *e = s->list_ends;

	return e->n ? e->ends[which * e->n + e->n - 1] : 0;
}

static uint32_t index_at(const struct row_list *list, size_t i)
{
	uint32_t index;

	memcpy(&index, (const char *)list->rows + i * list->size, sizeof(index));
	return index;
}

static size_t lower_row(const struct row_list *list, uint32_t index)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index_at(list, middle) < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first domain from `from` on that has rows in this list. */
static size_t next_with_rows(const struct list_ends *e, enum domain_list which, size_t from)
{
	const size_t *ends = e->ends + which * e->n;
	size_t before = from > 0 ? ends[from - 1] : 0, low = from, high = e->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ends[middle] > before)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool take_row(
	const struct domain *d, const struct row_list *list, size_t i, struct list_row *ret)
{
	if (i >= list->n)
		return false;
	*ret = (struct list_row){
		.domain = d,
		.row = (const char *)list->rows + i * list->size,
		.index = index_at(list, i),
	};
	return true;
}

bool snapshot_seek_row(const struct snapshot *s, enum domain_list which, uint32_t domain,
	uint32_t index, struct list_row *ret)
{
	size_t at = snapshot_lower_bound(s, domain);

	if (at < s->n_domains && s->domains[at]->index == domain) {
		const struct row_list list = domain_list(s->domains[at], which);

		if (take_row(s->domains[at], &list, lower_row(&list, index), ret))
			return true;
		at++;
	}
	at = next_with_rows(s->list_ends, which, at);
	if (at == s->n_domains)
		return false;
	const struct row_list list = domain_list(s->domains[at], which);
	return take_row(s->domains[at], &list, 0, ret);
}
