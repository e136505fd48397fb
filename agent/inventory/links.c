/*
 * Collecting services, sorting them by name, counting who uses them.
 */
#include "inventory/links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int compare_key(const struct service *x, const char *name, const char *volume)
{
	int order = compare_text(x->name, name);

	return order ? order : compare_text(x->volume, volume);
}

/* A name that is there twice means the first domain's. */
static int compare_services(const void *a, const void *b)
{
	const struct service *x = a, *y = b;
	int order = compare_key(x, y->name, y->volume);

	if (order)
		return order;
	return x->domain->index < y->domain->index ? -1 : x->domain->index > y->domain->index;
}

static struct service *find(
	const struct links *l, enum service_kind kind, const char *name, const char *volume)
{
	struct service *services = l->services[kind];
	size_t low = 0, high = l->n[kind];

	if (!name || (kind == SERVICE_VOLUME && !volume))
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_key(&services[middle], name, volume) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == l->n[kind] || compare_key(&services[low], name, volume) != 0)
		return NULL;
	return &services[low];
}

const struct service *links_find(
	const struct links *l, enum service_kind kind, const char *name, const char *volume)
{
	return find(l, kind, name, kind == SERVICE_VOLUME ? volume : NULL);
}

/* --- services ------------------------------------------------------------------------------- */

static size_t count_offered(const struct domain_services *s, enum service_kind kind)
{
	switch (kind) {
	case SERVICE_VDS:
		return s->n_vds;
	case SERVICE_VOLUME:
		return s->n_volumes;
	case SERVICE_VSW:
		return s->n_vsw;
	case SERVICE_VCC:
		return s->n_vcc;
	case _SERVICE_KIND_MAX:
		break;
	}
	return 0;
}

static struct service offered(const struct domain_services *s, enum service_kind kind, size_t i)
{
	switch (kind) {
	case SERVICE_VDS:
		return (struct service){
			.name = s->vds[i].name, .row = &s->vds[i], .index = s->vds[i].index};
	case SERVICE_VOLUME:
		return (struct service){.name = s->volumes[i].service,
			.volume = s->volumes[i].name,
			.row = &s->volumes[i],
			.index = s->volumes[i].index};
	case SERVICE_VSW:
		return (struct service){
			.name = s->vsw[i].name, .row = &s->vsw[i], .index = s->vsw[i].index};
	default:
		return (struct service){
			.name = s->vcc[i].name, .row = &s->vcc[i], .index = s->vcc[i].index};
	}
}

static size_t count_all(const struct domain *const *domains, size_t n, enum service_kind kind)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (domains[i]->services)
			sum += count_offered(domains[i]->services, kind);
	return sum;
}

static int collect(
	struct links *l, const struct domain *const *domains, size_t n, enum service_kind kind)
{
	struct service *list = calloc(count_all(domains, n, kind) + 1, sizeof(*list));
	size_t at = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct domain_services *s = domains[i]->services;

		for (size_t j = 0; s && j < count_offered(s, kind); j++) {
			list[at] = offered(s, kind, j);
			list[at++].domain = domains[i];
		}
	}
	qsort(list, at, sizeof(*list), compare_services);
	l->services[kind] = list;
	l->n[kind] = at;
	return 0;
}

/* --- clients -------------------------------------------------------------------------------- */

static void count_client(
	struct links *l, enum service_kind kind, const char *name, const char *volume)
{
	struct service *s = find(l, kind, name, volume);

	if (s)
		s->clients++;
}

/* What an inactive domain names is a wish. */
static void count_clients(struct links *l, const struct domain *d)
{
	const struct domain_detail *t = d->detail;

	if (!t || d->state == DOMAIN_INACTIVE)
		return;
	for (size_t i = 0; i < t->n_disks; i++)
		count_client(l, SERVICE_VOLUME, t->disks[i].service, t->disks[i].volume);
	for (size_t i = 0; i < t->n_networks; i++)
		count_client(l, SERVICE_VSW, t->networks[i].service, NULL);
	for (size_t i = 0; i < t->n_consoles; i++)
		count_client(l, SERVICE_VCC, t->consoles[i].service, NULL);
}

static void count_volumes(struct links *l)
{
	for (size_t i = 0; i < l->n[SERVICE_VOLUME]; i++) {
		const struct service *volume = &l->services[SERVICE_VOLUME][i];
		struct service *vds = find(l, SERVICE_VDS, volume->name, NULL);

		if (!vds)
			continue;
		vds->offers++;
		vds->clients += volume->clients > 0;
	}
}

/* --- consoles ------------------------------------------------------------------------------- */

static int compare_place(
	const struct console_link *c, uint32_t vcc_domain, uint32_t vcc, uint32_t domain)
{
	if (c->vcc->domain->index != vcc_domain)
		return c->vcc->domain->index < vcc_domain ? -1 : 1;
	if (c->vcc->index != vcc)
		return c->vcc->index < vcc ? -1 : 1;
	return c->domain->index < domain ? -1 : c->domain->index > domain;
}

static int compare_consoles(const void *a, const void *b)
{
	const struct console_link *y = b;

	return compare_place(a, y->vcc->domain->index, y->vcc->index, y->domain->index);
}

static int collect_consoles(struct links *l, const struct domain *const *domains, size_t n)
{
	l->consoles = calloc(n + 1, sizeof(*l->consoles));
	if (!l->consoles)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct domain_detail *t = domains[i]->detail;
		const struct console *c = t && t->n_consoles ? &t->consoles[0] : NULL;
		const struct service *vcc = c ? find(l, SERVICE_VCC, c->service, NULL) : NULL;

		/* A domain has one console. */
		if (vcc)
			l->consoles[l->n_consoles++] = (struct console_link){vcc, domains[i], c};
	}
	qsort(l->consoles, l->n_consoles, sizeof(*l->consoles), compare_consoles);
	return 0;
}

const struct console_link *links_seek_console(
	const struct links *l, uint32_t vcc_domain, uint32_t vcc, uint32_t domain)
{
	size_t low = 0, high = l->n_consoles;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_place(&l->consoles[middle], vcc_domain, vcc, domain) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->n_consoles ? &l->consoles[low] : NULL;
}

/* -------------------------------------------------------------------------------------------- */

int links_new(const struct domain *const *domains, size_t n, struct links **ret)
{
	struct links *l = calloc(1, sizeof(*l));
	int r = l ? 0 : -ENOMEM;

	for (int kind = 0; r == 0 && kind < _SERVICE_KIND_MAX; kind++)
		r = collect(l, domains, n, (enum service_kind)kind);
	for (size_t i = 0; r == 0 && i < n; i++)
		count_clients(l, domains[i]);
	if (r == 0) {
		count_volumes(l);
		r = collect_consoles(l, domains, n);
	}
	if (r < 0) {
		links_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void links_free(struct links *l)
{
	if (!l)
		return;
	for (int kind = 0; kind < _SERVICE_KIND_MAX; kind++)
		free(l->services[kind]);
	free(l->consoles);
	free(l);
}
