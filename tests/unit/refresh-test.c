/*
 * The refresh when all goes well: what is asked, when, and what becomes of each answer.
 */
#include "refresh-fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "inventory/registry-internal.h"
#include "temp-directory.h"
#include "util/file.h"

/* --- first contact, pace ------------------------------------------------------------------- */

static void test_first_inventory(void **state)
{
	(void)state;
	assert_null(refresh_snapshot(scene.refresh));
	connect_to_ldmd();
	assert_int_equal(status()->link, LINK_CONNECTING);
	assert_int_equal(puppet.timeout_ms, 10000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	/* Nothing is scene.shown before the details, so that they are no changes. */
	assert_int_equal(scene.n_shown, 0);
	assert_null(refresh_snapshot(scene.refresh));
	answer_details();
	assert_int_equal(scene.n_shown, 1);
	assert_ptr_equal(refresh_snapshot(scene.refresh), scene.shown);
	assert_int_equal(scene.shown->n_domains, 2);
	assert_int_equal(domain_named("primary")->index, 1);
	assert_int_equal(domain_named("a")->num_vcpu, 4);
	assert_int_equal(scene.shown->pools.vcpus.total, 16);
	assert_int_equal(scene.shown->pools.vcpus.free, 4);
	assert_int_equal(scene.shown->host->n_spconfigs, 1);
	assert_true(status()->events);
	assert_int_equal(status()->last_good_ms, 1000);
}

static void test_first_inventory_does_not_wait_for_ever(void **state)
{
	(void)state;
	connect_to_ldmd();
	ANSWER(PRIMARY);
	expect("list-bindings", NULL);
	assert_true(scene.deadline <= 2500);
	turn(2499);
	assert_int_equal(scene.n_shown, 0);
	turn(2500);
	assert_int_equal(scene.n_shown, 1);
}

static void test_pace(void **state)
{
	(void)state;
	begin();
	assert_int_equal(scene.deadline, 6000);
	turn(5999);
	expect(NULL, NULL);
	turn(6000);
	expect("list-domain", NULL);
	/* A slow answer stretches the interval to five times its time. */
	turn(8000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(status()->interval_ms, 10000);
	assert_int_equal(status()->last_duration_ms, 2000);
	assert_int_equal(scene.deadline, 18000);
	turn(18000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(scene.deadline, 23000);
	assert_int_equal(scene.shown->taken_ms, 18000);
}

/* The answer was there in time, but nobody looked: it says neither how fast ldmd is nor how it is.
 */
static void test_standing_still(void **state)
{
	const uint64_t hour = 3600 * 1000;

	(void)state;
	begin();
	turn(6000);
	expect("list-domain", NULL);
	turn(6000 + hour);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(status()->interval_ms, 5000);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	/* The details were due long ago, once. */
	answer_details();
	assert_int_equal(scene.deadline, 6000 + hour + 5000);
	/* With nothing on its way the same. */
	turn(scene.now + hour);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	answer_details();
	assert_int_equal(scene.deadline, 6000 + 2 * hour + 5000);
}

/* The short lists until a round is due, and the one at its time. */
static void lists_of_a_minute(uint64_t round_at)
{
	for (uint64_t t = round_at - 55000; t < round_at; t += 5000) {
		turn(t);
		expect("list-domain", NULL);
		ANSWER(PRIMARY, GUEST("a", "active", "4"));
		expect(NULL, NULL);
	}
	turn(round_at);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
}

static void test_details_every_minute(void **state)
{
	(void)state;
	begin();
	for (unsigned round = 1; round <= 20; round++) {
		lists_of_a_minute(1000 + round * UINT64_C(60000));
		/* Services and SP configurations do not change without an event. */
		if (round % 10 == 0) {
			answer_details();
			continue;
		}
		expect("list-bindings", NULL);
		ANSWER(PRIMARY, GUEST("a", "active", "4"));
		expect("list-devices", NULL);
		ANSWER("- | cpu units=4 | memory units=2G");
		expect(NULL, NULL);
	}
}

static void test_all_details_without_events(void **state)
{
	(void)state;
	turn(scene.now);
	puppet.ops->on_ready(puppet.user);
	turn(scene.now);
	deny("unknown action");
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	answer_details();
	for (unsigned round = 1; round <= 3; round++) {
		lists_of_a_minute(1000 + round * UINT64_C(60000));
		answer_details();
	}
}

static void test_slow_link_is_told(void **state)
{
	(void)state;
	begin();
	turn(6000);
	expect("list-domain", NULL);
	assert_int_equal(scene.deadline, 11000);
	turn(11000);
	assert_int_equal(status()->link, LINK_SLOW);
	assert_int_equal(status()->last_good_ms, 1000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(status()->link, LINK_UP);
	assert_int_equal(status()->last_good_ms, 11000);
}

/* After two thousand million domains: those that have a number are scene.shown as ever. */
static void test_no_number_left(void **state)
{
	struct registry s;
	struct registry_entry *e;
	char *path, *text;
	size_t size;

	(void)state;
	scene_stop();
	registry_init(&s);
	s.serial = 100;
	assert_int_equal(registry_add(&s, REGISTRY_INDEX_MAX, NULL, "a", &e), 0);
	assert_int_equal(registry_print(&s, &text, &size), 0);
	registry_clear(&s);
	path = temp_path(scene.directory, "index-registry");
	assert_int_equal(file_write_atomic(path, text, size, 0600), 0);
	free(path);
	free(text);
	assert_int_equal(scene_start(), 0);
	connect_to_ldmd();
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	answer_details();
	assert_int_equal(scene.shown->n_domains, 1);
	assert_int_equal(domain_named("a")->index, REGISTRY_INDEX_MAX);
}

/* --- differences and events ---------------------------------------------------------------- */

static void test_difference_asks_for_its_details(void **state)
{
	(void)state;
	begin();
	turn(6000);
	ANSWER(PRIMARY, GUEST("a", "bound", "4"), GUEST("b", "inactive", "1"));
	assert_int_equal(domain_named("a")->state, DOMAIN_BOUND);
	turn(6050);
	expect("list-bindings", "a");
	ANSWER(GUEST("a", "bound", "4"));
	expect("list-bindings", "b");
	ANSWER(GUEST("b", "inactive", "1"));
	expect(NULL, NULL);
	assert_int_equal(domain_named("b")->index, 3);
}

static void test_event_is_coalesced(void **state)
{
	(void)state;
	begin();
	event("set-vcpu", "a");
	event("set-memory", "A");
	expect(NULL, NULL);
	assert_true(scene.deadline <= scene.now + 100);
	turn(1050);
	expect("list-bindings", "a");
	/* One that comes meanwhile leads to another question. */
	event("set-vcpu", "a");
	ANSWER(GUEST("a", "active", "6"));
	assert_int_equal(domain_named("a")->num_vcpu, 6);
	expect(NULL, NULL);
	turn(1100);
	expect("list-bindings", "a");
	ANSWER(GUEST("a", "active", "7"));
	assert_int_equal(domain_named("a")->num_vcpu, 7);
	assert_int_equal(status()->events_received, 3);
	/* Free is what the total leaves, without a question. */
	assert_int_equal(scene.shown->pools.vcpus.free, 1);
}

static void test_events_of_services_and_unknown_ones(void **state)
{
	(void)state;
	begin();
	event("add-vswitch", "primary");
	event("dance", "a");
	turn(1050);
	expect("list-services", NULL);
	ANSWER("primary | vds service_name=vds0 | vsw service_name=sw");
	assert_int_equal(domain_named("primary")->services->n_vsw, 1);
	expect(NULL, NULL);
	assert_int_equal(status()->events_unknown, 1);
	event("remove-domain", "a");
	turn(1100);
	expect("list-domain", NULL);
	ANSWER(PRIMARY);
	assert_null(snapshot_find_name(scene.shown, "a"));
}

static void test_storm_becomes_one_question(void **state)
{
	char name[16];

	(void)state;
	begin();
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "d%d", i % 50);
		event("set-vcpu", name);
	}
	turn(1050);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	expect("list-bindings", NULL);
	turn(2050);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	expect(NULL, NULL);
	/* And the next one not before twice the time that took. */
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		event("set-vcpu", name);
	}
	turn(2100);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	expect(NULL, NULL);
	turn(4050);
	expect("list-bindings", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(test_first_inventory),
		SCENE_TEST(test_first_inventory_does_not_wait_for_ever),
		SCENE_TEST(test_pace),
		SCENE_TEST(test_standing_still),
		SCENE_TEST(test_details_every_minute),
		SCENE_TEST(test_all_details_without_events),
		SCENE_TEST(test_slow_link_is_told),
		SCENE_TEST(test_no_number_left),
		SCENE_TEST(test_difference_asks_for_its_details),
		SCENE_TEST(test_event_is_coalesced),
		SCENE_TEST(test_events_of_services_and_unknown_ones),
		SCENE_TEST(test_storm_becomes_one_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
