/*
 * Turns settings into what the engine wants, and the engine into a thread.
 */
#include "daemon/ldm-thread.h"

#include <errno.h>
#include <stdlib.h>

#include "control/engine.h"
#include "daemon/settings.h"
#include "daemon/worker.h"
#include "ldm/endpoint.h"

struct ldm_thread {
	struct settings *settings;
	struct ldm_endpoint *endpoint;
	struct handover *handover;
	struct engine *engine;
	struct worker *worker;
	bool accept_damage;
	bool stopping;
};

static void engine_settings(
	const struct ldm_thread *t, const struct settings *s, struct engine_config *ret)
{
	*ret = (struct engine_config){
		.endpoint = t->endpoint,
		/* These do not change while we run: t->settings, not s. */
		.state_directory = t->settings->state_directory,
		.template_directory = s->template_directory,
		.command_timeout_ms = s->command_timeout_ms,
		.force_stop_after_ms = s->force_stop_after_ms,
		.accept_damage = t->accept_damage,
	};
	refresh_config_init(&ret->refresh, ldm_endpoint_is_local(t->endpoint));
	ret->refresh.interval_ms = s->refresh_interval_ms;
	ret->refresh.request_timeout_ms = s->request_timeout_ms;
}

static int start(void *user)
{
	struct ldm_thread *t = user;
	struct engine_config config;

	engine_settings(t, t->settings, &config);
	return engine_new(&config, t->handover, &t->engine);
}

static void finish(void *user)
{
	struct ldm_thread *t = user;
	engine_free(t->engine);
	t->engine = NULL;
}

static int prepare(void *user, struct pollset *ps, uint64_t now_ms)
{
	struct ldm_thread *t = user;
	return engine_prepare(t->engine, ps, now_ms);
}

static void dispatch(void *user, const struct pollset *ps, uint64_t now_ms)
{
	struct ldm_thread *t = user;
	engine_dispatch(t->engine, ps, now_ms);
}

static void configure(void *user, const struct settings *settings)
{
	struct ldm_thread *t = user;
	struct engine_config config;

	engine_settings(t, settings, &config);
	engine_reconfigure(t->engine, &config);
}

static bool stop(void *user)
{
	struct ldm_thread *t = user;

	if (!t->stopping)
		engine_stop(t->engine);
	t->stopping = true;
	return engine_stopped(t->engine);
}

static const struct worker_ops ops = {
	.name = "ldm",
	.start = start,
	.finish = finish,
	.prepare = prepare,
	.dispatch = dispatch,
	.configure = configure,
	.stop = stop,
};

int ldm_thread_new(struct settings *settings, struct ldm_endpoint *take, bool accept_damage,
	struct handover *handover, struct ldm_thread **ret)
{
	struct ldm_thread *t = calloc(1, sizeof(*t));
	if (!t) {
		ldm_endpoint_free(take);
		return -ENOMEM;
	}
	t->settings = settings_ref(settings);
	t->endpoint = take;
	t->handover = handover;
	t->accept_damage = accept_damage;

	int r = worker_new(&ops, t, &t->worker);
	if (r < 0) {
		ldm_thread_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

void ldm_thread_free(struct ldm_thread *t)
{
	if (!t)
		return;
	worker_free(t->worker);
	ldm_endpoint_free(t->endpoint);
	settings_unref(t->settings);
	free(t);
}

struct worker *ldm_thread_worker(struct ldm_thread *t)
{
	return t->worker;
}
