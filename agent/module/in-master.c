/*
 * snmpd calls handle() for reads and SETs. Its loop calls turn() when the ldm thread has handed
 * something over, and when an alarm is due.
 */
#include "module/in-master.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/library/fd_event_manager.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "snmp/library.h"
#include "snmp/set.h"
#include "tables/lookup.h"
#include "tables/notify-queue.h"
#include "util/clock.h"
#include "util/log.h"

#define TOKEN "snmp"

/* There is a turn at least so often, to notice old data and to free the places of SETs that got
 * neither COMMIT nor FREE. */
#define TURN_MS 1000
/* The library's transaction ids are unique in this process, so there is one epoch only. */
#define EPOCH 1
/* The longest time between two attempts to register a view that another subagent holds. */
#define VIEW_RETRY_MAX_MS 30000

struct in_master;

/* One MIB module; the argument of its handler. */
struct region {
	struct in_master *owner;
	const struct mib *mib;
	netsnmp_handler_registration *registration; /* NULL: not registered */
	bool told;				    /* the refusal of a view was logged */
	uint64_t retry_at_ms, rest_ms;		    /* of a view that is not registered */
};

struct in_master {
	struct backend *backend;
	struct set_phases sets;
	struct region regions[MIBS_MAX]; /* in the order of backend->mibs */
	int readable_fd;		 /* of the handover, in snmpd's loop; -1: not there now */
	unsigned int alarm;
	uint64_t alarm_at_ms;
	uint64_t uptime_zero_ms;
	char *context; /* NULL: the default one */
	const char *subject;
};

static void turn(struct in_master *m);
static void set_alarm(struct in_master *m, uint64_t now_ms);

/*
 * The zero of the master's sysUpTime as a point of our clock. sysUpTime has steps of 10 ms, so the
 * zero is read once and kept: a TimeStamp must not move by itself.
 */
static uint64_t read_uptime_zero(uint64_t now_ms)
{
	uint64_t uptime_ms = (uint64_t)netsnmp_get_agent_uptime() * 10;

	return now_ms > uptime_ms ? now_ms - uptime_ms : 0;
}

static void look(struct in_master *m, uint64_t now_ms)
{
	backend_look(m->backend, m->uptime_zero_ms, now_ms);
}

/* --- reads ---------------------------------------------------------------------------------- */

static bool answer_cell(netsnmp_variable_list *vb, const struct cell *cell)
{
	struct value value;

	cell_value(cell, &value);
	return varbind_set_value(vb, &value);
}

static void answer_get(
	struct region *g, netsnmp_agent_request_info *info, netsnmp_request_info *request)
{
	struct in_master *m = g->owner;
	struct varbind_name name = varbind_name(request->requestvb);
	struct lookup found;

	enum lookup_result result =
		lookup_whole_get(&m->backend->view, g->mib, name.arcs, name.length, &found);
	if (result == LOOKUP_NO_OBJECT)
		netsnmp_set_request_error(info, request, SNMP_NOSUCHOBJECT);
	else if (result == LOOKUP_NO_INSTANCE)
		netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE);
	else if (!answer_cell(request->requestvb, &found.cell))
		netsnmp_set_request_error(info, request, SNMP_ERR_RESOURCEUNAVAILABLE);
}

static bool set_name(netsnmp_variable_list *vb, const struct cell *cell)
{
	uint32_t below_root[NAME_ARCS_MAX];
	struct library_name name;

	library_name_set(&name, cell->mib->root, cell->mib->root_length, below_root,
		cell_name(cell, below_root));
	return snmp_set_var_objid(vb, name.arcs, name.length) == 0;
}

/* When the varbind is not changed, the library goes on behind our part of the tree. */
static void answer_next(
	struct region *g, netsnmp_agent_request_info *info, netsnmp_request_info *request)
{
	struct in_master *m = g->owner;
	struct varbind_name name = varbind_name(request->requestvb);
	struct cell cell;

	if (lookup_whole_next(
		    &m->backend->view, g->mib, name.arcs, name.length, request->inclusive, &cell) &&
		(!answer_cell(request->requestvb, &cell) || !set_name(request->requestvb, &cell)))
		netsnmp_set_request_error(info, request, SNMP_ERR_RESOURCEUNAVAILABLE);
}

static void answer_read(
	struct region *g, netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	for (netsnmp_request_info *r = requests; r; r = r->next)
		if (info->mode == MODE_GET)
			answer_get(g, info, r);
		else
			answer_next(g, info, r);
}

/* The snapshot changes only between PDUs, in on_readable(); the view's times are of now. */
static int handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
	netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct region *g = handler->myvoid;
	struct in_master *m = g->owner;

	log_set_subject(m->subject);
	look(m, clock_ms());
	if (info->mode == MODE_GET || info->mode == MODE_GETNEXT) {
		answer_read(g, info, requests);
	} else {
		set_phase(&m->sets, EPOCH, handler, registration, info, requests);
		/* Not turn(): the library learns only afterwards that the request is delegated. */
		set_alarm(m, clock_ms());
	}
	log_set_subject(NULL);
	return SNMP_ERR_NOERROR;
}

/* --- notifications -------------------------------------------------------------------------- */

/* The master sends the notification to its sinks in this call. */
static bool send_trap(void *user, const struct notification *what)
{
	const struct in_master *m = user;
	netsnmp_variable_list *varbinds = NULL;
	bool made = varbinds_from_notification(what, &varbinds);

	if (made)
		send_trap_vars_with_context(-1, -1, varbinds, m->context);
	snmp_free_varbind(varbinds);
	return made;
}

/* All that are sent count as answered at once. */
static void send_notifications(struct in_master *m, uint64_t now_ms)
{
	notify_queue_follow(m->backend->notifications, EPOCH, true, now_ms);
	notify_queue_send(m->backend->notifications, send_trap, m);
	for (unsigned int i = 0; i < NOTIFY_WINDOW; i++)
		notify_queue_answered(m->backend->notifications, false);
}

/* --- registration --------------------------------------------------------------------------- */

static int register_root(struct region *g)
{
	return registration_enter(g->mib, handle, g, g->owner->context, &g->registration);
}

/* Whether the view has a row in sysORTable, which lists the default context only. The row of
 * LDOMS-MIB is module.c's. */
static bool has_sysor(const struct region *g)
{
	return g->registration && g->mib->view && !g->owner->context;
}

/* Without netsnmp_unregister_handler(), which reads the context's name after it was freed (5.9.3).
 */
static void unregister_root(struct region *g)
{
	struct library_name name;

	if (!g->registration)
		return;
	if (has_sysor(g))
		sysor_leave(g->mib);
	library_name_set(&name, g->mib->root, g->mib->root_length, NULL, 0);
	unregister_mib_context(
		name.arcs, name.length, g->registration->priority, 0, 0, g->owner->context);
	g->registration = NULL;
}

/* A refused view is tried again after 1 s, and then each time after twice as long. */
static void try_view(struct in_master *m, size_t i, uint64_t now_ms)
{
	struct region *g = &m->regions[i];

	if (g->registration || now_ms < g->retry_at_ms)
		return;
	int r = register_root(g);
	notify_queue_silence(m->backend->notifications, i, r < 0);
	if (r < 0) {
		if (!g->told)
			log_warn(TOKEN, "snmpd refuses %s (%s): %s; it is tried again",
				g->mib->root_oid, g->mib->name, strerror(-r));
		g->told = true;
		g->rest_ms = g->rest_ms == 0			  ? TURN_MS
			     : 2 * g->rest_ms < VIEW_RETRY_MAX_MS ? 2 * g->rest_ms
								  : VIEW_RETRY_MAX_MS;
		g->retry_at_ms = now_ms + g->rest_ms;
		return;
	}
	log_notice(TOKEN, "serving %s (%s), too", g->mib->root_oid, g->mib->name);
	if (has_sysor(g))
		sysor_enter(g->mib);
}

/* Registers LDOMS-MIB, which must succeed; turn() tries the views. */
static int register_roots(struct in_master *m)
{
	const struct mib_list *mibs = &m->backend->mibs;

	for (size_t i = 0; i < mibs->n; i++)
		m->regions[i] = (struct region){.owner = m, .mib = mibs->mibs[i]};
	return register_root(&m->regions[mibs->main]);
}

/* --- turns in snmpd's loop ------------------------------------------------------------------- */

static void on_alarm(unsigned int alarm, void *user)
{
	(void)alarm;
	struct in_master *m = user;

	log_set_subject(m->subject);
	m->alarm = 0;
	turn(m);
	log_set_subject(NULL);
}

static void on_readable(int fd, void *user)
{
	(void)fd;
	struct in_master *m = user;
	uint64_t now_ms = clock_ms();

	log_set_subject(m->subject);
	backend_take(m->backend, now_ms);
	turn(m);
	log_set_subject(NULL);
}

static void watch_handover(struct in_master *m, uint64_t now_ms)
{
	bool wanted = now_ms >= m->backend->rest_until_ms;
	int fd = handover_snmp_fd(m->backend->handover);

	if (wanted && m->readable_fd < 0 && register_readfd(fd, on_readable, m) == FD_REGISTERED_OK)
		m->readable_fd = fd;
	else if (!wanted && m->readable_fd >= 0) {
		unregister_readfd(m->readable_fd);
		m->readable_fd = -1;
	}
}

static void set_alarm(struct in_master *m, uint64_t now_ms)
{
	uint64_t at_ms = set_phases_deadline(&m->sets);
	uint64_t notify_ms = notify_queue_deadline(m->backend->notifications, true, now_ms);

	if (notify_ms < at_ms)
		at_ms = notify_ms;
	if (at_ms > now_ms + TURN_MS)
		at_ms = now_ms + TURN_MS;
	if (m->alarm != 0 && m->alarm_at_ms <= at_ms && m->alarm_at_ms > now_ms)
		return;
	if (m->alarm != 0)
		snmp_alarm_unregister(m->alarm);
	uint64_t delay_ms = at_ms > now_ms ? at_ms - now_ms : 1;
	const struct timeval delay = {
		(time_t)(delay_ms / 1000), (suseconds_t)(delay_ms % 1000 * 1000)};
	m->alarm = snmp_alarm_register_hr(delay, 0, on_alarm, m);
	m->alarm_at_ms = now_ms + delay_ms;
	if (m->alarm == 0)
		log_err(TOKEN, "snmpd takes no alarm: SETs may stay without an answer");
}

/* snmpd's loop looks for requests that were answered in a turn, and sends the answers. */
static void turn(struct in_master *m)
{
	uint64_t now_ms = clock_ms();

	look(m, now_ms);
	for (size_t i = 0; i < m->backend->mibs.n && !set_phases_busy(&m->sets, now_ms); i++)
		if (i != m->backend->mibs.main)
			try_view(m, i, now_ms);
	set_phases_turn(&m->sets, now_ms);
	control_tick(m->backend->control, now_ms);
	send_notifications(m, now_ms);
	watch_handover(m, now_ms);
	set_alarm(m, now_ms);
}

/* --- making and unmaking -------------------------------------------------------------------- */

int in_master_new(
	const struct in_master_config *config, struct handover *handover, struct in_master **ret)
{
	struct in_master *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->readable_fd = -1;
	m->uptime_zero_ms = read_uptime_zero(clock_ms());
	m->subject = config->subject;
	m->context = config->context ? strdup(config->context) : NULL;
	int r = config->context && !m->context ? -ENOMEM : 0;
	if (r == 0)
		r = backend_new(&config->backend, handover, &m->backend);
	m->sets.backend = m->backend;
	if (r == 0)
		r = register_roots(m);
	if (r < 0) {
		in_master_free(m);
		return r;
	}
	turn(m);
	*ret = m;
	return 0;
}

void in_master_free(struct in_master *m)
{
	if (!m)
		return;
	if (m->backend)
		set_phases_abandon(&m->sets, EPOCH);
	if (m->readable_fd >= 0)
		unregister_readfd(m->readable_fd);
	if (m->alarm != 0)
		snmp_alarm_unregister(m->alarm);
	for (size_t i = 0; i < MIBS_MAX; i++)
		unregister_root(&m->regions[i]);
	backend_free(m->backend);
	free(m->context);
	free(m);
}
