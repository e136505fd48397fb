/*
 * The caller and the thread share one object, which the last of the two frees.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "ldm/resolve.h"
#include "util/text.h"
#include "util/wakeup.h"

struct ldm_resolve {
	atomic_int users;
	atomic_bool done;
	struct wakeup *wakeup;
	char *host, *service;
	struct addrinfo *addresses;
	int error; /* EAI_... */
};

static void resolve_release(struct ldm_resolve *r)
{
	if (atomic_fetch_sub(&r->users, 1) > 1)
		return;
	if (r->addresses)
		freeaddrinfo(r->addresses);
	wakeup_free(r->wakeup);
	free(r->host);
	free(r->service);
	free(r);
}

static void resolve_look_up(struct ldm_resolve *r, int flags)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | flags,
	};

	r->error = getaddrinfo(r->host, r->service, &hints, &r->addresses);
	if (r->error != 0)
		r->addresses = NULL;
}

static void *resolve_thread(void *user)
{
	struct ldm_resolve *r = user;

	resolve_look_up(r, 0);
	atomic_store(&r->done, true);
	wakeup_notify(r->wakeup);
	resolve_release(r);
	return NULL;
}

/* The thread is started with all signals blocked: they are for the program's own threads. */
static int resolve_start_thread(struct ldm_resolve *r)
{
	sigset_t all, old;
	pthread_t thread;
	int e = wakeup_new(&r->wakeup);

	if (e < 0)
		return e;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	atomic_fetch_add(&r->users, 1);
	e = pthread_create(&thread, NULL, resolve_thread, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (e != 0) {
		atomic_fetch_sub(&r->users, 1);
		return -e;
	}
	pthread_detach(thread);
	return 0;
}

int ldm_resolve_start(const char *host, uint16_t port, struct ldm_resolve **ret)
{
	_cleanup_(ldm_resolve_freep) struct ldm_resolve *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	atomic_store(&r->users, 1);
	/* "localhost" is trusted as this host, so no hosts file may lead elsewhere. */
	r->host = strdup(strcasecmp(host, "localhost") == 0 ? "127.0.0.1" : host);
	if (!r->host || text_printf(&r->service, "%u", (unsigned)port) < 0)
		return -ENOMEM;
	resolve_look_up(r, AI_NUMERICHOST);
	if (r->error == EAI_NONAME) {
		int e = resolve_start_thread(r);

		if (e < 0)
			return e;
	} else {
		atomic_store(&r->done, true);
	}
	*ret = steal_ptr(r);
	return 0;
}

int ldm_resolve_fd(const struct ldm_resolve *r)
{
	return r->wakeup ? wakeup_fd(r->wakeup) : -1;
}

int ldm_resolve_finish(struct ldm_resolve *r, struct addrinfo **ret, const char **ret_text)
{
	if (!atomic_load(&r->done))
		return -EAGAIN;
	if (r->error != 0) {
		*ret_text = gai_strerror(r->error);
		return -ENOENT;
	}
	*ret = steal_ptr(r->addresses);
	return 0;
}

void ldm_resolve_free(struct ldm_resolve *r)
{
	if (r)
		resolve_release(r);
}
