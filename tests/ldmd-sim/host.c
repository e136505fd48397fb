/*
 * The host model: domains and what they own by name. Pools of anonymous resources are in pool.c.
 */
#include "host.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "sim.h"

#define NAME_MAX_LENGTH 256

const char *const setting_keys[SETTING_MAX] = {
	[SETTING_FAILURE_POLICY] = "failure-policy",
	[SETTING_MASTER] = "master",
	[SETTING_EXTENDED_MAPIN] = "extended-mapin-space",
	[SETTING_THREADING] = "threading",
	[SETTING_CPU_ARCH] = "cpu-arch",
	[SETTING_RC_ADD_POLICY] = "rc-add-policy",
	[SETTING_PERF_COUNTERS] = "perf-counters",
	[SETTING_SHUTDOWN_GROUP] = "shutdown-group",
	[SETTING_BOOT_POLICY] = "boot-policy",
	[SETTING_MAX_CORES] = "max-cores",
};

const struct device_type device_types[DEVICE_MAX] = {
	[DEVICE_VAR] = {"var", "name", false},
	[DEVICE_DISK] = {"disk", "vdisk_name", false},
	[DEVICE_NET] = {"network", "vnet_name", false},
	[DEVICE_POLICY] = {"policy", "policy_name", false},
	[DEVICE_VDS] = {"vds", "service_name", true},
	[DEVICE_VOLUME] = {"vds_volume", "vol_name", true},
	[DEVICE_VSW] = {"vsw", "service_name", true},
	[DEVICE_VCC] = {"vcc", "service_name", true},
	[DEVICE_VSAN] = {"vsan", "vsan_name", true},
	[DEVICE_VHBA] = {"vhba", "vhba_name", false},
};

void host_init(struct host *host, const struct host_size *size, uint64_t seed)
{
	TAILQ_INIT(&host->domains);
	TAILQ_INIT(&host->spconfigs);
	TAILQ_INIT(&host->functions);
	random_seed(&host->random, seed);
	host->n_cores = size->cores;
	host->n_threads = host->free_threads = size->cores * THREADS_PER_CORE;
	host->thread_owner = xcalloc(host->n_threads, sizeof(*host->thread_owner));
	host->core_free = xcalloc(host->n_cores, sizeof(*host->core_free));
	memset(host->core_free, THREADS_PER_CORE, host->n_cores);
	host->core_gone = xcalloc(host->n_cores, sizeof(*host->core_gone));
	host->port_users = xcalloc(65536, sizeof(*host->port_users));
	host->volumes = xmlHashCreate(0);
	host->n_maus = size->maus;
	host->mau_owner = xcalloc(size->cores, sizeof(*host->mau_owner));
	host->memory = size->memory;
	host->free_memory = xcalloc(1, sizeof(*host->free_memory));
	host->free_memory[0] = (struct extent){.pa = 256 * MIB, .size = size->memory};
	host->n_free_memory = 1;
	host->n_buses = size->buses;
	host->buses = xcalloc(size->buses, sizeof(*host->buses));
	for (unsigned i = 0; i < size->buses; i++) {
		host->buses[i].name = xasprintf("pci@%x", 0x400 + 0x100 * i);
		host->buses[i].alias = xasprintf("pci_%u", i);
	}
	host->max_domains = 128;
	host->channels = 1984;
}

void host_free(struct host *host)
{
	xmlHashFree(host->volumes, NULL);
	host->volumes = NULL;
	while (!TAILQ_EMPTY(&host->domains))
		domain_remove(TAILQ_FIRST(&host->domains));
	while (!TAILQ_EMPTY(&host->spconfigs))
		spconfig_remove(host, TAILQ_FIRST(&host->spconfigs));
	while (!TAILQ_EMPTY(&host->functions))
		function_remove(host, TAILQ_FIRST(&host->functions));
	for (size_t i = 0; i < host->n_buses; i++) {
		free(host->buses[i].name);
		free(host->buses[i].alias);
	}
	free(host->buses);
	free(host->port_users);
	free(host->core_free);
	free(host->core_gone);
	free(host->memory_gone);
	free(host->thread_owner);
	free(host->mau_owner);
	free(host->free_memory);
}

char *new_mac(struct host *host)
{
	unsigned n = host->next_mac++;

	return xasprintf("00:14:4f:%02x:%02x:%02x", 0xf8 + (n >> 16 & 3), n >> 8 & 255, n & 255);
}

char *new_uuid(struct host *host)
{
	struct random *r = &host->random;
	uint32_t low = random_below(r, 1u << 31), high = random_below(r, 1u << 31);

	return xasprintf("%08x-%04x-4%03x-%x%03x-%04x%08x", low, random_below(r, 0x10000),
		random_below(r, 0x1000), 8 + random_below(r, 4), random_below(r, 0x1000),
		random_below(r, 0x10000), high);
}

char *hostid_from_mac(const char *mac)
{
	unsigned oui, a, b, c;
	unsigned first, second, third;

	if (sscanf(mac, "%2x:%2x:%2x:%2x:%2x:%2x", &first, &second, &third, &a, &b, &c) != 6)
		return xstrdup("0x0");
	oui = (first == 0 && second == 0x03 && third == 0xba) ? 0x83 : 0x84;
	return xasprintf("0x%02x%02x%02x%02x", oui, a, b, c);
}

static void set_defaults(struct domain *domain)
{
	static const char *const values[SETTING_MAX] = {
		[SETTING_FAILURE_POLICY] = "ignore",
		[SETTING_MASTER] = "",
		[SETTING_EXTENDED_MAPIN] = "on",
		[SETTING_THREADING] = "max-throughput",
		[SETTING_CPU_ARCH] = "native",
		[SETTING_RC_ADD_POLICY] = "",
		[SETTING_PERF_COUNTERS] = "",
		[SETTING_SHUTDOWN_GROUP] = "15",
		[SETTING_BOOT_POLICY] = "warning",
		[SETTING_MAX_CORES] = "unlimited",
	};

	for (int i = 0; i < SETTING_MAX; i++)
		domain->settings[i] = xstrdup(values[i]);
}

struct domain *domain_new(struct sim *sim, const char *name, const char *uuid, const char *mac)
{
	struct domain *domain = xcalloc(1, sizeof(*domain));
	struct host *host = &sim->host;

	domain->sim = sim;
	domain->name = xstrdup(name);
	domain->uuid = uuid ? xstrdup(uuid) : new_uuid(host);
	domain->mac = mac ? xstrdup(mac) : new_mac(host);
	domain->hostid = hostid_from_mac(domain->mac);
	domain->state = STATE_INACTIVE;
	set_defaults(domain);
	for (int i = 0; i < DEVICE_MAX; i++)
		TAILQ_INIT(&domain->devices[i]);
	TAILQ_INSERT_TAIL(&host->domains, domain, entry);
	host->n_domains++;
	return domain;
}

static void release_buses(struct host *host, const struct domain *domain)
{
	struct function *function;

	for (size_t i = 0; i < host->n_buses; i++) {
		if (host->buses[i].owner == domain)
			host->buses[i].owner = NULL;
		if (host->buses[i].planned == domain)
			host->buses[i].planned = NULL;
	}
	TAILQ_FOREACH (function, &host->functions, entry)
		if (function->owner == domain)
			function->owner = NULL;
}

static void free_strings(struct domain *domain)
{
	for (int i = 0; i < SETTING_MAX; i++)
		free(domain->settings[i]);
	free(domain->name);
	free(domain->uuid);
	free(domain->mac);
	free(domain->hostid);
	free(domain->console_service);
	free(domain->console_group);
	free(domain->console_vcc);
	free(domain->mapin_before_reconf);
}

void domain_remove(struct domain *domain)
{
	struct host *host = &domain->sim->host;

	maus_give(host, domain, domain->n_maus);
	cpus_give_all(host, domain);
	memory_give(host, domain, domain_memory(domain));
	release_buses(host, domain);
	console_give(host, domain);
	timer_stop(&domain->boot);
	if (domain->migration) {
		timer_stop(&domain->migration->timer);
		free(domain->migration->peer);
		free(domain->migration);
	}
	for (int i = 0; i < DEVICE_MAX; i++)
		while (!TAILQ_EMPTY(&domain->devices[i]))
			device_remove(TAILQ_FIRST(&domain->devices[i]), i);
	TAILQ_REMOVE(&host->domains, domain, entry);
	host->n_domains--;
	if (host->control == domain)
		host->control = NULL;
	free(domain->vcpus);
	free(domain->blocks);
	free(domain->maus);
	free_strings(domain);
	free(domain);
}

struct domain *domain_find(const struct host *host, const char *name)
{
	struct domain *domain;

	TAILQ_FOREACH (domain, &host->domains, entry)
		if (str_equal(domain->name, name))
			return domain;
	return NULL;
}

struct domain *domain_find_uuid(const struct host *host, const char *uuid)
{
	struct domain *domain;

	TAILQ_FOREACH (domain, &host->domains, entry)
		if (strcasecmp(domain->uuid, uuid) == 0)
			return domain;
	return NULL;
}

bool domain_is_bound(const struct domain *domain)
{
	return domain->state != STATE_INACTIVE && domain->state != STATE_BINDING;
}

uint64_t domain_memory(const struct domain *domain)
{
	uint64_t total = 0;

	for (size_t i = 0; i < domain->n_blocks; i++)
		total += domain->blocks[i].size;
	return total;
}

unsigned domain_cores(const struct domain *domain)
{
	const struct host *host = &domain->sim->host;
	unsigned n = 0;

	for (size_t i = 0; i < domain->n_vcpus; i++) {
		unsigned pid = domain->vcpus[i].pid,
			 first = pid / THREADS_PER_CORE * THREADS_PER_CORE;

		while (host->thread_owner[first] != domain)
			first++;
		n += first == pid; /* a core counts at its first thread */
	}
	return n;
}

uint64_t domain_max_cores(const struct domain *domain)
{
	uint64_t max = UINT64_MAX;

	parse_count(domain->settings[SETTING_MAX_CORES], 65535, &max);
	return max;
}

const char *state_word(enum domain_state state)
{
	static const char *const words[] = {
		"", "active", "stopping", "inactive", "binding", "unbinding", "bound", "starting"};

	return words[state];
}

char *domain_flags(const struct domain *d)
{
	const struct migration *m = d->migration;
	char flags[] = "------";

	if (d->state == STATE_STARTING || d->state == STATE_STOPPING)
		flags[0] = 's';
	if (d->state == STATE_ACTIVE || d->state == STATE_STOPPING)
		flags[1] = d->openboot ? 't' : 'n';
	if (d->state == STATE_STARTING)
		flags[1] = 't';
	if (d->degraded)
		flags[1] = 'd';
	if (d->delayed_reconf)
		flags[2] = 'd';
	else if (d->dr)
		flags[2] = 'r';
	if (d->control)
		flags[3] = 'c';
	if (!TAILQ_EMPTY(&d->devices[DEVICE_VDS]) || !TAILQ_EMPTY(&d->devices[DEVICE_VSW]) ||
		!TAILQ_EMPTY(&d->devices[DEVICE_VCC]))
		flags[4] = 'v';
	if (m && m->incoming)
		flags[5] = 't';
	else if (m)
		flags[5] = 's';
	else if (d->migration_error)
		flags[5] = 'e';
	return xstrdup(flags);
}

struct host *domain_host(const struct domain *domain)
{
	return &domain->sim->host;
}

uint64_t domain_uptime(const struct domain *domain)
{
	if (domain->state != STATE_ACTIVE && domain->state != STATE_STOPPING)
		return 0;
	return (uint64_t)(clock_ms() - domain->started_ms) / 1000;
}

static bool is_named(const char *name, const char *first_extra, const char *extra)
{
	size_t n = strlen(name);

	if (n == 0 || n > NAME_MAX_LENGTH)
		return false;
	if (!isalnum((unsigned char)*name) && !strchr(first_extra, *name))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr(extra, *name))
			return false;
	return true;
}

bool name_is_legal(const char *name)
{
	return is_named(name, "", "-_+#.:;~()");
}

bool variable_name_is_legal(const char *name)
{
	return is_named(name, "/", "-_+#.:;~()/?@,");
}

struct bus *bus_find(const struct host *host, const char *name)
{
	for (size_t i = 0; i < host->n_buses; i++)
		if (!host->buses[i].gone && (str_equal(host->buses[i].name, name) ||
						    str_equal(host->buses[i].alias, name)))
			return &host->buses[i];
	return NULL;
}

char *physical_function_name(size_t bus)
{
	return xasprintf("/SYS/MB/NET%zu/IOVNET.PF0", bus);
}

struct function *function_find(const struct host *host, const char *name)
{
	struct function *function;

	TAILQ_FOREACH (function, &host->functions, entry)
		if (str_equal(resource_get(function->spec, "name"), name))
			return function;
	return NULL;
}

void function_remove(struct host *host, struct function *function)
{
	TAILQ_REMOVE(&host->functions, function, entry);
	resource_free(function->spec);
	free(function);
}

struct spconfig *spconfig_find(const struct host *host, const char *name)
{
	struct spconfig *config;

	TAILQ_FOREACH (config, &host->spconfigs, entry)
		if (str_equal(config->name, name))
			return config;
	return NULL;
}

struct spconfig *spconfig_add(struct host *host, const char *name)
{
	struct spconfig *config = xcalloc(1, sizeof(*config));

	config->name = xstrdup(name);
	TAILQ_INSERT_TAIL(&host->spconfigs, config, entry);
	return config;
}

void spconfig_remove(struct host *host, struct spconfig *config)
{
	TAILQ_REMOVE(&host->spconfigs, config, entry);
	free(config->name);
	free(config);
}
