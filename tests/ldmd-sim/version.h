/*
 * What an LDM version knows. docs/ldmd-sim.md has the sources; where no document says since when,
 * it is assumed, and the table says so.
 */
#ifndef LDMD_SIM_VERSION_H
#define LDMD_SIM_VERSION_H

#include <stdbool.h>

#include "object.h"

/* Whether this version has a resource type (key NULL) or a property of it. */
bool version_has(unsigned version, const char *type, const char *key);

/* Takes away what the version does not have. */
void version_trim(struct object *object, unsigned version);

#endif
