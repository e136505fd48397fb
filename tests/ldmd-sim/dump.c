/*
 * The JSON dump. Quantities are those the lists show: what a domain has, or its constraints while
 * it is inactive.
 */
#include "dump.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "pool.h"
#include "sim.h"
#include "version.h"

static void number_from(struct buf *out, const char *key, const char *text)
{
	uint64_t value = 0;

	parse_count(text, UINT64_MAX, &value);
	json_number(out, key, value);
}

static void write_quantities(struct buf *out, const char *key, const struct quantities *q)
{
	json_open(out, key, '{');
	json_number(out, "vcpus", q->vcpus);
	json_number(out, "memory", q->memory);
	json_number(out, "mau", q->maus);
	json_close(out, '}');
}

/* What this version tells of a property of a domain; empty: nothing. */
static const char *told(const struct domain *d, const char *key, const char *value)
{
	return version_has(domain_host(d)->version, "ldom_info", key) ? value : "";
}

static const char *setting(const struct domain *d, enum setting setting)
{
	return told(d, setting_keys[setting], d->settings[setting]);
}

static void write_settings(struct buf *out, const struct domain *d)
{
	bool has_cores = version_has(domain_host(d)->version, "cpu", "wcore");

	json_string(out, "failure_policy", setting(d, SETTING_FAILURE_POLICY));
	json_string(out, "master", setting(d, SETTING_MASTER));
	json_string(out, "extended_mapin_space", setting(d, SETTING_EXTENDED_MAPIN));
	json_string(out, "threading", setting(d, SETTING_THREADING));
	json_number(out, "whole_core", has_cores ? d->want.whole_cores : 0);
	json_string(out, "cpu_arch", setting(d, SETTING_CPU_ARCH));
	/* 15 where nothing is told: the vendor's default */
	number_from(out, "shutdown_group",
		*setting(d, SETTING_SHUTDOWN_GROUP) ? setting(d, SETTING_SHUTDOWN_GROUP) : "15");
	json_string(out, "rc_add_policy", setting(d, SETTING_RC_ADD_POLICY));
	json_string(out, "perf_counters", setting(d, SETTING_PERF_COUNTERS));
	json_string(out, "boot_policy", setting(d, SETTING_BOOT_POLICY));
	json_string(out, "max_cores", setting(d, SETTING_MAX_CORES));
}

static bool offers_services(const struct domain *d)
{
	return !TAILQ_EMPTY(&d->devices[DEVICE_VDS]) || !TAILQ_EMPTY(&d->devices[DEVICE_VSW]) ||
	       !TAILQ_EMPTY(&d->devices[DEVICE_VCC]);
}

static bool has_function(const struct domain *d)
{
	const struct function *function;

	TAILQ_FOREACH (function, &domain_host(d)->functions, entry)
		if (function->owner == d)
			return true;
	return false;
}

static void write_roles(struct buf *out, const struct domain *d)
{
	json_open(out, "roles", '[');
	if (d->control)
		json_string(out, NULL, "control");
	if (offers_services(d))
		json_string(out, NULL, "service");
	if (domain_is_root(d) || has_function(d))
		json_string(out, NULL, "io");
	if (domain_is_root(d))
		json_string(out, NULL, "root");
	if (!d->control)
		json_string(out, NULL, "guest");
	json_close(out, ']');
}

static void write_buses(struct buf *out, const struct domain *d)
{
	const struct host *host = domain_host(d);

	json_open(out, "iobus", '[');
	for (size_t i = 0; i < host->n_buses; i++)
		if (host->buses[i].owner == d)
			json_string(out, NULL, host->buses[i].name);
	json_close(out, ']');
}

static void write_functions(struct buf *out, const struct domain *d)
{
	static const char *const keys[][2] = {{"name", "name"}, {"mac", PROP_ADDRESS},
		{"pvid", "pvid"}, {"vid", "vid"}, {"mtu", "mtu"}};
	const struct host *host = domain_host(d);
	const struct function *function;

	json_open(out, "io_functions", '[');
	TAILQ_FOREACH (function, &host->functions, entry) {
		if (function->owner != d)
			continue;
		json_open(out, NULL, '{');
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			json_string(out, keys[i][0], resource_get(function->spec, keys[i][1]));
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void write_threads(struct buf *out, const struct domain *d)
{
	json_open(out, "threads", '[');
	for (size_t i = 0; i < d->n_vcpus; i++) {
		json_open(out, NULL, '{');
		json_number(out, "vid", d->vcpus[i].vid);
		json_number(out, "pid", d->vcpus[i].pid);
		json_number(out, "cid", d->vcpus[i].pid / THREADS_PER_CORE);
		json_number(out, "strand_percent", 100);
		json_number(out, "util_permille", d->vcpus[i].permille);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void write_blocks(struct buf *out, const struct domain *d)
{
	json_open(out, "memory_blocks", '[');
	for (size_t i = 0; i < d->n_blocks; i++) {
		json_open(out, NULL, '{');
		json_number(out, "ra", d->blocks[i].ra);
		json_number(out, "pa", d->blocks[i].pa);
		json_number(out, "size", d->blocks[i].size);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void write_maus(struct buf *out, const struct domain *d)
{
	json_open(out, "mau_bindings", '[');
	for (size_t i = 0; i < d->n_maus; i++) {
		json_open(out, NULL, '{');
		json_number(out, "id", d->maus[i]);
		json_open(out, "cpuset", '[');
		for (unsigned t = 0; t < THREADS_PER_CORE; t++)
			json_number(out, NULL, d->maus[i] * THREADS_PER_CORE + t);
		json_close(out, ']');
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void write_vars(struct buf *out, const struct domain *d)
{
	const struct device *var;

	json_open(out, "vars", '[');
	TAILQ_FOREACH (var, &d->devices[DEVICE_VAR], entry) {
		json_open(out, NULL, '{');
		json_string(out, "name", device_get(var, "name"));
		json_string(out, "value", device_get(var, "value"));
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void write_disks(struct buf *out, const struct domain *d)
{
	const struct device *disk;

	json_open(out, "disks", '[');
	TAILQ_FOREACH (disk, &d->devices[DEVICE_DISK], entry) {
		json_open(out, NULL, '{');
		json_string(out, "name", device_get(disk, "vdisk_name"));
		json_number(out, "id", disk->id);
		json_string(out, "volume", device_get(disk, "vol_name"));
		json_string(out, "service", device_get(disk, "service_name"));
		json_string(out, "timeout", device_get(disk, "timeout"));
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void write_networks(struct buf *out, const struct domain *d)
{
	static const char *const keys[] = {"pvid", "vid", "mtu", "linkprop", "mode"};
	const struct device *net;

	json_open(out, "networks", '[');
	TAILQ_FOREACH (net, &d->devices[DEVICE_NET], entry) {
		json_open(out, NULL, '{');
		json_string(out, "name", device_get(net, "vnet_name"));
		json_number(out, "id", net->id);
		json_string(out, "mac", device_get(net, PROP_ADDRESS));
		json_string(out, "service", device_get(net, "service_name"));
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			json_string(out, keys[i], device_get(net, keys[i]));
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void write_policies(struct buf *out, const struct domain *d)
{
	const struct device *policy;
	const struct prop *prop;

	json_open(out, "policies", '[');
	TAILQ_FOREACH (policy, &d->devices[DEVICE_POLICY], entry) {
		json_open(out, NULL, '{');
		TAILQ_FOREACH (prop, &policy->spec->props, entry)
			json_string(out, prop->key, prop->value);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void write_migration(struct buf *out, const struct domain *d)
{
	if (d->migration == NULL) {
		json_string(out, "migration", NULL);
		return;
	}
	json_open(out, "migration", '{');
	json_number(out, "progress", d->migration->progress);
	json_bool(out, "incoming", d->migration->incoming);
	json_string(out, "peer", d->migration->peer);
	json_close(out, '}');
}

static void write_console(struct buf *out, const struct domain *d)
{
	json_number(out, "console_port", d->console_port);
	json_string(out, "console_group",
		d->console_group ? d->console_group
		: d->control	 ? ""
				 : d->name);
	json_string(out, "console_service",
		d->console_vcc	     ? d->console_vcc
		: d->console_service ? d->console_service
				     : "");
}

static void write_state(struct buf *out, const struct domain *d)
{
	bool inactive = d->state == STATE_INACTIVE;
	char *flags = domain_flags(d);

	json_string(out, "name", d->name);
	json_string(out, "uuid", told(d, PROP_UUID, d->uuid));
	json_string(out, "state", state_word(d->state));
	json_string(out, "flags", flags);
	json_bool(out, "control", d->control);
	json_number(out, "vcpus", inactive ? d->want.vcpus : d->n_vcpus);
	json_number(out, "memory", inactive ? d->want.memory : domain_memory(d));
	json_number(out, "mau", inactive ? d->want.maus : d->n_maus);
	write_quantities(out, "constraints", &d->want);
	json_string(out, "mac", d->mac);
	json_string(out, "hostid", told(d, "hostid", d->hostid));
	json_number(out, "utilization_permille", d->permille);
	json_number(out, "normalized_permille",
		version_has(domain_host(d)->version, "ldom_info", "normalized_utilization")
			? d->norm_permille
			: 0);
	json_number(out, "uptime", domain_uptime(d));
	free(flags);
}

static void write_domain(struct buf *out, const struct domain *d)
{
	json_open(out, NULL, '{');
	write_state(out, d);
	write_settings(out, d);
	write_console(out, d);
	write_roles(out, d);
	write_buses(out, d);
	write_functions(out, d);
	write_threads(out, d);
	write_blocks(out, d);
	write_maus(out, d);
	write_vars(out, d);
	write_disks(out, d);
	write_networks(out, d);
	write_policies(out, d);
	json_bool(out, "delayed_reconf", d->delayed_reconf);
	json_bool(out, "degraded", d->degraded);
	write_migration(out, d);
	json_close(out, '}');
}

static void write_capacity(struct buf *out, const struct host *host)
{
	uint64_t buses = 0;

	for (size_t i = 0; i < host->n_buses; i++)
		buses += !host->buses[i].gone;
	json_open(out, "capacity", '{');
	json_number(out, "vcpus", threads_there(host));
	json_number(out, "cores", host->n_cores - host->n_cores_gone);
	json_number(out, "memory", host->memory);
	json_number(out, "mau", maus_there(host));
	json_number(out, "buses", buses);
	json_close(out, '}');
}

static void write_free(struct buf *out, const struct host *host)
{
	uint64_t buses = 0;

	for (size_t i = 0; i < host->n_buses; i++)
		buses += host->buses[i].owner == NULL && !host->buses[i].gone;
	json_open(out, "free", '{');
	json_number(out, "vcpus", host->free_threads);
	json_number(out, "cores", cores_free(host));
	json_number(out, "memory", memory_free(host));
	json_number(out, "mau", maus_free(host));
	json_number(out, "buses", buses);
	json_close(out, '}');
}

static void write_volume(struct buf *out, const struct device *volume)
{
	json_open(out, NULL, '{');
	json_string(out, "name", device_get(volume, "vol_name"));
	json_string(out, "device", device_get(volume, "block_dev"));
	json_string(out, "options", device_get(volume, "vol_opts"));
	json_string(out, "mpgroup", device_get(volume, "mpgroup"));
	json_string(out, "used_by", volume->user ? volume->user->owner->name : NULL);
	json_close(out, '}');
}

static void write_vds(struct buf *out, const struct device *vds)
{
	const struct device *volume;

	json_open(out, "volumes", '[');
	TAILQ_FOREACH (volume, &vds->owner->devices[DEVICE_VOLUME], entry)
		if (str_equal(device_get(volume, "service_name"), device_get(vds, "service_name")))
			write_volume(out, volume);
	json_close(out, ']');
}

static void write_vsw(struct buf *out, const struct device *vsw)
{
	static const char *const keys[][2] = {{"mac", PROP_ADDRESS}, {"dev", "dev_path"},
		{"mode", "mode"}, {"default_vlan_id", "default-vlan-id"}, {"pvid", "pvid"},
		{"vid", "vid"}, {"linkprop", "linkprop"}, {"mtu", "mtu"}, {"id", "id"},
		{"inter_vnet_link", "inter_vnet_link"}};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		json_string(out, keys[i][0], device_get(vsw, keys[i][1]));
}

static void write_vcc(struct buf *out, const struct device *vcc)
{
	number_from(out, "min", device_get(vcc, "min_port"));
	number_from(out, "max", device_get(vcc, "max_port"));
}

static void write_services_of_kind(struct buf *out, const struct host *host, enum device_kind kind,
	void (*write)(struct buf *, const struct device *))
{
	const struct domain *domain;
	const struct device *service;

	json_open(out, device_types[kind].resource, '[');
	TAILQ_FOREACH (domain, &host->domains, entry) {
		TAILQ_FOREACH (service, &domain->devices[kind], entry) {
			json_open(out, NULL, '{');
			json_string(out, "domain", domain->name);
			json_string(out, "name", device_name(service, kind));
			write(out, service);
			json_close(out, '}');
		}
	}
	json_close(out, ']');
}

static void write_consoles(struct buf *out, const struct host *host)
{
	const struct domain *d;

	json_open(out, "consoles", '[');
	TAILQ_FOREACH (d, &host->domains, entry) {
		if (d->console_port == 0)
			continue;
		json_open(out, NULL, '{');
		json_string(out, "domain", d->name);
		json_string(out, "service", d->console_vcc);
		json_string(out, "group", d->console_group ? d->console_group : d->name);
		json_number(out, "port", d->console_port);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void write_spconfigs(struct buf *out, const struct host *host)
{
	const struct spconfig *config;

	json_open(out, "spconfigs", '[');
	TAILQ_FOREACH (config, &host->spconfigs, entry) {
		json_open(out, NULL, '{');
		json_string(out, "name", config->name);
		json_string(out, "status", config->current ? "current" : "");
		json_close(out, '}');
	}
	json_close(out, ']');
}

void dump_write(const struct host *host, struct buf *out)
{
	const struct domain *domain;
	char *version = xasprintf("%u.%u", host->version / 10000, host->version / 100 % 100);

	json_open(out, NULL, '{');
	json_string(out, "version", version);
	write_capacity(out, host);
	write_free(out, host);
	json_open(out, "domains", '[');
	TAILQ_FOREACH (domain, &host->domains, entry)
		write_domain(out, domain);
	json_close(out, ']');
	json_open(out, "services", '{');
	write_services_of_kind(out, host, DEVICE_VDS, write_vds);
	write_services_of_kind(out, host, DEVICE_VSW, write_vsw);
	write_services_of_kind(out, host, DEVICE_VCC, write_vcc);
	json_close(out, '}');
	write_consoles(out, host);
	write_spconfigs(out, host);
	json_bool(out, "delayed_reconf", host->control && host->control->delayed_reconf);
	json_close(out, '}');
	free(version);
}
