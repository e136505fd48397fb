/*
 * Rows that need a second look: what is secret, what is a bus, what is not measured.
 */
#include "inventory/rows-finish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/model.h"
#include "ldm/document.h"
#include "ldm/mask.h"

#define VARIABLE_MAX 255

/* A strand under power management has an empty value or "---". */
int finish_vcpu(void *row, const struct ldm_resource *from)
{
	struct vcpu *cpu = row;
	const char *util = ldm_resource_get(from, "util_percent");

	cpu->util_known = util && *util >= '0' && *util <= '9';
	cpu->parked = util && !cpu->util_known;
	return 0;
}

bool is_bus_name(const char *name)
{
	return strncmp(name, "pci", 3) == 0 && !strchr(name, '/');
}

int finish_iobus(void *row, const struct ldm_resource *from)
{
	struct iobus *bus = row;

	(void)from;
	if (bus->type)
		bus->is_bus = strcasecmp(bus->type, "BUS") == 0;
	else
		bus->is_bus = bus->name && is_bus_name(bus->name);
	return 0;
}

/* The start of a UTF-8 character at or before at. */
static size_t character_start(const char *text, size_t at)
{
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

int finish_variable(void *row, const struct ldm_resource *from)
{
	struct environment_variable *v = row;
	const char *value = ldm_resource_get(from, "value");

	if (v->name && ldm_is_secret(v->name)) {
		v->secret = v->value && *v->value != '\0';
		free(v->value);
		v->value = NULL;
		return 0;
	}
	v->truncated = value && strlen(value) > VARIABLE_MAX;
	if (v->truncated && v->value)
		v->value[character_start(v->value, VARIABLE_MAX)] = '\0';
	return 0;
}
