/*
 * Keeps the inventory fresh: one connection to ldmd, one query at a time, no loop of its own.
 *
 * It asks for list-domain of all domains once per interval, and for list-bindings, -services,
 * -devices and -spconfig when connected, after an event or a difference, and once per detail
 * interval. As long as ldmd sends events, list-services and list-spconfig come only in every tenth
 * detail interval, because each change in them is an event. Events about a domain lead to one
 * list-bindings for it. A lost connection is opened again with back-off and jitter. SNMP reads
 * never cause a query.
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
	uint64_t coalesce_ms;	     /* 50; events on one domain within this time are one query */
	uint64_t backoff_min_ms;     /* 200 */
	uint64_t backoff_max_ms;     /* 1500 on the same host, 30000 to another */
	uint64_t first_detail_ms;    /* 1500; the first snapshot waits that long for the details */
	size_t max_domains;	     /* 0: listing_limits_default */
	const struct refresh_link *link; /* NULL: ldm/conn.h; tests give their own */
	uint32_t (*random)(void *);	 /* NULL: the built-in generator; tests give a fixed one */
	void *random_user;
};

/* What the refresh needs of a connection to ldmd; see ldm/conn.h. */
struct refresh_link {
	int (*open)(const struct ldm_endpoint *e, const struct ldm_conn_ops *ops, void *user,
		struct ldm_conn **c); /* makes a connection if *c is NULL; then opens it */
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
	/* A new snapshot, borrowed: take a reference to keep it. The last one is still valid here.
	 */
	void (*on_snapshot)(void *user, const struct snapshot *s);
	/* Something in the status changed. */
	void (*on_status)(void *user, const struct ldm_status *status);
	/* Each event from ldmd, after the refresh has used it; may be NULL. */
	void (*on_event)(void *user, const struct ldm_event *event);
};

/* Endpoint and registry must outlive the refresh; config and ops are copied. -EINVAL: an interval
 * or time-out in config is 0; -ENOMEM. */
int refresh_new(const struct refresh_config *config, const struct ldm_endpoint *endpoint,
	struct registry *registry, const struct refresh_ops *ops, void *user, struct refresh **ret);
void refresh_free(struct refresh *r);

/* One turn of the poll loop: prepare adds what to wait for, dispatch handles what happened. */
int refresh_prepare(struct refresh *r, struct pollset *ps, uint64_t now_ms);
void refresh_dispatch(struct refresh *r, const struct pollset *ps, uint64_t now_ms);

/* Takes over new intervals and time-outs (SIGHUP) and keeps the connection. */
void refresh_reconfigure(struct refresh *r, const struct refresh_config *config);
/* Reads the SP configurations in 2 s. Calls within that time cause one query in all. */
void refresh_spconfigs_later(struct refresh *r);

/*
 * The end of refresh_domain_now(). err 0: `domain` is as ldmd gave it, or NULL if it does not
 * exist; `s`, which shows this, has been published. err < 0 (-ENOTCONN, -ETIMEDOUT, -EBADMSG,
 * -EPERM, ...): the domain could not be read.
 */
typedef void refresh_domain_cb(
	void *user, int err, const struct domain *domain, const struct snapshot *s);
/* In place of a name: reads the SP configurations; `domain` is NULL. */
#define LOOK_AT_SPCONFIGS ""
/*
 * Reads one domain as soon as the query that runs now, whose answer may be too old, has ended. The
 * callback is called exactly once and never from within this function; not at all if this function
 * fails (-ENOTCONN, -ENOMEM) or the refresh is freed first.
 */
int refresh_domain_now(struct refresh *r, const char *name, refresh_domain_cb *cb, void *user);

/* An LDM command on a domain ended: the answer of a query that runs is not used for that domain. */
void refresh_command_ended(struct refresh *r, const char *name);

/* Shows a row that a manager is making (row_status not ROW_ACTIVE), until it is dropped or ldmd
 * lists a domain with its index. Takes over the reference, also at a failure. -EEXIST: another row
 * has the name; -ENOMEM. */
int refresh_put_row(struct refresh *r, const struct domain *take);
/* Takes such a row away. -ENOENT: there is no row with this index; -ENOMEM. */
int refresh_drop_row(struct refresh *r, uint32_t index);

/* Counts a document that broke a rule and came over another connection (of a command). */
void refresh_count_refused(struct refresh *r);

/* The last snapshot published; NULL: none yet. Borrowed. */
const struct snapshot *refresh_snapshot(const struct refresh *r);
const struct ldm_status *refresh_status(const struct refresh *r);
/* The enum ldm_data_version of the requests to ldmd now. */
int refresh_data_version(const struct refresh *r);

#endif
