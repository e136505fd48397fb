/*
 * From the neutral description of a domain to a domain of the host: add-domain, inventory and
 * state files all come this way.
 */
#ifndef LDMD_SIM_DOMAIN_OBJECT_H
#define LDMD_SIM_DOMAIN_OBJECT_H

#include "host.h"

/*
 * A new inactive domain with the constraints the object lists, or NULL and a reason (to be freed)
 * with nothing changed. The name must be free.
 */
struct domain *domain_from_object(struct sim *sim, const struct object *object, char **ret_why);

/* Whether the settings of an ldom_info resource are legal; NULL domain = a new one. */
bool domain_check_info(
	unsigned version, const struct domain *domain, const struct resource *info, char **ret_why);
void domain_apply_info(struct domain *domain, const struct resource *info);
void domain_apply_console(struct domain *domain, const struct resource *console);

#endif
