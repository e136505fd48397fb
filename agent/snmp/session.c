/*
 * See session.h. The states are those of enum agentx_state; set_state() is where they change.
 */
#include "config.h"

#include "snmp/session.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "snmp/gate.h"
#include "snmp/library.h"
#include "snmp/probe.h"
#include "snmp/varbind.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/pollset.h"

#define TOKEN "agentx"

/*
 * The library's reconnect alarm, in seconds: more than an attempt takes (SESSION_TIMEOUT_US in
 * library.c). It may fire while the probe's answer is that young.
 */
#define RECONNECT_S 1
#define ALIVE_MS    1500
/* No master for that long is worth a line in the log. */
#define ABSENT_MS 2000
/* Own Pings while connected: only to learn that the master closed the session on its side. */
#define PING_MS 15000
/* The same while it does not answer. */
#define SLOW_PING_MS 2000
/* A refused registration is tried again after 1 s, 2 s, ... 30 s. */
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 30000
/* A registration that took as long as the session's time-out was not answered. */
#define UNANSWERED_MS 900

/* RFC 2741 6.1.1; the library's header is not installed. */
#define AGENTX_PING	13
#define AGENTX_NOT_OPEN 257

struct agentx_session {
	char *address;
	struct probe *probe;
	netsnmp_session *library; /* between INDEX_START and INDEX_STOP */
	enum agentx_state state;
	uint32_t epoch;
	uint64_t uptime_zero_ms;
	bool refused; /* since the last attempt to register */
	bool lost;
	uint64_t absent_since_ms; /* without a session; CLOCK_NEVER: told already, or not without */
	bool connected_once;
	uint64_t alive_until_ms; /* the probe was answered */
	bool opened;		 /* since the last turn */
	uint64_t opened_ms;
	uint64_t retry_ms, retry_at_ms;
	uint64_t ping_at_ms;
	bool ping_out;
	bool slow; /* something was not answered in time, and nothing has been since */
};

static void set_library_interval(int seconds)
{
	netsnmp_ds_set_int(
		NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, seconds);
}

const char *agentx_state_name(enum agentx_state state)
{
	switch (state) {
	case AGENTX_DISCONNECTED:
		return "disconnected";
	case AGENTX_SERVING:
		return "serving";
	case AGENTX_CONTESTED:
		return "contested";
	}
	return "?";
}

static void set_state(struct agentx_session *s, enum agentx_state state)
{
	if (s->state == state)
		return;
	s->state = state;
	switch (state) {
	case AGENTX_DISCONNECTED:
		log_warn(TOKEN, "lost the AgentX master at %s", s->address);
		break;
	case AGENTX_SERVING:
		log_notice(TOKEN, "serving %s through the AgentX master at %s", LDOMS_MIB_ROOT,
			s->address);
		break;
	case AGENTX_CONTESTED:
		log_warn(TOKEN, "the AgentX master refuses %s: another session holds it",
			LDOMS_MIB_ROOT);
		break;
	}
}

/* --- callbacks of the library --------------------------------------------------------------- */

static int on_log(int major, int minor, void *serverarg, void *clientarg)
{
	(void)major, (void)minor;
	const struct snmp_log_message *m = serverarg;
	struct agentx_session *s = clientarg;

	if (strncmp(m->msg, LIBRARY_REFUSED_LINE, strlen(LIBRARY_REFUSED_LINE)) == 0)
		s->refused = true;
	return 0;
}

/* The session is open; what is registered follows, before the library comes back to us. */
static int on_open(int major, int minor, void *serverarg, void *clientarg)
{
	(void)major, (void)minor;
	struct agentx_session *s = clientarg;

	s->library = serverarg;
	if (gate_install(s->library) < 0)
		log_warn(TOKEN, "no memory for the gate; the library answers as it does");
	s->absent_since_ms = CLOCK_NEVER;
	s->epoch++;
	s->refused = false;
	s->opened = true;
	s->opened_ms = clock_ms();
	s->uptime_zero_ms = s->opened_ms - (uint64_t)netsnmp_get_agent_uptime() * 10;
	s->ping_at_ms = s->opened_ms + PING_MS;
	s->ping_out = false;
	s->slow = false;
	/* No Pings of the library's: it would drop a session that is merely slow. */
	set_library_interval(0);
	return 0;
}

static int on_close(int major, int minor, void *serverarg, void *clientarg)
{
	(void)major, (void)minor, (void)serverarg;
	struct agentx_session *s = clientarg;

	s->library = NULL;
	s->lost = true;
	s->absent_since_ms = clock_ms();
	set_state(s, AGENTX_DISCONNECTED);
	return 0;
}

/* --- making and unmaking -------------------------------------------------------------------- */

int agentx_session_new(const char *address, struct agentx_session **ret)
{
	struct agentx_session *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->state = AGENTX_DISCONNECTED;
	s->absent_since_ms = clock_ms();
	s->address = strdup(address);
	int r = s->address ? probe_new(address, &s->probe) : -ENOMEM;
	if (r < 0) {
		agentx_session_free(s);
		return r;
	}
	set_library_interval(RECONNECT_S);
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, s);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_open, s);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_close, s);
	*ret = s;
	return 0;
}

void agentx_session_detach(struct agentx_session *s)
{
	snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, s, 1);
	snmp_unregister_callback(
		SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_open, s, 1);
	snmp_unregister_callback(
		SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_close, s, 1);
}

void agentx_session_free(struct agentx_session *s)
{
	if (!s)
		return;
	probe_free(s->probe);
	free(s->address);
	free(s);
}

/* --- registration ---------------------------------------------------------------------------- */

/*
 * Asks the master again; locally nothing changes, so no request that is open is disturbed. Without
 * an Unregister before it: net-snmp's master would take the root away from whoever holds it.
 */
static void register_again(struct agentx_session *s)
{
	oid name[MAX_OID_LEN];
	memcpy(name, mib_root, mib_root_length * sizeof(oid));
	struct register_parameters p = {
		.name = name,
		.namelen = mib_root_length,
		.priority = DEFAULT_MIB_PRIORITY,
		.timeout = 0,
	};

	s->refused = false;
	snmp_call_callbacks(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_REGISTER_OID, &p);
}

/* The library notices the end of the stream by itself and tidies up. */
static void hang_up(const struct agentx_session *s)
{
	netsnmp_transport *t = snmp_sess_transport(snmp_sess_pointer(s->library));
	if (t)
		shutdown(t->sock, SHUT_RDWR);
}

static void refused(struct agentx_session *s, uint64_t now_ms)
{
	set_state(s, AGENTX_CONTESTED);
	s->retry_ms = s->retry_ms ? s->retry_ms * 2 : RETRY_MIN_MS;
	if (s->retry_ms > RETRY_MAX_MS)
		s->retry_ms = RETRY_MAX_MS;
	s->retry_at_ms = now_ms + s->retry_ms;
}

static void judge_registration(struct agentx_session *s, uint64_t began_ms, uint64_t now_ms)
{
	if (!s->library)
		return;
	if (s->refused) {
		refused(s, now_ms);
	} else if (now_ms - began_ms >= UNANSWERED_MS) {
		/* Whether it is registered or not: only a new session can tell. */
		hang_up(s);
	} else {
		set_state(s, AGENTX_SERVING);
		s->retry_ms = 0;
	}
}

static void retry_registration(struct agentx_session *s, uint64_t now_ms)
{
	register_again(s);
	judge_registration(s, now_ms, clock_ms());
}

/* --- Ping ----------------------------------------------------------------------------------- */

static void set_slow(struct agentx_session *s, bool slow, uint64_t now_ms)
{
	if (s->slow == slow)
		return;
	s->slow = slow;
	log_info(TOKEN,
		slow ? "the AgentX master does not answer" : "the AgentX master answers again");
	if (slow)
		s->ping_at_ms = now_ms;
}

void agentx_session_note_answer(struct agentx_session *s, int op, const netsnmp_pdu *pdu)
{
	if (!s->library)
		return;
	if (op == NETSNMP_CALLBACK_OP_TIMED_OUT) {
		set_slow(s, true, clock_ms());
	} else if (op == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE) {
		set_slow(s, false, clock_ms());
		if (pdu->errstat == AGENTX_NOT_OPEN) {
			log_info(TOKEN, "the AgentX master closed our session");
			hang_up(s);
		}
	}
}

static int on_ping(int op, netsnmp_session *library, int reqid, netsnmp_pdu *pdu, void *magic)
{
	(void)reqid;
	struct agentx_session *s = magic;

	if (library == s->library) {
		s->ping_out = false;
		agentx_session_note_answer(s, op, pdu);
	}
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
	if (!s->library)
		return false;
	pdu->sessid = s->library->sessid;
	return snmp_async_send(s->library, pdu, callback, magic) != 0;
}

bool agentx_session_answers(const struct agentx_session *s)
{
	return s->library && !s->slow;
}

/* --- turns ---------------------------------------------------------------------------------- */

enum agentx_state agentx_session_state(const struct agentx_session *s)
{
	return s->state;
}

uint32_t agentx_session_epoch(const struct agentx_session *s)
{
	return s->epoch;
}

uint64_t agentx_session_uptime_zero(const struct agentx_session *s)
{
	return s->uptime_zero_ms;
}

bool agentx_session_take_lost(struct agentx_session *s)
{
	bool was = s->lost;
	s->lost = false;
	return was;
}

bool agentx_session_wants_timers(const struct agentx_session *s, uint64_t now_ms)
{
	return s->library || now_ms < s->alive_until_ms;
}

int agentx_session_prepare(struct agentx_session *s, struct pollset *ps, uint64_t now_ms)
{
	if (s->opened) {
		pollset_deadline(ps, now_ms);
		return 0;
	}
	if (s->library) {
		if (s->state == AGENTX_CONTESTED)
			pollset_deadline(ps, s->retry_at_ms);
		pollset_deadline(ps, s->ping_at_ms);
		return 0;
	}
	pollset_deadline(ps, clock_after(s->absent_since_ms, ABSENT_MS));
	if (now_ms < s->alive_until_ms)
		return 0;
	probe_start(s->probe, now_ms);
	return probe_prepare(s->probe, ps);
}

/* The first time, the library starts up and connects; later its reconnect alarm does it. */
static void master_answered(struct agentx_session *s, uint64_t now_ms)
{
	s->alive_until_ms = now_ms + ALIVE_MS;
	if (s->connected_once)
		return;
	s->connected_once = true;
	library_connect();
}

static void after_open(struct agentx_session *s)
{
	s->opened = false;
	s->alive_until_ms = 0;
	probe_stop(s->probe);
	/* For the reconnect alarm of the next disconnect. */
	set_library_interval(RECONNECT_S);
	s->retry_ms = 0;
	judge_registration(s, s->opened_ms, clock_ms());
}

static void tell_absence(struct agentx_session *s, uint64_t now_ms)
{
	if (now_ms < clock_after(s->absent_since_ms, ABSENT_MS))
		return;
	s->absent_since_ms = CLOCK_NEVER;
	log_warn(TOKEN, "no AgentX master answers at %s; it is tried on", s->address);
}

void agentx_session_dispatch(
	struct agentx_session *s, const struct pollset *ps, uint64_t now_ms, bool busy)
{
	if (!s->library) {
		probe_dispatch(s->probe, ps, now_ms);
		if (probe_take_answer(s->probe))
			master_answered(s, now_ms);
		tell_absence(s, now_ms);
	}
	if (agentx_session_wants_timers(s, now_ms))
		run_alarms();
	if (s->opened)
		after_open(s);
	if (!s->library)
		return;
	if (s->state == AGENTX_CONTESTED && now_ms >= s->retry_at_ms && !busy)
		retry_registration(s, now_ms);
	if (now_ms >= s->ping_at_ms && !s->ping_out)
		send_ping(s, now_ms);
}
