/* See engine.h. */
#include "control/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/transaction.h"
#include "inventory/registry.h"
#include "util/log.h"
#include "util/pollset.h"

struct engine {
	struct handover *handover; /* borrowed */
	struct registry *registry;
	struct refresh *refresh;
	const struct snapshot *last; /* what the changes are told against */
	bool stopping;
};

/* --- from the inventory to the snmp thread ------------------------------------------------- */

static void tell_changes(struct engine *e, const struct snapshot *s)
{
	struct change_list changes = {0};
	uint64_t dropped = 0;

	if (snapshot_diff(e->last, s, HANDOVER_CHANGES, &changes, &dropped) < 0)
		dropped++;
	if (changes.n > 0 || dropped > 0)
		handover_post_changes(e->handover, &changes, dropped);
	change_list_clear(&changes);
	snapshot_unref(e->last);
	e->last = snapshot_ref(s);
}

static void on_snapshot(void *user, const struct snapshot *s)
{
	struct engine *e = user;

	handover_publish_snapshot(e->handover, s);
	tell_changes(e, s);
}

static void on_status(void *user, const struct ldm_status *status)
{
	struct engine *e = user;

	if (handover_publish_status(e->handover, status) < 0)
		log_warn("control", "no memory for a text of the link status");
}

/* --- life ---------------------------------------------------------------------------------- */

static int open_registry(struct engine *e, const struct engine_config *config)
{
	struct registry_options options = {
		.directory = config->state_directory,
		.accept_damage = config->accept_damage,
	};

	return registry_open(&options, &e->registry);
}

static int start_refresh(struct engine *e, const struct engine_config *config)
{
	static const struct refresh_ops ops = {
		.on_snapshot = on_snapshot,
		.on_status = on_status,
	};

	return refresh_new(&config->refresh, config->endpoint, e->registry, &ops, e, &e->refresh);
}

int engine_new(const struct engine_config *config, struct handover *h, struct engine **ret)
{
	struct engine *e = calloc(1, sizeof(*e));
	int r;

	if (e == NULL)
		return -ENOMEM;
	e->handover = h;
	r = open_registry(e, config);
	if (r >= 0)
		r = start_refresh(e, config);
	if (r < 0) {
		engine_free(e);
		return r;
	}
	on_status(e, refresh_status(e->refresh));
	*ret = e;
	return 0;
}

void engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	refresh_free(e->refresh);
	registry_free(e->registry);
	snapshot_unref(e->last);
	free(e);
}

int engine_reconfigure(struct engine *e, const struct engine_config *config)
{
	refresh_reconfigure(e->refresh, &config->refresh);
	return 0;
}

void engine_stop(struct engine *e)
{
	e->stopping = true;
}

bool engine_stopped(const struct engine *e)
{
	return e->stopping;
}

/* --- one turn ------------------------------------------------------------------------------ */

int engine_prepare(struct engine *e, struct pollset *ps, uint64_t now_ms)
{
	int r = pollset_add(ps, handover_ldm_fd(e->handover), POLLIN);

	return r < 0 ? r : refresh_prepare(e->refresh, ps, now_ms);
}

void engine_dispatch(struct engine *e, const struct pollset *ps, uint64_t now_ms)
{
	struct handover_order order;

	while (handover_next_order(e->handover, &order))
		transaction_unref(order.transaction);
	refresh_dispatch(e->refresh, ps, now_ms);
}
