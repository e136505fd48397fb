/*
 * A worker's life: start, turns, new settings, a polite stop and an impolite one, an error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/settings.h"
#include "daemon/signals.h"
#include "common/worker.h"
#include "util/pollset.h"

struct probe {
	int start_result, prepare_result;
	unsigned int starts, finishes;
	_Atomic(unsigned int) turns, configured;
	uint64_t set_wait_ms;
	bool sleeps;		  /* has nothing to wait for */
	_Atomic(bool) stuck;	  /* in dispatch() */
	unsigned int refuse_stop; /* so many times */
	unsigned int stops;
};

static int start(void *user)
{
	struct probe *p = user;
	p->starts++;
	return p->start_result;
}

static void finish(void *user)
{
	struct probe *p = user;
	p->finishes++;
}

static int prepare(void *user, struct pollset *ps, uint64_t now_ms)
{
	struct probe *p = user;
	if (!p->sleeps)
		pollset_deadline(ps, now_ms + 1);
	return p->prepare_result;
}

static void dispatch(void *user, const struct pollset *ps, uint64_t now_ms)
{
	struct probe *p = user;
	(void)ps;
	(void)now_ms;
	atomic_fetch_add(&p->turns, 1);
	while (atomic_load(&p->stuck))
		continue;
}

static void configure(void *user, const struct settings *s)
{
	struct probe *p = user;
	p->set_wait_ms = s->set_wait_ms;
	atomic_fetch_add(&p->configured, 1);
}

static bool stop(void *user)
{
	struct probe *p = user;
	return p->stops++ >= p->refuse_stop;
}

static void ended(void *user)
{
	(void)user;
	signals_post(EVENT_ENDED);
}

static const struct worker_ops ops = {
	.name = "probe",
	.start = start,
	.finish = finish,
	.prepare = prepare,
	.dispatch = dispatch,
	.configure = configure,
	.stop = stop,
	.ended = ended,
};

static int open_signals(void **state)
{
	(void)state;
	return signals_open();
}

static int close_signals(void **state)
{
	(void)state;
	signals_close();
	return 0;
}

static void wait_ended(const struct worker *w)
{
	enum daemon_event event;
	assert_int_equal(signals_wait(-1, &event), 0);
	assert_int_equal(event, EVENT_ENDED);
	assert_true(worker_ended(w));
}

static void test_stops_when_it_agrees(void **state)
{
	(void)state;
	struct probe p = {.refuse_stop = 3};
	struct worker *w;

	assert_int_equal(worker_new(&ops, &p, 0, &w), 0);
	assert_int_equal(worker_start(w), 0);
	assert_false(worker_ended(w));
	worker_stop(w);
	worker_stop(w);
	wait_ended(w);
	assert_int_equal(worker_join(w), 0);
	assert_int_equal(p.stops, 4);
	assert_int_equal(p.starts, 1);
	assert_int_equal(p.finishes, 1);
	worker_free(w);
}

static void test_abandoned(void **state)
{
	(void)state;
	struct probe p = {.refuse_stop = UINT32_MAX};
	struct worker *w;

	assert_int_equal(worker_new(&ops, &p, 0, &w), 0);
	assert_int_equal(worker_start(w), 0);
	worker_stop(w);
	worker_abandon(w);
	wait_ended(w);
	worker_free(w);
	assert_int_equal(p.finishes, 1);
}

static void test_freed_while_it_runs(void **state)
{
	(void)state;
	struct probe p = {.refuse_stop = UINT32_MAX};
	struct worker *w;

	assert_int_equal(worker_new(&ops, &p, 0, &w), 0);
	assert_int_equal(worker_start(w), 0);
	worker_free(w);
	assert_int_equal(p.finishes, 1);
	enum daemon_event event;
	assert_int_equal(signals_wait(-1, &event), 0);
}

static void test_start_fails(void **state)
{
	(void)state;
	struct probe p = {.start_result = -EUCLEAN};
	struct worker *w;

	assert_int_equal(worker_new(&ops, &p, 0, &w), 0);
	assert_int_equal(worker_start(w), -EUCLEAN);
	assert_int_equal(p.finishes, 0);
	assert_int_equal(p.turns, 0);
	worker_free(w);
}

static void test_a_turn_fails(void **state)
{
	(void)state;
	struct probe p = {.prepare_result = -EIO};
	struct worker *w;

	assert_int_equal(worker_new(&ops, &p, 0, &w), 0);
	assert_int_equal(worker_start(w), 0);
	wait_ended(w);
	assert_int_equal(worker_join(w), -EIO);
	assert_int_equal(p.finishes, 1);
	worker_free(w);
}

static void wait_turns(struct probe *p, unsigned int more)
{
	unsigned int before = atomic_load(&p->turns);

	while (atomic_load(&p->turns) < before + more)
		continue;
}

/* What decides whether the service manager's watchdog is fed. */
static void test_turns_are_seen(void **state)
{
	(void)state;
	struct probe p = {.sleeps = true};
	struct worker *w;

	assert_int_equal(worker_new(&ops, &p, 20, &w), 0);
	assert_int_equal(worker_start(w), 0);
	wait_turns(&p, 3);
	assert_true(worker_turned(w, 60000));
	atomic_store(&p.stuck, true);
	while (worker_turned(w, 100))
		continue;
	assert_true(worker_turned(w, 600000));
	atomic_store(&p.stuck, false);
	wait_turns(&p, 2);
	while (!worker_turned(w, 100))
		continue;
	worker_stop(w);
	wait_ended(w);
	worker_free(w);
}

static void test_settings(void **state)
{
	(void)state;
	struct probe p = {0};
	struct worker *w;
	const char *why;

	assert_int_equal(worker_new(&ops, &p, 0, &w), 0);
	assert_int_equal(worker_start(w), 0);
	for (unsigned int i = 0; i < 20; i++) {
		struct settings *s = settings_new();
		assert_non_null(s);
		assert_int_equal(settings_set(s, "setWait", i % 2 ? "100" : "200", &why), 0);
		worker_configure(w, s);
		settings_unref(s);
	}
	while (atomic_load(&p.configured) == 0)
		continue;
	worker_stop(w);
	wait_ended(w);
	worker_join(w);
	/* Ones in between may be skipped, the last one never. */
	assert_in_range(p.configured, 1, 20);
	worker_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stops_when_it_agrees),
		cmocka_unit_test(test_abandoned),
		cmocka_unit_test(test_freed_while_it_runs),
		cmocka_unit_test(test_start_fails),
		cmocka_unit_test(test_a_turn_fails),
		cmocka_unit_test(test_turns_are_seen),
		cmocka_unit_test(test_settings),
	};
	return cmocka_run_group_tests(tests, open_signals, close_signals);
}
