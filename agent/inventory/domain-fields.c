/*
 * Which property of which resource fills which member of struct domain. To read one more, add a
 * line.
 */
#include "inventory/domain-fields.h"

#define HERE(member) .offset = offsetof(struct domain, member)
#define INFO(field_kind, member, bit, ...)                                                         \
	{                                                                                          \
		.kind = field_kind, .source = FROM_KEY, HERE(member), .known = bit, .keys = {      \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define LOAD(field_kind, member, bit, ...)                                                         \
	{                                                                                          \
		.kind = field_kind, .source = FROM_KEY, HERE(member), .is_volatile = true,         \
		.known = bit, .keys = {                                                            \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define UNITS(field_kind, member, bit, ...)                                                        \
	{                                                                                          \
		.kind = field_kind, .source = FROM_UNITS, HERE(member), .known = bit, .keys = {    \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define DERIVED(field_kind, member)                                                                \
	{                                                                                          \
		.kind = field_kind, .source = FROM_NOWHERE, HERE(member)                           \
	}
#define END                                                                                        \
	{                                                                                          \
		.offset = FIELD_END                                                                \
	}

/* clang-format off */
#define INFO_FIELDS                                                                                \
	{ .kind = FIELD_UUID, .source = FROM_UUID, HERE(uuid), .known = KNOWN_UUID,                \
	  .keys = { "uuid" } },                                                                    \
	{ .kind = FIELD_MAC, .source = FROM_ADDRESS, HERE(mac), .known = KNOWN_MAC,            \
	  .keys = { "mac_address" } },                                                             \
	INFO(FIELD_HOSTID, hostid, KNOWN_HOSTID, "hostid"),                                       \
	INFO(FIELD_TEXT, failure_policy, KNOWN_FAILURE_POLICY, "failure-policy", "failure_policy"),      \
	INFO(FIELD_TEXT, master, KNOWN_MASTER, "master"),                                        \
	INFO(FIELD_TEXT, ext_mapin, KNOWN_EXT_MAPIN, "extended-mapin-space",                        \
		"extended_mapin_space"),                                                           \
	INFO(FIELD_TEXT, threading, KNOWN_THREADING, "threading"),                                  \
	INFO(FIELD_TEXT, cpu_arch, KNOWN_CPU_ARCH, "cpu-arch", "cpu_arch"),                        \
	INFO(FIELD_U32, shutdown_group, KNOWN_SHUTDOWN_GROUP, "shutdown-group", "shutdown_group"),       \
	INFO(FIELD_TEXT, flags, KNOWN_FLAGS, "flags"),                                             \
	LOAD(FIELD_PERCENT, utilization_permille, KNOWN_UTILIZATION, "utilization"),                                  \
	LOAD(FIELD_UPTIME, uptime_s, KNOWN_UPTIME, "uptime")

static const struct field info_fields[] = {
	INFO_FIELDS,
	INFO(FIELD_U32, whole_core, KNOWN_WHOLE_CORE, "wcore"),
	END,
};
static const struct field cpu_fields[] = {
	UNITS(FIELD_U32, num_vcpu, KNOWN_VCPU, "number"),
	INFO(FIELD_U32, whole_core, KNOWN_WHOLE_CORE, "wcore", "whole-core"),
	END,
};
static const struct field memory_fields[] = {
	UNITS(FIELD_SIZE, mem_bytes, KNOWN_MEMORY, "size"),
	END,
};
static const struct field crypto_fields[] = {
	UNITS(FIELD_U32, num_crypto, KNOWN_CRYPTO, "number"),
	END,
};
static const struct field console_fields[] = {
	INFO(FIELD_U32, console_port, KNOWN_CONSOLE, "port"),
	END,
};

const struct field domain_fields[] = {
	INFO_FIELDS,
	UNITS(FIELD_U32, num_vcpu, KNOWN_VCPU),
	UNITS(FIELD_SIZE, mem_bytes, KNOWN_MEMORY),
	UNITS(FIELD_U32, num_crypto, KNOWN_CRYPTO),
	INFO(FIELD_U32, whole_core, KNOWN_WHOLE_CORE, "wcore"),
	INFO(FIELD_U32, console_port, KNOWN_CONSOLE, "port"),
	{ .kind = FIELD_OTHER, .source = FROM_NOWHERE, HERE(state), .known = KNOWN_STATE },
	{ .kind = FIELD_OTHER, .source = FROM_NOWHERE, HERE(num_iobus), .known = KNOWN_IO },
	DERIVED(FIELD_OTHER, index),
	DERIVED(FIELD_OTHER, roles),
	DERIVED(FIELD_FLAG, pending),
	DERIVED(FIELD_FLAG, memory_dr),
	DERIVED(FIELD_FLAG, degraded),
	DERIVED(FIELD_FLAG, transition),
	DERIVED(FIELD_OTHER, migration),
	DERIVED(FIELD_OTHER, row_status),
	DERIVED(FIELD_TEXT, template_name),
	DERIVED(FIELD_OTHER, wanted_admin),
	END,
};

const struct domain_resource domain_resources[] = {
	{ "ldom_info", info_fields, 0 },
	{ "cpu", cpu_fields, 0 },
	{ "memory", memory_fields, 0 },
	{ "mau", crypto_fields, 0 },
	{ "crypto", crypto_fields, 0 },
	{ "console", console_fields, KNOWN_CONSOLE },
	{ NULL, NULL, 0 },
};
/* clang-format on */

_Static_assert(sizeof(enum domain_state) == sizeof(uint32_t), "FIELD_OTHER is 32 bits");
