/*
 * A worker around snmp/agent.h. Here the settings are translated for the agent.
 */
#include "daemon/snmp-thread.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/version.h>

#include <errno.h>
#include <stdlib.h>

#include "daemon/service.h"
#include "common/settings.h"
#include "daemon/signals.h"
#include "common/worker.h"
#include "snmp/agent.h"

struct snmp_thread {
	struct settings *settings;
	struct handover *handover;
	struct snmp_agent *agent;
	const char *told; /* the status that the service manager was told last */
};

int snmp_thread_environment(void)
{
	/* The agent needs no MIB files, and parsing those of the system can print pages of errors.
	 * The locale that the library sets is not needed either, and takes 300 KiB. */
	if (setenv("MIBS", "", 1) < 0 || setenv("MIBDIRS", "", 1) < 0 ||
		setenv("LC_ALL", "C", 1) < 0)
		return -errno;
	return 0;
}

const char *snmp_library_version(void)
{
	return netsnmp_get_version();
}

static int snmp_start(void *user)
{
	struct snmp_thread *t = user;
	const struct backend_config config = settings_backend(t->settings);

	return snmp_agent_new(
		t->settings->agentx_socket, t->settings->context, &config, t->handover, &t->agent);
}

static void snmp_finish(void *user)
{
	struct snmp_thread *t = user;

	snmp_agent_free(t->agent);
	t->agent = NULL;
}

static int snmp_prepare(void *user, struct pollset *ps, uint64_t now_ms)
{
	struct snmp_thread *t = user;

	return snmp_agent_prepare(t->agent, ps, now_ms);
}

static void snmp_dispatch(void *user, const struct pollset *ps, uint64_t now_ms)
{
	struct snmp_thread *t = user;

	snmp_agent_dispatch(t->agent, ps, now_ms);
	const char *status = snmp_agent_status(t->agent);
	if (status != t->told)
		service_status(status);
	t->told = status;
}

static void snmp_configure(void *user, const struct settings *settings)
{
	struct snmp_thread *t = user;
	const struct backend_config config = settings_backend(settings);

	snmp_agent_reconfigure(t->agent, &config);
}

static void snmp_ended(void *user)
{
	(void)user;
	signals_post(EVENT_ENDED);
}

static void snmp_free(void *user)
{
	struct snmp_thread *t = user;

	settings_unref(t->settings);
	free(t);
}

static const struct worker_ops snmp_ops = {
	.name = "snmp",
	.start = snmp_start,
	.finish = snmp_finish,
	.prepare = snmp_prepare,
	.dispatch = snmp_dispatch,
	.configure = snmp_configure,
	.ended = snmp_ended,
	.free = snmp_free,
};

int snmp_thread_new(struct settings *settings, struct handover *handover, struct worker **ret)
{
	struct snmp_thread *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->settings = settings_ref(settings);
	t->handover = handover;
	return worker_new(&snmp_ops, t, service_watchdog_ms() / 3, ret);
}
