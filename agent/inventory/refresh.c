/*
 * The connection that the inventory lives on: opened, lost, opened again; and what it publishes.
 *
 *   idle --retry time--> connecting --ready--> connected --closed--> idle
 */
#include "inventory/refresh-internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/registry.h"
#include "util/clock.h"
#include "util/log.h"

/* A connection that lasted that long was a good one. */
#define STEADY_MS	   10000
#define SPCONFIGS_LATER_MS 2000

static int link_open(const struct ldm_endpoint *e, const struct ldm_conn_ops *ops, void *user,
	struct ldm_conn **c)
{
	int r = *c ? 0 : ldm_conn_new(e, ops, user, c);

	return r < 0 ? r : ldm_conn_open(*c);
}

static void link_set_data(struct ldm_conn *c, int version)
{
	ldm_conn_set_data(c, (enum ldm_data_version)version);
}

static const struct refresh_link real_link = {
	.open = link_open,
	.free = ldm_conn_free,
	.submit = ldm_conn_submit,
	.set_data = link_set_data,
	.prepare = ldm_conn_prepare,
	.dispatch = ldm_conn_dispatch,
};

void refresh_config_init(struct refresh_config *c, bool local)
{
	*c = (struct refresh_config){
		.interval_ms = 5000,
		.detail_interval_ms = 60000,
		.request_timeout_ms = 10000,
		.coalesce_ms = 50,
		.backoff_min_ms = 200,
		.backoff_max_ms = local ? 1500 : 30000,
		.first_detail_ms = 1500,
	};
}

/* xorshift; its only use is to keep many agents from asking in step. */
static uint32_t own_random(void *user)
{
	uint64_t *state = user;

	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

static uint64_t less_up_to(struct refresh *r, uint64_t value, uint64_t part)
{
	return part ? value - r->config.random(r->config.random_user) % part : value;
}

uint64_t refresh_jitter(struct refresh *r, uint64_t value)
{
	return less_up_to(r, value, value / 10);
}

static void adopt_config(struct refresh *r, const struct refresh_config *config)
{
	r->config = *config;
	if (!r->config.link)
		r->config.link = &real_link;
	if (!r->config.random) {
		r->config.random = own_random;
		r->config.random_user = &r->random_state;
	}
	r->status.interval_ms = config->interval_ms;
	r->status_dirty = true;
}

int refresh_new(const struct refresh_config *config, const struct ldm_endpoint *endpoint,
	struct registry *registry, const struct refresh_ops *ops, void *user, struct refresh **ret)
{
	struct refresh *r;

	if (!config->interval_ms || !config->request_timeout_ms || !config->backoff_min_ms)
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->endpoint = endpoint;
	r->registry = registry;
	r->ops = *ops;
	r->user = user;
	r->now_ms = clock_ms();
	r->random_state = (r->now_ms << 20 ^ (uint64_t)(uintptr_t)r) | 1;
	r->status.link = LINK_DOWN;
	r->status.registry_recovered = registry_recovered(registry);
	adopt_config(r, config);
	*ret = r;
	return 0;
}

void refresh_free(struct refresh *r)
{
	if (!r)
		return;
	/* Whoever waits is gone, too: nothing is to be told any more. */
	agenda_clear(r);
	if (r->conn) {
		struct ldm_conn *conn = r->conn;

		r->state = REFRESH_IDLE;
		if (r->query.target)
			r->query.target->n_waiters = 0;
		r->conn = NULL;
		r->config.link->free(conn);
	}
	query_clear(r);
	agenda_clear(r);
	snapshot_unref(r->snapshot);
	ldm_status_clear(&r->status);
	free(r->logged_error);
	free(r);
}

void refresh_reconfigure(struct refresh *r, const struct refresh_config *config)
{
	const struct refresh_link *link = r->config.link;

	adopt_config(r, config);
	r->config.link = link;
	if (r->list_due_ms != CLOCK_NEVER && r->list_due_ms > r->now_ms + config->interval_ms)
		r->list_due_ms = r->now_ms + config->interval_ms;
}

void refresh_all_now(struct refresh *r)
{
	r->needs |= NEED_LIST | NEED_DETAIL;
	memset(r->not_before_ms, 0, sizeof(r->not_before_ms));
	if (r->state == REFRESH_IDLE)
		r->retry_ms = 0;
}

void refresh_spconfigs_later(struct refresh *r)
{
	agenda_need(r, NEED_SPCONFIG, SPCONFIGS_LATER_MS);
}

/* --- telling ------------------------------------------------------------------------------- */

static void set_error(struct refresh *r, char *take)
{
	free(r->status.last_error);
	r->status.last_error = take;
	r->status.last_error_ms = r->now_ms;
	r->status_dirty = true;
}

void refresh_note(struct refresh *r, const char *text)
{
	char *copy = strdup(text);

	if (copy)
		set_error(r, copy);
}

void refresh_trouble(struct refresh *r, const char *format, ...)
{
	char *text;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return;
	if (!r->logged_error || !log_says_the_same(r->logged_error, text)) {
		log_err(REFRESH_TOKEN, "%s", text);
		free(r->logged_error);
		r->logged_error = strdup(text);
	}
	set_error(r, text);
}

void refresh_no_trouble(struct refresh *r)
{
	free(r->logged_error);
	r->logged_error = NULL;
}

void refresh_set_link(struct refresh *r, enum link_state link)
{
	if (r->status.link == link)
		return;
	log_debug(REFRESH_TOKEN, "link %s -> %s", link_state_name(r->status.link),
		link_state_name(link));
	if (link == LINK_UP && r->status.link != LINK_SLOW)
		log_notice(REFRESH_TOKEN, "the inventory of ldmd is fresh");
	r->status.link = link;
	r->status.link_changed_ms = r->now_ms;
	r->status_dirty = true;
}

static void send_snapshot(struct refresh *r)
{
	r->published = true;
	r->ops.on_snapshot(r->user, r->snapshot);
}

void refresh_publish(struct refresh *r, const struct snapshot *take)
{
	const struct snapshot *old = r->snapshot;

	r->snapshot = take;
	r->status.snapshots++;
	r->status.registry_failed = registry_failed(r->registry);
	r->status_dirty = true;
	if (!old)
		r->publish_ms = clock_after(r->now_ms, r->config.first_detail_ms);
	if (r->published)
		send_snapshot(r);
	snapshot_unref(old);
}

/* The first picture waits for the details, so that what follows is change and not learning. */
void refresh_maybe_publish_first(struct refresh *r)
{
	bool complete = !agenda_details_open(r) && !r->query.running;

	if (r->published || !r->snapshot)
		return;
	if (complete || r->now_ms >= r->publish_ms)
		send_snapshot(r);
}

static void tell_status(struct refresh *r)
{
	if (!r->status_dirty)
		return;
	r->status_dirty = false;
	r->ops.on_status(r->user, &r->status);
}

/* --- connection ---------------------------------------------------------------------------- */

/* 0.2, 0.4, 0.8 ... seconds up to the limit, less up to half. */
static void plan_retry(struct refresh *r)
{
	uint64_t delay = r->config.backoff_min_ms;

	for (unsigned i = 0; i < r->attempts && delay < r->config.backoff_max_ms; i++)
		delay *= 2;
	if (delay > r->config.backoff_max_ms)
		delay = r->config.backoff_max_ms;
	r->attempts++;
	r->retry_ms = clock_after(r->now_ms, less_up_to(r, delay, delay / 2));
}

static void on_ready(void *user)
{
	struct refresh *r = user;

	r->state = REFRESH_CONNECTED;
	r->connected_ms = r->now_ms;
	r->registered = r->endpoint->data_version == LDM_DATA_2;
	r->had_list = false;
	r->version_changed = false;
	r->on_version_2 = false;
	if (r->endpoint->data_version == LDM_DATA_AUTO)
		r->config.link->set_data(r->conn, LDM_DATA_3);
	r->bindings_work = true;
	r->services_work = true;
	r->status.connects++;
	r->status.events = false;
	r->status_dirty = true;
	agenda_connected(r);
}

static void lost(struct refresh *r, enum link_state link)
{
	if (r->state == REFRESH_CONNECTED)
		r->status.disconnects++;
	/* One that lets us in and then ends it, time and again, is not asked at full pace. */
	if (r->state == REFRESH_CONNECTED && r->now_ms - r->connected_ms >= STEADY_MS)
		r->attempts = 0;
	r->state = REFRESH_IDLE;
	r->status.events = false;
	refresh_set_link(r, link);
	query_clear(r);
	r->needs = 0;
	plan_retry(r);
	agenda_fail_waiters(r, -ENOTCONN);
	r->status_dirty = true;
}

static void on_closed(void *user, enum ldm_closed reason, int error, const char *text)
{
	struct refresh *r = user;

	/* Before that it was no document but a handshake. */
	if (reason == LDM_CLOSED_PROTOCOL && r->state == REFRESH_CONNECTED && !r->refusal_counted)
		r->status.documents_refused++;
	r->refusal_counted = false;
	if (reason == LDM_CLOSED_AUTH)
		refresh_trouble(r,
			"ldmd does not let us in (%s): check ldmUser and ldmPasswordFile, and "
			"that this user has the right solaris.ldoms.read",
			text ? text : strerror(-error));
	else
		refresh_trouble(r, "connection to ldmd: %s", text ? text : strerror(-error));
	lost(r, reason == LDM_CLOSED_AUTH ? LINK_UNAUTHORISED : LINK_DOWN);
}

static void on_event(void *user, const struct ldm_event *event)
{
	struct refresh *r = user;

	refresh_take_event(r, event);
	if (r->ops.on_event)
		r->ops.on_event(r->user, event);
}

static const struct ldm_conn_ops conn_ops = {
	.on_ready = on_ready,
	.on_closed = on_closed,
	.on_event = on_event,
};

static void connect_when_due(struct refresh *r)
{
	int rc;

	if (r->state != REFRESH_IDLE || r->now_ms < r->retry_ms)
		return;
	r->state = REFRESH_CONNECTING;
	if (r->status.link == LINK_DOWN)
		refresh_set_link(r, LINK_CONNECTING);
	rc = r->config.link->open(r->endpoint, &conn_ops, r, &r->conn);
	if (rc == 0)
		return;
	refresh_trouble(r, "cannot open a connection to ldmd: %s", strerror(-rc));
	lost(r, LINK_DOWN);
}

/* --- turns --------------------------------------------------------------------------------- */

static uint64_t slow_at(const struct refresh *r)
{
	return clock_after(r->query.started_ms, r->config.interval_ms);
}

static void add_deadlines(const struct refresh *r, struct pollset *ps)
{
	if (r->state == REFRESH_IDLE)
		pollset_deadline(ps, r->retry_ms);
	if (r->state == REFRESH_CONNECTED && !r->query.running)
		pollset_deadline(ps, agenda_deadline(r));
	if (r->query.running && r->status.link == LINK_UP)
		pollset_deadline(ps, slow_at(r));
	if (!r->published && r->snapshot)
		pollset_deadline(ps, r->publish_ms);
}

int refresh_prepare(struct refresh *r, struct pollset *ps, uint64_t now_ms)
{
	r->now_ms = now_ms;
	connect_when_due(r);
	query_advance(r);
	tell_status(r);
	add_deadlines(r, ps);
	if (r->conn)
		r->config.link->prepare(r->conn, ps);
	return 0;
}

void refresh_dispatch(struct refresh *r, const struct pollset *ps, uint64_t now_ms)
{
	r->now_ms = now_ms;
	if (r->conn)
		r->config.link->dispatch(r->conn, ps, now_ms);
	connect_when_due(r);
	query_advance(r);
	if (r->query.running && r->status.link == LINK_UP && now_ms >= slow_at(r))
		refresh_set_link(r, LINK_SLOW);
	refresh_maybe_publish_first(r);
	tell_status(r);
}

/* --- control's calls ----------------------------------------------------------------------- */

int refresh_domain_now(struct refresh *r, const char *name, refresh_domain_cb *cb, void *user)
{
	if (r->state != REFRESH_CONNECTED)
		return -ENOTCONN;
	return agenda_add_waiter(r, name, cb, user);
}

void refresh_command_ended(struct refresh *r, const char *name)
{
	if (!r->query.running || names_have(&r->query.keep, name))
		return;
	/* Without memory the whole answer has to go. */
	if (names_add(&r->query.keep, name) < 0)
		r->query.spoiled = true;
}

static int patch(struct refresh *r, uint32_t index, const struct domain *row)
{
	const struct snapshot *next;
	int rc = assemble_patch(
		r->snapshot, index, row, r->now_ms, registry_next_index(r->registry), &next);

	if (rc == 0)
		refresh_publish(r, next);
	return rc;
}

int refresh_put_row(struct refresh *r, const struct domain *take)
{
	int rc = patch(r, take->index, take);

	domain_unref(take);
	return rc;
}

int refresh_drop_row(struct refresh *r, uint32_t index)
{
	if (!snapshot_find_index(r->snapshot, index))
		return -ENOENT;
	return patch(r, index, NULL);
}

void refresh_count_refused(struct refresh *r)
{
	r->status.documents_refused++;
	r->status_dirty = true;
}

const struct snapshot *refresh_snapshot(const struct refresh *r)
{
	return r->published ? r->snapshot : NULL;
}

const struct ldm_status *refresh_status(const struct refresh *r)
{
	return &r->status;
}

int refresh_data_version(const struct refresh *r)
{
	if (r->endpoint->data_version != LDM_DATA_AUTO)
		return (int)r->endpoint->data_version;
	return r->on_version_2 ? LDM_DATA_2 : LDM_DATA_3;
}
