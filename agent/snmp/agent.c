/*
 * The SNMP side put together: backend, session, SET, notifications.
 */
#include "snmp/agent.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <errno.h>
#include <stdlib.h>

#include "snmp/notify.h"
#include "snmp/library.h"
#include "snmp/session.h"
#include "snmp/set.h"
#include "tables/notify-queue.h"
#include "util/pollset.h"

struct snmp_agent {
	struct backend *backend;
	struct agentx_session *session;
	struct set_phases sets;
	bool in_sysor[MIBS_MAX];
};

/* Only SETs come here: the transport answers reads before the library sees them. */
static int handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
	netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct snmp_agent *a = handler->myvoid;

	set_phase(&a->sets, a->session->epoch, handler, registration, info, requests);
	return SNMP_ERR_NOERROR;
}

/*
 * LDOMS-MIB always has its row in sysORTable, a view while it is registered. While another session
 * holds a view, that session sends the notifications of the view.
 */
static void follow_region(struct snmp_agent *a, size_t i)
{
	const struct mib *m = a->backend->mibs.mibs[i];
	enum registration known = a->session->modules[i].known;
	bool shown = !m->view || known == REGISTRATION_GRANTED;
	bool refused = m->view && known == REGISTRATION_REFUSED;

	notify_queue_silence(a->backend->notifications, i, refused);
	if (a->in_sysor[i] == shown || (!shown && !refused))
		return;
	if (shown)
		sysor_enter(m);
	else
		sysor_leave(m);
	a->in_sysor[i] = shown;
}

static int register_roots(struct snmp_agent *a)
{
	netsnmp_handler_registration *registration;
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->backend->mibs.n; i++) {
		r = registration_enter(a->backend->mibs.mibs[i], handle, a, NULL, &registration);
		follow_region(a, i);
	}
	return r;
}

int snmp_agent_new(const char *socket, const char *context, const struct backend_config *config,
	struct handover *handover, struct snmp_agent **ret)
{
	struct snmp_agent *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	int r = backend_new(config, handover, &a->backend);
	a->sets.backend = a->backend;
	if (r == 0)
		r = agentx_session_new(socket, context, &a->backend->view, &a->session);
	if (r == 0)
		r = register_roots(a);
	if (r < 0) {
		snmp_agent_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void snmp_agent_free(struct snmp_agent *a)
{
	if (!a)
		return;
	if (a->session)
		agentx_session_stop(a->session);
	set_phases_clear(&a->sets);
	agentx_session_free(a->session);
	backend_free(a->backend);
	free(a);
}

void snmp_agent_reconfigure(struct snmp_agent *a, const struct backend_config *config)
{
	backend_reconfigure(a->backend, config);
}

/* --- turns ---------------------------------------------------------------------------------- */

int snmp_agent_prepare(struct snmp_agent *a, struct pollset *ps, uint64_t now_ms)
{
	int r = agentx_session_prepare(a->session, ps, now_ms, set_phases_busy(&a->sets, now_ms));
	if (r == 0)
		r = backend_prepare(a->backend, ps, now_ms);
	pollset_deadline(ps, set_phases_deadline(&a->sets));
	pollset_deadline(ps, notify_deadline(a->backend->notifications, a->session, now_ms));
	return r;
}

void snmp_agent_dispatch(struct snmp_agent *a, const struct pollset *ps, uint64_t now_ms)
{
	struct agentx_session *s = a->session;

	backend_receive(a->backend, ps, now_ms);
	backend_look(a->backend, s->uptime_zero_ms, now_ms);
	if (set_phases_busy(&a->sets, now_ms)) {
		set_phases_turn(&a->sets, now_ms);
		netsnmp_check_outstanding_agent_requests();
	}
	agentx_session_receive(s, ps, now_ms);
	agentx_session_dispatch(s, ps, now_ms, set_phases_busy(&a->sets, now_ms));
	/* In each turn, as the library may still pass a phase of a SET while the session ends. */
	if (s->state == AGENTX_ENDING || s->state == AGENTX_CONNECTING)
		set_phases_abandon(&a->sets, s->epoch);
	for (size_t i = 0; i < a->backend->mibs.n && !set_phases_busy(&a->sets, now_ms); i++)
		follow_region(a, i);
	control_tick(a->backend->control, now_ms);
	notify_turn(a->backend->notifications, s, now_ms);
}

const char *snmp_agent_status(const struct snmp_agent *a)
{
	return a->session->state == AGENTX_SERVING     ? "serving"
	       : a->session->state == AGENTX_CONTESTED ? "another subagent holds the MIB's root"
						       : "waiting for the AgentX master";
}
