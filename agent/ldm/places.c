/*
 * What the elements of a document mean, in two tables: which element leads to which place, and what
 * is done at a place. Adding an element is adding a line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/content.h"
#include "ldm/parse.h"
#include "util/cleanup.h"

static const struct rule {
	enum place in;
	const char *name; /* NULL: any other */
	enum place to;
} rules[] = {
	{AT_TOP, "LDM_interface", AT_INTERFACE},
	{AT_TOP, "LDM_event", AT_EVENT},
	{AT_INTERFACE, "cmd", AT_COMMAND},
	{AT_INTERFACE, "data", AT_DATA}, /* a document of ldm list-constraints -x */
	{AT_INTERFACE, "response", AT_RESPONSE},
	{AT_EVENT, "cmd", AT_COMMAND},
	{AT_COMMAND, "action", AT_ACTION},
	{AT_COMMAND, "data", AT_DATA},
	{AT_COMMAND, "response", AT_RESPONSE},
	{AT_DATA, "Envelope", AT_ENVELOPE},
	{AT_DATA, "ldom", AT_LDOM},
	{AT_DATA, "response", AT_RESPONSE},
	{AT_ENVELOPE, "Content", AT_CONTENT},
	{AT_ENVELOPE, "Section", AT_SECTION},
	{AT_CONTENT, "Section", AT_SECTION},
	{AT_SECTION, "Item", AT_ITEM},
	{AT_ITEM, "OtherResourceType", AT_TYPE},
	{AT_ITEM, "AllocationUnits", AT_UNITS},
	{AT_ITEM, "Address", AT_ADDRESS},
	{AT_ITEM, "uuid", AT_UUID},
	{AT_ITEM, "GenericProperty", AT_GENERIC},
	{AT_ITEM, "Binding", AT_BINDING},
	{AT_ITEM, "binding", AT_BINDING},
	{AT_ITEM, NULL, AT_CHILD},
	{AT_BINDING, "Item", AT_ITEM},
	{AT_LDOM, NULL, AT_LDOM_RESOURCE},
	{AT_LDOM_RESOURCE, "binding", AT_LDOM_BINDING},
	{AT_LDOM_RESOURCE, NULL, AT_LDOM_CHILD},
	{AT_LDOM_BINDING, NULL, AT_LDOM_CHILD},
	{AT_RESPONSE, "status", AT_STATUS},
	{AT_RESPONSE, "resp_msg", AT_MESSAGE},
};

/* Data version 2.0: which child element is what 3.0 has a place of its own for. */
static const struct flat {
	const char *type; /* NULL: any */
	const char *name;
	enum place as;
} flats[] = {
	{"ldom_info", "ldom_name", AT_CONTENT},
	{"cpu", "number", AT_UNITS},
	{"mau", "number", AT_UNITS},
	{"memory", "size", AT_UNITS},
	{NULL, "mac_address", AT_ADDRESS},
	{NULL, "uuid", AT_UUID},
};

/* The text collected, trimmed in place. */
static const char *value(struct parse *p)
{
	static const char space[] = " \t\r\n";
	char *text = buffer_data(&p->text);
	size_t len = p->text.len;

	while (len > 0 && strchr(space, text[len - 1]))
		text[--len] = '\0';
	return text + strspn(text, space);
}

static int set_once(char **to, const char *text)
{
	if (*to)
		return 0;
	*to = strdup(text);
	return *to ? 0 : -ENOMEM;
}

static int refuse_resources(struct parse *p)
{
	return ldm_reader_refuse(&p->reader, "too many resources");
}

/* Counted with the resources, so that there cannot be more of them either. */
static int new_content(struct parse *p)
{
	if (++p->n_resources > p->limits->resources)
		return refuse_resources(p);
	p->content = content_append(&p->contents, &p->n_contents);
	return p->content ? 0 : -ENOMEM;
}

static int open_command(struct parse *p)
{
	verdict_begin(&p->verdict, VERDICT_COMMAND);
	return 0;
}

static int close_action(struct parse *p)
{
	return set_once(&p->document->reply.action, value(p));
}

static int open_data(struct parse *p)
{
	verdict_begin(&p->verdict, VERDICT_DATA);
	p->n_resources = 0;
	p->content = NULL;
	p->loose = 0;
	return 0;
}

static int open_content(struct parse *p)
{
	xmlChar *id;
	int r = new_content(p);

	if (r < 0)
		return r;
	id = ldm_reader_attribute(&p->reader, "id");
	r = set_once(&p->content->domain, id ? (const char *)id : "");
	xmlFree(id);
	return r;
}

static int close_content(struct parse *p)
{
	p->content = NULL;
	return 0;
}

/* A section directly in the envelope belongs to no domain. */
static int open_section(struct parse *p)
{
	int r;

	if (p->content)
		return 0;
	if (p->loose == 0) {
		r = new_content(p);
		if (r < 0)
			return r;
		p->loose = p->n_contents;
	}
	p->content = &p->contents[p->loose - 1];
	return 0;
}

static int close_section(struct parse *p)
{
	if (!p->content->domain)
		p->content = NULL;
	return 0;
}

static int new_resource(struct parse *p)
{
	struct level *l = parse_top(p);
	struct ldm_resource *parent = l->resource;

	if (++p->n_resources > p->limits->resources)
		return refuse_resources(p);
	l->resource = parent ? resource_append(&parent->bindings, &parent->n_bindings)
			     : resource_append(&p->content->resources, &p->content->n_resources);
	return l->resource ? 0 : -ENOMEM;
}

static int close_item(struct parse *p)
{
	return set_once(&parse_top(p)->resource->type, "");
}

static int close_type(struct parse *p)
{
	return set_once(&parse_top(p)->resource->type, value(p));
}

static int close_units(struct parse *p)
{
	return set_once(&parse_top(p)->resource->units, value(p));
}

static int close_address(struct parse *p)
{
	return set_once(&parse_top(p)->resource->address, value(p));
}

static int close_uuid(struct parse *p)
{
	return set_once(&parse_top(p)->resource->uuid, value(p));
}

static int open_generic(struct parse *p)
{
	xmlChar *key = ldm_reader_attribute(&p->reader, "key");

	free(p->key);
	p->key = key ? strdup((const char *)key) : NULL;
	xmlFree(key);
	if (!p->key)
		return key ? -ENOMEM : 0;
	return 0;
}

static int open_child(struct parse *p)
{
	free(p->key);
	p->key = strdup(ldm_reader_name(&p->reader));
	return p->key ? 0 : -ENOMEM;
}

static int add_property(struct parse *p, const char *key)
{
	struct ldm_resource *r = parse_top(p)->resource;

	if (r->n_props >= p->limits->properties)
		return ldm_reader_refuse(&p->reader, "too many properties");
	return property_append(r, key, value(p));
}

static int close_property(struct parse *p)
{
	return p->key ? add_property(p, p->key) : 0;
}

static int open_ldom_resource(struct parse *p)
{
	int r = new_resource(p);

	return r < 0 ? r : set_once(&parse_top(p)->resource->type, ldm_reader_name(&p->reader));
}

/* An element of ldom that has a text and no children. */
static int close_ldom_resource(struct parse *p)
{
	const char *text = value(p);

	return *text ? set_once(&parse_top(p)->resource->units, text) : 0;
}

/* What it binds is of its resource's type; its numbers are not, so no flats[] for it. */
static int open_ldom_binding(struct parse *p)
{
	int r = new_resource(p);

	return r < 0 ? r : set_once(&parse_top(p)->resource->type, "");
}

static const struct flat *find_flat(const char *type, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(flats); i++)
		if ((!flats[i].type || strcmp(flats[i].type, type) == 0) &&
			strcmp(flats[i].name, name) == 0)
			return &flats[i];
	return NULL;
}

static int close_ldom_child(struct parse *p)
{
	struct ldm_resource *r = parse_top(p)->resource;
	const struct flat *f = find_flat(r->type, p->key);

	if (f && f->as == AT_CONTENT)
		return set_once(&p->content->domain, value(p));
	if (f && f->as == AT_UNITS)
		return set_once(&r->units, value(p));
	if (f && f->as == AT_ADDRESS)
		return set_once(&r->address, value(p));
	if (f && f->as == AT_UUID)
		return set_once(&r->uuid, value(p));
	return add_property(p, p->key);
}

/* Nobody documents where 2.0 has the state: the places it was seen or may be at, in order. */
static int find_state(struct ldm_content *c)
{
	struct ldm_resource *info = (struct ldm_resource *)ldm_content_find(c, "ldom_info");
	const struct ldm_resource *loose = ldm_content_find(c, "state");
	const char *state;

	if (!info || ldm_resource_get(info, "state"))
		return 0;
	state = ldm_resource_get(info, "ldom_state");
	if (!state && loose)
		state = loose->units;
	return state ? property_append(info, "state", state) : 0;
}

static int close_ldom(struct parse *p)
{
	int r = set_once(&p->content->domain, "");

	if (r == 0)
		r = find_state(p->content);
	p->content = NULL;
	return r;
}

/* A response belongs to the element it is in. */
static int open_response(struct parse *p)
{
	switch (parse_top(p)[-1].place) {
	case AT_DATA:
		verdict_open(&p->verdict, VERDICT_DATA);
		break;
	case AT_COMMAND:
		verdict_open(&p->verdict, VERDICT_COMMAND);
		break;
	default:
		verdict_open(&p->verdict, VERDICT_ROOT);
	}
	return 0;
}

static int close_status(struct parse *p)
{
	verdict_status(&p->verdict, value(p));
	return 0;
}

static int close_message(struct parse *p)
{
	return verdict_message(&p->verdict, value(p), p->limits->messages);
}

static int close_response(struct parse *p)
{
	return verdict_close(&p->verdict, p->limits->messages);
}

static const struct {
	int (*open)(struct parse *);
	int (*close)(struct parse *);
	bool has_text;
} places[_AT_MAX] = {
	[AT_COMMAND] = {open_command, NULL, false},
	[AT_ACTION] = {NULL, close_action, true},
	[AT_DATA] = {open_data, parse_deliver, false},
	[AT_CONTENT] = {open_content, close_content, false},
	[AT_SECTION] = {open_section, close_section, false},
	[AT_ITEM] = {new_resource, close_item, false},
	[AT_TYPE] = {NULL, close_type, true},
	[AT_UNITS] = {NULL, close_units, true},
	[AT_ADDRESS] = {NULL, close_address, true},
	[AT_UUID] = {NULL, close_uuid, true},
	[AT_GENERIC] = {open_generic, close_property, true},
	[AT_CHILD] = {open_child, close_property, true},
	[AT_LDOM] = {new_content, close_ldom, false},
	[AT_LDOM_RESOURCE] = {open_ldom_resource, close_ldom_resource, true},
	[AT_LDOM_CHILD] = {open_child, close_ldom_child, true},
	[AT_LDOM_BINDING] = {open_ldom_binding, NULL, false},
	[AT_RESPONSE] = {open_response, close_response, false},
	[AT_STATUS] = {NULL, close_status, true},
	[AT_MESSAGE] = {NULL, close_message, true},
};

static enum place find_place(enum place in, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].in == in && (!rules[i].name || strcmp(rules[i].name, name) == 0))
			return rules[i].to;
	return AT_SKIPPED;
}

int parse_open(struct parse *p, const char *name)
{
	struct level *parent = parse_top(p);
	enum place place = find_place(parent->place, name);

	p->depth++;
	*parse_top(p) = (struct level){.place = place, .resource = parent->resource};
	if (places[place].has_text)
		buffer_reset(&p->text);
	return places[place].open ? places[place].open(p) : 0;
}

int parse_close(struct parse *p)
{
	enum place place = parse_top(p)->place;
	int r = places[place].close ? places[place].close(p) : 0;

	if (places[place].has_text)
		buffer_reset(&p->text);
	p->depth--;
	return r;
}

int parse_text(struct parse *p, const char *text)
{
	size_t len = strlen(text);

	if (!places[parse_top(p)->place].has_text)
		return 0;
	if (p->text.len + len > p->limits->value)
		return ldm_reader_refuse(&p->reader, "value too long");
	return buffer_append(&p->text, text, len);
}
