/*
 * Rows that managers make step by step, and the ten minutes that an unfinished one is kept. What is
 * asked of new_rows.h has a clock of its own here; through the engine the agent's own clock starts
 * the ten minutes, and the turns are ours.
 */
#include "control-fixture.h"
#include "refresh-fixture.h"

#include <errno.h>

#include "control/new-rows.h"
#include "control/engine.h"
#include "control/handover.h"
#include "util/clock.h"

#define ROW_INDEX 3 /* primary and a are there */

static struct new_rows *new_rows;
static uint32_t used; /* 0: none is */

static int setup(void **state)
{
	int rc = scene_setup(state);

	begin();
	used = 0;
	return rc < 0 ? rc : new_rows_new(scene.refresh, scene.registry, &new_rows);
}

static int teardown(void **state)
{
	new_rows_free(new_rows);
	return scene_teardown(state);
}

static int put(uint64_t at, const struct set_varbind *v, size_t n)
{
	struct set_request d = make_request(v, n);
	int rc;

	turn(at);
	rc = new_rows_put(new_rows, &d, at);
	set_request_clear(&d);
	return rc;
}

#define PUT(at, ...)                                                                               \
	put(at, (const struct set_varbind[]){__VA_ARGS__},                                         \
		COUNT(((const struct set_varbind[]){__VA_ARGS__})))

static bool in_use(void *user, uint32_t index)
{
	(void)user;
	return index == used;
}

static const struct domain *row_at(uint64_t at, uint32_t index)
{
	new_rows_turn(new_rows, at, in_use, NULL);
	return snapshot_find_index(scene.shown, index);
}

/* --- ten minutes --------------------------------------------------------------------------- */

static void test_unfinished_for_ten_minutes(void **state)
{
	uint32_t index;

	(void)state;
	assert_int_equal(new_rows_next(new_rows), CLOCK_NEVER);
	assert_int_equal(PUT(2000, V(ROW, ROW_INDEX, 5)), 0);
	assert_int_equal(new_rows_next(new_rows), 602000);
	assert_int_equal(row_at(601999, ROW_INDEX)->row_status, ROW_NOT_READY);
	assert_null(row_at(602000, ROW_INDEX));
	assert_null(new_rows_find(new_rows, ROW_INDEX));
	assert_int_equal(new_rows_next(new_rows), CLOCK_NEVER);
	/* Its number is not given again, its name is. */
	assert_int_equal(registry_reserve(scene.registry, "x", ROW_INDEX, &index), -ERANGE);
	assert_int_equal(PUT(603000, V(ROW, ROW_INDEX + 1, 5)), 0);
}

/* Ready is not finished: nobody has made it active. */
static void test_ready_for_ten_minutes(void **state)
{
	(void)state;
	assert_int_equal(PUT(2000, V(ROW, ROW_INDEX, 5), T(NAME, ROW_INDEX, "n"),
				 V(VCPU, ROW_INDEX, 2), V(MEMORY, ROW_INDEX, 1024)),
		0);
	assert_int_equal(row_at(601999, ROW_INDEX)->row_status, ROW_NOT_IN_SERVICE);
	assert_null(row_at(602000, ROW_INDEX));
	assert_int_equal(PUT(602000, V(ROW, ROW_INDEX + 1, 5), T(NAME, ROW_INDEX + 1, "n")), 0);
}

static void test_each_touch_counts(void **state)
{
	(void)state;
	assert_int_equal(PUT(2000, V(ROW, ROW_INDEX, 5)), 0);
	assert_int_equal(PUT(601000, V(VCPU, ROW_INDEX, 2)), 0);
	assert_int_equal(new_rows_next(new_rows), 1201000);
	assert_int_equal(row_at(1200999, ROW_INDEX)->num_vcpu, 2);
	/* A change that is taken back is a touch, too. */
	new_rows_restore(new_rows, ROW_INDEX, row_at(1200999, ROW_INDEX), 1200999);
	assert_non_null(row_at(1800998, ROW_INDEX));
	assert_null(row_at(1800999, ROW_INDEX));
}

static void test_each_row_has_its_own(void **state)
{
	(void)state;
	assert_int_equal(PUT(2000, V(ROW, ROW_INDEX, 5)), 0);
	assert_int_equal(PUT(5000, V(ROW, ROW_INDEX + 1, 5)), 0);
	assert_int_equal(PUT(3000, V(ROW, ROW_INDEX + 2, 5)), 0);
	assert_int_equal(new_rows_next(new_rows), 602000);
	assert_null(row_at(603000, ROW_INDEX));
	assert_null(row_at(603000, ROW_INDEX + 2));
	assert_int_equal(new_rows_next(new_rows), 605000);
	assert_non_null(row_at(604999, ROW_INDEX + 1));
	assert_null(row_at(605000, ROW_INDEX + 1));
}

/* While its domain is made, however long that takes; then the ten minutes begin anew. */
static void test_not_while_it_is_in_use(void **state)
{
	(void)state;
	assert_int_equal(PUT(2000, V(ROW, ROW_INDEX, 5)), 0);
	assert_int_equal(PUT(2000, V(ROW, ROW_INDEX + 1, 5)), 0);
	used = ROW_INDEX;
	assert_non_null(row_at(602000, ROW_INDEX));
	assert_null(row_at(602000, ROW_INDEX + 1));
	used = 0;
	assert_int_equal(new_rows_next(new_rows), 1202000);
	assert_non_null(row_at(1201999, ROW_INDEX));
	assert_null(row_at(1202000, ROW_INDEX));
}

static void test_taken_away_by_the_manager(void **state)
{
	(void)state;
	assert_int_equal(PUT(2000, V(ROW, ROW_INDEX, 5)), 0);
	new_rows_restore(new_rows, ROW_INDEX, NULL, 2500);
	assert_null(snapshot_find_index(scene.shown, ROW_INDEX));
	assert_int_equal(new_rows_next(new_rows), CLOCK_NEVER);
}

/* A row whose domain is there is ldmd's, and stays. */
static void test_made_in_time(void **state)
{
	(void)state;
	assert_int_equal(PUT(2000, V(ROW, ROW_INDEX, 5), T(NAME, ROW_INDEX, "n")), 0);
	turn(6000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"), GUEST("n", "inactive", "2"));
	assert_int_equal(row_at(6000, ROW_INDEX)->row_status, ROW_ACTIVE);
	assert_int_equal(new_rows_next(new_rows), CLOCK_NEVER);
	assert_string_equal(row_at(602000, ROW_INDEX)->name, "n");
}

static void test_so_many_and_no_more(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < NEW_ROWS_MAX; i++)
		assert_int_equal(PUT(2000, V(ROW, ROW_INDEX + i, 5)), 0);
	assert_int_equal(PUT(3000, V(ROW, ROW_INDEX + NEW_ROWS_MAX, 5)), -ENOSPC);
	assert_null(snapshot_find_index(scene.shown, ROW_INDEX + NEW_ROWS_MAX));
	assert_null(row_at(602000, ROW_INDEX));
	for (uint32_t i = 1; i < NEW_ROWS_MAX; i++)
		assert_null(snapshot_find_index(scene.shown, ROW_INDEX + i));
	assert_int_equal(PUT(602000, V(ROW, ROW_INDEX + NEW_ROWS_MAX + 1, 5)), 0);
}

/* --- through the engine -------------------------------------------------------------------- */

struct whole {
	struct ldm_endpoint *endpoint;
	struct handover *handover;
	struct inbox inbox;
	struct engine *engine;
};

static struct whole *whole;

static void drive_engine(struct pollset *ps)
{
	engine_dispatch(whole->engine, ps, scene.now);
	assert_int_equal(engine_prepare(whole->engine, ps, scene.now), 0);
}

static int setup_engine(void **state)
{
	struct engine_config config = {.command.timeout_ms = 600000};

	assert_int_equal(scene_setup(state), 0);
	scene_stop();
	assert_non_null(whole = calloc(1, sizeof(*whole)));
	assert_int_equal(ldm_endpoint_parse("xmpp:127.0.0.1", &whole->endpoint), 0);
	assert_int_equal(handover_new(&whole->handover), 0);
	scene_config(&config.refresh);
	config.endpoint = whole->endpoint;
	config.state_directory = scene.directory;
	assert_int_equal(engine_new(&config, whole->handover, &whole->engine), 0);
	scene.drive = drive_engine;
	scene.now = clock_ms();
	connect_to_ldmd();
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	answer_details();
	return 0;
}

static int teardown_engine(void **state)
{
	engine_free(whole->engine);
	inbox_clear(&whole->inbox);
	handover_free(whole->handover);
	ldm_endpoint_free(whole->endpoint);
	free(whole);
	return scene_teardown(state);
}

/* name: of the domain, if it has one already. */
static void start(const struct set_varbind *v, size_t n, const char *name)
{
	struct transaction *t;

	assert_int_equal(hand_over(whole->handover, v, n, name, &t), 0);
	transaction_unref(t);
	turn(scene.now);
}

static const struct domain *served_at(uint64_t at, uint32_t index)
{
	turn(at);
	assert_int_equal(handover_receive(whole->handover, &whole->inbox), 0);
	return snapshot_find_index(whole->inbox.snapshot, index);
}

static void test_engine_lets_go_of_it(void **state)
{
	const struct set_varbind v = V(ROW, ROW_INDEX, 5);
	uint64_t before = clock_ms(), after;

	(void)state;
	start(&v, 1, NULL);
	after = clock_ms();
	assert_non_null(served_at(before + NEW_ROWS_IDLE_MS - 1, ROW_INDEX));
	assert_null(served_at(after + NEW_ROWS_IDLE_MS, ROW_INDEX));
}

/* ldmd does not say whether there is a domain of that name: the SET runs, and so the row stays. */
static void test_engine_keeps_it_while_a_set_runs(void **state)
{
	const struct set_varbind make[] = {V(ROW, ROW_INDEX, 5), T(NAME, ROW_INDEX, "n"),
		V(VCPU, ROW_INDEX, 2), V(MEMORY, ROW_INDEX, 1024)};
	const struct set_varbind finish_it = V(ROW, ROW_INDEX, 1);

	(void)state;
	start(make, COUNT(make), NULL);
	start(&finish_it, 1, "n");
	expect("list-bindings", "n");
	assert_int_equal(served_at(clock_ms() + NEW_ROWS_IDLE_MS, ROW_INDEX)->row_status,
		ROW_NOT_IN_SERVICE);
	assert_non_null(served_at(scene.now + NEW_ROWS_IDLE_MS, ROW_INDEX));
}

int main(void)
{
#define TEST(f)	       cmocka_unit_test_setup_teardown(f, setup, teardown)
#define ENGINE_TEST(f) cmocka_unit_test_setup_teardown(f, setup_engine, teardown_engine)
	const struct CMUnitTest tests[] = {
		TEST(test_unfinished_for_ten_minutes),
		TEST(test_ready_for_ten_minutes),
		TEST(test_each_touch_counts),
		TEST(test_each_row_has_its_own),
		TEST(test_not_while_it_is_in_use),
		TEST(test_taken_away_by_the_manager),
		TEST(test_made_in_time),
		TEST(test_so_many_and_no_more),
		ENGINE_TEST(test_engine_lets_go_of_it),
		ENGINE_TEST(test_engine_keeps_it_while_a_set_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
