/*
 * Collecting one reply and judging it as a whole.
 */
#include "inventory/build.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/build-devices.h"
#include "inventory/build-domain.h"
#include "inventory/rows.h"
#include "ldm/document.h"

#define NAME_MAX_OCTETS 256

/* Four times what the largest machine can have, and rows for that many full ones. */
const struct build_limits build_limits_default = {.domains = 1024, .rows = 500000};

struct draft {
	enum build_source source;
	struct build_limits limits;
	struct domain **domains;
	size_t n, allocated, budget;
	struct free_devices free;
	struct host *host;
	char *error;
};

int draft_new(enum build_source source, const struct build_limits *limits, struct draft **ret)
{
	struct draft *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->source = source;
	d->limits = limits ? *limits : build_limits_default;
	d->budget = d->limits.rows;
	r = host_new(&d->host);
	if (r < 0) {
		free(d);
		return r;
	}
	*ret = d;
	return 0;
}

void draft_free(struct draft *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n; i++)
		domain_unref(d->domains[i]);
	free(d->domains);
	free(d->free.core_ids);
	host_unref(d->host);
	free(d->error);
	free(d);
}

static int __attribute__((format(printf, 2, 3))) refuse(struct draft *d, const char *format, ...)
{
	va_list args;

	free(d->error);
	d->error = NULL;
	va_start(args, format);
	if (vasprintf(&d->error, format, args) < 0)
		d->error = NULL;
	va_end(args);
	return -EBADMSG;
}

static int keep_domain(struct draft *d, struct domain *take)
{
	size_t want = d->allocated ? d->allocated * 2 : 32;
	struct domain **more;

	if (d->n == d->allocated) {
		more = reallocarray(d->domains, want, sizeof(*more));
		if (!more) {
			domain_unref(take);
			return -ENOMEM;
		}
		d->domains = more;
		d->allocated = want;
	}
	d->domains[d->n++] = take;
	return 0;
}

static int check_name(struct draft *d, const char *name)
{
	if (*name == '\0')
		return refuse(d, "domain %zu has no name", d->n + 1);
	if (strlen(name) > NAME_MAX_OCTETS)
		return refuse(d, "the name of domain %zu (%.32s...) has %zu octets, more than %d",
			d->n + 1, name, strlen(name), NAME_MAX_OCTETS);
	if (d->n >= d->limits.domains)
		return refuse(d, "more than %zu domains", d->limits.domains);
	return 0;
}

static int too_many_rows(struct draft *d, const char *where)
{
	return refuse(d, "more than %zu devices (at %.64s)", d->limits.rows, where);
}

static int feed_domain(struct draft *d, const struct ldm_content *content)
{
	struct domain *built;
	int r;

	/* Sections of no domain (policies, for one) have no row to go to. */
	if (!content->domain)
		return 0;
	r = check_name(d, content->domain);
	if (r < 0)
		return r;
	r = build_domain(content, d->source, &d->budget, &built);
	if (r == -E2BIG)
		return too_many_rows(d, content->domain);
	return r < 0 ? r : keep_domain(d, built);
}

static int feed_spconfigs(struct draft *d, const struct ldm_content *content)
{
	int r = 0;

	for (const struct row_type *t = row_types; t->resource; t++)
		for (size_t i = 0; t->owner == OWNER_HOST && i < content->n_resources && r == 0;
			i++)
			if (strcasecmp(content->resources[i].type, t->resource) == 0)
				r = rows_read(t, &content->resources[i], d->host, &d->budget);
	return r == -E2BIG ? too_many_rows(d, "the host") : r;
}

int draft_feed(struct draft *d, const struct ldm_content *content)
{
	int r;

	switch (d->source) {
	case BUILD_DEVICES:
		r = build_devices(content, &d->free, &d->budget);
		return r == -E2BIG ? too_many_rows(d, "the host") : r;
	case BUILD_SPCONFIG:
		return feed_spconfigs(d, content);
	case BUILD_DOMAIN:
	case BUILD_BINDINGS:
	case BUILD_SERVICES:
	case BUILD_CONSTRAINTS:
	case _BUILD_SOURCE_MAX:
		break;
	}
	return feed_domain(d, content);
}

static int by_name(const void *a, const void *b)
{
	const struct domain *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Those without a UUID come first, and are no doubles of each other. */
static int by_uuid(const void *a, const void *b)
{
	const struct domain *const *x = a, *const *y = b;

	if (!(*x)->uuid || !(*y)->uuid)
		return ((*x)->uuid != NULL) - ((*y)->uuid != NULL);
	return strcmp((*x)->uuid, (*y)->uuid);
}

static int check_doubles(struct draft *d, struct domain **sorted)
{
	qsort(sorted, d->n, sizeof(*sorted), by_name);
	for (size_t i = 1; i < d->n; i++)
		if (by_name(&sorted[i - 1], &sorted[i]) == 0)
			return refuse(d, "two domains have the name \"%s\"", sorted[i]->name);
	qsort(sorted, d->n, sizeof(*sorted), by_uuid);
	for (size_t i = 1; i < d->n; i++)
		if (sorted[i]->uuid && by_uuid(&sorted[i - 1], &sorted[i]) == 0)
			return refuse(d, "domains \"%s\" and \"%s\" have the same UUID %s",
				sorted[i - 1]->name, sorted[i]->name, sorted[i]->uuid);
	return 0;
}

int draft_finish(struct draft *d)
{
	struct domain **sorted;
	int r;

	devices_sort_cores(&d->free);
	if (d->n < 2)
		return 0;
	sorted = calloc(d->n, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, d->domains, d->n * sizeof(*sorted));
	r = check_doubles(d, sorted);
	free(sorted);
	return r;
}

const char *draft_error(const struct draft *d)
{
	return d->error ? d->error : "out of memory";
}

bool draft_was_refused(const struct draft *d)
{
	return d->error != NULL;
}

size_t draft_domains_max(const struct draft *d)
{
	return d->limits.domains;
}

size_t draft_count(const struct draft *d)
{
	return d->n;
}

struct domain *const *draft_domains(const struct draft *d)
{
	return d->domains;
}

const struct free_devices *draft_free_devices(const struct draft *d)
{
	return &d->free;
}

struct host *draft_host(const struct draft *d)
{
	return d->host;
}
