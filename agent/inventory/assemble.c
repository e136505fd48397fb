/*
 * The steps from a listing to a snapshot: numbers of domains, lists and merged values of each
 * domain, rows, pools.
 */
#include "inventory/assemble.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/pools.h"
#include "inventory/registry.h"
#include "inventory/rows.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/text.h"

/* ldmd tells uptimes above a minute in whole minutes. */
#define UPTIME_STEP_S 60
/* A longer uptime (136 years) is an error of ldmd, and its milliseconds might not fit int64_t. */
#define UPTIME_MAX_S UINT32_MAX

struct assembly {
	const struct assemble_input *in;
	const struct domain **rows; /* references; room for the last snapshot and the listing */
	size_t n_rows;
	/* By place in the last snapshot: the listing has a row with that index or that name. */
	bool *replaced;
	bool changed; /* a row was made, removed or changed */
};

/* A command on the domain ended after the question left, so the answer may show the time before. */
static bool is_kept_back(const struct assemble_input *in, const struct domain *d)
{
	for (size_t i = 0; i < in->n_keep; i++)
		if (strcmp(in->keep[i], d->name) == 0)
			return true;
	return false;
}

static size_t last_count(const struct assemble_input *in)
{
	return in->last ? in->last->n_domains : 0;
}

static bool is_full_list(const struct assemble_input *in)
{
	return in->listing->kind == LISTING_DOMAIN && !in->only;
}

/*
 * Only list-domain for all decides which domains exist, unless a domain in it had no name and was
 * left out. The other lists add values.
 */
static bool decides_membership(const struct assemble_input *in)
{
	return is_full_list(in) && in->listing->left_out == 0;
}

/* Services and constraints of a domain that no list-domain has shown make no row. */
static bool may_bring_new(const struct assemble_input *in)
{
	return in->listing->kind == LISTING_DOMAIN || in->listing->kind == LISTING_BINDINGS;
}

/* --- numbers of domains -------------------------------------------------------------------- */

static bool brings_uuid(const struct assemble_input *in, const char *uuid)
{
	for (size_t i = 0; i < in->listing->n_domains; i++)
		if (text_equal(in->listing->domains[i]->uuid, uuid))
			return true;
	return false;
}

/*
 * A domain listed without a UUID gets the UUID of the domain that has its name in the last
 * snapshot, unless the listing has that UUID under another name.
 */
static int complete_identity(const struct assemble_input *in, struct domain *d)
{
	const struct domain *old = snapshot_find_name(in->last, d->name);

	if (d->uuid || !old || !old->uuid || old->row_status != ROW_ACTIVE ||
		brings_uuid(in, old->uuid))
		return 0;
	d->known |= KNOWN_UUID;
	return text_copy(old->uuid, &d->uuid);
}

/* If the registry has no number left, the domain keeps index 0 and is not shown. */
static int number_domain(const struct assemble_input *in, struct domain *d)
{
	int r = complete_identity(in, d);

	if (r == 0)
		r = registry_assign(in->registry, d->uuid, d->name, &d->index);
	if (r < 0)
		return r == -ENOSPC ? 0 : r;
	if (!d->uuid && registry_uuid(in->registry, d->index)) {
		d->known |= KNOWN_UUID;
		r = text_copy(registry_uuid(in->registry, d->index), &d->uuid);
	}
	return r;
}

static bool is_control(const struct domain *d)
{
	return d->flags ? d->flags[3] == 'c' : strcmp(d->name, "primary") == 0;
}

/* The control domain comes first, then the others in ldmd's order. */
static int number_listed(const struct assemble_input *in)
{
	const struct listing *l = in->listing;
	int r = 0;

	for (size_t i = 0; i < l->n_domains; i++)
		if (l->domains[i]->uuid)
			registry_listed(in->registry, l->domains[i]->uuid);
	for (int control = 1; control >= 0; control--)
		for (size_t i = 0; r == 0 && i < l->n_domains; i++)
			if (is_control(l->domains[i]) == control &&
				!is_kept_back(in, l->domains[i]))
				r = number_domain(in, l->domains[i]);
	return r;
}

/* These rows stay whether or not the listing has them, so the registry must not see them depart. */
static int touch_kept_back(const struct assemble_input *in)
{
	uint32_t index;
	int r = 0;

	for (size_t i = 0; r == 0 && i < last_count(in); i++) {
		const struct domain *d = in->last->domains[i];

		if (d->row_status == ROW_ACTIVE && is_kept_back(in, d))
			r = registry_assign(in->registry, d->uuid, d->name, &index);
	}
	return r;
}

static int number_domains(const struct assemble_input *in)
{
	bool all = decides_membership(in);

	if (all)
		registry_present_begin(in->registry);
	int r = touch_kept_back(in);
	if (r == 0)
		r = number_listed(in);
	if (r == 0 && all)
		registry_present_end(in->registry);
	return r;
}

/* --- numbers of rows ----------------------------------------------------------------------- */

/* A name that is unique only within a scope is numbered as "scope/name", a row without a name by
 * its kind. */
static int number_name(const struct row_type *t, const void *row, uint32_t owner_index,
	struct registry *r, uint32_t *ret)
{
	const char *name = row_name(t, row), *scope = row_text(row, t->scope);
	_cleanup_free_ char *joined = NULL;

	if (t->twin) {
		int rc = registry_assign_twin(
			r, owner_index, t->kind, name, row_text(row, t->twin), 0, false, ret);

		if (rc < 0 || *ret)
			return rc;
	}
	if (scope && text_printf(&joined, "%s/%s", scope, name) < 0)
		return -ENOMEM;
	if (joined)
		name = joined;
	return registry_assign_object(r, owner_index, t->kind, name ? name : t->kind, ret);
}

static uint64_t own_number(const struct row_type *t, const void *row)
{
	uint32_t number;
	uint64_t address;

	if (t->numbering == NUMBER_OWN) {
		memcpy(&number, (const char *)row + t->number, sizeof(number));
		return (uint64_t)number + 1;
	}
	memcpy(&address, (const char *)row + t->number, sizeof(address));
	return (address >> 20) + 1;
}

static int number_row(const struct row_type *t, void *row, uint32_t owner_index, struct registry *r)
{
	uint32_t index = 0;
	int rc = 0;

	if (t->numbering == NUMBER_NAME)
		rc = number_name(t, row, owner_index, r, &index);
	else if (own_number(t, row) <= REGISTRY_INDEX_MAX)
		index = (uint32_t)own_number(t, row);
	memcpy(row, &index, sizeof(index));
	return rc;
}

/* Rows with the same number become neighbours and stay in the order in which ldmd lists them. */
static int compare_row_pointers(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	if (row_index(*x) != row_index(*y))
		return compare_u64(row_index(*x), row_index(*y));
	return compare_u64((uintptr_t)*x, (uintptr_t)*y);
}

/* The value by which the row of that number differed from its twins in the last list; NULL: the
 * last list had no such row. */
static const char *twin_before(const struct row_type *t, const void *last_owner, uint32_t index)
{
	for (size_t i = 0; last_owner && i < rows_count(t, last_owner); i++)
		if (row_index(rows_at(t, last_owner, i)) == index)
			return row_text(rows_at(t, last_owner, i), t->twin);
	return NULL;
}

/*
 * Gives numbers to n rows of one name, which all have the number of the name so far. One row keeps
 * it: the row whose value the registry knows with it, else the row that had it in the last list,
 * else the first. The others get numbers of their own.
 */
static int number_twins_of(const struct row_type *t, char *const *rows, size_t n,
	const void *last_owner, uint32_t owner_index, struct registry *r)
{
	enum { KNOWN, HAD_IT, OTHERS, N_PASSES };
	uint32_t plain = row_index(rows[0]), index;
	const char *before = twin_before(t, last_owner, plain);
	bool is_free = true;
	int rc = 0;

	for (int pass = KNOWN; pass < N_PASSES; pass++)
		for (size_t i = 0; rc == 0 && i < n; i++) {
			const char *value = row_text(rows[i], t->twin);

			if (pass == HAD_IT && !(before && text_equal(value, before)))
				continue;
			rc = registry_assign_twin(r, owner_index, t->kind, row_name(t, rows[i]),
				value, pass == KNOWN ? 0 : plain, is_free, &index);
			if (rc < 0 || index == 0)
				continue;
			memcpy(rows[i], &index, sizeof(index));
			is_free &= index != plain;
		}
	return rc;
}

static int number_twins(const struct row_type *t, void *owner, const void *last_owner,
	uint32_t owner_index, struct registry *r)
{
	size_t n = rows_count(t, owner);
	int rc = 0;

	if (!t->twin || n < 2)
		return 0;
	_cleanup_free_ char **rows = calloc(n, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		rows[i] = rows_at(t, owner, i);
	qsort(rows, n, sizeof(*rows), compare_row_pointers);
	for (size_t i = 0, end; rc == 0 && i < n; i = end) {
		for (end = i + 1; end < n && row_index(rows[end]) == row_index(rows[i]);)
			end++;
		if (end > i + 1)
			rc = number_twins_of(t, rows + i, end - i, last_owner, owner_index, r);
	}
	return rc;
}

/* Numbers and sorts the lists of an owner. last_owner: its lists in the last snapshot, or NULL. */
static int number_rows(enum row_owner which, void *owner, const void *last_owner,
	uint32_t owner_index, struct registry *r)
{
	int rc = 0;

	for (const struct row_type *t = row_types; t < row_types + _LIST_MAX; t++) {
		if (t->owner != which || t->numbering == NUMBER_DERIVED)
			continue;
		for (size_t i = 0; rc == 0 && i < rows_count(t, owner); i++)
			rc = number_row(t, rows_at(t, owner, i), owner_index, r);
		if (rc == 0)
			rc = number_twins(t, owner, last_owner, owner_index, r);
		if (rc < 0)
			return rc;
		rows_sort(t, owner);
	}
	return 0;
}

static int number_lists(const struct assemble_input *in, struct domain *d, const struct domain *old)
{
	/* Only the listing holds them, so they may be written. */
	struct domain_detail *detail = (struct domain_detail *)(uintptr_t)d->detail;
	struct domain_services *services = (struct domain_services *)(uintptr_t)d->services;
	int r = 0;

	if (detail)
		r = number_rows(
			OWNER_DETAIL, detail, old ? old->detail : NULL, d->index, in->registry);
	if (r == 0 && detail)
		r = rows_derive_cores(detail);
	if (r == 0 && services)
		r = number_rows(OWNER_SERVICES, services, old ? old->services : NULL, d->index,
			in->registry);
	return r;
}

/* --- merging ------------------------------------------------------------------------------- */

/*
 * Lists differ in what they show: list-domain has no buses, list-bindings may have no load. A value
 * that this list does not show is kept; but if list-domain showed it before and does not now, the
 * value is gone.
 */
static bool inherits(
	const struct field *f, uint32_t told, const struct domain *old, enum listing_kind kind)
{
	if (!f->known || (told & f->known) || !(old->known & f->known))
		return false;
	return f->known == KNOWN_UUID || kind != LISTING_DOMAIN || !(old->told & f->known);
}

static int inherit_values(struct domain *fresh, const struct domain *old, enum listing_kind kind)
{
	/* As it was: fresh->known grows below, and two members may have the same bit. */
	const uint32_t told = fresh->known;

	for (const struct field *f = domain_fields; f->kind != FIELD_END; f++) {
		if (!inherits(f, told, old, kind))
			continue;
		int r = field_take(f, old, fresh);
		if (r < 0)
			return r;
		fresh->known |= f->known;
	}
	if (kind != LISTING_DOMAIN)
		fresh->told = old->told;
	if (kind != LISTING_BINDINGS)
		fresh->roles |= old->roles & (DOMAIN_IO | DOMAIN_ROOT);
	fresh->last_change_ms = old->last_change_ms;
	return 0;
}

/* Equal lists are shared, which saves memory and lets a comparison of pointers find the changes. */
static void inherit_lists(struct domain *fresh, const struct domain *old)
{
	const struct domain_detail *detail = fresh->detail;
	const struct domain_services *services = fresh->services;

	if (old->detail && (!detail || rows_same(OWNER_DETAIL, detail, old->detail, true))) {
		fresh->detail = detail_ref(old->detail);
		detail_unref(detail);
	}
	if (old->services &&
		(!services || rows_same(OWNER_SERVICES, services, old->services, true))) {
		fresh->services = services_ref(old->services);
		services_unref(services);
	}
}

static enum domain_migration migration_of(char letter)
{
	switch (letter) {
	case 's':
		return MIGRATION_SOURCE;
	case 't':
		return MIGRATION_TARGET;
	case 'e':
		return MIGRATION_ERROR;
	default:
		return MIGRATION_NONE;
	}
}

static void derive_from_flags(struct domain *d)
{
	const char *f = d->flags ? d->flags : "------";

	d->transition = f[1] == 't';
	d->degraded = f[1] == 'd';
	d->pending = f[2] == 'd';
	d->memory_dr = f[2] == 'r';
	d->migration = migration_of(f[5]);
	d->roles &= ~(uint32_t)(DOMAIN_CONTROL | DOMAIN_SERVICE | DOMAIN_GUEST);
	/* Data version 2.0 has no flags: there is_control() goes by the name. */
	d->roles |= is_control(d) ? DOMAIN_CONTROL : DOMAIN_GUEST;
	if (f[4] == 'v')
		d->roles |= DOMAIN_SERVICE;
}

/* Kept values that the state rules out: a load without a run, a console port while inactive. */
static void clear_by_state(struct domain *d)
{
	bool runs = d->state == DOMAIN_ACTIVE || d->state == DOMAIN_STOPPING ||
		    d->state == DOMAIN_STARTING || d->state == DOMAIN_UNKNOWN;

	if (!runs) {
		d->utilization_permille = 0;
		d->norm_util_permille = 0;
		d->uptime_s = 0;
	}
	if (d->state == DOMAIN_INACTIVE)
		d->console_port = 0;
}

/*
 * ldomAdminState needs a state even when ldmd's word is unknown: the last known state, or, if there
 * is none, active for a domain that has CPUs and memory.
 */
static void derive_known_state(struct domain *d, const struct domain *old)
{
	if (d->state != DOMAIN_UNKNOWN)
		d->known_state = d->state;
	else if (old && old->known_state && old->known_state != DOMAIN_UNKNOWN)
		d->known_state = old->known_state;
	else
		d->known_state =
			d->num_vcpu > 0 && d->mem_bytes > 0 ? DOMAIN_ACTIVE : DOMAIN_UNKNOWN;
	if (d->state != DOMAIN_UNKNOWN)
		d->told_state = d->state;
	else if (old)
		d->told_state = old->told_state;
}

int merge_domain(
	struct domain *fresh, const struct domain *old, enum listing_kind kind, uint64_t now_ms)
{
	int r = old ? inherit_values(fresh, old, kind) : 0;

	if (r < 0)
		return r;
	if (old)
		inherit_lists(fresh, old);
	derive_from_flags(fresh);
	derive_known_state(fresh, old);
	clear_by_state(fresh);
	if (!old || !domain_same(fresh, old))
		fresh->last_change_ms = now_ms;
	return 0;
}

/* --- rows ---------------------------------------------------------------------------------- */

static void add_row(struct assembly *a, const struct domain *take)
{
	a->rows[a->n_rows++] = take;
}

/* Replaces the old rows with this index and this name: a name passes on to the listed domain. */
static void add_listed_row(struct assembly *a, const struct domain *take)
{
	const struct snapshot *last = a->in->last;
	const struct domain *same_index = snapshot_find_index(last, take->index);
	const struct domain *same_name = snapshot_find_name(last, take->name);

	add_row(a, take);
	if (same_index)
		a->replaced[snapshot_lower_bound(last, same_index->index)] = true;
	if (same_name)
		a->replaced[snapshot_lower_bound(last, same_name->index)] = true;
}

/* A query for one domain takes nothing over: the constraints are asked for next. */
static void inherit_waiting(
	const struct assemble_input *in, struct domain *d, const struct domain *old)
{
	if (in->only || !d->pending || !old || !old->pending)
		return;
	d->waiting_known = old->waiting_known;
	d->waiting_vcpu = old->waiting_vcpu;
	d->waiting_crypto = old->waiting_crypto;
	d->waiting_mem_bytes = old->waiting_mem_bytes;
}

static int add_merged(struct assembly *a, struct domain *d, const struct domain *old)
{
	const struct assemble_input *in = a->in;

	if (in->listing->kind == LISTING_BINDINGS && in->ignore_bound_services) {
		services_unref(d->services);
		d->services = NULL;
	}
	int r = number_lists(in, d, old);
	if (r == 0) {
		struct cpu_time_limits limits = in->cpu_time;
		/* A list-domain for one domain leaves the time to the next one for all. */
		limits.list_ms = in->last && is_full_list(in) ? in->last->list_ms : 0;
		cpu_time_add(d, old, in->listing->kind, in->now_ms, &limits);
		r = merge_domain(d, old, in->listing->kind, in->now_ms);
	}
	if (r < 0)
		return r;
	inherit_waiting(in, d, old);
	a->changed |= !old || !domain_same(d, old);
	add_listed_row(a, domain_ref(old && domain_identical(d, old) ? old : d));
	return 0;
}

/* The constraints of a domain in delayed reconfiguration are what it gets at its reboot. */
static int add_waiting(
	struct assembly *a, const struct domain *constraints, const struct domain *old)
{
	const uint32_t all = KNOWN_VCPU | KNOWN_MEMORY;
	struct domain *copy;

	if (!old->pending || (constraints->known & all) != all)
		return 0;
	int r = domain_copy(old, &copy);
	if (r < 0)
		return r;
	copy->waiting_known = true;
	copy->waiting_vcpu = constraints->num_vcpu;
	copy->waiting_crypto = constraints->num_crypto;
	copy->waiting_mem_bytes = constraints->mem_bytes;
	add_listed_row(a, copy);
	return 0;
}

static int add_listed_domain(struct assembly *a, struct domain *d)
{
	const struct domain *old = snapshot_find_index(a->in->last, d->index);

	/* The manager's row has become a domain, which inherits nothing from the row. */
	if (old && old->row_status != ROW_ACTIVE)
		old = NULL;
	if (!old && !may_bring_new(a->in))
		return 0;
	/* ldomNumVCPU and ldomMemSize show constraints only while the domain is inactive. */
	if (old && a->in->listing->kind == LISTING_CONSTRAINTS && old->state != DOMAIN_INACTIVE)
		return add_waiting(a, d, old);
	return add_merged(a, d, old);
}

static int add_listed(struct assembly *a)
{
	const struct listing *l = a->in->listing;
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->n_domains; i++)
		if (l->domains[i]->index > 0 && !is_kept_back(a->in, l->domains[i]))
			r = add_listed_domain(a, l->domains[i]);
	return r;
}

/* Whether a row of the last snapshot stays although the listing does not bring it. */
static bool stays(const struct assemble_input *in, const struct domain *d)
{
	if (d->row_status != ROW_ACTIVE || is_kept_back(in, d))
		return true;
	if (in->gone && strcmp(in->gone, d->name) == 0)
		return false;
	return !decides_membership(in);
}

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
	add_row(a, copy);
	return 0;
}

/* list-services for all leaves the domain out, so the domain has no services any more. */
static bool loses_services(const struct assemble_input *in, const struct domain *d)
{
	const struct domain_services *s = d->services;

	return in->listing->kind == LISTING_SERVICES && !in->only && in->listing->left_out == 0 &&
	       d->row_status == ROW_ACTIVE && !is_kept_back(in, d) &&
	       (!s || s->n_vds + s->n_volumes + s->n_vsw + s->n_vcc > 0);
}

static int add_not_listed(struct assembly *a)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < last_count(a->in); i++) {
		const struct domain *d = a->in->last->domains[i];

		if (a->replaced[i])
			continue;
		if (!stays(a->in, d))
			a->changed = true;
		else if (loses_services(a->in, d))
			r = add_without_services(a, d);
		else
			add_row(a, domain_ref(d));
	}
	return r;
}

/* ------------------------------------------------------------------------------------------- */

/*
 * The latest time at which the hypervisor can have started, from the longest uptime of a domain. If
 * every uptime is shorter than the time since ldmd's last answer, the host was switched off in
 * between, and the count begins anew.
 */
static int64_t hypervisor_zero(const struct assembly *a)
{
	const struct snapshot *last = a->in->last;
	uint64_t longest_s = 0, silent_ms = last ? a->in->now_ms - last->taken_ms : 0;
	bool told = false;

	for (size_t i = 0; i < a->n_rows; i++) {
		const struct domain *d = a->rows[i];

		if (d->state != DOMAIN_ACTIVE || !(d->known & KNOWN_UPTIME) ||
			d->uptime_s > UPTIME_MAX_S)
			continue;
		told = true;
		if (d->uptime_s > longest_s)
			longest_s = d->uptime_s;
	}
	int64_t zero = (int64_t)a->in->now_ms - (int64_t)longest_s * 1000;
	bool anew = told && (longest_s + UPTIME_STEP_S) * 1000 < silent_ms;
	return last && !anew && last->hypervisor_zero_ms < zero ? last->hypervisor_zero_ms : zero;
}

static int update_pools(const struct assembly *a, struct snapshot *facts)
{
	const struct listing *l = a->in->listing;
	struct bound_devices bound;
	int r = pools_bound(a->rows, a->n_rows, &bound);

	if (r < 0)
		return r;
	if (l->kind == LISTING_DEVICES)
		pools_learn(&facts->pools, &facts->doubted_pools, &l->free, &bound);
	pools_update(&facts->pools, &bound);
	pools_bound_clear(&bound);
	return 0;
}

/* The facts of the last snapshot (NULL: this is the first) with the next serial. */
static struct snapshot facts_after(const struct snapshot *last, uint64_t now_ms)
{
	struct snapshot facts = {.hypervisor_zero_ms = (int64_t)now_ms};

	if (last)
		facts = *last;
	facts.serial++;
	facts.members_changed_ms = now_ms;
	return facts;
}

static int make_snapshot(struct assembly *a, const struct snapshot **ret)
{
	const struct assemble_input *in = a->in;
	const struct snapshot *last = in->last;
	struct snapshot facts = facts_after(last, in->now_ms);
	struct host *told = in->listing->host;
	int r = update_pools(a, &facts);

	if (r == 0 && in->listing->kind == LISTING_SPCONFIG) {
		r = number_rows(OWNER_HOST, told, NULL, 0, in->registry);
		told->spconfigs_known = true;
		told->spconfigs_ms = in->asked_ms;
		facts.host = told;
	}
	if (r < 0)
		return r;
	if (is_full_list(in) || !last)
		facts.taken_ms = in->now_ms;
	if (is_full_list(in)) {
		facts.list_ms = in->now_ms;
		facts.lists++;
	}
	if (a->changed || !last)
		facts.table_last_change_ms = in->now_ms;
	facts.hypervisor_zero_ms = hypervisor_zero(a);
	/* New numbers must be on disk before anyone sees them. The registry logs a failure. */
	(void)registry_commit(in->registry);
	facts.next_index = registry_next_index(in->registry);
	return snapshot_new(&facts, a->rows, a->n_rows, last, ret);
}

/*
 * Answers that only add domains (list-bindings, a query for one domain) could pass the limit in
 * small steps. Checked before a domain gets a number, as numbers are never given back.
 */
static int check_count(const struct assemble_input *in)
{
	const struct listing *l = in->listing;
	size_t n = in->last ? in->last->n_active_rows : 0;

	if (decides_membership(in) || !may_bring_new(in))
		return 0;
	for (size_t i = 0; i < l->n_domains; i++)
		n += !snapshot_find_name(in->last, l->domains[i]->name);
	return n > l->limits.domains ? -E2BIG : 0;
}

int assemble(const struct assemble_input *in, const struct snapshot **ret)
{
	struct assembly a = {.in = in};
	int r = check_count(in);

	if (r < 0)
		return r;
	a.rows = calloc(in->listing->n_domains + last_count(in) + 1, sizeof(struct domain *));
	a.replaced = calloc(last_count(in) + 1, sizeof(bool));
	r = a.rows && a.replaced ? number_domains(in) : -ENOMEM;
	if (r == 0)
		r = add_listed(&a);
	if (r == 0)
		r = add_not_listed(&a);
	if (r == 0)
		r = make_snapshot(&a, ret);
	for (size_t i = 0; i < a.n_rows; i++)
		domain_unref(a.rows[i]);
	free(a.rows);
	free(a.replaced);
	return r;
}

int assemble_patch(const struct snapshot *last, uint32_t index, const struct domain *row,
	uint64_t now_ms, uint32_t next_index, const struct snapshot **ret)
{
	struct snapshot facts = facts_after(last, now_ms);
	size_t n_last = last ? last->n_domains : 0, n = 0;
	_cleanup_free_ const struct domain **rows = calloc(n_last + 1, sizeof(struct domain *));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < n_last; i++)
		if (last->domains[i]->index != index)
			rows[n++] = last->domains[i];
	if (row)
		rows[n++] = row;
	facts.table_last_change_ms = now_ms;
	facts.next_index = next_index;
	return snapshot_new(&facts, rows, n, last, ret);
}
