/*
 * The neutral form between documents and host: lists of resources with string properties.
 */
#include "object.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util.h"

struct object *object_new(const char *name)
{
	struct object *object = xcalloc(1, sizeof(*object));

	replace_string(&object->name, name);
	TAILQ_INIT(&object->resources);
	return object;
}

static void resources_free(struct resource_list *list)
{
	struct resource *resource;

	while ((resource = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, resource, entry);
		resource_free(resource);
	}
}

void object_free(struct object *object)
{
	if (object == NULL)
		return;
	resources_free(&object->resources);
	free(object->name);
	free(object->target);
	free(object);
}

void objects_free(struct object_list *list)
{
	struct object *object;

	while ((object = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, object, entry);
		object_free(object);
	}
}

struct resource *object_find(const struct object *object, const char *type)
{
	struct resource *resource;

	TAILQ_FOREACH (resource, &object->resources, entry)
		if (str_equal(resource->type, type))
			return resource;
	return NULL;
}

const char *object_get(const struct object *object, const char *type, const char *key)
{
	const struct resource *resource = object_find(object, type);

	return resource ? resource_get(resource, key) : NULL;
}

struct resource *object_add(struct object *object, const char *type)
{
	struct resource *resource = resource_new(type);

	TAILQ_INSERT_TAIL(&object->resources, resource, entry);
	return resource;
}

struct resource *object_need(struct object *object, const char *type)
{
	struct resource *resource = object_find(object, type);

	return resource ? resource : object_add(object, type);
}

struct resource *resource_new(const char *type)
{
	struct resource *resource = xcalloc(1, sizeof(*resource));

	resource->type = xstrdup(type);
	TAILQ_INIT(&resource->props);
	TAILQ_INIT(&resource->bindings);
	return resource;
}

struct resource *resource_clone(const struct resource *resource)
{
	struct resource *copy = resource_new(resource->type);
	const struct prop *prop;

	TAILQ_FOREACH (prop, &resource->props, entry) {
		if (prop->plain)
			resource_set_plain(copy, prop->key, prop->value);
		else
			resource_set(copy, prop->key, prop->value);
	}
	return copy;
}

static void prop_remove(struct resource *resource, struct prop *prop)
{
	TAILQ_REMOVE(&resource->props, prop, entry);
	free(prop->key);
	free(prop->value);
	free(prop);
}

void resource_free(struct resource *resource)
{
	struct prop *prop;

	if (resource == NULL)
		return;
	while ((prop = TAILQ_FIRST(&resource->props)))
		prop_remove(resource, prop);
	resources_free(&resource->bindings);
	free(resource->type);
	free(resource);
}

static struct prop *find_prop(const struct resource *resource, const char *key)
{
	struct prop *prop;

	TAILQ_FOREACH (prop, &resource->props, entry)
		if (str_equal(prop->key, key))
			return prop;
	return NULL;
}

void resource_unset(struct resource *resource, const char *key)
{
	struct prop *prop = find_prop(resource, key);

	if (prop)
		prop_remove(resource, prop);
}

const char *resource_get(const struct resource *resource, const char *key)
{
	const struct prop *prop = find_prop(resource, key);

	return prop ? prop->value : NULL;
}

/* NULL: there is no value. */
static struct prop *set_prop(struct resource *resource, const char *key, const char *value)
{
	struct prop *prop = find_prop(resource, key);

	if (value == NULL)
		return NULL;
	if (prop == NULL) {
		prop = xcalloc(1, sizeof(*prop));
		prop->key = xstrdup(key);
		TAILQ_INSERT_TAIL(&resource->props, prop, entry);
	}
	replace_string(&prop->value, value);
	return prop;
}

void resource_set(struct resource *resource, const char *key, const char *value)
{
	(void)set_prop(resource, key, value);
}

void resource_setf(struct resource *resource, const char *key, const char *format, ...)
{
	va_list ap;
	char *value = NULL;
	int n;

	va_start(ap, format);
	n = vasprintf(&value, format, ap);
	va_end(ap);
	if (n < 0)
		abort();
	resource_set(resource, key, value);
	free(value);
}

void resource_set_plain(struct resource *resource, const char *key, const char *value)
{
	struct prop *prop = set_prop(resource, key, value);

	if (prop)
		prop->plain = true;
}

struct resource *resource_bind(struct resource *resource, const char *type)
{
	struct resource *binding = resource_new(type);

	TAILQ_INSERT_TAIL(&resource->bindings, binding, entry);
	return binding;
}
