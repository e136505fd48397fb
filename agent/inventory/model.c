/*
 * Life and death of the model's reference counted parts.
 *
 * The count stands in front of the public struct, so a const pointer to the struct is all that a
 * holder needs. Counts are atomic because both threads hold snapshots.
 */
#include "inventory/model.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/cores.h"
#include "inventory/domain-fields.h"
#include "inventory/rows.h"

struct domain_box {
	atomic_uint refs;
	struct domain domain;
};

struct detail_box {
	atomic_uint refs;
	struct domain_detail detail;
};

struct services_box {
	atomic_uint refs;
	struct domain_services services;
};

struct host_box {
	atomic_uint refs;
	struct host host;
};

#define BOX(type, member, pointer)                                                                 \
	((struct type *)(void *)((char *)(uintptr_t)(pointer)-offsetof(struct type, member)))

static void count_up(atomic_uint *refs)
{
	atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* True for the one who has to free it. */
static bool count_down(atomic_uint *refs)
{
	return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

const char *domain_state_name(enum domain_state state)
{
	static const char *const names[_DOMAIN_STATE_MAX] = {
		[DOMAIN_ACTIVE] = "active",
		[DOMAIN_STOPPING] = "stopping",
		[DOMAIN_INACTIVE] = "inactive",
		[DOMAIN_BINDING] = "binding",
		[DOMAIN_UNBINDING] = "unbinding",
		[DOMAIN_BOUND] = "bound",
		[DOMAIN_STARTING] = "starting",
		[DOMAIN_UNKNOWN] = "unknown",
	};

	if (state < DOMAIN_ACTIVE || state >= _DOMAIN_STATE_MAX)
		return "unknown";
	return names[state];
}

const struct domain *domain_ref(const struct domain *d)
{
	if (d)
		count_up(&BOX(domain_box, domain, d)->refs);
	return d;
}

void domain_unref(const struct domain *d)
{
	struct domain_box *box;

	if (!d)
		return;
	box = BOX(domain_box, domain, d);
	if (!count_down(&box->refs))
		return;
	fields_free(domain_fields, &box->domain);
	free(box->domain.name);
	detail_unref(box->domain.detail);
	services_unref(box->domain.services);
	free(box);
}

static struct domain_box *domain_box_new(const char *name)
{
	struct domain_box *box = calloc(1, sizeof(*box));

	if (!box)
		return NULL;
	atomic_init(&box->refs, 1);
	box->domain.name = strdup(name);
	if (!box->domain.name) {
		free(box);
		return NULL;
	}
	return box;
}

int domain_new(const char *name, struct domain **ret)
{
	struct domain_box *box = domain_box_new(name);

	if (!box)
		return -ENOMEM;
	box->domain.state = DOMAIN_UNKNOWN;
	box->domain.shutdown_group = 15;
	box->domain.row_status = ROW_ACTIVE;
	*ret = &box->domain;
	return 0;
}

int domain_copy(const struct domain *d, struct domain **ret)
{
	struct domain_box *box = domain_box_new(d->name);
	char *name;
	int r;

	if (!box)
		return -ENOMEM;
	name = box->domain.name;
	box->domain = *d;
	box->domain.name = name;
	box->domain.detail = NULL;
	box->domain.services = NULL;
	r = fields_copy(domain_fields, d, &box->domain);
	if (r < 0) {
		free(name);
		free(box);
		return r;
	}
	box->domain.detail = detail_ref(d->detail);
	box->domain.services = services_ref(d->services);
	*ret = &box->domain;
	return 0;
}

int domain_outline(const struct domain *d, const struct domain **ret)
{
	struct domain *copy = NULL;
	int r = d ? domain_copy(d, &copy) : 0;

	if (r < 0)
		return r;
	if (copy) {
		detail_unref(copy->detail);
		services_unref(copy->services);
		copy->detail = NULL;
		copy->services = NULL;
	}
	*ret = copy;
	return 0;
}

static bool shared_same(const struct domain *a, const struct domain *b, bool with_volatile)
{
	bool detail = a->detail == b->detail ||
		      (a->detail && b->detail &&
			      rows_same(OWNER_DETAIL, a->detail, b->detail, with_volatile));

	return detail &&
	       (a->services == b->services ||
		       (a->services && b->services &&
			       rows_same(OWNER_SERVICES, a->services, b->services, with_volatile)));
}

bool domain_same(const struct domain *a, const struct domain *b)
{
	return strcmp(a->name, b->name) == 0 && fields_same(domain_fields, a, b, false) &&
	       shared_same(a, b, false);
}

bool domain_identical(const struct domain *a, const struct domain *b)
{
	return strcmp(a->name, b->name) == 0 && fields_same(domain_fields, a, b, true) &&
	       shared_same(a, b, true) && a->known == b->known && a->told == b->told;
}

const struct domain_detail *detail_ref(const struct domain_detail *d)
{
	if (d)
		count_up(&BOX(detail_box, detail, d)->refs);
	return d;
}

void detail_unref(const struct domain_detail *d)
{
	struct detail_box *box;

	if (!d)
		return;
	box = BOX(detail_box, detail, d);
	if (!count_down(&box->refs))
		return;
	rows_free(OWNER_DETAIL, &box->detail);
	cores_free(&box->detail);
	free(box);
}

int detail_new(struct domain_detail **ret)
{
	struct detail_box *box = calloc(1, sizeof(*box));

	if (!box)
		return -ENOMEM;
	atomic_init(&box->refs, 1);
	*ret = &box->detail;
	return 0;
}

const struct domain_services *services_ref(const struct domain_services *s)
{
	if (s)
		count_up(&BOX(services_box, services, s)->refs);
	return s;
}

void services_unref(const struct domain_services *s)
{
	struct services_box *box;

	if (!s)
		return;
	box = BOX(services_box, services, s);
	if (!count_down(&box->refs))
		return;
	rows_free(OWNER_SERVICES, &box->services);
	free(box);
}

int services_new(struct domain_services **ret)
{
	struct services_box *box = calloc(1, sizeof(*box));

	if (!box)
		return -ENOMEM;
	atomic_init(&box->refs, 1);
	*ret = &box->services;
	return 0;
}

const struct host *host_ref(const struct host *h)
{
	if (h)
		count_up(&BOX(host_box, host, h)->refs);
	return h;
}

void host_unref(const struct host *h)
{
	struct host_box *box;

	if (!h)
		return;
	box = BOX(host_box, host, h);
	if (!count_down(&box->refs))
		return;
	rows_free(OWNER_HOST, &box->host);
	free(box);
}

int host_new(struct host **ret)
{
	struct host_box *box = calloc(1, sizeof(*box));

	if (!box)
		return -ENOMEM;
	atomic_init(&box->refs, 1);
	*ret = &box->host;
	return 0;
}

int host_copy(const struct host *h, struct host **ret)
{
	struct host *copy;
	int r = host_new(&copy);

	if (r < 0)
		return r;
	*copy = *h;
	r = rows_copy(OWNER_HOST, h, copy);
	if (r < 0) {
		host_unref(copy);
		return r;
	}
	*ret = copy;
	return 0;
}
