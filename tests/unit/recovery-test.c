/*
 * After a restart: what ldmd has decides what became of an operation. What it has already proves
 * success; what it does not have proves nothing while a command of the last run may be under way.
 */
#include "control-fixture.h"

#include "control/recovery.h"

struct now {
	enum domain_state state; /* 0: gone */
	uint32_t vcpus, mb;
	bool dr;
};

struct was {
	bool existed, undo;
	enum domain_state state;
};

static enum operation_status judge(
	const struct set_varbind *v, size_t n, struct was was, struct now now, bool late)
{
	struct begun p = {.existed = was.existed,
		.undo = was.undo,
		.state = was.state,
		.vcpus = 4,
		.crypto = 1,
		.memory_bytes = 2048 * MB};
	struct domain *d = NULL;
	enum operation_status s;

	p.request = make_request(v, n);
	if (now.state != 0)
		d = make_domain(2, "a", now.state, now.vcpus, now.mb, 1);
	if (d)
		d->memory_dr = now.dr;
	s = recovery_judge(&p, d, late);
	domain_unref(d);
	set_request_clear(&p.request);
	return s;
}

/* In time, and when no command can be under way any more. */
static void expect(const struct set_varbind *v, size_t n, struct was was, struct now now,
	enum operation_status in_time, enum operation_status late)
{
	assert_int_equal(judge(v, n, was, now, false), in_time);
	assert_int_equal(judge(v, n, was, now, true), late);
}

#define EXPECT(was, now, in_time, late, ...)                                                       \
	expect((const struct set_varbind[]){__VA_ARGS__},                                          \
		COUNT(((const struct set_varbind[]){__VA_ARGS__})), was, now, OPERATION_##in_time, \
		OPERATION_##late)
#define WAS(s)	 ((struct was){.existed = true, .state = DOMAIN_##s})
#define DONE(s)	 ((struct was){.existed = true, .state = DOMAIN_##s, .undo = true})
#define NOTHING	 ((struct was){.existed = false})
#define NOW(...) ((struct now){__VA_ARGS__})
#define GONE	 ((struct now){.vcpus = 0})

static void test_amounts(void **state)
{
	const enum domain_state active = DOMAIN_ACTIVE;

	(void)state;
	EXPECT(WAS(ACTIVE), NOW(active, 8, 2048), SUCCEEDED, SUCCEEDED, V(VCPU, 2, 8));
	EXPECT(WAS(ACTIVE), NOW(active, 4, 2048), RUNNING, UNKNOWN, V(VCPU, 2, 8));
	EXPECT(WAS(ACTIVE), NOW(active, 6, 2048), RUNNING, PARTIAL, V(VCPU, 2, 8));
	EXPECT(WAS(ACTIVE), NOW(active, 8, 2048), RUNNING, PARTIAL, V(VCPU, 2, 8),
		V(MEMORY, 2, 4096));
	EXPECT(WAS(ACTIVE), NOW(active, 4, 2048, true), RUNNING, UNKNOWN, V(MEMORY, 2, 4096));
	EXPECT(WAS(ACTIVE), GONE, RUNNING, UNKNOWN, V(VCPU, 2, 8));
}

static void test_states(void **state)
{
	(void)state;
	EXPECT(WAS(ACTIVE), NOW(DOMAIN_STOPPING, 4, 2048), RUNNING, UNKNOWN, V(ADMIN, 2, 2));
	EXPECT(WAS(ACTIVE), NOW(DOMAIN_BOUND, 4, 2048), SUCCEEDED, SUCCEEDED, V(ADMIN, 2, 2));
	EXPECT(WAS(ACTIVE), NOW(DOMAIN_BOUND, 4, 2048), RUNNING, PARTIAL, V(ADMIN, 2, 3));
	/* Whether it was restarted does not show. */
	EXPECT(WAS(ACTIVE), NOW(DOMAIN_ACTIVE, 4, 2048), RUNNING, UNKNOWN, V(ADMIN, 2, 5));
	EXPECT(WAS(ACTIVE), NOW(DOMAIN_BOUND, 4, 2048), RUNNING, PARTIAL, V(ADMIN, 2, 5));
}

static void test_rows(void **state)
{
	const enum domain_state inactive = DOMAIN_INACTIVE;

	(void)state;
	EXPECT(WAS(INACTIVE), GONE, SUCCEEDED, SUCCEEDED, V(ROW, 2, 6));
	EXPECT(WAS(INACTIVE), NOW(inactive, 4, 2048), RUNNING, UNKNOWN, V(ROW, 2, 6));
	EXPECT(NOTHING, NOW(inactive, 2, 1024), SUCCEEDED, SUCCEEDED, V(ROW, 2, 4), T(NAME, 2, "a"),
		V(VCPU, 2, 2), V(MEMORY, 2, 1024));
	EXPECT(NOTHING, NOW(inactive, 2, 1024), RUNNING, PARTIAL, V(ROW, 2, 4), T(NAME, 2, "a"),
		V(VCPU, 2, 2), V(MEMORY, 2, 1024), V(ADMIN, 2, 2));
	EXPECT(NOTHING, GONE, RUNNING, UNKNOWN, V(ROW, 2, 4), T(NAME, 2, "a"), V(VCPU, 2, 2),
		V(MEMORY, 2, 1024));
}

/* It had been done when it was to be taken back. */
static void test_undone(void **state)
{
	(void)state;
	EXPECT(DONE(ACTIVE), NOW(DOMAIN_ACTIVE, 4, 2048), ROLLED_BACK, ROLLED_BACK, V(VCPU, 2, 8));
	EXPECT(DONE(ACTIVE), NOW(DOMAIN_ACTIVE, 8, 2048), RUNNING, ROLLBACK_FAILED, V(VCPU, 2, 8));
	EXPECT(DONE(BOUND), NOW(DOMAIN_UNBINDING, 4, 2048), RUNNING, UNKNOWN, V(VCPU, 2, 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_amounts),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
