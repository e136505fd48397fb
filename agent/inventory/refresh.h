/*
 * Keeps the inventory fresh: one connection to ldmd, one query at a time, no loop of its own.
 *
 * list-domain for all each interval; list-bindings, -services, -devices and -spconfig when
 * connected, when a difference or an event says so, and every detail interval; the lists that
 * events tell about only every tenth, as long as there are events. Events lead to a coalesced
 * list-bindings of the domain they name. A lost connection is opened again with back-off
 * and jitter. The load on ldmd follows from this alone, never from SNMP.
 *
 * All calls and callbacks are in the ldm thread. Callbacks may call any function here but
 * refresh_free().
 */
#ifndef INVENTORY_REFRESH_H
#define INVENTORY_REFRESH_H

#include "inventory/snapshot.h"
#include "inventory/status.h"

struct pollset;
struct ldm_endpoint;
struct ldm_conn;
struct ldm_conn_ops;
struct ldm_event;
struct ldm_reply_ops;
struct ldm_request;
struct registry;
struct refresh;

struct refresh_config {
	uint64_t interval_ms;	     /* 5000 */
	uint64_t detail_interval_ms; /* 60000 */
	uint64_t request_timeout_ms; /* 10000 */
	uint64_t coalesce_ms;	     /* 50; events on one domain within it are one query */
	uint64_t backoff_min_ms;     /* 200 */
	uint64_t backoff_max_ms;     /* 1500 on the same host, 30000 to another */
	uint64_t first_detail_ms;    /* 1500; the first snapshot waits that long for the details */
	size_t max_domains;	     /* 0: listing_limits_default */
	const struct refresh_link *link; /* NULL: ldm/conn.h; tests give their own */
	uint32_t (*random)(void *);	 /* NULL: own generator; tests give a fixed one */
	void *random_user;
};

/* What the refresh needs of a connection to ldmd; see ldm/conn.h. */
struct refresh_link {
	int (*open)(const struct ldm_endpoint *e, const struct ldm_conn_ops *ops, void *user,
		struct ldm_conn **c); /* makes it the first time (*c NULL), then opens */
	void (*free)(struct ldm_conn *c);
	int (*submit)(struct ldm_conn *c, struct ldm_request *take, uint64_t timeout_ms,
		const struct ldm_reply_ops *ops, void *user);
	void (*set_data)(struct ldm_conn *c, int version); /* enum ldm_data_version */
	void (*prepare)(struct ldm_conn *c, struct pollset *ps);
	void (*dispatch)(struct ldm_conn *c, const struct pollset *ps, uint64_t now_ms);
};

/* The defaults above; local says whether ldmd is on this host. */
void refresh_config_init(struct refresh_config *c, bool local);

struct refresh_ops {
	/* A new snapshot. It is the caller's to reference; the one before is still valid. */
	void (*on_snapshot)(void *user, const struct snapshot *s);
	/* Something in the status changed. */
	void (*on_status)(void *user, const struct ldm_status *status);
	/* Each event from ldmd, after the refresh saw it; may be NULL. */
	void (*on_event)(void *user, const struct ldm_event *event);
};

/* Endpoint and registry must outlive it; config and ops are copied. -ENOMEM, -EINVAL. */
int refresh_new(const struct refresh_config *config, const struct ldm_endpoint *endpoint,
	struct registry *registry, const struct refresh_ops *ops, void *user, struct refresh **ret);
void refresh_free(struct refresh *r);

/* One turn of the poll loop: what to wait for, then what happened. */
int refresh_prepare(struct refresh *r, struct pollset *ps, uint64_t now_ms);
void refresh_dispatch(struct refresh *r, const struct pollset *ps, uint64_t now_ms);

/* New pace (SIGHUP); the connection stays. */
void refresh_reconfigure(struct refresh *r, const struct refresh_config *config);
/* Ask for the SP configurations in a while, once for many calls. */
void refresh_spconfigs_later(struct refresh *r);

/*
 * Read one domain now, ahead of everything but the query that runs. A query that started before
 * this call does not count. err 0: `domain` is as ldmd gave it, NULL if it does not exist; a
 * snapshot that shows it has been published before. err < 0 (-ENOTCONN, -ETIMEDOUT, -EBADMSG,
 * -EPERM ...): nothing was learned. Called exactly once, never from within this call, and not at
 * all when this call fails (-ENOTCONN, -ENOMEM) or the refresh is freed before.
 */
/* In the place of a name: reads the SP configurations, and `domain` is NULL. */
#define LOOK_AT_SPCONFIGS ""
typedef void refresh_domain_cb(
	void *user, int err, const struct domain *domain, const struct snapshot *s);
int refresh_domain_now(struct refresh *r, const char *name, refresh_domain_cb *cb, void *user);

/* An LDM command on a domain ended: the answer of a query that runs is not used for that domain. */
void refresh_command_ended(struct refresh *r, const char *name);

/* A row that a manager is making (row_status not ROW_ACTIVE); gone by itself once ldmd has a
 * domain with that index. Takes over the reference. */
int refresh_put_row(struct refresh *r, const struct domain *take);
int refresh_drop_row(struct refresh *r, uint32_t index);

/* ldmd sent something that broke a rule over a connection of somebody else's. */
void refresh_count_refused(struct refresh *r);

/* The last one; NULL before the first good answer. Borrowed. */
const struct snapshot *refresh_snapshot(const struct refresh *r);
const struct ldm_status *refresh_status(const struct refresh *r);
/* enum ldm_data_version that ldmd is asked in now. */
int refresh_data_version(const struct refresh *r);

#endif
