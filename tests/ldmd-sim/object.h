/*
 * What one `data` element talks about, independent of how it is written down: a named domain (or
 * nothing) and a list of resources with properties. Requests of both data versions, inventory
 * files, operator commands and all answers pass through this form, so that an action never sees
 * XML and a writer never sees the host.
 */
#ifndef LDMD_SIM_OBJECT_H
#define LDMD_SIM_OBJECT_H

#include <stdbool.h>
#include <sys/queue.h>

/* Properties that have elements of their own in the documents. */
#define PROP_UNITS   "@units"	/* rasd:AllocationUnits, v2 number or size */
#define PROP_ADDRESS "@address" /* rasd:Address, v2 mac_address */
#define PROP_UUID    "@uuid"	/* uuid */

struct prop {
	TAILQ_ENTRY(prop) entry;
	char *key;
	char *value;
	bool plain; /* written as a child element, as list-bindings does for some settings */
};
TAILQ_HEAD(prop_list, prop);

struct resource;
TAILQ_HEAD(resource_list, resource);

struct resource {
	TAILQ_ENTRY(resource) entry;
	char *type;
	struct prop_list props;
	struct resource_list bindings;
};

struct object {
	TAILQ_ENTRY(object) entry;
	char *name;    /* NULL: no Content */
	char *target;  /* name of the second Content of migrate-domain */
	bool empty;    /* `data` had no Envelope or ldom at all */
	bool nameless; /* written without its name */
	struct resource_list resources;
};
TAILQ_HEAD(object_list, object);

struct object *object_new(const char *name);
void object_free(struct object *object);
void objects_free(struct object_list *list);

/* The first resource of that type, or NULL. */
struct resource *object_find(const struct object *object, const char *type);
/* Value of a property of the first resource of that type, or NULL. */
const char *object_get(const struct object *object, const char *type, const char *key);
struct resource *object_add(struct object *object, const char *type);
/* The resource of that type, made if missing. */
struct resource *object_need(struct object *object, const char *type);

struct resource *resource_new(const char *type);
struct resource *resource_clone(const struct resource *resource);
void resource_free(struct resource *resource);
const char *resource_get(const struct resource *resource, const char *key);
/* Adds or replaces. A NULL value does nothing. */
void resource_set(struct resource *resource, const char *key, const char *value);
void resource_unset(struct resource *resource, const char *key);
void resource_setf(struct resource *resource, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* As resource_set, to be written as a plain child element. */
void resource_set_plain(struct resource *resource, const char *key, const char *value);
struct resource *resource_bind(struct resource *resource, const char *type);

#endif
