/*
 * Free devices come in several shapes: a resource with an amount, a resource with a binding for
 * each unit, or a resource for each unit; with -a the ones in use as well, each marked.
 */
#include "inventory/build-devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/rows-finish.h"
#include "ldm/document.h"
#include "util/number.h"

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

static int add_core(struct free_devices *f, const struct ldm_resource *r)
{
	const char *text = ldm_resource_get(r, "cid");
	uint32_t *more, id;

	if (!text || parse_u32(text, &id) < 0)
		return 0;
	more = reallocarray(f->core_ids, f->n_core_ids + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	f->core_ids = more;
	f->core_ids[f->n_core_ids++] = id;
	return 0;
}

static uint64_t amount(const struct ldm_resource *r)
{
	uint64_t n = 0;

	if (!r->units)
		return 1;
	return parse_u64(r->units, &n) < 0 ? 0 : n;
}

static uint64_t size_of(const struct ldm_resource *r)
{
	const char *text = r->units ? r->units : ldm_resource_get(r, "size");
	uint64_t bytes = 0;

	return text && parse_size(text, &bytes) == 0 ? bytes : 0;
}

static int take_unit(struct free_devices *f, const struct ldm_resource *r, const char *type)
{
	if (!is_free(r))
		return 0;
	if (strcasecmp(type, "cpu") == 0) {
		f->vcpus += amount(r);
		return add_core(f, r);
	}
	if (strcasecmp(type, "memory") == 0)
		f->memory_bytes += size_of(r);
	else if (strcasecmp(type, "physio_device") == 0)
		f->buses += is_bus_name(ldm_resource_get(r, "name") ?: "");
	else
		f->crypto += amount(r);
	return 0;
}

static bool note_known(struct free_devices *f, const char *type)
{
	if (strcasecmp(type, "cpu") == 0)
		f->cpus_known = true;
	else if (strcasecmp(type, "memory") == 0)
		f->memory_known = true;
	else if (strcasecmp(type, "physio_device") == 0)
		f->buses_known = true;
	else if (strcasecmp(type, "mau") == 0 || strcasecmp(type, "crypto") == 0)
		f->crypto_known = true;
	else
		return false;
	return true;
}

int build_devices(const struct ldm_content *content, struct free_devices *f, size_t *budget)
{
	int rc = 0;

	for (size_t i = 0; i < content->n_resources; i++) {
		const struct ldm_resource *r = &content->resources[i];

		if (!note_known(f, r->type))
			continue;
		if (*budget < r->n_bindings + 1)
			return -E2BIG;
		*budget -= r->n_bindings + 1;
		if (r->n_bindings == 0)
			rc = take_unit(f, r, r->type);
		for (size_t j = 0; rc == 0 && j < r->n_bindings; j++)
			rc = take_unit(f, &r->bindings[j], r->type);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void devices_sort_cores(struct free_devices *f)
{
	size_t kept = 0;

	if (f->n_core_ids == 0)
		return;
	qsort(f->core_ids, f->n_core_ids, sizeof(*f->core_ids), compare_ids);
	for (size_t i = 0; i < f->n_core_ids; i++)
		if (kept == 0 || f->core_ids[kept - 1] != f->core_ids[i])
			f->core_ids[kept++] = f->core_ids[i];
	f->n_core_ids = kept;
}
