/*
 * Data version 3.0: the OVF-like form, with the full name space header of the vendor's documents.
 */
#include "wire.h"

#include <string.h>

#include "sim.h"

static const char *const name_spaces[][2] = {
	{"xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"},
	{"xsi:noNamespaceSchemaLocation", "./schemas/combined-v3.xsd"},
	{"xmlns:ovf", "./schemas/envelope"},
	{"xmlns:rasd", "./schemas/CIM_ResourceAllocationSettingData"},
	{"xmlns:vssd", "./schemas/CIM_VirtualSystemSettingData"},
	{"xmlns:gprop", "./schemas/GenericProperty"},
	{"xmlns:bind", "./schemas/Binding"},
};

void style_choose(
	struct style *style, struct sim *sim, const struct subject *subject, bool version2)
{
	static const struct {
		enum fault_kind kind;
		size_t offset;
	} switches[] = {
		{FAULT_NO_PREFIX, offsetof(struct style, no_prefix)},
		{FAULT_CHILD_PROPS, offsetof(struct style, child_props)},
		{FAULT_PLAIN_ID, offsetof(struct style, plain_id)},
		{FAULT_NO_REFERENCES, offsetof(struct style, no_references)},
		{FAULT_TYPE_LOWER, offsetof(struct style, type_lower)},
		{FAULT_WHITESPACE, offsetof(struct style, whitespace)},
		{FAULT_SHUFFLE, offsetof(struct style, shuffle)},
		{FAULT_UNKNOWN_ELEMENTS, offsetof(struct style, unknown_elements)},
		{FAULT_UPPER_STATUS, offsetof(struct style, upper_status)},
		{FAULT_XML_DECL, offsetof(struct style, xml_decl)},
		{FAULT_DUP_NAMES, offsetof(struct style, dup_names)},
		{FAULT_DUP_UUIDS, offsetof(struct style, dup_uuids)},
		{FAULT_POLICY_BESIDE, offsetof(struct style, policy_beside)},
	};
	const struct fault *fault;

	*style = (struct style){.version2 = version2};
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (fault_about(&sim->faults, switches[i].kind, subject))
			*(bool *)((char *)style + switches[i].offset) = true;
	if ((fault = fault_about(&sim->faults, FAULT_MISSING, subject)))
		style->missing = fault->text;
}

void wire_init(struct wire *wire, const struct style *style)
{
	wire->style = *style;
	wire->buffer = xmlBufferCreate();
	xmlBufferSetAllocationScheme(wire->buffer, XML_BUFFER_ALLOC_DOUBLEIT);
	wire->writer = xmlNewTextWriterMemory(wire->buffer, 0);
	xmlTextWriterSetIndent(wire->writer, 1);
	xmlTextWriterSetIndentString(wire->writer, BAD_CAST "  ");
}

void wire_finish(struct wire *wire, struct buf *out)
{
	xmlTextWriterEndDocument(wire->writer);
	xmlFreeTextWriter(wire->writer);
	buf_add(out, xmlBufferContent(wire->buffer), (size_t)xmlBufferLength(wire->buffer));
	xmlBufferFree(wire->buffer);
}

void wire_begin(struct wire *wire, const char *element)
{
	xmlTextWriterStartElement(wire->writer, BAD_CAST element);
}

void wire_attribute(struct wire *wire, const char *name, const char *value)
{
	xmlTextWriterWriteAttribute(wire->writer, BAD_CAST name, BAD_CAST value);
}

void wire_end(struct wire *wire)
{
	xmlTextWriterEndElement(wire->writer);
}

static void write_value(struct wire *wire, const char *text)
{
	if (wire->style.whitespace)
		xmlTextWriterWriteString(wire->writer, BAD_CAST "\n\t  ");
	xmlTextWriterWriteString(wire->writer, BAD_CAST text);
	if (wire->style.whitespace)
		xmlTextWriterWriteString(wire->writer, BAD_CAST " \n ");
}

void wire_text(struct wire *wire, const char *element, const char *text)
{
	wire_begin(wire, element);
	write_value(wire, text);
	wire_end(wire);
}

void wire_root(struct wire *wire, const char *element, const char *version)
{
	if (wire->style.xml_decl)
		xmlTextWriterStartDocument(wire->writer, "1.0", "utf-8", NULL);
	wire_begin(wire, element);
	wire_attribute(wire, "version", version);
	if (wire->style.version2 || wire->style.no_prefix)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(name_spaces); i++)
		wire_attribute(wire, name_spaces[i][0], name_spaces[i][1]);
}

void wire_data_begin(struct wire *wire)
{
	wire_begin(wire, "data");
	wire_attribute(wire, "version", wire->style.version2 ? "2.0" : "3.0");
}

static bool is_left_out(const struct wire *wire, const char *name)
{
	const char *missing = wire->style.missing;

	return missing && str_equal(missing, name[0] == '@' ? name + 1 : name);
}

const struct resource *wire_next_resource(
	const struct wire *wire, const struct resource_list *list, const struct resource *now)
{
	bool back = wire->style.shuffle;

	do {
		if (now == NULL)
			now = back ? TAILQ_LAST(list, resource_list) : TAILQ_FIRST(list);
		else
			now = back ? TAILQ_PREV(now, resource_list, entry) : TAILQ_NEXT(now, entry);
	} while (now && is_left_out(wire, now->type));
	return now;
}

const struct prop *wire_next_prop(
	const struct wire *wire, const struct prop_list *list, const struct prop *now)
{
	bool back = wire->style.shuffle;

	do {
		if (now == NULL)
			now = back ? TAILQ_LAST(list, prop_list) : TAILQ_FIRST(list);
		else
			now = back ? TAILQ_PREV(now, prop_list, entry) : TAILQ_NEXT(now, entry);
	} while (now && is_left_out(wire, now->key));
	return now;
}

static void write_prop(struct wire *wire, const struct prop *prop)
{
	if (str_equal(prop->key, PROP_UNITS)) {
		wire_text(wire, "rasd:AllocationUnits", prop->value);
	} else if (str_equal(prop->key, PROP_ADDRESS)) {
		wire_text(wire, "rasd:Address", prop->value);
	} else if (str_equal(prop->key, PROP_UUID)) {
		wire_text(wire, "uuid", prop->value);
	} else if (prop->plain || wire->style.child_props) {
		wire_text(wire, prop->key, prop->value);
	} else {
		wire_begin(wire, "gprop:GenericProperty");
		wire_attribute(wire, "key", prop->key);
		write_value(wire, prop->value);
		wire_end(wire);
	}
}

static void write_strange_prop(struct wire *wire)
{
	wire_begin(wire, "gprop:GenericProperty");
	wire_attribute(wire, "key", "future-property");
	xmlTextWriterWriteString(wire->writer, BAD_CAST "42");
	wire_end(wire);
	wire_begin(wire, "future");
	wire_text(wire, "nested", "element");
	wire_end(wire);
}

/* Elements of their own come first, as in the vendor's documents. */
static void write_props(struct wire *wire, const struct prop_list *list)
{
	const struct prop *prop = NULL;

	while ((prop = wire_next_prop(wire, list, prop)))
		if (prop->key[0] == '@')
			write_prop(wire, prop);
	while ((prop = wire_next_prop(wire, list, prop)))
		if (prop->key[0] != '@')
			write_prop(wire, prop);
}

static void write_item(struct wire *wire, const struct resource *resource)
{
	const struct resource *binding = NULL;

	wire_begin(wire, "Item");
	if (wire->style.shuffle)
		write_props(wire, &resource->props);
	wire_text(wire, "rasd:OtherResourceType", resource->type);
	if (!wire->style.shuffle)
		write_props(wire, &resource->props);
	if (wire->style.unknown_elements)
		write_strange_prop(wire);
	while ((binding = wire_next_resource(wire, &resource->bindings, binding))) {
		wire_begin(wire, "bind:Binding");
		write_item(wire, binding);
		wire_end(wire);
	}
	wire_end(wire);
}

static const char *section_type(const struct wire *wire, const char *resource)
{
	bool allocation = str_equal(resource, "ldom_info") || str_equal(resource, "spconfig");

	if (wire->style.type_lower)
		return allocation ? "ovf:ResourceAllocationSection_type"
				  : "ovf:VirtualHardwareSection_type";
	return allocation ? "ovf:ResourceAllocationSection_Type"
			  : "ovf:VirtualHardwareSection_Type";
}

static void write_section(struct wire *wire, const struct resource *resource)
{
	wire_begin(wire, "Section");
	wire_attribute(wire, "xsi:type", section_type(wire, resource->type));
	write_item(wire, resource);
	wire_end(wire);
}

static bool is_policy(const struct resource *resource)
{
	return str_equal(resource->type, "policy");
}

static void write_policies_beside(struct wire *wire, const struct object *object)
{
	const struct resource *resource = NULL;

	while ((resource = wire_next_resource(wire, &object->resources, resource)))
		if (is_policy(resource))
			write_section(wire, resource);
}

static void write_sections(struct wire *wire, const struct object *object)
{
	const struct resource *resource = NULL;

	while ((resource = wire_next_resource(wire, &object->resources, resource)))
		if (!wire->style.policy_beside || !is_policy(resource))
			write_section(wire, resource);
	if (wire->style.unknown_elements) {
		struct resource *strange = resource_new("future_resource");

		resource_set(strange, "service_name", "primary-future0");
		write_section(wire, strange);
		resource_free(strange);
	}
}

static void write_content(struct wire *wire, const struct object *object)
{
	wire_begin(wire, "Content");
	wire_attribute(wire, "xsi:type", "ovf:VirtualSystem_Type");
	if (!object->nameless)
		wire_attribute(wire, wire->style.plain_id ? "id" : "ovf:id", object->name);
	write_sections(wire, object);
	wire_end(wire);
}

void wire_object(struct wire *wire, const struct object *object)
{
	if (object->empty)
		return;
	if (wire->style.version2) {
		wire_object_v2(wire, object);
		return;
	}
	wire_begin(wire, "Envelope");
	if (!wire->style.no_references) {
		wire_begin(wire, "References");
		wire_end(wire);
	}
	if (object->name)
		write_content(wire, object);
	else
		write_sections(wire, object);
	if (wire->style.policy_beside)
		write_policies_beside(wire, object);
	wire_end(wire);
}
