/*
 * Back again: what cannot be taken back, what is pre-empted, and what the master takes back.
 */
#include "fake-host.h"

/* --- what cannot be taken back ------------------------------------------------------------- */

static void test_tail_that_fails_stays(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_UNBIND, 0, FAULT_REFUSED);
	id = SET(f, V(ADMIN, 2, 3), V(VCPU, 3, 2));
	fake_run(f, 400);
	assert_string_equal(f->log, "set-vcpu b 2, stop-domain a, unbind-domain a, set-vcpu b 4");
	expect_failed(f, id, 0, false);
	assert_int_equal(f->d[0].state, DOMAIN_BOUND);
	assert_int_equal(status(f, id, 2), OPERATION_PARTIAL);
	assert_int_equal(status(f, id, 3), OPERATION_ROLLED_BACK);
}

static void test_first_of_the_tail_fails(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_STOP, 0, FAULT_REFUSED);
	id = SET(f, V(ADMIN, 2, 3), V(VCPU, 3, 2));
	fake_run(f, 400);
	expect_failed(f, id, 0, true);
	assert_int_equal(f->d[1].vcpus, 4);
}

static const struct command_config forced = {.timeout_ms = 60000, .force_after_ms = 5000};

static void test_force_stop_after(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	executor_configure(f->executor, &forced);
	fault(f, STEP_STOP, 0, FAULT_STAYS_UNDERWAY);
	id = SET(f, V(ADMIN, 2, 2));
	fake_run(f, 4900);
	assert_false(outcome_decided(f->verdicts[id].outcome));
	fake_run(f, 1000);
	expect_done(f, id);
	assert_string_equal(f->log, "stop-domain a, stop-domain a -f");
}

static void test_force_stop_when_ldmd_hangs(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	executor_configure(f->executor, &forced);
	fault(f, STEP_STOP, 0, FAULT_HANG);
	id = SET(f, V(ADMIN, 2, 2));
	fake_run(f, 5900);
	expect_done(f, id);
	assert_int_equal(f->out, 0);
}

/* The forced stop cannot be sent, but the one before it was: the guest may yet go down. */
static uint32_t force_stop_not_sent(struct fake *f)
{
	uint32_t id;

	executor_configure(f->executor, &forced);
	fault(f, STEP_STOP, 0, FAULT_STAYS_UNDERWAY);
	fault(f, STEP_FORCE_STOP, 0, FAULT_LOST_BEFORE);
	id = SET(f, V(ADMIN, 2, 2));
	fake_run(f, 6000);
	assert_false(outcome_decided(f->verdicts[id].outcome));
	assert_string_equal(f->log, "stop-domain a, stop-domain a -f");
	return id;
}

static void test_force_stop_not_sent(void **state)
{
	struct fake *f = *state;
	uint32_t id = force_stop_not_sent(f);

	f->d[0].state = DOMAIN_BOUND;
	fake_run(f, 5000);
	expect_done(f, id);
}

static void test_force_stop_not_sent_for_good(void **state)
{
	struct fake *f = *state;
	uint32_t id = force_stop_not_sent(f);

	/* In the other form neither. */
	fault(f, STEP_FORCE_STOP, 1, FAULT_LOST_BEFORE);
	fake_run(f, 70000);
	expect_failed(f, id, 0, false);
	assert_int_equal(status(f, id, 2), OPERATION_UNKNOWN);
}

/* Four slow commands on other domains, so that the next has to wait. */
static void fill_slots(struct fake *f)
{
	static const char *const names[] = {"w", "x", "y", "z"};

	for (uint32_t i = 0; i < COUNT(names); i++) {
		f->d[4 + i] = (struct fake_domain){
			names[i], true, 10 + i, DOMAIN_BOUND, 4, 2048, 0, false, false, 0};
		fault(f, STEP_SET_VCPU, i, FAULT_SLOW);
		SET(f, V(VCPU, 10 + i, 8));
	}
	fake_run(f, 100);
	assert_int_equal(f->out, 4);
}

/* A stop that waits for its turn was not sent: nothing has happened. */
static void test_preempt_what_waits(void **state)
{
	struct fake *f = *state;
	uint32_t stop, force;

	fill_slots(f);
	stop = SET(f, V(ADMIN, 2, 2));
	fake_run(f, 100);
	force = SET(f, V(ADMIN, 2, 4));
	fake_run(f, 100);
	expect_failed(f, stop, 0, true);
	assert_int_equal(status(f, stop, 2), OPERATION_FAILED);
	fake_run(f, 5000);
	expect_done(f, force);
}

static void test_preempt(void **state)
{
	struct fake *f = *state;
	uint32_t stop, force;

	fault(f, STEP_STOP, 0, FAULT_HANG);
	stop = SET(f, V(ADMIN, 2, 5), V(VCPU, 3, 2));
	fake_run(f, 1000);
	force = SET(f, V(ADMIN, 2, 4));
	fake_run(f, 1000);
	expect_done(f, force);
	expect_failed(f, stop, 0, false);
	assert_int_equal(status(f, stop, 2), OPERATION_PARTIAL);
	/* The other domain of that PDU goes back. */
	assert_string_equal(f->log, "set-vcpu b 2, stop-domain a, set-vcpu b 4, stop-domain a -f");
	assert_int_equal(f->d[1].vcpus, 4);
	assert_int_equal(status(f, stop, 3), OPERATION_ROLLED_BACK);
}

/* The forced stop does not wait for that. */
static void test_preempt_while_others_go_back(void **state)
{
	struct fake *f = *state;
	uint32_t stop, force;

	fault(f, STEP_STOP, 0, FAULT_HANG);
	fault(f, STEP_SET_VCPU, 1, FAULT_SLOW);
	stop = SET(f, V(ADMIN, 2, 5), V(VCPU, 3, 2));
	fake_run(f, 1000);
	force = SET(f, V(ADMIN, 2, 4));
	fake_run(f, 500);
	expect_done(f, force);
	assert_int_equal(status(f, stop, 3), OPERATION_RUNNING);
	assert_false(outcome_settled(f->verdicts[stop].outcome));
	fake_run(f, 1000);
	expect_failed(f, stop, 0, false);
	assert_true(outcome_settled(f->verdicts[stop].outcome));
	assert_int_equal(f->d[1].vcpus, 4);
}

/* The look at the domain whose restart is given up is out. */
static void test_preempt_during_a_look(void **state)
{
	struct fake *f = *state;
	uint32_t stop, force;

	fault(f, STEP_STOP, 0, FAULT_STAYS_UNDERWAY);
	stop = SET(f, V(ADMIN, 2, 5), V(VCPU, 3, 2));
	while (f->looks < 6)
		fake_run(f, 1);
	force = SET(f, V(ADMIN, 2, 4));
	fake_run(f, 1000);
	expect_done(f, force);
	expect_failed(f, stop, 0, false);
	assert_int_equal(f->d[1].vcpus, 4);
	assert_int_equal(status(f, stop, 3), OPERATION_ROLLED_BACK);
}

/* A row that was to go with the stop stays, as its operation says. */
static void test_preempt_and_a_row_to_destroy(void **state)
{
	struct fake *f = *state;
	struct domain *row = make_domain(20, "n", DOMAIN_INACTIVE, 3, 1024, 0);
	uint32_t stop;

	row->row_status = ROW_NOT_IN_SERVICE;
	f->row = row;
	fault(f, STEP_STOP, 0, FAULT_HANG);
	stop = SET(f, V(ADMIN, 2, 5), V(ROW, 20, 6));
	fake_run(f, 1000);
	assert_int_equal(f->restores, 0);
	SET(f, V(ADMIN, 2, 4));
	fake_run(f, 1000);
	assert_int_equal(status(f, stop, 20), OPERATION_ROLLED_BACK);
	assert_int_equal(f->restores, 0);
}

static void test_preempt_what_is_queued(void **state)
{
	struct fake *f = *state;
	uint32_t stop, force;

	fault(f, STEP_SET_VCPU, 0, FAULT_SLOW);
	stop = SET(f, V(ADMIN, 2, 2), V(VCPU, 3, 2));
	fake_run(f, 100);
	/* The stop was not sent yet: the whole PDU goes back, then the forced one runs. */
	force = SET(f, V(ADMIN, 2, 4));
	fake_run(f, 5000);
	assert_string_equal(f->log, "set-vcpu b 2, set-vcpu b 4, stop-domain a -f");
	expect_failed(f, stop, 0, true);
	expect_done(f, force);
	for (uint32_t domain = 2; domain <= 3; domain++)
		assert_string_equal(
			fake_operation(f, stop, domain)->message, "pre-empted by forceStop");
}

/* What waits for a reboot does not show, neither done nor taken back: it has to be sent. */
static uint32_t rollback_of_what_waits(struct fake *f, enum fault back)
{
	uint32_t id;

	f->pending = "a";
	fault(f, STEP_SET_MEMORY, 0, FAULT_DOES_NOTHING);
	fault(f, STEP_SET_MEMORY, 1, back);
	fault(f, STEP_SET_VCPU, 0, FAULT_REFUSED);
	id = SET(f, V(MEMORY, 2, 1024), V(VCPU, 3, 8));
	fake_run(f, 20000);
	assert_string_equal(f->log, "set-memory a 1024, set-vcpu b 8, set-memory a 2048");
	return id;
}

static void test_rollback_of_what_waits_for_a_reboot(void **state)
{
	struct fake *f = *state;
	uint32_t id = rollback_of_what_waits(f, FAULT_DOES_NOTHING);

	expect_failed(f, id, 1, true);
	assert_int_equal(status(f, id, 2), OPERATION_ROLLED_BACK);
}

static void test_rollback_of_what_waits_refused(void **state)
{
	struct fake *f = *state;
	uint32_t id = rollback_of_what_waits(f, FAULT_REFUSED);

	expect_failed(f, id, 1, false);
	assert_int_equal(status(f, id, 2), OPERATION_ROLLBACK_FAILED);
}

/* --- undo ---------------------------------------------------------------------------------- */

static void test_undo_of_what_is_finished(void **state)
{
	struct fake *f = *state;
	uint32_t id = SET(f, V(VCPU, 2, 8), V(ADMIN, 4, 2));

	fake_run(f, 300);
	expect_done(f, id);
	executor_undo(f->executor, id, f->now);
	fake_run(f, 300);
	assert_string_equal(f->log, "set-vcpu a 8, bind-domain i, unbind-domain i, set-vcpu a 4");
	assert_true(outcome_undone(f->verdicts[id].outcome));
	assert_true(outcome_settled(f->verdicts[id].outcome));
	assert_int_equal(status(f, id, 2), OPERATION_ROLLED_BACK);
}

/* Another SET has the domain by now: it is let through first, and what comes next waits. */
static void test_undo_waits_for_the_domain(void **state)
{
	struct fake *f = *state;
	uint32_t one, other, next;

	one = SET(f, V(VCPU, 2, 8));
	fake_run(f, 300);
	fault(f, STEP_SET_MEMORY, 0, FAULT_SLOW);
	other = SET(f, V(MEMORY, 2, 4096));
	fake_run(f, 100);
	executor_undo(f->executor, one, f->now);
	next = SET(f, V(CRYPTO, 2, 3));
	fake_run(f, 3000);
	assert_string_equal(f->log, "set-vcpu a 8, set-memory a 4096, set-vcpu a 4, set-mau a 3");
	assert_int_equal(f->most_out, 1);
	assert_true(outcome_undone(f->verdicts[one].outcome));
	expect_done(f, other);
	expect_done(f, next);
}

static void test_undo_of_what_cannot_be_undone(void **state)
{
	struct fake *f = *state;
	uint32_t id = SET(f, V(VCPU, 2, 8), V(ADMIN, 2, 2));

	fake_run(f, 300);
	executor_undo(f->executor, id, f->now);
	fake_run(f, 300);
	assert_true(outcome_undo_failed(f->verdicts[id].outcome));
	assert_false(outcome_undone(f->verdicts[id].outcome));
	assert_int_equal(f->d[0].vcpus, 4);
	assert_int_equal(f->d[0].state, DOMAIN_BOUND);
}

static void test_undo_of_what_runs(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_SET_VCPU, 0, FAULT_SLOW);
	id = SET(f, V(VCPU, 2, 8), V(MEMORY, 2, 4096));
	fake_run(f, 100);
	executor_undo(f->executor, id, f->now);
	fake_run(f, 3000);
	assert_string_equal(f->log, "set-vcpu a 8, set-vcpu a 4");
	assert_true(outcome_undone(f->verdicts[id].outcome));
	assert_string_equal(
		fake_operation(f, id, 2)->message, "undone: another part of the SET failed");
}

static void test_undo_before_it_began(void **state)
{
	struct fake *f = *state;
	uint32_t id = SET(f, V(VCPU, 2, 8));

	executor_undo(f->executor, id, f->now);
	fake_run(f, 3000);
	assert_string_equal(f->log, "");
	assert_true(outcome_undone(f->verdicts[id].outcome));
	assert_true(outcome_settled(f->verdicts[id].outcome));
}

/* ldmd does not even say how the domain is: nothing was sent, so it is undone at once. */
static void test_undo_while_it_reads(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->deaf = true;
	id = SET(f, V(VCPU, 2, 8), V(VCPU, 3, 8));
	executor_undo(f->executor, id, f->now);
	fake_receive(f);
	assert_true(outcome_undone(f->verdicts[id].outcome));
	assert_true(outcome_settled(f->verdicts[id].outcome));
	f->deaf = false;
	fake_run(f, 60000);
	assert_string_equal(f->log, "");
	/* Between two tries. */
	f->deaf = true;
	id = SET(f, V(VCPU, 2, 8));
	fake_run(f, 100);
	executor_undo(f->executor, id, f->now);
	fake_receive(f);
	assert_true(outcome_undone(f->verdicts[id].outcome));
	assert_true(outcome_settled(f->verdicts[id].outcome));
}

static void test_undo_while_a_stop_runs(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_STOP, 0, FAULT_SLOW);
	id = SET(f, V(ADMIN, 2, 2));
	fake_run(f, 100);
	executor_undo(f->executor, id, f->now);
	fake_receive(f);
	/* Said at once: the master does not wait for what cannot come. */
	assert_true(outcome_undo_failed(f->verdicts[id].outcome));
	fake_run(f, 3000);
	assert_true(outcome_settled(f->verdicts[id].outcome));
}

static void test_kept_without_a_word(void **state)
{
	struct fake *f = *state;
	uint32_t id = SET(f, V(VCPU, 2, 8));

	fake_run(f, 599000);
	assert_false(outcome_settled(f->verdicts[id].outcome));
	fake_run(f, 2000);
	assert_true(outcome_settled(f->verdicts[id].outcome));
	executor_undo(f->executor, id, f->now);
	fake_run(f, 1000);
	assert_int_equal(f->d[0].vcpus, 8);
}

/* A master that says COMMIT right after noError: what fails later still goes back. */
static void test_fails_after_commit(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_SET_MEMORY, 0, FAULT_REFUSED_LATER);
	id = SET(f, V(VCPU, 2, 8), V(MEMORY, 2, 4096));
	fake_run(f, 400);
	executor_keep(f->executor, id, f->now);
	fake_run(f, 3000);
	expect_failed(f, id, 1, true);
	assert_int_equal(f->d[0].vcpus, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_tail_that_fails_stays),
		HOST_TEST(test_first_of_the_tail_fails),
		HOST_TEST(test_force_stop_after),
		HOST_TEST(test_force_stop_when_ldmd_hangs),
		HOST_TEST(test_force_stop_not_sent),
		HOST_TEST(test_force_stop_not_sent_for_good),
		HOST_TEST(test_preempt_what_waits),
		HOST_TEST(test_preempt),
		HOST_TEST(test_preempt_while_others_go_back),
		HOST_TEST(test_preempt_during_a_look),
		HOST_TEST(test_preempt_and_a_row_to_destroy),
		HOST_TEST(test_preempt_what_is_queued),
		HOST_TEST(test_rollback_of_what_waits_for_a_reboot),
		HOST_TEST(test_rollback_of_what_waits_refused),
		HOST_TEST(test_undo_of_what_is_finished),
		HOST_TEST(test_undo_waits_for_the_domain),
		HOST_TEST(test_undo_of_what_cannot_be_undone),
		HOST_TEST(test_undo_of_what_runs),
		HOST_TEST(test_undo_before_it_began),
		HOST_TEST(test_undo_while_it_reads),
		HOST_TEST(test_undo_while_a_stop_runs),
		HOST_TEST(test_kept_without_a_word),
		HOST_TEST(test_fails_after_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
