/*
 * Both data versions into objects. Tolerant as ldmd's documents require: any prefix or none,
 * properties as GenericProperty or as child elements, `id` with or without prefix.
 */
#include "object-xml.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

static const char *local_name(const xmlChar *name)
{
	const char *colon = strrchr((const char *)name, ':');

	return colon ? colon + 1 : (const char *)name;
}

bool xml_is(const xmlNode *node, const char *name)
{
	return node && node->type == XML_ELEMENT_NODE && str_equal(local_name(node->name), name);
}

char *xml_text(const xmlNode *node)
{
	xmlChar *content = xmlNodeGetContent(node);
	char *text = trimmed(content ? (const char *)content : "");

	xmlFree(content);
	return text;
}

char *xml_attribute(const xmlNode *node, const char *name)
{
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		xmlChar *value;
		char *copy;

		if (!str_equal(local_name(a->name), name))
			continue;
		value = xmlNodeListGetString(a->doc, a->children, 1);
		copy = trimmed(value ? (const char *)value : "");
		xmlFree(value);
		return copy;
	}
	return NULL;
}

static const char *v3_key(const char *name)
{
	if (str_equal(name, "Address"))
		return PROP_ADDRESS;
	if (str_equal(name, "AllocationUnits"))
		return PROP_UNITS;
	if (str_equal(name, "uuid"))
		return PROP_UUID;
	return name;
}

static void set_from(struct resource *resource, const char *key, const xmlNode *node)
{
	char *value = xml_text(node);

	resource_set(resource, key, value);
	free(value);
}

static void read_property(struct resource *resource, const xmlNode *node)
{
	char *key;

	if (!xml_is(node, "GenericProperty")) {
		set_from(resource, v3_key(local_name(node->name)), node);
		return;
	}
	key = xml_attribute(node, "key");
	if (key)
		set_from(resource, key, node);
	free(key);
}

static char *item_type(const xmlNode *item)
{
	for (const xmlNode *node = item->children; node; node = node->next)
		if (xml_is(node, "OtherResourceType"))
			return xml_text(node);
	return NULL;
}

static void read_item(struct resource_list *list, const xmlNode *item);

static void read_binding(struct resource *resource, const xmlNode *binding)
{
	for (const xmlNode *node = binding->children; node; node = node->next)
		if (xml_is(node, "Item"))
			read_item(&resource->bindings, node);
}

static void read_item(struct resource_list *list, const xmlNode *item)
{
	char *type = item_type(item);
	struct resource *resource;

	if (type == NULL)
		return;
	resource = resource_new(type);
	free(type);
	TAILQ_INSERT_TAIL(list, resource, entry);
	for (const xmlNode *node = item->children; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE || xml_is(node, "OtherResourceType"))
			continue;
		if (xml_is(node, "Binding"))
			read_binding(resource, node);
		else
			read_property(resource, node);
	}
}

static void read_sections(struct object *object, const xmlNode *parent)
{
	for (const xmlNode *section = parent->children; section; section = section->next) {
		if (!xml_is(section, "Section"))
			continue;
		for (const xmlNode *node = section->children; node; node = node->next)
			if (xml_is(node, "Item"))
				read_item(&object->resources, node);
	}
}

/* A second Content is the target of migrate-domain. */
static void read_content(struct object *object, const xmlNode *content)
{
	char *id = xml_attribute(content, "id");

	if (object->name == NULL) {
		object->name = id;
	} else {
		free(object->target);
		object->target = id;
	}
	read_sections(object, content);
}

static struct object *read_envelope(const xmlNode *envelope)
{
	struct object *object = object_new(NULL);

	for (const xmlNode *node = envelope->children; node; node = node->next)
		if (xml_is(node, "Content"))
			read_content(object, node);
	read_sections(object, envelope);
	return object;
}

static const char *v2_key(const char *name)
{
	if (str_equal(name, "mac_address"))
		return PROP_ADDRESS;
	if (str_equal(name, "number") || str_equal(name, "size"))
		return PROP_UNITS;
	if (str_equal(name, "uuid"))
		return PROP_UUID;
	return name;
}

static void read_v2_resource(struct object *object, const xmlNode *element)
{
	struct resource *resource = object_add(object, local_name(element->name));

	for (const xmlNode *node = element->children; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (xml_is(node, "ldom_name"))
			object->name = object->name ? object->name : xml_text(node);
		else
			set_from(resource, v2_key(local_name(node->name)), node);
	}
}

static struct object *read_ldom(const xmlNode *ldom)
{
	struct object *object = object_new(NULL);

	for (const xmlNode *node = ldom->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE)
			read_v2_resource(object, node);
	return object;
}

static bool has_v2_resources(const xmlNode *data)
{
	for (const xmlNode *node = data->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !xml_is(node, "ldom"))
			return true;
	return false;
}

void objects_read(struct object_list *list, const xmlNode *data, bool version2)
{
	const char *wrapper = version2 ? "ldom" : "Envelope";
	struct object *object = NULL;

	TAILQ_INIT(list);
	for (const xmlNode *node = data->children; node; node = node->next) {
		if (!xml_is(node, wrapper))
			continue;
		object = version2 ? read_ldom(node) : read_envelope(node);
		TAILQ_INSERT_TAIL(list, object, entry);
	}
	if (object)
		return;
	object = version2 && has_v2_resources(data) ? read_ldom(data) : object_new(NULL);
	object->empty = TAILQ_EMPTY(&object->resources);
	TAILQ_INSERT_TAIL(list, object, entry);
}
