/*
 * The grammar of ldmd's documents is two tables: which element may be in which, and what is done
 * where an element begins and ends. A new element is a new line. A document is read as a stream:
 * only one data element is in memory, as structs.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ldm/document.h"
#include "ldm/xml.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/number.h"
#include "util/text.h"
#include "util/utf8.h"

enum element {
	AT_TOP,
	AT_SKIPPED,
	AT_INTERFACE,
	AT_EVENT,
	AT_COMMAND,
	AT_ACTION,
	AT_DATA,
	AT_ENVELOPE,
	AT_CONTENT,
	AT_SECTION,
	AT_ITEM,
	AT_FIELD, /* a property of 3.0 that has a member in struct ldm_resource */
	AT_GENERIC,
	AT_CHILD,
	AT_BINDING,
	AT_LDOM,
	AT_LDOM_RESOURCE,
	AT_LDOM_CHILD,
	AT_LDOM_BINDING,
	AT_RESPONSE,
	AT_STATUS,
	AT_MESSAGE,
	_AT_MAX,
};

#define FIELD(member) offsetof(struct ldm_resource, member)

static const struct rule {
	enum element in;
	const char *name; /* NULL: any name that has no rule before this one */
	enum element to;
	size_t field; /* AT_FIELD */
} rules[] = {
	{AT_TOP, "LDM_interface", AT_INTERFACE, 0},
	{AT_TOP, "LDM_event", AT_EVENT, 0},
	{AT_INTERFACE, "cmd", AT_COMMAND, 0},
	{AT_INTERFACE, "data", AT_DATA, 0}, /* a document of ldm list-constraints -x */
	{AT_INTERFACE, "response", AT_RESPONSE, 0},
	{AT_EVENT, "cmd", AT_COMMAND, 0},
	{AT_COMMAND, "action", AT_ACTION, 0},
	{AT_COMMAND, "data", AT_DATA, 0},
	{AT_COMMAND, "response", AT_RESPONSE, 0},
	{AT_DATA, "Envelope", AT_ENVELOPE, 0},
	{AT_DATA, "ldom", AT_LDOM, 0},
	{AT_DATA, "response", AT_RESPONSE, 0},
	{AT_ENVELOPE, "Content", AT_CONTENT, 0},
	{AT_ENVELOPE, "Section", AT_SECTION, 0},
	{AT_CONTENT, "Section", AT_SECTION, 0},
	{AT_SECTION, "Item", AT_ITEM, 0},
	{AT_ITEM, "GenericProperty", AT_GENERIC, 0}, /* most are */
	{AT_ITEM, "OtherResourceType", AT_FIELD, FIELD(type)},
	{AT_ITEM, "AllocationUnits", AT_FIELD, FIELD(units)},
	{AT_ITEM, "Address", AT_FIELD, FIELD(address)},
	{AT_ITEM, "uuid", AT_FIELD, FIELD(uuid)},
	{AT_ITEM, "Binding", AT_BINDING, 0},
	{AT_ITEM, "binding", AT_BINDING, 0},
	{AT_ITEM, NULL, AT_CHILD, 0},
	{AT_BINDING, "Item", AT_ITEM, 0},
	{AT_LDOM, NULL, AT_LDOM_RESOURCE, 0},
	{AT_LDOM_RESOURCE, "binding", AT_LDOM_BINDING, 0},
	{AT_LDOM_RESOURCE, NULL, AT_LDOM_CHILD, 0},
	{AT_LDOM_BINDING, NULL, AT_LDOM_CHILD, 0},
	{AT_RESPONSE, "status", AT_STATUS, 0},
	{AT_RESPONSE, "resp_msg", AT_MESSAGE, 0},
};

/* Data version 2.0: the child elements that are members of struct ldm_resource. */
static const struct flat {
	const char *type; /* NULL: any */
	const char *name;
	size_t field;
} flats[] = {
	{"cpu", "number", FIELD(units)},
	{"mau", "number", FIELD(units)},
	{"memory", "size", FIELD(units)},
	{NULL, "mac_address", FIELD(address)},
	{NULL, "uuid", FIELD(uuid)},
};

/*
 * What the responses say. The first response of a data, a cmd or the root is its result, a second
 * one is a warning (LDoms 3.6). Older managers put a notice into a first response that says
 * success, which is a warning, too.
 */
struct outcome {
	bool failed;		    /* a first response said failure */
	bool data_failed;	    /* the first response of the open data said failure */
	struct buffer data_message; /* the message of that response */
	struct buffer failure, warning;

	unsigned responses[_AT_MAX]; /* so far in the open data, cmd and root */
	enum element of;	     /* the element that the open response is in */
	bool says_failure;	     /* status of the open response */
	struct buffer messages;	     /* all resp_msg of the open response */
};

/* An open element. Its resource does not move: a list grows only while no item of it is open. */
struct level {
	const struct rule *rule;
	struct ldm_resource *resource; /* the innermost one that is open, or NULL */
};

/* A piece of the memory of a data, which is freed as a whole. */
struct chunk {
	struct chunk *before;
	size_t used, size;
	max_align_t bytes[];
};

#define CHUNK_SIZE ((size_t)16 << 10)

struct ldm_parser {
	const struct ldm_limits *limits;
	struct reader reader;
	struct level *levels;

	/* The document that is being read: */
	const struct ldm_document_ops *ops;
	void *user;
	struct ldm_document *document;
	size_t depth;
	const char *name;   /* of the element that is being opened */
	struct buffer text; /* of the innermost open element that has a text */
	char *key;	    /* of the open property; NULL: it has none */
	struct outcome outcome;

	/* The data that is open: */
	struct chunk *chunks;
	struct ldm_content *contents;
	size_t n_contents, n_resources;
	struct ldm_content *content; /* the one that resources are added to, or NULL */
	size_t loose;		     /* 1 + index of the content of no domain; 0: none */
};

static void *take_room(struct ldm_parser *p, size_t n, size_t alignment)
{
	struct chunk *c = p->chunks;
	size_t at = c ? (c->used + alignment - 1) / alignment * alignment : 0;

	if (!c || at > c->size || n > c->size - at) {
		size_t size = n > CHUNK_SIZE ? n : CHUNK_SIZE;

		c = malloc(sizeof(*c) + size);
		if (!c)
			return NULL;
		*c = (struct chunk){.before = p->chunks, .size = size};
		p->chunks = c;
		at = 0;
	}
	c->used = at + n;
	return (char *)c->bytes + at;
}

static char *copy_bytes(struct ldm_parser *p, const char *bytes, size_t n)
{
	char *copy = take_room(p, n + 1, 1);

	if (copy) {
		memcpy(copy, bytes, n);
		copy[n] = '\0';
	}
	return copy;
}

/* As array_append(), with memory that is freed with the data. */
static void *append(struct ldm_parser *p, void *array, size_t *n, size_t size)
{
	char *items, *more;

	memcpy(&items, array, sizeof(items));
	if ((*n & (*n - 1)) == 0) {
		more = take_room(p, (*n ? *n * 2 : 1) * size, sizeof(max_align_t));
		if (!more)
			return NULL;
		if (*n > 0)
			memcpy(more, items, *n * size);
		items = more;
		memcpy(array, &items, sizeof(items));
	}
	return memset(items + (*n)++ * size, 0, size);
}

static int property_append(
	struct ldm_parser *p, struct ldm_resource *r, char *key, const char *value)
{
	char *copy = copy_bytes(p, value, strlen(value));
	struct ldm_property *property =
		copy ? append(p, &r->props, &r->n_props, sizeof(*property)) : NULL;

	if (!property)
		return -ENOMEM;
	*property = (struct ldm_property){key, copy};
	return 0;
}

/* Frees the memory of the data, but keeps the oldest chunk for the next one. */
static void forget_contents(struct ldm_parser *p)
{
	while (p->chunks && p->chunks->before) {
		struct chunk *c = p->chunks;

		p->chunks = c->before;
		free(c);
	}
	if (p->chunks)
		p->chunks->used = 0;
	p->contents = NULL;
	p->n_contents = 0;
	p->content = NULL;
	p->loose = 0;
}

const char *ldm_resource_get(const struct ldm_resource *r, const char *key)
{
	for (size_t i = 0; i < r->n_props; i++)
		if (strcmp(r->props[i].key, key) == 0)
			return r->props[i].value;
	return NULL;
}

const struct ldm_resource *ldm_content_find(const struct ldm_content *c, const char *type)
{
	for (size_t i = 0; i < c->n_resources; i++)
		if (strcmp(c->resources[i].type, type) == 0)
			return &c->resources[i];
	return NULL;
}

static struct level *top(struct ldm_parser *p)
{
	return &p->levels[p->depth];
}

/* The text collected, trimmed in place. */
static const char *collected_value(struct ldm_parser *p)
{
	static const char space[] = " \t\r\n";
	char *text = buffer_data(&p->text);
	size_t len = p->text.len;

	while (len > 0 && strchr(space, text[len - 1]))
		text[--len] = '\0';
	return text + strspn(text, space);
}

static int set_once(struct ldm_parser *p, char **to, const char *text)
{
	if (!*to)
		*to = copy_bytes(p, text, strlen(text));
	return *to ? 0 : -ENOMEM;
}

static int set_field(struct ldm_parser *p, struct ldm_resource *r, size_t field, const char *text)
{
	return set_once(p, (char **)((char *)r + field), text);
}

static int count_resource(struct ldm_parser *p)
{
	return ++p->n_resources > p->limits->resources
		       ? reader_refuse(&p->reader, "too many resources")
		       : 0;
}

/* Contents are counted as resources, so that their number is limited, too. */
static int open_new_content(struct ldm_parser *p)
{
	int r = count_resource(p);

	if (r < 0)
		return r;
	p->content = append(p, &p->contents, &p->n_contents, sizeof(*p->contents));
	return p->content ? 0 : -ENOMEM;
}

/* *ret NULL: there is none. */
static int copy_attribute(struct ldm_parser *p, const char *name, char **ret)
{
	size_t len;
	const char *value = reader_attribute(&p->reader, name, &len);

	*ret = value ? copy_bytes(p, value, len) : NULL;
	return value && !*ret ? -ENOMEM : 0;
}

/* "1.3", as 103. */
static int open_interface(struct ldm_parser *p)
{
	char *text, *point;
	uint32_t major, minor = 0;
	int r = copy_attribute(p, "version", &text);

	if (r < 0 || !text)
		return r;
	point = strchr(text, '.');
	if (point)
		*point++ = '\0';
	if (parse_u32(text, &major) == 0 && (!point || parse_u32(point, &minor) == 0) &&
		major < 100 && minor < 100)
		p->document->reply.version = major * 100 + minor;
	return 0;
}

static int open_command(struct ldm_parser *p)
{
	p->outcome.responses[AT_COMMAND] = 0;
	return 0;
}

static int close_action(struct ldm_parser *p)
{
	char **action = &p->document->reply.action;

	return *action ? 0 : text_copy(collected_value(p), action);
}

static int open_data(struct ldm_parser *p)
{
	p->outcome.responses[AT_DATA] = 0;
	p->outcome.data_failed = false;
	buffer_reset(&p->outcome.data_message);
	p->n_resources = 0;
	p->content = NULL;
	p->loose = 0;
	return 0;
}

static int deliver_event(struct ldm_parser *p, const struct ldm_content *c)
{
	const struct ldm_resource *info = ldm_content_find(c, "ldom_info");
	struct ldm_event event = {
		.action = p->document->reply.action,
		.domain = c->domain,
		.content = *c,
	};

	if (!event.action || !p->ops->on_event)
		return 0;
	if (info) {
		event.progress = ldm_resource_get(info, "progress");
		event.status = ldm_resource_get(info, "status");
		event.source = ldm_resource_get(info, "source");
	}
	return p->ops->on_event(p->user, &event);
}

/* Sections beside a single Content are about its domain, too, as guides print policies there. */
static int merge_loose(struct ldm_parser *p)
{
	struct ldm_content *loose, *named;

	if (p->loose == 0 || p->n_contents != 2)
		return 0;
	loose = &p->contents[p->loose - 1];
	named = &p->contents[2 - p->loose];
	for (size_t i = 0; i < loose->n_resources; i++) {
		struct ldm_resource *r =
			append(p, &named->resources, &named->n_resources, sizeof(*r));

		if (!r)
			return -ENOMEM;
		*r = loose->resources[i];
	}
	p->contents[0] = *named;
	p->n_contents = 1;
	return 0;
}

static int deliver_events(struct ldm_parser *p)
{
	static const struct ldm_content none;
	int r = p->n_contents == 0 ? deliver_event(p, &none) : 0;

	for (size_t i = 0; i < p->n_contents && r == 0; i++)
		r = deliver_event(p, &p->contents[i]);
	return r;
}

static int deliver_contents(struct ldm_parser *p)
{
	const struct outcome *o = &p->outcome;
	const char *message = o->data_message.len > 0 ? buffer_data(&o->data_message) : NULL;
	int r = 0;

	for (size_t i = 0; i < p->n_contents && r == 0 && p->ops->on_content; i++)
		r = p->ops->on_content(p->user, &p->contents[i], !o->data_failed, message);
	return r;
}

static int close_data(struct ldm_parser *p)
{
	int r = merge_loose(p);

	if (r == 0)
		r = p->document->kind == LDM_DOCUMENT_EVENT ? deliver_events(p)
							    : deliver_contents(p);
	forget_contents(p);
	return r;
}

static int open_content(struct ldm_parser *p)
{
	int r = open_new_content(p);

	if (r == 0)
		r = copy_attribute(p, "id", &p->content->domain);
	return r < 0 ? r : set_once(p, &p->content->domain, "");
}

static int close_content(struct ldm_parser *p)
{
	p->content = NULL;
	return 0;
}

/* A section directly in the envelope belongs to no domain: all such sections are one content. */
static int open_section(struct ldm_parser *p)
{
	if (p->content)
		return 0;
	if (p->loose == 0) {
		int r = open_new_content(p);

		if (r < 0)
			return r;
		p->loose = p->n_contents;
	}
	p->content = &p->contents[p->loose - 1];
	return 0;
}

static int close_section(struct ldm_parser *p)
{
	if (!p->content->domain)
		p->content = NULL;
	return 0;
}

static int open_resource(struct ldm_parser *p)
{
	struct level *l = top(p);
	struct ldm_resource *parent = l->resource;
	int r = count_resource(p);

	if (r < 0)
		return r;
	l->resource = parent ? append(p, &parent->bindings, &parent->n_bindings, sizeof(*parent))
			     : append(p, &p->content->resources, &p->content->n_resources,
				       sizeof(*parent));
	return l->resource ? 0 : -ENOMEM;
}

static int close_item(struct ldm_parser *p)
{
	return set_field(p, top(p)->resource, FIELD(type), "");
}

static int close_field(struct ldm_parser *p)
{
	return set_field(p, top(p)->resource, top(p)->rule->field, collected_value(p));
}

static int open_generic(struct ldm_parser *p)
{
	return copy_attribute(p, "key", &p->key);
}

static int open_child(struct ldm_parser *p)
{
	p->key = copy_bytes(p, p->name, strlen(p->name));
	return p->key ? 0 : -ENOMEM;
}

static int close_property(struct ldm_parser *p)
{
	struct ldm_resource *resource = top(p)->resource;

	if (!p->key)
		return 0;
	if (resource->n_props >= p->limits->properties)
		return reader_refuse(&p->reader, "too many properties");
	return property_append(p, resource, p->key, collected_value(p));
}

static int open_ldom_resource(struct ldm_parser *p)
{
	int r = open_resource(p);

	return r < 0 ? r : set_field(p, top(p)->resource, FIELD(type), p->name);
}

/* An element of ldom that has a text in place of children. */
static int close_ldom_resource(struct ldm_parser *p)
{
	const char *text = collected_value(p);

	return *text ? set_field(p, top(p)->resource, FIELD(units), text) : 0;
}

/* A binding has no type, so flats[] does not apply to its numbers. */
static int open_ldom_binding(struct ldm_parser *p)
{
	int r = open_resource(p);

	return r < 0 ? r : set_field(p, top(p)->resource, FIELD(type), "");
}

static int close_ldom_child(struct ldm_parser *p)
{
	struct ldm_resource *r = top(p)->resource;

	if (strcmp(r->type, "ldom_info") == 0 && strcmp(p->key, "ldom_name") == 0)
		return set_once(p, &p->content->domain, collected_value(p));
	for (const struct flat *f = flats; f < flats + ARRAY_SIZE(flats); f++)
		if ((!f->type || strcmp(f->type, r->type) == 0) && strcmp(f->name, p->key) == 0)
			return set_field(p, r, f->field, collected_value(p));
	return close_property(p);
}

/* No guide says which element of data version 2.0 holds the state, so the likely ones are tried. */
static int find_state(struct ldm_parser *p, struct ldm_content *c)
{
	struct ldm_resource *info = (struct ldm_resource *)ldm_content_find(c, "ldom_info");
	const struct ldm_resource *element = ldm_content_find(c, "state");
	const char *state;
	char *key;

	if (!info || ldm_resource_get(info, "state"))
		return 0;
	state = ldm_resource_get(info, "ldom_state");
	if (!state && element)
		state = element->units;
	if (!state)
		return 0;
	key = copy_bytes(p, "state", strlen("state"));
	return key ? property_append(p, info, key, state) : -ENOMEM;
}

static int close_ldom(struct ldm_parser *p)
{
	int r = set_once(p, &p->content->domain, "");

	if (r == 0)
		r = find_state(p, p->content);
	p->content = NULL;
	return r;
}

static int open_response(struct ldm_parser *p)
{
	struct outcome *o = &p->outcome;

	o->of = top(p)[-1].rule->to;
	o->responses[o->of]++;
	o->says_failure = false;
	buffer_reset(&o->messages);
	return 0;
}

static int close_status(struct ldm_parser *p)
{
	p->outcome.says_failure = strcasecmp(collected_value(p), "success") != 0;
	return 0;
}

/* Text beyond the limit is left out, and no character is cut in half. */
static int add_message(struct ldm_parser *p, struct buffer *to, const char *text)
{
	const char *between = to->len > 0 ? "; " : "";
	size_t before = to->len + strlen(between), cap = p->limits->messages;
	int r;

	if (!*text || before >= cap)
		return 0;
	r = buffer_append_text(to, between);
	return r < 0 ? r : buffer_append(to, text, utf8_cut(text, cap - before));
}

static int close_message(struct ldm_parser *p)
{
	return add_message(p, &p->outcome.messages, collected_value(p));
}

static int close_response(struct ldm_parser *p)
{
	struct outcome *o = &p->outcome;
	const char *text = buffer_data(&o->messages);
	int r;

	if (o->responses[o->of] > 1 || !o->says_failure)
		return add_message(p, &o->warning, text);
	o->failed = true;
	r = add_message(p, &o->failure, text);
	if (o->of != AT_DATA || r < 0)
		return r;
	o->data_failed = true;
	return add_message(p, &o->data_message, text);
}

static const struct {
	int (*open)(struct ldm_parser *);
	int (*close)(struct ldm_parser *);
	bool has_text;
} elements[_AT_MAX] = {
	[AT_INTERFACE] = {open_interface, NULL, false},
	[AT_COMMAND] = {open_command, NULL, false},
	[AT_ACTION] = {NULL, close_action, true},
	[AT_DATA] = {open_data, close_data, false},
	[AT_CONTENT] = {open_content, close_content, false},
	[AT_SECTION] = {open_section, close_section, false},
	[AT_ITEM] = {open_resource, close_item, false},
	[AT_FIELD] = {NULL, close_field, true},
	[AT_GENERIC] = {open_generic, close_property, true},
	[AT_CHILD] = {open_child, close_property, true},
	[AT_LDOM] = {open_new_content, close_ldom, false},
	[AT_LDOM_RESOURCE] = {open_ldom_resource, close_ldom_resource, true},
	[AT_LDOM_CHILD] = {open_child, close_ldom_child, true},
	[AT_LDOM_BINDING] = {open_ldom_binding, NULL, false},
	[AT_RESPONSE] = {open_response, close_response, false},
	[AT_STATUS] = {NULL, close_status, true},
	[AT_MESSAGE] = {NULL, close_message, true},
};

static const struct rule *find_rule(enum element in, const char *name)
{
	static const struct rule skipped = {.to = AT_SKIPPED};

	for (const struct rule *r = rules; r < rules + ARRAY_SIZE(rules); r++)
		if (r->in == in && (!r->name || strcmp(r->name, name) == 0))
			return r;
	return &skipped;
}

static int close_element(void *user)
{
	struct ldm_parser *p = user;
	enum element element = top(p)->rule->to;
	int r = elements[element].close ? elements[element].close(p) : 0;

	if (elements[element].has_text)
		buffer_reset(&p->text);
	p->depth--;
	return r;
}

static int open_element(void *user, const char *name)
{
	struct ldm_parser *p = user;
	const struct rule *rule = find_rule(top(p)->rule->to, name);
	struct ldm_resource *resource = top(p)->resource;

	if (p->depth >= p->limits->depth)
		return reader_refuse(&p->reader, "elements nested too deep");
	p->depth++;
	*top(p) = (struct level){.rule = rule, .resource = resource};
	p->name = name;
	if (elements[rule->to].has_text)
		buffer_reset(&p->text);
	return elements[rule->to].open ? elements[rule->to].open(p) : 0;
}

static int take_text(void *user, const char *text, size_t len)
{
	struct ldm_parser *p = user;

	if (!elements[top(p)->rule->to].has_text)
		return 0;
	if (p->text.len + len > p->limits->value)
		return reader_refuse(&p->reader, "value too long");
	return buffer_append(&p->text, text, len);
}

static const struct reader_ops reader_ops = {
	.on_open = open_element,
	.on_text = take_text,
	.on_close = close_element,
};

static int steal_message(struct buffer *from, char **to)
{
	if (from->len == 0)
		return 0;
	*to = buffer_steal(from);
	return *to ? 0 : -ENOMEM;
}

static int read_document(struct ldm_parser *p, const char *bytes, size_t len)
{
	struct ldm_reply *reply = &p->document->reply;
	int r = reader_read(&p->reader, bytes, len, &reader_ops, p);

	if (r != 0)
		return r;
	reply->ok = !p->outcome.failed;
	r = steal_message(&p->outcome.failure, &reply->message);
	return r < 0 ? r : steal_message(&p->outcome.warning, &reply->warning);
}

/* From the bytes, as the parser may refuse a document before it reports the root element. */
enum ldm_document_kind ldm_document_kind_of(const char *document)
{
	const char *name = document + 1, *end = name + strcspn(name, " \t\r\n/>");
	_cleanup_free_ char *copy = strndup(name, end - name);
	const char *local = xml_local_name(copy);

	if (strcmp(local, "LDM_interface") == 0)
		return LDM_DOCUMENT_REPLY;
	return strcmp(local, "LDM_event") == 0 ? LDM_DOCUMENT_EVENT : LDM_DOCUMENT_OTHER;
}

int ldm_parser_new(const struct ldm_limits *limits, struct ldm_parser **ret)
{
	static const struct rule root = {.to = AT_TOP};
	struct ldm_parser *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->limits = limits ? limits : &ldm_limits_default;
	p->levels = calloc(p->limits->depth + 1, sizeof(*p->levels));
	if (!p->levels) {
		free(p);
		return -ENOMEM;
	}
	p->levels[0].rule = &root;
	*ret = p;
	return 0;
}

void ldm_parser_free(struct ldm_parser *p)
{
	if (!p)
		return;
	reader_clear(&p->reader);
	buffer_clear(&p->text);
	free(p->chunks);
	free(p->levels);
	free(p);
}

int ldm_parser_read(struct ldm_parser *p, const char *bytes, size_t len,
	const struct ldm_document_ops *ops, void *user, struct ldm_document *ret, char **ret_error)
{
	static const struct ldm_document_ops no_ops;
	int r;

	*ret = (struct ldm_document){.kind = ldm_document_kind_of(bytes)};
	p->ops = ops ? ops : &no_ops;
	p->user = user;
	p->document = ret;
	p->depth = 0;
	r = read_document(p, bytes, len);
	if (ret_error)
		*ret_error = r != 0 ? steal_ptr(p->reader.error) : NULL;
	if (r != 0)
		ldm_document_clear(ret);
	forget_contents(p);
	buffer_clear(&p->outcome.data_message);
	buffer_clear(&p->outcome.failure);
	buffer_clear(&p->outcome.warning);
	buffer_clear(&p->outcome.messages);
	p->outcome = (struct outcome){0};
	return r;
}

int ldm_document_parse(const char *bytes, size_t len, const struct ldm_limits *limits,
	const struct ldm_document_ops *ops, void *user, struct ldm_document *ret, char **ret_error)
{
	_cleanup_(ldm_parser_freep) struct ldm_parser *p = NULL;
	_cleanup_free_ char *error = NULL;
	int r = ldm_frame_whole(bytes, len, limits, &bytes, &len, &error);

	*ret = (struct ldm_document){.kind = LDM_DOCUMENT_OTHER};
	if (ret_error)
		*ret_error = r < 0 ? steal_ptr(error) : NULL;
	if (r >= 0)
		r = ldm_parser_new(limits, &p);
	return r < 0 ? r : ldm_parser_read(p, bytes, len, ops, user, ret, ret_error);
}

void ldm_document_clear(struct ldm_document *d)
{
	ldm_reply_clear(&d->reply);
}

void ldm_reply_clear(struct ldm_reply *r)
{
	free(r->action);
	free(r->message);
	free(r->warning);
	*r = (struct ldm_reply){0};
}
