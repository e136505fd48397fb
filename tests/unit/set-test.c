/*
 * The phases of a SET as the library calls them, with the real agent/control/ behind them and this
 * test in the place of the ldm thread: when is what answered, and on which varbind.
 */
#include "config.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "control-fixture.h"
#include "control/handover.h"
#include "snmp/set.h"
#include "snmp/library.h"
#include "util/clock.h"

/* Where the library looks for requests that wait (agent/snmp_agent.c). */
extern netsnmp_agent_session *agent_delegated_list;

#define CPUS	 5
#define MEMORY	 6
#define ADMIN	 3
#define SET_WAIT 400

struct bed {
	struct handover *handover;
	struct backend backend; /* view, inbox, facts, control */
	struct set_phases sets;
	uint32_t transaction;
	/* The PDU that is under way. */
	netsnmp_pdu pdu;
	netsnmp_agent_session session;
	netsnmp_agent_request_info info;
	netsnmp_request_info requests[4];
	size_t n;
};

static void receive(struct bed *b)
{
	assert_int_equal(handover_receive(b->handover, &b->backend.inbox), 0);
	control_receive(b->backend.control, &b->backend.inbox, b->backend.view.now_ms);
	b->backend.view.snapshot = b->backend.inbox.snapshot;
	b->backend.view.operations = b->backend.inbox.oplog;
	b->backend.view.status = &b->backend.inbox.status;
}

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	struct domain *rows[] = {
		make_domain(1, "primary", DOMAIN_ACTIVE, 8, 8192, 0),
		make_domain(2, "ldg1", DOMAIN_ACTIVE, 4, 4096, 0),
		make_domain(3, "ldg2", DOMAIN_BOUND, 4, 4096, 0),
	};
	const struct snapshot *s = make_snapshot(rows, 3, 64, 32768, 8, 4);
	const struct ldm_status up = {.link = LINK_UP};
	const struct control_config config = {.set_wait_ms = SET_WAIT};

	assert_non_null(b);
	assert_int_equal(handover_new(&b->handover), 0);
	handover_publish_snapshot(b->handover, s);
	snapshot_unref(s);
	assert_int_equal(handover_publish_status(b->handover, &up), 0);
	assert_int_equal(control_new(&config, b->handover, &b->backend.control), 0);
	b->backend.facts.set_wait_ms = SET_WAIT;
	b->sets.backend = &b->backend;
	b->backend.view = (struct view){.facts = &b->backend.facts, .now_ms = 5000};
	receive(b);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	agent_delegated_list = NULL;
	for (size_t i = 0; i < b->n; i++)
		snmp_free_varbind(b->requests[i].requestvb);
	set_phases_clear(&b->sets);
	control_free_all(b->backend.control);
	inbox_clear(&b->backend.inbox);
	handover_free(b->handover);
	free(b);
	return 0;
}

/* --- one PDU -------------------------------------------------------------------------------- */

static void new_pdu(struct bed *b)
{
	for (size_t i = 0; i < b->n; i++)
		snmp_free_varbind(b->requests[i].requestvb);
	memset(b->requests, 0, sizeof(b->requests));
	b->n = 0;
	b->pdu.transid = (long)++b->transaction;
	b->session = (netsnmp_agent_session){.pdu = &b->pdu};
	b->info = (netsnmp_agent_request_info){.asp = &b->session};
}

static void add_any(
	struct bed *b, const oid *tail, size_t length, u_char type, const void *data, size_t size)
{
	struct library_name name;
	netsnmp_request_info *r = &b->requests[b->n];
	netsnmp_variable_list *vb = NULL;

	library_name_set(&name, ldoms_mib.root, ldoms_mib.root_length, NULL, 0);
	memcpy(name.arcs + name.length, tail, length * sizeof(oid));
	assert_non_null(
		snmp_varlist_add_variable(&vb, name.arcs, name.length + length, type, data, size));
	r->requestvb = vb;
	r->index = (int)++b->n;
	if (b->n > 1)
		b->requests[b->n - 2].next = r;
}

static void add(struct bed *b, oid column, oid row, u_char type, long value)
{
	const oid tail[] = {1, 3, 1, column, row};
	add_any(b, tail, 5, type, &value, sizeof(value));
}

static void phase(struct bed *b, int mode)
{
	/* As the library does; it leaves the errors of the phase before. */
	for (size_t i = 0; i < b->n; i++)
		b->requests[i].processed = 0;
	b->info.mode = mode;
	set_phase(&b->sets, 1, NULL, NULL, &b->info, b->requests);
	/* Where the library would keep a request that waits. */
	agent_delegated_list = b->requests[0].delegated ? &b->session : NULL;
}

static bool waits(const struct bed *b)
{
	return b->requests[0].delegated != 0;
}

static void turn(struct bed *b, uint64_t later_ms)
{
	b->backend.view.now_ms += later_ms;
	receive(b);
	set_phases_turn(&b->sets, b->backend.view.now_ms);
}

#define assert_errors(b, ...)                                                                      \
	do {                                                                                       \
		const int errors_[] = {__VA_ARGS__};                                               \
		for (size_t i_ = 0; i_ < (b)->n; i_++)                                             \
			assert_int_equal((b)->requests[i_].status, errors_[i_]);                   \
	} while (0)

/* --- the ldm thread ------------------------------------------------------------------------- */

static bool next_order(struct bed *b, enum handover_word *ret, uint32_t *ret_id)
{
	struct handover_order order;
	if (!handover_next_order(b->handover, &order))
		return false;
	transaction_unref(order.transaction);
	*ret = order.word;
	*ret_id = order.id;
	return true;
}

/* What the ldm thread says of a transaction. */
#define POST(b, id, ...)                                                                           \
	handover_post_verdict((b)->handover, &(struct verdict){.transaction = (id), __VA_ARGS__})

static uint32_t expect_order(struct bed *b, enum handover_word word)
{
	enum handover_word given;
	uint32_t id = 0;

	assert_true(next_order(b, &given, &id));
	assert_int_equal(given, word);
	return id;
}

static void expect_no_order(struct bed *b)
{
	enum handover_word given;
	uint32_t id;
	assert_false(next_order(b, &given, &id));
}

static void reserve_one(struct bed *b)
{
	new_pdu(b);
	add(b, CPUS, 2, ASN_UNSIGNED, 6);
	phase(b, MODE_SET_RESERVE1);
	assert_errors(b, SNMP_ERR_NOERROR);
	phase(b, MODE_SET_RESERVE2);
	assert_errors(b, SNMP_ERR_NOERROR);
	expect_no_order(b);
}

static uint32_t start_one(struct bed *b)
{
	reserve_one(b);
	phase(b, MODE_SET_ACTION);
	assert_true(waits(b));
	return expect_order(b, HANDOVER_START);
}

/* --- tests ---------------------------------------------------------------------------------- */

static void test_errors_have_their_varbind(void **state)
{
	struct bed *b = *state;
	static const struct {
		oid column, row;
		u_char type;
		long value;
		int error;
	} cases[] = {
		{4, 2, ASN_INTEGER, 1, SNMP_ERR_NOTWRITABLE},
		{1, 2, ASN_UNSIGNED, 1, SNMP_ERR_NOTWRITABLE},
		{99, 2, ASN_UNSIGNED, 1, SNMP_ERR_NOTWRITABLE},
		{CPUS, 2, ASN_INTEGER, 4, SNMP_ERR_WRONGTYPE},
		{CPUS, 2, ASN_COUNTER, 4, SNMP_ERR_WRONGTYPE},
		{ADMIN, 2, ASN_UNSIGNED, 1, SNMP_ERR_WRONGTYPE},
		{CPUS, 2, ASN_UNSIGNED, 65536, SNMP_ERR_WRONGVALUE},
		{ADMIN, 2, ASN_INTEGER, 6, SNMP_ERR_WRONGVALUE},
		{ADMIN, 2, ASN_INTEGER, -1, SNMP_ERR_WRONGVALUE},
		{ADMIN, 3, ASN_INTEGER, 5, SNMP_ERR_INCONSISTENTVALUE},
		{ADMIN, 1, ASN_INTEGER, 3, SNMP_ERR_INCONSISTENTVALUE},
		{CPUS, 2, ASN_UNSIGNED, 1000, SNMP_ERR_RESOURCEUNAVAILABLE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_pdu(b);
		add(b, MEMORY, 3, ASN_UNSIGNED, 8192);
		add(b, cases[i].column, cases[i].row, cases[i].type, cases[i].value);
		phase(b, MODE_SET_RESERVE1);
		if (b->requests[0].status != 0 || b->requests[1].status != cases[i].error)
			fail_msg("case %zu: %d, %d instead of 0, %d", i, b->requests[0].status,
				b->requests[1].status, cases[i].error);
		phase(b, MODE_SET_FREE);
	}
	expect_no_order(b);
	assert_int_equal(control_places_used(b->backend.control), 0);
	assert_int_equal(b->backend.facts.sets_refused, sizeof(cases) / sizeof(cases[0]));
	assert_int_equal(b->backend.facts.sets, 0);
}

static void test_names_that_are_no_cells(void **state)
{
	struct bed *b = *state;
	static const oid short_name[] = {1, 3, 1, 5}, long_name[] = {1, 3, 1, 5, 2, 1},
			 scalar[] = {1, 1, 18, 0}, elsewhere[] = {7, 7};
	const long one = 1;

	const struct {
		const oid *tail;
		size_t length;
		int error;
	} cases[] = {
		{short_name, 4, SNMP_ERR_NOCREATION},
		{long_name, 6, SNMP_ERR_NOCREATION},
		{scalar, 4, SNMP_ERR_NOTWRITABLE},
		{elsewhere, 2, SNMP_ERR_NOTWRITABLE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_pdu(b);
		add_any(b, cases[i].tail, cases[i].length, ASN_UNSIGNED, &one, sizeof(one));
		phase(b, MODE_SET_RESERVE1);
		assert_errors(b, cases[i].error);
		phase(b, MODE_SET_FREE);
	}
}

static void test_abandoned(void **state)
{
	struct bed *b = *state;

	reserve_one(b);
	assert_int_equal(control_places_used(b->backend.control), 1);
	phase(b, MODE_SET_FREE);
	expect_no_order(b);
	assert_int_equal(control_places_used(b->backend.control), 0);
}

static void test_twice_tested(void **state)
{
	struct bed *b = *state;

	reserve_one(b);
	phase(b, MODE_SET_RESERVE1);
	phase(b, MODE_SET_RESERVE2);
	assert_int_equal(control_places_used(b->backend.control), 1);
	phase(b, MODE_SET_ACTION);
	expect_order(b, HANDOVER_START);
	expect_no_order(b);
}

static void test_action_without_reserve(void **state)
{
	struct bed *b = *state;

	new_pdu(b);
	add(b, CPUS, 2, ASN_UNSIGNED, 6);
	phase(b, MODE_SET_ACTION);
	assert_errors(b, SNMP_ERR_COMMITFAILED);
	assert_false(waits(b));
	expect_no_order(b);
}

static void test_verdict_in_time(void **state)
{
	struct bed *b = *state;
	uint32_t id = start_one(b);

	assert_int_equal(set_phases_deadline(&b->sets), b->backend.view.now_ms + SET_WAIT);
	turn(b, 100);
	assert_true(waits(b));
	POST(b, id, .outcome = OUTCOME_KEPT);
	turn(b, 0);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_NOERROR);
	phase(b, MODE_SET_COMMIT);
	turn(b, 0);
	assert_int_equal(control_places_used(b->backend.control), 0);
	assert_int_equal(b->backend.facts.sets, 1);
	assert_int_equal(set_phases_deadline(&b->sets), CLOCK_NEVER);
}

static void test_no_verdict_in_time(void **state)
{
	struct bed *b = *state;

	start_one(b);
	turn(b, SET_WAIT - 1);
	assert_true(waits(b));
	turn(b, 1);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_NOERROR);
	phase(b, MODE_SET_COMMIT);
	expect_order(b, HANDOVER_KEEP);
}

static void test_no_waiting(void **state)
{
	struct bed *b = *state;

	const struct control_config config = {.set_wait_ms = 0};

	control_configure(b->backend.control, &config);
	b->backend.facts.set_wait_ms = 0;
	reserve_one(b);
	phase(b, MODE_SET_ACTION);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_NOERROR);
	uint32_t id = expect_order(b, HANDOVER_START);
	phase(b, MODE_SET_UNDO);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_UNDOFAILED);
	expect_order(b, HANDOVER_UNDO);
	expect_order(b, HANDOVER_KEEP);
	/* Its place is kept until it ended. */
	assert_int_equal(control_places_used(b->backend.control), 1);
	POST(b, id, .outcome = OUTCOME_TAKEN_BACK);
	turn(b, 10);
	assert_int_equal(control_places_used(b->backend.control), 0);
}

static uint32_t fail_at_second_varbind(struct bed *b)
{
	new_pdu(b);
	add(b, CPUS, 2, ASN_UNSIGNED, 6);
	add(b, MEMORY, 3, ASN_UNSIGNED, 8192);
	phase(b, MODE_SET_RESERVE1);
	phase(b, MODE_SET_RESERVE2);
	phase(b, MODE_SET_ACTION);
	uint32_t id = expect_order(b, HANDOVER_START);
	POST(b, id, .outcome = OUTCOME_FAILED, .culprit = 1);
	turn(b, 10);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_NOERROR, SNMP_ERR_COMMITFAILED);
	phase(b, MODE_SET_UNDO);
	assert_true(waits(b));
	return id;
}

static void test_failure_and_rollback(void **state)
{
	struct bed *b = *state;
	uint32_t id = fail_at_second_varbind(b);

	POST(b, id, .outcome = OUTCOME_ROLLED_BACK, .culprit = 1);
	turn(b, 10);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_NOERROR, SNMP_ERR_NOERROR);
	turn(b, 0);
	assert_int_equal(control_places_used(b->backend.control), 0);
}

static void test_rollback_fails(void **state)
{
	struct bed *b = *state;
	uint32_t id = fail_at_second_varbind(b);

	POST(b, id, .outcome = OUTCOME_ROLLBACK_FAILED, .culprit = 1);
	turn(b, 10);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_NOERROR, SNMP_ERR_UNDOFAILED);
}

static void test_rollback_takes_too_long(void **state)
{
	struct bed *b = *state;

	fail_at_second_varbind(b);
	turn(b, SET_WAIT);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_NOERROR, SNMP_ERR_UNDOFAILED);
}

/* The verdict was there before UNDO: answered at once, and no place is kept for a CleanupSet that
 * does not come after an UndoSet. */
static void test_undo_answered_at_once(void **state)
{
	struct bed *b = *state;
	uint32_t id = start_one(b);

	POST(b, id, .outcome = OUTCOME_ROLLBACK_FAILED);
	turn(b, 10);
	assert_errors(b, SNMP_ERR_COMMITFAILED);
	phase(b, MODE_SET_UNDO);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_UNDOFAILED);
	assert_int_equal(control_places_used(b->backend.control), 0);
}

/* Kept for so long that it cannot be taken back any more. */
static void test_undo_of_what_was_kept(void **state)
{
	struct bed *b = *state;
	uint32_t id = start_one(b);

	POST(b, id, .outcome = OUTCOME_KEPT);
	turn(b, 10);
	assert_errors(b, SNMP_ERR_NOERROR);
	phase(b, MODE_SET_UNDO);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_UNDOFAILED);
}

/* Another subagent failed after we had answered. */
static void test_undo_of_what_went_well(void **state)
{
	struct bed *b = *state;
	uint32_t id = start_one(b);

	POST(b, id, .outcome = OUTCOME_DONE);
	turn(b, 10);
	assert_errors(b, SNMP_ERR_NOERROR);
	phase(b, MODE_SET_UNDO);
	assert_true(waits(b));
	assert_int_equal(expect_order(b, HANDOVER_UNDO), id);
	POST(b, id, .outcome = OUTCOME_TAKEN_BACK);
	turn(b, 1);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_NOERROR);
}

/* snmpd serves nobody meanwhile, so the waits of a PDU together are one setWait. */
static void test_undo_after_a_long_action(void **state)
{
	struct bed *b = *state;

	start_one(b);
	turn(b, SET_WAIT);
	assert_errors(b, SNMP_ERR_NOERROR);
	phase(b, MODE_SET_UNDO);
	assert_true(waits(b)); /* for a moment: perhaps nothing was sent */
	turn(b, 20);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_UNDOFAILED);
}

/* A wait that ended at its deadline: the next SETs do not wait, until a verdict came in time. */
static void test_waiting_did_not_pay(void **state)
{
	struct bed *b = *state;

	start_one(b);
	turn(b, SET_WAIT);
	phase(b, MODE_SET_COMMIT);
	expect_order(b, HANDOVER_KEEP);

	new_pdu(b);
	add(b, CPUS, 3, ASN_UNSIGNED, 6);
	phase(b, MODE_SET_RESERVE1);
	phase(b, MODE_SET_RESERVE2);
	phase(b, MODE_SET_ACTION);
	assert_false(waits(b));
	assert_errors(b, SNMP_ERR_NOERROR);
	uint32_t id = expect_order(b, HANDOVER_START);
	phase(b, MODE_SET_COMMIT);
	expect_order(b, HANDOVER_KEEP);
	POST(b, id, .outcome = OUTCOME_KEPT);
	turn(b, SET_WAIT - 1);

	new_pdu(b);
	add(b, CPUS, 3, ASN_UNSIGNED, 7);
	phase(b, MODE_SET_RESERVE1);
	phase(b, MODE_SET_RESERVE2);
	phase(b, MODE_SET_ACTION);
	assert_true(waits(b));
}

/* Nothing is left of a session that ended between TestSet and CommitSet. */
static void test_session_lost(void **state)
{
	struct bed *b = *state;

	reserve_one(b);
	set_phases_abandon(&b->sets, 1);
	turn(b, 0);
	assert_int_equal(control_places_used(b->backend.control), 0);
	expect_no_order(b);
}

static void test_busy(void **state)
{
	struct bed *b = *state;

	assert_false(set_phases_busy(&b->sets, b->backend.view.now_ms));
	reserve_one(b);
	assert_true(set_phases_busy(&b->sets, b->backend.view.now_ms));
	/* The master died: neither ACTION nor FREE ever comes. */
	assert_false(set_phases_busy(&b->sets, b->backend.view.now_ms + 10000));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_errors_have_their_varbind),
		TEST(test_names_that_are_no_cells),
		TEST(test_abandoned),
		TEST(test_twice_tested),
		TEST(test_action_without_reserve),
		TEST(test_verdict_in_time),
		TEST(test_no_verdict_in_time),
		TEST(test_no_waiting),
		TEST(test_failure_and_rollback),
		TEST(test_rollback_fails),
		TEST(test_rollback_takes_too_long),
		TEST(test_undo_answered_at_once),
		TEST(test_undo_of_what_was_kept),
		TEST(test_undo_of_what_went_well),
		TEST(test_undo_after_a_long_action),
		TEST(test_waiting_did_not_pay),
		TEST(test_session_lost),
		TEST(test_busy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
