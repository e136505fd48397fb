/*
 * The thread that talks to ldmd: the same in the daemon and inside snmpd.
 */
#ifndef COMMON_LDM_THREAD_H
#define COMMON_LDM_THREAD_H

#include <stdbool.h>
#include <stdint.h>

struct handover;
struct ldm_endpoint;
struct settings;
struct worker;

struct ldm_thread_config {
	struct settings *settings; /* a reference is taken */
	bool accept_damage;	   /* start although the index registry is damaged */
	const char *subject;	   /* see log_set_subject(); must outlive the thread */
	uint64_t beat_ms;	   /* see worker_new() */
	void (*ended)(void);	   /* the thread calls this at its end; may be NULL */
};

/*
 * A worker that is not started yet. The handover must outlive the worker. The endpoint is taken
 * over, also when this fails. -ENOMEM, -errno of a pipe.
 */
int ldm_thread_new(const struct ldm_thread_config *config, struct ldm_endpoint *take,
	struct handover *handover, struct worker **ret);

#endif
