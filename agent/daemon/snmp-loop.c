/*
 * Turns settings into what the SNMP side wants, and that into a thread. The service manager's
 * watchdog is fed from here: this is the thread whose standstill managers would notice.
 */
#include "daemon/snmp-loop.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/version.h>

#include <errno.h>
#include <stdlib.h>

#include "daemon/service.h"
#include "daemon/settings.h"
#include "daemon/worker.h"
#include "snmp/agent.h"
#include "util/log.h"
#include "util/pollset.h"

struct snmp_loop {
	struct settings *settings;
	struct handover *handover;
	struct snmp_agent *agent;
	struct worker *worker;
	enum agentx_state told;
	uint64_t watchdog_at_ms;
};

int snmp_loop_environment(void)
{
	/* No MIB file is needed, and parsing those of the system prints pages of errors. */
	if (setenv("MIBS", "", 1) < 0 || setenv("MIBDIRS", "", 1) < 0)
		return -errno;
	return 0;
}

const char *snmp_loop_library_version(void)
{
	return netsnmp_get_version();
}

static void agent_settings(
	const struct snmp_loop *l, const struct settings *s, struct snmp_agent_config *ret)
{
	*ret = (struct snmp_agent_config){
		.socket = l->settings->agentx_socket,
		.version = PACKAGE_VERSION,
		.refresh_interval_ms = s->refresh_interval_ms,
		.stale_after_ms = s->stale_after_ms,
		.set_wait_ms = s->set_wait_ms,
		.read_only = s->read_only,
		.notifications = s->notifications,
		.notification_rate = s->notification_rate,
		.set_allow = s->set_allow,
	};
}

static int start(void *user)
{
	struct snmp_loop *l = user;
	struct snmp_agent_config config;

	agent_settings(l, l->settings, &config);
	return snmp_agent_new(&config, l->handover, &l->agent);
}

static void finish(void *user)
{
	struct snmp_loop *l = user;
	snmp_agent_free(l->agent);
	l->agent = NULL;
}

static int prepare(void *user, struct pollset *ps, uint64_t now_ms)
{
	struct snmp_loop *l = user;
	(void)now_ms;
	if (service_watchdog_ms())
		pollset_deadline(ps, l->watchdog_at_ms);
	return snmp_agent_prepare(l->agent, ps, now_ms);
}

static void tell(struct snmp_loop *l)
{
	enum agentx_state state = snmp_agent_state(l->agent);
	if (state == l->told)
		return;
	l->told = state;
	service_status(state == AGENTX_SERVING	   ? "serving"
		       : state == AGENTX_CONTESTED ? "another subagent holds the MIB's root"
						   : "waiting for the AgentX master");
}

static void dispatch(void *user, const struct pollset *ps, uint64_t now_ms)
{
	struct snmp_loop *l = user;

	snmp_agent_dispatch(l->agent, ps, now_ms);
	tell(l);
	if (service_watchdog_ms() && now_ms >= l->watchdog_at_ms) {
		service_alive();
		l->watchdog_at_ms = now_ms + service_watchdog_ms() / 3;
	}
}

static void configure(void *user, const struct settings *settings)
{
	struct snmp_loop *l = user;
	struct snmp_agent_config config;

	agent_settings(l, settings, &config);
	snmp_agent_reconfigure(l->agent, &config);
}

static const struct worker_ops ops = {
	.name = "snmp",
	.start = start,
	.finish = finish,
	.prepare = prepare,
	.dispatch = dispatch,
	.configure = configure,
};

int snmp_loop_new(struct settings *settings, struct handover *handover, struct snmp_loop **ret)
{
	struct snmp_loop *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->settings = settings_ref(settings);
	l->handover = handover;
	l->told = AGENTX_DISCONNECTED;

	int r = worker_new(&ops, l, &l->worker);
	if (r < 0) {
		snmp_loop_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void snmp_loop_free(struct snmp_loop *l)
{
	if (!l)
		return;
	worker_free(l->worker);
	settings_unref(l->settings);
	free(l);
}

struct worker *snmp_loop_worker(struct snmp_loop *l)
{
	return l->worker;
}
