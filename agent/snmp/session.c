/*
 * See session.h. set_state() is the one place where its state changes.
 */
#include "snmp/session.h"

#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/library/large_fd_set.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "snmp/connect.h"
#include "snmp/library.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/pollset.h"
#include "util/text.h"

#define TOKEN	      "agentx"
#define LIBRARY_TOKEN "agentx:library"
#define LIBRARY_NAME  "ldoms-agentx"

/* After so long without a master one line in the log says so. */
#define ABSENT_MS 2000
/* A Ping is sent to learn whether the master has closed the session. */
#define PING_MS 15000
/* While the master does not answer. */
#define SLOW_PING_MS 2000
/* A master that owes an answer and gives none for so long is slow. */
#define SLOW_MS 700
/* A refused registration is tried again after 1 s, and then each time after twice as long, up to
 * one limit for LDOMS-MIB and another one for a view. */
#define RETRY_FIRST_MS	  1000
#define RETRY_MAX_MS	  2000
#define VIEW_RETRY_MAX_MS 30000
/* What must wait while the library works on a SET is tried so often. */
#define BUSY_LOOK_MS 500

static const char *refusal_reason(const struct agentx_session *s, size_t module)
{
	return s->transport->regions[module].error == AGENTX_DUPLICATE_REGISTRATION
		       ? "another session holds it"
		       : "it gives no reason that is known here";
}

static bool has_session(const struct agentx_session *s)
{
	return s->state == AGENTX_SERVING || s->state == AGENTX_CONTESTED;
}

static void set_state(struct agentx_session *s, enum agentx_state state)
{
	static const unsigned int successors[_AGENTX_STATE_MAX] = {
		[AGENTX_CONNECTING] =
			1 << AGENTX_SERVING | 1 << AGENTX_CONTESTED | 1 << AGENTX_ENDING,
		[AGENTX_SERVING] = 1 << AGENTX_CONNECTING | 1 << AGENTX_ENDING,
		[AGENTX_CONTESTED] =
			1 << AGENTX_CONNECTING | 1 << AGENTX_SERVING | 1 << AGENTX_ENDING,
		[AGENTX_ENDING] = 1 << AGENTX_CONNECTING,
	};

	if (s->state == state)
		return;
	assert(successors[s->state] & 1U << state);
	bool had_session = has_session(s);
	s->state = state;
	if (state == AGENTX_SERVING)
		log_notice(
			TOKEN, "serving %s through the AgentX master at %s", s->place, s->address);
	else if (state == AGENTX_CONTESTED)
		log_warn(TOKEN, "the AgentX master refuses %s: %s", s->place,
			refusal_reason(s, s->mibs->main));
	else if (had_session)
		log_warn(TOKEN, "lost the AgentX master at %s", s->address);
	if (has_session(s) != had_session)
		s->absent_since_ms = had_session ? clock_ms() : CLOCK_NEVER;
}

/* --- callbacks of the library --------------------------------------------------------------- */

/* Release 5.10 uses the number of INDEX_START also for a callback about requests that it frees. */
static bool is_ours(const struct agentx_session *s, netsnmp_session *session)
{
	void *known = snmp_sess_pointer(session);
	const netsnmp_transport *t = known ? snmp_sess_transport(known) : NULL;

	return t && t->sock == s->transport->fd;
}

/* The library has opened its session. It sends the registrations before library_open() returns. */
static int on_open(int major, int minor, void *serverarg, void *clientarg)
{
	(void)major, (void)minor;
	struct agentx_session *s = clientarg;
	uint64_t now_ms = clock_ms();

	if (s->open || !is_ours(s, serverarg))
		return 0;
	s->open = serverarg;
	s->epoch++;
	s->uptime_zero_ms = now_ms - (uint64_t)s->transport->uptime * 10;
	s->ping_at_ms = now_ms + PING_MS;
	s->slow = false;
	return 0;
}

/* --- the library ---------------------------------------------------------------------------- */

static int on_log(int major, int minor, void *serverarg, void *clientarg)
{
	(void)major, (void)minor, (void)clientarg;
	const struct snmp_log_message *m = serverarg;
	int length = (int)strcspn(m->msg, "\n");

	if (m->priority <= LOG_ERR)
		log_warn(LIBRARY_TOKEN, "%.*s", length, m->msg);
	else if (m->priority <= LOG_WARNING)
		log_info(LIBRARY_TOKEN, "%.*s", length, m->msg);
	else
		log_debug(LIBRARY_TOKEN, "%.*s", length, m->msg);
	return 0;
}

/* Starts the library as a subagent without signals, files and output of its own. It connects in
 * library_open(), where it also sends what is registered before. */
static int library_start(struct agentx_session *s)
{
	static const int switches[] = {NETSNMP_DS_LIB_ALARM_DONT_USE_SIG,
		NETSNMP_DS_LIB_DONT_PERSIST_STATE, NETSNMP_DS_LIB_DONT_READ_CONFIGS};
	static bool started;

	if (started)
		return -EALREADY;
	started = true;
	snmp_disable_log();
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, NULL);
	if (log_wants(LIBRARY_TOKEN)) {
		debug_register_tokens("agentx");
		snmp_set_do_debugging(1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, switches[i], 1);
	netsnmp_enable_subagent();
	/* connect_dispatch() logs once that there is no master. */
	netsnmp_ds_set_boolean(
		NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
	netsnmp_ds_set_string(
		NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, TRANSPORT_ADDRESS);
	s->library_deadline_ms = CLOCK_NEVER;
	return init_agent(LIBRARY_NAME) == 0 ? 0 : -EIO;
}

static void set_ping_interval(int seconds)
{
	netsnmp_ds_set_int(
		NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, seconds);
}

/*
 * The library opens its session in the callback after the configuration files were read, which
 * init_snmp() calls (although it reads none). Only with a ping interval does it register everything
 * again. Afterwards there must be no interval and no alarm: the library's own pings drop a session
 * that is merely slow, and its alarms connect again.
 */
static void library_open(struct agentx_session *s)
{
	set_ping_interval(1);
	if (s->library_runs)
		snmp_call_callbacks(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG, NULL);
	else
		init_snmp(LIBRARY_NAME);
	s->library_runs = s->library_awake = true;
	set_ping_interval(0);
	snmp_alarm_unregister_all();
}

/*
 * The library sends requests to itself through pipes. The pipes and its time-outs are looked at
 * until it is idle, so that an idle library costs nothing in a turn.
 */
static int library_prepare(struct agentx_session *s, struct pollset *ps, uint64_t now_ms)
{
	netsnmp_large_fd_set fds;
	struct timeval timeout = {0};
	int n_fds = 0, block = 1, r = 0;

	if (s->library_awake) {
		netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
		snmp_select_info2(&n_fds, &fds, &timeout, &block);
		for (int fd = 0; fd < n_fds && r == 0; fd++)
			if (fd != s->transport->fd && NETSNMP_LARGE_FD_ISSET(fd, &fds))
				r = pollset_add(ps, fd, POLLIN);
		netsnmp_large_fd_set_cleanup(&fds);
		s->library_deadline_ms = block ? CLOCK_NEVER
					       : now_ms + (uint64_t)timeout.tv_sec * 1000 +
							 ((uint64_t)timeout.tv_usec + 999) / 1000;
	}
	pollset_deadline(ps, s->library_deadline_ms);
	return r;
}

/* Lets the library read from descriptors that are ready. session_reads: the session's is, too. */
static void library_read(
	struct agentx_session *s, const struct pollset *ps, bool session_reads, uint64_t now_ms)
{
	netsnmp_large_fd_set fds;
	bool any = session_reads;

	if (!s->library_awake && !any && now_ms < s->library_deadline_ms)
		return;
	netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
	NETSNMP_LARGE_FD_ZERO(&fds);
	if (session_reads)
		NETSNMP_LARGE_FD_SET(s->transport->fd, &fds);
	for (size_t i = 0; i < ps->n; i++)
		if (ps->fds[i].fd != s->transport->fd &&
			ps->fds[i].revents & (POLLIN | POLLHUP | POLLERR)) {
			NETSNMP_LARGE_FD_SET(ps->fds[i].fd, &fds);
			any = true;
		}
	/* The set may hold descriptors of others: the library looks for its own. */
	if (any)
		snmp_read2(&fds);
	netsnmp_large_fd_set_cleanup(&fds);
	snmp_timeout();
	/* A callback after a time-out may send, and a request may be answered into a pipe. */
	s->library_awake = any || now_ms >= s->library_deadline_ms;
}

/* --- making and unmaking -------------------------------------------------------------------- */

/* Our root and context as log lines name them. -ENOMEM. */
static int name_place(const char *context, char **ret)
{
	_cleanup_free_ char *shown = context ? visible_copy(context) : NULL;

	if (!context)
		return text_copy(LDOMS_MIB_ROOT, ret);
	if (strlen(context) > VACM_CONTEXT_MAX)
		log_warn(TOKEN,
			"no manager can reach a context of more than %d octets, as the "
			"access control of SNMP knows no longer names",
			VACM_CONTEXT_MAX);
	return shown ? text_printf(ret, LDOMS_MIB_ROOT " in context \"%s\"", shown) : -ENOMEM;
}

int agentx_session_new(const char *address, const char *context, const struct view *view,
	struct agentx_session **ret)
{
	struct agentx_session *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->state = AGENTX_CONNECTING;
	s->mibs = view->mibs;
	s->absent_since_ms = clock_ms();
	int r = text_copy(address, &s->address);
	if (r == 0)
		r = text_copy(context, &s->context);
	if (r == 0)
		r = name_place(context, &s->place);
	if (r == 0)
		r = agentx_connect_new(address, &s->connect);
	if (r == 0)
		r = transport_new(s->context, view, &s->transport);
	if (r == 0)
		r = library_start(s);
	if (r < 0) {
		agentx_session_free(s);
		return r;
	}
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_open, s);
	*ret = s;
	return 0;
}

void agentx_session_stop(struct agentx_session *s)
{
	/* Otherwise the library frees s, the callback's argument, when it stops. */
	snmp_unregister_callback(
		SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_open, s, 1);
	snmp_shutdown(LIBRARY_NAME);
	shutdown_agent();
}

void agentx_session_free(struct agentx_session *s)
{
	if (!s)
		return;
	agentx_connect_free(s->connect);
	transport_free(s->transport);
	free(s->place);
	free(s->context);
	free(s->address);
	free(s);
}

/* --- registration ---------------------------------------------------------------------------- */

/*
 * Sends the Register again. The library's own registration stays, so requests that are under way
 * are not disturbed. There is no Unregister before it: at an Unregister, net-snmp's master takes
 * the root away from the session that holds it.
 */
static void register_again(struct agentx_session *s, const struct mib *m)
{
	struct library_name name;
	library_name_set(&name, m->root, m->root_length, NULL, 0);
	struct register_parameters p = {
		.name = name.arcs,
		.namelen = name.length,
		.priority = DEFAULT_MIB_PRIORITY,
		.timeout = 0,
	};

	snmp_call_callbacks(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_REGISTER_OID, &p);
	s->library_awake = true;
}

/* The library has sent a Register and waited for the answer. */
static void take_registration(struct agentx_session *s, size_t module)
{
	const struct mib *m = s->mibs->mibs[module];
	struct module_registration *r = &s->modules[module];
	enum registration answer = s->transport->regions[module].registration;
	bool granted = answer == REGISTRATION_GRANTED, refused = answer == REGISTRATION_REFUSED;

	if (s->transport->state != TRANSPORT_OPEN)
		return;
	if (!m->view && !granted && !refused) {
		/* Without an answer nobody knows what the master registered: begin a new session.
		 */
		transport_hang_up(s->transport);
		return;
	}
	if (!m->view)
		set_state(s, granted ? AGENTX_SERVING : AGENTX_CONTESTED);
	else if (granted)
		log_notice(TOKEN, "serving %s (%s), too", m->root_oid, m->name);
	else if (refused && r->known != REGISTRATION_REFUSED)
		log_warn(TOKEN, "the AgentX master refuses %s (%s): %s; it is tried again",
			m->root_oid, m->name, refusal_reason(s, module));
	if (granted || refused)
		r->known = answer;
	uint64_t most_ms = m->view ? VIEW_RETRY_MAX_MS : RETRY_MAX_MS;
	r->rest_ms = r->rest_ms == 0		? RETRY_FIRST_MS
		     : r->rest_ms > most_ms / 2 ? most_ms
						: 2 * r->rest_ms;
	r->retry_at_ms = clock_ms() + r->rest_ms;
}

/* A Register may be answered after its time-out, so no second one is sent before its answer. */
static void try_registrations(struct agentx_session *s, uint64_t now_ms)
{
	for (size_t i = 0; i < s->mibs->n; i++) {
		const struct module_registration *r = &s->modules[i];
		enum registration last = s->transport->regions[i].registration;

		if (s->transport->state != TRANSPORT_OPEN || r->known == REGISTRATION_GRANTED ||
			now_ms < r->retry_at_ms)
			continue;
		if (r->rest_ms > 0 && last != REGISTRATION_ASKED && last != REGISTRATION_GRANTED)
			register_again(s, s->mibs->mibs[i]);
		take_registration(s, i);
	}
}

/* --- Ping ----------------------------------------------------------------------------------- */

static void look_for_answers(struct agentx_session *s, uint64_t now_ms)
{
	const struct transport *t = s->transport;
	bool slow = t->awaits && now_ms >= t->awaits_since_ms + SLOW_MS;

	/* A slow master stays slow until it owes no answer any more. */
	if (s->slow == slow || (s->slow && t->awaits))
		return;
	s->slow = slow;
	log_info(TOKEN,
		slow ? "the AgentX master does not answer" : "the AgentX master answers again");
	if (slow)
		s->ping_at_ms = now_ms;
}

/* The transport has noted that the master answers. */
static int on_ping(int op, netsnmp_session *library, int reqid, netsnmp_pdu *pdu, void *magic)
{
	(void)op, (void)library, (void)reqid, (void)pdu, (void)magic;
	return 1;
}

static void send_ping(struct agentx_session *s, uint64_t now_ms)
{
	netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_PING);

	s->ping_at_ms = now_ms + (s->slow ? SLOW_PING_MS : PING_MS);
	if (pdu && !agentx_session_send(s, pdu, on_ping, NULL))
		snmp_free_pdu(pdu);
}

bool agentx_session_send(
	struct agentx_session *s, netsnmp_pdu *pdu, netsnmp_callback callback, void *magic)
{
	if (s->transport->state != TRANSPORT_OPEN)
		return false;
	pdu->sessid = s->open->sessid;
	s->library_awake = true;
	return snmp_async_send(s->open, pdu, callback, magic) != 0;
}

/* --- turns ---------------------------------------------------------------------------------- */

int agentx_session_prepare(struct agentx_session *s, struct pollset *ps, uint64_t now_ms, bool busy)
{
	const struct transport *t = s->transport;

	s->library_awake |= busy || s->state == AGENTX_ENDING;
	int r = library_prepare(s, ps, now_ms);
	if (r < 0)
		return r;
	if (s->state == AGENTX_CONNECTING) {
		agentx_connect_start(s->connect, now_ms);
		pollset_deadline(ps, clock_after(s->absent_since_ms, ABSENT_MS));
		return agentx_connect_prepare(s->connect, ps);
	}
	if (s->state == AGENTX_ENDING) {
		/* The library's pipes wake us while it works on a SET; it may give up silently. */
		pollset_deadline(ps, now_ms + BUSY_LOOK_MS);
	} else {
		for (size_t i = 0; i < s->mibs->n; i++)
			if (s->modules[i].known != REGISTRATION_GRANTED)
				pollset_deadline(ps,
					busy ? now_ms + BUSY_LOOK_MS : s->modules[i].retry_at_ms);
		pollset_deadline(ps, s->ping_at_ms);
		if (t->awaits && !s->slow)
			pollset_deadline(ps, t->awaits_since_ms + SLOW_MS);
	}
	return transport_prepare(t, ps, now_ms);
}

/* The transport ends or closes in calls of the library, too. */
static void follow_transport(struct agentx_session *s)
{
	enum transport_state state = s->transport->state;

	if (state == TRANSPORT_ENDED) {
		set_state(s, AGENTX_ENDING);
	} else if (state == TRANSPORT_CLOSED) {
		s->open = NULL;
		memset(s->modules, 0, sizeof(s->modules));
		set_state(s, AGENTX_CONNECTING);
	}
}

void agentx_session_receive(struct agentx_session *s, const struct pollset *ps, uint64_t now_ms)
{
	library_read(s, ps, transport_dispatch(s->transport, ps, now_ms), now_ms);
	follow_transport(s);
}

static void connect_dispatch(struct agentx_session *s, const struct pollset *ps, uint64_t now_ms)
{
	int fd = agentx_connect_dispatch(s->connect, ps, now_ms);
	const char *why;

	if (fd >= 0) {
		transport_offer(s->transport, fd);
		library_open(s);
		if (s->open)
			take_registration(s, s->mibs->main);
		else
			transport_hang_up(s->transport);
	} else if (now_ms >= clock_after(s->absent_since_ms, ABSENT_MS)) {
		s->absent_since_ms = CLOCK_NEVER;
		agentx_connect_fault(s->connect, &why);
		log_warn(TOKEN, "no AgentX master answers at %s: %s; it is tried again", s->address,
			why);
	}
}

void agentx_session_dispatch(
	struct agentx_session *s, const struct pollset *ps, uint64_t now_ms, bool busy)
{
	if (s->state == AGENTX_CONNECTING)
		connect_dispatch(s, ps, now_ms);
	if (has_session(s)) {
		if (!busy)
			try_registrations(s, now_ms);
		look_for_answers(s, now_ms);
		if (now_ms >= s->ping_at_ms)
			send_ping(s, now_ms);
	}
	follow_transport(s);
}
