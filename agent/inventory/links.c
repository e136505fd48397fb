/*
 * Collecting services, sorting them by name, counting who uses them.
 */
#include "inventory/links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/rows.h"
#include "util/array.h"
#include "util/number.h"
#include "util/reference.h"

struct links {
	struct service *services; /* sorted by kind and names */
	size_t n_services;
	struct console_link *consoles;
	size_t n_consoles;
};

/* volume is NULL for every kind but SERVICE_VOLUME. */
static int compare_names(
	const struct service *s, enum service_kind kind, const char *name, const char *volume)
{
	int order = compare_u64(s->kind, kind);

	if (order == 0)
		order = strcmp(s->name, name);
	return order == 0 && volume ? strcmp(s->volume, volume) : order;
}

/* If two domains offer one name, find_service() finds the service of the lower ldomIndex. */
static int compare_services(const void *a, const void *b)
{
	const struct service *x = a, *y = b;
	int order = compare_names(x, y->kind, y->name, y->volume);

	return order ? order : compare_u64(x->domain, y->domain);
}

static struct service *find_service(
	const struct links *l, enum service_kind kind, const char *name, const char *volume)
{
	if (!name || (kind == SERVICE_VOLUME && !volume))
		return NULL;
	size_t at = first_where(
		i, l->n_services, compare_names(&l->services[i], kind, name, volume) >= 0);
	if (at == l->n_services || compare_names(&l->services[at], kind, name, volume) != 0)
		return NULL;
	return &l->services[at];
}

const struct service *links_find(
	const struct links *l, enum service_kind kind, const char *name, const char *volume)
{
	return find_service(l, kind, name, volume);
}

/* --- services ------------------------------------------------------------------------------ */

static const enum domain_list lists[_SERVICE_KIND_MAX] = {
	[SERVICE_VDS] = LIST_VDS,
	[SERVICE_VOLUME] = LIST_VOLUME,
	[SERVICE_VSW] = LIST_VSW,
	[SERVICE_VCC] = LIST_VCC,
};

/* A volume without the name of its vds is left out: no disk can name it. */
static int add_service(
	struct links *l, enum service_kind kind, const struct domain *d, const void *row)
{
	const struct vds_volume *volume = kind == SERVICE_VOLUME ? row : NULL;
	const char *name = volume ? volume->service : row_name(&row_types[lists[kind]], row);

	if (!name)
		return 0;
	struct service *s = array_append(&l->services, &l->n_services, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct service){
		.kind = kind,
		.name = name,
		.volume = volume ? volume->name : NULL,
		.domain = d->index,
		.index = row_index(row),
	};
	return 0;
}

static int collect_services(struct links *l, const struct domain *const *domains, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n; i++)
		for (int kind = 0; domains[i]->services && kind < _SERVICE_KIND_MAX; kind++) {
			const struct row_type *t = &row_types[lists[kind]];
			const void *owner = domains[i]->services;

			for (size_t j = 0; r == 0 && j < rows_count(t, owner); j++)
				r = add_service(l, (enum service_kind)kind, domains[i],
					rows_at(t, owner, j));
		}
	if (l->n_services > 0)
		qsort(l->services, l->n_services, sizeof(*l->services), compare_services);
	return r;
}

static int copy_services(struct links *l, const struct links *last)
{
	l->services = reallocarray(NULL, last->n_services + 1, sizeof(*l->services));
	if (!l->services)
		return -ENOMEM;
	if (last->n_services > 0)
		memcpy(l->services, last->services, last->n_services * sizeof(*l->services));
	l->n_services = last->n_services;
	return 0;
}

/* --- clients ------------------------------------------------------------------------------- */

static void count_client(struct links *l, enum service_kind kind, const char *name,
	const char *volume, uint32_t more)
{
	struct service *s = find_service(l, kind, name, volume);

	if (s)
		s->clients += more;
}

/* more: 1, or -1 (as uint32_t) to take back. An inactive domain only plans to use its services. */
static void count_clients(struct links *l, const struct domain *d, uint32_t more)
{
	const struct domain_detail *t = d->detail;

	if (!t || d->state == DOMAIN_INACTIVE)
		return;
	for (size_t i = 0; i < t->n_disks; i++)
		count_client(l, SERVICE_VOLUME, t->disks[i].service, t->disks[i].volume, more);
	for (size_t i = 0; i < t->n_networks; i++)
		count_client(l, SERVICE_VSW, t->networks[i].service, NULL, more);
	for (size_t i = 0; i < t->n_consoles; i++)
		count_client(l, SERVICE_VCC, t->consoles[i].service, NULL, more);
}

static void count_volumes(struct links *l)
{
	for (size_t i = 0; i < l->n_services; i++)
		if (l->services[i].kind == SERVICE_VDS)
			l->services[i].offers = l->services[i].clients = 0;
	for (size_t i = 0; i < l->n_services; i++) {
		const struct service *volume = &l->services[i];
		struct service *vds = volume->kind == SERVICE_VOLUME
					      ? find_service(l, SERVICE_VDS, volume->name, NULL)
					      : NULL;

		if (!vds)
			continue;
		vds->offers++;
		vds->clients += volume->clients > 0;
	}
}

/* --- consoles ------------------------------------------------------------------------------ */

static int compare_place(
	const struct console_link *c, uint32_t vcc_domain, uint32_t vcc, uint32_t domain)
{
	if (c->vcc_domain != vcc_domain)
		return compare_u64(c->vcc_domain, vcc_domain);
	return c->vcc != vcc ? compare_u64(c->vcc, vcc) : compare_u64(c->domain, domain);
}

static int compare_consoles(const void *a, const void *b)
{
	const struct console_link *y = b;

	return compare_place(a, y->vcc_domain, y->vcc, y->domain);
}

static int collect_consoles(struct links *l, const struct domain *const *domains, size_t n)
{
	l->consoles = calloc(n + 1, sizeof(*l->consoles));
	if (!l->consoles)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct domain_detail *t = domains[i]->detail;
		/* A domain has one console. */
		const struct console *c = t && t->n_consoles ? &t->consoles[0] : NULL;
		const struct service *vcc =
			c ? find_service(l, SERVICE_VCC, c->service, NULL) : NULL;

		if (vcc)
			l->consoles[l->n_consoles++] = (struct console_link){
				.vcc_domain = vcc->domain,
				.vcc = vcc->index,
				.domain = domains[i]->index,
				.console = c,
			};
	}
	qsort(l->consoles, l->n_consoles, sizeof(*l->consoles), compare_consoles);
	return 0;
}

const struct console_link *links_seek_console(
	const struct links *l, uint32_t vcc_domain, uint32_t vcc, uint32_t domain)
{
	size_t at = first_where(
		i, l->n_consoles, compare_place(&l->consoles[i], vcc_domain, vcc, domain) >= 0);

	return at < l->n_consoles ? &l->consoles[at] : NULL;
}

/* ------------------------------------------------------------------------------------------- */

static bool clients_same(const struct domain *a, const struct domain *b)
{
	return a->detail == b->detail &&
	       (a->state == DOMAIN_INACTIVE) == (b->state == DOMAIN_INACTIVE);
}

/* For unchanged services: only clients came or went. */
static int update(struct links *l, const struct links *last, const struct domain *const *domains,
	const struct domain *const *before, size_t n)
{
	int r = copy_services(l, last);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!clients_same(domains[i], before[i])) {
			count_clients(l, before[i], (uint32_t)-1);
			count_clients(l, domains[i], 1);
		}
	return r;
}

static int collect(struct links *l, const struct domain *const *domains, size_t n)
{
	int r = collect_services(l, domains, n);

	for (size_t i = 0; r == 0 && i < n; i++)
		count_clients(l, domains[i], 1);
	return r;
}

int links_new(const struct domain *const *domains, size_t n, const struct links *last,
	const struct domain *const *before, const struct links **ret)
{
	bool services_same = last, all_same = last;

	for (size_t i = 0; services_same && i < n; i++) {
		services_same = domains[i]->services == before[i]->services;
		all_same &= services_same && clients_same(domains[i], before[i]);
	}
	if (services_same && all_same) {
		*ret = shared_ref(last);
		return 0;
	}

	struct links *l = shared_new(sizeof(*l));
	if (!l)
		return -ENOMEM;
	int r = services_same ? update(l, last, domains, before, n) : collect(l, domains, n);
	if (r == 0) {
		count_volumes(l);
		r = collect_consoles(l, domains, n);
	}
	if (r < 0) {
		links_unref(l);
		return r;
	}
	*ret = l;
	return 0;
}

void links_unref(const struct links *shared)
{
	struct links *l = shared_last(shared);

	if (!l)
		return;
	free(l->services);
	free(l->consoles);
	shared_free(l);
}
