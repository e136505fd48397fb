/*
 * One content of a reply becomes one domain.
 */
#ifndef INVENTORY_BUILD_DOMAIN_H
#define INVENTORY_BUILD_DOMAIN_H

#include "inventory/build.h"

/* budget: how many rows it may have; counted down. -E2BIG, -ENOMEM. */
int build_domain(const struct ldm_content *content, enum build_source source, size_t *budget,
	struct domain **ret);

#endif
