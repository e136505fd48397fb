/*
 * Data version 2.0: the flat form of LDoms 1.0. Only ldom_name, cpu, memory, network, disk and var
 * are documented; everything else here follows from the later keys, and the state is written where
 * a reader is most likely to look for it, as the number of the vendor's MIB.
 */
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "wire.h"

static const char *element_name(const struct resource *resource, const char *key)
{
	if (str_equal(key, PROP_ADDRESS))
		return "mac_address";
	if (str_equal(key, PROP_UUID))
		return "uuid";
	if (str_equal(key, PROP_UNITS))
		return str_equal(resource->type, "memory") ? "size" : "number";
	return key;
}

static unsigned state_number(const char *word)
{
	for (int state = STATE_ACTIVE; state <= STATE_STARTING; state++)
		if (str_equal(word, state_word(state)))
			return (unsigned)state;
	return 0;
}

static void write_prop(struct wire *wire, const struct resource *resource, const struct prop *prop)
{
	char *number;

	if (!str_equal(prop->key, "state")) {
		wire_text(wire, element_name(resource, prop->key), prop->value);
		return;
	}
	if (state_number(prop->value) == 0) { /* a word that has no number */
		wire_text(wire, "state", prop->value);
		return;
	}
	number = xasprintf("%u", state_number(prop->value));
	wire_text(wire, "state", number);
	free(number);
}

static void write_inside(struct wire *wire, const struct resource *resource)
{
	const struct resource *binding = NULL;
	const struct prop *prop = NULL;

	while ((prop = wire_next_prop(wire, &resource->props, prop)))
		write_prop(wire, resource, prop);
	while ((binding = wire_next_resource(wire, &resource->bindings, binding))) {
		wire_begin(wire, "binding");
		write_inside(wire, binding);
		wire_end(wire);
	}
}

static void write_resource(struct wire *wire, const struct resource *resource)
{
	wire_begin(wire, resource->type);
	write_inside(wire, resource);
	wire_end(wire);
}

/* The name comes first, in an ldom_info that is there even if nothing else is known. */
static void write_info(struct wire *wire, const struct object *object)
{
	const struct resource *info = object_find(object, "ldom_info");

	wire_begin(wire, "ldom_info");
	if (!object->nameless)
		wire_text(wire, "ldom_name", object->name);
	if (info)
		write_inside(wire, info);
	wire_end(wire);
}

void wire_object_v2(struct wire *wire, const struct object *object)
{
	const struct resource *resource = NULL;

	wire_begin(wire, "ldom");
	if (object->name)
		write_info(wire, object);
	while ((resource = wire_next_resource(wire, &object->resources, resource)))
		if (object->name == NULL || !str_equal(resource->type, "ldom_info"))
			write_resource(wire, resource);
	if (wire->style.unknown_elements)
		wire_text(wire, "future_resource", "42");
	wire_end(wire);
}
