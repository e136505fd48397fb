/*
 * Who is served by whom: services of a whole host by name, how many clients each has, and the
 * consoles behind each concentrator.
 *
 * Disks, networks and consoles name their service; ldmd takes such a name for the whole host. It is
 * looked up in sorted arrays that are made with each snapshot.
 */
#ifndef INVENTORY_LINKS_H
#define INVENTORY_LINKS_H

#include "inventory/snapshot.h"

enum service_kind {
	SERVICE_VDS,
	SERVICE_VOLUME,
	SERVICE_VSW,
	SERVICE_VCC,
	_SERVICE_KIND_MAX,
};

struct service {
	const char *name;	     /* of the service */
	const char *volume;	     /* of the volume; NULL for the others */
	const struct domain *domain; /* that offers it */
	const void *row;	     /* struct vds, vds_volume, vsw, vcc */
	uint32_t index;		     /* of the row */
	uint32_t offers;	     /* vds: its volumes */
	/* Devices of domains that are not inactive which use it; vds: volumes that have such. */
	uint32_t clients;
};

/* A console and its concentrator. */
struct console_link {
	const struct service *vcc;
	const struct domain *domain; /* whose console it is */
	const struct console *console;
};

/* NULL when there is none, or when a name is NULL. volume only for SERVICE_VOLUME. */
const struct service *links_find(
	const struct links *l, enum service_kind kind, const char *name, const char *volume);
/*
 * Consoles sorted by (domain of the vcc, vcc, domain of the console): the first at or behind; NULL
 * when none.
 */
const struct console_link *links_seek_console(
	const struct links *l, uint32_t vcc_domain, uint32_t vcc, uint32_t domain);

/* Made with the snapshot, and pointing into its domains. O(N log N). -ENOMEM. */
int links_new(const struct domain *const *domains, size_t n, struct links **ret);
void links_free(struct links *l);

#endif
