/*
 * The tables. In each, the first spelling is the one of the newest guide.
 */
#include "inventory/schema.h"

#include <stdlib.h>
#include <string.h>

#include "ldm/document.h"
#include "ldm/mask.h"
#include "util/utf8.h"

#define VARIABLE_MAX 255

#define AT(type, member) offsetof(struct type, member)
#define KEYS(...)	 .source = FROM_KEY, .keys = {__VA_ARGS__}
#define UNITS(...)	 .source = FROM_UNITS, .keys = {__VA_ARGS__}
#define ADDRESS(...)	 .source = FROM_ADDRESS, .keys = {__VA_ARGS__}
#define UUID(...)	 .source = FROM_UUID, .keys = {__VA_ARGS__}
#define IN(...)		 .in = {__VA_ARGS__}
#define KNOWN(bit)	 .known = bit
#define VOLATILE	 .is_volatile = true

/* clang-format off */
#define INFO IN("ldom_info")

const struct field domain_fields[] = {
	{ FIELD_UUID, AT(domain, uuid), UUID("uuid"), INFO, KNOWN(KNOWN_UUID) },
	{ FIELD_MAC, AT(domain, mac), ADDRESS("mac_address"), INFO, KNOWN(KNOWN_MAC) },
	{ FIELD_HOSTID, AT(domain, hostid), KEYS("hostid"), INFO, KNOWN(KNOWN_HOSTID) },
	{ FIELD_TEXT, AT(domain, failure_policy), KEYS("failure-policy", "failure_policy"), INFO,
	  KNOWN(KNOWN_FAILURE_POLICY) },
	{ FIELD_TEXT, AT(domain, master), KEYS("master"), INFO, KNOWN(KNOWN_MASTER) },
	{ FIELD_TEXT, AT(domain, ext_mapin), KEYS("extended-mapin-space", "extended_mapin_space"),
	  INFO, KNOWN(KNOWN_EXT_MAPIN) },
	{ FIELD_TEXT, AT(domain, threading), KEYS("threading"), INFO, KNOWN(KNOWN_THREADING) },
	{ FIELD_TEXT, AT(domain, cpu_arch), KEYS("cpu-arch", "cpu_arch"), INFO,
	  KNOWN(KNOWN_CPU_ARCH) },
	{ FIELD_TEXT, AT(domain, boot_policy), KEYS("boot-policy", "boot_policy"), INFO,
	  KNOWN(KNOWN_BOOT_POLICY) },
	{ FIELD_TEXT, AT(domain, perf_counters), KEYS("perf-counters", "perf_counters"), INFO,
	  KNOWN(KNOWN_PERF_COUNTERS) },
	{ FIELD_TEXT, AT(domain, rc_add_policy), KEYS("rc-add-policy", "rc_add_policy"), INFO,
	  KNOWN(KNOWN_RC_ADD_POLICY) },
	{ FIELD_U32, AT(domain, shutdown_group), KEYS("shutdown-group", "shutdown_group"), INFO,
	  KNOWN(KNOWN_SHUTDOWN_GROUP) },
	{ FIELD_FLAGS, AT(domain, flags), KEYS("flags"), INFO, KNOWN(KNOWN_FLAGS) },
	{ FIELD_PERCENT, AT(domain, utilization_permille), KEYS("utilization"), INFO,
	  KNOWN(KNOWN_UTILIZATION), VOLATILE },
	{ FIELD_PERCENT, AT(domain, norm_util_permille), KEYS("normalized_utilization"), INFO,
	  KNOWN(KNOWN_NORM_UTILIZATION), VOLATILE },
	{ FIELD_PERCENT, AT(domain, migration_permille), KEYS("progress"), INFO,
	  KNOWN(KNOWN_MIGRATION_PROGRESS), VOLATILE },
	{ FIELD_TEXT, AT(domain, migration_status), KEYS("status"), INFO,
	  KNOWN(KNOWN_MIGRATION_STATUS) },
	{ FIELD_TEXT, AT(domain, migration_source), KEYS("source"), INFO,
	  KNOWN(KNOWN_MIGRATION_SOURCE) },
	{ FIELD_UPTIME, AT(domain, uptime_s), KEYS("uptime"), INFO, KNOWN(KNOWN_UPTIME), VOLATILE },
	/* Data version 2.0 may have the state directly below the domain. */
	{ FIELD_STATE, AT(domain, state), KEYS("state", "ldom_state"), IN("ldom_info", "state", ""),
	  KNOWN(KNOWN_STATE) },
	{ FIELD_SUSPENDED, AT(domain, suspended), KEYS("state", "ldom_state"),
	  IN("ldom_info", "state", ""), KNOWN(KNOWN_STATE) },
	{ FIELD_U32, AT(domain, num_vcpu), UNITS("number"), IN("cpu"), KNOWN(KNOWN_VCPU) },
	{ FIELD_SIZE, AT(domain, mem_bytes), UNITS("size"), IN("memory"), KNOWN(KNOWN_MEMORY) },
	{ FIELD_U32, AT(domain, num_crypto), UNITS("number"), IN("mau", "crypto"),
	  KNOWN(KNOWN_CRYPTO) },
	{ FIELD_U32, AT(domain, whole_core), KEYS("wcore", "whole-core"), IN("ldom_info", "cpu"),
	  KNOWN(KNOWN_WHOLE_CORE) },
	{ FIELD_LIMIT, AT(domain, max_cores), KEYS("max-cores", "max_cores"),
	  IN("ldom_info", "cpu"), KNOWN(KNOWN_MAX_CORES) },
	{ FIELD_U32, AT(domain, console_port), KEYS("port"), IN("console"), KNOWN(KNOWN_CONSOLE) },
	{ FIELD_OTHER, AT(domain, num_iobus), KNOWN(KNOWN_IO) },
	{ FIELD_OTHER, AT(domain, index) },
	{ FIELD_OTHER, AT(domain, known_state) },
	{ FIELD_OTHER, AT(domain, told_state) },
	{ FIELD_SIZE, AT(domain, cpu_time_ns), VOLATILE },
	{ FIELD_SIZE, AT(domain, runs_since_ms), VOLATILE },
	{ FIELD_SIZE, AT(domain, bindings_ms), VOLATILE },
	{ FIELD_OTHER, AT(domain, roles) },
	{ FIELD_FLAG, AT(domain, pending) },
	{ FIELD_FLAG, AT(domain, waiting_known), VOLATILE },
	{ FIELD_OTHER, AT(domain, waiting_vcpu), VOLATILE },
	{ FIELD_OTHER, AT(domain, waiting_crypto), VOLATILE },
	{ FIELD_SIZE, AT(domain, waiting_mem_bytes), VOLATILE },
	{ FIELD_FLAG, AT(domain, memory_dr) },
	{ FIELD_FLAG, AT(domain, degraded) },
	{ FIELD_FLAG, AT(domain, transition) },
	{ FIELD_OTHER, AT(domain, migration) },
	{ FIELD_OTHER, AT(domain, row_status) },
	{ FIELD_TEXT, AT(domain, template_name) },
	{ FIELD_OTHER, AT(domain, wanted_admin) },
	{ FIELD_END },
};

static const struct field vcpu_fields[] = {
	{ FIELD_OTHER, AT(vcpu, index) },
	{ FIELD_U32, AT(vcpu, vid), KEYS("vid") },
	{ FIELD_U32, AT(vcpu, pid), KEYS("pid") },
	{ FIELD_U32, AT(vcpu, cid), KEYS("cid") },
	{ FIELD_PERCENT, AT(vcpu, strand_permille), KEYS("strand_percent", "strand") },
	{ FIELD_PERCENT, AT(vcpu, util_permille), KEYS("util_percent", "util"), VOLATILE },
	{ FIELD_PERCENT, AT(vcpu, norm_util_permille), KEYS("normalized_utilization"), VOLATILE },
	{ FIELD_FLAG, AT(vcpu, util_known), VOLATILE },
	{ FIELD_FLAG, AT(vcpu, parked), VOLATILE },
	{ FIELD_FLAG, AT(vcpu, time_known), VOLATILE },
	{ FIELD_SIZE, AT(vcpu, time_ns), VOLATILE },
	{ FIELD_END },
};

static const struct field core_fields[] = {
	{ FIELD_OTHER, AT(core, index) },
	{ FIELD_OTHER, AT(core, id) },
	{ FIELD_OTHER, AT(core, n_vcpus) },
	{ FIELD_TEXT, AT(core, cpuset) },
	{ FIELD_END },
};

static const struct field memory_fields[] = {
	{ FIELD_OTHER, AT(memory_block, index) },
	{ FIELD_ADDRESS, AT(memory_block, real_address), KEYS("ra", "real_addr", "real_address") },
	{ FIELD_ADDRESS, AT(memory_block, physical_address),
	  KEYS("pa", "phys_addr", "physical_address") },
	{ FIELD_SIZE, AT(memory_block, size), KEYS("size") },
	{ FIELD_END },
};

static const struct field crypto_fields[] = {
	{ FIELD_OTHER, AT(crypto_unit, index) },
	{ FIELD_U32, AT(crypto_unit, id), KEYS("id", "mau_id", "uid") },
	{ FIELD_TEXT, AT(crypto_unit, cpuset), KEYS("cpuset", "cpu_set") },
	{ FIELD_END },
};

static const struct field iobus_fields[] = {
	{ FIELD_OTHER, AT(iobus, index) },
	{ FIELD_TEXT, AT(iobus, name), KEYS("name", "dev", "device") },
	{ FIELD_TEXT, AT(iobus, path), KEYS("path", "dev_path", "alias", "pseudonym") },
	{ FIELD_TEXT, AT(iobus, options), KEYS("options") },
	{ FIELD_TEXT, AT(iobus, type), KEYS("type") },
	{ FIELD_MAC, AT(iobus, mac), ADDRESS("mac-addr", "mac_address") },
	{ FIELD_TEXT, AT(iobus, vid), KEYS("vid") },
	{ FIELD_U32, AT(iobus, pvid), KEYS("pvid") },
	{ FIELD_U32, AT(iobus, mtu), KEYS("mtu") },
	{ FIELD_FLAG, AT(iobus, is_bus) },
	{ FIELD_END },
};

static const struct field vdisk_fields[] = {
	{ FIELD_OTHER, AT(vdisk, index) },
	{ FIELD_TEXT, AT(vdisk, name), KEYS("vdisk_name", "name") },
	{ FIELD_TEXT, AT(vdisk, service), KEYS("service_name") },
	{ FIELD_TEXT, AT(vdisk, volume), KEYS("vol_name") },
	{ FIELD_TEXT, AT(vdisk, server), KEYS("server") },
	{ FIELD_TEXT, AT(vdisk, mpgroup), KEYS("mpgroup") },
	{ FIELD_U32, AT(vdisk, timeout), KEYS("timeout") },
	{ FIELD_U32, AT(vdisk, id), KEYS("id", "dev_id") },
	{ FIELD_END },
};

static const struct field vnet_fields[] = {
	{ FIELD_OTHER, AT(vnet, index) },
	{ FIELD_TEXT, AT(vnet, name), KEYS("vnet_name", "name") },
	{ FIELD_TEXT, AT(vnet, service), KEYS("service_name") },
	{ FIELD_MAC, AT(vnet, mac), ADDRESS("mac_address") },
	{ FIELD_TEXT, AT(vnet, mode), KEYS("mode") },
	{ FIELD_TEXT, AT(vnet, linkprop), KEYS("linkprop") },
	{ FIELD_TEXT, AT(vnet, device), KEYS("device", "dev") },
	{ FIELD_TEXT, AT(vnet, vid), KEYS("vid") },
	{ FIELD_U32, AT(vnet, pvid), KEYS("pvid") },
	{ FIELD_U32, AT(vnet, mtu), KEYS("mtu") },
	{ FIELD_U32, AT(vnet, id), KEYS("id", "dev_id") },
	{ FIELD_END },
};

static const struct field console_fields[] = {
	{ FIELD_OTHER, AT(console, index) },
	{ FIELD_TEXT, AT(console, service), KEYS("service_name") },
	{ FIELD_TEXT, AT(console, group), KEYS("group") },
	{ FIELD_TEXT, AT(console, type), KEYS("type") },
	{ FIELD_U32, AT(console, port), KEYS("port") },
	{ FIELD_SWITCH, AT(console, log), KEYS("enable-log", "log") },
	{ FIELD_END },
};

static const struct field variable_fields[] = {
	{ FIELD_OTHER, AT(environment_variable, index) },
	{ FIELD_TEXT, AT(environment_variable, name), KEYS("name") },
	{ FIELD_TEXT, AT(environment_variable, value), KEYS("value") },
	{ FIELD_FLAG, AT(environment_variable, truncated) },
	{ FIELD_FLAG, AT(environment_variable, secret) },
	{ FIELD_END },
};

static const struct field policy_fields[] = {
	{ FIELD_OTHER, AT(policy, index) },
	{ FIELD_TEXT, AT(policy, name), KEYS("policy_name", "name") },
	{ FIELD_SWITCH, AT(policy, enabled), KEYS("policy_enable") },
	{ FIELD_U32, AT(policy, priority), KEYS("policy_priority") },
	{ FIELD_U32, AT(policy, vcpu_min), KEYS("policy_vcpu_min") },
	{ FIELD_U32, AT(policy, vcpu_max), KEYS("policy_vcpu_max") },
	{ FIELD_U32, AT(policy, util_lower), KEYS("policy_util_lower") },
	{ FIELD_U32, AT(policy, util_upper), KEYS("policy_util_upper") },
	{ FIELD_TEXT, AT(policy, tod_begin), KEYS("policy_tod_begin") },
	{ FIELD_TEXT, AT(policy, tod_end), KEYS("policy_tod_end") },
	{ FIELD_U32, AT(policy, sample_rate), KEYS("policy_sample_rate") },
	{ FIELD_U32, AT(policy, elastic_margin), KEYS("policy_elastic_margin") },
	{ FIELD_U32, AT(policy, attack), KEYS("policy_attack") },
	{ FIELD_U32, AT(policy, decay), KEYS("policy_decay") },
	{ FIELD_END },
};

static const struct field vds_fields[] = {
	{ FIELD_OTHER, AT(vds, index) },
	{ FIELD_TEXT, AT(vds, name), KEYS("service_name", "name") },
	{ FIELD_END },
};

static const struct field volume_fields[] = {
	{ FIELD_OTHER, AT(vds_volume, index) },
	{ FIELD_TEXT, AT(vds_volume, name), KEYS("vol_name", "name") },
	{ FIELD_TEXT, AT(vds_volume, service), KEYS("service_name") },
	{ FIELD_TEXT, AT(vds_volume, device), KEYS("block_dev") },
	{ FIELD_TEXT, AT(vds_volume, options), KEYS("vol_opts") },
	{ FIELD_TEXT, AT(vds_volume, mpgroup), KEYS("mpgroup") },
	{ FIELD_END },
};

static const struct field vsw_fields[] = {
	{ FIELD_OTHER, AT(vsw, index) },
	{ FIELD_TEXT, AT(vsw, name), KEYS("service_name", "name") },
	{ FIELD_MAC, AT(vsw, mac), ADDRESS("mac_address") },
	{ FIELD_TEXT, AT(vsw, device), KEYS("dev_path", "dev-path") },
	{ FIELD_TEXT, AT(vsw, mode), KEYS("mode") },
	{ FIELD_TEXT, AT(vsw, linkprop), KEYS("linkprop") },
	{ FIELD_TEXT, AT(vsw, vid), KEYS("vid") },
	{ FIELD_TEXT, AT(vsw, inter_vnet_link), KEYS("inter_vnet_link") },
	{ FIELD_U32, AT(vsw, default_vlan_id), KEYS("default-vlan-id") },
	{ FIELD_U32, AT(vsw, pvid), KEYS("pvid") },
	{ FIELD_U32, AT(vsw, mtu), KEYS("mtu") },
	{ FIELD_U32, AT(vsw, id), KEYS("id") },
	{ FIELD_END },
};

static const struct field vcc_fields[] = {
	{ FIELD_OTHER, AT(vcc, index) },
	{ FIELD_TEXT, AT(vcc, name), KEYS("service_name", "name") },
	{ FIELD_U32, AT(vcc, min_port), KEYS("min_port") },
	{ FIELD_U32, AT(vcc, max_port), KEYS("max_port") },
	{ FIELD_END },
};

static const struct field spconfig_fields[] = {
	{ FIELD_OTHER, AT(spconfig, index) },
	{ FIELD_TEXT, AT(spconfig, name), KEYS("spconfig_name", "name") },
	{ FIELD_TEXT, AT(spconfig, status), KEYS("spconfig_status") },
	{ FIELD_END },
};
/* clang-format on */

/* A strand under power management has an empty value or "---". */
static void finish_vcpu(void *row, const struct ldm_resource *from)
{
	struct vcpu *cpu = row;
	const char *util = ldm_resource_get(from, "util_percent");

	cpu->util_known = util && *util >= '0' && *util <= '9';
	cpu->parked = util && !cpu->util_known;
}

static void finish_iobus(void *row, const struct ldm_resource *from)
{
	struct iobus *bus = row;

	(void)from;
	if (bus->type)
		bus->is_bus = strcasecmp(bus->type, "BUS") == 0;
	else
		bus->is_bus = bus->name && word_is_bus(bus->name);
}

static void finish_variable(void *row, const struct ldm_resource *from)
{
	struct environment_variable *v = row;
	const char *value = ldm_resource_get(from, "value");

	if (v->name && ldm_is_secret(v->name)) {
		v->secret = v->value && *v->value;
		free(v->value);
		v->value = NULL;
		return;
	}
	v->truncated = value && strlen(value) > VARIABLE_MAX;
	if (v->truncated && v->value)
		v->value[utf8_cut(v->value, VARIABLE_MAX)] = '\0';
}

#define LIST(list_owner, items, row)                                                               \
	.list = AT(list_owner, items), .count = AT(list_owner, n_##items),                         \
	.size = sizeof(struct row)
#define DETAIL(items, row)	.owner = OWNER_DETAIL, LIST(domain_detail, items, row)
#define SERVICES(items, row)	.owner = OWNER_SERVICES, LIST(domain_services, items, row)
#define HOST(items, row)	.owner = OWNER_HOST, LIST(host, items, row)
#define BY_NAME(row, member)	.numbering = NUMBER_NAME, .name = AT(row, member)
#define TWIN(row, member)	.twin = AT(row, member)
#define BY_NUMBER(row, member)	.numbering = NUMBER_OWN, .number = AT(row, member)
#define BY_ADDRESS(row, member) .numbering = NUMBER_ADDRESS, .number = AT(row, member)

/* clang-format off */
const struct row_type row_types[_LIST_MAX] = {
	[LIST_VCPU] = { "cpu", "cpu", DETAIL(vcpus, vcpu), vcpu_fields, BY_NUMBER(vcpu, vid),
		.from_bindings = true, .change = CHANGE_NONE, .finish = finish_vcpu },
	[LIST_CORE] = { NULL, "core", DETAIL(cores, core), core_fields, .change = CHANGE_NONE },
	[LIST_VMEM] = { NULL, "vmem", .change = CHANGE_NONE },
	[LIST_MEMORY_BLOCK] = { "memory", "mem", DETAIL(memory, memory_block), memory_fields,
		BY_ADDRESS(memory_block, real_address), .from_bindings = true,
		.change = CHANGE_NONE },
	[LIST_CRYPTO] = { "mau", "mau", DETAIL(crypto, crypto_unit), crypto_fields,
		BY_NUMBER(crypto_unit, id), .from_bindings = true, .change = CHANGE_NONE },
	[LIST_IOBUS] = { "physio_device", "io", DETAIL(iobuses, iobus), iobus_fields,
		BY_NAME(iobus, name), TWIN(iobus, path), .change = CHANGE_NONE, .finish = finish_iobus },
	[LIST_VDISK] = { "disk", "disk", DETAIL(disks, vdisk), vdisk_fields, BY_NAME(vdisk, name),
		TWIN(vdisk, volume), .change = CHANGE_VDISK },
	[LIST_VNET] = { "network", "net", DETAIL(networks, vnet), vnet_fields, BY_NAME(vnet, name),
		TWIN(vnet, mac), .change = CHANGE_VNET },
	[LIST_CONSOLE] = { "console", "cons", DETAIL(consoles, console), console_fields,
		.numbering = NUMBER_NAME, .change = CHANGE_VCONS },
	[LIST_VARIABLE] = { "var", "var", DETAIL(variables, environment_variable), variable_fields,
		BY_NAME(environment_variable, name), .change = CHANGE_NONE,
		.finish = finish_variable },
	[LIST_POLICY] = { "policy", "pol", DETAIL(policies, policy), policy_fields,
		BY_NAME(policy, name), .change = CHANGE_NONE },
	[LIST_VDS] = { "vds", "vds", SERVICES(vds, vds), vds_fields, BY_NAME(vds, name),
		.change = CHANGE_VDS },
	[LIST_VOLUME] = { "vds_volume", "vol", SERVICES(volumes, vds_volume), volume_fields,
		BY_NAME(vds_volume, name), .scope = AT(vds_volume, service),
		.change = CHANGE_VDS },
	[LIST_VSW] = { "vsw", "vsw", SERVICES(vsw, vsw), vsw_fields, BY_NAME(vsw, name),
		TWIN(vsw, mac), .change = CHANGE_VSW },
	[LIST_VCC] = { "vcc", "vcc", SERVICES(vcc, vcc), vcc_fields, BY_NAME(vcc, name),
		.change = CHANGE_VCC },
	[LIST_SPCONFIG] = { "spconfig", "spc", HOST(spconfigs, spconfig), spconfig_fields,
		BY_NAME(spconfig, name), .change = CHANGE_NONE },
};
/* clang-format on */
