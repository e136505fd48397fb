/*
 * Events of ldmd: which of them make which question worth asking.
 */
#include "inventory/refresh-internal.h"

#include <string.h>

#include "util/log.h"

enum event_scope {
	SCOPE_DOMAIN,	/* the domain it names */
	SCOPE_LEAVES,	/* the domain it names is gone, or going */
	SCOPE_SERVICES, /* what domains offer */
	SCOPE_SPCONFIG,
};

/* Events say "crypto" where actions say "mau"; both are understood. */
static const struct event_meaning {
	const char *action;
	enum event_scope scope;
} meanings[] = {
	{"add-domain", SCOPE_DOMAIN},
	{"remove-domain", SCOPE_LEAVES},
	{"bind-domain", SCOPE_DOMAIN},
	{"unbind-domain", SCOPE_DOMAIN},
	{"start-domain", SCOPE_DOMAIN},
	{"stop-domain", SCOPE_DOMAIN},
	{"domain-reset", SCOPE_DOMAIN},
	{"reset-domain", SCOPE_DOMAIN},
	{"panic-domain", SCOPE_DOMAIN},
	{"set-domain", SCOPE_DOMAIN},
	{"migrate-domain", SCOPE_LEAVES},
	{"migration-process", SCOPE_DOMAIN},
	{"add-vcpu", SCOPE_DOMAIN},
	{"set-vcpu", SCOPE_DOMAIN},
	{"remove-vcpu", SCOPE_DOMAIN},
	{"add-crypto", SCOPE_DOMAIN},
	{"set-crypto", SCOPE_DOMAIN},
	{"remove-crypto", SCOPE_DOMAIN},
	{"add-mau", SCOPE_DOMAIN},
	{"set-mau", SCOPE_DOMAIN},
	{"remove-mau", SCOPE_DOMAIN},
	{"add-memory", SCOPE_DOMAIN},
	{"set-memory", SCOPE_DOMAIN},
	{"remove-memory", SCOPE_DOMAIN},
	{"add-io", SCOPE_DOMAIN},
	{"set-io", SCOPE_DOMAIN},
	{"remove-io", SCOPE_DOMAIN},
	{"add-variable", SCOPE_DOMAIN},
	{"set-variable", SCOPE_DOMAIN},
	{"remove-variable", SCOPE_DOMAIN},
	{"add-vdisk", SCOPE_DOMAIN},
	{"set-vdisk", SCOPE_DOMAIN},
	{"remove-vdisk", SCOPE_DOMAIN},
	{"add-vnet", SCOPE_DOMAIN},
	{"set-vnet", SCOPE_DOMAIN},
	{"remove-vnet", SCOPE_DOMAIN},
	{"set-vconsole", SCOPE_DOMAIN},
	{"add-policy", SCOPE_DOMAIN},
	{"set-policy", SCOPE_DOMAIN},
	{"remove-policy", SCOPE_DOMAIN},
	{"add-vdpcc", SCOPE_DOMAIN},
	{"remove-vdpcc", SCOPE_DOMAIN},
	{"cancel-operation", SCOPE_DOMAIN},
	{"remove-reconf", SCOPE_DOMAIN},
	{"add-vconscon", SCOPE_SERVICES},
	{"set-vconscon", SCOPE_SERVICES},
	{"remove-vconscon", SCOPE_SERVICES},
	{"add-vdiskserver", SCOPE_SERVICES},
	{"remove-vdiskserver", SCOPE_SERVICES},
	{"add-vdiskserverdevice", SCOPE_SERVICES},
	{"set-vdiskserverdevice", SCOPE_SERVICES},
	{"remove-vdiskserverdevice", SCOPE_SERVICES},
	{"add-vswitch", SCOPE_SERVICES},
	{"set-vswitch", SCOPE_SERVICES},
	{"remove-vswitch", SCOPE_SERVICES},
	{"add-vdpcs", SCOPE_SERVICES},
	{"remove-vdpcs", SCOPE_SERVICES},
	{"add-spconfig", SCOPE_SPCONFIG},
	{"set-spconfig", SCOPE_SPCONFIG},
	{"remove-spconfig", SCOPE_SPCONFIG},
};

static const struct event_meaning *meaning_of(const char *action)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strcasecmp(meanings[i].action, action) == 0)
			return &meanings[i];
	return NULL;
}

/* Names are compared without case by the vendor's own client; ours is the inventory's spelling. */
static const char *spelling(const struct refresh *r, const char *name)
{
	if (!r->snapshot || snapshot_find_name(r->snapshot, name))
		return name;
	for (size_t i = 0; i < r->snapshot->n_domains; i++)
		if (strcasecmp(r->snapshot->domains[i]->name, name) == 0)
			return r->snapshot->domains[i]->name;
	return name;
}

static void domain_event(struct refresh *r, const struct ldm_event *event)
{
	if (!event->domain || agenda_add_target(r, spelling(r, event->domain)) < 0)
		agenda_need_soon(r, NEED_LIST | NEED_BINDINGS);
	/* The end of a migration is the end of the domain here, or its beginning. */
	if (event->status && strcasecmp(event->status, "done") == 0)
		agenda_need_soon(r, NEED_LIST);
}

void refresh_take_event(struct refresh *r, const struct ldm_event *event)
{
	const struct event_meaning *m = meaning_of(event->action);

	r->status.events_received++;
	r->status_dirty = true;
	log_debug(REFRESH_TOKEN, "event %s %s", event->action, event->domain ? event->domain : "");
	if (!m) {
		r->status.events_unknown++;
		return;
	}
	switch (m->scope) {
	case SCOPE_DOMAIN:
		domain_event(r, event);
		break;
	case SCOPE_LEAVES:
		agenda_need_soon(r, NEED_LIST);
		break;
	case SCOPE_SERVICES:
		agenda_need_soon(r, NEED_SERVICES);
		break;
	case SCOPE_SPCONFIG:
		agenda_need_soon(r, NEED_SPCONFIG);
		break;
	}
}
