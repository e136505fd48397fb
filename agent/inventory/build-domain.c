/*
 * Resources to domain: each resource is offered to the tables, what they do not know is skipped.
 */
#include "inventory/build-domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/domain-fields.h"
#include "inventory/rows.h"
#include "ldm/document.h"

/* A complete list that is silent about these says that there are none. */
#define KNOWN_BY_SILENCE                                                                           \
	(KNOWN_FAILURE_POLICY | KNOWN_MASTER | KNOWN_EXT_MAPIN | KNOWN_THREADING |                 \
		KNOWN_CPU_ARCH | KNOWN_SHUTDOWN_GROUP | KNOWN_CRYPTO | KNOWN_WHOLE_CORE |          \
		KNOWN_CONSOLE | KNOWN_IO)

struct building {
	struct domain *domain;
	struct domain_detail *detail;
	struct domain_services *services;
	size_t *budget;
};

static int read_state(struct domain *d, const struct ldm_resource *r)
{
	const char *text = ldm_resource_get(r, "state");

	if (!text)
		text = ldm_resource_get(r, "ldom_state");
	if (text && *text != '\0') {
		d->state = build_state(text);
		d->known |= KNOWN_STATE;
	}
	return 0;
}

/* The field took the text as it is; this brings it into six columns. */
static int normalise_flags(struct domain *d)
{
	char *six;
	int r;

	if (!d->flags)
		return 0;
	r = build_flags(d->flags, &six);
	if (r < 0)
		return r;
	free(d->flags);
	d->flags = six;
	return 0;
}

static int read_info(struct domain *d, const struct ldm_resource *r)
{
	read_state(d, r);
	return normalise_flags(d);
}

static int read_values(struct domain *d, const struct ldm_resource *r)
{
	for (const struct domain_resource *t = domain_resources; t->resource; t++) {
		uint32_t known;
		int rc;

		if (strcasecmp(t->resource, r->type) != 0)
			continue;
		rc = fields_read(t->fields, r, d, &known);
		if (rc < 0)
			return rc;
		d->known |= known | t->known;
		if (strcasecmp(r->type, "ldom_info") == 0)
			return read_info(d, r);
	}
	/* Data version 2.0 may have it directly below the domain. */
	if (r->type[0] == '\0' || strcasecmp(r->type, "state") == 0)
		return read_state(d, r);
	return 0;
}

static void *owner_of(const struct building *b, const struct row_type *t)
{
	if (t->owner == OWNER_DETAIL)
		return b->detail;
	return t->owner == OWNER_SERVICES ? b->services : NULL;
}

static int read_rows(const struct building *b, const struct ldm_resource *r)
{
	int rc = 0;

	for (const struct row_type *t = row_types; rc == 0 && t->resource; t++)
		if (owner_of(b, t) && strcasecmp(t->resource, r->type) == 0)
			rc = rows_read(t, r, owner_of(b, t), b->budget);
	return rc;
}

/* Volumes may stand below their server, without repeating its name. */
static int read_nested_volumes(const struct building *b, const struct ldm_resource *r)
{
	size_t before = b->services ? b->services->n_volumes : 0;
	const char *server = ldm_resource_get(r, "service_name");
	int rc = 0;

	if (!b->services || strcasecmp(r->type, "vds") != 0)
		return 0;
	for (size_t i = 0; rc == 0 && i < r->n_bindings; i++)
		if (strcasecmp(r->bindings[i].type, "vds_volume") == 0)
			rc = read_rows(b, &r->bindings[i]);
	for (size_t i = before; rc == 0 && server && i < b->services->n_volumes; i++) {
		struct vds_volume *v = &b->services->volumes[i];

		if (v->service)
			continue;
		v->service = strdup(server);
		rc = v->service ? 0 : -ENOMEM;
	}
	return rc;
}

static int read_resource(const struct building *b, const struct ldm_resource *r)
{
	int rc = read_values(b->domain, r);

	if (rc == 0)
		rc = read_rows(b, r);
	if (rc == 0)
		rc = read_nested_volumes(b, r);
	return rc;
}

static void count_buses(struct building *b)
{
	struct domain *d = b->domain;

	if (!b->detail)
		return;
	d->num_iobus = 0;
	d->roles &= ~(uint32_t)(DOMAIN_IO | DOMAIN_ROOT);
	for (size_t i = 0; i < b->detail->n_iobuses; i++) {
		d->num_iobus += b->detail->iobuses[i].is_bus;
		d->roles |= DOMAIN_IO;
		d->roles |= b->detail->iobuses[i].is_bus ? DOMAIN_ROOT : 0;
	}
	if (b->detail->n_iobuses > 0)
		d->known |= KNOWN_IO;
}

static bool wants_detail(enum build_source source)
{
	return source == BUILD_BINDINGS;
}

static bool wants_services(enum build_source source)
{
	return source == BUILD_BINDINGS || source == BUILD_SERVICES;
}

static int building_begin(
	const struct ldm_content *content, enum build_source source, struct building *b)
{
	int r = domain_new(content->domain, &b->domain);

	if (r == 0 && wants_detail(source))
		r = detail_new(&b->detail);
	if (r == 0 && wants_services(source))
		r = services_new(&b->services);
	return r;
}

static void building_end(struct building *b, enum build_source source)
{
	struct domain *d = b->domain;

	count_buses(b);
	if (source == BUILD_BINDINGS && (d->known & (KNOWN_VCPU | KNOWN_MEMORY)))
		d->known |= KNOWN_BY_SILENCE;
	if (source == BUILD_DOMAIN)
		d->told = d->known;
	d->detail = b->detail;
	d->services = b->services;
}

int build_domain(const struct ldm_content *content, enum build_source source, size_t *budget,
	struct domain **ret)
{
	struct building b = {.budget = budget};
	int r = building_begin(content, source, &b);

	for (size_t i = 0; r == 0 && i < content->n_resources; i++)
		r = read_resource(&b, &content->resources[i]);
	if (r < 0) {
		domain_unref(b.domain);
		detail_unref(b.detail);
		services_unref(b.services);
		return r;
	}
	building_end(&b, source);
	*ret = b.domain;
	return 0;
}
