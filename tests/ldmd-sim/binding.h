/*
 * Giving a domain the real resources its constraints ask for, and taking them back.
 */
#ifndef LDMD_SIM_BINDING_H
#define LDMD_SIM_BINDING_H

#include "host.h"

#define MEMORY_MINIMUM	  (12 * MIB) /* OpenBoot must fit */
#define MEMORY_BOUND_UNIT (4 * MIB)
#define MEMORY_DR_UNIT	  (256 * MIB)

uint64_t rounded_up(uint64_t bytes, uint64_t unit);

/* All or nothing; false and a reason (to be freed). Does not touch the state. */
bool binding_take(struct domain *domain, char **ret_why);
void binding_give(struct domain *domain);

#endif
