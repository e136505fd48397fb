/*
 * Making, copying, sharing and freeing what the model consists of.
 */
#include "inventory/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/rows.h"
#include "util/number.h"
#include "util/reference.h"

/* --- domains ------------------------------------------------------------------------------- */

const struct domain *domain_ref(const struct domain *d)
{
	return shared_ref(d);
}

void domain_unref(const struct domain *shared)
{
	struct domain *d = shared_last(shared);

	if (!d)
		return;
	fields_free(domain_fields, d);
	free(d->name);
	detail_unref(d->detail);
	services_unref(d->services);
	shared_free(d);
}

int domain_new(const char *name, struct domain **ret)
{
	struct domain *d = shared_new(sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->name = strdup(name);
	if (!d->name) {
		shared_free(d);
		return -ENOMEM;
	}
	d->state = DOMAIN_UNKNOWN;
	d->shutdown_group = 15;
	d->row_status = ROW_ACTIVE;
	*ret = d;
	return 0;
}

/* Without detail and services. */
static int copy_values(const struct domain *d, struct domain **ret)
{
	struct domain *copy;
	int r = domain_new(d->name, &copy);

	if (r < 0)
		return r;
	char *name = copy->name;
	*copy = *d;
	copy->name = name;
	copy->detail = NULL;
	copy->services = NULL;
	r = fields_own(domain_fields, copy);
	if (r < 0) {
		domain_unref(copy);
		return r;
	}
	*ret = copy;
	return 0;
}

int domain_copy(const struct domain *d, struct domain **ret)
{
	int r = copy_values(d, ret);

	if (r < 0)
		return r;
	(*ret)->detail = detail_ref(d->detail);
	(*ret)->services = services_ref(d->services);
	return 0;
}

int domain_outline(const struct domain *d, const struct domain **ret)
{
	struct domain *copy = NULL;
	int r = d ? copy_values(d, &copy) : 0;

	if (r == 0)
		*ret = copy;
	return r;
}

int domain_compare_index(const void *a, const void *b)
{
	const struct domain *const *x = a, *const *y = b;

	return compare_u64((*x)->index, (*y)->index);
}

int domain_compare_name(const void *a, const void *b)
{
	const struct domain *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static bool lists_same(enum row_owner which, const void *a, const void *b, bool with_volatile)
{
	return a == b || (a && b && rows_same(which, a, b, with_volatile));
}

static bool all_same(const struct domain *a, const struct domain *b, bool with_volatile)
{
	return strcmp(a->name, b->name) == 0 && fields_same(domain_fields, a, b, with_volatile) &&
	       lists_same(OWNER_DETAIL, a->detail, b->detail, with_volatile) &&
	       lists_same(OWNER_SERVICES, a->services, b->services, with_volatile);
}

bool domain_same(const struct domain *a, const struct domain *b)
{
	return all_same(a, b, false);
}

bool domain_identical(const struct domain *a, const struct domain *b)
{
	return all_same(a, b, true) && a->known == b->known && a->told == b->told;
}

/* --- detail, services, host ---------------------------------------------------------------- */

#define DEFINE_OWNER(name, type, which)                                                            \
	int name##_new(struct type **ret)                                                          \
	{                                                                                          \
		struct type *made = shared_new(sizeof(*made));                                     \
                                                                                                   \
		if (!made)                                                                         \
			return -ENOMEM;                                                            \
		*ret = made;                                                                       \
		return 0;                                                                          \
	}                                                                                          \
                                                                                                   \
	const struct type *name##_ref(const struct type *owner)                                    \
	{                                                                                          \
		return shared_ref(owner);                                                          \
	}                                                                                          \
                                                                                                   \
	void name##_unref(const struct type *shared)                                               \
	{                                                                                          \
		struct type *owner = shared_last(shared);                                          \
                                                                                                   \
		if (!owner)                                                                        \
			return;                                                                    \
		rows_free(which, owner);                                                           \
		shared_free(owner);                                                                \
	}

DEFINE_OWNER(detail, domain_detail, OWNER_DETAIL)
DEFINE_OWNER(services, domain_services, OWNER_SERVICES)
DEFINE_OWNER(host, host, OWNER_HOST)
