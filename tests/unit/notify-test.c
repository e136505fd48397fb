/*
 * Notifications: what they say, how fast they go, and that every change is accounted for. The
 * session is this file's; the library only makes PDUs.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

#include "snmp/notify.h"
#include "snmp/session.h"
#include "snmp/library.h"
#include "tables/mib.h"
#include "tables/notify-queue.h"
#include "synthetic.h"
#include "util/clock.h"

/* --- the session ---------------------------------------------------------------------------- */

static struct agentx_session session;
static bool refuses;
static size_t n_sent, n_unanswered; /* ever; now */
static netsnmp_callback on_answer;
static void *magic_of_answer;
static char last[4096]; /* the last PDU as text */

/* Below the root, as ".1.3.1.4.7"; "" for names elsewhere. */
static size_t put_name(char *to, size_t room, const oid *name, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < ldoms_mib.root_length; i++)
		if (i == length || name[i] != ldoms_mib.root[i])
			return 0;
	for (size_t i = ldoms_mib.root_length; i < length; i++)
		n += (size_t)snprintf(to + n, room - n, ".%lu", name[i]);
	return n;
}

static size_t put_value(char *to, size_t room, const netsnmp_variable_list *vb)
{
	switch (vb->type) {
	case ASN_OBJECT_ID:
		return put_name(to, room, vb->val.objid, vb->val_len / sizeof(oid));
	case ASN_OCTET_STR:
		return (size_t)snprintf(
			to, room, "%.*s", (int)vb->val_len, (const char *)vb->val.string);
	default:
		return (size_t)snprintf(to, room, "%ld", *vb->val.integer);
	}
}

static void put_pdu(char *to, size_t room, const netsnmp_pdu *pdu)
{
	size_t n = 0;

	*to = '\0';
	for (const netsnmp_variable_list *vb = pdu->variables; vb; vb = vb->next_variable) {
		n += put_name(to + n, room - n, vb->name, vb->name_length);
		n += (size_t)snprintf(to + n, room - n, "=");
		n += put_value(to + n, room - n, vb);
		n += (size_t)snprintf(to + n, room - n, "\n");
	}
}

bool agentx_session_send(
	struct agentx_session *s, netsnmp_pdu *pdu, netsnmp_callback callback, void *magic)
{
	(void)s;
	if (refuses)
		return false;
	on_answer = callback;
	magic_of_answer = magic;
	n_sent++;
	n_unanswered++;
	put_pdu(last, sizeof(last), pdu);
	snmp_free_pdu(pdu);
	return true;
}

static void answer(size_t n, int op)
{
	netsnmp_pdu pdu = {.errstat = 0};

	for (; n > 0; n--) {
		assert_true(n_unanswered > 0);
		n_unanswered--;
		if (op == NETSNMP_CALLBACK_OP_TIMED_OUT)
			session.slow = true;
		on_answer(op, NULL, 0, &pdu, magic_of_answer);
	}
}

static void reconnect(void)
{
	session.epoch++;
	n_unanswered = 0;
	session.state = AGENTX_SERVING;
	session.slow = false;
}

/* --- the rest of the world ------------------------------------------------------------------ */

static struct agent_facts facts;
static struct notify_queue *notifier;
static struct inbox inbox;
static struct oplog *oplog;
static uint64_t now = 1000000;

static void look(void)
{
	oplog_view_unref(inbox.oplog);
	inbox.oplog = oplog_view(oplog);
	notify_queue_take(notifier, &inbox, now);
	inbox.changes_dropped = 0;
	assert_int_equal(inbox.changes.n, 0);
}

static int setup(void **state)
{
	(void)state;
	facts = (struct agent_facts){0};
	session = (struct agentx_session){.state = AGENTX_SERVING, .epoch = 1};
	refuses = false;
	n_sent = n_unanswered = 0;
	last[0] = '\0';
	inbox = (struct inbox){.status = {.link = LINK_UP}};
	if (oplog_new(&oplog) < 0 || notify_queue_new(&facts, &mib_list_default, &notifier) < 0)
		return -1;
	notify_queue_configure(notifier, true, 0);
	look();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	notify_queue_free(notifier);
	oplog_view_unref(inbox.oplog);
	change_list_clear(&inbox.changes);
	oplog_free(oplog);
	return 0;
}

static const struct domain *domain_of(
	uint32_t index, enum domain_state state, uint32_t vcpus, uint64_t megabytes)
{
	char name[32];
	struct domain *d;

	snprintf(name, sizeof(name), "ldg%u", index);
	assert_int_equal(domain_new(name, &d), 0);
	d->index = index;
	d->state = state;
	d->num_vcpu = vcpus;
	d->mem_bytes = megabytes << 20;
	return d;
}

static void add_change(enum change_kind kind, uint32_t index)
{
	struct change_list *l = &inbox.changes;

	l->changes = reallocarray(l->changes, l->n + 1, sizeof(l->changes[0]));
	assert_non_null(l->changes);
	l->changes[l->n++] = (struct change){
		.kind = kind,
		.flag = CHANGE_MODIFIED,
		.before = kind == CHANGE_CREATE ? NULL : domain_of(index, DOMAIN_BOUND, 4, 2048),
		.after = kind == CHANGE_DESTROY ? NULL : domain_of(index, DOMAIN_ACTIVE, 8, 4096),
		.resource = kind == CHANGE_VDS ? "vds_volume" : NULL,
		.object = kind >= CHANGE_VDS ? text("thing0") : NULL,
	};
}

static uint64_t waiting(void)
{
	return facts.notifications_due - facts.notifications_sent - facts.notifications_dropped -
	       facts.notifications_suppressed;
}

static void turn(void)
{
	notify_turn(notifier, &session, now);
}

static void drain(void)
{
	for (unsigned int i = 0; i < 1000 && waiting() > 0; i++) {
		turn();
		answer(n_unanswered, NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE);
	}
	assert_int_equal(waiting(), 0);
	assert_int_equal(notify_deadline(notifier, &session, now) == CLOCK_NEVER, true);
}

static void expect_counts(uint64_t sent, uint64_t dropped, uint64_t suppressed)
{
	assert_int_equal(facts.notifications_sent, sent);
	assert_int_equal(facts.notifications_dropped, dropped);
	assert_int_equal(facts.notifications_suppressed, suppressed);
	/* What is neither is in the queue, and waits for a turn. */
	assert_int_equal(waiting() > 0, notify_deadline(notifier, &session, now) != CLOCK_NEVER);
}

/* --- what they say -------------------------------------------------------------------------- */

#define HEAD(number) "=.0." number "\n.1.31.1.1.7=7\n.1.3.1.2.7=ldg7\n"
#define TAIL(words)  ".1.31.1.8.7=" words "\n"
#define DEVICE	     ".1.31.1.6.7=thing0\n.1.31.1.7.7=3\n"

static void test_contents(void **state)
{
	static const char *const wanted[_CHANGE_KIND_MAX] = {
		[CHANGE_CREATE] = HEAD("1") TAIL("domain ldg7 was created"),
		[CHANGE_DESTROY] = HEAD("2") TAIL("domain ldg7 was removed"),
		[CHANGE_STATE] = HEAD("3") ".1.3.1.4.7=1\n.1.31.1.2.7=6\n" TAIL(
			"domain ldg7 is active, was bound"),
		[CHANGE_VCPU] = HEAD("4") ".1.3.1.5.7=8\n.1.31.1.3.7=4\n" TAIL(
			"domain ldg7 has 8 virtual CPUs, had 4"),
		[CHANGE_VMEM] = HEAD("5") ".1.3.1.6.7=4096\n.1.31.1.4.7=2048\n"
					  ".1.3.1.7.7=2\n.1.31.1.5.7=2\n" TAIL(
						  "domain ldg7 has 4096 MB of memory, had 2048"),
		[CHANGE_VDS] = HEAD("6") DEVICE TAIL("volume thing0 of domain ldg7 was modified"),
		[CHANGE_VDISK] =
			HEAD("7") DEVICE TAIL("virtual disk thing0 of domain ldg7 was modified"),
		[CHANGE_VSW] =
			HEAD("8") DEVICE TAIL("virtual switch thing0 of domain ldg7 was modified"),
		[CHANGE_VNET] = HEAD("9")
			DEVICE TAIL("virtual network device thing0 of domain ldg7 was modified"),
		[CHANGE_VCC] = HEAD("10") DEVICE TAIL(
			"virtual console concentrator thing0 of domain ldg7 was modified"),
		[CHANGE_VCONS] = HEAD("11")
			DEVICE TAIL("virtual console thing0 of domain ldg7 was modified"),
		[CHANGE_DEGRADED] =
			HEAD("14") ".1.3.1.31.7=2\n" TAIL("domain ldg7 is not degraded any more"),
	};

	(void)state;
	for (int kind = 0; kind < _CHANGE_KIND_MAX; kind++) {
		add_change((enum change_kind)kind, 7);
		look();
		drain();
		assert_string_equal(last, wanted[kind]);
		assert_int_equal(n_sent, kind + 1);
	}
	expect_counts(_CHANGE_KIND_MAX, 0, 0);
}

static void test_migration(void **state)
{
	(void)state;
	add_change(CHANGE_CREATE, 7);
	inbox.changes.changes[0].migrated = true;
	look();
	drain();
	assert_string_equal(last, HEAD("1") TAIL("domain ldg7 arrived by migration"));
	add_change(CHANGE_DESTROY, 7);
	inbox.changes.changes[0].migrated = true;
	look();
	drain();
	assert_string_equal(last, HEAD("2") TAIL("domain ldg7 left by migration"));
}

/* --- how fast ------------------------------------------------------------------------------- */

static void test_window(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		add_change((enum change_kind)(i % _CHANGE_KIND_MAX), i % 128 + 1);
	look();
	assert_int_equal(waiting(), 10000);
	turn();
	turn();
	assert_int_equal(n_sent, NOTIFY_WINDOW);
	assert_true(notify_deadline(notifier, &session, now) > now);
	answer(3, NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE);
	assert_int_equal(notify_deadline(notifier, &session, now), now);
	turn();
	assert_int_equal(n_sent, NOTIFY_WINDOW + 3);
	assert_int_equal(n_unanswered, NOTIFY_WINDOW);
	drain();
	assert_int_equal(n_sent, 10000);
	expect_counts(10000, 0, 0);
}

static void test_overflow(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < NOTIFY_QUEUE + 123; i++)
		add_change(CHANGE_STATE, i + 1);
	inbox.changes_dropped = 1000;
	look();
	drain();
	expect_counts(NOTIFY_QUEUE, 1123, 0);
}

static void test_silent_master(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		add_change(CHANGE_STATE, i + 1);
	look();
	turn();
	answer(1, NETSNMP_CALLBACK_OP_TIMED_OUT);
	turn();
	assert_int_equal(n_sent, NOTIFY_WINDOW);
	session.slow = false;
	drain();
	expect_counts(200, 0, 0);
}

/* Pages that were touched for the first time, for one. */
static long faults(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_minflt;
}

/* Nothing but the taking counts: what a change is made of is the test's. */
static long faults_of_one(void)
{
	add_change(CHANGE_STATE, 7);
	long before = faults();
	look();
	long made = faults() - before;
	drain();
	return made;
}

/* The queue has 10,000 places; one at a time needs the memory of one. */
static void test_one_by_one(void **state)
{
	long made = 0;

	(void)state;
	for (unsigned int i = 0; i < NOTIFY_QUEUE; i++)
		made += faults_of_one();
	assert_in_range(made, 0, 50);
	expect_counts(NOTIFY_QUEUE, 0, 0);
}

/* --- what is lost, and what is not ---------------------------------------------------------- */

static void test_lost_session(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 60; i++)
		add_change(CHANGE_STATE, i + 1);
	look();
	turn();
	answer(20, NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE);
	session.state = AGENTX_CONNECTING;
	turn();
	assert_int_equal(n_sent, NOTIFY_WINDOW);
	reconnect();
	drain();
	assert_int_equal(n_sent, NOTIFY_WINDOW + 40);
	expect_counts(60, 0, 0);
}

/* Lost and found again between two turns. */
static void test_quick_reconnect(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 60; i++)
		add_change(CHANGE_STATE, i + 1);
	look();
	turn();
	reconnect();
	drain();
	assert_int_equal(n_sent, NOTIFY_WINDOW + 60);
	expect_counts(60, 0, 0);
}

static void test_old_news(void **state)
{
	(void)state;
	session.state = AGENTX_CONNECTING;
	add_change(CHANGE_STATE, 1);
	look();
	turn();
	uint64_t at = notify_deadline(notifier, &session, now);
	assert_true(at > now + 60000 && at < now + 3600000);
	now = at;
	add_change(CHANGE_STATE, 2);
	look();
	turn();
	assert_int_equal(waiting(), 1);
	reconnect();
	drain();
	expect_counts(1, 1, 0);
}

static void test_unsendable(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		add_change(CHANGE_STATE, i + 1);
	look();
	refuses = true;
	turn();
	expect_counts(0, 3, 0);
	refuses = false;
	for (uint32_t i = 0; i < 2; i++)
		add_change(CHANGE_STATE, i + 1);
	look();
	turn();
	add_change(CHANGE_STATE, 9);
	look();
	refuses = true;
	turn();
	assert_true(notify_deadline(notifier, &session, now) > now);
	answer(2, NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE);
	turn();
	expect_counts(2, 4, 0);
}

static void test_rate_limit(void **state)
{
	(void)state;
	notify_queue_configure(notifier, true, 10);
	for (unsigned int i = 0; i < 40; i++)
		add_change(CHANGE_STATE, 7);
	add_change(CHANGE_STATE, 8);
	add_change(CHANGE_VDISK, 7);
	look();
	drain();
	expect_counts(12, 0, 30);
	now += 59000;
	add_change(CHANGE_STATE, 7);
	look();
	expect_counts(12, 0, 31);
	now += 1000;
	add_change(CHANGE_STATE, 7);
	look();
	drain();
	expect_counts(13, 0, 31);
}

static void test_switched_off(void **state)
{
	(void)state;
	notify_queue_configure(notifier, false, 0);
	add_change(CHANGE_STATE, 7);
	inbox.changes_dropped = 5;
	inbox.status.link = LINK_DOWN;
	look();
	assert_int_equal(waiting(), 0);
	notify_queue_configure(notifier, true, 0);
	look();
	assert_int_equal(waiting(), 0);
	expect_counts(0, 0, 0);
}

/* --- operations and the link ---------------------------------------------------------------- */

static struct operation *operation_of(enum operation_status status, uint64_t started_ms)
{
	struct operation *o;

	assert_int_equal(operation_new(&o), 0);
	o->domain = text("ldg7");
	o->domain_index = 7;
	o->request = text("vcpus=8");
	o->status = status;
	o->started_ms = started_ms;
	return o;
}

static void finish_operation(uint32_t index, enum operation_status status)
{
	struct operation *o;

	look();
	assert_int_equal(operation_copy(oplog_view_find(inbox.oplog, index), &o), 0);
	o->status = status;
	o->message = text("no room");
	assert_int_equal(oplog_replace(oplog, &o, 1), 0);
}

static void test_operations(void **state)
{
	(void)state;
	struct operation *o = operation_of(OPERATION_RUNNING, 5);

	assert_int_equal(oplog_append(oplog, &o, 1), 0);
	uint32_t index = o->index;
	look();
	assert_int_equal(waiting(), 0);
	finish_operation(index, OPERATION_FAILED);
	look();
	look();
	drain();
	char *wanted;
	assert_true(asprintf(&wanted,
			    HEAD("12") ".1.3.1.27.7=%u\n.1.3.1.26.7=4\n" TAIL(
				    "vcpus=8 of ldg7: failed: no room"),
			    index) > 0);
	assert_string_equal(last, wanted);
	free(wanted);
	expect_counts(1, 0, 0);

	/* Begun and ended between two looks. */
	assert_int_equal(
		oplog_append(oplog, &(struct operation *){operation_of(OPERATION_SUCCEEDED, 6)}, 1),
		0);
	look();
	drain();
	expect_counts(2, 0, 0);
}

/* The last run's rows come when the other thread has read them. */
static void test_history(void **state)
{
	(void)state;
	struct operation *o = operation_of(OPERATION_SUCCEEDED, 0);
	struct operation *open = operation_of(OPERATION_RUNNING, 0);

	o->index = 40;
	open->index = 41;
	assert_int_equal(oplog_restore(oplog, o), 0);
	assert_int_equal(oplog_restore(oplog, open), 0);
	look();
	assert_int_equal(waiting(), 0);
	finish_operation(41, OPERATION_UNKNOWN);
	look();
	assert_int_equal(waiting(), 1);
}

static void see_link(enum link_state link, size_t wanted)
{
	inbox.status.link = link;
	look();
	drain();
	assert_int_equal(facts.notifications_sent, wanted);
}

static void test_link(void **state)
{
	(void)state;
	see_link(LINK_UP, 0);
	see_link(LINK_SLOW, 0);
	see_link(LINK_CONNECTING, 0);
	inbox.status.last_error = (char *)"refused";
	see_link(LINK_DOWN, 1);
	assert_string_equal(last, "=.0.13\n.1.1.5.0=3\n.1.1.7.0=refused\n");
	see_link(LINK_CONNECTING, 1);
	see_link(LINK_DOWN, 1);
	see_link(LINK_UP, 2);
	see_link(LINK_UNAUTHORISED, 3);
	inbox.status.last_error = NULL;
}

/* An agent that starts before ldmd has lost nothing. */
static void test_link_at_start(void **state)
{
	(void)state;
	notify_queue_free(notifier);
	assert_int_equal(notify_queue_new(&facts, &mib_list_default, &notifier), 0);
	notify_queue_configure(notifier, true, 0);
	see_link((enum link_state)0, 0);
	see_link(LINK_DOWN, 0);
	see_link(LINK_CONNECTING, 0);
	see_link(LINK_UP, 0);
	see_link(LINK_DOWN, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: later ones get memory that was used before. */
		TEST(test_one_by_one),
		TEST(test_contents),
		TEST(test_migration),
		TEST(test_window),
		TEST(test_overflow),
		TEST(test_silent_master),
		TEST(test_lost_session),
		TEST(test_quick_reconnect),
		TEST(test_old_news),
		TEST(test_unsendable),
		TEST(test_rate_limit),
		TEST(test_switched_off),
		TEST(test_operations),
		TEST(test_history),
		TEST(test_link),
		TEST(test_link_at_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
