/*
 * The snmp thread's side of SET, phase by phase, with the test in the place of the ldm thread:
 * keys, places, verdicts, undo, lost sessions, retries.
 */
#include "control-fixture.h"

#include <errno.h>
#include <stdio.h>

#include "control/control.h"
#include "control/handover.h"

struct bed {
	struct handover *h;
	struct control *c;
	struct inbox in;
	uint64_t now;
	struct handover_order order;
};

static void publish(struct bed *b, enum domain_state state, uint32_t vcpus)
{
	struct domain *d[80];
	const struct snapshot *s;

	d[0] = make_domain(1, "primary", DOMAIN_ACTIVE, 8, 4096, 0);
	for (uint32_t i = 1; i < 80; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%u", i + 1);
		d[i] = make_domain(
			i + 1, name, i == 1 ? state : DOMAIN_ACTIVE, i == 1 ? vcpus : 4, 2048, 0);
	}
	s = make_snapshot(d, COUNT(d), 1000, 65536, 4, 100);
	handover_publish_snapshot(b->h, s);
	snapshot_unref(s);
}

static void receive(struct bed *b)
{
	assert_int_equal(handover_receive(b->h, &b->in), 0);
	control_receive(b->c, &b->in, b->now);
}

static void bed(struct bed *b, const struct control_config *config)
{
	const struct ldm_status status = {.link = LINK_UP};

	memset(b, 0, sizeof(*b));
	b->now = 2000;
	assert_int_equal(handover_new(&b->h), 0);
	assert_int_equal(control_new(config, b->h, &b->c), 0);
	publish(b, DOMAIN_ACTIVE, 4);
	assert_int_equal(handover_publish_status(b->h, &status), 0);
	receive(b);
}

static void bed_clear(struct bed *b)
{
	struct handover_order o;

	while (handover_next_order(b->h, &o))
		transaction_unref(o.transaction);
	control_free_all(b->c);
	inbox_clear(&b->in);
	handover_free(b->h);
}

static const struct control_config plain = {.stale_after_ms = 300000};

static struct control_key key(uint32_t transaction)
{
	return (struct control_key){1, transaction};
}

static enum control_error reserve(struct bed *b, uint32_t k, struct set_varbind v)
{
	return control_reserve(b->c, key(k), &b->in, &v, 1, b->now).error;
}

/* The next order, which must be this one. */
static uint32_t expect_order(struct bed *b, enum handover_word word)
{
	struct handover_order o;

	assert_true(handover_next_order(b->h, &o));
	assert_int_equal(o.word, word);
	transaction_unref(o.transaction);
	return o.id;
}

static void expect_quiet(struct bed *b)
{
	struct handover_order o;

	assert_false(handover_next_order(b->h, &o));
}

static void verdict(struct bed *b, struct verdict v)
{
	handover_post_verdict(b->h, &v);
	receive(b);
}

static uint32_t start(struct bed *b, uint32_t k, struct set_varbind v)
{
	assert_int_equal(reserve(b, k, v), CONTROL_OK);
	assert_int_equal(control_start(b->c, key(k), b->now), 0);
	return expect_order(b, HANDOVER_START);
}

static void test_straight(void **state)
{
	struct bed b;
	uint32_t id;

	(void)state;
	bed(&b, &plain);
	id = start(&b, 5, V(VCPU, 2, 8));
	receive(&b);
	/* The row is there from ACTION on. */
	assert_int_equal(b.in.oplog->n_rows, 1);
	assert_int_equal(b.in.oplog->rows[0]->status, OPERATION_QUEUED);
	assert_string_equal(b.in.oplog->rows[0]->request, "vcpus=8");
	assert_string_equal(b.in.oplog->rows[0]->domain, "d2");
	assert_false(outcome_decided(control_result(b.c, key(5)).outcome));
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_DONE});
	assert_true(outcome_decided(control_result(b.c, key(5)).outcome));
	assert_false(outcome_failed(control_result(b.c, key(5)).outcome));
	control_free(b.c, key(5));
	assert_int_equal(expect_order(&b, HANDOVER_KEEP), id);
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_KEPT});
	assert_int_equal(control_places_used(b.c), 0);
	bed_clear(&b);
}

static void test_test_set_twice(void **state)
{
	struct bed b;

	(void)state;
	bed(&b, &plain);
	assert_int_equal(reserve(&b, 5, V(VCPU, 2, 8)), CONTROL_OK);
	assert_int_equal(reserve(&b, 5, V(VCPU, 2, 9)), CONTROL_OK);
	assert_int_equal(control_places_used(b.c), 1);
	assert_int_equal(control_start(b.c, key(5), b.now), 0);
	expect_order(&b, HANDOVER_START);
	expect_quiet(&b);
	assert_int_equal(control_start(b.c, key(5), b.now), -ENOENT);
	assert_int_equal(reserve(&b, 5, V(VCPU, 2, 9)), CONTROL_RESOURCE_UNAVAILABLE);
	bed_clear(&b);
}

static void test_free_and_expiry(void **state)
{
	struct bed b;

	(void)state;
	bed(&b, &plain);
	assert_int_equal(control_start(b.c, key(9), b.now), -ENOENT);
	assert_int_equal(reserve(&b, 5, V(VCPU, 2, 8)), CONTROL_OK);
	control_free(b.c, key(5));
	assert_int_equal(control_places_used(b.c), 0);
	assert_int_equal(reserve(&b, 6, V(VCPU, 2, 8)), CONTROL_OK);
	/* Neither COMMIT nor FREE. */
	b.now += 60000;
	control_tick(b.c, b.now);
	assert_int_equal(control_places_used(b.c), 0);
	/* What is refused keeps no place either. */
	assert_int_equal(reserve(&b, 7, V(ADMIN, 2, 9)), CONTROL_WRONG_VALUE);
	assert_int_equal(control_places_used(b.c), 0);
	control_free(b.c, key(7));
	expect_quiet(&b);
	bed_clear(&b);
}

/* Neither COMMIT nor FREE nor UNDO ever comes, though the session lives on. */
static void test_master_that_forgets(void **state)
{
	struct bed b;

	(void)state;
	bed(&b, &plain);
	for (uint32_t i = 0; i < HANDOVER_PLANS; i++) {
		uint32_t id = start(&b, 100 + i, V(VCPU, 2 + i, 8));

		/* The same again: nothing to do, and that is remembered as well. */
		if (i == 0) {
			assert_int_equal(reserve(&b, 99, V(VCPU, 2, 8)), CONTROL_OK);
			assert_int_equal(control_start(b.c, key(99), b.now), 0);
		}
		verdict(&b,
			(struct verdict){.transaction = id,
				.outcome = i % 2 != 0 ? OUTCOME_ROLLBACK_FAILED : OUTCOME_KEPT});
	}
	assert_true(outcome_undo_failed(control_result(b.c, key(101)).outcome));
	b.now += 59999;
	control_tick(b.c, b.now);
	assert_int_equal(control_result(b.c, key(99)).outcome, OUTCOME_KEPT);
	assert_int_equal(control_places_used(b.c), HANDOVER_PLANS);
	b.now += 1;
	control_tick(b.c, b.now);
	assert_int_equal(control_result(b.c, key(99)).outcome, OUTCOME_TAKEN_BACK);
	assert_int_equal(control_places_used(b.c), 0);
	/* One that runs is never forgotten. */
	start(&b, 5, V(VCPU, 2, 9));
	b.now += 600000;
	control_tick(b.c, b.now);
	assert_int_equal(control_places_used(b.c), 1);
	bed_clear(&b);
}

static void test_session_lost(void **state)
{
	struct bed b;
	uint32_t id;

	(void)state;
	bed(&b, &plain);
	id = start(&b, 5, V(VCPU, 2, 8));
	assert_int_equal(reserve(&b, 6, V(VCPU, 3, 8)), CONTROL_OK);
	control_session_lost(b.c, 2);
	assert_int_equal(control_places_used(b.c), 2);
	control_session_lost(b.c, 1);
	assert_int_equal(control_places_used(b.c), 1);
	assert_int_equal(expect_order(&b, HANDOVER_KEEP), id);
	/* The same transaction id in the next session is another PDU. */
	const struct control_key again = {2, 5};
	const struct set_varbind v = V(VCPU, 4, 8);
	assert_int_equal(control_reserve(b.c, again, &b.in, &v, 1, b.now).error, CONTROL_OK);
	/* Its domain is busy until the ldm thread says so. */
	assert_int_equal(reserve(&b, 8, V(VCPU, 2, 5)), CONTROL_INCONSISTENT_VALUE);
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_KEPT});
	assert_int_equal(reserve(&b, 8, V(VCPU, 2, 5)), CONTROL_OK);
	bed_clear(&b);
}

/* Transaction ids begin anew with each session: the same one is another PDU. */
static void test_two_sessions(void **state)
{
	const struct control_key other = {2, 5};
	const struct set_varbind v = V(VCPU, 3, 8);
	struct bed b;

	(void)state;
	bed(&b, &plain);
	assert_int_equal(reserve(&b, 5, V(VCPU, 2, 8)), CONTROL_OK);
	assert_int_equal(control_reserve(b.c, other, &b.in, &v, 1, b.now).error, CONTROL_OK);
	assert_int_equal(control_places_used(b.c), 2);
	control_free(b.c, key(5));
	assert_int_equal(control_start(b.c, key(5), b.now), -ENOENT);
	assert_int_equal(control_start(b.c, other, b.now), 0);
	bed_clear(&b);
}

static void test_failure_and_undo(void **state)
{
	struct bed b;
	uint32_t id;

	(void)state;
	bed(&b, &plain);
	id = start(&b, 5, V(VCPU, 2, 8));
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_FAILED, .culprit = 3});
	assert_true(outcome_failed(control_result(b.c, key(5)).outcome));
	assert_int_equal(control_result(b.c, key(5)).culprit, 3);
	/* Busy while it is rolled back, also for who asks for the same. */
	assert_int_equal(reserve(&b, 6, V(VCPU, 2, 5)), CONTROL_INCONSISTENT_VALUE);
	assert_int_equal(reserve(&b, 6, V(VCPU, 2, 8)), CONTROL_INCONSISTENT_VALUE);
	assert_int_equal(control_undo(b.c, key(5)), 0);
	assert_int_equal(expect_order(&b, HANDOVER_UNDO), id);
	assert_int_equal(control_undo(b.c, key(5)), 0);
	expect_quiet(&b);
	assert_false(outcome_undone(control_result(b.c, key(5)).outcome));
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_ROLLED_BACK});
	assert_true(outcome_undone(control_result(b.c, key(5)).outcome));
	assert_int_equal(control_undo(b.c, key(5)), -EALREADY);
	control_free(b.c, key(5));
	assert_int_equal(control_places_used(b.c), 0);
	bed_clear(&b);
}

/* setWait counts from the first TestSet of a PDU, whoever it waited for meanwhile. */
static void test_until_when_a_phase_waits(void **state)
{
	struct control_config config = plain;
	struct bed b;
	uint32_t id;

	(void)state;
	config.set_wait_ms = 400;
	bed(&b, &config);
	assert_int_equal(reserve(&b, 5, V(VCPU, 2, 8)), CONTROL_OK);
	b.now += 100;
	id = start(&b, 5, V(VCPU, 2, 8));
	assert_int_equal(control_wait_until(b.c, key(5), b.now), 2400);
	b.now += 50;
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_DONE});
	/* The UndoSet comes seconds later: a short while for a rollback, while waiting pays. */
	b.now = 6000;
	assert_int_equal(control_undo(b.c, key(5)), 0);
	assert_int_equal(control_wait_until(b.c, key(5), b.now), 6100);
	control_wait_missed(b.c, 6100);
	assert_int_equal(control_wait_until(b.c, key(5), 6100), 6120);
	bed_clear(&b);
}

/* What a transaction gave back so far is not free until it cannot go back any more. */
static void test_gives_back(void **state)
{
	struct bed b;
	uint32_t id;

	(void)state;
	bed(&b, &plain);
	id = start(&b, 5, V(VCPU, 2, 1));
	publish(&b, DOMAIN_ACTIVE, 1); /* 1000 are free, 3 of them lately */
	receive(&b);
	assert_int_equal(reserve(&b, 6, V(VCPU, 3, 1002)), CONTROL_RESOURCE_UNAVAILABLE);
	assert_int_equal(reserve(&b, 6, V(VCPU, 3, 1001)), CONTROL_OK);
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_DONE});
	assert_int_equal(reserve(&b, 6, V(VCPU, 3, 1004)), CONTROL_OK);
	bed_clear(&b);
}

static void test_undo_of_nothing(void **state)
{
	struct bed b;
	uint32_t id;

	(void)state;
	bed(&b, &plain);
	assert_int_equal(control_undo(b.c, key(5)), -EALREADY);
	id = start(&b, 5, V(VCPU, 2, 8));
	/* The same again joins it: nothing of its own to undo. */
	assert_int_equal(reserve(&b, 6, V(VCPU, 2, 8)), CONTROL_OK);
	assert_int_equal(control_start(b.c, key(6), b.now), 0);
	expect_quiet(&b);
	assert_true(outcome_decided(control_result(b.c, key(6)).outcome));
	assert_int_equal(control_undo(b.c, key(6)), -EALREADY);
	control_free(b.c, key(6));
	assert_int_equal(control_places_used(b.c), 1);
	(void)id;
	bed_clear(&b);
}

static void test_last_refusal(void **state)
{
	static const struct {
		struct set_varbind v;
		enum control_error error;
		const char *object, *domain, *text;
	} lines[] = {
		{{.column = SET_COLUMN_VCPU,
			 .row = 2,
			 .row_valid = true,
			 .type = SET_UNSIGNED,
			 .number = 1016},
			CONTROL_RESOURCE_UNAVAILABLE, "ldomNumVCPU.2", "d2",
			"1012 CPUs wanted, 1000 free (ldomNumVCPU.2 = 1016 of \"d2\")"},
		{{.column = SET_COLUMN_MEMORY,
			 .row = 3,
			 .row_valid = true,
			 .type = SET_UNSIGNED,
			 .number = 102400},
			CONTROL_RESOURCE_UNAVAILABLE, "ldomMemSize.3", "d3",
			"100352 MB of memory wanted, 65536 free (ldomMemSize.3 = 102400 of "
			"\"d3\")"},
		{{.column = SET_COLUMN_ADMIN,
			 .row = 2,
			 .row_valid = true,
			 .type = SET_INTEGER,
			 .number = 9},
			CONTROL_WRONG_VALUE, "ldomAdminState.2", "d2",
			"the value is outside what the object takes (ldomAdminState.2 = 9 of "
			"\"d2\")"},
		{{.column = SET_COLUMN_ADMIN,
			 .row = 1,
			 .row_valid = true,
			 .type = SET_INTEGER,
			 .number = 5},
			CONTROL_INCONSISTENT_VALUE, "ldomAdminState.1", "primary",
			"the control domain is written only where setAllow names it "
			"(ldomAdminState.1 = restart of \"primary\")"},
		{{.column = SET_COLUMN_VCPU,
			 .row = 99,
			 .row_valid = true,
			 .type = SET_UNSIGNED,
			 .number = 4},
			CONTROL_NO_CREATION, "ldomNumVCPU.99", NULL,
			"no such row, and there will never be one (ldomNumVCPU.99 = 4)"},
		{{.column = SET_COLUMN_NAME,
			 .row = 2,
			 .row_valid = true,
			 .type = SET_OCTETS,
			 .octets = (const uint8_t *)"x",
			 .length = 1},
			CONTROL_INCONSISTENT_VALUE, "ldomName.2", "d2",
			"a domain cannot be renamed (ldomName.2 = \"x\" of \"d2\")"},
		{{.column = 0, .type = SET_OTHER}, CONTROL_NOT_WRITABLE,
			"an object that is not written", NULL,
			"the object cannot be written (an object that is not written = a value of "
			"another type)"},
	};
	struct bed b;

	(void)state;
	bed(&b, &plain);
	assert_null(control_last_refusal(b.c)->text);
	assert_int_equal(control_last_refusal(b.c)->error, CONTROL_OK);
	for (size_t i = 0; i < COUNT(lines); i++) {
		const struct control_refusal *r = control_last_refusal(b.c);

		b.now++;
		assert_int_equal(reserve(&b, 5, lines[i].v), lines[i].error);
		assert_int_equal(r->error, lines[i].error);
		assert_string_equal(r->object, lines[i].object);
		assert_string_equal(r->text, lines[i].text);
		if (lines[i].domain)
			assert_string_equal(r->domain, lines[i].domain);
		else
			assert_null(r->domain);
		assert_int_equal(r->at_ms, b.now);
	}
	bed_clear(&b);
}

/* CleanupSets that never came: the oldest of those that are done go, so that SETs go on. */
static void test_without_last_word(void **state)
{
	struct bed b;
	uint32_t ids[HANDOVER_PLANS];

	(void)state;
	bed(&b, &plain);
	for (uint32_t i = 0; i < 3 * HANDOVER_PLANS; i++) {
		struct handover_order o;
		uint32_t id = 0;

		assert_int_equal(reserve(&b, 100 + i, V(VCPU, 2 + i % 64, 8)), CONTROL_OK);
		assert_int_equal(control_start(b.c, key(100 + i), b.now), 0);
		while (handover_next_order(b.h, &o)) {
			transaction_unref(o.transaction);
			id = o.id;
			if (o.word == HANDOVER_KEEP)
				verdict(&b, (struct verdict){
						    .transaction = o.id, .outcome = OUTCOME_KEPT});
		}
		ids[i % HANDOVER_PLANS] = id;
		verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_DONE});
	}
	/* The youngest can still be undone. */
	assert_int_equal(control_undo(b.c, key(100 + 3 * HANDOVER_PLANS - 1)), 0);
	assert_int_equal(expect_order(&b, HANDOVER_UNDO), ids[HANDOVER_PLANS - 1]);
	bed_clear(&b);
}

/* The same of transactions that failed: neither UndoSet nor CleanupSet came. */
static void test_failures_without_undo(void **state)
{
	struct bed b;
	uint32_t last = 99 + 3 * HANDOVER_PLANS;

	(void)state;
	bed(&b, &plain);
	for (uint32_t k = 100; k <= last; k++) {
		uint32_t id = start(&b, k, V(VCPU, 2 + k % 64, 8));

		verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_FAILED});
		verdict(&b,
			(struct verdict){.transaction = id,
				.outcome = k % 2 ? OUTCOME_ROLLED_BACK : OUTCOME_ROLLBACK_FAILED});
	}
	/* How the youngest ended can still be asked. */
	assert_int_equal(last % 2, 1);
	assert_true(outcome_undone(control_result(b.c, key(last)).outcome));
	assert_true(outcome_undo_failed(control_result(b.c, key(last - 1)).outcome));
	bed_clear(&b);
}

static void test_queue_full(void **state)
{
	struct bed b;
	uint32_t ids[HANDOVER_PLANS];

	(void)state;
	bed(&b, &plain);
	for (uint32_t i = 0; i < HANDOVER_PLANS; i++)
		ids[i] = start(&b, 100 + i, V(VCPU, 2 + i, 8));
	assert_int_equal(reserve(&b, 999, V(VCPU, 79, 8)), CONTROL_RESOURCE_UNAVAILABLE);
	assert_int_equal(reserve(&b, 999, V(ADMIN, 79, 9)), CONTROL_WRONG_VALUE);
	/* What needs no place finds none missing. */
	assert_int_equal(reserve(&b, 999, V(VCPU, 2, 8)), CONTROL_OK);
	control_free(b.c, key(999));
	verdict(&b, (struct verdict){.transaction = ids[0], .outcome = OUTCOME_DONE});
	assert_int_equal(reserve(&b, 999, V(VCPU, 79, 8)), CONTROL_RESOURCE_UNAVAILABLE);
	control_free(b.c, key(100));
	verdict(&b, (struct verdict){.transaction = ids[0], .outcome = OUTCOME_KEPT});
	assert_int_equal(reserve(&b, 999, V(VCPU, 79, 8)), CONTROL_OK);
	bed_clear(&b);
}

static void test_usable(void **state)
{
	static const struct {
		enum link_state link;
		enum control_error error;
	} lines[] = {
		{LINK_UP, CONTROL_OK},
		{LINK_SLOW, CONTROL_OK},
		{LINK_CONNECTING, CONTROL_RESOURCE_UNAVAILABLE},
		{LINK_DOWN, CONTROL_RESOURCE_UNAVAILABLE},
		{LINK_UNAUTHORISED, CONTROL_RESOURCE_UNAVAILABLE},
	};
	struct bed b;

	(void)state;
	bed(&b, &plain);
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct ldm_status status = {.link = lines[i].link};

		assert_int_equal(handover_publish_status(b.h, &status), 0);
		receive(&b);
		assert_int_equal(reserve(&b, 5, V(VCPU, 2, 8)), lines[i].error);
	}
	struct ldm_status up = {.link = LINK_UP};
	assert_int_equal(handover_publish_status(b.h, &up), 0);
	receive(&b);
	b.now = 301000; /* the snapshot is of 1000 */
	assert_int_equal(reserve(&b, 5, V(VCPU, 2, 8)), CONTROL_RESOURCE_UNAVAILABLE);
	const struct control_config never = {.stale_after_ms = 0};
	control_configure(b.c, &never);
	assert_int_equal(reserve(&b, 5, V(VCPU, 2, 8)), CONTROL_OK);
	const struct control_config ro = {.read_only = true};
	control_configure(b.c, &ro);
	assert_int_equal(reserve(&b, 5, V(VCPU, 2, 8)), CONTROL_NOT_WRITABLE);
	assert_int_equal(reserve(&b, 5, V(VCPU, 777, 8)), CONTROL_NOT_WRITABLE);
	bed_clear(&b);
}

/* A manager that did not get the answer asks for the same restart again. */
static void test_retry(void **state)
{
	struct bed b;
	uint32_t id;

	(void)state;
	bed(&b, &plain);
	id = start(&b, 5, V(ADMIN, 2, 5));
	assert_int_equal(reserve(&b, 6, V(ADMIN, 2, 5)), CONTROL_OK);
	assert_int_equal(control_start(b.c, key(6), b.now), 0);
	expect_quiet(&b);
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_DONE});
	control_free(b.c, key(5));
	expect_order(&b, HANDOVER_KEEP);
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_KEPT});
	b.now += 9999;
	assert_int_equal(reserve(&b, 7, V(ADMIN, 2, 5)), CONTROL_OK);
	assert_int_equal(control_start(b.c, key(7), b.now), 0);
	expect_quiet(&b);
	/* Somebody touched it. */
	publish(&b, DOMAIN_ACTIVE, 5);
	receive(&b);
	id = start(&b, 8, V(ADMIN, 2, 5));
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_KEPT});
	/* Ten seconds after the end it is another one. */
	b.now += 10000;
	start(&b, 9, V(ADMIN, 2, 5));
	bed_clear(&b);
}

static void test_retry_after_another_set(void **state)
{
	struct bed b;
	uint32_t id;

	(void)state;
	bed(&b, &plain);
	id = start(&b, 5, V(ADMIN, 2, 5));
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_KEPT});
	id = start(&b, 6, V(MEMORY, 2, 2304));
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_KEPT});
	start(&b, 7, V(ADMIN, 2, 5));
	bed_clear(&b);
}

static void test_retry_of_a_failure_is_a_new_try(void **state)
{
	struct bed b;
	uint32_t id;

	(void)state;
	bed(&b, &plain);
	id = start(&b, 5, V(ADMIN, 2, 5));
	verdict(&b, (struct verdict){.transaction = id, .outcome = OUTCOME_ROLLED_BACK});
	start(&b, 6, V(ADMIN, 2, 5));
	bed_clear(&b);
}

static void test_preempt(void **state)
{
	struct bed b;
	struct handover_order o;

	(void)state;
	bed(&b, &plain);
	start(&b, 5, V(ADMIN, 2, 2));
	assert_int_equal(reserve(&b, 6, V(ADMIN, 2, 4)), CONTROL_OK);
	assert_int_equal(control_start(b.c, key(6), b.now), 0);
	assert_true(handover_next_order(b.h, &o));
	assert_int_equal(o.transaction->parts[0].result, PRECHECK_PREEMPT);
	transaction_unref(o.transaction);
	bed_clear(&b);
}

/* Of a PDU over two domains, one of them already under way: the other one runs. */
static void test_part_of_it_joins(void **state)
{
	struct bed b;
	struct handover_order o;
	const struct set_varbind v[] = {V(VCPU, 2, 8), V(VCPU, 3, 8)};

	(void)state;
	bed(&b, &plain);
	start(&b, 5, V(VCPU, 2, 8));
	assert_int_equal(control_reserve(b.c, key(6), &b.in, v, 2, b.now).error, CONTROL_OK);
	assert_int_equal(control_start(b.c, key(6), b.now), 0);
	assert_true(handover_next_order(b.h, &o));
	assert_int_equal(o.transaction->n_parts, 1);
	assert_int_equal(o.transaction->parts[0].request.index, 3);
	transaction_unref(o.transaction);
	bed_clear(&b);
}

/* What it was going to join fails between TestSet and CommitSet: it cannot be told as done. */
static void test_joins_what_fails_meanwhile(void **state)
{
	struct bed b;
	uint32_t id;

	(void)state;
	for (int failed = 0; failed < 2; failed++) {
		bed(&b, &plain);
		id = start(&b, 5, V(VCPU, 2, 8));
		assert_int_equal(reserve(&b, 6, V(VCPU, 2, 8)), CONTROL_OK);
		verdict(&b, (struct verdict){.transaction = id,
				    .outcome = failed ? OUTCOME_FAILED : OUTCOME_DONE});
		assert_int_equal(control_start(b.c, key(6), b.now), failed ? -ECANCELED : 0);
		expect_quiet(&b);
		control_free(b.c, key(6));
		bed_clear(&b);
	}
}

static size_t count_repeats(const struct repeats *r, const struct snapshot *s, uint64_t now_ms)
{
	size_t n = 0;

	for (uint32_t i = 0; i < 100; i++) {
		const struct set_varbind v = V(ROW, 2 + i, 6);
		struct set_request w = make_request(&v, 1);

		n += repeats_have(r, &w, s, now_ms);
		set_request_clear(&w);
	}
	return n;
}

static void test_repeats_ring(void **state)
{
	struct repeats r = {0};
	struct domain *d[] = {make_domain(1, "primary", DOMAIN_ACTIVE, 8, 4096, 0)};
	const struct snapshot *s = make_snapshot(d, 1, 0, 0, 0, 2);

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		const struct set_varbind v = V(ROW, 2 + i, 6);
		struct set_request w = make_request(&v, 1);

		repeats_add(&r, &w, s, 1000 + i);
		set_request_clear(&w);
	}
	assert_int_equal(count_repeats(&r, s, 1100), REPEATS_MAX);
	assert_int_equal(count_repeats(&r, s, 11050), 49);
	repeats_forget(&r, 101);
	assert_int_equal(count_repeats(&r, s, 11050), 48);
	repeats_clear(&r);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_straight),
		cmocka_unit_test(test_test_set_twice),
		cmocka_unit_test(test_free_and_expiry),
		cmocka_unit_test(test_master_that_forgets),
		cmocka_unit_test(test_session_lost),
		cmocka_unit_test(test_two_sessions),
		cmocka_unit_test(test_failure_and_undo),
		cmocka_unit_test(test_until_when_a_phase_waits),
		cmocka_unit_test(test_gives_back),
		cmocka_unit_test(test_undo_of_nothing),
		cmocka_unit_test(test_last_refusal),
		cmocka_unit_test(test_without_last_word),
		cmocka_unit_test(test_failures_without_undo),
		cmocka_unit_test(test_queue_full),
		cmocka_unit_test(test_usable),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_retry_after_another_set),
		cmocka_unit_test(test_retry_of_a_failure_is_a_new_try),
		cmocka_unit_test(test_preempt),
		cmocka_unit_test(test_part_of_it_joins),
		cmocka_unit_test(test_joins_what_fails_meanwhile),
		cmocka_unit_test(test_repeats_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
