/*
 * What the agent knows about a host and its logical domains: the structs. Functions on them are in
 * model.h.
 *
 * Values, not documents: nothing here knows XML, and nothing knows SNMP. Units are fixed (bytes,
 * seconds, 0.1 %), unknown is NULL or 0. Everything reached through a snapshot is const and
 * reference counted, so a row that did not change is shared by many snapshots and may be read by
 * any thread that holds one of them.
 *
 * Each list inside a detail is sorted by its `index`, which stays with an object as long as it
 * lives (device number, or a number the registry gave to its name).
 */
#ifndef INVENTORY_DOMAIN_H
#define INVENTORY_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inventory/words.h"

/* Bit n is bit n of ldomRoles. */
enum domain_role {
	DOMAIN_CONTROL = 1 << 0,
	DOMAIN_SERVICE = 1 << 1,
	DOMAIN_IO = 1 << 2,
	DOMAIN_ROOT = 1 << 3,
	DOMAIN_GUEST = 1 << 4,
};

/* The letter in the sixth column of ldmd's flags. */
enum domain_migration {
	MIGRATION_NONE,
	MIGRATION_SOURCE,
	MIGRATION_TARGET,
	MIGRATION_ERROR,
};

/* The numbers are those of RowStatus (RFC 2579). Domains that ldmd lists are ROW_ACTIVE. A row with
 * another status is being made by a manager, and ldmd does not know it yet. */
enum row_status {
	ROW_ACTIVE = 1,
	ROW_NOT_IN_SERVICE = 2,
	ROW_NOT_READY = 3,
};

/* Which values ldmd has told, so that a reply that leaves a value out does not erase it. */
enum domain_known {
	KNOWN_UUID = 1 << 0,
	KNOWN_MAC = 1 << 1,
	KNOWN_HOSTID = 1 << 2,
	KNOWN_FAILURE_POLICY = 1 << 3,
	KNOWN_MASTER = 1 << 4,
	KNOWN_EXT_MAPIN = 1 << 5,
	KNOWN_THREADING = 1 << 6,
	KNOWN_CPU_ARCH = 1 << 7,
	KNOWN_SHUTDOWN_GROUP = 1 << 8,
	KNOWN_FLAGS = 1 << 9,
	KNOWN_UTILIZATION = 1 << 10,
	KNOWN_UPTIME = 1 << 11,
	KNOWN_VCPU = 1 << 12,
	KNOWN_MEMORY = 1 << 13,
	KNOWN_CRYPTO = 1 << 14,
	KNOWN_WHOLE_CORE = 1 << 15,
	KNOWN_CONSOLE = 1 << 16,
	KNOWN_STATE = 1 << 17,
	KNOWN_IO = 1 << 18,
	KNOWN_NORM_UTILIZATION = 1 << 19,
	KNOWN_MIGRATION_PROGRESS = 1 << 20,
	KNOWN_MIGRATION_STATUS = 1 << 21,
	KNOWN_MIGRATION_SOURCE = 1 << 22,
	KNOWN_MAX_CORES = 1 << 23,
	KNOWN_BOOT_POLICY = 1 << 24,
	KNOWN_PERF_COUNTERS = 1 << 25,
	KNOWN_RC_ADD_POLICY = 1 << 26,
};

struct vcpu {
	uint32_t index; /* vid + 1 */
	uint32_t vid, pid, cid;
	uint32_t strand_permille, util_permille, norm_util_permille;
	bool core_unknown; /* ldmd before 2.1 does not tell cid, which is 0 then */
	bool util_known;   /* false for a strand under power management */
	bool parked;	   /* by power management: ldmd tells no load */
	bool time_known;   /* false until a second answer, as time_ns needs two */
	uint64_t time_ns;  /* cpu-time.h */
};

/* Derived from the vcpus, because ldmd lists no cores; it names the core of each CPU. */
struct core {
	uint32_t index; /* id + 1 */
	uint32_t id, n_vcpus;
	char *cpuset; /* the hardware threads of the core that the domain has: "8,9,10" */
};

struct memory_block {
	uint32_t index; /* by real address */
	uint64_t real_address, physical_address, size;
};

struct crypto_unit {
	uint32_t index; /* id + 1 */
	uint32_t id;
	char *cpuset;
};

struct iobus {
	uint32_t index;
	char *name, *path, *options, *type;
	char *mac, *vid; /* of a network function: its address; the VLANs it belongs to */
	uint32_t pvid, mtu;
	bool is_bus; /* a whole PCIe bus, not a slot or a virtual function */
};

struct vdisk {
	uint32_t index;
	char *name, *service, *volume, *server, *mpgroup;
	uint32_t timeout, id;
};

struct vnet {
	uint32_t index;
	char *name, *service, *mac, *mode, *linkprop, *device, *vid;
	uint32_t pvid, mtu, id;
};

struct console {
	uint32_t index;
	char *service, *group, *type;
	uint32_t port;
	bool log;
};

struct environment_variable {
	uint32_t index;
	char *name, *value; /* value NULL: the variable has none, or it is secret */
	bool truncated;	    /* value was longer than 255 octets */
	bool secret;	    /* the variable has a value, which is not kept */
};

struct policy {
	uint32_t index;
	char *name, *tod_begin, *tod_end;
	bool enabled;
	uint32_t priority, vcpu_min, vcpu_max, util_lower, util_upper, sample_rate, elastic_margin,
		attack, decay;
};

struct vds {
	uint32_t index;
	char *name;
};

struct vds_volume {
	uint32_t index;
	char *name, *service, *device, *options, *mpgroup;
};

struct vsw {
	uint32_t index;
	char *name, *mac, *device, *mode, *linkprop, *vid, *inter_vnet_link;
	uint32_t default_vlan_id, pvid, mtu, id;
};

struct vcc {
	uint32_t index;
	char *name;
	uint32_t min_port, max_port;
};

/* The lists below, in the order of the tables that show them. */
enum domain_list {
	LIST_VCPU,
	LIST_CORE,
	LIST_VMEM, /* not stored: one row for each domain whose detail was read; see snapshot.h */
	LIST_MEMORY_BLOCK,
	LIST_CRYPTO,
	LIST_IOBUS,
	LIST_VDS,
	LIST_VOLUME,
	LIST_VDISK,
	LIST_VSW,
	LIST_VNET,
	LIST_VCC,
	LIST_CONSOLE,
	LIST_VARIABLE,
	LIST_POLICY,
	_DOMAIN_LIST_MAX,
	LIST_SPCONFIG = _DOMAIN_LIST_MAX, /* a list of the host, not of a domain */
	_LIST_MAX,
};

/* What a domain has, from list-bindings. */
struct domain_detail {
	struct vcpu *vcpus;
	size_t n_vcpus;
	struct core *cores;
	size_t n_cores;
	struct memory_block *memory;
	size_t n_memory;
	struct crypto_unit *crypto;
	size_t n_crypto;
	struct iobus *iobuses;
	size_t n_iobuses;
	struct vdisk *disks;
	size_t n_disks;
	struct vnet *networks;
	size_t n_networks;
	struct console *consoles;
	size_t n_consoles;
	struct environment_variable *variables;
	size_t n_variables;
	struct policy *policies;
	size_t n_policies;
};

/* What a domain offers to others, from list-services. */
struct domain_services {
	struct vds *vds;
	size_t n_vds;
	struct vds_volume *volumes;
	size_t n_volumes;
	struct vsw *vsw;
	size_t n_vsw;
	struct vcc *vcc;
	size_t n_vcc;
};

struct domain {
	uint32_t index; /* ldomIndex, from the registry; never changes */
	uint32_t known; /* enum domain_known: values that ldmd told */
	uint32_t told;	/* enum domain_known: values told by the last list-domain */
	char *name;	/* never NULL, at most 256 octets */
	char *uuid;	/* 36 characters, lower case; or NULL */
	char *mac, *hostid;
	char *failure_policy, *master, *ext_mapin, *threading, *cpu_arch;
	char *boot_policy, *perf_counters, *rc_add_policy;
	char *flags; /* six columns; NULL: not told */
	enum domain_state state;
	bool suspended; /* the state is DOMAIN_UNKNOWN, and the word was "suspended" */
	enum domain_state
		known_state; /* the last known state, or a guess; see derive_known_state() */
	enum domain_state told_state; /* the last known state; 0: ldmd told none */
	uint32_t num_vcpu;	      /* of an inactive domain: the constraint */
	uint64_t mem_bytes;
	uint32_t num_crypto, num_iobus;
	uint32_t whole_core;	 /* 0: no constraint */
	uint32_t max_cores;	 /* 0: no limit */
	uint32_t shutdown_group; /* 0..15 */
	uint32_t roles;		 /* enum domain_role */
	uint32_t utilization_permille;
	uint32_t norm_util_permille; /* with regard to power management */
	uint64_t uptime_s;
	uint64_t cpu_time_ns;	/* cpu-time.h */
	uint64_t runs_since_ms; /* monotonic; 0: the domain does not run */
	uint64_t bindings_ms;	/* monotonic; last answer to list-bindings; 0: none */
	uint32_t console_port;	/* 0: none */
	bool pending;		/* a delayed reconfiguration waits */
	/* What the domain gets when it reboots, from its constraints. Valid if waiting_known. */
	bool waiting_known;
	uint32_t waiting_vcpu, waiting_crypto;
	uint64_t waiting_mem_bytes;
	bool memory_dr; /* a memory reconfiguration runs */
	bool degraded, transition;
	enum domain_migration migration; /* != NONE: "migrating" of contract and guides */
	/* Progress in 0.1 %; "ongoing", "done" or "failed"; the host that the domain comes from. */
	uint32_t migration_permille;
	char *migration_status, *migration_source;
	uint64_t last_change_ms; /* monotonic clock; utilization and uptime do not count */
	enum row_status row_status;
	char *template_name;			/* of a row that is being made; or NULL */
	uint32_t wanted_admin;			/* of such a row: ldomAdminState; 0: not set */
	const struct domain_detail *detail;	/* NULL: not read yet */
	const struct domain_services *services; /* NULL: not read yet */
};

struct pool {
	uint64_t total, free;
};

struct host_pools {
	bool known; /* list-devices was answered at least once */
	struct pool vcpus, cores, crypto, buses, memory_bytes;
};

struct spconfig {
	uint32_t index;
	char *name, *status; /* status "current" or NULL */
};

/* The lists of the host, which belong to no domain. */
struct host {
	struct spconfig *spconfigs;
	size_t n_spconfigs;
	bool spconfigs_known;
	uint64_t spconfigs_ms; /* monotonic; when list-spconfig was sent */
};

static inline bool domain_is_migrating(const struct domain *d)
{
	return d->migration != MIGRATION_NONE;
}

static inline bool domain_in_transition(const struct domain *d)
{
	return d->state == DOMAIN_STOPPING || d->state == DOMAIN_STARTING ||
	       d->state == DOMAIN_BINDING || d->state == DOMAIN_UNBINDING;
}

/* d, or NULL if a manager is still making the row and ldmd has no such domain. d may be NULL. */
static inline const struct domain *row_domain(const struct domain *d)
{
	return d && d->row_status == ROW_ACTIVE ? d : NULL;
}

/* A row that is being made may have no name yet. Then d->name begins with '?', which ldmd never
 * allows in a name. d may be NULL: false. */
static inline bool row_has_name(const struct domain *d)
{
	return d && d->name[0] != '?';
}

#endif
