/*
 * The cores behind a domain's virtual CPUs. ldmd names the core with each CPU; nobody lists cores.
 */
#ifndef INVENTORY_CORES_H
#define INVENTORY_CORES_H

#include "inventory/model.h"

/* From the numbered, sorted vcpus; before the detail is shared. -ENOMEM: has none. */
int cores_derive(struct domain_detail *d);
void cores_free(struct domain_detail *d);

#endif
