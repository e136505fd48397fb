/*
 * The lists of 3.4 and 3.5 about I/O: their actions are documented, their answers are not. The
 * columns are those of the command line, under names made of them.
 */
#include <stdlib.h>

#include "describe.h"
#include "sim.h"

#define CORES_OF_A_GROUP 4

static struct resource *add_io(struct object *object, const char *name, const char *type,
	const struct bus *bus, const struct domain *owner)
{
	struct resource *resource = object_add(object, "physio_device");

	resource_set(resource, "name", name);
	resource_set(resource, "type", type);
	resource_set(resource, "bus", bus->alias);
	resource_set(resource, "domain", owner ? owner->name : "");
	resource_set(resource, "status", "");
	return resource;
}

struct object *describe_io(const struct host *host)
{
	struct object *object = object_new(NULL);
	const struct function *function;

	for (size_t i = 0; i < host->n_buses; i++) {
		const struct bus *bus = &host->buses[i];
		char *physical = physical_function_name(i);

		if (!bus->gone) {
			resource_set(add_io(object, bus->name, "BUS", bus, bus->owner), "iov",
				bus->iov_off ? "off" : "on");
			add_io(object, physical, "PF", bus, bus->owner);
		}
		free(physical);
	}
	TAILQ_FOREACH (function, &host->functions, entry)
		add_io(object, resource_get(function->spec, "name"), "VF",
			&host->buses[function->bus], function->owner);
	return object;
}

struct object *describe_hbas(const struct host *host)
{
	struct object *object = object_new(NULL);

	for (size_t i = 0; i < host->n_buses; i++) {
		struct resource *hba = object_add(object, "hba");

		resource_setf(hba, "name", "/SYS/MB/SASHBA%zu/HBA0", i);
		resource_setf(hba, "iport_path", "/%s/pci@1/pci@0/pci@2/scsi@0/iport@1",
			host->buses[i].name);
		resource_set(hba, "domain", host->buses[i].owner ? host->buses[i].owner->name : "");
	}
	return object;
}

struct object *describe_resource_groups(const struct host *host)
{
	struct object *object = object_new(NULL);
	unsigned count = (host->n_cores + CORES_OF_A_GROUP - 1) / CORES_OF_A_GROUP;

	for (unsigned i = 0; i < count; i++) {
		struct resource *group = object_add(object, "rsrc_group");
		unsigned left = host->n_cores - i * CORES_OF_A_GROUP;
		char *memory = format_size(host->memory / count);

		resource_setf(group, "name", "/SYS/CMU%u", i);
		resource_setf(
			group, "core", "%u", left < CORES_OF_A_GROUP ? left : CORES_OF_A_GROUP);
		resource_set(group, "memory", memory);
		resource_setf(group, "io", "%zu", host->n_buses / count);
		free(memory);
	}
	return object;
}

static void add_dependency(
	struct object *object, const struct domain *on, const char *type, const char *service)
{
	struct resource *dependency = object_add(object, "dependency");

	resource_set(dependency, "domain", on->name);
	resource_set(dependency, "type", type);
	resource_set(dependency, "service_name", service);
}

static void add_dependencies(struct object *object, const struct domain *domain,
	enum device_kind kind, enum device_kind of)
{
	const struct device *device, *service;

	TAILQ_FOREACH (device, &domain->devices[kind], entry) {
		service = service_find(domain_host(domain), of, device_get(device, "service_name"));
		if (service)
			add_dependency(object, service->owner, device_types[kind].resource,
				device_get(device, "service_name"));
	}
}

struct object *describe_dependencies(const struct domain *domain)
{
	struct object *object = object_new(domain->name);

	add_dependencies(object, domain, DEVICE_DISK, DEVICE_VDS);
	add_dependencies(object, domain, DEVICE_NET, DEVICE_VSW);
	return object;
}

/* Physical ports below switches, and virtual ones, as the OS of the domain sees them. */
static void add_ports(struct object *object, const struct domain *domain, const char *type)
{
	const struct device *device;
	unsigned number = 0;

	TAILQ_FOREACH (device, &domain->devices[DEVICE_VSW], entry)
		resource_setf(object_add(object, type), "name", "net%u", number++);
	TAILQ_FOREACH (device, &domain->devices[DEVICE_NET], entry)
		resource_setf(object_add(object, type), "name", "net%u", number++);
}

struct object *describe_netdevs(const struct domain *domain)
{
	struct object *object = object_new(domain->name);
	struct resource *port;

	if (domain->state != STATE_ACTIVE || domain->openboot)
		return object;
	add_ports(object, domain, "netdev");
	TAILQ_FOREACH (port, &object->resources, entry) {
		resource_set(port, "class", "PHYS");
		resource_set(port, "media", "ETHER");
		resource_set(port, "state", "up");
		resource_set(port, "speed", "10G");
	}
	return object;
}

struct object *describe_netstats(const struct domain *domain)
{
	static const char *const counters[] = {"ipackets", "rbytes", "opackets", "obytes"};
	struct object *object = object_new(domain->name);
	struct resource *port;

	if (domain->state != STATE_ACTIVE || domain->openboot)
		return object;
	add_ports(object, domain, "netstat");
	TAILQ_FOREACH (port, &object->resources, entry)
		for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
			resource_set(port, counters[i], "0");
	return object;
}
