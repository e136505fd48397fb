/*
 * I/O devices: PCIe buses, and virtual functions (SR-IOV) of the network function that each bus
 * has. The names follow /SYS/MB/NET0/IOVNET.PF0.VF0 of the guides.
 */
#include <stdio.h>
#include <stdlib.h>

#include "actions.h"
#include "events.h"
#include "guest.h"
#include "sim.h"

static enum verdict changed(struct task *task, const struct domain *domain)
{
	event_resource(task->sim, task->action->name, domain->name, NULL, NULL);
	return VERDICT_OK;
}

static const char *device_in_question(struct task *task)
{
	const struct resource *device = need_resource(task, "physio_device");

	return device ? need_prop(task, device, "name") : NULL;
}

static enum verdict refuse_unknown(struct task *task, const char *name)
{
	return task_refuse(task, "I/O device %s was not found", name);
}

/* Buses move under a running domain since 3.3; before, a root domain must reboot. */
static bool io_is_dynamic(const struct task *task)
{
	return task->domain->state != STATE_ACTIVE || task->sim->host.version >= LDM_VERSION(3, 3);
}

static enum verdict move_bus(struct task *task, struct bus *bus, struct domain *to)
{
	struct domain *domain = task->domain;

	if (!is_settled(domain))
		return refuse_transition(task);
	if (domain->delayed_reconf || (!io_is_dynamic(task) && reconf_is_possible(domain))) {
		reconf_begin(domain);
		bus->planned = to;
		return changed(task, domain);
	}
	if (!io_is_dynamic(task))
		return task_refuse(task, "LDom %s must be bound or inactive", domain->name);
	bus->owner = bus->planned = to;
	return changed(task, domain);
}

static enum verdict move_function(struct task *task, struct function *function, struct domain *to)
{
	if (!is_settled(task->domain))
		return refuse_transition(task);
	if (!io_is_dynamic(task))
		return task_refuse(task, "LDom %s must be bound or inactive", task->domain->name);
	function->owner = to;
	return changed(task, task->domain);
}

enum verdict run_add_io(struct task *task)
{
	const char *name = device_in_question(task);
	struct function *function = name ? function_find(&task->sim->host, name) : NULL;
	struct bus *bus = name ? bus_find(&task->sim->host, name) : NULL;
	const struct domain *owner = function ? function->owner : bus ? bus->owner : NULL;

	if (!name)
		return VERDICT_REFUSED;
	if ((!function && !bus) || (function && function->planned))
		return refuse_unknown(task, name);
	if (owner)
		return task_refuse(task, "I/O device %s is owned by LDom %s", name, owner->name);
	return function ? move_function(task, function, task->domain)
			: move_bus(task, bus, task->domain);
}

enum verdict run_remove_io(struct task *task)
{
	const char *name = device_in_question(task);
	struct function *function = name ? function_find(&task->sim->host, name) : NULL;
	struct bus *bus = name ? bus_find(&task->sim->host, name) : NULL;

	if (!name)
		return VERDICT_REFUSED;
	if (!function && !bus)
		return refuse_unknown(task, name);
	if ((function ? function->owner : bus->owner) != task->domain)
		return task_refuse(
			task, "I/O device %s does not belong to LDom %s", name, task->domain->name);
	return function ? move_function(task, function, NULL) : move_bus(task, bus, NULL);
}

static bool find_physical(const struct host *host, const char *name, size_t *ret_bus)
{
	for (size_t i = 0; i < host->n_buses; i++) {
		char *physical = physical_function_name(i);
		bool same = !host->buses[i].gone && str_equal(name, physical);

		free(physical);
		if (!same)
			continue;
		*ret_bus = i;
		return true;
	}
	return false;
}

/* Refuses unless the root domain of the bus runs an OS; whether it must reboot for the change. */
static bool root_takes_part(struct task *task, const struct bus *bus, bool *ret_waits)
{
	struct domain *root = bus->owner;
	const struct domain *pending = reconf_in_the_way(&task->sim->host, root);

	if (pending) {
		task_refuse(task, "The %s domain is in the process of a delayed reconfiguration",
			pending->name);
		return false;
	}
	if (!root || root->state != STATE_ACTIVE || root->openboot) {
		task_refuse(task, "The root domain of %s must be active and booted", bus->name);
		return false;
	}
	*ret_waits =
		root->delayed_reconf || bus->iov_off || task->sim->host.version < LDM_VERSION(3, 1);
	if (*ret_waits)
		reconf_begin(root);
	return true;
}

static unsigned free_number(const struct host *host, size_t bus)
{
	const struct function *function;
	unsigned number = 0;

	TAILQ_FOREACH (function, &host->functions, entry)
		if (function->bus == bus && function->number >= number)
			number = function->number + 1;
	return number;
}

static bool vlan_is_legal(const char *text)
{
	uint64_t id;

	return !text || !*text || (parse_count(text, 4094, &id) && id > 0);
}

/* What is given; the rest is made up. */
static struct resource *describe_function(
	struct host *host, const struct resource *given, const char *name)
{
	struct resource *spec = resource_new("physio_device");
	const struct prop *prop;

	resource_set(spec, "name", name);
	TAILQ_FOREACH (prop, &given->props, entry)
		if (!str_equal(prop->key, "name"))
			resource_set(spec, prop->key, prop->value);
	if (!resource_get(spec, PROP_ADDRESS)) {
		char *mac = new_mac(host);

		resource_set(spec, PROP_ADDRESS, mac);
		free(mac);
	}
	if (!resource_get(spec, "pvid"))
		resource_set(spec, "pvid", "1");
	if (!resource_get(spec, "vid"))
		resource_set(spec, "vid", "");
	if (!resource_get(spec, "mtu"))
		resource_set(spec, "mtu", "1500");
	return spec;
}

enum verdict run_create_vf(struct task *task)
{
	struct host *host = &task->sim->host;
	const char *name = device_in_question(task);
	const struct resource *given = object_find(task->object, "physio_device");
	struct function *function;
	size_t bus;
	bool waits;
	char *made;

	if (!name)
		return VERDICT_REFUSED;
	if (!find_physical(host, name, &bus))
		return refuse_unknown(task, name);
	if (!vlan_is_legal(resource_get(given, "pvid")))
		return task_refuse(task, "Invalid pvid \"%s\"", resource_get(given, "pvid"));
	if (!root_takes_part(task, &host->buses[bus], &waits))
		return VERDICT_REFUSED;
	function = xcalloc(1, sizeof(*function));
	function->bus = bus;
	function->number = free_number(host, bus);
	function->planned = waits;
	made = xasprintf("%s.VF%u", name, function->number);
	function->spec = describe_function(host, given, made);
	free(made);
	TAILQ_INSERT_TAIL(&host->functions, function, entry);
	return changed(task, host->buses[bus].owner);
}

enum verdict run_destroy_vf(struct task *task)
{
	struct host *host = &task->sim->host;
	const char *name = device_in_question(task);
	struct function *function = name ? function_find(host, name) : NULL;
	struct domain *root;
	bool waits;

	if (!name)
		return VERDICT_REFUSED;
	if (!function)
		return refuse_unknown(task, name);
	if (function->owner)
		return task_refuse(
			task, "I/O device %s is owned by LDom %s", name, function->owner->name);
	root = host->buses[function->bus].owner;
	if (!root_takes_part(task, &host->buses[function->bus], &waits))
		return VERDICT_REFUSED;
	if (waits && !function->planned)
		function->leaving = true;
	else
		function_remove(host, function);
	return changed(task, root);
}

/* MAC addresses and MTU of a function that runs somewhere stay; VLANs change at any time. */
static enum verdict set_function(struct task *task, struct function *function)
{
	const struct resource *given = object_find(task->object, "physio_device");
	const struct domain *owner = function->owner;
	const struct prop *prop;

	if (owner && owner->state == STATE_ACTIVE &&
		(resource_get(given, PROP_ADDRESS) || resource_get(given, "mtu")))
		return task_refuse(task, "LDom %s must be bound or inactive", owner->name);
	if (!vlan_is_legal(resource_get(given, "pvid")))
		return task_refuse(task, "Invalid pvid \"%s\"", resource_get(given, "pvid"));
	TAILQ_FOREACH (prop, &given->props, entry)
		resource_set(function->spec, prop->key, prop->value);
	return changed(task, owner ? owner : task->sim->host.control);
}

enum verdict run_set_io(struct task *task)
{
	const char *name = device_in_question(task);
	struct function *function = name ? function_find(&task->sim->host, name) : NULL;
	struct bus *bus = name ? bus_find(&task->sim->host, name) : NULL;
	const char *iov = object_get(task->object, "physio_device", "iov_bus_enable_iov");

	if (!name)
		return VERDICT_REFUSED;
	if (function)
		return set_function(task, function);
	if (!bus)
		return refuse_unknown(task, name);
	if (!iov || !word_in_list("on off", iov))
		return task_refuse(task, "Nothing to set of %s", name);
	bus->iov_off = str_equal(iov, "off");
	return changed(task, bus->owner ? bus->owner : task->sim->host.control);
}
