/*
 * What control asks of the refresh: one domain now, answers held back, rows of its own.
 */
#include "refresh-fixture.h"

#include <errno.h>

struct told {
	unsigned times;
	int err;
	uint32_t num_vcpu;
	bool there, published_before;
};

static void on_domain(void *user, int err, const struct domain *d, const struct snapshot *s)
{
	struct told *told = user;

	told->times++;
	told->err = err;
	told->there = d != NULL;
	told->num_vcpu = d ? d->num_vcpu : 0;
	told->published_before = s == scene.shown;
}

static void test_domain_now(void **state)
{
	struct told told = {0};

	(void)state;
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), -ENOTCONN);
	begin();
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), 0);
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), 0);
	assert_int_equal(told.times, 0);
	turn(1000);
	expect("list-bindings", "a");
	ANSWER(GUEST("a", "active", "5"));
	assert_int_equal(told.times, 2);
	assert_int_equal(told.num_vcpu, 5);
	assert_true(told.published_before);
}

static void test_domain_now_goes_first_and_asks_anew(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	event("set-vcpu", "primary");
	event("set-vcpu", "a");
	turn(6000);
	expect("list-domain", NULL);
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), 0);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(told.times, 0);
	expect("list-bindings", "a");
	/* Asked while a question about the same domain runs: that one does not count. */
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), 0);
	ANSWER(GUEST("a", "active", "5"));
	assert_int_equal(told.times, 1);
	expect("list-bindings", "a");
	ANSWER(GUEST("a", "active", "6"));
	assert_int_equal(told.times, 2);
	assert_int_equal(told.num_vcpu, 6);
	expect("list-bindings", "primary");
}

static void test_domain_now_of_what_is_gone(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), 0);
	turn(1000);
	deny("LDom \"a\" was not found");
	assert_int_equal(told.times, 1);
	assert_int_equal(told.err, 0);
	assert_false(told.there);
	assert_null(snapshot_find_name(scene.shown, "a"));
	assert_int_equal(scene.shown->n_domains, 1);
}

/* Its name is no word of ldmd's about rights. */
static void test_domain_now_of_authoring_that_is_gone(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	assert_int_equal(refresh_domain_now(scene.refresh, "authoring", on_domain, &told), 0);
	turn(1000);
	deny("LDom \"authoring\" was not found");
	assert_int_equal(told.times, 1);
	assert_int_equal(told.err, 0);
	assert_int_equal(status()->link, LINK_UP);
}

static void test_domain_now_falls_back_to_the_short_list(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), 0);
	turn(1000);
	deny("bindings are a mess");
	assert_int_equal(told.times, 0);
	expect("list-domain", "a");
	ANSWER(GUEST("a", "active", "5"));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.num_vcpu, 5);
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), 0);
	turn(1000);
	deny("no authorization");
	assert_int_equal(told.err, -EPERM);
}

#define BUSY                                                                                       \
	"a | ldom_info state=active flags=-n---- utilization=100% | cpu units=4 | memory units=2G"

/* The CPU time is counted from one list of all domains to the next, whatever is read between. */
static void test_domain_now_counts_no_cpu_time(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	turn(6000);
	ANSWER(PRIMARY, BUSY);
	assert_int_equal(domain_named("a")->cpu_time_ns, 4 * UINT64_C(5000000000));
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), 0);
	turn(7000);
	deny("bindings are a mess");
	expect("list-domain", "a");
	ANSWER(BUSY);
	assert_int_equal(told.times, 1);
	assert_int_equal(domain_named("a")->cpu_time_ns, 4 * UINT64_C(5000000000));
}

static void test_absence_must_be_about_the_domain(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), 0);
	turn(1000);
	deny("no such action");
	expect("list-domain", "a");
	deny("it does not exist");
	assert_int_equal(told.times, 1);
	assert_false(told.there);
}

static void test_domain_now_when_the_connection_goes(void **state)
{
	struct told a = {0}, b = {0};

	(void)state;
	begin();
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &a), 0);
	turn(1000);
	assert_int_equal(refresh_domain_now(scene.refresh, "primary", on_domain, &b), 0);
	lose(LDM_CLOSED_TIMEOUT, -ETIMEDOUT, "no answer");
	assert_int_equal(a.err, -ETIMEDOUT);
	assert_int_equal(b.err, -ENOTCONN);
	assert_int_equal(a.times + b.times, 2);
}

/* The answer of a question that is older than the end of a command is not used for its domain. */
static void test_command_ended(void **state)
{
	(void)state;
	begin();
	turn(6000);
	expect("list-domain", NULL);
	refresh_command_ended(scene.refresh, "a");
	ANSWER(GUEST("primary", "active", "9"), GUEST("b", "active", "1"));
	assert_int_equal(domain_named("primary")->num_vcpu, 9);
	assert_int_equal(domain_named("a")->num_vcpu, 4);
	assert_int_equal(domain_named("b")->num_vcpu, 1);
	turn(6050);
	expect("list-bindings", "primary");
	ANSWER(GUEST("primary", "active", "9"));
	expect("list-bindings", "b");
	ANSWER(GUEST("b", "active", "1"));
	turn(11000);
	expect("list-domain", NULL);
	refresh_command_ended(scene.refresh, "new");
	/* It was removed meanwhile; the old list still has it. */
	ANSWER(PRIMARY, GUEST("b", "active", "1"), GUEST("new", "bound", "1"));
	assert_null(snapshot_find_name(scene.shown, "new"));
	assert_null(snapshot_find_name(scene.shown, "a"));
}

static void test_command_ended_in_a_single_question(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), 0);
	turn(1000);
	refresh_command_ended(scene.refresh, "a");
	ANSWER(GUEST("a", "active", "1"));
	assert_int_equal(told.times, 0);
	assert_int_equal(domain_named("a")->num_vcpu, 4);
	expect("list-bindings", "a");
	ANSWER(GUEST("a", "active", "6"));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.num_vcpu, 6);
}

static void test_row_in_the_making(void **state)
{
	struct domain *row;
	uint32_t index;

	(void)state;
	begin();
	assert_int_equal(registry_reserve(scene.registry, "new", 0, &index), 0);
	assert_int_equal(domain_new("new", &row), 0);
	row->index = index;
	row->row_status = ROW_NOT_READY;
	assert_int_equal(refresh_put_row(scene.refresh, row), 0);
	assert_int_equal(scene.shown->n_domains, 3);
	assert_int_equal(scene.shown->n_active_rows, 2);
	assert_int_equal(refresh_drop_row(scene.refresh, index), 0);
	assert_int_equal(refresh_drop_row(scene.refresh, index), -ENOENT);
	assert_int_equal(scene.shown->n_domains, 2);
}

static void test_free_with_everything_open(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	event("set-vcpu", "a");
	assert_int_equal(refresh_domain_now(scene.refresh, "a", on_domain, &told), 0);
	turn(1000);
	assert_int_equal(refresh_domain_now(scene.refresh, "primary", on_domain, &told), 0);
	refresh_free(scene.refresh);
	scene.refresh = NULL;
	assert_int_equal(told.times, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(test_domain_now),
		SCENE_TEST(test_domain_now_goes_first_and_asks_anew),
		SCENE_TEST(test_domain_now_of_what_is_gone),
		SCENE_TEST(test_domain_now_of_authoring_that_is_gone),
		SCENE_TEST(test_domain_now_falls_back_to_the_short_list),
		SCENE_TEST(test_domain_now_counts_no_cpu_time),
		SCENE_TEST(test_absence_must_be_about_the_domain),
		SCENE_TEST(test_domain_now_when_the_connection_goes),
		SCENE_TEST(test_command_ended),
		SCENE_TEST(test_command_ended_in_a_single_question),
		SCENE_TEST(test_row_in_the_making),
		SCENE_TEST(test_free_with_everything_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
