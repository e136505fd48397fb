/*
 * list-devices: what is free.
 */
#ifndef INVENTORY_BUILD_DEVICES_H
#define INVENTORY_BUILD_DEVICES_H

#include "inventory/build.h"

/* Adds what this content tells. -E2BIG: budget used up; -ENOMEM. */
int build_devices(const struct ldm_content *content, struct free_devices *f, size_t *budget);
/* Sorted, each once. */
void devices_sort_cores(struct free_devices *f);

#endif
