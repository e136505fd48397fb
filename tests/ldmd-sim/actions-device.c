/*
 * What a domain has of its own: variables, virtual disks and networks, its console.
 */
#include <stdlib.h>

#include "actions.h"
#include "domain-object.h"
#include "events.h"
#include "pool.h"
#include "sim.h"

static enum verdict changed(struct task *task)
{
	event_resource(task->sim, task->action->name, task->domain->name, NULL, NULL);
	return VERDICT_OK;
}

/* Copies every property the request gives. */
static void overwrite(struct resource *spec, const struct resource *given)
{
	const struct prop *prop;

	TAILQ_FOREACH (prop, &given->props, entry)
		resource_set(spec, prop->key, prop->value);
}

enum verdict run_set_variable(struct task *task)
{
	const struct resource *var = need_resource(task, "var");
	const char *name = var ? need_prop(task, var, "name") : NULL;
	struct device *device;

	if (name == NULL)
		return VERDICT_REFUSED;
	if (!variable_name_is_legal(name))
		return task_refuse(task, "Invalid variable name \"%s\"", name);
	device = device_find(task->domain, DEVICE_VAR, name);
	if (device && action_verb(task) == 'a')
		return task_refuse(task, "Variable %s already exists", name);
	if (device == NULL)
		device = device_add(task->domain, DEVICE_VAR, resource_new("var"));
	resource_set(device->spec, "name", name);
	resource_set(device->spec, "value", "");
	overwrite(device->spec, var);
	return changed(task);
}

/* The named device of the request, or NULL after refusing. */
static struct device *need_device(struct task *task, enum device_kind kind)
{
	const struct device_type *type = &device_types[kind];
	const struct resource *resource = need_resource(task, type->resource);
	const char *name = resource ? need_prop(task, resource, type->name_key) : NULL;
	struct device *device;

	if (name == NULL)
		return NULL;
	device = device_find(task->domain, kind, name);
	if (device == NULL)
		task_refuse(task, "%s %s does not exist in LDom %s", type->resource, name,
			task->domain->name);
	return device;
}

/* The resource describing a device that is not there yet, or NULL after refusing. */
static const struct resource *need_new(struct task *task, enum device_kind kind)
{
	const struct device_type *type = &device_types[kind];
	const struct resource *resource = need_resource(task, type->resource);
	const char *name = resource ? need_prop(task, resource, type->name_key) : NULL;

	if (name == NULL || need_prop(task, resource, "service_name") == NULL)
		return NULL;
	if (!name_is_legal(name)) {
		task_refuse(task, "Invalid name \"%s\"", name);
		return NULL;
	}
	if (device_find(task->domain, kind, name)) {
		task_refuse(task, "%s %s already exists in LDom %s", type->resource, name,
			task->domain->name);
		return NULL;
	}
	return resource;
}

static enum verdict remove_device(struct task *task, enum device_kind kind)
{
	struct device *device = need_device(task, kind);

	if (device == NULL)
		return VERDICT_REFUSED;
	device_remove(device, kind);
	return changed(task);
}

enum verdict run_remove_variable(struct task *task)
{
	return remove_device(task, DEVICE_VAR);
}

/* An inactive domain may wish for a volume that is not there yet. */
static enum verdict check_volume(struct task *task, const struct resource *disk)
{
	const char *service = resource_get(disk, "service_name");
	const char *name = resource_get(disk, "vol_name");
	const struct device *volume;

	if (task->domain->state == STATE_INACTIVE)
		return VERDICT_OK;
	volume = volume_find(&task->sim->host, service, name);
	if (volume == NULL)
		return task_refuse(task, "Volume %s@%s does not exist", name, service);
	if (volume->user)
		return task_refuse(task, "Volume %s@%s is attached to LDom %s", name, service,
			volume->user->owner->name);
	return VERDICT_OK;
}

enum verdict run_add_vdisk(struct task *task)
{
	const struct resource *disk;
	struct device *device;

	if (!is_settled(task->domain))
		return refuse_transition(task);
	disk = need_new(task, DEVICE_DISK);
	if (disk == NULL || need_prop(task, disk, "vol_name") == NULL ||
		check_volume(task, disk) != VERDICT_OK)
		return VERDICT_REFUSED;
	device = device_add(task->domain, DEVICE_DISK, resource_clone(disk));
	disk_attach(&task->sim->host, device);
	return changed(task);
}

enum verdict run_set_vdisk(struct task *task)
{
	struct device *disk = need_device(task, DEVICE_DISK);
	const char *timeout;

	if (disk == NULL)
		return VERDICT_REFUSED;
	timeout = object_get(task->object, "disk", "timeout");
	resource_set(disk->spec, "timeout", timeout);
	return changed(task);
}

enum verdict run_remove_vdisk(struct task *task)
{
	if (!is_settled(task->domain))
		return refuse_transition(task);
	return remove_device(task, DEVICE_DISK);
}

enum verdict run_add_vnet(struct task *task)
{
	const struct resource *net;
	struct device *device;
	const char *service;
	char *mac;

	if (!is_settled(task->domain))
		return refuse_transition(task);
	net = need_new(task, DEVICE_NET);
	if (net == NULL)
		return VERDICT_REFUSED;
	service = resource_get(net, "service_name");
	if (task->domain->state != STATE_INACTIVE &&
		!service_find(&task->sim->host, DEVICE_VSW, service))
		return task_refuse(task, "Virtual switch %s does not exist", service);
	device = device_add(task->domain, DEVICE_NET, resource_clone(net));
	if (*device_get(device, PROP_ADDRESS) == '\0') {
		mac = new_mac(&task->sim->host);
		resource_set(device->spec, PROP_ADDRESS, mac);
		free(mac);
	}
	return changed(task);
}

enum verdict run_set_vnet(struct task *task)
{
	struct device *net = need_device(task, DEVICE_NET);

	if (net == NULL)
		return VERDICT_REFUSED;
	overwrite(net->spec, object_find(task->object, "network"));
	return changed(task);
}

enum verdict run_remove_vnet(struct task *task)
{
	if (!is_settled(task->domain))
		return refuse_transition(task);
	return remove_device(task, DEVICE_NET);
}

enum verdict run_set_vconsole(struct task *task)
{
	const struct resource *console = need_resource(task, "console");
	struct domain *domain = task->domain;

	if (console == NULL)
		return VERDICT_REFUSED;
	if (domain->control)
		return task_refuse(task, "The control domain has no virtual console");
	if (!is_settled(domain))
		return refuse_transition(task);
	domain_apply_console(domain, console);
	if (domain->state != STATE_INACTIVE && !console_take(&task->sim->host, domain))
		return task_refuse(task, "No virtual console port is available");
	return changed(task);
}
