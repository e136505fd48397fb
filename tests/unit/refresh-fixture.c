/*
 * The puppet and the scene around it.
 */
#include "refresh-fixture.h"

#include <errno.h>
#include <stdlib.h>

#include "content-text.h"
#include "temp-directory.h"

struct scene scene;

/* --- the puppet ---------------------------------------------------------------------------- */

struct ldm_conn puppet;

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

void finish(int err, struct ldm_reply *reply)
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

const struct ldm_status *status(void)
{
	return refresh_status(scene.refresh);
}

static void on_snapshot(void *user, const struct snapshot *s)
{
	(void)user;
	snapshot_ref(s);
	snapshot_unref(scene.shown);
	scene.shown = s;
	scene.n_shown++;
}

static void on_status(void *user, const struct ldm_status *s)
{
	(void)user;
	assert_ptr_equal(s, status());
}

/* No jitter. */
static uint32_t zero(void *user)
{
	(void)user;
	return 0;
}

void scene_config(struct refresh_config *config)
{
	refresh_config_init(config, true);
	config->link = &puppet_link;
	config->random = zero;
	config->max_domains = 40;
}

int scene_start(void)
{
	static const struct refresh_ops ops = {.on_snapshot = on_snapshot, .on_status = on_status};
	struct refresh_config config;

	scene_config(&config);
	if (registry_open(scene.directory, false, &scene.registry) < 0 ||
		ldm_endpoint_parse("xmpp:127.0.0.1", &scene.endpoint) < 0)
		return -1;
	return refresh_new(&config, scene.endpoint, scene.registry, &ops, NULL, &scene.refresh);
}

void scene_stop(void)
{
	refresh_free(scene.refresh);
	registry_free(scene.registry);
	ldm_endpoint_free(scene.endpoint);
	scene.refresh = NULL;
	scene.registry = NULL;
	scene.endpoint = NULL;
}

static void drive_refresh(struct pollset *ps)
{
	refresh_dispatch(scene.refresh, ps, scene.now);
	assert_int_equal(refresh_prepare(scene.refresh, ps, scene.now), 0);
}

int scene_setup(void **state)
{
	(void)state;
	puppet = (struct ldm_conn){0};
	scene = (struct scene){
		.now = 1000, .drive = drive_refresh, .directory = temp_directory_new()};
	return scene_start();
}

int scene_teardown(void **state)
{
	(void)state;
	scene_stop();
	snapshot_unref(scene.shown);
	return temp_directory_free(scene.directory);
}

void turn(uint64_t at)
{
	struct pollset ps = POLLSET_EMPTY;

	scene.now = at;
	scene.drive(&ps);
	scene.deadline = ps.deadline_ms;
	pollset_clear(&ps);
}

void expect(const char *action, const char *domain)
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

void answer(const char *const *texts)
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
	turn(scene.now);
}

void deny(const char *message)
{
	struct ldm_reply reply = {.message = (char *)(uintptr_t)message, .sent = true};

	finish(0, &reply);
	turn(scene.now);
}

void lose(enum ldm_closed reason, int error, const char *text)
{
	struct ldm_reply reply = {.sent = true};

	if (puppet.request)
		finish(error, &reply);
	puppet.ops->on_closed(puppet.user, reason, error, text);
	turn(scene.now);
}

void event(const char *action, const char *domain)
{
	struct ldm_event e = {
		.action = (char *)(uintptr_t)action,
		.domain = (char *)(uintptr_t)domain,
	};

	puppet.ops->on_event(puppet.user, &e);
	turn(scene.now);
}

void connect_to_ldmd(void)
{
	turn(scene.now);
	puppet.ops->on_ready(puppet.user);
	turn(scene.now);
	expect("reg-all-events", NULL);
	ANSWER(NULL);
	expect("list-domain", NULL);
}

void answer_details_of(const char *primary, const char *guest)
{
	expect("list-bindings", NULL);
	ANSWER(primary, guest);
	expect("list-services", NULL);
	ANSWER("primary | vds service_name=vds0");
	expect("list-spconfig", NULL);
	ANSWER("- | spconfig spconfig_name=factory-default spconfig_status=current");
	expect("list-devices", NULL);
	ANSWER("- | cpu units=4 | memory units=2G");
}

void answer_details(void)
{
	answer_details_of(PRIMARY, GUEST("a", "active", "4"));
	expect(NULL, NULL);
}

void begin(void)
{
	connect_to_ldmd();
	ANSWER(PRIMARY, GUEST("a", "active", "4"));
	answer_details();
	assert_int_equal(status()->link, LINK_UP);
}

const struct domain *domain_named(const char *name)
{
	const struct domain *d = snapshot_find_name(scene.shown, name);

	assert_non_null(d);
	return d;
}
