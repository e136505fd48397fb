/*
 * The SNMP side put together: library, session, picture, reading, SET, notifications.
 */
#include "config.h"

#include "snmp/agent.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/sysORTable.h>
#include <net-snmp/agent/agent_sysORTable.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "control/permit.h"
#include "snmp/answer.h"
#include "snmp/library.h"
#include "snmp/notify.h"
#include "snmp/session.h"
#include "snmp/set.h"
#include "snmp/varbind.h"
#include "tables/view.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/pollset.h"

#define TOKEN "snmp"

#define NO_MEMORY_REST_MS 200

#define SYSOR_TEXT "LDOMS-MIB: logical domains of a SPARC server"

struct snmp_agent {
	struct handover *handover;
	struct inbox inbox;
	struct agent_facts facts;
	struct view view;
	struct agentx_session *session;
	netsnmp_handler_registration *registration;
	struct permit *permit; /* NULL: the default */
	struct control *control;
	struct set_phases *sets;
	struct notifier *notifier;
	char *version;
	uint64_t rest_until_ms; /* there was no memory for what the ldm thread has */
};

/* --- the picture ---------------------------------------------------------------------------- */

static uint64_t last_good(const struct snmp_agent *a)
{
	uint64_t status = a->inbox.status.last_good_ms;
	uint64_t taken = a->inbox.snapshot ? a->inbox.snapshot->taken_ms : 0;
	return status > taken ? status : taken;
}

static bool is_stale(const struct snmp_agent *a, uint64_t now_ms)
{
	uint64_t good = last_good(a), limit = a->facts.stale_after_ms;
	return limit > 0 && now_ms > good && now_ms - good > limit;
}

static void look_again(struct snmp_agent *a, uint64_t now_ms)
{
	a->facts.config_unsaved = a->inbox.config_unsaved;
	a->view = (struct view){
		.snapshot = is_stale(a, now_ms) ? NULL : a->inbox.snapshot,
		.status = &a->inbox.status,
		.operations = a->inbox.oplog,
		.facts = &a->facts,
		.taken_ms = a->inbox.snapshot ? last_good(a) : 0,
		.now_ms = now_ms,
		.uptime_zero_ms = agentx_session_uptime_zero(a->session),
	};
}

static void receive(struct snmp_agent *a, uint64_t now_ms)
{
	if (handover_receive(a->handover, &a->inbox) < 0) {
		a->rest_until_ms = now_ms + NO_MEMORY_REST_MS; /* what was there stays */
		return;
	}
	control_receive(a->control, &a->inbox, now_ms);
	notifier_take(a->notifier, &a->inbox, now_ms);
}

/* --- requests ------------------------------------------------------------------------------- */

static int handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
	netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct snmp_agent *a = handler->myvoid;

	switch (info->mode) {
	case MODE_GET:
		answer_get(&a->view, info, requests);
		break;
	case MODE_GETNEXT:
		answer_next(&a->view, info, requests);
		break;
	default:
		set_phase(a->sets, &(const struct set_call){
					   .epoch = agentx_session_epoch(a->session),
					   .view = &a->view,
					   .inbox = &a->inbox,
					   .handler = handler,
					   .registration = registration,
					   .info = info,
					   .requests = requests,
				   });
	}
	return SNMP_ERR_NOERROR;
}

static int register_root(struct snmp_agent *a)
{
	a->registration = netsnmp_create_handler_registration(
		"ldoms", handle, mib_root, mib_root_length, HANDLER_CAN_RWRITE);
	if (!a->registration)
		return -ENOMEM;
	a->registration->handler->myvoid = a;
	if (netsnmp_register_handler(a->registration) != MIB_REGISTERED_OK) {
		a->registration = NULL; /* the library freed it */
		return -EIO;
	}
	oid root[MAX_OID_LEN];
	memcpy(root, mib_root, mib_root_length * sizeof(oid));
	if (register_sysORTable(root, mib_root_length, SYSOR_TEXT) != SYS_ORTABLE_REGISTERED_OK)
		log_warn(TOKEN, "no entry in sysORTable");
	return 0;
}

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

static struct control_config control_settings(const struct snmp_agent *a)
{
	return (struct control_config){
		.set_wait_ms = a->facts.set_wait_ms,
		.read_only = a->facts.read_only,
		.permit = a->permit,
		.stale_after_ms = a->facts.stale_after_ms,
	};
}

static void take_facts(struct snmp_agent *a, const struct snmp_agent_config *c)
{
	a->facts.refresh_interval_ms = c->refresh_interval_ms;
	a->facts.stale_after_ms = c->stale_after_ms;
	a->facts.set_wait_ms = c->set_wait_ms;
	a->facts.read_only = c->read_only;
	a->facts.notifications = c->notifications;
}

void snmp_agent_reconfigure(struct snmp_agent *a, const struct snmp_agent_config *config)
{
	struct permit *old = a->permit, *permit;
	bool changed = make_permit(config->set_allow, &permit) == 0;

	take_facts(a, config);
	if (changed)
		a->permit = permit;
	const struct control_config c = control_settings(a);
	control_configure(a->control, &c);
	notifier_configure(a->notifier, config->notifications, config->notification_rate);
	if (changed)
		permit_free(old);
}

/* --- making and unmaking -------------------------------------------------------------------- */

static int make_parts(struct snmp_agent *a, const struct snmp_agent_config *config)
{
	int r = make_permit(config->set_allow, &a->permit);
	if (r < 0)
		return r;
	const struct control_config c = control_settings(a);
	r = control_new(&c, a->handover, &a->control);
	if (r == 0)
		r = set_phases_new(a->control, &a->facts, &a->sets);
	if (r == 0)
		r = notifier_new(&a->facts, &a->notifier);
	if (r == 0)
		r = handover_receive(a->handover, &a->inbox);
	if (r < 0)
		return r;
	notifier_configure(a->notifier, config->notifications, config->notification_rate);
	return 0;
}

static int start(struct snmp_agent *a, const struct snmp_agent_config *config)
{
	int r = make_parts(a, config);
	if (r == 0)
		r = library_start(config->socket);
	if (r == 0)
		r = agentx_session_new(config->socket, &a->session);
	if (r == 0)
		r = register_root(a);
	return r;
}

int snmp_agent_new(
	const struct snmp_agent_config *config, struct handover *handover, struct snmp_agent **ret)
{
	struct snmp_agent *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->handover = handover;
	a->version = strdup(config->version);
	a->facts.version = a->version;
	a->facts.started_ms = clock_ms();
	take_facts(a, config);

	int r = a->version ? start(a, config) : -ENOMEM;
	if (r < 0) {
		snmp_agent_free(a);
		return r;
	}
	look_again(a, clock_ms());
	*ret = a;
	return 0;
}

void snmp_agent_free(struct snmp_agent *a)
{
	if (!a)
		return;
	if (a->session) {
		agentx_session_detach(a->session);
		library_stop();
	}
	set_phases_free(a->sets);
	agentx_session_free(a->session);
	notifier_free(a->notifier);
	control_free_all(a->control);
	permit_free(a->permit);
	inbox_clear(&a->inbox);
	free(a->version);
	free(a);
}

/* --- turns ---------------------------------------------------------------------------------- */

int snmp_agent_prepare(struct snmp_agent *a, struct pollset *ps, uint64_t now_ms)
{
	int r = library_prepare(ps, agentx_session_wants_timers(a->session, now_ms), now_ms);
	if (r == 0)
		r = agentx_session_prepare(a->session, ps, now_ms);
	if (now_ms < a->rest_until_ms)
		pollset_deadline(ps, a->rest_until_ms);
	else if (r == 0)
		r = pollset_add(ps, handover_snmp_fd(a->handover), POLLIN);
	pollset_deadline(ps, set_phases_deadline(a->sets));
	pollset_deadline(ps, notifier_deadline(a->notifier, a->session, now_ms));
	return r;
}

/* Right after the library call in which it may have happened. */
static void see_to_loss(struct snmp_agent *a)
{
	if (agentx_session_take_lost(a->session))
		set_phases_abandon(a->sets, agentx_session_epoch(a->session));
}

void snmp_agent_dispatch(struct snmp_agent *a, const struct pollset *ps, uint64_t now_ms)
{
	if (pollset_revents(ps, handover_snmp_fd(a->handover)))
		receive(a, now_ms);
	look_again(a, now_ms);
	set_phases_turn(a->sets, now_ms);
	netsnmp_check_outstanding_agent_requests();
	library_read(ps);
	see_to_loss(a);
	agentx_session_dispatch(a->session, ps, now_ms, set_phases_busy(a->sets, now_ms));
	see_to_loss(a);
	control_tick(a->control, now_ms);
	notifier_turn(a->notifier, a->session, now_ms);
}

enum agentx_state snmp_agent_state(const struct snmp_agent *a)
{
	return agentx_session_state(a->session);
}
