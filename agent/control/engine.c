/*
 * See engine.h. Connects the inventory's refresh, the executor with its command connections, and
 * the hand-over to the snmp thread. Decides itself only when ldomConfigUnsaved changes.
 */
#include "control/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/commander.h"
#include "control/executor.h"
#include "control/history.h"
#include "control/new-rows.h"
#include "control/recovery.h"
#include "control/handover.h"
#include "inventory/registry.h"
#include "ldm/document.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/log.h"
#include "util/pollset.h"
#include "util/text.h"

#define TOKEN	     "control"
#define STOP_LOOK_MS 200 /* how often a stop asks whether it is over */

struct engine {
	struct handover *handover; /* borrowed */
	struct registry *registry;
	struct refresh *refresh;
	const struct snapshot *last; /* the next one is compared with this one */
	struct history *history;
	struct recovery *recovery;
	struct commander *commander;
	struct new_rows *new_rows;
	struct executor *executor;
	bool config_unsaved;
	uint64_t changed_ms; /* when a command of ours changed something last */
	char *unsaved_path;  /* the file that exists while config_unsaved is true */
	bool stopping;
};

/* --- from the inventory to the snmp thread ------------------------------------------------- */

/* A configuration was added. If one was removed, or another was chosen for the next power cycle,
 * nothing was saved. The lists are sorted by index, and a name keeps its index. */
static bool has_new_spconfig(const struct host *before, const struct host *now)
{
	size_t j = 0;

	if (before == now || !before->spconfigs_known || !now->spconfigs_known)
		return false;
	for (size_t i = 0; i < now->n_spconfigs; i++) {
		while (j < before->n_spconfigs &&
			before->spconfigs[j].index < now->spconfigs[i].index)
			j++;
		if (j == before->n_spconfigs ||
			before->spconfigs[j].index != now->spconfigs[i].index)
			return true;
	}
	return false;
}

/* Somebody saved the configuration after our last change. */
static bool was_saved(const struct engine *e, const struct host *before, const struct host *now)
{
	return e->changed_ms < before->spconfigs_ms && has_new_spconfig(before, now);
}

static void set_unsaved(struct engine *e, bool unsaved)
{
	int rc = 0;

	if (e->config_unsaved == unsaved)
		return;
	e->config_unsaved = unsaved;
	handover_publish_config_unsaved(e->handover, unsaved);
	if (unsaved)
		rc = file_write_atomic(e->unsaved_path, "", 0, 0600);
	else if (unlink(e->unsaved_path) < 0 && errno != ENOENT)
		rc = -errno;
	if (rc < 0)
		log_warn(TOKEN, "%s: %s; after a restart ldomConfigUnsaved may be wrong",
			e->unsaved_path, strerror(-rc));
}

/* A restart of the agent saves nothing, so ldomConfigUnsaved has to survive it. */
static int recall_unsaved(struct engine *e, const char *directory)
{
	if (text_printf(&e->unsaved_path, "%s/unsaved", directory) < 0)
		return -ENOMEM;
	file_remove_left_overs(e->unsaved_path);
	e->config_unsaved = access(e->unsaved_path, F_OK) == 0;
	handover_publish_config_unsaved(e->handover, e->config_unsaved);
	return 0;
}

static void tell_changes(struct engine *e, const struct snapshot *s)
{
	struct change_list changes = {0};
	uint64_t dropped = 0;

	if (snapshot_diff(e->last, s, HANDOVER_CHANGES, &changes, &dropped) < 0)
		dropped++;
	if (changes.n > 0 || dropped > 0)
		handover_post_changes(e->handover, &changes, dropped);
	change_list_clear(&changes);
}

static void on_snapshot(void *user, const struct snapshot *s)
{
	struct engine *e = user;

	handover_publish_snapshot(e->handover, s);
	tell_changes(e, s);
	if (e->last && was_saved(e, e->last->host, s->host))
		set_unsaved(e, false);
	snapshot_unref(e->last);
	e->last = snapshot_ref(s);
	if (e->executor)
		executor_see(e->executor, s);
}

static void on_status(void *user, const struct ldm_status *status)
{
	struct engine *e = user;

	if (handover_publish_status(e->handover, status) < 0)
		log_warn(TOKEN, "no memory for a text of the link status");
}

static void on_event(void *user, const struct ldm_event *event)
{
	struct engine *e = user;

	if (strcmp(event->action, "add-spconfig") == 0)
		set_unsaved(e, false);
}

/* --- what the executor sees of the engine --------------------------------------------------- */

/* The configurations are read after each change, so that was_saved() knows which came later. */
static void port_changed(void *user)
{
	struct engine *e = user;

	e->changed_ms = clock_ms();
	set_unsaved(e, true);
	refresh_spconfigs_later(e->refresh);
}

/* A change made after the save was sent may not be in the saved configuration. */
static void port_saved(void *user, uint64_t sent_ms)
{
	struct engine *e = user;

	if (e->changed_ms <= sent_ms)
		set_unsaved(e, false);
}

static uint64_t port_now(void *user)
{
	(void)user;
	return clock_ms();
}

/* --- life ---------------------------------------------------------------------------------- */

static int open_files(struct engine *e, const struct engine_config *config)
{
	uint64_t patience = config->command.timeout_ms;
	int rc = registry_open(config->state_directory, config->accept_damage, &e->registry);

	if (rc >= 0)
		rc = history_open(config->state_directory, e->handover, &e->history);
	if (rc >= 0)
		rc = recall_unsaved(e, config->state_directory);
	if (rc >= 0)
		rc = recovery_new(e->history, e->handover, patience, &e->recovery);
	return rc;
}

static int make_parts(struct engine *e, const struct engine_config *config)
{
	static const struct refresh_ops ops = {
		.on_snapshot = on_snapshot,
		.on_status = on_status,
		.on_event = on_event,
	};
	int rc = refresh_new(&config->refresh, config->endpoint, e->registry, &ops, e, &e->refresh);

	if (rc >= 0)
		rc = commander_new(config->endpoint, e->refresh, &e->commander);
	if (rc >= 0)
		rc = commander_set_templates(e->commander, config->template_directory);
	if (rc >= 0)
		rc = new_rows_new(e->refresh, e->registry, &e->new_rows);
	if (rc < 0)
		return rc;
	const struct port port = {
		.commander = e->commander,
		.send = commander_send,
		.cancel = commander_cancel,
		.refresh = e->refresh,
		.look = refresh_domain_now,
		.rows = e->new_rows,
		.find_row = new_rows_find,
		.put_row = new_rows_put,
		.restore_row = new_rows_restore,
		.user = e,
		.changed = port_changed,
		.saved = port_saved,
		.now = port_now,
	};
	return executor_new(&config->command, &port, e->handover, e->history, &e->executor);
}

int engine_new(const struct engine_config *config, struct handover *h, struct engine **ret)
{
	struct engine *e = calloc(1, sizeof(*e));
	int rc;

	if (!e)
		return -ENOMEM;
	e->handover = h;
	rc = open_files(e, config);
	if (rc >= 0)
		rc = make_parts(e, config);
	if (rc < 0) {
		engine_free(e);
		return rc;
	}
	on_status(e, refresh_status(e->refresh));
	*ret = e;
	return 0;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	if (e->executor)
		(void)history_finish(e->history);
	executor_free(e->executor);
	commander_free(e->commander);
	new_rows_free(e->new_rows);
	refresh_free(e->refresh);
	recovery_free(e->recovery);
	history_free(e->history);
	registry_free(e->registry);
	snapshot_unref(e->last);
	free(e->unsaved_path);
	free(e);
}

int engine_reconfigure(struct engine *e, const struct engine_config *config)
{
	refresh_reconfigure(e->refresh, &config->refresh);
	executor_configure(e->executor, &config->command);
	return commander_set_templates(e->commander, config->template_directory);
}

void engine_stop(struct engine *e)
{
	if (!e->stopping)
		executor_stop(e->executor);
	e->stopping = true;
}

bool engine_stopped(const struct engine *e)
{
	return e->stopping && executor_idle(e->executor);
}

/* --- one turn ------------------------------------------------------------------------------ */

int engine_prepare(struct engine *e, struct pollset *ps, uint64_t now_ms)
{
	int rc = pollset_add(ps, handover_ldm_fd(e->handover), POLLIN);

	if (rc >= 0)
		rc = refresh_prepare(e->refresh, ps, now_ms);
	commander_prepare(e->commander, ps);
	pollset_deadline(ps, executor_next(e->executor));
	pollset_deadline(ps, recovery_next(e->recovery));
	pollset_deadline(ps, new_rows_next(e->new_rows));
	if (e->stopping)
		pollset_deadline(ps, clock_after(now_ms, STOP_LOOK_MS));
	pollset_deadline(ps, history_next(e->history));
	return rc;
}

static void take_orders(struct engine *e, uint64_t now_ms)
{
	struct handover_order order;

	while (handover_next_order(e->handover, &order)) {
		switch (order.word) {
		case HANDOVER_START:
			executor_start(e->executor, order.transaction, now_ms);
			transaction_unref(order.transaction);
			break;
		case HANDOVER_UNDO:
			executor_undo(e->executor, order.id, now_ms);
			break;
		case HANDOVER_KEEP:
			executor_keep(e->executor, order.id, now_ms);
			break;
		}
	}
}

static bool row_in_use(void *user, uint32_t index)
{
	const struct engine *e = user;

	return executor_works_on(e->executor, index);
}

void engine_dispatch(struct engine *e, const struct pollset *ps, uint64_t now_ms)
{
	handover_hold(e->handover);
	refresh_dispatch(e->refresh, ps, now_ms);
	commander_dispatch(e->commander, ps, now_ms);
	take_orders(e, now_ms);
	executor_turn(e->executor, now_ms);
	recovery_turn(e->recovery, e->refresh, now_ms);
	new_rows_turn(e->new_rows, now_ms, row_in_use, e);
	handover_let_go(e->handover);
	history_turn(e->history, now_ms);
}
