/*
 * Transactions over a scripted ldmd: what the manager is told, what the operation rows show and
 * what ldmd has agree, whatever goes wrong with any command at any step.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake-host.h"

/* --- all goes well ------------------------------------------------------------------------- */

static void test_success(void **state)
{
	struct fake *f = *state;
	uint32_t id = SET(f, V(MEMORY, 2, 4096), V(VCPU, 2, 8));

	assert_int_equal(status(f, id, 2), OPERATION_RUNNING);
	fake_run(f, 300);
	expect_done(f, id);
	assert_string_equal(f->log, "set-vcpu a 8, set-memory a 4096");
	assert_int_equal(f->d[0].vcpus, 8);
	const struct operation *o = fake_operation(f, id, 2);
	assert_int_equal(o->status, OPERATION_SUCCEEDED);
	assert_int_equal(o->steps_done, 2);
	assert_int_equal(o->steps_planned, 2);
	assert_string_equal(o->before, "vcpus=4 memory=2048M crypto=1 state=active");
	assert_string_equal(o->after, "vcpus=8 memory=4096M crypto=1 state=active");
	assert_false(outcome_settled(f->verdicts[id].outcome));
	executor_keep(f->executor, id, f->now);
	fake_receive(f);
	assert_true(outcome_settled(f->verdicts[id].outcome));
	/* Step 0, and one look after each command. */
	assert_int_equal(f->looks, 3);
}

static void test_nothing_to_do(void **state)
{
	struct fake *f = *state;
	uint32_t id = SET(f, V(VCPU, 2, 4), V(ADMIN, 2, 1));

	fake_run(f, 300);
	expect_done(f, id);
	assert_string_equal(f->log, "");
	assert_int_equal(status(f, id, 2), OPERATION_SUCCEEDED);
}

/* The snapshot said otherwise; step 0 knows better. */
static void test_cannot_from_here(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->d[0].state = DOMAIN_BOUND;
	id = SET(f, V(VCPU, 2, 8), V(ADMIN, 2, 5));
	fake_run(f, 300);
	expect_failed(f, id, 1, true);
	assert_string_equal(f->log, "");
	assert_int_equal(status(f, id, 2), OPERATION_FAILED);
	assert_non_null(fake_operation(f, id, 2)->message);
}

static void test_cannot_be_sent(void **state)
{
	struct fake *f = *state;
	char *expected;
	uint32_t id;

	assert_true(asprintf(&expected, "the command could not be sent: %s", strerror(EMFILE)) > 0);
	f->send_error = -EMFILE;
	id = SET(f, V(VCPU, 2, 8));
	fake_run(f, 300);
	expect_failed(f, id, 0, true);
	assert_int_equal(status(f, id, 2), OPERATION_FAILED);
	assert_string_equal(fake_operation(f, id, 2)->message, expected);
	free(expected);
}

/* What the snapshot did not show yet is told as ldmd would, and nothing is sent. */
static void test_not_now(void **state)
{
	const struct {
		bool migrating, dr;
		uint32_t whole_core;
		struct set_varbind v;
		const char *why; /* NULL: it may */
	} lines[] = {
		{true, false, 0, V(VCPU, 2, 8), "the domain is migrating"},
		{true, false, 0, V(ADMIN, 2, 4), "the domain is migrating"},
		{true, false, 0, V(VCPU, 2, 4), NULL},
		{false, true, 0, V(MEMORY, 2, 4096), "a memory reconfiguration of the domain runs"},
		{false, true, 0, V(VCPU, 2, 8), NULL},
		{false, false, 1, V(VCPU, 2, 6), "the domain has a whole-core constraint"},
		{false, false, 1, V(VCPU, 2, 8), NULL},
		{false, false, 1, V(MEMORY, 2, 4096), NULL},
	};
	struct fake f;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		host(&f);
		f.d[0].migrating = lines[i].migrating;
		f.d[0].dr = lines[i].dr;
		f.d[0].whole_core = lines[i].whole_core;
		uint32_t id = fake_set(&f, &lines[i].v, 1);
		fake_run(&f, 300);
		assert_int_equal(outcome_failed(f.verdicts[id].outcome), lines[i].why != NULL);
		if (lines[i].why != NULL) {
			expect_failed(&f, id, 0, true);
			assert_string_equal(fake_operation(&f, id, 2)->message, lines[i].why);
			assert_string_equal(f.log, "");
		}
		fake_clear(&f);
	}
}

static void test_another_domain_of_that_name(void **state)
{
	struct fake *f = *state;
	uint32_t id = SET(f, V(VCPU, 2, 8));

	f->d[0].index = 77;
	fake_run(f, 300);
	expect_failed(f, id, 0, true);
	assert_string_equal(f->log, "");
}

static void test_transitions(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->transition_ms = 3000;
	id = SET(f, V(ADMIN, 2, 3));
	fake_run(f, 400);
	assert_false(outcome_decided(f->verdicts[id].outcome));
	assert_int_equal(status(f, id, 2), OPERATION_RUNNING);
	fake_run(f, 20000);
	expect_done(f, id);
	assert_string_equal(f->log, "stop-domain a, unbind-domain a");
	assert_int_equal(f->d[0].state, DOMAIN_INACTIVE);
}

static void show(struct fake *f, enum domain_state state)
{
	struct domain *d[] = {make_domain(3, "b", state, 4, 2048, 1)};
	const struct snapshot *s = make_snapshot(d, 1, 0, 0, 0, 20);

	executor_see(f->executor, s);
	executor_turn(f->executor, f->now);
	snapshot_unref(s);
	fake_receive(f);
}

/* What a refresh finds ends the wait before the next look. */
static void test_seen_in_a_snapshot(void **state)
{
	struct fake *f = *state;
	size_t looks;
	uint32_t id;

	f->transition_ms = 5000;
	id = SET(f, V(ADMIN, 3, 1));
	fake_run(f, 5010);
	looks = f->looks;
	show(f, DOMAIN_STARTING);
	assert_false(outcome_decided(f->verdicts[id].outcome));
	show(f, DOMAIN_ACTIVE);
	expect_done(f, id);
	assert_int_equal(f->looks, looks);
}

/* What one of those that look at it does may make a new one, and be the end of this one. */
static void test_seen_in_a_snapshot_that_is_replaced(void **state)
{
	struct fake *f = *state;
	struct domain *row = make_domain(20, "n", DOMAIN_INACTIVE, 3, 1024, 0);
	struct domain *d[] = {make_domain(3, "b", DOMAIN_ACTIVE, 4, 2048, 1),
		make_domain(4, "i", DOMAIN_BOUND, 4, 2048, 1)};
	uint32_t start, bind;

	row->row_status = ROW_NOT_IN_SERVICE;
	f->row = row;
	f->transition_ms = 5000;
	start = SET(f, V(ADMIN, 3, 1), V(ROW, 20, 6));
	bind = SET(f, V(ADMIN, 4, 2));
	fake_run(f, 4000);
	f->replaced = make_snapshot(d, COUNT(d), 0, 0, 0, 20);
	executor_see(f->executor, f->replaced);
	assert_null(f->replaced);
	executor_turn(f->executor, f->now);
	fake_receive(f);
	expect_done(f, start);
	expect_done(f, bind);
}

/* --- one command, each thing that can go wrong with it -------------------------------------- */

struct one {
	enum step_action action;
	struct set_varbind v[4];
	size_t n;
	size_t domain; /* in the fake */
};

static const struct one *ones(size_t *n)
{
	static struct one list[] = {
		{.action = STEP_SET_VCPU, .domain = 0},
		{.action = STEP_SET_MEMORY, .domain = 0},
		{.action = STEP_SET_MEMORY, .domain = 1},
		{.action = STEP_SET_CRYPTO, .domain = 0},
		{.action = STEP_BIND, .domain = 2},
		{.action = STEP_UNBIND, .domain = 1},
		{.action = STEP_START, .domain = 1},
		{.action = STEP_STOP, .domain = 0},
		{.action = STEP_FORCE_STOP, .domain = 0},
		{.action = STEP_ADD, .domain = 4},
		{.action = STEP_REMOVE, .domain = 2},
	};
	const struct set_varbind v[][4] = {
		{V(VCPU, 2, 8)},
		{V(MEMORY, 2, 4096)},
		{V(MEMORY, 3, 1024)},
		{V(CRYPTO, 2, 3)},
		{V(ADMIN, 4, 2)},
		{V(ADMIN, 3, 3)},
		{V(ADMIN, 3, 1)},
		{V(ADMIN, 2, 2)},
		{V(ADMIN, 2, 4)},
		{V(ROW, 20, 4), T(NAME, 20, "n"), V(VCPU, 20, 2), V(MEMORY, 20, 1024)},
		{V(ROW, 4, 6)},
	};

	for (size_t i = 0; i < COUNT(list); i++) {
		memcpy(list[i].v, v[i], sizeof(v[i]));
		list[i].n = list[i].action == STEP_ADD ? 4 : 1;
	}
	*n = COUNT(list);
	return list;
}

static bool is_amount(enum step_action a)
{
	return a == STEP_SET_VCPU || a == STEP_SET_MEMORY || a == STEP_SET_CRYPTO;
}

static bool same(const struct fake_domain *x, const struct fake_domain *y)
{
	return x->exists == y->exists && x->state == y->state && x->vcpus == y->vcpus &&
	       x->mb == y->mb && x->crypto == y->crypto;
}

/*
 * Forwards each action leaves at most once; the way back is the inverse of it. A forced stop
 * without an effect leaves once more, in the other form of its option.
 */
static void check_sent(const struct fake *f, enum step_action a)
{
	assert_true(f->seen[a] <= (is_amount(a) || a == STEP_FORCE_STOP ? 2u : 1u));
	assert_true(f->n_commands <= 2);
}

static void check_told(struct fake *f, uint32_t id, const struct one *one,
	const struct fake_domain *before, const struct fake_domain *target, const char *what)
{
	const struct fake_domain *now = &f->d[one->domain];
	const struct verdict *v = &f->verdicts[id];
	enum operation_status s = status(f, id, one->v[0].row);

	if (!outcome_decided(v->outcome))
		fail_msg("%s: nothing was decided", what);
	if (!outcome_failed(v->outcome) && !same(now, target) && s != OPERATION_PARTIAL)
		fail_msg("%s: told done, status %d, but ldmd has something else", what, s);
	if (!outcome_failed(v->outcome) && same(now, target) && s != OPERATION_SUCCEEDED &&
		s != OPERATION_PARTIAL)
		fail_msg("%s: done, but the row says %d", what, s);
	if (outcome_failed(v->outcome) && outcome_undone(v->outcome) && !same(now, before))
		fail_msg("%s: told undone, but ldmd has something else", what);
	if (outcome_failed(v->outcome) && outcome_undone(v->outcome) && s != OPERATION_FAILED &&
		s != OPERATION_ROLLED_BACK)
		fail_msg("%s: undone, but the row says %d", what, s);
	if (outcome_failed(v->outcome) && !outcome_undone(v->outcome) &&
		!outcome_undo_failed(v->outcome))
		fail_msg("%s: failed, and then?", what);
}

/* What there is to expect of one cell, beyond that all views agree. */
static bool must_succeed(enum fault what)
{
	return what == FAULT_NONE || what == FAULT_REFUSED_BUT_DONE || what == FAULT_SLOW ||
	       what == FAULT_LOST_DONE || what == FAULT_LOST_DONE_LATER || what == FAULT_HANG_DONE;
}

static bool must_fail(enum step_action a, enum fault what)
{
	/* Each fault strikes once, and not the forced stop in the other form. */
	if (a == STEP_FORCE_STOP && what != FAULT_REFUSED && what != FAULT_REFUSED_LATER &&
		what != FAULT_LOST_BEFORE)
		return false;
	return what == FAULT_REFUSED || what == FAULT_REFUSED_LATER || what == FAULT_DOES_NOTHING ||
	       what == FAULT_LOST_BEFORE || what == FAULT_LOST_NOT_DONE || what == FAULT_HANG;
}

static struct fake_domain target_of(const struct one *one, const struct fake_domain *before)
{
	struct fake f = {.transition_ms = 0};
	struct fake_command c = {.step = {.action = one->action}};

	f.d[0] = *before;
	snprintf(c.domain, sizeof(c.domain), "%s", before->name);
	c.value = (uint64_t)one->v[0].number * (one->action == STEP_SET_MEMORY ? MB : 1);
	fake_apply(&f, &c, false, false);
	return f.d[0];
}

static void cell(const struct one *one, enum fault what, uint64_t transition_ms)
{
	struct fake f;
	struct fake_domain before, target;
	char name[96];
	uint32_t id;

	host(&f);
	f.transition_ms = transition_ms;
	before = f.d[one->domain];
	target = target_of(one, &before);
	fault(&f, one->action, 0, what);
	snprintf(name, sizeof(name), "%s, fault %d, transitions %llu ms",
		step_action_name(one->action), (int)what, (unsigned long long)transition_ms);
	id = fake_set(&f, one->v, one->n);
	/* All of it, and whatever may come late. */
	fake_run(&f, 200000);
	check_told(&f, id, one, &before, &target, name);
	check_sent(&f, one->action);
	if (must_succeed(what) && outcome_failed(f.verdicts[id].outcome))
		fail_msg("%s: failed", name);
	if (must_fail(one->action, what) && !outcome_failed(f.verdicts[id].outcome))
		fail_msg("%s: succeeded", name);
	if (what == FAULT_LOST_BEFORE)
		assert_string_equal(fake_operation(&f, id, one->v[0].row)->message,
			"the command was not sent: no connection to ldmd");
	if (what == FAULT_GIVES_LESS && is_amount(one->action) && one->action != STEP_SET_CRYPTO)
		assert_int_equal(status(&f, id, one->v[0].row), OPERATION_PARTIAL);
	assert_int_equal(f.out, 0);
	fake_clear(&f);
}

static void test_each_command_each_fault(void **state)
{
	static const uint64_t transitions[] = {0, 700};
	size_t n, cells = 0;
	const struct one *list = ones(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (int what = FAULT_NONE; what < _FAULT_MAX; what++)
			for (size_t k = 0; k < COUNT(transitions); k++, cells++)
				cell(&list[i], (enum fault)what, transitions[k]);
	print_message("%zu cells\n", cells);
}

/* --- many domains: a fault at each step leaves all or nothing ------------------------------- */

static void many_cell(unsigned at, enum fault what, size_t *failed)
{
	static const enum step_action sequence[] = {
		STEP_UNBIND, STEP_SET_MEMORY, STEP_SET_VCPU, STEP_SET_VCPU, STEP_BIND, STEP_STOP};
	struct fake f;
	struct fake_domain before[FAKE_DOMAINS];
	unsigned nth = 0;
	uint32_t id;

	host(&f);
	memcpy(before, f.d, sizeof(before));
	for (unsigned i = 0; i < at; i++)
		nth += sequence[i] == sequence[at];
	fault(&f, sequence[at], nth, what);
	id = SET(&f, V(VCPU, 4, 6), V(ADMIN, 2, 2), V(MEMORY, 5, 1024), V(ADMIN, 3, 3),
		V(ADMIN, 4, 2), V(VCPU, 5, 9));
	fake_run(&f, 300000);
	assert_true(outcome_decided(f.verdicts[id].outcome));
	if (outcome_failed(f.verdicts[id].outcome)) {
		++*failed;
		assert_true(outcome_settled(f.verdicts[id].outcome));
		assert_true(outcome_undone(f.verdicts[id].outcome) ||
			    outcome_undo_failed(f.verdicts[id].outcome));
		for (size_t i = 0; i < 4; i++)
			if (!same(&before[i], &f.d[i]) &&
				!(outcome_undo_failed(f.verdicts[id].outcome) && i == 0))
				fail_msg("step %u, fault %d: domain %zu is not as before: %s", at,
					what, i, f.log);
	} else {
		assert_int_equal(f.d[0].state, DOMAIN_BOUND);
		assert_int_equal(f.d[1].state, DOMAIN_INACTIVE);
		assert_int_equal(f.d[2].state, DOMAIN_BOUND);
		assert_true(f.d[2].vcpus == 6 || status(&f, id, 4) == OPERATION_PARTIAL);
	}
	fake_clear(&f);
}

static void test_many_domains(void **state)
{
	size_t failed = 0, cells = 0;

	(void)state;
	for (unsigned at = 0; at < 6; at++)
		for (int what = FAULT_NONE; what < _FAULT_MAX; what++, cells++)
			many_cell(at, (enum fault)what, &failed);
	print_message("%zu cells, %zu rolled back\n", cells, failed);
	assert_true(failed > 30);
}

static void test_order_and_rollback(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_SET_VCPU, 1, FAULT_REFUSED);
	id = SET(f, V(VCPU, 2, 8), V(VCPU, 3, 1), V(MEMORY, 3, 1024));
	fake_run(f, 400);
	assert_string_equal(f->log, "set-vcpu b 1, set-memory b 1024, set-vcpu a 8, "
				    "set-memory b 2048, set-vcpu b 4");
	expect_failed(f, id, 0, true);
	assert_int_equal(status(f, id, 2), OPERATION_FAILED);
	assert_string_equal(fake_operation(f, id, 2)->message, "ldmd says no");
	assert_int_equal(status(f, id, 3), OPERATION_ROLLED_BACK);
	assert_int_equal(fake_operation(f, id, 3)->steps_done, 0);
	assert_string_equal(fake_operation(f, id, 3)->message, "another part of the SET failed");
}

static void test_rollback_that_fails(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_SET_VCPU, 1, FAULT_REFUSED);
	fault(f, STEP_SET_VCPU, 2, FAULT_REFUSED);
	id = SET(f, V(VCPU, 2, 8), V(VCPU, 3, 1), V(MEMORY, 3, 1024));
	fake_run(f, 400);
	expect_failed(f, id, 0, false);
	assert_int_equal(status(f, id, 3), OPERATION_ROLLBACK_FAILED);
	/* The other step went back all the same. */
	assert_int_equal(f->d[1].mb, 2048);
	assert_int_equal(f->d[1].vcpus, 1);
}

/* The manager hears of it before the rollback, which takes its time. */
static void test_told_before_the_rollback(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_SET_VCPU, 0, FAULT_REFUSED);
	fault(f, STEP_SET_MEMORY, 1, FAULT_SLOW);
	id = SET(f, V(MEMORY, 3, 1024), V(VCPU, 2, 8));
	fake_run(f, 100);
	assert_true(outcome_failed(f->verdicts[id].outcome));
	assert_int_equal(f->verdicts[id].culprit, 1);
	assert_false(outcome_settled(f->verdicts[id].outcome));
	assert_int_equal(status(f, id, 3), OPERATION_RUNNING);
	fake_run(f, 2000);
	expect_failed(f, id, 1, true);
}

/* --- side by side -------------------------------------------------------------------------- */

static void test_side_by_side(void **state)
{
	struct fake *f = *state;
	uint32_t one, other, behind;

	fault(f, STEP_SET_VCPU, 0, FAULT_SLOW);
	one = SET(f, V(VCPU, 2, 8));
	fake_run(f, 10);
	other = SET(f, V(VCPU, 3, 8));
	behind = SET(f, V(MEMORY, 2, 4096), V(MEMORY, 5, 4096));
	fake_run(f, 500);
	assert_false(outcome_decided(f->verdicts[one].outcome));
	expect_done(f, other);
	assert_int_equal(status(f, behind, 2), OPERATION_QUEUED);
	assert_int_equal(status(f, behind, 5), OPERATION_QUEUED);
	fake_run(f, 2000);
	expect_done(f, one);
	expect_done(f, behind);
	assert_string_equal(f->log, "set-vcpu a 8, set-vcpu b 8, set-memory a 4096, "
				    "set-memory a2 4096");
}

static void test_four_at_a_time(void **state)
{
	struct fake *f = *state;

	for (size_t i = 0; i < FAKE_DOMAINS; i++) {
		static const char *const names[] = {"d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7"};

		f->d[i] = (struct fake_domain){names[i], true, 10 + (uint32_t)i, DOMAIN_BOUND, 4,
			2048, 0, false, false, 0};
		if (i < 8)
			fault(f, STEP_SET_VCPU, (unsigned)i, FAULT_SLOW);
	}
	for (uint32_t i = 0; i < FAKE_DOMAINS; i++)
		SET(f, V(VCPU, 10 + i, 8));
	fake_run(f, 10000);
	assert_int_equal(f->most_out, 4);
	for (size_t i = 0; i < FAKE_DOMAINS; i++)
		assert_int_equal(f->d[i].vcpus, 8);
}

/* Half of step 0 came too late to be true: all of it is read again. */
static void test_step_0_twice(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->deaf_to = "b";
	id = SET(f, V(VCPU, 2, 8), V(VCPU, 3, 8));
	fake_run(f, 300);
	f->deaf_to = NULL;
	f->d[0].vcpus = 6;
	fake_run(f, 1000);
	expect_done(f, id);
	assert_string_equal(
		fake_operation(f, id, 2)->before, "vcpus=6 memory=2048M crypto=1 state=active");
}

/* --- ldmd does not answer ------------------------------------------------------------------ */

static void test_deaf_at_step_0(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->deaf = true;
	id = SET(f, V(VCPU, 2, 8));
	fake_run(f, 10000);
	assert_false(outcome_decided(f->verdicts[id].outcome));
	fake_run(f, 30000);
	expect_failed(f, id, 0, true);
	f->deaf = false;
	fake_run(f, 30000);
	assert_string_equal(f->log, "");
}

/* Neither an answer nor an effect: the row says so. */
static void test_no_answer(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_SET_VCPU, 0, FAULT_LOST_NOT_DONE);
	id = SET(f, V(VCPU, 2, 8));
	fake_run(f, 70000);
	assert_true(outcome_failed(f->verdicts[id].outcome));
	assert_string_equal(fake_operation(f, id, 2)->message, "ldmd did not answer");
}

static void test_deaf_after_the_command(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_SET_VCPU, 0, FAULT_LOST_DONE);
	id = SET(f, V(VCPU, 2, 8));
	fake_run(f, 4);
	f->deaf = true;
	fake_run(f, 500000);
	/* Never assumed, never sent again: it looks until it can see. */
	assert_false(outcome_decided(f->verdicts[id].outcome));
	f->deaf = false;
	fake_run(f, 5000);
	expect_done(f, id);
	assert_string_equal(f->log, "set-vcpu a 8");
}

/* What waits for a reboot is not what the domain has: to take it back, ldmd has to be told. */
static void test_take_back_what_waits_for_a_reboot(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->pending = "a";
	fault(f, STEP_SET_MEMORY, 0, FAULT_DOES_NOTHING);
	id = SET(f, V(MEMORY, 2, 1024));
	fake_run(f, 20000);
	assert_int_equal(status(f, id, 2), OPERATION_PARTIAL);
	id = SET(f, V(MEMORY, 2, 2048));
	fake_run(f, 20000);
	assert_string_equal(f->log, "set-memory a 1024, set-memory a 2048");
	assert_int_equal(status(f, id, 2), OPERATION_PARTIAL);
	assert_string_equal(
		fake_operation(f, id, 2)->message, "takes effect when the domain reboots");
}

static void test_whole_cores(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->d[0].whole_core = 1;
	id = SET(f, V(VCPU, 2, 8));
	fake_run(f, 300);
	expect_done(f, id);
	assert_int_equal(f->d[0].whole_core, 2);
	/* Taken back with the rest of the PDU. */
	fault(f, STEP_SET_VCPU, 2, FAULT_REFUSED);
	id = SET(f, V(VCPU, 2, 12), V(VCPU, 3, 8));
	fake_run(f, 300);
	expect_failed(f, id, 1, true);
	assert_int_equal(f->d[0].vcpus, 8);
	assert_int_equal(f->d[0].whole_core, 2);
}

static void test_whole_cores_lost(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->d[0].whole_core = 1;
	f->drops_cores = true;
	id = SET(f, V(VCPU, 2, 8));
	fake_run(f, 3000);
	assert_int_equal(status(f, id, 2), OPERATION_PARTIAL);
	assert_string_equal(
		fake_operation(f, id, 2)->message, "ldmd dropped the whole-core constraint");
}

/* A forced stop that ldmd took for a plain one is sent in the other form, once. */
static void test_forced_stop_in_the_other_form(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->refusal = "LDom a stop timed out.";
	fault(f, STEP_FORCE_STOP, 0, FAULT_REFUSED);
	id = SET(f, V(ADMIN, 2, 4));
	fake_run(f, 3000);
	expect_done(f, id);
	assert_int_equal(f->n_commands, 2);
	assert_false(f->commands[0]->step.other_form);
	assert_true(f->commands[1]->step.other_form);
}

static void test_forced_stop_in_vain(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->refusal = "LDom a stop timed out.";
	fault(f, STEP_FORCE_STOP, 0, FAULT_REFUSED);
	fault(f, STEP_FORCE_STOP, 1, FAULT_REFUSED);
	id = SET(f, V(ADMIN, 2, 4));
	fake_run(f, 3000);
	expect_failed(f, id, 0, true);
	assert_int_equal(f->n_commands, 2);
}

static void expect_not_begun(struct fake *f, uint32_t id, uint32_t index)
{
	expect_failed(f, id, 0, true);
	assert_int_equal(status(f, id, index), OPERATION_FAILED);
	assert_string_equal(
		fake_operation(f, id, index)->message, "the agent was stopped before it began");
}

/* Nothing was sent, so nobody has to wonder. */
static void test_stop_before_it_began(void **state)
{
	struct fake *f = *state;
	uint32_t queued, reading, late;

	fault(f, STEP_SET_VCPU, 0, FAULT_SLOW);
	SET(f, V(VCPU, 2, 8));
	fake_run(f, 100);
	queued = SET(f, V(MEMORY, 2, 4096));
	f->deaf = true;
	reading = SET(f, V(MEMORY, 3, 4096));
	executor_stop(f->executor);
	fake_run(f, 10);
	f->deaf = false;
	expect_not_begun(f, queued, 2);
	expect_not_begun(f, reading, 3);
	late = SET(f, V(VCPU, 5, 8));
	fake_run(f, 5000);
	expect_not_begun(f, late, 5);
	assert_string_equal(f->log, "set-vcpu a 8");
}

/* What was begun goes on to its end. */
static void test_stop_of_the_agent(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_SET_VCPU, 0, FAULT_SLOW);
	id = SET(f, V(VCPU, 2, 8), V(MEMORY, 2, 4096));
	fake_run(f, 100);
	executor_stop(f->executor);
	assert_false(executor_idle(f->executor));
	fake_run(f, 2000);
	assert_true(executor_idle(f->executor));
	assert_string_equal(f->log, "set-vcpu a 8, set-memory a 4096");
	expect_done(f, id);
}

static void test_stop_and_then_a_failure(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_SET_VCPU, 1, FAULT_REFUSED_LATER);
	id = SET(f, V(VCPU, 2, 8), V(VCPU, 3, 8));
	fake_run(f, 100);
	executor_stop(f->executor);
	fake_run(f, 5000);
	assert_true(executor_idle(f->executor));
	assert_string_equal(f->log, "set-vcpu a 8, set-vcpu b 8, set-vcpu a 4");
	expect_failed(f, id, 1, true);
	assert_int_equal(status(f, id, 2), OPERATION_ROLLED_BACK);
}

/* ldmd answered, and does not tell how the domain is now: it may do so for minutes. */
static void test_stop_while_nothing_can_be_seen(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_SET_VCPU, 0, FAULT_SLOW);
	id = SET(f, V(VCPU, 2, 8), V(MEMORY, 2, 4096));
	fake_run(f, 100);
	f->deaf = true;
	executor_stop(f->executor);
	assert_false(executor_idle(f->executor));
	fake_run(f, 5000);
	assert_true(executor_idle(f->executor));
	assert_false(outcome_decided(f->verdicts[id].outcome));
	assert_string_equal(f->log, "set-vcpu a 8");
}

/* A command whose answer was lost may show for as long as commandTimeout: too long for a stop. */
static void test_stop_with_an_uncertain_command(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_SET_VCPU, 0, FAULT_LOST_NOT_DONE);
	id = SET(f, V(VCPU, 2, 8), V(MEMORY, 2, 4096));
	fake_run(f, 100);
	executor_stop(f->executor);
	assert_true(executor_idle(f->executor));
	assert_false(outcome_decided(f->verdicts[id].outcome));
	/* The next start settles it. */
	struct handover *h;
	struct history *y;
	size_t n;
	assert_int_equal(handover_new(&h), 0);
	assert_int_equal(history_open(f->directory, h, &y), 0);
	assert_int_equal(history_left_open(y, &n)->transaction, id);
	assert_int_equal(n, 1);
	history_free(y);
	handover_free(h);
}

/* Nothing is to be seen of it: that proves nothing before commandTimeout. */
static void test_no_answer_proves_nothing(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_STOP, 0, FAULT_LOST_NOT_DONE);
	id = SET(f, V(ADMIN, 2, 2));
	fake_run(f, 59000);
	assert_false(outcome_decided(f->verdicts[id].outcome));
	assert_int_equal(status(f, id, 2), OPERATION_RUNNING);
	fake_run(f, 10000);
	assert_int_equal(status(f, id, 2), OPERATION_UNKNOWN);
	expect_failed(f, id, 0, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_success),
		HOST_TEST(test_nothing_to_do),
		HOST_TEST(test_cannot_from_here),
		HOST_TEST(test_cannot_be_sent),
		cmocka_unit_test(test_not_now),
		HOST_TEST(test_another_domain_of_that_name),
		HOST_TEST(test_transitions),
		HOST_TEST(test_seen_in_a_snapshot),
		HOST_TEST(test_seen_in_a_snapshot_that_is_replaced),
		cmocka_unit_test(test_each_command_each_fault),
		cmocka_unit_test(test_many_domains),
		HOST_TEST(test_order_and_rollback),
		HOST_TEST(test_rollback_that_fails),
		HOST_TEST(test_told_before_the_rollback),
		HOST_TEST(test_side_by_side),
		HOST_TEST(test_four_at_a_time),
		HOST_TEST(test_step_0_twice),
		HOST_TEST(test_deaf_at_step_0),
		HOST_TEST(test_no_answer),
		HOST_TEST(test_deaf_after_the_command),
		HOST_TEST(test_stop_before_it_began),
		HOST_TEST(test_stop_of_the_agent),
		HOST_TEST(test_forced_stop_in_the_other_form),
		HOST_TEST(test_forced_stop_in_vain),
		HOST_TEST(test_whole_cores),
		HOST_TEST(test_whole_cores_lost),
		HOST_TEST(test_take_back_what_waits_for_a_reboot),
		HOST_TEST(test_stop_and_then_a_failure),
		HOST_TEST(test_stop_with_an_uncertain_command),
		HOST_TEST(test_stop_while_nothing_can_be_seen),
		HOST_TEST(test_no_answer_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
