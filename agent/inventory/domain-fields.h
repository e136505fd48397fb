/*
 * The columns of a domain as a table; see field.h. The name is not among them (it is the key), nor
 * are times.
 */
#ifndef INVENTORY_DOMAIN_FIELDS_H
#define INVENTORY_DOMAIN_FIELDS_H

#include "inventory/field.h"
#include "inventory/model.h"

extern const struct field domain_fields[];

/* Which resource of a reply the properties of these fields are looked for in. */
struct domain_resource {
	const char *resource;
	const struct field *fields; /* offsets in struct domain */
	uint32_t known;		    /* set when the resource is there, whatever is in it */
};
/* Ends with resource NULL. */
extern const struct domain_resource domain_resources[];

#endif
