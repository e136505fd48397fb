/*
 * Requests of an AgentX master as they come over the socket, SETs in any order of their phases
 * above all, through net-snmp's library into the whole SNMP side; an LDM thread that gives any
 * verdict at any time; sessions that break off.
 *
 * Each request that a master may send is answered exactly once. What is no valid PDU is sent only
 * with FUZZ_RAW=1, as the reading of PDUs is the library's.
 */
#include "fuzz.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "control/handover.h"
#include "master.h"
#include "snmp/agent.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/pollset.h"

const char fuzz_name[] = "set";

#define TRANSACTIONS 6	/* ids of a master's that are used at the same time */
#define WAITING_MAX  64 /* answers that are waited for */
#define STARTED_MAX  (2 * HANDOVER_PLANS)
#define SNAPSHOTS    3

/* Where a transaction is, as its master sees it. */
enum phase {
	PHASE_NONE,
	PHASE_TESTING, /* sent, not answered */
	PHASE_TESTED,
	PHASE_COMMITTING,
	PHASE_COMMITTED,
	PHASE_UNDOING,
	PHASE_ENDED,
	PHASE_WILD, /* the phases came in an order that no master has: anything may happen */
};

static const uint32_t root[] = {LDOMS_MIB_ROOT_ARCS};
#define ROOT_BEHIND_PREFIX 5 /* 1.3.6.1.4 is the prefix */

static struct {
	struct master *master;
	struct snmp_agent *agent;
	struct handover *handover;
	const struct snapshot *snapshots[SNAPSHOTS];
	struct pollset ps;
	int fd; /* of the session, or -1 */
	uint32_t session, packet, transaction;
	struct buffer in;
	struct {
		uint32_t packet;
		uint8_t slot;
	} waiting[WAITING_MAX]; /* what must be answered */
	size_t n_waiting;
	enum phase phases[TRANSACTIONS];
	bool raw;
	struct transaction *started[STARTED_MAX]; /* what the LDM thread has */
	size_t n_started;
} f;

/* --- pictures ------------------------------------------------------------------------------- */

static const struct domain *make_domain(uint32_t index, unsigned which)
{
	static const enum domain_state states[] = {
		DOMAIN_ACTIVE, DOMAIN_BOUND, DOMAIN_INACTIVE, DOMAIN_STOPPING, DOMAIN_ACTIVE};
	_cleanup_free_ char *name = NULL;
	struct domain *d;

	FUZZ_CHECK(asprintf(&name, "ldom%u", index) > 0);
	FUZZ_CHECK(domain_new(index == 1 ? "primary" : name, &d) == 0);
	d->index = index;
	d->state = states[(index + which) % 5];
	d->num_vcpu = 8 * index;
	d->mem_bytes = (uint64_t)index << 32;
	d->roles = index == 1 ? DOMAIN_CONTROL : DOMAIN_GUEST;
	d->pending = index == 1 && which == 2;
	return d;
}

static const struct snapshot *make_snapshot(unsigned which)
{
	const struct snapshot facts = {
		.serial = which + 1,
		.taken_ms = clock_ms(),
		.next_index = 8,
		.pools = {.known = true,
			.vcpus = {.total = 256, .free = 64},
			.memory_bytes = {(uint64_t)256 << 30, (uint64_t)64 << 30},
			.crypto = {.total = 16, .free = 4}},
	};
	const struct domain *domains[6];
	const struct snapshot *s;
	size_t n = 0;

	for (uint32_t i = 1; i <= 6; i++)
		if (which != 1 || i != 3)
			domains[n++] = make_domain(i, which);
	FUZZ_CHECK(snapshot_new(&facts, domains, n, NULL, &s) == 0);
	for (size_t i = 0; i < n; i++)
		domain_unref(domains[i]);
	return s;
}

/* --- turns ---------------------------------------------------------------------------------- */

static void turn(int timeout_ms)
{
	pollset_reset(&f.ps);
	FUZZ_CHECK(snmp_agent_prepare(f.agent, &f.ps, clock_ms()) == 0);
	(void)poll(f.ps.fds, f.ps.n, timeout_ms);
	snmp_agent_dispatch(f.agent, &f.ps, clock_ms());
}

static void receive(void);

/*
 * In steps: the library sends each request to itself first, and drops one that it cannot answer
 * itself within seconds.
 */
static void pass(uint32_t ms)
{
	for (; ms > 0; ms -= ms < 500 ? ms : 500) {
		fuzz_advance_clock(ms < 500 ? ms : 500);
		turn(0);
		receive();
	}
}

static void session_lost(void)
{
	if (f.fd >= 0)
		close(f.fd);
	f.fd = -1;
	f.n_waiting = 0;
	memset(f.phases, 0, sizeof(f.phases));
	buffer_clear(&f.in);
}

static void connect_agent(void)
{
	master_serve(f.master);
	for (int i = 0; strcmp(snmp_agent_status(f.agent), "serving") != 0; i++) {
		FUZZ_CHECK(i < 5000);
		turn(1);
		if (i > 20)
			fuzz_advance_clock(100);
	}
	buffer_clear(&f.in);
	f.fd = master_take(f.master, &f.session, &f.in);
}

static void next_phase(uint8_t slot, bool error)
{
	if (slot >= TRANSACTIONS)
		return;
	if (f.phases[slot] == PHASE_TESTING)
		f.phases[slot] = error ? PHASE_ENDED : PHASE_TESTED;
	else if (f.phases[slot] == PHASE_COMMITTING)
		f.phases[slot] = PHASE_COMMITTED;
	else if (f.phases[slot] == PHASE_UNDOING)
		f.phases[slot] = PHASE_ENDED;
}

static void answered(uint32_t packet, bool error)
{
	for (size_t i = 0; i < f.n_waiting; i++) {
		if (f.waiting[i].packet == packet) {
			next_phase(f.waiting[i].slot, error);
			f.waiting[i] = f.waiting[--f.n_waiting];
			return;
		}
	}
}

static void run_wild(uint8_t slot)
{
	f.phases[slot] = PHASE_WILD;
	for (size_t i = f.n_waiting; i > 0; i--)
		if (f.waiting[i - 1].slot == slot)
			f.waiting[i - 1] = f.waiting[--f.n_waiting];
}

static void wait_for(uint32_t packet, uint8_t slot)
{
	FUZZ_CHECK(f.n_waiting < WAITING_MAX);
	f.waiting[f.n_waiting].packet = packet;
	f.waiting[f.n_waiting++].slot = slot;
}

static void send_buffer(const struct buffer *b)
{
	if (f.fd >= 0 && send(f.fd, buffer_data(b), b->len, MSG_NOSIGNAL) != (ssize_t)b->len)
		session_lost();
}

/* What the subagent asks is granted. */
static void grant(const struct agentx_header *h)
{
	struct buffer out = BUFFER_EMPTY;

	agentx_put_answer(&out, h, f.session);
	send_buffer(&out);
	buffer_clear(&out);
}

static void receive(void)
{
	struct agentx_header h;
	char *room;

	while (f.fd >= 0) {
		FUZZ_CHECK(buffer_reserve(&f.in, 65536, &room) == 0);
		ssize_t n = recv(f.fd, room, 65536, MSG_DONTWAIT);
		if (n == 0)
			session_lost();
		if (n <= 0)
			break;
		buffer_commit(&f.in, (size_t)n);
	}
	while (agentx_next(&f.in, &h)) {
		/* sysUpTime, error, index */
		const char *body = buffer_data(&f.in) + AGENTX_HEADER_SIZE;
		bool error = h.length >= 8 && (body[4] || body[5]);

		/* First, as the session may be lost within. */
		buffer_consume(&f.in, AGENTX_HEADER_SIZE + h.length);
		if (h.type == AGENTX_RESPONSE)
			answered(h.packet, error);
		else
			grant(&h);
	}
}

static void turns(int n)
{
	for (int i = 0; i < n; i++) {
		turn(0);
		receive();
	}
}

/* --- requests ------------------------------------------------------------------------------- */

static size_t put_suffix(struct fuzz_input *in, uint32_t *arcs, size_t n)
{
	uint8_t how = fuzz_byte(in);

	if (how < 160) { /* a cell of ldomTable, mostly of a row that is there */
		arcs[n++] = 1;
		arcs[n++] = 3;
		arcs[n++] = 1;
		arcs[n++] = fuzz_byte(in) % 32;
		arcs[n++] = how % 10;
		return n;
	}
	for (uint32_t more = how % 16; more > 0; more--)
		arcs[n++] = how & 16 ? fuzz_u32(in) : fuzz_byte(in) % 32;
	return n;
}

static void put_name(struct fuzz_input *in, bool network, struct buffer *b)
{
	uint32_t arcs[64];
	size_t n = 0;
	uint8_t how = fuzz_byte(in);

	/* Sometimes not all of the root. */
	for (size_t i = ROOT_BEHIND_PREFIX; i < ARRAY_SIZE(root) - (how > 250); i++)
		arcs[n++] = root[i];
	n = put_suffix(in, arcs, n);
	agentx_put_oid(b, network, arcs, n, how & 1);
}

static void put_value(struct fuzz_input *in, uint8_t type, bool network, struct buffer *b)
{
	static const uint32_t arcs[] = {1, 2, 3};
	const uint8_t *octets;
	size_t n;

	switch (type) {
	case 4:
	case 68:
		octets = fuzz_bytes(in, fuzz_byte(in), &n);
		agentx_put_octets(b, network, octets, n);
		break;
	case 64:
		agentx_put_octets(b, network, "\x7f\0\0\1", 4);
		break;
	case 5:
		break;
	case 6:
		agentx_put_oid(b, network, arcs, ARRAY_SIZE(arcs), false);
		break;
	case 70:
		agentx_put_u32(b, network, 0);
		__attribute__((fallthrough));
	default:
		agentx_put_u32(b, network, fuzz_byte(in) < 200 ? fuzz_byte(in) : fuzz_u32(in));
	}
}

static void put_varbinds(struct fuzz_input *in, bool network, struct buffer *b)
{
	static const uint8_t types[] = {2, 66, 4, 2, 66, 66, 4, 2, 5, 6, 64, 65, 67, 68, 70};

	for (uint32_t n = 1 + fuzz_byte(in) % 6; n > 0; n--) {
		uint8_t type = types[fuzz_byte(in) % ARRAY_SIZE(types)];

		agentx_put_u16(b, network, type);
		agentx_put_u16(b, network, 0);
		put_name(in, network, b);
		put_value(in, type, network, b);
	}
}

static void put_ranges(struct fuzz_input *in, uint8_t type, bool network, struct buffer *b)
{
	uint8_t shape = fuzz_byte(in);

	if (type == AGENTX_GETBULK) {
		agentx_put_u16(b, network, shape % 4);
		agentx_put_u16(b, network, fuzz_byte(in) % 50);
	}
	for (uint32_t n = 1 + shape % 5; n > 0; n--) {
		put_name(in, network, b);
		if (shape & 64)
			put_name(in, network, b);
		else
			FUZZ_CHECK(buffer_append(b, "\0\0\0\0", 4) == 0);
	}
}

static bool is_under_way(uint8_t slot)
{
	for (size_t i = 0; i < f.n_waiting; i++)
		if (f.waiting[i].slot == slot)
			return true;
	return false;
}

/* Notes what a master waits for; in an order that no master has, for nothing more. */
static void expect(uint8_t type, uint8_t slot, uint32_t packet)
{
	static const struct {
		uint8_t type;
		enum phase from, to;
	} steps[] = {
		{AGENTX_TESTSET, PHASE_NONE, PHASE_TESTING},
		{AGENTX_COMMITSET, PHASE_TESTED, PHASE_COMMITTING},
		{AGENTX_UNDOSET, PHASE_COMMITTED, PHASE_UNDOING},
		{AGENTX_CLEANUPSET, PHASE_TESTED, PHASE_ENDED},
		{AGENTX_CLEANUPSET, PHASE_COMMITTED, PHASE_ENDED},
		{AGENTX_CLEANUPSET, PHASE_ENDED, PHASE_ENDED},
	};

	if (type < AGENTX_TESTSET) {
		wait_for(packet, TRANSACTIONS);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].type != type || steps[i].from != f.phases[slot])
			continue;
		f.phases[slot] = steps[i].to;
		if (type != AGENTX_CLEANUPSET)
			wait_for(packet, slot);
		return;
	}
	run_wild(slot);
}

/* What is delegated is answered by now, whatever the LDM thread does. */
static void let_time_pass(void)
{
	turns(2);
	fuzz_advance_clock(500);
	turns(3);
}

static void send_pdu(struct fuzz_input *in, const struct buffer *pdu)
{
	uint8_t how = fuzz_byte(in);
	size_t first = how % 16 == 0 ? how % (pdu->len + 1) : pdu->len;
	struct buffer part = {.bytes = pdu->bytes, .start = pdu->start, .len = first};

	send_buffer(&part);
	if (first == pdu->len)
		return;
	/* Nothing is received: what would be answered must not get in between. */
	turn(0);
	part.start += first;
	part.len = pdu->len - first;
	send_buffer(&part);
}

/*
 * A master waits for the answer to one phase before it sends the next of the same PDU; all it does
 * is to send CommitSet again. The library relies on that: it frees what both would need. So phases
 * come in any order here, but one by one.
 */
static void send_in_order(struct fuzz_input *in, const struct agentx_header *h, uint8_t slot,
	const struct buffer *pdu)
{
	bool again = h->type == AGENTX_COMMITSET && f.phases[slot] == PHASE_COMMITTING;

	if (h->type > AGENTX_TESTSET && !again && is_under_way(slot))
		let_time_pass();
	expect(h->type, slot, h->packet);
	send_pdu(in, pdu);
	/* It has no answer that could be waited for. */
	if (h->type == AGENTX_CLEANUPSET)
		turns(2);
	if (h->type >= AGENTX_TESTSET && f.phases[slot] == PHASE_WILD)
		let_time_pass();
}

static void request(struct fuzz_input *in, uint8_t type)
{
	_cleanup_(buffer_clear) struct buffer body = BUFFER_EMPTY, pdu = BUFFER_EMPTY;
	uint8_t how = fuzz_byte(in), slot = how % TRANSACTIONS;
	bool network = !(how & 64);

	/* No master has that many out, and sockets have an end. */
	if (f.n_waiting > WAITING_MAX - 2)
		turns(2);
	if (f.n_waiting > WAITING_MAX - 2)
		return;
	struct agentx_header h = {
		.type = type,
		.flags = network ? AGENTX_NETWORK_BYTE_ORDER : 0,
		.session = f.session,
		.transaction = f.transaction + slot,
		.packet = ++f.packet,
	};

	if (type == AGENTX_TESTSET)
		put_varbinds(in, network, &body);
	else if (type < AGENTX_TESTSET)
		put_ranges(in, type, network, &body);
	h.length = (uint32_t)body.len;
	agentx_put(&pdu, &h, &body);
	send_in_order(in, &h, slot, &pdu);
}

/* Bytes that are no PDU, or one with a wrong length or type. */
static void send_raw(struct fuzz_input *in)
{
	_cleanup_(buffer_clear) struct buffer body = BUFFER_EMPTY, pdu = BUFFER_EMPTY;
	struct agentx_header h = {.session = f.session, .packet = ++f.packet};
	size_t n;

	if (!f.raw)
		return;
	h.type = fuzz_byte(in) % 20;
	h.flags = fuzz_byte(in);
	h.transaction = f.transaction + fuzz_byte(in) % TRANSACTIONS;
	const uint8_t *octets = fuzz_bytes(in, fuzz_byte(in), &n);
	FUZZ_CHECK(buffer_append(&body, octets, n) == 0);
	h.length = fuzz_byte(in) < 200 ? (uint32_t)n : fuzz_u32(in);
	agentx_put(&pdu, &h, &body);
	send_buffer(&pdu);
	/* The library is free to drop what it does not understand, and what follows. */
	f.n_waiting = 0;
}

/* --- the LDM thread ------------------------------------------------------------------------- */

static void take_orders(void)
{
	struct handover_order o;

	while (handover_next_order(f.handover, &o)) {
		if (!o.transaction)
			continue;
		FUZZ_CHECK(f.n_started < STARTED_MAX && o.transaction->n_parts > 0);
		f.started[f.n_started++] = o.transaction;
	}
}

static void update_rows(const struct transaction *t, uint8_t status)
{
	const struct oplog_view *v = handover_oplog(f.handover);

	for (size_t i = 0; i < t->n_parts; i++) {
		const struct operation *old = oplog_view_find(v, t->parts[i].operation);
		struct operation *o;

		if (!old || operation_copy(old, &o) < 0)
			continue;
		o->status = (enum operation_status)(2 + status % 8);
		(void)handover_report(f.handover, &o, 1, NULL);
	}
	oplog_view_unref(v);
}

static void forget_started(size_t i)
{
	transaction_unref(f.started[i]);
	f.started[i] = f.started[--f.n_started];
}

static void give_verdict(struct fuzz_input *in)
{
	uint8_t how = fuzz_byte(in);
	struct verdict v = {
		.outcome = (enum set_outcome)((how & 31) % _OUTCOME_MAX),
		.culprit = how >> 5,
	};

	take_orders();
	if (f.n_started == 0)
		return;
	size_t i = fuzz_byte(in) % f.n_started;
	v.transaction = f.started[i]->id;
	update_rows(f.started[i], how);
	handover_post_verdict(f.handover, &v);
	if (outcome_settled(v.outcome))
		forget_started(i);
}

static void settle_all(void)
{
	take_orders();
	while (f.n_started > 0) {
		const struct verdict v = {
			.transaction = f.started[0]->id, .outcome = OUTCOME_TAKEN_BACK};

		update_rows(f.started[0], OPERATION_SUCCEEDED - OPERATION_RUNNING);
		handover_post_verdict(f.handover, &v);
		forget_started(0);
	}
}

static void publish(uint8_t how)
{
	static const enum link_state links[] = {LINK_UP, LINK_UP, LINK_SLOW, LINK_DOWN};
	const struct ldm_status status = {
		.link = links[how >> 4 & 3], .last_good_ms = clock_ms(), .interval_ms = 5000};
	struct change_list changes = {.n = 0};
	uint64_t dropped = 0;
	const struct snapshot *s = f.snapshots[how % SNAPSHOTS];

	(void)snapshot_diff(f.snapshots[how / 4 % SNAPSHOTS], s, 100, &changes, &dropped);
	handover_publish_snapshot(f.handover, s);
	handover_post_changes(f.handover, &changes, dropped);
	change_list_clear(&changes);
	FUZZ_CHECK(handover_publish_status(f.handover, &status) == 0);
}

/* --- one input ------------------------------------------------------------------------------ */

static void act(struct fuzz_input *in)
{
	uint8_t what = fuzz_byte(in);

	switch (what % 16) {
	case 0:
		give_verdict(in);
		break;
	case 1:
		publish(fuzz_byte(in));
		break;
	case 2:
		if (what & 128)
			pass(fuzz_byte(in) * 100u);
		else
			fuzz_advance_clock(fuzz_byte(in) * 5u);
		break;
	case 3:
		turns(1 + what / 64);
		break;
	case 4:
		if (what == 4)
			session_lost();
		break;
	case 5:
		send_raw(in);
		break;
	default:
		/* Get to CleanupSet, SETs more often. */
		request(in, (uint8_t)(what % 16 < 13 ? what % 16 - 1 : AGENTX_TESTSET));
		if (what & 128)
			turns(1);
	}
	if (f.fd < 0) {
		turns(2);
		connect_agent();
	}
}

/* Everything ends: time passes, the master cleans up, the LDM thread settles. */
static void finish(void)
{
	struct fuzz_input none = {.left = 0};

	/* The library takes one message of its own in each turn. */
	turns(3 + (int)f.n_waiting);
	fuzz_advance_clock(900);
	turns(4 + (int)f.n_waiting);
	FUZZ_CHECK(f.fd < 0 || f.n_waiting == 0);
	for (uint8_t slot = 0; slot < TRANSACTIONS && f.fd >= 0; slot++) {
		const uint8_t how[] = {slot, 1};

		none = (struct fuzz_input){how, sizeof(how)};
		request(&none, AGENTX_CLEANUPSET);
		turns(1);
	}
	settle_all();
	turns(2);
	settle_all();
	turns(1);
	f.transaction += TRANSACTIONS;
	f.n_waiting = 0;
	memset(f.phases, 0, sizeof(f.phases));
}

static void put_up(void)
{
	_cleanup_free_ char *path = NULL, *address = NULL;

	FUZZ_CHECK(setenv("MIBS", "", 1) == 0 && setenv("MIBDIRS", "", 1) == 0);
	FUZZ_CHECK(asprintf(&path, "%s/agentx", fuzz_directory()) > 0);
	FUZZ_CHECK(asprintf(&address, "unix:%s", path) > 0);
	const struct backend_config config = {.version = "0",
		.refresh_interval_ms = 5000,
		.set_wait_ms = 400,
		.notifications = true};
	f.ps = POLLSET_EMPTY;
	f.raw = getenv("FUZZ_RAW") != NULL;
	FUZZ_CHECK(handover_new(&f.handover) == 0);
	for (unsigned i = 0; i < SNAPSHOTS; i++)
		f.snapshots[i] = make_snapshot(i);
	publish(0);
	f.master = master_new(path);
	FUZZ_CHECK(snmp_agent_new(address, NULL, &config, f.handover, &f.agent) == 0);
	connect_agent();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};

	if (!f.agent)
		put_up();
	if (f.fd < 0)
		connect_agent();
	publish(0);
	while (in.left > 0)
		act(&in);
	finish();
	return 0;
}
