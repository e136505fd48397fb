/*
 * The next snapshot out of the last one and a reply.
 */
#include "inventory/assemble.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/cores.h"
#include "inventory/merge.h"
#include "inventory/pools.h"
#include "inventory/registry.h"
#include "inventory/rows.h"

struct assembly {
	const struct assemble_input *in;
	struct snapshot_builder *builder;
	const struct domain **rows;    /* borrowed from the builder: what is in it so far */
	const struct domain **by_name; /* those that the reply brought */
	size_t n_rows;
	bool changed; /* a row was made, removed or changed */
};

static bool has_name(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool kept_back(const struct assemble_input *in, const char *name)
{
	return has_name(in->keep, in->n_keep, name);
}

static size_t last_count(const struct assemble_input *in)
{
	return in->last ? in->last->n_domains : 0;
}

/* list-domain for all decides who is there; the other lists only know more about them. */
static bool decides_membership(const struct assemble_input *in)
{
	return in->source == BUILD_DOMAIN && !in->only;
}

static bool brings_uuid(const struct assemble_input *in, const char *uuid)
{
	struct domain *const *domains = draft_domains(in->draft);

	for (size_t i = 0; i < draft_count(in->draft); i++)
		if (domains[i]->uuid && strcmp(domains[i]->uuid, uuid) == 0)
			return true;
	return false;
}

/* A reply without a UUID means the domain that has the name now, unless that has another name. */
static int complete_identity(const struct assemble_input *in, struct domain *d)
{
	const struct domain *old = snapshot_find_name(in->last, d->name);

	if (d->uuid || !old || !old->uuid || old->row_status != ROW_ACTIVE ||
		brings_uuid(in, old->uuid))
		return 0;
	d->uuid = strdup(old->uuid);
	if (!d->uuid)
		return -ENOMEM;
	d->known |= KNOWN_UUID;
	return 0;
}

/* One that no number is left for keeps index 0 and is not shown. */
static int assign_one(const struct assemble_input *in, struct domain *d)
{
	int r = complete_identity(in, d);

	if (r == 0)
		r = registry_assign(in->registry, d->uuid, d->name, &d->index);
	return r == -ENOSPC ? 0 : r;
}

static bool is_control(const struct domain *d)
{
	return d->flags ? d->flags[3] == 'c' : strcmp(d->name, "primary") == 0;
}

static int assign_all(const struct assemble_input *in, bool control)
{
	struct domain *const *domains = draft_domains(in->draft);
	size_t n = draft_count(in->draft);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (is_control(domains[i]) == control && !kept_back(in, domains[i]->name))
			r = assign_one(in, domains[i]);
	return r;
}

/* Rows that stay for another reason than this reply must not count as departed. */
static int assign_kept(const struct assemble_input *in)
{
	uint32_t index;
	int r = 0;

	for (size_t i = 0; r == 0 && i < last_count(in); i++) {
		const struct domain *d = in->last->domains[i];

		if (d->row_status == ROW_ACTIVE && kept_back(in, d->name))
			r = registry_assign(in->registry, d->uuid, d->name, &index);
	}
	return r;
}

static int assign(const struct assemble_input *in)
{
	bool all = decides_membership(in);
	int r;

	if (all)
		registry_present_begin(in->registry);
	r = assign_kept(in);
	if (r == 0)
		r = assign_all(in, true);
	if (r == 0)
		r = assign_all(in, false);
	if (r == 0 && all)
		registry_present_end(in->registry);
	return r;
}

static int number_lists(const struct assemble_input *in, struct domain *d)
{
	/* Fresh from the draft, so nobody else has these lists. */
	struct domain_detail *detail = (struct domain_detail *)(uintptr_t)d->detail;
	int r = 0;

	if (detail)
		r = rows_number(OWNER_DETAIL, detail, d->index, in->registry);
	if (r == 0 && detail)
		r = cores_derive(detail);
	if (r == 0 && d->services)
		r = rows_number(OWNER_SERVICES, (struct domain_services *)(uintptr_t)d->services,
			d->index, in->registry);
	return r;
}

static int add_row(struct assembly *a, const struct domain *take)
{
	int r = snapshot_builder_add(a->builder, take);

	if (r == 0)
		a->rows[a->n_rows++] = take;
	return r;
}

/* Which list may bring a domain that was not there: services and constraints only add to rows. */
static bool may_be_new(const struct assemble_input *in)
{
	return in->source == BUILD_DOMAIN || in->source == BUILD_BINDINGS;
}

static void choose_services(const struct assemble_input *in, struct domain *d)
{
	if (in->source != BUILD_BINDINGS || !in->ignore_bound_services)
		return;
	services_unref(d->services);
	d->services = NULL;
}

/* Constraints are what an inactive domain shows; any other shows what it has. */
static bool is_beside_the_point(const struct assemble_input *in, const struct domain *old)
{
	return in->source == BUILD_CONSTRAINTS && old->state != DOMAIN_INACTIVE;
}

static int add_merged(struct assembly *a, struct domain *d, const struct domain *old)
{
	const struct assemble_input *in = a->in;
	int r;

	choose_services(in, d);
	r = number_lists(in, d);
	if (r == 0)
		r = merge_domain(d, old, in->source, in->now_ms);
	if (r < 0)
		return r;
	a->changed |= !old || !domain_same(d, old);
	if (old && domain_identical(d, old))
		return add_row(a, domain_ref(old));
	return add_row(a, domain_ref(d));
}

static int add_fresh(struct assembly *a, struct domain *d)
{
	const struct domain *old = snapshot_find_index(a->in->last, d->index);

	/* What a manager was making has become a domain. */
	if (old && old->row_status != ROW_ACTIVE)
		old = NULL;
	if (!old && !may_be_new(a->in))
		return 0;
	if (old && is_beside_the_point(a->in, old))
		return add_row(a, domain_ref(old));
	return add_merged(a, d, old);
}

/* The row is there with a new value, or its name belongs to another domain now. */
static bool is_replaced(
	const struct assembly *a, size_t n_fresh, const struct domain *d, bool *ret_same)
{
	*ret_same = n_fresh > 0 &&
		    bsearch(&d, a->rows, n_fresh, sizeof(*a->rows), domain_compare_index);
	return *ret_same || (n_fresh > 0 && bsearch(&d, a->by_name, n_fresh, sizeof(*a->rows),
						    domain_compare_name));
}

/* Whether a row of the last snapshot stays although the reply does not bring it. */
static bool stays(const struct assemble_input *in, const struct domain *d)
{
	if (d->row_status != ROW_ACTIVE || kept_back(in, d->name))
		return true;
	if (in->gone && strcmp(in->gone, d->name) == 0)
		return false;
	return !decides_membership(in);
}

/* A domain that list-services leaves out has none. */
static int add_without_services(struct assembly *a, const struct domain *old)
{
	struct domain *copy;
	struct domain_services *none;
	int r = domain_copy(old, &copy);

	if (r < 0)
		return r;
	r = services_new(&none);
	if (r < 0) {
		domain_unref(copy);
		return r;
	}
	services_unref(copy->services);
	copy->services = none;
	if (!domain_same(copy, old)) {
		copy->last_change_ms = a->in->now_ms;
		a->changed = true;
	}
	return add_row(a, copy);
}

static bool loses_services(const struct assemble_input *in, const struct domain *d)
{
	return in->source == BUILD_SERVICES && !in->only && d->row_status == ROW_ACTIVE &&
	       !kept_back(in, d->name) &&
	       (!d->services || d->services->n_vds + d->services->n_volumes + d->services->n_vsw +
						d->services->n_vcc >
					0);
}

static int add_old(struct assembly *a, const struct domain *d)
{
	if (!stays(a->in, d)) {
		a->changed = true;
		return 0;
	}
	if (loses_services(a->in, d))
		return add_without_services(a, d);
	return add_row(a, domain_ref(d));
}

static int add_rest(struct assembly *a)
{
	size_t n_fresh = a->n_rows;
	int r = 0;

	memcpy(a->by_name, a->rows, n_fresh * sizeof(*a->rows));
	qsort(a->rows, n_fresh, sizeof(*a->rows), domain_compare_index);
	qsort(a->by_name, n_fresh, sizeof(*a->rows), domain_compare_name);
	for (size_t i = 0; r == 0 && i < last_count(a->in); i++) {
		const struct domain *d = a->in->last->domains[i];
		bool same;

		if (!is_replaced(a, n_fresh, d, &same))
			r = add_old(a, d);
		else
			a->changed |= !same;
	}
	return r;
}

static int add_drafted(struct assembly *a)
{
	struct domain *const *domains = draft_domains(a->in->draft);
	size_t n = draft_count(a->in->draft);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (domains[i]->index > 0 && !kept_back(a->in, domains[i]->name))
			r = add_fresh(a, domains[i]);
	return r;
}

static bool same_host(const struct host *a, const struct host *b)
{
	return pools_same(&a->pools, &b->pools) && pools_same(&a->doubted, &b->doubted) &&
	       a->in_doubt == b->in_doubt && a->spconfigs_known == b->spconfigs_known &&
	       a->spconfigs_ms == b->spconfigs_ms && rows_same(OWNER_HOST, a, b, true);
}

static int fresh_host(const struct assemble_input *in, struct host **ret)
{
	if (!in->last)
		return host_new(ret);
	return host_copy(in->last->host, ret);
}

/* The draft's SP configurations change places with the old ones, which go with the draft. */
static int take_spconfigs(const struct assemble_input *in, struct host *h)
{
	struct host *told = draft_host(in->draft);
	struct spconfig *list = h->spconfigs;
	size_t n = h->n_spconfigs;
	int r = rows_number(OWNER_HOST, told, 0, in->registry);

	if (r < 0)
		return r;
	h->spconfigs = told->spconfigs;
	h->n_spconfigs = told->n_spconfigs;
	h->spconfigs_known = true;
	h->spconfigs_ms = in->asked_ms;
	told->spconfigs = list;
	told->n_spconfigs = n;
	return 0;
}

static int fill_host(struct assembly *a, struct host *h)
{
	const struct assemble_input *in = a->in;
	struct bound_devices bound;
	int r = in->source == BUILD_SPCONFIG ? take_spconfigs(in, h) : 0;

	if (r == 0)
		r = pools_bound(a->rows, a->n_rows, &bound);
	if (r < 0)
		return r;
	if (in->source == BUILD_DEVICES)
		pools_learn(h, draft_free_devices(in->draft), &bound);
	pools_update(h, &bound);
	pools_bound_clear(&bound);
	return 0;
}

static int add_host(struct assembly *a)
{
	const struct snapshot *last = a->in->last;
	struct host *h;
	int r = fresh_host(a->in, &h);

	if (r < 0)
		return r;
	r = fill_host(a, h);
	if (r < 0) {
		host_unref(h);
		return r;
	}
	if (last && same_host(h, last->host)) {
		host_unref(h);
		snapshot_builder_host(a->builder, host_ref(last->host));
	} else {
		snapshot_builder_host(a->builder, h);
	}
	return 0;
}

static int finish(struct assembly *a, const struct snapshot **ret)
{
	const struct assemble_input *in = a->in;
	const struct snapshot *last = in->last;
	struct snapshot_stamp stamp = {
		.serial = last ? last->serial + 1 : 1,
		.taken_ms = decides_membership(in) || !last ? in->now_ms : last->taken_ms,
		.table_last_change_ms =
			a->changed || !last ? in->now_ms : last->table_last_change_ms,
	};

	/* Numbers are on disk before anyone sees them; if that fails the registry says so. */
	(void)registry_commit(in->registry);
	stamp.next_index = registry_next_index(in->registry);
	return snapshot_build(a->builder, &stamp, ret);
}

/*
 * Replies that only add to what is there must not do so for ever; the names they bring count before
 * any gets a number.
 */
static int check_count(const struct assemble_input *in)
{
	struct domain *const *domains = draft_domains(in->draft);
	size_t n = in->last ? in->last->n_active_rows : 0;

	if (decides_membership(in) || !may_be_new(in))
		return 0;
	for (size_t i = 0; i < draft_count(in->draft); i++)
		n += !snapshot_find_name(in->last, domains[i]->name);
	return n > draft_domains_max(in->draft) ? -E2BIG : 0;
}

static int assembly_begin(struct assembly *a)
{
	size_t most = draft_count(a->in->draft) + last_count(a->in);

	a->rows = calloc(most + 1, sizeof(struct domain *));
	a->by_name = calloc(most + 1, sizeof(struct domain *));
	if (!a->rows || !a->by_name)
		return -ENOMEM;
	return snapshot_builder_new(most, &a->builder);
}

int assemble(const struct assemble_input *in, const struct snapshot **ret)
{
	struct assembly a = {.in = in};
	int r = check_count(in);

	if (r == 0)
		r = assembly_begin(&a);
	if (r == 0)
		r = assign(in);
	if (r == 0)
		r = add_drafted(&a);
	if (r == 0)
		r = add_rest(&a);
	if (r == 0)
		r = add_host(&a);
	if (r == 0)
		r = finish(&a, ret);
	if (r < 0)
		snapshot_builder_free(a.builder);
	free(a.rows);
	free(a.by_name);
	return r;
}

static int add_others(struct snapshot_builder *b, const struct snapshot *last, uint32_t index)
{
	int r = 0;

	for (size_t i = 0; r == 0 && last && i < last->n_domains; i++)
		if (last->domains[i]->index != index)
			r = snapshot_builder_add(b, domain_ref(last->domains[i]));
	return r;
}

int assemble_patch(const struct snapshot *last, uint32_t index, const struct domain *row,
	uint64_t now_ms, uint32_t next_index, const struct snapshot **ret)
{
	struct snapshot_stamp stamp = {
		.serial = last ? last->serial + 1 : 1,
		.taken_ms = last ? last->taken_ms : 0,
		.table_last_change_ms = now_ms,
		.next_index = next_index,
	};
	struct snapshot_builder *b;
	int r = snapshot_builder_new(last ? last->n_domains + 1 : 1, &b);

	if (r < 0)
		return r;
	r = add_others(b, last, index);
	if (r == 0 && row)
		r = snapshot_builder_add(b, domain_ref(row));
	if (last)
		snapshot_builder_host(b, host_ref(last->host));
	if (r == 0)
		r = snapshot_build(b, &stamp, ret);
	if (r < 0)
		snapshot_builder_free(b);
	return r;
}
