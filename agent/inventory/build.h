/*
 * From what ldmd wrote to what it means: generic resources of a reply become domains.
 *
 * A draft collects one reply. It is judged as a whole: a reply that breaks a rule (too many
 * domains, a name or UUID twice, a name too long) is refused, and nothing of it is used.
 */
#ifndef INVENTORY_BUILD_H
#define INVENTORY_BUILD_H

#include "inventory/model.h"

struct ldm_content;

/* Which list action a reply answers; decides what a missing element means. */
enum build_source {
	BUILD_DOMAIN,	   /* list-domain: short, silent about what it never shows */
	BUILD_BINDINGS,	   /* list-bindings: complete */
	BUILD_SERVICES,	   /* list-services */
	BUILD_DEVICES,	   /* list-devices: what is free */
	BUILD_SPCONFIG,	   /* list-spconfig */
	BUILD_CONSTRAINTS, /* list-constraints: for inactive domains */
	_BUILD_SOURCE_MAX,
};

struct build_limits {
	size_t domains; /* most domains of a reply */
	size_t rows;	/* most sub-objects (CPUs, disks, ...) of a reply */
};
extern const struct build_limits build_limits_default;

/* What list-devices says is not in use. Cores are counted as distinct core ids. */
struct free_devices {
	uint64_t vcpus, crypto, buses, memory_bytes;
	uint32_t *core_ids;
	size_t n_core_ids;
	bool cpus_known, crypto_known, buses_known, memory_known;
};

struct draft;

int draft_new(enum build_source source, const struct build_limits *limits, struct draft **ret);
void draft_free(struct draft *d);
/* Feed each content of the reply. -EBADMSG: a rule is broken, see draft_error(); -ENOMEM. */
int draft_feed(struct draft *d, const struct ldm_content *content);
/* After the last one: looks for doubles, sorts. Same errors. */
int draft_finish(struct draft *d);
/* One line that says which rule and where; valid as long as the draft. */
const char *draft_error(const struct draft *d);
bool draft_was_refused(const struct draft *d);

/* The most domains of a reply, and of a host. */
size_t draft_domains_max(const struct draft *d);

/* Valid after draft_finish(), owned by the draft. Domains are in ldmd's order, index 0. */
size_t draft_count(const struct draft *d);
struct domain *const *draft_domains(const struct draft *d);
const struct free_devices *draft_free_devices(const struct draft *d);
/* The host with the SP configurations that were told, not numbered yet. */
struct host *draft_host(const struct draft *d);

/* Words and numbers of the LDM, exported for tests and for the control part. */
enum domain_state build_state(const char *text);   /* any case, digits 1..7 */
int build_flags(const char *text, char **ret_six); /* 5 or 6 columns, or words */
void build_flags_apply(struct domain *d);	   /* from d->flags */
int build_mac(const char *text, char **ret);	   /* aa:bb:cc:dd:ee:ff */
int build_uuid(const char *text, char **ret);	   /* lower case; -EINVAL */
int build_hostid(const char *text, char **ret);	   /* with 0x */

#endif
