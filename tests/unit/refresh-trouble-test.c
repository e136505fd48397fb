/*
 * The refresh against a ldmd that is gone, refuses, answers nonsense or is of another making.
 */
#include "refresh-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_back_off(void **state)
{
	static const uint64_t delays[] = {200, 400, 800, 1500, 1500};

	(void)state;
	turn(scene.now);
	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		assert_int_equal(puppet.opens, i + 1);
		lose(LDM_CLOSED_CONNECT, -ECONNREFUSED, "nobody listens");
		assert_int_equal(scene.deadline, scene.now + delays[i]);
		assert_int_equal(status()->link, LINK_DOWN);
		turn(scene.now + delays[i] - 1);
		assert_int_equal(puppet.opens, i + 1);
		turn(scene.now + 1);
	}
	assert_non_null(strstr(status()->last_error, "nobody listens"));
	/* Only a connection that lasts starts it over, or one that always breaks would be a storm.
	 */
	begin();
	turn(scene.now + 9000);
	lose(LDM_CLOSED_PEER, -ECONNRESET, "closed");
	assert_int_equal(scene.deadline, scene.now + 1500);
	turn(scene.now + 1500);
	begin();
	turn(scene.now + 10000);
	lose(LDM_CLOSED_PEER, -ECONNRESET, "closed");
	assert_int_equal(scene.deadline, scene.now + 200);
	assert_int_equal(status()->disconnects, 2);
	assert_non_null(refresh_snapshot(scene.refresh));
}

static void test_reconnect_reads_everything(void **state)
{
	(void)state;
	begin();
	turn(6000);
	lose(LDM_CLOSED_TIMEOUT, -ETIMEDOUT, "no answer within 10 s");
	assert_int_equal(status()->timeouts, 1);
	assert_int_equal(domain_named("a")->num_vcpu, 4);
	turn(6200);
	connect_to_ldmd();
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	answer_details();
}

static void test_broken_answers_change_nothing(void **state)
{
	const struct snapshot *before;

	(void)state;
	begin();
	before = scene.shown;
	turn(6000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"), GUEST("a", "bound", "4"));
	assert_int_equal(status()->documents_refused, 1);
	assert_non_null(strstr(status()->last_error, "\"a\""));
	assert_ptr_equal(scene.shown, before);
	turn(11000);
	lose(LDM_CLOSED_PROTOCOL, -EBADMSG, "not well-formed in line 3");
	assert_int_equal(status()->documents_refused, 2);
	assert_ptr_equal(scene.shown, before);
	assert_int_equal(status()->query_failures, 2);
}

/* A broken document need not end the connection; nothing may be asked in a circle because of it. */
static void test_broken_answers_to_everything(void **state)
{
	struct ldm_reply reply = {.message = (char *)(uintptr_t) "not well-formed in line 3"};
	unsigned questions = 0;

	(void)state;
	turn(scene.now);
	puppet.ops->on_ready(puppet.user);
	for (uint64_t t = scene.now; t < 61000; t += 100) {
		turn(t);
		for (int i = 0; puppet.request && i < 10; i++) {
			finish(-EBADMSG, &reply);
			questions++;
			turn(t);
		}
	}
	assert_true(questions <= 14);
	assert_int_equal(status()->documents_refused, questions);
	assert_string_equal(status()->last_error, reply.message);
}

/* A long list that fails is tried again soon, but not for ever. */
static void test_failed_details_are_tried_again(void **state)
{
	(void)state;
	connect_to_ldmd();
	ANSWER(PRIMARY);
	deny("busy");
	deny("busy");
	deny("busy");
	deny("busy");
	assert_int_equal(scene.n_shown, 1);
	turn(6000);
	ANSWER(PRIMARY);
	expect("list-bindings", NULL);
	ANSWER(PRIMARY " | disk vdisk_name=d");
	for (int i = 0; i < 3; i++)
		deny("busy");
	expect(NULL, NULL);
	assert_int_equal(domain_named("primary")->detail->n_disks, 1);
	for (uint64_t t = 11000; t < 61000; t += 5000) {
		turn(t);
		for (int i = 0; i < 4 && puppet.request; i++)
			if (strcmp(ldm_request_action(puppet.request), "list-domain") == 0)
				ANSWER(PRIMARY);
			else
				deny("busy");
		assert_true(t < 21000 || status()->query_failures == 4 + 3 * 3);
	}
}

static void test_too_many_domains(void **state)
{
	const char *texts[42] = {0};
	const struct snapshot *before;

	(void)state;
	begin();
	before = scene.shown;
	for (int i = 0; i < 41; i++) {
		char *text;

		assert_true(asprintf(&text, "d%d | cpu units=1", i) > 0);
		texts[i] = text;
	}
	turn(6000);
	answer(texts);
	assert_ptr_equal(scene.shown, before);
	assert_int_equal(status()->documents_refused, 1);
	assert_non_null(strstr(status()->last_error, "more than 40"));
	for (int i = 0; i < 41; i++)
		free((char *)(uintptr_t)texts[i]);
	/* It goes on asking. */
	turn(11000);
	expect("list-domain", NULL);
}

static void count_call(void *user, int err, const struct domain *domain, const struct snapshot *s)
{
	(void)domain;
	(void)s;
	*(int *)user = err;
}

/* Nobody waits for ever when there never is a list that can be used. */
static void test_waiting_for_a_first_list(void **state)
{
	int err = 0;

	(void)state;
	connect_to_ldmd();
	assert_int_equal(refresh_domain_now(scene.refresh, "a", count_call, &err), 0);
	ANSWER(PRIMARY, PRIMARY);
	assert_int_equal(err, -EBADMSG);
}

/* A name that passes on to a domain without a UUID does not take the UUID with it. */
static void test_name_passes_on(void **state)
{
	const char uuid[] = "71cc9590-b43c-4f7d-acf4-a58f70432b93";
	uint32_t index;

	(void)state;
	connect_to_ldmd();
	ANSWER(PRIMARY, "a | ldom_info uuid=71cc9590-b43c-4f7d-acf4-a58f70432b93 state=bound");
	answer_details();
	index = domain_named("a")->index;
	assert_string_equal(domain_named("a")->uuid, uuid);
	turn(6000);
	ANSWER(PRIMARY, "b | ldom_info uuid=71cc9590-b43c-4f7d-acf4-a58f70432b93 state=bound",
		"a | ldom_info state=inactive");
	assert_int_equal(domain_named("b")->index, index);
	assert_true(domain_named("a")->index > index);
	assert_null(domain_named("a")->uuid);
}

/* Answers about single domains add to what is there, but not for ever. */
static void test_domains_do_not_pile_up(void **state)
{
	const char *texts[39] = {0};
	size_t n;

	(void)state;
	begin();
	for (int i = 0; i < 38; i++)
		assert_true(asprintf((char **)(uintptr_t)&texts[i], "d%d | cpu units=1", i) > 0);
	event("add-domain", "d0");
	turn(scene.now + 50);
	expect("list-bindings", "d0");
	answer(texts);
	assert_int_equal(scene.shown->n_domains, 40);
	n = scene.registry->by_index.n;
	event("add-domain", "more");
	turn(scene.now + 50);
	expect("list-bindings", "more");
	ANSWER("more | cpu units=1");
	assert_int_equal(scene.shown->n_domains, 40);
	assert_int_equal(scene.registry->by_index.n, n);
	assert_non_null(strstr(status()->last_error, "too many domains"));
	for (int i = 0; i < 38; i++)
		free((char *)(uintptr_t)texts[i]);
}

static void test_refusal_is_unauthorised(void **state)
{
	(void)state;
	connect_to_ldmd();
	deny("Authorization failed");
	assert_int_equal(status()->link, LINK_UNAUTHORISED);
	assert_non_null(strstr(status()->last_error, "solaris.ldoms.read"));
	assert_int_equal(scene.n_shown, 0);
	/* It asks again in its pace, not faster. */
	assert_int_equal(scene.deadline, 6000);
	turn(6000);
	expect("list-domain", NULL);
	/* Nothing at all is a refusal, too. */
	ANSWER(NULL);
	assert_int_equal(status()->link, LINK_UNAUTHORISED);
	turn(11000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(status()->link, LINK_UP);
	answer_details();
	assert_int_equal(scene.n_shown, 1);
}

static void test_wrong_password(void **state)
{
	(void)state;
	turn(scene.now);
	lose(LDM_CLOSED_AUTH, -EACCES, "not-authorized");
	assert_int_equal(status()->link, LINK_UNAUTHORISED);
	turn(1200);
	assert_int_equal(puppet.opens, 2);
	assert_int_equal(status()->link, LINK_UNAUTHORISED);
}

static void test_no_events(void **state)
{
	(void)state;
	turn(scene.now);
	puppet.ops->on_ready(puppet.user);
	turn(scene.now);
	deny("unknown action");
	expect("list-domain", NULL);
	assert_false(status()->events);
}

/* The lists are read in their pace, and ten minutes later events are asked for. */
static void polls_for_ten_minutes(uint64_t refused)
{
	unsigned lists = 0;

	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	while (scene.now < refused + 600000 - 1) {
		while (puppet.request && lists++ < 10000) {
			if (strcmp(ldm_request_action(puppet.request), "list-devices") == 0)
				ANSWER("- | cpu units=4 | memory units=2G");
			else if (strcmp(ldm_request_action(puppet.request), "list-spconfig") == 0)
				ANSWER("- | spconfig spconfig_name=factory-default");
			else
				ANSWER(PRIMARY, GUEST("a", "active", "4"));
		}
		assert_false(status()->events);
		turn(scene.deadline < refused + 600000 ? scene.deadline : refused + 600000 - 1);
	}
	assert_in_range(lists, 100, 200);
	turn(refused + 600000);
	expect("reg-all-events", NULL);
	ANSWER(NULL);
	assert_true(status()->events);
}

static void test_events_are_asked_for_again(void **state)
{
	(void)state;
	turn(scene.now);
	puppet.ops->on_ready(puppet.user);
	turn(scene.now);
	deny("unknown action");
	expect("list-domain", NULL);
	polls_for_ten_minutes(scene.now);
}

/* The answer ends the connection, and would do so for ever. */
static void test_unreadable_registration(void **state)
{
	static const int errors[] = {-EPROTO, -ECONNRESET, -ETIMEDOUT};
	uint64_t refused;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		turn(scene.now + 10000);
		puppet.ops->on_ready(puppet.user);
		turn(scene.now);
		expect("reg-all-events", NULL);
		refused = scene.now;
		lose(LDM_CLOSED_PROTOCOL, errors[i], "neither answer nor event");
		turn(scene.deadline);
		puppet.ops->on_ready(puppet.user);
		turn(scene.now);
		/* A connection that is lost once may be lost by chance. */
		if (i > 0) {
			expect("reg-all-events", NULL);
			refused = scene.now;
			lose(LDM_CLOSED_PEER, errors[i], "closed");
			turn(scene.deadline);
			puppet.ops->on_ready(puppet.user);
			turn(scene.now);
		}
		expect("list-domain", NULL);
		polls_for_ten_minutes(refused);
		lose(LDM_CLOSED_PEER, -ECONNRESET, "closed");
	}
}

/* A domain without a name is left out, which is said once. */
static void test_nameless(void **state)
{
	(void)state;
	begin();
	turn(6000);
	ANSWER(PRIMARY, " | cpu units=4");
	assert_int_equal(status()->link, LINK_UP);
	assert_int_equal(status()->last_good_ms, 6000);
	assert_non_null(strstr(status()->last_error, "without a name"));
	assert_int_equal(domain_named("a")->num_vcpu, 4);
	turn(11000);
	ANSWER(" | cpu units=4");
	assert_non_null(strstr(status()->last_error, "no domain has a name"));
	assert_int_equal(status()->documents_refused, 1);
	assert_int_equal(domain_named("a")->num_vcpu, 4);
}

static void test_other_data_version(void **state)
{
	(void)state;
	scene.endpoint->data_version = LDM_DATA_AUTO;
	connect_to_ldmd();
	deny("unsupported data version");
	assert_int_equal(puppet.version, LDM_DATA_2);
	/* At once the first time, then in its pace. */
	deny("unsupported data version");
	assert_int_equal(puppet.version, LDM_DATA_3);
	expect(NULL, NULL);
	turn(6000);
	ANSWER(PRIMARY);
	expect("list-bindings", NULL);
	deny("busy");
	for (int i = 0; i < 3; i++)
		deny("busy");
	turn(11000);
	/* What worked is not given up because of one failure. */
	deny("busy");
	assert_int_equal(puppet.version, LDM_DATA_3);
}

/* An ldmd that takes data version 2.0 only refuses the registration before the list. */
static void test_events_in_the_other_data_version(void **state)
{
	(void)state;
	scene.endpoint->data_version = LDM_DATA_AUTO;
	turn(scene.now);
	puppet.ops->on_ready(puppet.user);
	turn(scene.now);
	expect("reg-all-events", NULL);
	deny("unsupported data version");
	assert_false(status()->events);
	expect("list-domain", NULL);
	deny("unsupported data version");
	assert_int_equal(puppet.version, LDM_DATA_2);
	expect("reg-all-events", NULL);
	ANSWER(NULL);
	assert_true(status()->events);
	expect("list-domain", NULL);
}

static void test_server_without_bindings(void **state)
{
	(void)state;
	connect_to_ldmd();
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	expect("list-bindings", NULL);
	deny("unknown action");
	expect("list-services", NULL);
	deny("unknown action");
	expect("list-spconfig", NULL);
	deny("unknown action");
	expect("list-devices", NULL);
	deny("unknown action");
	expect(NULL, NULL);
	assert_int_equal(scene.n_shown, 1);
	assert_int_equal(status()->link, LINK_UP);
	event("set-vcpu", "a");
	turn(1050);
	expect("list-domain", "a");
	ANSWER(GUEST("a", "active", "6"));
	assert_int_equal(domain_named("a")->num_vcpu, 6);
	assert_int_equal(scene.shown->n_domains, 2);
}

static void test_inactive_without_amounts_asks_for_constraints(void **state)
{
	(void)state;
	connect_to_ldmd();
	ANSWER(PRIMARY, "b | ldom_info state=inactive");
	expect("list-bindings", NULL);
	ANSWER(PRIMARY, "b | ldom_info state=inactive");
	expect("list-constraints", NULL);
	ANSWER("primary | cpu units=99 | memory units=99G", "b | cpu units=3 | memory units=1G");
	expect("list-services", NULL);
	turn(2500);
	assert_int_equal(domain_named("b")->num_vcpu, 3);
	assert_int_equal(domain_named("primary")->num_vcpu, 8);
}

#define DELAYED(flags, cpus)                                                                       \
	"a | ldom_info state=active flags=" flags " | cpu units=" cpus " | memory units=2G"

/* What waits for the reboot of a domain stays known from one list to the next, until the flag goes.
 */
static void test_what_waits_for_a_reboot(void **state)
{
	(void)state;
	begin();
	event("set-vcpu", "a");
	turn(scene.now + 50);
	expect("list-bindings", "a");
	ANSWER(DELAYED("-nd---", "4"));
	expect("list-constraints", "a");
	ANSWER("a | cpu units=16 | memory units=3G | mau units=1");
	assert_true(domain_named("a")->waiting_known);
	assert_int_equal(domain_named("a")->waiting_vcpu, 16);
	turn(6000);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, DELAYED("-nd---", "4"));
	assert_true(domain_named("a")->pending);
	assert_true(domain_named("a")->waiting_known);
	assert_int_equal(domain_named("a")->waiting_vcpu, 16);
	assert_int_equal(domain_named("a")->waiting_crypto, 1);
	assert_int_equal(domain_named("a")->waiting_mem_bytes, 3 * (uint64_t)1073741824);
	turn(11000);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, DELAYED("-n----", "4"));
	assert_false(domain_named("a")->pending);
	assert_false(domain_named("a")->waiting_known);
}

static void test_pool_in_doubt_is_read_again(void **state)
{
	(void)state;
	begin();
	turn(6000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	for (uint64_t t = 11000; t < 61000; t += 5000) {
		turn(t);
		ANSWER(PRIMARY, GUEST("a", "active", "4"));
	}
	turn(61000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	ANSWER("primary | vds service_name=vds0");
	ANSWER("- | spconfig spconfig_name=factory-default");
	expect("list-devices", NULL);
	/* "a" grew between the two lists. */
	ANSWER("- | cpu units=2 | memory units=2G");
	assert_int_equal(scene.shown->pools.vcpus.total, 16);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, GUEST("a", "active", "6"));
	expect("list-devices", NULL);
	ANSWER("- | cpu units=2 | memory units=2G");
	assert_int_equal(scene.shown->pools.vcpus.total, 16);
	assert_int_equal(scene.shown->pools.vcpus.free, 2);
}

/* --- the time of the hypervisor ------------------------------------------------------------- */

/* After so long without an answer, the domains tell these times since their start. */
static void silence(uint64_t ms, const char *primary, const char *guest)
{
	turn(scene.now + 1);
	lose(LDM_CLOSED_PEER, -ECONNRESET, "closed");
	turn(scene.now + ms);
	connect_to_ldmd();
	ANSWER(primary, guest);
	answer_details_of(primary, guest);
}

#define UP(name, time)                                                                             \
	name " | ldom_info state=active flags=-n---- uptime=" time                                 \
	     " | cpu units=4 | memory units=2G"

static int64_t hypervisor_seconds(void)
{
	return ((int64_t)scene.now - scene.shown->hypervisor_zero_ms) / 1000;
}

static void test_power_cycle(void **state)
{
	(void)state;
	begin();
	assert_int_equal(hypervisor_seconds(), 10800);
	/* A domain that runs for longer than the silence tells that the host was on. */
	silence(600000, UP("primary", "12m"), UP("a", "1m"));
	assert_int_equal(hypervisor_seconds(), 10800 + 600);
	/* Whole minutes are told: 9 minutes may be more than 599 s. */
	silence(599000, UP("primary", "9m"), UP("a", "1m"));
	assert_int_equal(hypervisor_seconds(), 10800 + 1199);
	/* A silence of less than a minute is too short for a host to come back. */
	silence(59000, UP("primary", "0s"), UP("a", "0s"));
	assert_int_equal(hypervisor_seconds(), 10800 + 1258);
	/* Without a domain that runs there is no time to go by. */
	silence(600000, GUEST("primary", "bound", "4"), GUEST("a", "bound", "4"));
	assert_int_equal(hypervisor_seconds(), 10800 + 1858);
	silence(600000, UP("primary", "5m"), UP("a", "2m"));
	assert_int_equal(hypervisor_seconds(), 300);
}

/* In milliseconds this uptime is more than 64 bits can hold. */
static void test_impossible_uptime(void **state)
{
	(void)state;
	begin();
	silence(600000, UP("primary", "9223372036854775807s"), UP("a", "5m"));
	assert_int_equal(hypervisor_seconds(), 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(test_back_off),
		SCENE_TEST(test_reconnect_reads_everything),
		SCENE_TEST(test_broken_answers_change_nothing),
		SCENE_TEST(test_broken_answers_to_everything),
		SCENE_TEST(test_failed_details_are_tried_again),
		SCENE_TEST(test_too_many_domains),
		SCENE_TEST(test_waiting_for_a_first_list),
		SCENE_TEST(test_name_passes_on),
		SCENE_TEST(test_domains_do_not_pile_up),
		SCENE_TEST(test_refusal_is_unauthorised),
		SCENE_TEST(test_wrong_password),
		SCENE_TEST(test_no_events),
		SCENE_TEST(test_events_are_asked_for_again),
		SCENE_TEST(test_unreadable_registration),
		SCENE_TEST(test_nameless),
		SCENE_TEST(test_other_data_version),
		SCENE_TEST(test_events_in_the_other_data_version),
		SCENE_TEST(test_server_without_bindings),
		SCENE_TEST(test_inactive_without_amounts_asks_for_constraints),
		SCENE_TEST(test_what_waits_for_a_reboot),
		SCENE_TEST(test_pool_in_doubt_is_read_again),
		SCENE_TEST(test_power_cycle),
		SCENE_TEST(test_impossible_uptime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
