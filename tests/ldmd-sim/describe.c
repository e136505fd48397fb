/*
 * What the lists show of a domain. For an inactive domain the quantities are its constraints, for
 * any other what it really has.
 */
#include "describe.h"

#include <stdlib.h>

#include "guest.h"
#include "sim.h"

static void add_state(struct resource *info, const struct domain *domain)
{
	char *flags = domain_flags(domain);

	resource_set(info, "state", state_word(domain->state));
	resource_set(info, "flags", flags);
	free(flags);
}

static char *uptime_text(uint64_t seconds)
{
	unsigned long long days = seconds / 86400, hours = seconds / 3600 % 24;
	unsigned long long minutes = seconds / 60 % 60;

	if (days)
		return xasprintf("%llud %lluh %llum", days, hours, minutes);
	if (hours && minutes)
		return xasprintf("%lluh %llum", hours, minutes);
	if (hours)
		return xasprintf("%lluh", hours);
	if (minutes)
		return xasprintf("%llum", minutes);
	return xasprintf("%llus", (unsigned long long)seconds);
}

static void set_percent(struct resource *resource, const char *key, unsigned permille)
{
	resource_setf(resource, key, "%u.%u%%", permille / 10, permille % 10);
}

static void add_activity(struct resource *info, const struct domain *domain)
{
	char *uptime;

	if (domain->state != STATE_ACTIVE && domain->state != STATE_STOPPING)
		return;
	uptime = uptime_text(domain_uptime(domain));
	set_percent(info, "utilization", domain->permille);
	resource_set(info, "uptime", uptime);
	set_percent(info, "normalized_utilization", domain->norm_permille);
	free(uptime);
}

/* What `ldm list -o status` shows of a migration that goes on. */
static void add_migration(struct resource *info, const struct domain *domain)
{
	const struct migration *m = domain->migration;

	if (m == NULL)
		return;
	resource_setf(info, "progress", "%u%%", m->progress);
	resource_set(info, "status", "ongoing");
	resource_set(info, "source", migration_source(m));
}

static struct resource *add_identity(struct object *object, const struct domain *domain)
{
	struct resource *info = object_add(object, "ldom_info");

	resource_set(info, PROP_UUID, domain->uuid);
	resource_set(info, PROP_ADDRESS, domain->mac);
	resource_set(info, "hostid", domain->hostid);
	return info;
}

static uint64_t shown_vcpus(const struct domain *d)
{
	return d->state == STATE_INACTIVE ? d->want.vcpus : d->n_vcpus;
}

static uint64_t shown_memory(const struct domain *d)
{
	return d->state == STATE_INACTIVE ? d->want.memory : domain_memory(d);
}

static uint64_t shown_maus(const struct domain *d)
{
	return d->state == STATE_INACTIVE ? d->want.maus : d->n_maus;
}

static struct resource *add_amount(struct object *object, const char *type, uint64_t amount)
{
	struct resource *resource = object_add(object, type);

	resource_setf(resource, PROP_UNITS, "%llu", (unsigned long long)amount);
	return resource;
}

static struct resource *add_size(struct object *object, uint64_t bytes)
{
	struct resource *resource = object_add(object, "memory");
	char *size = format_size(bytes);

	resource_set(resource, PROP_UNITS, size);
	free(size);
	return resource;
}

/* The port only while there is one; the wishes otherwise. */
static void add_console(struct object *object, const struct domain *domain)
{
	struct resource *console;

	if (domain->control)
		return;
	console = object_add(object, "console");
	if (domain->console_port)
		resource_setf(console, "port", "%u", domain->console_port);
	else if (domain->console_want)
		resource_setf(console, "port", "%u", domain->console_want);
	resource_set(console, "service_name",
		domain->console_vcc ? domain->console_vcc : domain->console_service);
	resource_set(
		console, "group", domain->console_group ? domain->console_group : domain->name);
}

static void add_wanted_console(struct object *object, const struct domain *domain)
{
	struct resource *console;

	if (!domain->console_service && !domain->console_group && !domain->console_want)
		return;
	console = object_add(object, "console");
	resource_set(console, "service_name", domain->console_service);
	resource_set(console, "group", domain->console_group);
	if (domain->console_want)
		resource_setf(console, "port", "%u", domain->console_want);
}

struct object *describe_status(const struct domain *domain)
{
	struct object *object = object_new(domain->name);
	struct resource *info = add_identity(object, domain);

	add_state(info, domain);
	add_migration(info, domain);
	add_activity(info, domain);
	add_amount(object, "cpu", shown_vcpus(domain));
	add_size(object, shown_memory(domain));
	if (shown_maus(domain))
		add_amount(object, "mau", shown_maus(domain));
	if (domain->console_port)
		add_console(object, domain);
	return object;
}

static void add_devices(struct object *object, const struct domain *domain, enum device_kind kind)
{
	const struct device *device;

	TAILQ_FOREACH (device, &domain->devices[kind], entry) {
		struct resource *copy = resource_clone(device->spec);

		TAILQ_INSERT_TAIL(&object->resources, copy, entry);
	}
}

static void add_functions(struct object *object, const struct domain *domain)
{
	const struct host *host = domain_host(domain);
	const struct function *function;

	TAILQ_FOREACH (function, &host->functions, entry) {
		struct resource *copy;

		if (function->owner != domain)
			continue;
		copy = resource_clone(function->spec);
		TAILQ_INSERT_TAIL(&object->resources, copy, entry);
	}
}

static void add_buses(struct object *object, const struct domain *domain)
{
	const struct host *host = domain_host(domain);

	for (size_t i = 0; i < host->n_buses; i++) {
		struct resource *bus;

		if (host->buses[i].owner != domain)
			continue;
		bus = object_add(object, "physio_device");
		resource_set(bus, "name", host->buses[i].name);
	}
	add_functions(object, domain);
}

static void add_whole_cores(struct resource *cpu, const struct domain *domain)
{
	resource_setf(cpu, "wcore", "%llu", (unsigned long long)domain->want.whole_cores);
}

static void add_constraints(struct object *object, const struct domain *domain)
{
	struct resource *info = add_identity(object, domain);

	for (int i = 0; i < SETTING_MAX; i++)
		resource_set(info, setting_keys[i], domain->settings[i]);
	add_whole_cores(add_amount(object, "cpu", domain->want.vcpus), domain);
	if (domain->want.maus)
		add_amount(object, "mau", domain->want.maus);
	add_size(object, domain->want.memory);
	add_buses(object, domain);
}

/* What add-domain takes: no services of this domain, which have actions of their own. */
struct object *describe_constraints(const struct domain *domain)
{
	struct object *object = object_new(domain->name);

	add_constraints(object, domain);
	if (domain->control) {
		add_devices(object, domain, DEVICE_VCC);
		add_devices(object, domain, DEVICE_VSW);
		add_devices(object, domain, DEVICE_VDS);
		add_devices(object, domain, DEVICE_VOLUME);
	}
	add_devices(object, domain, DEVICE_NET);
	add_devices(object, domain, DEVICE_DISK);
	add_devices(object, domain, DEVICE_VHBA);
	add_devices(object, domain, DEVICE_VAR);
	add_wanted_console(object, domain);
	add_devices(object, domain, DEVICE_POLICY);
	return object;
}

struct object *describe_services(const struct domain *domain)
{
	struct object *object = object_new(domain->name);

	add_devices(object, domain, DEVICE_VCC);
	add_devices(object, domain, DEVICE_VSW);
	add_devices(object, domain, DEVICE_VDS);
	add_devices(object, domain, DEVICE_VOLUME);
	add_devices(object, domain, DEVICE_VSAN);
	return object;
}

struct object *describe_variables(const struct domain *domain)
{
	struct object *object = object_new(domain->name);

	add_devices(object, domain, DEVICE_VAR);
	return object;
}

/* Settings that list-bindings writes as elements of their own. */
static void add_plain_settings(struct resource *info, const struct domain *domain)
{
	char *cores = xasprintf("%llu", (unsigned long long)domain->want.whole_cores);

	resource_set_plain(info, "failure-policy", domain->settings[SETTING_FAILURE_POLICY]);
	resource_set_plain(info, "wcore", cores);
	resource_set_plain(info, "extended-mapin-space", domain->settings[SETTING_EXTENDED_MAPIN]);
	resource_set_plain(info, "cpu-arch", domain->settings[SETTING_CPU_ARCH]);
	resource_set_plain(info, "rc-add-policy", domain->settings[SETTING_RC_ADD_POLICY]);
	free(cores);
}

static void add_settings(struct resource *info, const struct domain *domain)
{
	add_plain_settings(info, domain);
	resource_set(info, "master", domain->settings[SETTING_MASTER]);
	resource_set(info, "threading", domain->settings[SETTING_THREADING]);
	resource_set(info, "shutdown-group", domain->settings[SETTING_SHUTDOWN_GROUP]);
	resource_set(info, "perf-counters", domain->settings[SETTING_PERF_COUNTERS]);
	resource_set(info, "boot-policy", domain->settings[SETTING_BOOT_POLICY]);
	resource_set(info, "max-cores", domain->settings[SETTING_MAX_CORES]);
	add_state(info, domain);
	add_migration(info, domain);
	add_activity(info, domain);
}

static void add_cpu_bindings(struct object *object, const struct domain *domain)
{
	struct resource *cpu = add_amount(object, "cpu", shown_vcpus(domain));

	add_whole_cores(cpu, domain);
	for (size_t i = 0; i < domain->n_vcpus; i++) {
		const struct vcpu *vcpu = &domain->vcpus[i];
		struct resource *binding = resource_bind(cpu, "cpu");

		resource_setf(binding, "vid", "%u", vcpu->vid);
		resource_setf(binding, "pid", "%u", vcpu->pid);
		resource_setf(binding, "cid", "%u", vcpu->pid / THREADS_PER_CORE);
		resource_set(binding, "strand_percent", "100");
		set_percent(binding, "util_percent", vcpu->permille);
		set_percent(binding, "normalized_utilization", vcpu->permille);
	}
}

static void add_memory_bindings(struct object *object, const struct domain *domain)
{
	struct resource *memory = add_size(object, shown_memory(domain));

	for (size_t i = 0; i < domain->n_blocks; i++) {
		const struct block *block = &domain->blocks[i];
		struct resource *binding = resource_bind(memory, "memory");

		resource_setf(binding, "ra", "0x%llx", (unsigned long long)block->ra);
		resource_setf(binding, "pa", "0x%llx", (unsigned long long)block->pa);
		resource_setf(binding, "size", "%llu", (unsigned long long)block->size);
	}
}

static void set_cpuset(struct resource *binding, unsigned core)
{
	struct buf text = {0};

	for (unsigned i = 0; i < THREADS_PER_CORE; i++)
		buf_addf(&text, "%s%u", i ? "," : "", core * THREADS_PER_CORE + i);
	resource_set(binding, "cpuset", text.data);
	buf_free(&text);
}

static void add_mau_bindings(struct object *object, const struct domain *domain)
{
	struct resource *mau;

	if (shown_maus(domain) == 0)
		return;
	mau = add_amount(object, "mau", shown_maus(domain));
	for (size_t i = 0; i < domain->n_maus; i++) {
		struct resource *binding = resource_bind(mau, "mau");

		resource_setf(binding, "id", "%u", domain->maus[i]);
		set_cpuset(binding, domain->maus[i]);
	}
}

static void add_disk_bindings(struct object *object, const struct domain *domain)
{
	const struct device *disk;

	TAILQ_FOREACH (disk, &domain->devices[DEVICE_DISK], entry) {
		struct resource *copy = resource_clone(disk->spec);
		struct resource *binding;

		resource_setf(copy, "id", "%u", disk->id);
		TAILQ_INSERT_TAIL(&object->resources, copy, entry);
		if (disk->volume == NULL || domain->state == STATE_INACTIVE)
			continue;
		binding = resource_bind(copy, "vds_volume");
		resource_set(binding, "service_name", device_get(disk->volume, "service_name"));
		resource_set(binding, "vol_name", device_get(disk->volume, "vol_name"));
	}
}

static void add_net_bindings(struct object *object, const struct domain *domain)
{
	const struct device *net;

	TAILQ_FOREACH (net, &domain->devices[DEVICE_NET], entry) {
		struct resource *copy = resource_clone(net->spec);

		resource_setf(copy, "id", "%u", net->id);
		TAILQ_INSERT_TAIL(&object->resources, copy, entry);
	}
}

static void add_quantity_bindings(struct object *object, const struct domain *domain)
{
	add_cpu_bindings(object, domain);
	add_mau_bindings(object, domain);
	add_memory_bindings(object, domain);
	add_buses(object, domain);
}

struct object *describe_bindings(const struct domain *domain)
{
	struct object *object = object_new(domain->name);

	add_settings(add_identity(object, domain), domain);
	add_quantity_bindings(object, domain);
	add_devices(object, domain, DEVICE_VCC);
	add_devices(object, domain, DEVICE_VSW);
	add_devices(object, domain, DEVICE_VDS);
	add_devices(object, domain, DEVICE_VOLUME);
	add_net_bindings(object, domain);
	add_disk_bindings(object, domain);
	add_devices(object, domain, DEVICE_VSAN);
	add_devices(object, domain, DEVICE_VHBA);
	add_devices(object, domain, DEVICE_VAR);
	if (domain->state != STATE_INACTIVE)
		add_console(object, domain);
	else
		add_wanted_console(object, domain);
	add_devices(object, domain, DEVICE_POLICY);
	return object;
}
