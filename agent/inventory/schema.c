/*
 * The tables. Where a property has several spellings, the newest guide's comes first.
 */
#include "inventory/schema.h"

#include <stdlib.h>
#include <string.h>

#include "ldm/document.h"
#include "ldm/mask.h"
#include "util/utf8.h"

#define VARIABLE_MAX 255

#define AT(type, member) offsetof(struct type, member)
#define OF(type, member) AT(type, member), sizeof(((struct type *)NULL)->member)
#define KEYS(...)	 .keys = {__VA_ARGS__}
#define UNITS(...)	 .source = FROM_UNITS, .keys = {__VA_ARGS__}
#define ADDRESS(...)	 .source = FROM_ADDRESS, .keys = {__VA_ARGS__}
#define UUID(...)	 .source = FROM_UUID, .keys = {__VA_ARGS__}
#define KNOWN(bit)	 .known = KNOWN_##bit
#define VOLATILE	 .is_volatile = true

/* One array for many fields: fields_read() compares the pointer and checks the type only once. */
static const char *const info[] = {"ldom_info", NULL};

/* clang-format off */
#define IN(...) .in = (const char *const[]){ __VA_ARGS__, NULL }
#define INFO .in = info

/* What is derived from the flags (degraded, migration) is not here, as the flags are compared. */
const struct field domain_fields[] = {
	{ FIELD_UUID, OF(domain, uuid), UUID("uuid"), INFO, KNOWN(UUID) },
	{ FIELD_MAC, OF(domain, mac), ADDRESS("mac_address"), INFO, KNOWN(MAC) },
	{ FIELD_HOSTID, OF(domain, hostid), KEYS("hostid"), INFO, KNOWN(HOSTID) },
	{ FIELD_TEXT, OF(domain, failure_policy), KEYS("failure-policy", "failure_policy"), INFO,
	  KNOWN(FAILURE_POLICY) },
	{ FIELD_TEXT, OF(domain, master), KEYS("master"), INFO, KNOWN(MASTER) },
	{ FIELD_TEXT, OF(domain, ext_mapin), KEYS("extended-mapin-space", "extended_mapin_space"),
	  INFO, KNOWN(EXT_MAPIN) },
	{ FIELD_TEXT, OF(domain, threading), KEYS("threading"), INFO, KNOWN(THREADING) },
	{ FIELD_TEXT, OF(domain, cpu_arch), KEYS("cpu-arch", "cpu_arch"), INFO, KNOWN(CPU_ARCH) },
	{ FIELD_TEXT, OF(domain, boot_policy), KEYS("boot-policy", "boot_policy"), INFO,
	  KNOWN(BOOT_POLICY) },
	{ FIELD_TEXT, OF(domain, perf_counters), KEYS("perf-counters", "perf_counters"), INFO,
	  KNOWN(PERF_COUNTERS) },
	{ FIELD_TEXT, OF(domain, rc_add_policy), KEYS("rc-add-policy", "rc_add_policy"), INFO,
	  KNOWN(RC_ADD_POLICY) },
	{ FIELD_U32, OF(domain, shutdown_group), KEYS("shutdown-group", "shutdown_group"), INFO,
	  KNOWN(SHUTDOWN_GROUP) },
	{ FIELD_FLAGS, OF(domain, flags), KEYS("flags"), INFO, KNOWN(FLAGS) },
	{ FIELD_PERCENT, OF(domain, utilization_permille), KEYS("utilization"), INFO,
	  KNOWN(UTILIZATION), VOLATILE },
	{ FIELD_PERCENT, OF(domain, norm_util_permille), KEYS("normalized_utilization"), INFO,
	  KNOWN(NORM_UTILIZATION), VOLATILE },
	{ FIELD_PERCENT, OF(domain, migration_permille), KEYS("progress"), INFO,
	  KNOWN(MIGRATION_PROGRESS), VOLATILE },
	{ FIELD_TEXT, OF(domain, migration_status), KEYS("status"), INFO, KNOWN(MIGRATION_STATUS) },
	{ FIELD_TEXT, OF(domain, migration_source), KEYS("source"), INFO, KNOWN(MIGRATION_SOURCE) },
	{ FIELD_UPTIME, OF(domain, uptime_s), KEYS("uptime"), INFO, KNOWN(UPTIME), VOLATILE },
	/* Data version 2.0 may have the state in a resource of its own. */
	{ FIELD_STATE, OF(domain, state), KEYS("state", "ldom_state"), IN("ldom_info", "state", ""),
	  KNOWN(STATE) },
	{ FIELD_SUSPENDED, OF(domain, suspended), KEYS("state", "ldom_state"),
	  IN("ldom_info", "state", ""), KNOWN(STATE) },
	{ FIELD_U32, OF(domain, num_vcpu), UNITS("number"), IN("cpu"), KNOWN(VCPU) },
	{ FIELD_SIZE, OF(domain, mem_bytes), UNITS("size"), IN("memory"), KNOWN(MEMORY) },
	{ FIELD_U32, OF(domain, num_crypto), UNITS("number"), IN("mau", "crypto"), KNOWN(CRYPTO) },
	{ FIELD_U32, OF(domain, whole_core), KEYS("wcore", "whole-core"), IN("ldom_info", "cpu"),
	  KNOWN(WHOLE_CORE) },
	{ FIELD_LIMIT, OF(domain, max_cores), KEYS("max-cores", "max_cores"),
	  IN("ldom_info", "cpu"), KNOWN(MAX_CORES) },
	{ FIELD_U32, OF(domain, console_port), KEYS("port"), IN("console"), KNOWN(CONSOLE) },
	{ FIELD_OTHER, OF(domain, num_iobus), KNOWN(IO) },
	{ FIELD_OTHER, OF(domain, known_state) },
	{ FIELD_OTHER, OF(domain, told_state) },
	{ FIELD_OTHER, OF(domain, cpu_time_ns), VOLATILE },
	{ FIELD_OTHER, OF(domain, runs_since_ms), VOLATILE },
	{ FIELD_OTHER, OF(domain, bindings_ms), VOLATILE },
	{ FIELD_OTHER, OF(domain, roles) },
	{ FIELD_OTHER, OF(domain, waiting_known), VOLATILE },
	{ FIELD_OTHER, OF(domain, waiting_vcpu), VOLATILE },
	{ FIELD_OTHER, OF(domain, waiting_crypto), VOLATILE },
	{ FIELD_OTHER, OF(domain, waiting_mem_bytes), VOLATILE },
	{ FIELD_OTHER, OF(domain, row_status) },
	{ FIELD_TEXT, OF(domain, template_name) },
	{ FIELD_OTHER, OF(domain, wanted_admin) },
	{ FIELD_END },
};
/* clang-format on */

/* A strand under power management has an empty value or "---". */
static void finish_vcpu(void *row, const struct ldm_resource *from)
{
	struct vcpu *cpu = row;
	const char *util = ldm_resource_get(from, "util_percent");

	cpu->core_unknown = !ldm_resource_get(from, "cid");
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
#define BINDINGS		.from_bindings = true
#define TOLD(kind)		.is_told = true, .change = CHANGE_##kind

/* clang-format off */
#define FIELDS(...) .fields = (const struct field[]){ __VA_ARGS__ { FIELD_END } }

const struct row_type row_types[_LIST_MAX] = {
	[LIST_VCPU] = { "cpu", "cpu", DETAIL(vcpus, vcpu), BY_NUMBER(vcpu, vid),
		BINDINGS, .finish = finish_vcpu, FIELDS(
		{ FIELD_U32, OF(vcpu, vid), KEYS("vid") },
		{ FIELD_U32, OF(vcpu, pid), KEYS("pid") },
		{ FIELD_U32, OF(vcpu, cid), KEYS("cid") },
		{ FIELD_PERCENT, OF(vcpu, strand_permille), KEYS("strand_percent", "strand") },
		{ FIELD_PERCENT, OF(vcpu, util_permille), KEYS("util_percent", "util"), VOLATILE },
		{ FIELD_PERCENT, OF(vcpu, norm_util_permille), KEYS("normalized_utilization"),
		  VOLATILE },
		{ FIELD_OTHER, OF(vcpu, core_unknown) },
		{ FIELD_OTHER, OF(vcpu, util_known), VOLATILE },
		{ FIELD_OTHER, OF(vcpu, parked), VOLATILE },
		{ FIELD_OTHER, OF(vcpu, time_known), VOLATILE },
		{ FIELD_OTHER, OF(vcpu, time_ns), VOLATILE },
	) },
	[LIST_CORE] = { NULL, "core", DETAIL(cores, core), FIELDS(
		{ FIELD_OTHER, OF(core, id) },
		{ FIELD_OTHER, OF(core, n_vcpus) },
		{ FIELD_TEXT, OF(core, cpuset) },
	) },
	[LIST_VMEM] = { NULL, "vmem" },
	[LIST_MEMORY_BLOCK] = { "memory", "mem", DETAIL(memory, memory_block),
		BY_ADDRESS(memory_block, real_address), BINDINGS, FIELDS(
		{ FIELD_ADDRESS, OF(memory_block, real_address),
		  KEYS("ra", "real_addr", "real_address") },
		{ FIELD_ADDRESS, OF(memory_block, physical_address),
		  KEYS("pa", "phys_addr", "physical_address") },
		{ FIELD_SIZE, OF(memory_block, size), KEYS("size") },
	) },
	[LIST_CRYPTO] = { "mau", "mau", DETAIL(crypto, crypto_unit), BY_NUMBER(crypto_unit, id),
		BINDINGS, FIELDS(
		{ FIELD_U32, OF(crypto_unit, id), KEYS("id", "mau_id", "uid") },
		{ FIELD_TEXT, OF(crypto_unit, cpuset), KEYS("cpuset", "cpu_set") },
	) },
	[LIST_IOBUS] = { "physio_device", "io", DETAIL(iobuses, iobus), BY_NAME(iobus, name),
		TWIN(iobus, path), .finish = finish_iobus, FIELDS(
		{ FIELD_TEXT, OF(iobus, name), KEYS("name", "dev", "device") },
		{ FIELD_TEXT, OF(iobus, path), KEYS("path", "dev_path", "alias", "pseudonym") },
		{ FIELD_TEXT, OF(iobus, options), KEYS("options") },
		{ FIELD_TEXT, OF(iobus, type), KEYS("type") },
		{ FIELD_MAC, OF(iobus, mac), ADDRESS("mac-addr", "mac_address") },
		{ FIELD_TEXT, OF(iobus, vid), KEYS("vid") },
		{ FIELD_U32, OF(iobus, pvid), KEYS("pvid") },
		{ FIELD_U32, OF(iobus, mtu), KEYS("mtu") },
		{ FIELD_OTHER, OF(iobus, is_bus) },
	) },
	[LIST_VDS] = { "vds", "vds", SERVICES(vds, vds), BY_NAME(vds, name), TOLD(VDS), FIELDS(
		{ FIELD_TEXT, OF(vds, name), KEYS("service_name", "name") },
	) },
	[LIST_VOLUME] = { "vds_volume", "vol", SERVICES(volumes, vds_volume),
		BY_NAME(vds_volume, name), .scope = AT(vds_volume, service), TOLD(VDS), FIELDS(
		{ FIELD_TEXT, OF(vds_volume, name), KEYS("vol_name", "name") },
		{ FIELD_TEXT, OF(vds_volume, service), KEYS("service_name") },
		{ FIELD_TEXT, OF(vds_volume, device), KEYS("block_dev") },
		{ FIELD_TEXT, OF(vds_volume, options), KEYS("vol_opts") },
		{ FIELD_TEXT, OF(vds_volume, mpgroup), KEYS("mpgroup") },
	) },
	[LIST_VDISK] = { "disk", "disk", DETAIL(disks, vdisk), BY_NAME(vdisk, name),
		TWIN(vdisk, volume), TOLD(VDISK), FIELDS(
		{ FIELD_TEXT, OF(vdisk, name), KEYS("vdisk_name", "name") },
		{ FIELD_TEXT, OF(vdisk, service), KEYS("service_name") },
		{ FIELD_TEXT, OF(vdisk, volume), KEYS("vol_name") },
		{ FIELD_TEXT, OF(vdisk, server), KEYS("server") },
		{ FIELD_TEXT, OF(vdisk, mpgroup), KEYS("mpgroup") },
		{ FIELD_U32, OF(vdisk, timeout), KEYS("timeout") },
		{ FIELD_U32, OF(vdisk, id), KEYS("id", "dev_id") },
	) },
	[LIST_VSW] = { "vsw", "vsw", SERVICES(vsw, vsw), BY_NAME(vsw, name), TWIN(vsw, mac),
		TOLD(VSW), FIELDS(
		{ FIELD_TEXT, OF(vsw, name), KEYS("service_name", "name") },
		{ FIELD_MAC, OF(vsw, mac), ADDRESS("mac_address") },
		{ FIELD_TEXT, OF(vsw, device), KEYS("dev_path", "dev-path") },
		{ FIELD_TEXT, OF(vsw, mode), KEYS("mode") },
		{ FIELD_TEXT, OF(vsw, linkprop), KEYS("linkprop") },
		{ FIELD_TEXT, OF(vsw, vid), KEYS("vid") },
		{ FIELD_TEXT, OF(vsw, inter_vnet_link), KEYS("inter_vnet_link") },
		{ FIELD_U32, OF(vsw, default_vlan_id), KEYS("default-vlan-id") },
		{ FIELD_U32, OF(vsw, pvid), KEYS("pvid") },
		{ FIELD_U32, OF(vsw, mtu), KEYS("mtu") },
		{ FIELD_U32, OF(vsw, id), KEYS("id") },
	) },
	[LIST_VNET] = { "network", "net", DETAIL(networks, vnet), BY_NAME(vnet, name),
		TWIN(vnet, mac), TOLD(VNET), FIELDS(
		{ FIELD_TEXT, OF(vnet, name), KEYS("vnet_name", "name") },
		{ FIELD_TEXT, OF(vnet, service), KEYS("service_name") },
		{ FIELD_MAC, OF(vnet, mac), ADDRESS("mac_address") },
		{ FIELD_TEXT, OF(vnet, mode), KEYS("mode") },
		{ FIELD_TEXT, OF(vnet, linkprop), KEYS("linkprop") },
		{ FIELD_TEXT, OF(vnet, device), KEYS("device", "dev") },
		{ FIELD_TEXT, OF(vnet, vid), KEYS("vid") },
		{ FIELD_U32, OF(vnet, pvid), KEYS("pvid") },
		{ FIELD_U32, OF(vnet, mtu), KEYS("mtu") },
		{ FIELD_U32, OF(vnet, id), KEYS("id", "dev_id") },
	) },
	[LIST_VCC] = { "vcc", "vcc", SERVICES(vcc, vcc), BY_NAME(vcc, name), TOLD(VCC), FIELDS(
		{ FIELD_TEXT, OF(vcc, name), KEYS("service_name", "name") },
		{ FIELD_U32, OF(vcc, min_port), KEYS("min_port") },
		{ FIELD_U32, OF(vcc, max_port), KEYS("max_port") },
	) },
	[LIST_CONSOLE] = { "console", "cons", DETAIL(consoles, console), .numbering = NUMBER_NAME,
		TOLD(VCONS), FIELDS(
		{ FIELD_TEXT, OF(console, service), KEYS("service_name") },
		{ FIELD_TEXT, OF(console, group), KEYS("group") },
		{ FIELD_TEXT, OF(console, type), KEYS("type") },
		{ FIELD_U32, OF(console, port), KEYS("port") },
		{ FIELD_SWITCH, OF(console, log), KEYS("enable-log", "log") },
	) },
	[LIST_VARIABLE] = { "var", "var", DETAIL(variables, environment_variable),
		BY_NAME(environment_variable, name), .finish = finish_variable, FIELDS(
		{ FIELD_TEXT, OF(environment_variable, name), KEYS("name") },
		{ FIELD_TEXT, OF(environment_variable, value), KEYS("value") },
		{ FIELD_OTHER, OF(environment_variable, truncated) },
		{ FIELD_OTHER, OF(environment_variable, secret) },
	) },
	[LIST_POLICY] = { "policy", "pol", DETAIL(policies, policy), BY_NAME(policy, name), FIELDS(
		{ FIELD_TEXT, OF(policy, name), KEYS("policy_name", "name") },
		{ FIELD_SWITCH, OF(policy, enabled), KEYS("policy_enable") },
		{ FIELD_U32, OF(policy, priority), KEYS("policy_priority") },
		{ FIELD_U32, OF(policy, vcpu_min), KEYS("policy_vcpu_min") },
		{ FIELD_U32, OF(policy, vcpu_max), KEYS("policy_vcpu_max") },
		{ FIELD_U32, OF(policy, util_lower), KEYS("policy_util_lower") },
		{ FIELD_U32, OF(policy, util_upper), KEYS("policy_util_upper") },
		{ FIELD_TEXT, OF(policy, tod_begin), KEYS("policy_tod_begin") },
		{ FIELD_TEXT, OF(policy, tod_end), KEYS("policy_tod_end") },
		{ FIELD_U32, OF(policy, sample_rate), KEYS("policy_sample_rate") },
		{ FIELD_U32, OF(policy, elastic_margin), KEYS("policy_elastic_margin") },
		{ FIELD_U32, OF(policy, attack), KEYS("policy_attack") },
		{ FIELD_U32, OF(policy, decay), KEYS("policy_decay") },
	) },
	[LIST_SPCONFIG] = { "spconfig", "spc", HOST(spconfigs, spconfig), BY_NAME(spconfig, name),
		FIELDS(
		{ FIELD_TEXT, OF(spconfig, name), KEYS("spconfig_name", "name") },
		{ FIELD_TEXT, OF(spconfig, status), KEYS("spconfig_status") },
	) },
};
/* clang-format on */
