/*
 * What the lists show of the machine itself, and the state file's view of a domain.
 */
#include <stdlib.h>

#include "describe.h"
#include "pool.h"
#include "sim.h"

static void mark_free(struct resource *binding, bool all, bool is_free)
{
	if (all)
		resource_set(binding, "free", is_free ? "1" : "0");
}

static void add_threads(struct object *object, const struct host *host, bool all)
{
	struct resource *cpu = object_add(object, "cpu");

	resource_setf(cpu, PROP_UNITS, "%u", all ? threads_there(host) : host->free_threads);
	for (unsigned pid = 0; pid < host->n_threads; pid++) {
		const struct domain *owner = host->thread_owner[pid];
		struct resource *binding;

		if ((owner && !all) || host->core_gone[pid / THREADS_PER_CORE])
			continue;
		binding = resource_bind(cpu, "cpu");
		resource_setf(binding, "pid", "%u", pid);
		resource_setf(binding, "cid", "%u", pid / THREADS_PER_CORE);
		mark_free(binding, all, owner == NULL);
	}
}

static void add_maus(struct object *object, const struct host *host, bool all)
{
	struct resource *mau;

	if (host->n_maus == 0)
		return;
	mau = object_add(object, "mau");
	resource_setf(mau, PROP_UNITS, "%u", all ? maus_there(host) : maus_free(host));
	for (unsigned core = 0; core < host->n_maus; core++) {
		struct resource *binding;

		if ((host->mau_owner[core] && !all) || host->core_gone[core])
			continue;
		binding = resource_bind(mau, "mau");
		resource_setf(binding, "id", "%u", core);
		mark_free(binding, all, host->mau_owner[core] == NULL);
	}
}

static void add_block(struct resource *memory, uint64_t pa, uint64_t size, bool all, bool is_free)
{
	struct resource *binding = resource_bind(memory, "memory");

	resource_setf(binding, "pa", "0x%llx", (unsigned long long)pa);
	resource_setf(binding, "size", "%llu", (unsigned long long)size);
	mark_free(binding, all, is_free);
}

static void add_memory(struct object *object, const struct host *host, bool all)
{
	struct resource *memory = object_add(object, "memory");
	char *size = format_size(all ? host->memory : memory_free(host));
	const struct domain *d;

	resource_set(memory, PROP_UNITS, size);
	free(size);
	for (size_t i = 0; i < host->n_free_memory; i++)
		add_block(memory, host->free_memory[i].pa, host->free_memory[i].size, all, true);
	if (!all)
		return;
	TAILQ_FOREACH (d, &host->domains, entry)
		for (size_t i = 0; i < d->n_blocks; i++)
			add_block(memory, d->blocks[i].pa, d->blocks[i].size, all, false);
}

static void add_buses(struct object *object, const struct host *host, bool all)
{
	for (size_t i = 0; i < host->n_buses; i++) {
		const struct bus *bus = &host->buses[i];
		struct resource *resource;

		if ((bus->owner && !all) || bus->gone)
			continue;
		resource = object_add(object, "physio_device");
		resource_set(resource, "name", bus->name);
		resource_set(resource, "alias", bus->alias);
		mark_free(resource, all, bus->owner == NULL);
	}
}

struct object *describe_devices(const struct host *host, bool all)
{
	struct object *object = object_new(NULL);

	add_threads(object, host, all);
	add_maus(object, host, all);
	add_memory(object, host, all);
	add_buses(object, host, all);
	return object;
}

struct object *describe_spconfigs(const struct host *host)
{
	struct object *object = object_new(NULL);
	const struct spconfig *config;

	TAILQ_FOREACH (config, &host->spconfigs, entry) {
		struct resource *resource = object_add(object, "spconfig");

		resource_set(resource, "spconfig_name", config->name);
		if (config->current)
			resource_set(resource, "spconfig_status", "current");
	}
	return object;
}

/* Moves the bindings of one resource type from one description to another. */
static void take_bindings(struct object *to, struct object *from, const char *type)
{
	struct resource *source = object_find(from, type);

	if (source)
		TAILQ_CONCAT(&object_need(to, type)->bindings, &source->bindings, entry);
}

static bool has_services(const struct domain *domain)
{
	return !domain->control && (!TAILQ_EMPTY(&domain->devices[DEVICE_VDS]) ||
					   !TAILQ_EMPTY(&domain->devices[DEVICE_VSW]) ||
					   !TAILQ_EMPTY(&domain->devices[DEVICE_VCC]));
}

struct object *describe_all(const struct domain *domain)
{
	struct object *all = describe_constraints(domain);
	struct object *bound = describe_bindings(domain);
	struct resource *info = object_find(all, "ldom_info");

	take_bindings(all, bound, "cpu");
	take_bindings(all, bound, "mau");
	take_bindings(all, bound, "memory");
	if (has_services(domain)) {
		struct object *services = describe_services(domain);

		TAILQ_CONCAT(&all->resources, &services->resources, entry);
		object_free(services);
	}
	resource_set(info, "state", state_word(domain->state));
	resource_set(info, "flags", object_get(bound, "ldom_info", "flags"));
	resource_setf(info, "permille", "%u", domain->permille);
	resource_setf(info, "norm_permille", "%u", domain->norm_permille);
	resource_setf(info, "seconds_up", "%llu", (unsigned long long)domain_uptime(domain));
	if (domain->console_port) {
		resource_setf(
			object_need(all, "console"), "bound_port", "%u", domain->console_port);
		resource_set(object_need(all, "console"), "bound_service", domain->console_vcc);
	}
	object_free(bound);
	return all;
}
