/*
 * Which device uses which service: the services of the whole host by name, the number of clients of
 * each, and the consoles of each concentrator.
 *
 * Disks, networks and consoles name their service, and the name of a service is unique on the host.
 * Snapshots share the links as long as no list of a domain changed. The domain structs may be
 * replaced meanwhile, so the links have the indexes of domains, no pointers to domains.
 */
#ifndef INVENTORY_LINKS_H
#define INVENTORY_LINKS_H

#include "inventory/model.h"

enum service_kind {
	SERVICE_VDS,
	SERVICE_VOLUME,
	SERVICE_VSW,
	SERVICE_VCC,
	_SERVICE_KIND_MAX,
};

struct service {
	enum service_kind kind;
	const char *name;   /* of the service */
	const char *volume; /* of the volume; NULL for the others */
	uint32_t domain;    /* ldomIndex of the domain that offers the service */
	uint32_t index;	    /* of the row in the list of that domain */
	uint32_t offers;    /* of a vds: number of its volumes; else 0 */
	/* Devices of domains that are not inactive and use the service; of a vds: volumes in use.
	 */
	uint32_t clients;
};

/* A console and its virtual console concentrator (vcc). */
struct console_link {
	uint32_t vcc_domain, vcc; /* ldomIndex of its domain, index of its row */
	uint32_t domain;	  /* ldomIndex of the domain that has the console */
	const struct console *console;
};

struct links;

/* NULL: there is no such service, or name is NULL. volume is NULL but for SERVICE_VOLUME. */
const struct service *links_find(
	const struct links *l, enum service_kind kind, const char *name, const char *volume);
/*
 * The first console at or after this place in the order (domain of the vcc, vcc, domain of the
 * console); NULL: there is none.
 */
const struct console_link *links_seek_console(
	const struct links *l, uint32_t vcc_domain, uint32_t vcc, uint32_t domain);

/*
 * Makes the links of n domains. They point into the lists of these domains and are valid as long as
 * the lists. `last` may be NULL; else it has the links of `before`, the same n domains in the last
 * snapshot, and what did not change is taken from it. -ENOMEM.
 */
int links_new(const struct domain *const *domains, size_t n, const struct links *last,
	const struct domain *const *before, const struct links **ret);
void links_unref(const struct links *l);

#endif
