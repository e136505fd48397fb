/*
 * Lists differ in what they show: list-domain has no buses, list-bindings may have no load. Silence
 * keeps the old value, unless the same list spoke before and does not any more.
 */
#include "inventory/merge.h"

#include <errno.h>

#include "inventory/domain-fields.h"
#include "inventory/rows.h"

static bool inherits(const struct field *f, const struct domain *fresh, const struct domain *old,
	enum build_source source)
{
	if (!f->known || (fresh->known & f->known) || !(old->known & f->known))
		return false;
	if (f->known == KNOWN_UUID)
		return true;
	return source != BUILD_DOMAIN || !(old->told & f->known);
}

static int inherit_values(struct domain *fresh, const struct domain *old, enum build_source source)
{
	for (const struct field *f = domain_fields; f->offset != FIELD_END; f++) {
		if (!inherits(f, fresh, old, source))
			continue;
		if (field_take(f, old, fresh) < 0)
			return -1;
		fresh->known |= f->known;
	}
	return 0;
}

/* Equal lists are shared, so that unchanged rows of two snapshots are the same memory. */
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

static void inherit_own(struct domain *fresh, const struct domain *old, enum build_source source)
{
	const uint32_t io = DOMAIN_IO | DOMAIN_ROOT;

	if (source != BUILD_DOMAIN)
		fresh->told = old->told;
	if (source != BUILD_BINDINGS)
		fresh->roles |= old->roles & io;
	fresh->last_change_ms = old->last_change_ms;
}

/* A domain that does not run has no load, one without resources no console. */
static void reset_what_cannot_be(struct domain *d)
{
	bool runs = d->state == DOMAIN_ACTIVE || d->state == DOMAIN_STOPPING ||
		    d->state == DOMAIN_STARTING || d->state == DOMAIN_UNKNOWN;

	if (!runs) {
		d->utilization_permille = 0;
		d->uptime_s = 0;
	}
	if (d->state == DOMAIN_INACTIVE)
		d->console_port = 0;
}

int merge_domain(
	struct domain *fresh, const struct domain *old, enum build_source source, uint64_t now_ms)
{
	if (old) {
		if (inherit_values(fresh, old, source) < 0)
			return -ENOMEM;
		inherit_lists(fresh, old);
		inherit_own(fresh, old, source);
	}
	build_flags_apply(fresh);
	reset_what_cannot_be(fresh);
	if (!old || !domain_same(fresh, old))
		fresh->last_change_ms = now_ms;
	return 0;
}
