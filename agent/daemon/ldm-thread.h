/*
 * The thread that talks to ldmd: control/engine.h in a poll loop.
 */
#ifndef DAEMON_LDM_THREAD_H
#define DAEMON_LDM_THREAD_H

#include <stdbool.h>

struct handover;
struct ldm_endpoint;
struct ldm_thread;
struct settings;
struct worker;

/*
 * The handover must outlive it. A reference to the settings is taken; so is the endpoint, always.
 */
int ldm_thread_new(struct settings *settings, struct ldm_endpoint *take, bool accept_damage,
	struct handover *handover, struct ldm_thread **ret);
void ldm_thread_free(struct ldm_thread *t);
/* To start, configure, stop and join it. */
struct worker *ldm_thread_worker(struct ldm_thread *t);

#endif
