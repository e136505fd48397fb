/*
 * Collecting services, sorting them by name, counting who uses them.
 */
#include "inventory/links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/number.h"
#include "util/reference.h"

struct links {
	struct service *services[_SERVICE_KIND_MAX];
	size_t n[_SERVICE_KIND_MAX];
	struct console_link *consoles;
	size_t n_consoles;
};

static int compare_text(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int compare_names(const struct service *s, const char *name, const char *volume)
{
	int order = compare_text(s->name, name);

	return order ? order : compare_text(s->volume, volume);
}

/* A name that is there twice means the first domain's. */
static int compare_services(const void *a, const void *b)
{
	const struct service *x = a, *y = b;
	int order = compare_names(x, y->name, y->volume);

	return order ? order : compare_u64(x->domain, y->domain);
}

static struct service *find_service(
	const struct links *l, enum service_kind kind, const char *name, const char *volume)
{
	struct service *services = l->services[kind];

	if (!name || (kind == SERVICE_VOLUME && !volume))
		return NULL;
	size_t at = first_where(i, l->n[kind], compare_names(&services[i], name, volume) >= 0);
	if (at == l->n[kind] || compare_names(&services[at], name, volume) != 0)
		return NULL;
	return &services[at];
}

const struct service *links_find(
	const struct links *l, enum service_kind kind, const char *name, const char *volume)
{
	return find_service(l, kind, name, kind == SERVICE_VOLUME ? volume : NULL);
}

/* --- services ------------------------------------------------------------------------------ */

static size_t count_offered(const struct domain_services *s, enum service_kind kind)
{
	const size_t counts[_SERVICE_KIND_MAX] = {
		[SERVICE_VDS] = s->n_vds,
		[SERVICE_VOLUME] = s->n_volumes,
		[SERVICE_VSW] = s->n_vsw,
		[SERVICE_VCC] = s->n_vcc,
	};

	return counts[kind];
}

static struct service offered(const struct domain_services *s, enum service_kind kind, size_t i)
{
	switch (kind) {
	case SERVICE_VDS:
		return (struct service){.name = s->vds[i].name, .index = s->vds[i].index};
	case SERVICE_VOLUME:
		return (struct service){
			.name = s->volumes[i].service,
			.volume = s->volumes[i].name,
			.index = s->volumes[i].index,
		};
	case SERVICE_VSW:
		return (struct service){.name = s->vsw[i].name, .index = s->vsw[i].index};
	case SERVICE_VCC:
	case _SERVICE_KIND_MAX:
		break;
	}
	return (struct service){.name = s->vcc[i].name, .index = s->vcc[i].index};
}

static int collect_services(
	struct links *l, const struct domain *const *domains, size_t n, enum service_kind kind)
{
	size_t most = 0;

	for (size_t i = 0; i < n; i++)
		if (domains[i]->services)
			most += count_offered(domains[i]->services, kind);
	struct service *list = calloc(most + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	l->services[kind] = list;
	for (size_t i = 0; i < n; i++) {
		const struct domain_services *s = domains[i]->services;

		for (size_t j = 0; s && j < count_offered(s, kind); j++) {
			list[l->n[kind]] = offered(s, kind, j);
			list[l->n[kind]++].domain = domains[i]->index;
		}
	}
	qsort(list, l->n[kind], sizeof(*list), compare_services);
	return 0;
}

static int copy_services(struct links *l, const struct links *last, enum service_kind kind)
{
	struct service *list = reallocarray(NULL, last->n[kind] + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	memcpy(list, last->services[kind], last->n[kind] * sizeof(*list));
	l->services[kind] = list;
	l->n[kind] = last->n[kind];
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

/* more is 1, or -1 to take back. The services that an inactive domain names are only planned. */
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
	for (size_t i = 0; i < l->n[SERVICE_VDS]; i++)
		l->services[SERVICE_VDS][i].offers = l->services[SERVICE_VDS][i].clients = 0;
	for (size_t i = 0; i < l->n[SERVICE_VOLUME]; i++) {
		const struct service *volume = &l->services[SERVICE_VOLUME][i];
		struct service *vds = find_service(l, SERVICE_VDS, volume->name, NULL);

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

/* The services are the same; clients moved. */
static int update(struct links *l, const struct links *last, const struct domain *const *domains,
	const struct domain *const *before, size_t n)
{
	int r = 0;

	for (int kind = 0; r == 0 && kind < _SERVICE_KIND_MAX; kind++)
		r = copy_services(l, last, (enum service_kind)kind);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (!clients_same(domains[i], before[i])) {
			count_clients(l, before[i], (uint32_t)-1);
			count_clients(l, domains[i], 1);
		}
	return r;
}

static int collect(struct links *l, const struct domain *const *domains, size_t n)
{
	int r = 0;

	for (int kind = 0; r == 0 && kind < _SERVICE_KIND_MAX; kind++)
		r = collect_services(l, domains, n, (enum service_kind)kind);
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
	for (int kind = 0; kind < _SERVICE_KIND_MAX; kind++)
		free(l->services[kind]);
	free(l->consoles);
	shared_free(l);
}
