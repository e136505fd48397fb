/*
 * The answer to one list action of ldmd: generic resources become domains, free devices or SP
 * configurations.
 *
 * A listing that breaks a rule (too many domains, a name or UUID twice, a name too long) is refused
 * as a whole. A domain without a name is left out; then a domain that is missing in the listing is
 * not taken for removed.
 */
#ifndef INVENTORY_LISTING_H
#define INVENTORY_LISTING_H

#include "inventory/model.h"
#include "inventory/pools.h"

/* The kind decides what a missing value means: unknown, or none. */
enum listing_kind {
	LISTING_DOMAIN,	     /* list-domain: short; values that it never shows are kept */
	LISTING_BINDINGS,    /* list-bindings: complete */
	LISTING_SERVICES,    /* list-services */
	LISTING_DEVICES,     /* list-devices: what is free */
	LISTING_SPCONFIG,    /* list-spconfig */
	LISTING_CONSTRAINTS, /* list-constraints: of inactive domains, or those due at a reboot */
	_LISTING_KIND_MAX,
};

struct listing_limits {
	size_t domains; /* most domains of a listing, and of a host */
	size_t rows;	/* most sub-objects (CPUs, disks, ...) of a listing */
};
extern const struct listing_limits listing_limits_default;

struct listing {
	enum listing_kind kind;
	struct listing_limits limits;
	struct domain **domains; /* owned; in ldmd's order, index 0 */
	size_t n_domains;
	size_t left_out; /* domains without a name */
	size_t budget;	 /* rows that may still be added */
	struct free_devices free;
	struct host *host; /* SP configurations, numbered by assemble(); the snapshot shares them */
	char *error;	   /* which rule was broken, and where, in one line; NULL: none */
};

/* limits NULL: the default. -ENOMEM. */
int listing_new(enum listing_kind kind, const struct listing_limits *limits, struct listing **ret);
void listing_free(struct listing *l);
/* Call it for each content of the reply. -EBADMSG: a rule is broken, see `error`; -ENOMEM. */
int listing_feed(struct listing *l, const struct ldm_content *content);
/* Call it after the last content: refuses names and UUIDs that are there twice. Same errors. */
int listing_finish(struct listing *l);

#endif
