/*
 * Where the host comes from: the default one, a generated one of any size, or a file.
 */
#ifndef LDMD_SIM_HOST_BUILD_H
#define LDMD_SIM_HOST_BUILD_H

#include "host.h"

void build_default_host(struct sim *sim);
void build_generated_host(struct sim *sim, unsigned domains, unsigned disks, unsigned networks);

/* The control domain with its services and nothing else. */
struct domain *build_control_domain(struct sim *sim, uint64_t vcpus, uint64_t memory);
/* Binds and starts a new domain as if it had been so for a while; false if resources lack. */
bool build_place(struct domain *domain, enum domain_state state, uint64_t seconds_up);

/* Inventory or state file. A missing state file is no error: *ret_found is false then. */
bool inventory_load(struct sim *sim, const char *file, bool *ret_found);
bool state_save(struct sim *sim, const char *file);

#endif
