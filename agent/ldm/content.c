/*
 * Lists that double when full; a length that is a power of two is full, so no capacity is stored.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/content.h"
#include "util/cleanup.h"

static void *append(void **list, size_t *n, size_t size)
{
	char *item;

	if ((*n & (*n - 1)) == 0) {
		/* The limits keep this far from overflowing. */
		void *larger = realloc(*list, (*n ? *n * 2 : 1) * size);

		if (!larger)
			return NULL;
		*list = larger;
	}
	item = (char *)*list + *n * size;
	memset(item, 0, size);
	++*n;
	return item;
}

struct ldm_content *content_append(struct ldm_content **list, size_t *n)
{
	return append((void **)list, n, sizeof(**list));
}

struct ldm_resource *resource_append(struct ldm_resource **list, size_t *n)
{
	return append((void **)list, n, sizeof(**list));
}

int property_append(struct ldm_resource *r, const char *key, const char *value)
{
	_cleanup_free_ char *k = strdup(key), *v = strdup(value);
	struct ldm_property *p;

	if (!k || !v)
		return -ENOMEM;
	p = append((void **)&r->props, &r->n_props, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->key = steal_ptr(k);
	p->value = steal_ptr(v);
	return 0;
}

static void resource_list_free(struct ldm_resource *list, size_t n);

/* Recursion no deeper than the document, whose depth is limited. */
static void resource_clear(struct ldm_resource *r)
{
	for (size_t i = 0; i < r->n_props; i++) {
		free(r->props[i].key);
		free(r->props[i].value);
	}
	free(r->props);
	resource_list_free(r->bindings, r->n_bindings);
	free(r->type);
	free(r->units);
	free(r->address);
	free(r->uuid);
}

static void resource_list_free(struct ldm_resource *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		resource_clear(&list[i]);
	free(list);
}

void content_clear(struct ldm_content *c)
{
	resource_list_free(c->resources, c->n_resources);
	free(c->domain);
	*c = (struct ldm_content){0};
}

void content_list_free(struct ldm_content *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		content_clear(&list[i]);
	free(list);
}

int content_merge(struct ldm_content *to, struct ldm_content *from)
{
	for (size_t i = 0; i < from->n_resources; i++) {
		struct ldm_resource *r = resource_append(&to->resources, &to->n_resources);

		if (!r)
			return -ENOMEM;
		*r = from->resources[i];
		from->resources[i] = (struct ldm_resource){0};
	}
	return 0;
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
