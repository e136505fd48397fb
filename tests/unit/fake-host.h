/*
 * The host that the tests of the executor work on, and what they ask of a transaction's end.
 */
#ifndef TESTS_UNIT_FAKE_HOST_H
#define TESTS_UNIT_FAKE_HOST_H

#include "fake-ldmd.h"

#define SET(f, ...)                                                                                \
	fake_set(f, (const struct set_varbind[]){__VA_ARGS__},                                     \
		COUNT(((const struct set_varbind[]){__VA_ARGS__})))

static const struct command_config config = {.timeout_ms = 60000};

/* a is active, b bound, i inactive, a2 active; n does not exist. */
static inline void host(struct fake *f)
{
	fake_init(f, &config);
	f->d[0] = (struct fake_domain){"a", true, 2, DOMAIN_ACTIVE, 4, 2048, 1, false, false, 0};
	f->d[1] = (struct fake_domain){"b", true, 3, DOMAIN_BOUND, 4, 2048, 1, false, false, 0};
	f->d[2] = (struct fake_domain){"i", true, 4, DOMAIN_INACTIVE, 4, 2048, 1, false, false, 0};
	f->d[3] = (struct fake_domain){"a2", true, 5, DOMAIN_ACTIVE, 4, 2048, 1, false, false, 0};
	f->d[4] =
		(struct fake_domain){"n", false, 20, DOMAIN_INACTIVE, 2, 1024, 0, false, false, 0};
}

/* The same, for a test that wants one of it. */
static inline int host_setup(void **state)
{
	struct fake *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	host(f);
	*state = f;
	return 0;
}

static inline int host_teardown(void **state)
{
	fake_clear(*state);
	free(*state);
	return 0;
}

#define HOST_TEST(test) cmocka_unit_test_setup_teardown(test, host_setup, host_teardown)

static inline void fault(struct fake *f, enum step_action a, unsigned nth, enum fault what)
{
	f->faults[f->n_faults].action = a;
	f->faults[f->n_faults].nth = nth;
	f->faults[f->n_faults++].fault = what;
}

static inline enum operation_status status(struct fake *f, uint32_t id, uint32_t index)
{
	return fake_operation(f, id, index)->status;
}

static inline void expect_done(struct fake *f, uint32_t id)
{
	assert_true(outcome_decided(f->verdicts[id].outcome));
	assert_false(outcome_failed(f->verdicts[id].outcome));
}

static inline void expect_failed(struct fake *f, uint32_t id, uint32_t culprit, bool undone)
{
	assert_true(outcome_decided(f->verdicts[id].outcome));
	assert_true(outcome_failed(f->verdicts[id].outcome));
	assert_int_equal(f->verdicts[id].culprit, culprit);
	assert_true(outcome_settled(f->verdicts[id].outcome));
	assert_int_equal(outcome_undone(f->verdicts[id].outcome), undone);
	assert_int_equal(outcome_undo_failed(f->verdicts[id].outcome), !undone);
}

#endif
