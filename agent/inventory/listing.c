/*
 * Reading one reply: each resource is offered to the tables of schema.h; what they do not know is
 * skipped.
 */
#include "inventory/listing.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/rows.h"
#include "ldm/document.h"
#include "util/array.h"
#include "util/text.h"

#define NAME_MAX_OCTETS 256

/* Four times the domains of the largest machine, and rows for all of them. */
const struct listing_limits listing_limits_default = {.domains = 1024, .rows = 500000};

/* If list-bindings leaves out one of these, the domain has none. */
#define KNOWN_BY_SILENCE                                                                           \
	(KNOWN_FAILURE_POLICY | KNOWN_MASTER | KNOWN_EXT_MAPIN | KNOWN_THREADING |                 \
		KNOWN_CPU_ARCH | KNOWN_SHUTDOWN_GROUP | KNOWN_CRYPTO | KNOWN_WHOLE_CORE |          \
		KNOWN_CONSOLE | KNOWN_IO | KNOWN_MAX_CORES | KNOWN_BOOT_POLICY |                   \
		KNOWN_PERF_COUNTERS | KNOWN_RC_ADD_POLICY | KNOWN_MIGRATION_PROGRESS |             \
		KNOWN_MIGRATION_STATUS | KNOWN_MIGRATION_SOURCE)

int listing_new(enum listing_kind kind, const struct listing_limits *limits, struct listing **ret)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->kind = kind;
	l->limits = limits ? *limits : listing_limits_default;
	l->budget = l->limits.rows;
	int r = host_new(&l->host);
	if (r < 0) {
		free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void listing_free(struct listing *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_domains; i++)
		domain_unref(l->domains[i]);
	free(l->domains);
	free(l->free.core_ids);
	host_unref(l->host);
	free(l->error);
	free(l);
}

static int __attribute__((format(printf, 2, 3))) refuse(struct listing *l, const char *format, ...)
{
	va_list args;
	char *error;

	va_start(args, format);
	int n = vasprintf(&error, format, args);
	va_end(args);
	free(l->error);
	l->error = n < 0 ? NULL : error;
	return n < 0 ? -ENOMEM : -EBADMSG;
}

static int refuse_rows(struct listing *l, const char *where)
{
	return refuse(l, "more than %zu devices (at %.64s)", l->limits.rows, where);
}

/* --- one domain ---------------------------------------------------------------------------- */

struct reading {
	struct domain *domain;
	struct domain_detail *detail;	  /* NULL: this listing has none */
	struct domain_services *services; /* NULL: this listing has none */
	size_t *budget;
};

static int read_values(struct domain *d, const struct ldm_resource *from)
{
	uint32_t known;
	int r = fields_read(domain_fields, from, d, &known);

	if (r < 0)
		return r;
	d->known |= known;
	/* ldmd leaves the port out when the console has none. */
	if (strcasecmp(from->type, "console") == 0)
		d->known |= KNOWN_CONSOLE;
	return 0;
}

static void *owner_of(const struct reading *in, const struct row_type *t)
{
	if (t->owner == OWNER_DETAIL)
		return in->detail;
	return t->owner == OWNER_SERVICES ? in->services : NULL;
}

static int read_rows(const struct reading *in, const struct ldm_resource *from)
{
	int r = 0;

	for (const struct row_type *t = row_types; r == 0 && t < row_types + _LIST_MAX; t++)
		if (t->resource && owner_of(in, t) && strcasecmp(t->resource, from->type) == 0)
			r = rows_read(t, from, owner_of(in, t), in->budget);
	return r;
}

/* Some versions of ldmd put the volumes below their vds, and leave out its name. */
static int read_nested_volumes(const struct reading *in, const struct ldm_resource *vds)
{
	size_t before = in->services->n_volumes;
	const char *server = ldm_resource_get(vds, "service_name");
	int r = 0;

	for (size_t i = 0; r == 0 && i < vds->n_bindings; i++)
		if (strcasecmp(vds->bindings[i].type, "vds_volume") == 0)
			r = read_rows(in, &vds->bindings[i]);
	for (size_t i = before; r == 0 && i < in->services->n_volumes; i++)
		if (!in->services->volumes[i].service)
			r = text_copy(server, &in->services->volumes[i].service);
	return r;
}

static int read_resource(const struct reading *in, const struct ldm_resource *from)
{
	int r = read_values(in->domain, from);

	if (r == 0)
		r = read_rows(in, from);
	if (r == 0 && in->services && strcasecmp(from->type, "vds") == 0)
		r = read_nested_volumes(in, from);
	return r;
}

static void count_buses(struct domain *d, const struct domain_detail *detail)
{
	d->num_iobus = 0;
	d->roles &= ~(uint32_t)(DOMAIN_IO | DOMAIN_ROOT);
	for (size_t i = 0; i < detail->n_iobuses; i++) {
		d->num_iobus += detail->iobuses[i].is_bus;
		d->roles |= DOMAIN_IO;
		d->roles |= detail->iobuses[i].is_bus ? DOMAIN_ROOT : 0;
	}
	if (detail->n_iobuses > 0)
		d->known |= KNOWN_IO;
}

static int reading_begin(struct reading *in, enum listing_kind kind, const char *name)
{
	int r = domain_new(name, &in->domain);

	if (r == 0 && kind == LISTING_BINDINGS)
		r = detail_new(&in->detail);
	if (r == 0 && (kind == LISTING_BINDINGS || kind == LISTING_SERVICES))
		r = services_new(&in->services);
	return r;
}

static void reading_end(struct reading *in, enum listing_kind kind)
{
	struct domain *d = in->domain;

	if (in->detail)
		count_buses(d, in->detail);
	if (kind == LISTING_BINDINGS && (d->known & (KNOWN_VCPU | KNOWN_MEMORY)))
		d->known |= KNOWN_BY_SILENCE;
	if (kind == LISTING_DOMAIN)
		d->told = d->known;
	d->detail = in->detail;
	d->services = in->services;
}

static int read_domain(struct listing *l, const struct ldm_content *content, struct domain **ret)
{
	struct reading in = {.budget = &l->budget};
	int r = reading_begin(&in, l->kind, content->domain);

	for (size_t i = 0; r == 0 && i < content->n_resources; i++)
		r = read_resource(&in, &content->resources[i]);
	if (r < 0) {
		domain_unref(in.domain);
		detail_unref(in.detail);
		services_unref(in.services);
		return r;
	}
	reading_end(&in, l->kind);
	*ret = in.domain;
	return 0;
}

/* --- the listing --------------------------------------------------------------------------- */

static int keep_domain(struct listing *l, struct domain *take)
{
	struct domain **place = array_append(&l->domains, &l->n_domains, sizeof(*place));

	if (!place) {
		domain_unref(take);
		return -ENOMEM;
	}
	*place = take;
	return 0;
}

static int check_name(struct listing *l, const char *name)
{
	if (strlen(name) > NAME_MAX_OCTETS)
		return refuse(l, "the name of domain %zu (%.32s...) has %zu octets, more than %d",
			l->n_domains + 1, name, strlen(name), NAME_MAX_OCTETS);
	if (l->n_domains >= l->limits.domains)
		return refuse(l, "more than %zu domains", l->limits.domains);
	return 0;
}

static int feed_domain(struct listing *l, const struct ldm_content *content)
{
	struct domain *read;

	/* Content that names no domain belongs to the host and is not needed here. */
	if (!content->domain)
		return 0;
	if (!*content->domain) {
		l->left_out++;
		return 0;
	}
	int r = check_name(l, content->domain);
	if (r < 0)
		return r;
	r = read_domain(l, content, &read);
	if (r == -E2BIG)
		return refuse_rows(l, content->domain);
	return r < 0 ? r : keep_domain(l, read);
}

static int feed_spconfigs(struct listing *l, const struct ldm_content *content)
{
	const struct row_type *t = &row_types[LIST_SPCONFIG];
	int r = 0;

	for (size_t i = 0; r == 0 && i < content->n_resources; i++)
		if (strcasecmp(content->resources[i].type, t->resource) == 0)
			r = rows_read(t, &content->resources[i], l->host, &l->budget);
	return r;
}

int listing_feed(struct listing *l, const struct ldm_content *content)
{
	int r;

	if (l->kind == LISTING_DEVICES)
		r = free_devices_read(&l->free, content, &l->budget);
	else if (l->kind == LISTING_SPCONFIG)
		r = feed_spconfigs(l, content);
	else
		return feed_domain(l, content);
	return r == -E2BIG ? refuse_rows(l, "the host") : r;
}

/* Domains without a UUID come first. */
static int compare_uuid(const void *a, const void *b)
{
	const struct domain *const *x = a, *const *y = b;

	if (!(*x)->uuid || !(*y)->uuid)
		return ((*x)->uuid != NULL) - ((*y)->uuid != NULL);
	return strcmp((*x)->uuid, (*y)->uuid);
}

static int check_doubles(struct listing *l, struct domain **sorted)
{
	qsort(sorted, l->n_domains, sizeof(*sorted), domain_compare_name);
	for (size_t i = 1; i < l->n_domains; i++)
		if (domain_compare_name(&sorted[i - 1], &sorted[i]) == 0)
			return refuse(l, "two domains have the name \"%s\"", sorted[i]->name);
	qsort(sorted, l->n_domains, sizeof(*sorted), compare_uuid);
	for (size_t i = 1; i < l->n_domains; i++)
		if (sorted[i]->uuid && compare_uuid(&sorted[i - 1], &sorted[i]) == 0)
			return refuse(l, "domains \"%s\" and \"%s\" have the same UUID %s",
				sorted[i - 1]->name, sorted[i]->name, sorted[i]->uuid);
	return 0;
}

int listing_finish(struct listing *l)
{
	free_devices_finish(&l->free);
	if (l->left_out > 0 && l->n_domains == 0)
		return refuse(l, "no domain has a name");
	if (l->n_domains < 2)
		return 0;
	struct domain **sorted = calloc(l->n_domains, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, l->domains, l->n_domains * sizeof(*sorted));
	int r = check_doubles(l, sorted);
	free(sorted);
	return r;
}
