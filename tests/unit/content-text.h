/*
 * Contents of replies written as text, so that a test fits on a screen:
 *
 *	"guest | ldom_info uuid=... state=active | cpu units=4 | + cpu vid=0 pid=8"
 *
 * First the domain ("-" for none), then resources; "+" binds to the resource before. The words
 * units, address and uuid fill those members, anything else is a property; '_' in a quoted value
 * is kept, "~" stands for a space.
 */
#ifndef TESTS_UNIT_CONTENT_TEXT_H
#define TESTS_UNIT_CONTENT_TEXT_H

#include <stdlib.h>
#include <string.h>

#include "ldm/document.h"

static inline char *text_value(const char *text)
{
	char *copy = strdup(text);

	for (char *c = copy; *c; c++)
		if (*c == '~')
			*c = ' ';
	return copy;
}

static inline void text_property(struct ldm_resource *r, char *word)
{
	char *value = strchr(word, '=');

	*value++ = '\0';
	if (strcmp(word, "units") == 0) {
		r->units = text_value(value);
	} else if (strcmp(word, "address") == 0) {
		r->address = text_value(value);
	} else if (strcmp(word, "uuid") == 0) {
		r->uuid = text_value(value);
	} else {
		r->props = reallocarray(r->props, r->n_props + 1, sizeof(*r->props));
		r->props[r->n_props].key = strdup(word);
		r->props[r->n_props++].value = text_value(value);
	}
}

static inline struct ldm_resource text_resource(char *text)
{
	struct ldm_resource r = {0};
	char *word, *rest = NULL;

	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (!r.type)
			r.type = strdup(word);
		else
			text_property(&r, word);
	}
	return r;
}

static inline void text_append(struct ldm_resource **list, size_t *n, struct ldm_resource r)
{
	*list = reallocarray(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = r;
}

static inline struct ldm_content content_from(const char *text)
{
	struct ldm_content c = {0};
	char *copy = strdup(text), *rest = copy, *part = strsep(&rest, "|");
	char *end = part + strcspn(part, " ");

	*end = '\0';
	c.domain = strcmp(part, "-") == 0 ? NULL : text_value(part);
	while ((part = strsep(&rest, "|"))) {
		part += strspn(part, " ");
		if (*part == '+') {
			struct ldm_resource *last = &c.resources[c.n_resources - 1];

			text_append(&last->bindings, &last->n_bindings, text_resource(part + 1));
		} else {
			text_append(&c.resources, &c.n_resources, text_resource(part));
		}
	}
	free(copy);
	return c;
}

static inline void text_resource_clear(struct ldm_resource *r)
{
	for (size_t i = 0; i < r->n_bindings; i++)
		text_resource_clear(&r->bindings[i]);
	for (size_t i = 0; i < r->n_props; i++) {
		free(r->props[i].key);
		free(r->props[i].value);
	}
	free(r->props);
	free(r->bindings);
	free(r->type);
	free(r->units);
	free(r->address);
	free(r->uuid);
}

static inline void content_free(struct ldm_content *c)
{
	for (size_t i = 0; i < c->n_resources; i++)
		text_resource_clear(&c->resources[i]);
	free(c->resources);
	free(c->domain);
}

#endif
