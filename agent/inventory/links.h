/*
 * Which device uses which service: the services of a whole host by name, how many clients each has,
 * and the consoles behind each concentrator.
 *
 * Disks, networks and consoles name their service, and ldmd takes such a name for the whole host.
 * Names are looked up in sorted arrays. Snapshots share them as long as no list of a domain
 * changed, so a domain is known here by its index only.
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
	uint32_t domain;    /* ldomIndex of the one that offers it */
	uint32_t index;	    /* of its row */
	uint32_t offers;    /* vds: its volumes */
	/* Devices of domains that are not inactive which use it; vds: volumes that have such. */
	uint32_t clients;
};

/* A console and its concentrator. */
struct console_link {
	uint32_t vcc_domain, vcc; /* indexes */
	uint32_t domain;	  /* ldomIndex of the one whose console it is */
	const struct console *console;
};

struct links;

/* NULL when there is none, or when a name is NULL. volume only for SERVICE_VOLUME. */
const struct service *links_find(
	const struct links *l, enum service_kind kind, const char *name, const char *volume);
/*
 * Consoles sorted by (domain of the vcc, vcc, domain of the console): the first at or behind; NULL
 * when none.
 */
const struct console_link *links_seek_console(
	const struct links *l, uint32_t vcc_domain, uint32_t vcc, uint32_t domain);

/*
 * The links of these domains, which point into their lists. With `last`, the links of `before`,
 * which are the same n domains as they were, only what changed is made anew. -ENOMEM.
 */
int links_new(const struct domain *const *domains, size_t n, const struct links *last,
	const struct domain *const *before, const struct links **ret);
void links_unref(const struct links *l);

#endif
