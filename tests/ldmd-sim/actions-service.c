/*
 * Services a domain offers to others (virtual disk servers and their volumes, switches, console
 * concentrators) and the configurations kept on the service processor.
 */
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "events.h"
#include "sim.h"

#define SPCONFIG_NAME_MAX_OLD 64
#define SPCONFIG_NAME_MAX     69

static enum device_kind service_kind(const struct task *task)
{
	if (strstr(task->action->name, "vswitch"))
		return DEVICE_VSW;
	if (strstr(task->action->name, "vconscon"))
		return DEVICE_VCC;
	return DEVICE_VDS;
}

static enum verdict changed(
	struct task *task, const struct domain *owner, const char *type, const char *service)
{
	bool names_service = action_verb(task) != 'a' || str_equal(type, "vds_volume");

	event_resource(
		task->sim, task->action->name, owner->name, type, names_service ? service : NULL);
	return VERDICT_OK;
}

static bool ports_are_legal(struct task *task, const struct device *vcc)
{
	uint64_t min, max;

	if (parse_count(device_get(vcc, "min_port"), 65535, &min) &&
		parse_count(device_get(vcc, "max_port"), 65535, &max) && min && min <= max)
		return true;
	task_refuse(task, "Invalid port range");
	return false;
}

static const char *new_service_name(struct task *task, enum device_kind kind)
{
	const struct resource *resource = need_resource(task, device_types[kind].resource);
	const char *name = resource ? need_prop(task, resource, "service_name") : NULL;

	if (name && !name_is_legal(name)) {
		task_refuse(task, "Invalid name \"%s\"", name);
		return NULL;
	}
	if (name && service_find(&task->sim->host, kind, name)) {
		task_refuse(task, "Service %s already exists", name);
		return NULL;
	}
	return name;
}

static void give_mac(struct host *host, struct device *vsw)
{
	char *mac;

	if (*device_get(vsw, PROP_ADDRESS))
		return;
	mac = new_mac(host);
	resource_set(vsw->spec, PROP_ADDRESS, mac);
	free(mac);
}

enum verdict run_add_service(struct task *task)
{
	enum device_kind kind = service_kind(task);
	const char *type = device_types[kind].resource;
	const char *name;
	struct device *service;

	if (task->domain == NULL)
		return task_refuse(task, "No domain was given");
	name = new_service_name(task, kind);
	if (name == NULL)
		return VERDICT_REFUSED;
	service = device_add(task->domain, kind, resource_clone(object_find(task->object, type)));
	if (kind == DEVICE_VSW)
		give_mac(&task->sim->host, service);
	if (kind == DEVICE_VCC && !ports_are_legal(task, service)) {
		device_remove(service, kind);
		return VERDICT_REFUSED;
	}
	return changed(task, task->domain, type, name);
}

static struct device *need_service(struct task *task, enum device_kind kind)
{
	const struct resource *resource = need_resource(task, device_types[kind].resource);
	const char *name = resource ? need_prop(task, resource, "service_name") : NULL;
	struct device *service;

	if (name == NULL)
		return NULL;
	service = service_find(&task->sim->host, kind, name);
	if (service == NULL)
		task_refuse(task, "Service %s does not exist", name);
	return service;
}

static void overwrite(struct resource *spec, const struct resource *given)
{
	const struct prop *prop;

	TAILQ_FOREACH (prop, &given->props, entry)
		resource_set(spec, prop->key, prop->value);
}

enum verdict run_set_service(struct task *task)
{
	enum device_kind kind = service_kind(task);
	const char *type = device_types[kind].resource;
	struct device *service = need_service(task, kind);

	if (service == NULL)
		return VERDICT_REFUSED;
	overwrite(service->spec, object_find(task->object, type));
	return changed(task, service->owner, type, device_name(service, kind));
}

static bool vds_is_empty(const struct device *vds)
{
	const struct device *volume;

	TAILQ_FOREACH (volume, &vds->owner->devices[DEVICE_VOLUME], entry)
		if (str_equal(device_get(volume, "service_name"), device_name(vds, DEVICE_VDS)))
			return false;
	return true;
}

enum verdict run_remove_service(struct task *task)
{
	enum device_kind kind = service_kind(task);
	struct device *service = need_service(task, kind);
	struct domain *owner;
	char *name;

	if (service == NULL)
		return VERDICT_REFUSED;
	owner = service->owner;
	if (service_in_use(&task->sim->host, kind, device_name(service, kind)))
		return task_refuse(task, "Service %s is in use", device_name(service, kind));
	if (kind == DEVICE_VDS && !vds_is_empty(service) && !task_has_option(task, "-f"))
		return task_refuse(
			task, "Service %s still has volumes", device_name(service, kind));
	name = xstrdup(device_name(service, kind));
	device_remove(service, kind);
	changed(task, owner, device_types[kind].resource, name);
	free(name);
	return VERDICT_OK;
}

/* The vds_volume resource with its two names given, or NULL after refusing. */
static const struct resource *need_volume_names(struct task *task)
{
	const struct resource *volume = need_resource(task, "vds_volume");

	if (volume == NULL || need_prop(task, volume, "vol_name") == NULL ||
		need_prop(task, volume, "service_name") == NULL)
		return NULL;
	return volume;
}

static bool device_is_exported(const struct host *host, const struct resource *given)
{
	const struct device *vds =
		service_find(host, DEVICE_VDS, resource_get(given, "service_name"));
	const char *group = resource_get(given, "mpgroup");
	const struct device *volume;

	TAILQ_FOREACH (volume, &vds->owner->devices[DEVICE_VOLUME], entry)
		if (str_equal(device_get(volume, "block_dev"), resource_get(given, "block_dev")) &&
			!str_equal(device_get(volume, "mpgroup"), group ? group : "-"))
			return true;
	return false;
}

enum verdict run_add_volume(struct task *task)
{
	const struct resource *given = need_volume_names(task);
	struct host *host = &task->sim->host;
	const char *service, *name;
	struct device *vds;

	if (given == NULL || need_prop(task, given, "block_dev") == NULL)
		return VERDICT_REFUSED;
	service = resource_get(given, "service_name");
	name = resource_get(given, "vol_name");
	vds = service_find(host, DEVICE_VDS, service);
	if (vds == NULL)
		return task_refuse(task, "Service %s does not exist", service);
	if (!name_is_legal(name))
		return task_refuse(task, "Invalid name \"%s\"", name);
	if (volume_find(host, service, name))
		return task_refuse(task, "Volume %s@%s already exists", name, service);
	if (device_is_exported(host, given) && !task_has_option(task, "-f"))
		return task_refuse(task, "Device %s is already exported by %s",
			resource_get(given, "block_dev"), service);
	device_add(vds->owner, DEVICE_VOLUME, resource_clone(given));
	return changed(task, vds->owner, "vds_volume", service);
}

static struct device *need_volume(struct task *task)
{
	const struct resource *given = need_volume_names(task);
	struct device *volume;

	if (given == NULL)
		return NULL;
	volume = volume_find(&task->sim->host, resource_get(given, "service_name"),
		resource_get(given, "vol_name"));
	if (volume == NULL)
		task_refuse(task, "Volume %s@%s does not exist", resource_get(given, "vol_name"),
			resource_get(given, "service_name"));
	return volume;
}

enum verdict run_set_volume(struct task *task)
{
	struct device *volume = need_volume(task);

	if (volume == NULL)
		return VERDICT_REFUSED;
	overwrite(volume->spec, object_find(task->object, "vds_volume"));
	return changed(task, volume->owner, "vds_volume", device_get(volume, "service_name"));
}

enum verdict run_remove_volume(struct task *task)
{
	struct device *volume = need_volume(task);
	struct domain *owner;
	char *service;

	if (volume == NULL)
		return VERDICT_REFUSED;
	if (volume->user && domain_is_bound(volume->user->owner))
		return task_refuse(task, "Volume %s@%s is attached to LDom %s",
			device_get(volume, "vol_name"), device_get(volume, "service_name"),
			volume->user->owner->name);
	owner = volume->owner;
	service = xstrdup(device_get(volume, "service_name"));
	device_remove(volume, DEVICE_VOLUME);
	changed(task, owner, "vds_volume", service);
	free(service);
	return VERDICT_OK;
}

static const char *need_spconfig_name(struct task *task)
{
	const struct resource *config = need_resource(task, "spconfig");

	return config ? need_prop(task, config, "spconfig_name") : NULL;
}

/* One that is there. */
static struct spconfig *need_spconfig(struct task *task)
{
	const char *name = need_spconfig_name(task);
	struct spconfig *config = name ? spconfig_find(&task->sim->host, name) : NULL;

	if (name && !config)
		task_refuse(task, "Configuration %s was not found", name);
	return config;
}

static void make_current(struct host *host, struct spconfig *chosen)
{
	struct spconfig *config;

	TAILQ_FOREACH (config, &host->spconfigs, entry)
		config->current = config == chosen;
}

enum verdict run_add_spconfig(struct task *task)
{
	struct host *host = &task->sim->host;
	size_t limit =
		host->version < LDM_VERSION(2, 0) ? SPCONFIG_NAME_MAX_OLD : SPCONFIG_NAME_MAX;
	const char *name = need_spconfig_name(task);

	if (name == NULL)
		return VERDICT_REFUSED;
	if (!name_is_legal(name) || strlen(name) > limit)
		return task_refuse(
			task, "Operation failed because an invalid configuration name was given");
	if (spconfig_find(host, name))
		return task_refuse(task, "Configuration %s already exists", name);
	make_current(host, spconfig_add(host, name));
	event_hardware(task->sim, "add-spconfig", name);
	return VERDICT_OK;
}

enum verdict run_set_spconfig(struct task *task)
{
	struct spconfig *config = need_spconfig(task);

	if (config == NULL)
		return VERDICT_REFUSED;
	make_current(&task->sim->host, config);
	event_hardware(task->sim, "set-spconfig", config->name);
	return VERDICT_OK;
}

enum verdict run_remove_spconfig(struct task *task)
{
	struct spconfig *config = need_spconfig(task);

	if (config == NULL)
		return VERDICT_REFUSED;
	if (config->current || str_equal(config->name, "factory-default"))
		return task_refuse(task, "Configuration %s cannot be removed", config->name);
	event_hardware(task->sim, "remove-spconfig", config->name);
	spconfig_remove(&task->sim->host, config);
	return VERDICT_OK;
}
