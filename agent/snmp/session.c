/*
 * See session.h. The states are those of session-state.h; set_state() is the one place
 * where they change.
 */
#include "snmp/session.h"

#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snmp/connect.h"
#include "snmp/transport.h"
#include "snmp/varbind.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/pollset.h"
#include "util/text.h"

#define TOKEN "agentx"

/* No master for that long is worth a line in the log. */
#define ABSENT_MS 2000
/* Own Pings while connected: only to learn that the master closed the session on its side. */
#define PING_MS 15000
/* The same while it does not answer. */
#define SLOW_PING_MS 2000
/* A master that answers nothing for that long is slow. */
#define SLOW_MS 700
/* A refused registration is tried again after 1 s, then every 2 s. */
#define RETRY_FIRST_MS 1000
#define RETRY_MS       2000
/* That of a view is tried again after 1 s, then after twice as long each time, up to this. */
#define VIEW_RETRY_MAX_MS 30000
/* While the library still works on a SET of a session that is over. */
#define ENDING_LOOK_MS 500

/* Of LDOMS-MIB. */
static const struct filter_region *main_region(const struct agentx_session *s)
{
	return &s->transport->filter.regions[s->mibs->main];
}

static const char *refusal(const struct filter_region *g)
{
	return g->error == AGENTX_DUPLICATE_REGISTRATION ? "another session holds it"
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
			refusal(main_region(s)));
	else if (had_session)
		log_warn(TOKEN, "lost the AgentX master at %s", s->address);
	if (has_session(s) != had_session)
		s->absent_since_ms = had_session ? clock_ms() : CLOCK_NEVER;
}

/* --- callbacks of the library --------------------------------------------------------------- */

/* The main branch (5.10) uses the number of INDEX_START for requests that it frees, too. */
static bool is_ours(const struct agentx_session *s, netsnmp_session *session)
{
	void *known = snmp_sess_pointer(session);
	const netsnmp_transport *t = known ? snmp_sess_transport(known) : NULL;

	return t && t->sock == s->transport->fd;
}

/* The session is open; what is registered follows, before the library comes back to us. */
static int on_open(int major, int minor, void *serverarg, void *clientarg)
{
	(void)major, (void)minor;
	struct agentx_session *s = clientarg;
	uint64_t now_ms = clock_ms();

	if (s->open || !is_ours(s, serverarg))
		return 0;
	s->open = serverarg;
	memset(s->views, 0, sizeof(s->views));
	s->epoch++;
	s->uptime_zero_ms = now_ms - (uint64_t)s->transport->filter.uptime * 10;
	s->ping_at_ms = now_ms + PING_MS;
	s->ping_out = false;
	s->slow = false;
	return 0;
}

/* --- making and unmaking -------------------------------------------------------------------- */

/* What is served, as the log names it. -ENOMEM */
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
	if (shown && asprintf(ret, LDOMS_MIB_ROOT " in context \"%s\"", shown) >= 0)
		return 0;
	*ret = NULL;
	return -ENOMEM;
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
		r = library_start(&s->library, TRANSPORT_ADDRESS);
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
	/* The library frees the arguments of callbacks that are left when it stops. */
	snmp_unregister_callback(
		SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_open, s, 1);
	library_stop();
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
 * Asks the master again; locally nothing changes, so no request that is open is disturbed. Without
 * an Unregister before it: net-snmp's master would take the root away from whoever holds it.
 */
static void register_again(const struct mib *m)
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
}

/* After an attempt to register, which the library waits for. */
static void judge_registration(struct agentx_session *s, uint64_t rest_ms)
{
	if (s->transport->state != TRANSPORT_OPEN)
		return;
	switch (main_region(s)->registration) {
	case REGISTRATION_GRANTED:
		set_state(s, AGENTX_SERVING);
		break;
	case REGISTRATION_REFUSED:
		set_state(s, AGENTX_CONTESTED);
		s->retry_at_ms = clock_ms() + rest_ms;
		break;
	default:
		/* Not answered: whether it is registered, only a new session can tell. */
		transport_hang_up(s->transport);
	}
}

/* --- views ---------------------------------------------------------------------------------- */

/* What becomes of a view is no matter of the session's state: it is tried again beside it. */
static void judge_view(struct agentx_session *s, size_t i, uint64_t now_ms)
{
	const struct filter_region *g = &s->transport->filter.regions[i];
	const struct mib *m = s->mibs->mibs[i];
	struct view_registration *w = &s->views[i];

	if (g->registration == REGISTRATION_GRANTED) {
		log_notice(TOKEN, "serving %s (%s), too", m->root_oid, m->name);
		w->serving = true;
		return;
	}
	if (g->registration == REGISTRATION_REFUSED && !w->refused) {
		log_warn(TOKEN, "the AgentX master refuses %s (%s): %s; it is tried on",
			m->root_oid, m->name, refusal(g));
		w->refused = true;
	}
	w->rest_ms = w->rest_ms > VIEW_RETRY_MAX_MS / 2 ? VIEW_RETRY_MAX_MS
		     : w->rest_ms > 0			? 2 * w->rest_ms
							: RETRY_FIRST_MS;
	w->retry_at_ms = now_ms + w->rest_ms;
}

static bool waits_for_view(const struct agentx_session *s, size_t i)
{
	return s->open && i != s->mibs->main && !s->views[i].serving;
}

/* A Register that was not answered in time may be answered later; till then there is none other. */
static void try_views(struct agentx_session *s, uint64_t now_ms)
{
	for (size_t i = 0; i < s->mibs->n; i++) {
		const struct filter_region *g = &s->transport->filter.regions[i];

		if (!waits_for_view(s, i) || now_ms < s->views[i].retry_at_ms)
			continue;
		if (s->views[i].rest_ms > 0 && g->registration != REGISTRATION_ASKED &&
			g->registration != REGISTRATION_GRANTED) {
			register_again(s->mibs->mibs[i]);
			library_wake(&s->library);
		}
		judge_view(s, i, clock_ms());
	}
}

bool agentx_session_serves(const struct agentx_session *s, size_t i)
{
	return i == s->mibs->main ? s->state == AGENTX_SERVING : s->open && s->views[i].serving;
}

bool agentx_session_refused(const struct agentx_session *s, size_t i)
{
	return i != s->mibs->main && s->open && s->views[i].refused && !s->views[i].serving;
}

/* --- Ping ----------------------------------------------------------------------------------- */

static void look_for_answers(struct agentx_session *s, uint64_t now_ms)
{
	const struct filter *f = &s->transport->filter;
	bool slow = f->awaits && now_ms >= f->awaits_since_ms + SLOW_MS;

	/* Only an answer ends it, not that nothing is asked. */
	if (s->slow == slow || (s->slow && f->awaits))
		return;
	s->slow = slow;
	log_info(TOKEN,
		slow ? "the AgentX master does not answer" : "the AgentX master answers again");
	if (slow)
		s->ping_at_ms = now_ms;
}

static int on_ping(int op, netsnmp_session *library, int reqid, netsnmp_pdu *pdu, void *magic)
{
	(void)op, (void)reqid, (void)pdu;
	struct agentx_session *s = magic;

	if (library == s->open)
		s->ping_out = false;
	return 1;
}

static void send_ping(struct agentx_session *s, uint64_t now_ms)
{
	netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_PING);

	s->ping_at_ms = now_ms + (s->slow ? SLOW_PING_MS : PING_MS);
	if (!pdu)
		return;
	s->ping_out = agentx_session_send(s, pdu, on_ping, s);
	if (!s->ping_out)
		snmp_free_pdu(pdu);
}

bool agentx_session_send(
	struct agentx_session *s, netsnmp_pdu *pdu, netsnmp_callback callback, void *magic)
{
	if (s->transport->state != TRANSPORT_OPEN)
		return false;
	pdu->sessid = s->open->sessid;
	library_wake(&s->library);
	return snmp_async_send(s->open, pdu, callback, magic) != 0;
}

/* --- turns ---------------------------------------------------------------------------------- */

int agentx_session_prepare(struct agentx_session *s, struct pollset *ps, uint64_t now_ms, bool busy)
{
	const struct filter *f = &s->transport->filter;

	if (busy || s->state == AGENTX_ENDING)
		library_wake(&s->library);
	int r = library_prepare(&s->library, ps, s->transport->fd, now_ms);

	switch (s->state) {
	case AGENTX_CONNECTING:
		agentx_connect_start(s->connect, now_ms);
		pollset_deadline(ps, clock_after(s->absent_since_ms, ABSENT_MS));
		return r < 0 ? r : agentx_connect_prepare(s->connect, ps);
	case AGENTX_CONTESTED:
		pollset_deadline(ps, s->retry_at_ms);
		break;
	case AGENTX_ENDING:
		/* The library's answers to itself wake us; if there are none, it gave up. */
		pollset_deadline(ps, now_ms + ENDING_LOOK_MS);
		break;
	default:
		break;
	}
	if (s->state != AGENTX_ENDING) {
		for (size_t i = 0; i < s->mibs->n && !busy; i++)
			if (waits_for_view(s, i))
				pollset_deadline(ps, s->views[i].retry_at_ms);
		pollset_deadline(ps, s->ping_at_ms);
		if (f->awaits && !s->slow)
			pollset_deadline(ps, f->awaits_since_ms + SLOW_MS);
	}
	return r < 0 ? r : transport_prepare(s->transport, ps, now_ms);
}

/* The transport's states that the library brings about. */
static void follow_transport(struct agentx_session *s)
{
	enum transport_state state = s->transport->state;

	if (state == TRANSPORT_ENDED) {
		set_state(s, AGENTX_ENDING);
	} else if (state == TRANSPORT_CLOSED) {
		s->open = NULL;
		set_state(s, AGENTX_CONNECTING);
	}
}

void agentx_session_receive(struct agentx_session *s, const struct pollset *ps, uint64_t now_ms)
{
	bool reads = transport_dispatch(s->transport, ps, now_ms);

	library_read(&s->library, ps, s->transport->fd, reads, now_ms);
	follow_transport(s);
}

static void connect_dispatch(struct agentx_session *s, const struct pollset *ps, uint64_t now_ms)
{
	int fd = agentx_connect_dispatch(s->connect, ps, now_ms);
	const char *why;

	if (fd >= 0) {
		transport_offer(s->transport, fd);
		library_open(&s->library);
		if (s->open)
			judge_registration(s, RETRY_FIRST_MS);
		else
			transport_hang_up(s->transport);
	} else if (now_ms >= clock_after(s->absent_since_ms, ABSENT_MS)) {
		s->absent_since_ms = CLOCK_NEVER;
		agentx_connect_fault(s->connect, &why);
		log_warn(TOKEN, "no AgentX master answers at %s: %s; it is tried on", s->address,
			why);
	}
}

void agentx_session_dispatch(
	struct agentx_session *s, const struct pollset *ps, uint64_t now_ms, bool busy)
{
	if (s->state == AGENTX_CONNECTING)
		connect_dispatch(s, ps, now_ms);
	if (s->state == AGENTX_CONTESTED && now_ms >= s->retry_at_ms && !busy) {
		register_again(&ldoms_mib);
		library_wake(&s->library);
		judge_registration(s, RETRY_MS);
	}
	follow_transport(s);
	if (!has_session(s))
		return;
	if (!busy)
		try_views(s, now_ms);
	look_for_answers(s, now_ms);
	if (now_ms >= s->ping_at_ms && !s->ping_out)
		send_ping(s, now_ms);
}
