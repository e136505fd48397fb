/*
 * From the host to the neutral form: what each list action shows.
 */
#ifndef LDMD_SIM_DESCRIBE_H
#define LDMD_SIM_DESCRIBE_H

#include "host.h"

struct object *describe_status(const struct domain *domain);	  /* list-domain */
struct object *describe_bindings(const struct domain *domain);	  /* list-bindings */
struct object *describe_constraints(const struct domain *domain); /* list-constraints */
struct object *describe_services(const struct domain *domain);
struct object *describe_variables(const struct domain *domain);
/* all = used resources too, each with a property `free`. */
struct object *describe_devices(const struct host *host, bool all);
struct object *describe_spconfigs(const struct host *host);
/* Everything, for the state file: constraints, state and exact bindings. */
struct object *describe_all(const struct domain *domain);

/* The lists of 3.4 and 3.5. */
struct object *describe_io(const struct host *host);
struct object *describe_hbas(const struct host *host);
struct object *describe_resource_groups(const struct host *host);
struct object *describe_dependencies(const struct domain *domain);
struct object *describe_netdevs(const struct domain *domain);
struct object *describe_netstats(const struct domain *domain);

#endif
