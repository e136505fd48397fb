/*
 * The host that stands there without a file: a machine with two I/O boards' worth of services and
 * one guest in each situation a client must cope with.
 */
#include "host-build.h"

#include <stdio.h>
#include <stdlib.h>

#include "binding.h"
#include "domain-object.h"
#include "sim.h"

#define DAY UINT64_C(86400)

static struct resource *add_named(
	struct object *object, const char *type, const char *key, const char *name)
{
	struct resource *resource = object_add(object, type);

	resource_set(resource, key, name);
	return resource;
}

static void add_variable(struct object *object, const char *name, const char *value)
{
	resource_set(add_named(object, "var", "name", name), "value", value);
}

static void add_switch(struct object *object, const char *name, const char *device, unsigned id)
{
	struct resource *vsw = add_named(object, "vsw", "service_name", name);

	resource_set(vsw, "dev_path", device);
	resource_setf(vsw, "id", "%u", id);
	resource_set(vsw, "default-vlan-id", "1");
	resource_set(vsw, "pvid", "1");
	resource_set(vsw, "vid", "");
	resource_set(vsw, "mtu", "1500");
	resource_set(vsw, "linkprop", "");
	resource_set(vsw, "mode", "");
	resource_set(vsw, "inter_vnet_link", "on");
}

static void add_quantities(struct object *object, uint64_t vcpus, uint64_t memory, uint64_t maus)
{
	char *size = format_size(memory);

	resource_setf(object_need(object, "cpu"), PROP_UNITS, "%llu", (unsigned long long)vcpus);
	resource_set(object_need(object, "memory"), PROP_UNITS, size);
	if (maus)
		resource_setf(
			object_need(object, "mau"), PROP_UNITS, "%llu", (unsigned long long)maus);
	free(size);
}

static struct domain *make(struct sim *sim, struct object *object)
{
	char *why = NULL;
	struct domain *domain = domain_from_object(sim, object, &why);

	if (domain == NULL)
		fprintf(stderr, "ldmd-sim: %s: %s\n", object->name, why);
	free(why);
	object_free(object);
	return domain;
}

bool build_place(struct domain *domain, enum domain_state state, uint64_t seconds_up)
{
	char *why = NULL;

	if (state == STATE_INACTIVE)
		return true;
	if (domain->n_vcpus == 0 && !binding_take(domain, &why)) {
		fprintf(stderr, "ldmd-sim: %s\n", why);
		free(why);
		return false;
	}
	domain->state = state;
	domain->started_ms = clock_ms() - (int64_t)seconds_up * 1000;
	for (size_t i = 0; i < domain->n_vcpus; i++)
		domain->vcpus[i].permille = domain->permille;
	return true;
}

struct domain *build_control_domain(struct sim *sim, uint64_t vcpus, uint64_t memory)
{
	struct object *object = object_new("primary");
	unsigned guests = sim->options.domains > 100 ? sim->options.domains : 100;
	struct resource *vcc;
	struct domain *domain;

	add_quantities(object, vcpus, memory, sim->host.n_maus ? 1 : 0);
	add_named(object, "physio_device", "name", "pci_0");
	if (sim->host.n_buses > 1)
		add_named(object, "physio_device", "name", "pci_1");
	vcc = add_named(object, "vcc", "service_name", "primary-vcc0");
	resource_set(vcc, "min_port", "5000");
	resource_setf(vcc, "max_port", "%u", 5000 + guests);
	add_switch(object, "primary-vsw0", "net0", 0);
	add_switch(object, "primary-vsw1", "net1", 1);
	add_named(object, "vds", "service_name", "primary-vds0");
	add_variable(object, "auto-boot?", "true");
	add_variable(object, "boot-device", "/pci@400/pci@1/pci@0/pci@0/LSI,sas@0/disk@0:a");
	domain = make(sim, object);
	domain->control = true;
	domain->permille = 7;
	domain->norm_permille = 1;
	sim->host.control = domain;
	build_place(domain, STATE_ACTIVE, 41 * DAY + 25920);
	return domain;
}

static void add_volume(struct sim *sim, const char *name, const char *guest)
{
	struct resource *volume = resource_new("vds_volume");

	resource_set(volume, "service_name", "primary-vds0");
	resource_set(volume, "vol_name", name);
	resource_setf(volume, "block_dev", "/dev/zvol/dsk/ldoms/%s/%s", guest, name);
	resource_set(volume, "vol_opts", "");
	resource_set(volume, "mpgroup", "");
	device_add(sim->host.control, DEVICE_VOLUME, volume);
}

static void add_disk(struct sim *sim, struct object *object, const char *suffix, unsigned number)
{
	char *volume = xasprintf("%s-%s", object->name, suffix);
	struct resource *disk = object_add(object, "disk");

	add_volume(sim, volume, object->name);
	resource_setf(disk, "vdisk_name", "vdisk%u", number);
	resource_set(disk, "service_name", "primary-vds0");
	resource_set(disk, "vol_name", volume);
	resource_set(disk, "timeout", number ? "60" : "");
	free(volume);
}

static void add_network(struct object *object, unsigned number)
{
	struct resource *net = object_add(object, "network");

	resource_setf(net, "vnet_name", "vnet%u", number);
	resource_setf(net, "service_name", "primary-vsw%u", number % 2);
	resource_set(net, "linkprop", "");
	resource_set(net, "pvid", number % 2 ? "20" : "1");
	resource_set(net, "vid", number % 2 ? "21,22" : "");
	resource_set(net, "mtu", "1500");
	resource_set(net, "mode", "");
}

static void add_policy(struct object *object)
{
	static const char *const props[][2] = {{"policy_name", "high-usage"},
		{"policy_enable", "on"}, {"policy_priority", "1"}, {"policy_vcpu_min", "4"},
		{"policy_vcpu_max", "16"}, {"policy_util_lower", "25"}, {"policy_util_upper", "75"},
		{"policy_tod_begin", "09:00:00"}, {"policy_tod_end", "18:00:00"},
		{"policy_sample_rate", "10"}, {"policy_elastic_margin", "5"},
		{"policy_attack", "1"}, {"policy_decay", "1"}};
	struct resource *policy = object_add(object, "policy");

	for (size_t i = 0; i < ARRAY_SIZE(props); i++)
		resource_set(policy, props[i][0], props[i][1]);
}

static const struct guest {
	const char *name;
	enum domain_state state;
	uint64_t vcpus, memory_mb, maus, whole_cores;
	unsigned disks, networks, permille;
	uint64_t seconds_up;
	const char *master;
	bool openboot, policy, secrets;
} guests[] = {
	{"ldg1", STATE_ACTIVE, 4, 4096, 0, 0, 2, 1, 23, 3 * DAY + 200, "", false, false, false},
	{"web01", STATE_ACTIVE, 8, 8192, 1, 0, 2, 2, 312, 12 * DAY, "", false, true, false},
	{"db01", STATE_ACTIVE, 16, 24576, 2, 2, 4, 2, 641, 40 * DAY, "", false, false, true},
	{"app01", STATE_ACTIVE, 8, 8192, 0, 0, 2, 1, 95, 9 * 3600 + 61, "db01", false, false, true},
	{"stage01", STATE_ACTIVE, 4, 2048, 0, 0, 1, 1, 1000, 900, "", true, false, false},
	{"test01", STATE_BOUND, 4, 1968, 0, 0, 1, 1, 0, 0, "", false, false, false},
	{"dev01", STATE_INACTIVE, 8, 4096, 1, 0, 2, 1, 0, 0, "web01,db01", false, false, false},
};

static void add_guest_variables(struct object *object, const struct guest *guest)
{
	add_variable(object, "auto-boot?", guest->openboot ? "false" : "true");
	add_variable(object, "boot-device", "/virtual-devices@100/channel-devices@200/disk@0:a");
	if (!guest->secrets)
		return;
	add_variable(object, "nvramrc",
		"devalias vnet0 /virtual-devices@100/channel-devices@200/network@0\n"
		"devalias vdisk0 /virtual-devices@100/channel-devices@200/disk@0\n"
		"devalias net vnet0");
	add_variable(object, "use-nvramrc?", "true");
	add_variable(object, "security-mode", "command");
	add_variable(object, "security-password", "s3cret & <quoted>");
}

static void build_guest(struct sim *sim, const struct guest *guest)
{
	static const char *const suffixes[] = {"root", "data", "redo", "arch"};
	struct object *object = object_new(guest->name);
	struct resource *info = object_add(object, "ldom_info");
	struct domain *domain;

	resource_set(info, "failure-policy", str_equal(guest->name, "db01") ? "reset" : "ignore");
	resource_set(info, "master", guest->master);
	add_quantities(object, guest->vcpus, guest->memory_mb * MIB, guest->maus);
	resource_setf(object_need(object, "cpu"), "wcore", "%llu",
		(unsigned long long)guest->whole_cores);
	for (unsigned i = 0; i < guest->networks; i++)
		add_network(object, i);
	for (unsigned i = 0; i < guest->disks; i++)
		add_disk(sim, object, suffixes[i], i);
	add_guest_variables(object, guest);
	if (guest->policy)
		add_policy(object);
	domain = make(sim, object);
	domain->permille = guest->permille;
	domain->norm_permille = guest->permille / 4;
	build_place(domain, guest->state, guest->seconds_up);
	domain->openboot = guest->openboot;
}

static void add_spconfigs(struct host *host)
{
	spconfig_add(host, "factory-default");
	spconfig_add(host, "initial");
	spconfig_add(host, "production")->current = true;
}

void build_default_host(struct sim *sim)
{
	static const struct host_size size = {
		.cores = 16, .maus = 16, .memory = 128 * GIB, .buses = 4};

	host_init(&sim->host, &size, sim->options.seed);
	build_control_domain(sim, 8, 8 * GIB);
	for (size_t i = 0; i < ARRAY_SIZE(guests); i++)
		build_guest(sim, &guests[i]);
	add_spconfigs(&sim->host);
}

/* Spreads a total over the guests, or `each` if no total is given. */
static unsigned share(unsigned total, unsigned each, unsigned guest, unsigned count)
{
	if (total == 0)
		return each;
	return total / count + (guest < total % count);
}

static enum domain_state random_state(struct random *random)
{
	uint32_t n = random_below(random, 100);

	if (n < 70)
		return STATE_ACTIVE;
	return n < 85 ? STATE_BOUND : STATE_INACTIVE;
}

static void generate_guest(
	struct sim *sim, unsigned number, unsigned disks, unsigned networks, struct random *random)
{
	char *name = xasprintf("ldg%u", number);
	struct object *object = object_new(name);
	struct domain *domain;

	add_quantities(object, 1 + random_below(random, THREADS_PER_CORE),
		(1 + random_below(random, 15)) * (256 * MIB), 0);
	for (unsigned i = 0; i < networks; i++)
		add_network(object, i);
	for (unsigned i = 0; i < disks; i++) {
		char *suffix = xasprintf("disk%u", i);

		add_disk(sim, object, suffix, i);
		free(suffix);
	}
	add_variable(object, "auto-boot?", "true");
	add_variable(object, "boot-device", "vdisk0");
	domain = make(sim, object);
	domain->permille = random_below(random, 1001);
	domain->norm_permille = domain->permille / 4;
	build_place(domain, random_state(random), random_below(random, 90 * DAY));
	domain->openboot = domain->state == STATE_ACTIVE && random_below(random, 20) == 0;
	free(name);
}

void build_generated_host(struct sim *sim, unsigned domains, unsigned disks, unsigned networks)
{
	struct host_size size = {.cores = domains + 8, .maus = domains + 8, .buses = 8};
	unsigned count = domains > 1 ? domains - 1 : 1;
	struct random random;

	if (size.cores < 16)
		size.cores = size.maus = 16;
	size.memory = (uint64_t)size.cores * 4 * GIB + 32 * GIB;
	host_init(&sim->host, &size, sim->options.seed);
	if (sim->host.max_domains < domains)
		sim->host.max_domains = domains < 256 ? 256 : domains;
	sim->host.channels += 2 * domains + disks + networks + 3 * domains;
	random_seed(&random, sim->options.seed + 1);
	build_control_domain(sim, 8, 16 * GIB);
	for (unsigned i = 1; i < domains; i++)
		generate_guest(sim, i, share(disks, 2, i - 1, count),
			share(networks, 1, i - 1, count), &random);
	add_spconfigs(&sim->host);
}
