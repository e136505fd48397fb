/*
 * Rows that are made and destroyed, as the executor sees them: which commands, and what stays when
 * one of them fails.
 */
#include <errno.h>

#include "fake-host.h"

static void test_create(void **state)
{
	struct fake *f = *state;
	uint32_t id = SET(f, V(ROW, 20, 4), T(NAME, 20, "n"), V(VCPU, 20, 2), V(MEMORY, 20, 1024),
		V(ADMIN, 20, 1));

	fake_run(f, 500);
	expect_done(f, id);
	assert_string_equal(f->log, "add-domain n, bind-domain n, start-domain n");
	assert_int_equal(f->puts, 1);
	assert_int_equal(f->restores, 0);
}

static void test_create_rolled_back(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_BIND, 0, FAULT_REFUSED);
	id = SET(f, V(ROW, 20, 4), T(NAME, 20, "n"), V(VCPU, 20, 2), V(MEMORY, 20, 1024),
		V(ADMIN, 20, 2));
	fake_run(f, 500);
	expect_failed(f, id, 4, true);
	assert_string_equal(f->log, "add-domain n, bind-domain n, remove-domain n");
	assert_int_equal(f->restores, 1);
	assert_false(f->d[4].exists);
}

/* What a template says otherwise is set, what it says already is not; the domain goes whole. */
static void test_create_from_template(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_BIND, 0, FAULT_REFUSED);
	id = SET(f, V(ROW, 20, 4), T(NAME, 20, "n"), V(VCPU, 20, 2), V(MEMORY, 20, 3072),
		T(TEMPLATE, 20, "web"), V(ADMIN, 20, 2));
	fake_run(f, 500);
	expect_failed(f, id, 5, true);
	assert_string_equal(
		f->log, "add-domain n, set-memory n 3072, bind-domain n, remove-domain n");
}

/* The template wants whole cores: another number of CPUs would take that constraint away. */
static void test_create_with_whole_cores(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->d[4].whole_core = 1;
	id = SET(f, V(ROW, 20, 4), T(NAME, 20, "n"), V(VCPU, 20, 5), T(TEMPLATE, 20, "web"));
	fake_run(f, 500);
	expect_failed(f, id, 2, true);
	assert_string_equal(f->log, "add-domain n, remove-domain n");
	assert_string_equal(
		fake_operation(f, id, 20)->message, "the domain has a whole-core constraint");
}

static void test_create_without_template(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->no_template = true;
	id = SET(f, V(ROW, 20, 4), T(NAME, 20, "n"), T(TEMPLATE, 20, "web"));
	fake_run(f, 500);
	expect_failed(f, id, 0, true);
	assert_string_equal(fake_operation(f, id, 20)->message, "no such template");
	assert_int_equal(f->restores, 1);
}

/* Somebody at the host was faster by a moment: his domain is not ours to remove. */
static void test_create_what_another_made(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_ADD, 0, FAULT_REFUSED_BUT_DONE);
	f->refusal = "LDom \"n\" already exists";
	id = SET(f, V(ROW, 20, 4), T(NAME, 20, "n"), V(VCPU, 20, 2), V(MEMORY, 20, 1024),
		V(VCPU, 2, 2));
	fake_run(f, 500);
	expect_failed(f, id, 0, false);
	assert_string_equal(f->log, "set-vcpu a 2, add-domain n, set-vcpu a 4");
	assert_true(f->d[4].exists);
	assert_int_equal(status(f, id, 20), OPERATION_ROLLBACK_FAILED);
	assert_string_equal(fake_operation(f, id, 20)->message, "LDom \"n\" already exists");
	/* The row is ldmd's now. */
	assert_int_equal(f->restores, 0);
}

/* ldmd gave another reason and made it all the same: there was none before, so it is ours. */
static void test_create_what_was_refused_and_made(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	fault(f, STEP_ADD, 0, FAULT_REFUSED_BUT_DONE);
	id = SET(f, V(ROW, 20, 4), T(NAME, 20, "n"), V(VCPU, 20, 2), V(MEMORY, 20, 1024));
	fake_run(f, 500);
	expect_done(f, id);
	assert_string_equal(f->log, "add-domain n");
	assert_int_equal(status(f, id, 20), OPERATION_SUCCEEDED);
}

static void test_create_where_one_is(void **state)
{
	struct fake *f = *state;
	uint32_t id;

	f->d[4].exists = true;
	id = SET(f, V(ROW, 20, 4), T(NAME, 20, "n"), V(VCPU, 20, 2), V(MEMORY, 20, 1024));
	fake_run(f, 500);
	expect_failed(f, id, 1, true);
	assert_string_equal(f->log, "");
}

static void test_create_row_that_cannot_be(void **state)
{
	static const struct {
		int error;
		const char *message;
	} samples[] = {
		{-ERANGE, "the row cannot be made: its index or name is taken"},
		{-EEXIST, "the row cannot be made: its index or name is taken"},
		{-ENOSPC, "too many rows are being made"},
		{-EIO, "the row cannot be made: its index cannot be saved"},
		{-ENOMEM, "the agent has no memory left"},
	};
	struct fake *f = *state;

	for (size_t i = 0; i < COUNT(samples); i++) {
		f->put_row_result = samples[i].error;
		uint32_t id = SET(
			f, V(ROW, 20, 4), T(NAME, 20, "n"), V(VCPU, 20, 2), V(MEMORY, 20, 1024));
		fake_run(f, 500);
		expect_failed(f, id, 0, true);
		assert_string_equal(f->log, "");
		assert_string_equal(fake_operation(f, id, 20)->message, samples[i].message);
	}
}

static void test_row_step_by_step(void **state)
{
	struct fake *f = *state;
	struct domain *row;
	uint32_t id = SET(f, V(ROW, 20, 5), V(VCPU, 20, 2));

	fake_run(f, 500);
	expect_done(f, id);
	assert_int_equal(f->puts, 1);
	assert_string_equal(f->log, "");
	assert_int_equal(f->looks, 0);
	/* The row has its name by now; active makes it, with all that was said before. */
	row = make_domain(20, "n", DOMAIN_INACTIVE, 3, 1024, 0);
	row->row_status = ROW_NOT_IN_SERVICE;
	row->wanted_admin = ADMIN_BOUND;
	f->row = row;
	id = SET(f, V(ROW, 20, 1));
	fake_run(f, 500);
	expect_done(f, id);
	assert_string_equal(f->log, "add-domain n, bind-domain n");
}

/* The template was written to the row before; its amounts are other ones than the row's. */
static void test_row_with_a_template(void **state)
{
	struct fake *f = *state;
	struct domain *row = make_domain(20, "n", DOMAIN_INACTIVE, 2, 3072, 0);
	uint32_t id;

	row->row_status = ROW_NOT_IN_SERVICE;
	assert_non_null(row->template_name = strdup("web"));
	f->row = row;
	id = SET(f, V(ROW, 20, 1));
	fake_run(f, 500);
	expect_done(f, id);
	assert_string_equal(f->log, "add-domain n, set-memory n 3072");
}

/* What ldomAdminState reads as is what the row was to become, also once ldmd has the domain. */
static void test_row_has_a_target(void **state)
{
	struct fake *f = *state;
	struct domain *row = make_domain(20, "n", DOMAIN_INACTIVE, 3, 1024, 0);
	uint32_t id;

	row->row_status = ROW_NOT_IN_SERVICE;
	row->wanted_admin = ADMIN_BOUND;
	f->row = row;
	fault(f, STEP_BIND, 0, FAULT_SLOW);
	id = SET(f, V(ROW, 20, 1));
	fake_run(f, 500);
	assert_int_equal(status(f, id, 20), OPERATION_RUNNING);
	assert_int_equal(fake_operation(f, id, 20)->target, ADMIN_BOUND);
}

/* It was let go a moment ago: nothing is known of it but a name. */
static void test_row_that_is_gone(void **state)
{
	struct fake *f = *state;
	uint32_t id = SET(f, V(ROW, 20, 1));

	fake_run(f, 500);
	expect_failed(f, id, 0, true);
	assert_string_equal(f->log, "");
	assert_int_equal(f->puts, 0);
}

static void test_row_destroyed_unfinished(void **state)
{
	struct fake *f = *state;
	struct domain *row;
	uint32_t id;

	row = make_domain(20, "n", DOMAIN_INACTIVE, 3, 1024, 0);
	row->row_status = ROW_NOT_IN_SERVICE;
	f->row = row;
	id = SET(f, V(ROW, 20, 6));
	fake_run(f, 500);
	expect_done(f, id);
	assert_string_equal(f->log, "");
	assert_int_equal(f->restores, 1);
}

static void test_destroy(void **state)
{
	struct fake *f = *state;
	uint32_t id = SET(f, V(ROW, 4, 6), V(VCPU, 2, 8));

	fake_run(f, 500);
	expect_done(f, id);
	assert_string_equal(f->log, "set-vcpu a 8, remove-domain i");
	const struct operation *o = fake_operation(f, id, 4);
	assert_string_equal(o->before, "vcpus=4 memory=2048M crypto=1 state=inactive");
	assert_null(o->after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_create),
		HOST_TEST(test_create_rolled_back),
		HOST_TEST(test_create_from_template),
		HOST_TEST(test_create_with_whole_cores),
		HOST_TEST(test_create_without_template),
		HOST_TEST(test_create_what_another_made),
		HOST_TEST(test_create_what_was_refused_and_made),
		HOST_TEST(test_create_where_one_is),
		HOST_TEST(test_create_row_that_cannot_be),
		HOST_TEST(test_row_step_by_step),
		HOST_TEST(test_row_with_a_template),
		HOST_TEST(test_row_has_a_target),
		HOST_TEST(test_row_that_is_gone),
		HOST_TEST(test_row_destroyed_unfinished),
		HOST_TEST(test_destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
