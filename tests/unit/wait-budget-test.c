/* When a phase of a SET may wait, and for how long. */
#include "test.h"

#include "control/control.h"

#define WAIT 400

static void test_waiting_pays(void **state)
{
	struct wait_budget b = {0};

	(void)state;
	assert_int_equal(wait_budget_deadline(&b, WAIT, 1000, 1000), 1400);
	assert_int_equal(wait_budget_deadline(&b, WAIT, 1100, 1100), 1500);
	/* It counts from the TestSet, whoever the PDU waited for meanwhile. */
	assert_int_equal(wait_budget_deadline(&b, WAIT, 1000, 1150), 1400);
	assert_int_equal(wait_budget_deadline(&b, WAIT, 1000, 1400), 1400);
	assert_int_equal(wait_budget_deadline(&b, WAIT, 1000, 4000), 4000);
	assert_int_equal(wait_budget_deadline(&b, 0, 1000, 1000), 1000);
}

static void test_one_tries_again(void **state)
{
	struct wait_budget b = {0};

	(void)state;
	wait_budget_missed(&b, 1400);
	assert_int_equal(wait_budget_deadline(&b, WAIT, 1400, 1400), 1400);
	assert_int_equal(wait_budget_deadline(&b, WAIT, 11399, 11399), 11399);
	assert_int_equal(wait_budget_deadline(&b, WAIT, 11400, 11400), 11800);
	/* While that one waits, no other does. */
	assert_int_equal(wait_budget_deadline(&b, WAIT, 11401, 11401), 11401);
	wait_budget_missed(&b, 11800);
	assert_int_equal(wait_budget_deadline(&b, WAIT, 21399, 21399), 21399);
	assert_int_equal(wait_budget_deadline(&b, WAIT, 21400, 21400), 21800);
}

static void test_a_verdict_in_time_restores(void **state)
{
	struct wait_budget b = {0};

	(void)state;
	wait_budget_missed(&b, 1400);
	wait_budget_verdict(&b, WAIT, WAIT);
	assert_int_equal(wait_budget_deadline(&b, WAIT, 2000, 2000), 2000);
	wait_budget_verdict(&b, WAIT, WAIT - 1);
	assert_int_equal(wait_budget_deadline(&b, WAIT, 2000, 2000), 2400);
	/* A late verdict takes nothing away from those that come in time. */
	wait_budget_verdict(&b, WAIT, 5000);
	assert_int_equal(wait_budget_deadline(&b, WAIT, 2000, 2000), 2400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waiting_pays),
		cmocka_unit_test(test_one_tries_again),
		cmocka_unit_test(test_a_verdict_in_time_restores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
