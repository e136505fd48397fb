/*
 * The loop: ask what to wait for, poll, hand over new settings, dispatch. Other threads reach the
 * worker only by a few atomics and the wake-up pipe.
 */
#include "common/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/settings.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/pollset.h"
#include "util/wakeup.h"

#define NO_MEMORY_REST_MS 200

enum stop_wish { STOP_NO, STOP_PLEASE, STOP_NOW };

struct worker {
	const struct worker_ops *ops;
	void *user;
	struct wakeup *wakeup;
	struct pollset pollset;
	uint64_t beat_ms; /* 0: none */
	_Atomic(uint64_t) turned_ms;
	_Atomic(struct settings *) settings; /* new ones; NULL: the thread has them already */
	_Atomic(int) stop;		     /* enum stop_wish */
	_Atomic(bool) ended;
	int result;
	bool running;
	pthread_t thread;

	sem_t started;	  /* posted once start_result is set */
	int start_result; /* of start() */
};

static void take_settings(struct worker *w)
{
	struct settings *s = atomic_exchange(&w->settings, NULL);
	if (!s)
		return;
	if (w->ops->configure)
		w->ops->configure(w->user, s);
	settings_unref(s);
}

static bool should_end(struct worker *w)
{
	switch (atomic_load(&w->stop)) {
	case STOP_PLEASE:
		return !w->ops->stop || w->ops->stop(w->user);
	case STOP_NOW:
		return true;
	}
	return false;
}

static int make_turn(struct worker *w)
{
	struct pollset *ps = &w->pollset;
	uint64_t now_ms = clock_ms();

	atomic_store(&w->turned_ms, now_ms);
	pollset_reset(ps);
	if (w->beat_ms)
		pollset_deadline(ps, now_ms + w->beat_ms);
	int r = pollset_add(ps, wakeup_fd(w->wakeup), POLLIN);
	if (r >= 0)
		r = w->ops->prepare(w->user, ps, now_ms);
	if (r >= 0)
		r = pollset_wait(ps);
	if (r < 0)
		return r;

	if (pollset_revents(ps, wakeup_fd(w->wakeup)))
		wakeup_drain(w->wakeup);
	take_settings(w);
	w->ops->dispatch(w->user, ps, clock_ms());
	return 0;
}

/* Without memory the thread waits and goes on: other threads and processes may free some. */
static int make_turn_or_rest(struct worker *w)
{
	int r = make_turn(w);

	if (r != -ENOMEM)
		return r;
	log_warn(w->ops->name, "no memory; trying again");
	(void)poll(NULL, 0, NO_MEMORY_REST_MS);
	return 0;
}

static void *run_worker(void *arg)
{
	struct worker *w = arg;

	/* For ps and debuggers. */
	(void)pthread_setname_np(pthread_self(), w->ops->name);
	int r = w->ops->start ? w->ops->start(w->user) : 0;
	w->start_result = r;
	sem_post(&w->started);
	if (r < 0)
		return NULL;

	while (r == 0 && !should_end(w))
		r = make_turn_or_rest(w);
	if (r < 0)
		log_err(w->ops->name, "the thread cannot go on: %s", strerror(-r));
	if (w->ops->finish)
		w->ops->finish(w->user);
	w->result = r;
	atomic_store(&w->ended, true);
	if (w->ops->ended)
		w->ops->ended(w->user);
	return NULL;
}

int worker_new(const struct worker_ops *ops, void *user, uint64_t beat_ms, struct worker **ret)
{
	struct worker *w = calloc(1, sizeof(*w));
	if (!w) {
		if (ops->free)
			ops->free(user);
		return -ENOMEM;
	}
	w->ops = ops;
	w->user = user;
	w->beat_ms = beat_ms;
	atomic_init(&w->turned_ms, clock_ms());
	sem_init(&w->started, 0, 0);
	w->pollset = POLLSET_EMPTY;
	int r = wakeup_new(&w->wakeup);
	if (r < 0) {
		worker_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

int worker_start(struct worker *w)
{
	int r = -pthread_create(&w->thread, NULL, run_worker, w);
	if (r < 0)
		return r;
	w->running = true;

	while (sem_wait(&w->started) < 0 && errno == EINTR)
		;
	r = w->start_result;
	if (r < 0)
		worker_join(w);
	return r;
}

void worker_configure(struct worker *w, struct settings *settings)
{
	settings_unref(atomic_exchange(&w->settings, settings_ref(settings)));
	wakeup_notify(w->wakeup);
}

void worker_stop(struct worker *w)
{
	int expected = STOP_NO;
	atomic_compare_exchange_strong(&w->stop, &expected, STOP_PLEASE);
	wakeup_notify(w->wakeup);
}

void worker_abandon(struct worker *w)
{
	atomic_store(&w->stop, STOP_NOW);
	wakeup_notify(w->wakeup);
}

bool worker_turned(const struct worker *w, uint64_t within_ms)
{
	uint64_t turned_ms = atomic_load(&w->turned_ms), now_ms = clock_ms();

	return now_ms < turned_ms || now_ms - turned_ms <= within_ms;
}

bool worker_ended(const struct worker *w)
{
	return atomic_load(&w->ended);
}

int worker_join(struct worker *w)
{
	if (!w)
		return 0;
	worker_stop(w);
	if (w->running)
		pthread_join(w->thread, NULL);
	w->running = false;
	return w->result;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	if (w->running) {
		worker_abandon(w);
		worker_join(w);
	}
	if (w->ops->free)
		w->ops->free(w->user);
	settings_unref(atomic_exchange(&w->settings, NULL));
	pollset_clear(&w->pollset);
	wakeup_free(w->wakeup);
	sem_destroy(&w->started);
	free(w);
}
