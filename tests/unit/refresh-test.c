/*
 * The refresh against a connection that is a puppet: what is asked, when, and what becomes of each
 * answer. Time is a number here.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "content-text.h"
#include "inventory/refresh.h"
#include "inventory/registry.h"
#include "inventory/registry-state.h"
#include "ldm/conn.h"
#include "temp-directory.h"
#include "util/file.h"

/* --- the puppet ---------------------------------------------------------------------------- */

/* ldm/conn.h keeps it opaque, so it may be anything. */
struct ldm_conn {
	const struct ldm_conn_ops *ops;
	void *user;
	unsigned opens;
	int open_error;
	struct ldm_request *request; /* the one unanswered */
	const struct ldm_reply_ops *reply_ops;
	void *reply_user;
	uint64_t timeout_ms;
	int version;
};

static struct ldm_conn puppet;

static int puppet_open(const struct ldm_endpoint *e, const struct ldm_conn_ops *ops, void *user,
	struct ldm_conn **c)
{
	(void)e;
	puppet.ops = ops;
	puppet.user = user;
	puppet.opens++;
	*c = &puppet;
	return puppet.open_error;
}

static void finish(int err, struct ldm_reply *reply)
{
	struct ldm_request *request = puppet.request;

	puppet.request = NULL;
	puppet.reply_ops->on_done(puppet.reply_user, err, reply);
	ldm_request_free(request);
}

static void puppet_free(struct ldm_conn *c)
{
	struct ldm_reply reply = {0};

	(void)c;
	if (puppet.request)
		finish(-ECANCELED, &reply);
}

/* One question at a time is part of the bargain. */
static int puppet_submit(struct ldm_conn *c, struct ldm_request *take, uint64_t timeout_ms,
	const struct ldm_reply_ops *ops, void *user)
{
	assert_null(c->request);
	c->request = take;
	c->reply_ops = ops;
	c->reply_user = user;
	c->timeout_ms = timeout_ms;
	return 0;
}

static void puppet_set_data(struct ldm_conn *c, int version)
{
	c->version = version;
}

static void puppet_prepare(struct ldm_conn *c, struct pollset *ps)
{
	(void)c;
	(void)ps;
}

static void puppet_dispatch(struct ldm_conn *c, const struct pollset *ps, uint64_t now_ms)
{
	(void)c;
	(void)ps;
	(void)now_ms;
}

static const struct refresh_link puppet_link = {
	.open = puppet_open,
	.free = puppet_free,
	.submit = puppet_submit,
	.set_data = puppet_set_data,
	.prepare = puppet_prepare,
	.dispatch = puppet_dispatch,
};

/* --- the scene ----------------------------------------------------------------------------- */

static struct refresh *r;
static struct registry *registry;
static struct ldm_endpoint *endpoint;
static char *directory;
static const struct snapshot *shown;
static unsigned n_shown;
static uint64_t now, deadline;

static void on_snapshot(void *user, const struct snapshot *s)
{
	(void)user;
	snapshot_ref(s);
	snapshot_unref(shown);
	shown = s;
	n_shown++;
}

static void on_status(void *user, const struct ldm_status *status)
{
	(void)user;
	assert_ptr_equal(status, refresh_status(r));
}

/* No jitter. */
static uint32_t zero(void *user)
{
	(void)user;
	return 0;
}

static int start(void)
{
	static const struct refresh_ops ops = {.on_snapshot = on_snapshot, .on_status = on_status};
	const struct registry_options options = {.directory = directory};
	struct refresh_config config;

	refresh_config_init(&config, true);
	config.link = &puppet_link;
	config.random = zero;
	config.max_domains = 40;
	if (registry_open(&options, &registry) < 0 ||
		ldm_endpoint_parse("xmpp:127.0.0.1", &endpoint) < 0)
		return -1;
	return refresh_new(&config, endpoint, registry, &ops, NULL, &r);
}

static void stop(void)
{
	refresh_free(r);
	registry_free(registry);
	ldm_endpoint_free(endpoint);
}

static int setup(void **state)
{
	(void)state;
	puppet = (struct ldm_conn){0};
	shown = NULL;
	n_shown = 0;
	now = 1000;
	directory = temp_directory_new();
	return start();
}

static int teardown(void **state)
{
	(void)state;
	stop();
	snapshot_unref(shown);
	return temp_directory_free(directory);
}

/* One turn of the loop at that time. */
static void turn(uint64_t at)
{
	struct pollset ps = POLLSET_EMPTY;

	now = at;
	refresh_dispatch(r, &ps, now);
	assert_int_equal(refresh_prepare(r, &ps, now), 0);
	deadline = ps.deadline_ms;
	pollset_clear(&ps);
}

static void expect(const char *action, const char *domain)
{
	if (!action) {
		assert_null(puppet.request);
		return;
	}
	assert_non_null(puppet.request);
	assert_string_equal(ldm_request_action(puppet.request), action);
	if (domain)
		assert_string_equal(ldm_request_domain(puppet.request), domain);
	else
		assert_null(ldm_request_domain(puppet.request));
}

static void answer(const char *const *texts)
{
	struct ldm_reply reply = {.ok = true, .sent = true};
	int rc = 0;

	assert_non_null(puppet.request);
	reply.action = (char *)(uintptr_t)ldm_request_action(puppet.request);
	for (; rc == 0 && *texts; texts++) {
		struct ldm_content c = content_from(*texts);

		rc = puppet.reply_ops->on_content(puppet.reply_user, &c, true, NULL);
		content_free(&c);
	}
	reply.ok = rc == 0;
	finish(rc, &reply);
	turn(now);
}

#define ANSWER(...) answer((const char *const[]){__VA_ARGS__, NULL})

static void refuse(const char *message)
{
	struct ldm_reply reply = {.message = (char *)(uintptr_t)message, .sent = true};

	finish(0, &reply);
	turn(now);
}

static void lose(enum ldm_closed reason, int error, const char *text)
{
	struct ldm_reply reply = {.sent = true};

	if (puppet.request)
		finish(error, &reply);
	puppet.ops->on_closed(puppet.user, reason, error, text);
	turn(now);
}

static void event(const char *action, const char *domain)
{
	struct ldm_event e = {
		.action = (char *)(uintptr_t)action,
		.domain = (char *)(uintptr_t)domain,
	};

	puppet.ops->on_event(puppet.user, &e);
	turn(now);
}

#define PRIMARY                                                                                    \
	"primary | ldom_info state=active flags=-n-cv- uptime=3h | cpu units=8 | memory units=4G"
#define GUEST(name, state, cpus)                                                                   \
	name " | ldom_info state=" state " flags=-n---- | cpu units=" cpus " | memory units=2G"

static void connect_to_ldmd(void)
{
	turn(now);
	puppet.ops->on_ready(puppet.user);
	turn(now);
	expect("reg-all-events", NULL);
	ANSWER(NULL);
	expect("list-domain", NULL);
}

static void answer_details(void)
{
	expect("list-bindings", NULL);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	expect("list-services", NULL);
	ANSWER("primary | vds service_name=vds0");
	expect("list-spconfig", NULL);
	ANSWER("- | spconfig spconfig_name=factory-default spconfig_status=current");
	expect("list-devices", NULL);
	ANSWER("- | cpu units=4 | memory units=2G");
	expect(NULL, NULL);
}

/* Two domains, all lists read, at time 1000. */
static void begin(void)
{
	connect_to_ldmd();
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	answer_details();
	assert_int_equal(refresh_status(r)->link, LINK_UP);
}

static const struct domain *domain_named(const char *name)
{
	const struct domain *d = snapshot_find_name(shown, name);

	assert_non_null(d);
	return d;
}

/* --- first contact, pace ------------------------------------------------------------------- */

static void test_first_inventory(void **state)
{
	(void)state;
	assert_null(refresh_snapshot(r));
	connect_to_ldmd();
	assert_int_equal(refresh_status(r)->link, LINK_CONNECTING);
	assert_int_equal(puppet.timeout_ms, 10000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	/* Nothing is shown before the details, so that they are no changes. */
	assert_int_equal(n_shown, 0);
	assert_null(refresh_snapshot(r));
	answer_details();
	assert_int_equal(n_shown, 1);
	assert_ptr_equal(refresh_snapshot(r), shown);
	assert_int_equal(shown->n_domains, 2);
	assert_int_equal(domain_named("primary")->index, 1);
	assert_int_equal(domain_named("a")->num_vcpu, 4);
	assert_int_equal(shown->host->pools.vcpus.total, 16);
	assert_int_equal(shown->host->pools.vcpus.free, 4);
	assert_int_equal(shown->host->n_spconfigs, 1);
	assert_true(refresh_status(r)->events);
	assert_int_equal(refresh_status(r)->last_good_ms, 1000);
}

static void test_first_inventory_does_not_wait_for_ever(void **state)
{
	(void)state;
	connect_to_ldmd();
	ANSWER(PRIMARY);
	expect("list-bindings", NULL);
	assert_true(deadline <= 2500);
	turn(2499);
	assert_int_equal(n_shown, 0);
	turn(2500);
	assert_int_equal(n_shown, 1);
}

static void test_pace(void **state)
{
	(void)state;
	begin();
	assert_int_equal(deadline, 6000);
	turn(5999);
	expect(NULL, NULL);
	turn(6000);
	expect("list-domain", NULL);
	/* A slow answer stretches the interval to five times its time. */
	turn(8000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(refresh_status(r)->interval_ms, 10000);
	assert_int_equal(refresh_status(r)->last_duration_ms, 2000);
	assert_int_equal(deadline, 18000);
	turn(18000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(deadline, 23000);
	assert_int_equal(shown->taken_ms, 18000);
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
	assert_int_equal(refresh_status(r)->interval_ms, 5000);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	/* The details were due long ago, once. */
	answer_details();
	assert_int_equal(deadline, 6000 + hour + 5000);
	/* With nothing on its way the same. */
	turn(now + hour);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	answer_details();
	assert_int_equal(deadline, 6000 + 2 * hour + 5000);
}

static void test_details_every_minute(void **state)
{
	(void)state;
	begin();
	for (uint64_t t = 6000; t < 61000; t += 5000) {
		turn(t);
		expect("list-domain", NULL);
		ANSWER(PRIMARY, GUEST("a", "active", "4"));
		expect(NULL, NULL);
	}
	turn(61000);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	answer_details();
}

static void test_slow_link_is_told(void **state)
{
	(void)state;
	begin();
	turn(6000);
	expect("list-domain", NULL);
	assert_int_equal(deadline, 11000);
	turn(11000);
	assert_int_equal(refresh_status(r)->link, LINK_SLOW);
	assert_int_equal(refresh_status(r)->last_good_ms, 1000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(refresh_status(r)->link, LINK_UP);
	assert_int_equal(refresh_status(r)->last_good_ms, 11000);
}

/* After two thousand million domains: those that have a number are shown as ever. */
static void test_no_number_left(void **state)
{
	struct registry_state s;
	struct registry_entry *e;
	char *path, *text;
	size_t size;

	(void)state;
	stop();
	state_init(&s);
	s.serial = 100;
	assert_int_equal(state_add(&s, REGISTRY_INDEX_MAX, NULL, "a", &e), 0);
	assert_int_equal(state_print(&s, &text, &size), 0);
	state_clear(&s);
	assert_true(asprintf(&path, "%s/index-registry", directory) > 0);
	assert_int_equal(file_write_atomic(path, text, size, 0600), 0);
	free(path);
	free(text);
	assert_int_equal(start(), 0);
	connect_to_ldmd();
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	answer_details();
	assert_int_equal(shown->n_domains, 1);
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
	assert_true(deadline <= now + 100);
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
	assert_int_equal(refresh_status(r)->events_received, 3);
	/* Free is what the total leaves, without a question. */
	assert_int_equal(shown->host->pools.vcpus.free, 1);
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
	assert_int_equal(refresh_status(r)->events_unknown, 1);
	event("remove-domain", "a");
	turn(1100);
	expect("list-domain", NULL);
	ANSWER(PRIMARY);
	assert_null(snapshot_find_name(shown, "a"));
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

/* --- trouble ------------------------------------------------------------------------------- */

static void test_back_off(void **state)
{
	static const uint64_t delays[] = {200, 400, 800, 1500, 1500};

	(void)state;
	turn(now);
	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		assert_int_equal(puppet.opens, i + 1);
		lose(LDM_CLOSED_CONNECT, -ECONNREFUSED, "nobody listens");
		assert_int_equal(deadline, now + delays[i]);
		assert_int_equal(refresh_status(r)->link, LINK_DOWN);
		turn(now + delays[i] - 1);
		assert_int_equal(puppet.opens, i + 1);
		turn(now + 1);
	}
	assert_non_null(strstr(refresh_status(r)->last_error, "nobody listens"));
	/* Only a connection that lasts starts it over, or one that always breaks would be a storm.
	 */
	begin();
	turn(now + 9000);
	lose(LDM_CLOSED_PEER, -ECONNRESET, "closed");
	assert_int_equal(deadline, now + 1500);
	turn(now + 1500);
	begin();
	turn(now + 10000);
	lose(LDM_CLOSED_PEER, -ECONNRESET, "closed");
	assert_int_equal(deadline, now + 200);
	assert_int_equal(refresh_status(r)->disconnects, 2);
	assert_non_null(refresh_snapshot(r));
}

static void test_reconnect_reads_everything(void **state)
{
	(void)state;
	begin();
	turn(6000);
	lose(LDM_CLOSED_TIMEOUT, -ETIMEDOUT, "no answer within 10 s");
	assert_int_equal(refresh_status(r)->timeouts, 1);
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
	before = shown;
	turn(6000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"), GUEST("a", "bound", "4"));
	assert_int_equal(refresh_status(r)->documents_refused, 1);
	assert_non_null(strstr(refresh_status(r)->last_error, "\"a\""));
	assert_ptr_equal(shown, before);
	turn(11000);
	lose(LDM_CLOSED_PROTOCOL, -EBADMSG, "not well-formed in line 3");
	assert_int_equal(refresh_status(r)->documents_refused, 2);
	assert_ptr_equal(shown, before);
	assert_int_equal(refresh_status(r)->query_failures, 2);
}

/* A broken document need not end the connection; nothing may be asked in a circle because of it. */
static void test_broken_answers_to_everything(void **state)
{
	struct ldm_reply reply = {.message = (char *)(uintptr_t) "not well-formed in line 3"};
	unsigned questions = 0;

	(void)state;
	turn(now);
	puppet.ops->on_ready(puppet.user);
	for (uint64_t t = now; t < 61000; t += 100) {
		turn(t);
		for (int i = 0; puppet.request && i < 10; i++) {
			finish(-EBADMSG, &reply);
			questions++;
			turn(t);
		}
	}
	assert_true(questions <= 14);
	assert_int_equal(refresh_status(r)->documents_refused, questions);
	assert_string_equal(refresh_status(r)->last_error, reply.message);
}

/* A long list that fails is tried again soon, but not for ever. */
static void test_failed_details_are_tried_again(void **state)
{
	(void)state;
	connect_to_ldmd();
	ANSWER(PRIMARY);
	refuse("busy");
	refuse("busy");
	refuse("busy");
	refuse("busy");
	assert_int_equal(n_shown, 1);
	turn(6000);
	ANSWER(PRIMARY);
	expect("list-bindings", NULL);
	ANSWER(PRIMARY " | disk vdisk_name=d");
	for (int i = 0; i < 3; i++)
		refuse("busy");
	expect(NULL, NULL);
	assert_int_equal(domain_named("primary")->detail->n_disks, 1);
	for (uint64_t t = 11000; t < 61000; t += 5000) {
		turn(t);
		for (int i = 0; i < 4 && puppet.request; i++)
			if (strcmp(ldm_request_action(puppet.request), "list-domain") == 0)
				ANSWER(PRIMARY);
			else
				refuse("busy");
		assert_true(t < 21000 || refresh_status(r)->query_failures == 4 + 3 * 3);
	}
}

static void test_too_many_domains(void **state)
{
	const char *texts[42] = {0};
	const struct snapshot *before;

	(void)state;
	begin();
	before = shown;
	for (int i = 0; i < 41; i++) {
		char *text;

		assert_true(asprintf(&text, "d%d | cpu units=1", i) > 0);
		texts[i] = text;
	}
	turn(6000);
	answer(texts);
	assert_ptr_equal(shown, before);
	assert_int_equal(refresh_status(r)->documents_refused, 1);
	assert_non_null(strstr(refresh_status(r)->last_error, "more than 40"));
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
	assert_int_equal(refresh_domain_now(r, "a", count_call, &err), 0);
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
	turn(now + 50);
	expect("list-bindings", "d0");
	answer(texts);
	assert_int_equal(shown->n_domains, 40);
	n = registry_count(registry);
	event("add-domain", "more");
	turn(now + 50);
	expect("list-bindings", "more");
	ANSWER("more | cpu units=1");
	assert_int_equal(shown->n_domains, 40);
	assert_int_equal(registry_count(registry), n);
	assert_non_null(strstr(refresh_status(r)->last_error, "too many domains"));
	for (int i = 0; i < 38; i++)
		free((char *)(uintptr_t)texts[i]);
}

static void test_refusal_is_unauthorised(void **state)
{
	(void)state;
	connect_to_ldmd();
	refuse("Authorization failed");
	assert_int_equal(refresh_status(r)->link, LINK_UNAUTHORISED);
	assert_non_null(strstr(refresh_status(r)->last_error, "solaris.ldoms.read"));
	assert_int_equal(n_shown, 0);
	/* It asks again in its pace, not faster. */
	assert_int_equal(deadline, 6000);
	turn(6000);
	expect("list-domain", NULL);
	/* Nothing at all is a refusal, too. */
	ANSWER(NULL);
	assert_int_equal(refresh_status(r)->link, LINK_UNAUTHORISED);
	turn(11000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(refresh_status(r)->link, LINK_UP);
	answer_details();
	assert_int_equal(n_shown, 1);
}

static void test_wrong_password(void **state)
{
	(void)state;
	turn(now);
	lose(LDM_CLOSED_AUTH, -EACCES, "not-authorized");
	assert_int_equal(refresh_status(r)->link, LINK_UNAUTHORISED);
	turn(1200);
	assert_int_equal(puppet.opens, 2);
	assert_int_equal(refresh_status(r)->link, LINK_UNAUTHORISED);
}

static void test_no_events(void **state)
{
	(void)state;
	turn(now);
	puppet.ops->on_ready(puppet.user);
	turn(now);
	refuse("unknown action");
	expect("list-domain", NULL);
	assert_false(refresh_status(r)->events);
}

static void test_other_data_version(void **state)
{
	(void)state;
	endpoint->data_version = LDM_DATA_AUTO;
	connect_to_ldmd();
	refuse("unsupported data version");
	assert_int_equal(puppet.version, LDM_DATA_2);
	/* At once the first time, then in its pace. */
	refuse("unsupported data version");
	assert_int_equal(puppet.version, LDM_DATA_3);
	expect(NULL, NULL);
	turn(6000);
	ANSWER(PRIMARY);
	expect("list-bindings", NULL);
	refuse("busy");
	for (int i = 0; i < 3; i++)
		refuse("busy");
	turn(11000);
	/* What worked is not given up because of one failure. */
	refuse("busy");
	assert_int_equal(puppet.version, LDM_DATA_3);
}

static void test_server_without_bindings(void **state)
{
	(void)state;
	connect_to_ldmd();
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	expect("list-bindings", NULL);
	refuse("unknown action");
	expect("list-services", NULL);
	refuse("unknown action");
	expect("list-spconfig", NULL);
	refuse("unknown action");
	expect("list-devices", NULL);
	refuse("unknown action");
	expect(NULL, NULL);
	assert_int_equal(n_shown, 1);
	assert_int_equal(refresh_status(r)->link, LINK_UP);
	event("set-vcpu", "a");
	turn(1050);
	expect("list-domain", "a");
	ANSWER(GUEST("a", "active", "6"));
	assert_int_equal(domain_named("a")->num_vcpu, 6);
	assert_int_equal(shown->n_domains, 2);
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
	assert_int_equal(shown->host->pools.vcpus.total, 16);
	expect("list-domain", NULL);
	ANSWER(PRIMARY, GUEST("a", "active", "6"));
	expect("list-devices", NULL);
	ANSWER("- | cpu units=2 | memory units=2G");
	assert_int_equal(shown->host->pools.vcpus.total, 16);
	assert_int_equal(shown->host->pools.vcpus.free, 2);
}

/* --- what control asks for ----------------------------------------------------------------- */

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
	told->published_before = s == shown;
}

static void test_domain_now(void **state)
{
	struct told told = {0};

	(void)state;
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &told), -ENOTCONN);
	begin();
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &told), 0);
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &told), 0);
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
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &told), 0);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(told.times, 0);
	expect("list-bindings", "a");
	/* Asked while a question about the same domain runs: that one does not count. */
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &told), 0);
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
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &told), 0);
	turn(1000);
	refuse("LDom \"a\" was not found");
	assert_int_equal(told.times, 1);
	assert_int_equal(told.err, 0);
	assert_false(told.there);
	assert_null(snapshot_find_name(shown, "a"));
	assert_int_equal(shown->n_domains, 1);
}

static void test_domain_now_falls_back_to_the_short_list(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &told), 0);
	turn(1000);
	refuse("bindings are a mess");
	assert_int_equal(told.times, 0);
	expect("list-domain", "a");
	ANSWER(GUEST("a", "active", "5"));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.num_vcpu, 5);
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &told), 0);
	turn(1000);
	refuse("no authorization");
	assert_int_equal(told.err, -EPERM);
}

static void test_absence_must_be_about_the_domain(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &told), 0);
	turn(1000);
	refuse("no such action");
	expect("list-domain", "a");
	refuse("it does not exist");
	assert_int_equal(told.times, 1);
	assert_false(told.there);
}

static void test_domain_now_when_the_connection_goes(void **state)
{
	struct told a = {0}, b = {0};

	(void)state;
	begin();
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &a), 0);
	turn(1000);
	assert_int_equal(refresh_domain_now(r, "primary", on_domain, &b), 0);
	lose(LDM_CLOSED_TIMEOUT, -ETIMEDOUT, "no answer");
	assert_int_equal(a.err, -ETIMEDOUT);
	assert_int_equal(b.err, -ENOTCONN);
	assert_int_equal(a.times + b.times, 2);
}

/* The answer of a question that is older than the end of a command is not used for its domain. */
static void test_hold(void **state)
{
	(void)state;
	begin();
	turn(6000);
	expect("list-domain", NULL);
	assert_int_equal(refresh_hold(r, "a"), 0);
	refresh_release(r, "a");
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
	assert_int_equal(refresh_hold(r, "new"), 0);
	refresh_release(r, "new");
	/* It was removed meanwhile; the old list still has it. */
	ANSWER(PRIMARY, GUEST("b", "active", "1"), GUEST("new", "bound", "1"));
	assert_null(snapshot_find_name(shown, "new"));
	assert_null(snapshot_find_name(shown, "a"));
}

static void test_hold_of_a_single_question(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	assert_int_equal(refresh_hold(r, "a"), 0);
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &told), 0);
	turn(1000);
	refresh_release(r, "a");
	ANSWER(GUEST("a", "active", "1"));
	assert_int_equal(told.times, 0);
	assert_int_equal(domain_named("a")->num_vcpu, 4);
	expect("list-bindings", "a");
	ANSWER(GUEST("a", "active", "6"));
	assert_int_equal(told.times, 1);
	assert_int_equal(told.num_vcpu, 6);
}

static void test_operation_columns(void **state)
{
	unsigned before;

	(void)state;
	begin();
	before = n_shown;
	turn(2000);
	assert_int_equal(refresh_set_operation(r, 99, OPERATION_RUNNING, 7), -ENOENT);
	assert_int_equal(refresh_set_operation(r, 2, OPERATION_RUNNING, 7), 0);
	assert_int_equal(refresh_set_operation(r, 2, OPERATION_RUNNING, 7), 0);
	assert_int_equal(n_shown, before + 1);
	assert_int_equal(domain_named("a")->op_index, 7);
	assert_int_equal(domain_named("a")->last_change_ms, 2000);
	/* They survive the next list. */
	turn(6000);
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	assert_int_equal(domain_named("a")->op_status, OPERATION_RUNNING);
	assert_int_equal(domain_named("a")->last_change_ms, 2000);
}

static void test_row_in_the_making(void **state)
{
	struct domain *row;
	uint32_t index;

	(void)state;
	begin();
	assert_int_equal(registry_reserve(registry, "new", 0, &index), 0);
	assert_int_equal(domain_new("new", &row), 0);
	row->index = index;
	row->row_status = ROW_NOT_READY;
	assert_int_equal(refresh_put_row(r, row), 0);
	assert_int_equal(shown->n_domains, 3);
	assert_int_equal(shown->n_active_rows, 2);
	assert_int_equal(refresh_drop_row(r, index), 0);
	assert_int_equal(refresh_drop_row(r, index), -ENOENT);
	assert_int_equal(shown->n_domains, 2);
}

static void test_free_with_everything_open(void **state)
{
	struct told told = {0};

	(void)state;
	begin();
	event("set-vcpu", "a");
	assert_int_equal(refresh_hold(r, "a"), 0);
	assert_int_equal(refresh_domain_now(r, "a", on_domain, &told), 0);
	turn(1000);
	assert_int_equal(refresh_domain_now(r, "primary", on_domain, &told), 0);
	refresh_free(r);
	r = NULL;
	assert_int_equal(told.times, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_first_inventory),
		TEST(test_first_inventory_does_not_wait_for_ever),
		TEST(test_pace),
		TEST(test_standing_still),
		TEST(test_details_every_minute),
		TEST(test_slow_link_is_told),
		TEST(test_no_number_left),
		TEST(test_difference_asks_for_its_details),
		TEST(test_event_is_coalesced),
		TEST(test_events_of_services_and_unknown_ones),
		TEST(test_storm_becomes_one_question),
		TEST(test_back_off),
		TEST(test_reconnect_reads_everything),
		TEST(test_broken_answers_change_nothing),
		TEST(test_broken_answers_to_everything),
		TEST(test_failed_details_are_tried_again),
		TEST(test_too_many_domains),
		TEST(test_waiting_for_a_first_list),
		TEST(test_name_passes_on),
		TEST(test_domains_do_not_pile_up),
		TEST(test_refusal_is_unauthorised),
		TEST(test_wrong_password),
		TEST(test_no_events),
		TEST(test_other_data_version),
		TEST(test_server_without_bindings),
		TEST(test_inactive_without_amounts_asks_for_constraints),
		TEST(test_pool_in_doubt_is_read_again),
		TEST(test_domain_now),
		TEST(test_domain_now_goes_first_and_asks_anew),
		TEST(test_domain_now_of_what_is_gone),
		TEST(test_domain_now_falls_back_to_the_short_list),
		TEST(test_absence_must_be_about_the_domain),
		TEST(test_domain_now_when_the_connection_goes),
		TEST(test_hold),
		TEST(test_hold_of_a_single_question),
		TEST(test_operation_columns),
		TEST(test_row_in_the_making),
		TEST(test_free_with_everything_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
