/*
 * See backend.h.
 */
#include "tables/backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/permit.h"
#include "tables/mib.h"
#include "tables/notify-queue.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/pollset.h"

#define TOKEN "snmp"

#define NO_MEMORY_REST_MS 200

/* --- configuration -------------------------------------------------------------------------- */

static int make_permit(char *const *lines, struct permit **ret)
{
	struct permit *permit = NULL;
	const char *problem;

	if (!lines) {
		*ret = NULL;
		return 0;
	}
	int r = permit_new(&permit);
	for (; r == 0 && *lines; lines++) {
		r = permit_add(permit, *lines, &problem);
		if (r == -EINVAL)
			log_err(TOKEN, "setAllow %s: %s", *lines, problem);
	}
	if (r < 0)
		permit_free(permit);
	else
		*ret = permit;
	return r;
}

static struct control_config control_settings(const struct backend *b)
{
	return (struct control_config){
		.set_wait_ms = b->facts.set_wait_ms,
		.read_only = b->facts.read_only,
		.permit = b->permit,
		.stale_after_ms = b->facts.stale_after_ms,
	};
}

static void take_facts(struct backend *b, const struct backend_config *c)
{
	b->facts.refresh_interval_ms = c->refresh_interval_ms;
	b->facts.stale_after_ms = c->stale_after_ms;
	b->facts.set_wait_ms = c->set_wait_ms;
	b->facts.read_only = c->read_only;
	b->facts.notifications = c->notifications;
}

void backend_reconfigure(struct backend *b, const struct backend_config *config)
{
	struct permit *old = b->permit, *permit;
	bool changed = make_permit(config->set_allow, &permit) == 0;

	take_facts(b, config);
	if (changed)
		b->permit = permit;
	const struct control_config c = control_settings(b);
	control_configure(b->control, &c);
	notify_queue_configure(b->notifications, config->notifications, config->notification_rate);
	if (changed)
		permit_free(old);
}

/* --- making and unmaking -------------------------------------------------------------------- */

int backend_new(
	const struct backend_config *config, struct handover *handover, struct backend **ret)
{
	struct backend *b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->handover = handover;
	b->facts.version = config->version;
	b->facts.hypervisor_version = config->hypervisor_version;
	b->facts.started_ms = clock_ms();
	take_facts(b, config);

	int r = mib_list_make(config->views, &b->mibs);
	if (r == 0)
		r = make_permit(config->set_allow, &b->permit);
	const struct control_config c = control_settings(b);
	if (r == 0)
		r = control_new(&c, handover, &b->control);
	if (r == 0)
		r = notify_queue_new(&b->facts, &b->mibs, &b->notifications);
	if (r == 0)
		r = handover_receive(handover, &b->inbox);
	if (r < 0) {
		backend_free(b);
		return r;
	}
	notify_queue_configure(b->notifications, config->notifications, config->notification_rate);
	b->facts.last_refusal = control_last_refusal(b->control);
	backend_look(b, 0, clock_ms());
	*ret = b;
	return 0;
}

void backend_free(struct backend *b)
{
	if (!b)
		return;
	notify_queue_free(b->notifications);
	control_free_all(b->control);
	permit_free(b->permit);
	inbox_clear(&b->inbox);
	free(b);
}

/* --- the view ------------------------------------------------------------------------------- */

static uint64_t last_good(const struct backend *b)
{
	uint64_t status = b->inbox.status.last_good_ms;
	uint64_t taken = b->inbox.snapshot ? b->inbox.snapshot->taken_ms : 0;
	return status > taken ? status : taken;
}

static bool is_stale(const struct backend *b, uint64_t now_ms)
{
	uint64_t good = last_good(b), limit = b->facts.stale_after_ms;
	return limit > 0 && now_ms > good && now_ms - good > limit;
}

void backend_look(struct backend *b, uint64_t uptime_zero_ms, uint64_t now_ms)
{
	b->facts.config_unsaved = b->inbox.config_unsaved;
	b->view = (struct view){
		.snapshot = is_stale(b, now_ms) ? NULL : b->inbox.snapshot,
		.status = &b->inbox.status,
		.operations = b->inbox.oplog,
		.facts = &b->facts,
		.mibs = &b->mibs,
		.taken_ms = b->inbox.snapshot ? last_good(b) : 0,
		.now_ms = now_ms,
		.uptime_zero_ms = uptime_zero_ms,
	};
}

int backend_prepare(const struct backend *b, struct pollset *ps, uint64_t now_ms)
{
	if (now_ms >= b->rest_until_ms)
		return pollset_add(ps, handover_snmp_fd(b->handover), POLLIN);
	pollset_deadline(ps, b->rest_until_ms);
	return 0;
}

void backend_take(struct backend *b, uint64_t now_ms)
{
	if (handover_receive(b->handover, &b->inbox) < 0) {
		/* The inbox is as before, and the handover keeps the rest. */
		b->rest_until_ms = now_ms + NO_MEMORY_REST_MS;
		return;
	}
	control_receive(b->control, &b->inbox, now_ms);
	notify_queue_take(b->notifications, &b->inbox, now_ms);
}

void backend_receive(struct backend *b, const struct pollset *ps, uint64_t now_ms)
{
	if (pollset_revents(ps, handover_snmp_fd(b->handover)))
		backend_take(b, now_ms);
}
