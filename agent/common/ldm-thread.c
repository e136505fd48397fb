/*
 * A worker around control/engine.h. Here the settings are translated for the engine.
 */
#include "common/ldm-thread.h"

#include <errno.h>
#include <stdlib.h>

#include "control/engine.h"
#include "common/settings.h"
#include "common/worker.h"
#include "ldm/endpoint.h"
#include "util/log.h"

struct ldm_thread {
	struct ldm_thread_config config;
	struct ldm_endpoint *endpoint;
	struct handover *handover;
	struct engine *engine;
	bool stopping;
};

static void engine_settings(
	const struct ldm_thread *t, const struct settings *s, struct engine_config *ret)
{
	*ret = (struct engine_config){
		.endpoint = t->endpoint,
		/* This directive applies at the start only, so s does not count. */
		.state_directory = t->config.settings->state_directory,
		.template_directory = s->template_directory,
		.command = {s->command_timeout_ms, s->force_stop_after_ms},
		.accept_damage = t->config.accept_damage,
	};
	refresh_config_init(&ret->refresh, ldm_endpoint_is_local(t->endpoint));
	ret->refresh.interval_ms = s->refresh_interval_ms;
	ret->refresh.request_timeout_ms = s->request_timeout_ms;
}

static int ldm_start(void *user)
{
	struct ldm_thread *t = user;
	struct engine_config config;

	log_set_subject(t->config.subject);
	engine_settings(t, t->config.settings, &config);
	return engine_new(&config, t->handover, &t->engine);
}

static void ldm_finish(void *user)
{
	struct ldm_thread *t = user;

	engine_free(t->engine);
	t->engine = NULL;
}

static int ldm_prepare(void *user, struct pollset *ps, uint64_t now_ms)
{
	struct ldm_thread *t = user;

	return engine_prepare(t->engine, ps, now_ms);
}

static void ldm_dispatch(void *user, const struct pollset *ps, uint64_t now_ms)
{
	struct ldm_thread *t = user;

	engine_dispatch(t->engine, ps, now_ms);
}

static void ldm_configure(void *user, const struct settings *settings)
{
	struct ldm_thread *t = user;
	struct engine_config config;

	engine_settings(t, settings, &config);
	engine_reconfigure(t->engine, &config);
}

static bool ldm_stop(void *user)
{
	struct ldm_thread *t = user;

	if (!t->stopping)
		engine_stop(t->engine);
	t->stopping = true;
	return engine_stopped(t->engine);
}

static void ldm_ended(void *user)
{
	struct ldm_thread *t = user;

	if (t->config.ended)
		t->config.ended();
}

static void ldm_free(void *user)
{
	struct ldm_thread *t = user;

	ldm_endpoint_free(t->endpoint);
	settings_unref(t->config.settings);
	free(t);
}

static const struct worker_ops ldm_ops = {
	.name = "ldm",
	.start = ldm_start,
	.finish = ldm_finish,
	.prepare = ldm_prepare,
	.dispatch = ldm_dispatch,
	.configure = ldm_configure,
	.stop = ldm_stop,
	.ended = ldm_ended,
	.free = ldm_free,
};

int ldm_thread_new(const struct ldm_thread_config *config, struct ldm_endpoint *take,
	struct handover *handover, struct worker **ret)
{
	struct ldm_thread *t = calloc(1, sizeof(*t));
	if (!t) {
		ldm_endpoint_free(take);
		return -ENOMEM;
	}
	t->config = *config;
	settings_ref(t->config.settings);
	t->endpoint = take;
	t->handover = handover;
	return worker_new(&ldm_ops, t, config->beat_ms, ret);
}
