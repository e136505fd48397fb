/*
 * What a reply says about a domain, completed by what was known before.
 */
#ifndef INVENTORY_MERGE_H
#define INVENTORY_MERGE_H

#include "inventory/build.h"

/*
 * Completes `fresh` from `old` (may be NULL), derives what follows from the whole (roles, flags)
 * and stamps last_change_ms. -ENOMEM.
 */
int merge_domain(
	struct domain *fresh, const struct domain *old, enum build_source source, uint64_t now_ms);

#endif
