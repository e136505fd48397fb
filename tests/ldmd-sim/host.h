/*
 * The pretended server: hardware threads, memory, crypto units and buses, and the domains they
 * are divided among. Knows what exists and what is free, not how it may change (actions) nor how
 * it is told (describe).
 */
#ifndef LDMD_SIM_HOST_H
#define LDMD_SIM_HOST_H

#include <libxml/hash.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "object.h"
#include "timer.h"
#include "util.h"

#define MIB		 (UINT64_C(1) << 20)
#define GIB		 (UINT64_C(1) << 30)
#define THREADS_PER_CORE 8
#define LDM_VERSION(a, b)                                                                          \
	((a)*10000u + (b)*100u) /* LDM 3.6 = LDM_VERSION(3, 6); 1.0.3 = LDM_VERSION(1, 0) + 3 */

struct task;

/* Numbers as in the vendor's MIB. */
enum domain_state {
	STATE_ACTIVE = 1,
	STATE_STOPPING,
	STATE_INACTIVE,
	STATE_BINDING,
	STATE_UNBINDING,
	STATE_BOUND,
	STATE_STARTING,
};

enum setting {
	SETTING_FAILURE_POLICY,
	SETTING_MASTER,
	SETTING_EXTENDED_MAPIN,
	SETTING_THREADING,
	SETTING_CPU_ARCH,
	SETTING_RC_ADD_POLICY,
	SETTING_PERF_COUNTERS,
	SETTING_SHUTDOWN_GROUP,
	SETTING_BOOT_POLICY,
	SETTING_MAX_CORES,
	SETTING_MAX,
};

enum device_kind {
	DEVICE_VAR,
	DEVICE_DISK,
	DEVICE_NET,
	DEVICE_POLICY,
	DEVICE_VDS,
	DEVICE_VOLUME,
	DEVICE_VSW,
	DEVICE_VCC,
	DEVICE_VSAN,
	DEVICE_VHBA,
	DEVICE_MAX,
};

/* Anything a domain has by name: its properties are kept as the client wrote them. */
struct device {
	TAILQ_ENTRY(device) entry;
	struct domain *owner;
	struct resource *spec;
	unsigned id;
	struct device *volume; /* of a disk that is attached */
	struct device *user;   /* the disk attached to this volume */
};
TAILQ_HEAD(device_list, device);

struct vcpu {
	unsigned vid;
	unsigned pid;
	unsigned permille;
};

struct block {
	uint64_t ra;
	uint64_t pa;
	uint64_t size;
};

struct quantities {
	uint64_t vcpus;
	uint64_t memory;
	uint64_t maus;
	uint64_t whole_cores; /* 0 = no whole-core constraint */
};

struct migration {
	struct timer timer;
	double step; /* seconds per tenth */
	unsigned progress;
	bool incoming;
	char *peer;
};

struct domain {
	TAILQ_ENTRY(domain) entry;
	struct sim *sim;
	char *name;
	char *uuid;
	char *mac;
	char *hostid;
	char *settings[SETTING_MAX];
	bool control;

	enum domain_state state;
	bool openboot;	     /* active, but no OS runs: flag t */
	struct timer boot;   /* from OpenBoot to the OS, or the guest's own shutdown */
	struct task *op;     /* bind, start, stop or unbind in progress */
	struct task *dr;     /* memory reconfiguration in progress */
	bool delayed_reconf; /* its constraints wait for its reboot */
	struct quantities before_reconf;
	char *mapin_before_reconf;
	struct migration *migration;
	bool migration_error;
	bool degraded; /* resources are missing: it cannot start */
	int64_t started_ms;
	unsigned permille; /* utilization */
	unsigned norm_permille;

	struct quantities want;
	struct vcpu *vcpus;
	size_t n_vcpus;
	struct block *blocks;
	size_t n_blocks;
	unsigned *maus; /* core numbers */
	size_t n_maus;

	struct device_list devices[DEVICE_MAX];
	size_t n_devices[DEVICE_MAX];
	char *console_service; /* wanted; NULL = any */
	char *console_group;
	unsigned console_want; /* wanted port; 0 = any */
	unsigned console_port; /* bound port; 0 = none */
	char *console_vcc;     /* service of the bound port */
};
TAILQ_HEAD(domain_list, domain);

struct bus {
	char *name;
	char *alias;
	bool gone;    /* broken: in no list */
	bool iov_off; /* functions change by delayed reconfiguration only */
	struct domain *owner;
	struct domain
		*planned; /* owner after the reboot that a delayed reconfiguration waits for */
};

/* A virtual function (SR-IOV) of the one physical network function of a bus. */
struct function {
	TAILQ_ENTRY(function) entry;
	size_t bus;
	unsigned number;
	struct domain *owner;
	bool planned;	       /* comes with the reboot of the root domain */
	bool leaving;	       /* goes with it */
	struct resource *spec; /* name, MAC, VLANs, ... */
};
TAILQ_HEAD(function_list, function);

struct spconfig {
	TAILQ_ENTRY(spconfig) entry;
	char *name;
	bool current;
};
TAILQ_HEAD(spconfig_list, spconfig);

struct extent {
	uint64_t pa;
	uint64_t size;
};

struct host {
	unsigned version; /* LDM_VERSION() of the pretended LDM */
	struct domain_list domains;
	size_t n_domains;
	size_t max_domains;
	struct domain *control;

	unsigned n_threads;
	unsigned free_threads;
	struct domain **thread_owner;
	unsigned char *core_free; /* free threads of each core */
	unsigned n_cores;
	unsigned n_maus; /* crypto units sit on the first cores */
	struct domain **mau_owner;
	uint64_t memory;
	struct extent *free_memory; /* sorted, never adjacent */
	size_t n_free_memory;
	bool *core_gone; /* broken: in no list, of nobody */
	unsigned n_cores_gone;
	struct extent *memory_gone;
	size_t n_memory_gone;
	struct bus *buses;
	size_t n_buses;
	unsigned channels;     /* LDC limit of the control domain */
	unsigned *port_users;  /* domains at each console port */
	xmlHashTable *volumes; /* by volume and service */

	struct function_list functions;
	struct spconfig_list spconfigs;
	unsigned next_mac;
	struct random random;
};

struct host_size {
	unsigned cores;
	unsigned maus;
	uint64_t memory;
	unsigned buses;
};

extern const char *const setting_keys[SETTING_MAX];

/* Resource type, name property and owning-service property of each device kind. */
struct device_type {
	const char *resource;
	const char *name_key;
	bool service; /* offered to others by the domain that has it */
};
extern const struct device_type device_types[DEVICE_MAX];

void host_init(struct host *host, const struct host_size *size, uint64_t seed);
void host_free(struct host *host);

/* Adds an inactive domain with defaults; missing identity is made up (7.4 of the protocol notes).
 */
struct domain *domain_new(struct sim *sim, const char *name, const char *uuid, const char *mac);
/* Frees the domain and everything it holds. */
void domain_remove(struct domain *domain);
struct domain *domain_find(const struct host *host, const char *name);
struct domain *domain_find_uuid(const struct host *host, const char *uuid);
bool domain_is_bound(const struct domain *domain);	/* has real resources */
uint64_t domain_memory(const struct domain *domain);	/* of the bindings */
unsigned domain_cores(const struct domain *domain);	/* with a thread of it */
uint64_t domain_max_cores(const struct domain *domain); /* UINT64_MAX: no limit */
const char *state_word(enum domain_state state);
/* The six flag columns; caller frees. */
char *domain_flags(const struct domain *domain);
uint64_t domain_uptime(const struct domain *domain); /* seconds */
struct host *domain_host(const struct domain *domain);
bool domain_serves_others(const struct domain *domain);
bool domain_is_root(const struct domain *domain); /* has a bus */

bool name_is_legal(const char *name);
bool variable_name_is_legal(const char *name);
char *new_mac(struct host *host);
char *new_uuid(struct host *host);
char *hostid_from_mac(const char *mac);

struct device *device_add(struct domain *domain, enum device_kind kind, struct resource *spec);
void device_remove(struct device *device, enum device_kind kind);
struct device *device_find(const struct domain *domain, enum device_kind kind, const char *name);
/* Searches every domain. */
struct device *service_find(const struct host *host, enum device_kind kind, const char *name);
struct device *volume_find(const struct host *host, const char *service, const char *volume);
const char *device_name(const struct device *device, enum device_kind kind);
const char *device_get(const struct device *device, const char *key);
/* Ties a disk to its volume; false when that does not exist or serves another disk. */
bool disk_attach(struct host *host, struct device *disk);
/* Whether a bound domain depends on this service. */
bool service_in_use(const struct host *host, enum device_kind kind, const char *name);

/* Virtual functions of I/O devices. */
struct function *function_find(const struct host *host, const char *name);
void function_remove(struct host *host, struct function *function);

char *physical_function_name(size_t bus); /* caller frees */

struct bus *bus_find(const struct host *host, const char *name);
struct spconfig *spconfig_find(const struct host *host, const char *name);
struct spconfig *spconfig_add(struct host *host, const char *name);
void spconfig_remove(struct host *host, struct spconfig *config);

#endif
