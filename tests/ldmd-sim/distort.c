/*
 * Faults of one listed domain: no name, no UUID, a strange state, networks of one name.
 */
#include "distort.h"

#include <stdlib.h>

#include "actions.h"
#include "sim.h"

static const struct fault *hit(struct task *task, enum fault_kind kind, const struct object *object)
{
	return fault_of_listed(&task->sim->faults, kind, task->action->name, object->name);
}

/* One without a name among good ones: without DOMAIN, the last of several. */
static void take_name(struct task *task, struct object *object)
{
	const struct fault *fault;

	if (object->name == NULL || (fault = hit(task, FAULT_NAMELESS, object)) == NULL)
		return;
	object->nameless = fault->domain || (object == TAILQ_LAST(&task->results, object_list) &&
						    object != TAILQ_FIRST(&task->results));
}

static void take_uuid(struct task *task, struct object *object, struct resource *info)
{
	if (resource_get(info, PROP_UUID) && hit(task, FAULT_NO_UUID, object))
		resource_unset(info, PROP_UUID);
}

static void change_state(struct task *task, struct object *object, struct resource *info)
{
	const struct fault *fault;

	if (resource_get(info, "state") && (fault = hit(task, FAULT_STATE_WORD, object)))
		resource_set(info, "state", fault->text);
}

static void name_networks_alike(struct task *task, struct object *object)
{
	struct resource *first = object_find(object, "network");
	struct resource *resource;

	if (first == NULL || !hit(task, FAULT_SAME_NET, object))
		return;
	TAILQ_FOREACH (resource, &object->resources, entry)
		if (str_equal(resource->type, "network"))
			resource_set(resource, "vnet_name", resource_get(first, "vnet_name"));
}

void distort(struct task *task)
{
	struct object *object;

	TAILQ_FOREACH (object, &task->results, entry) {
		struct resource *info = object_find(object, "ldom_info");

		if (info) {
			take_uuid(task, object, info);
			change_state(task, object, info);
		}
		name_networks_alike(task, object);
		take_name(task, object);
	}
}
