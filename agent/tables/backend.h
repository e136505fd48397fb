/*
 * What the subagent and the form inside snmpd have in common: the view that reads are answered
 * from, the control of SETs with their permissions, and the queue of notifications. Knows neither
 * AgentX nor net-snmp.
 */
#ifndef TABLES_BACKEND_H
#define TABLES_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "control/control.h"
#include "control/handover.h"
#include "tables/view.h"

struct pollset;

struct backend_config {
	const char *version;
	const char *hypervisor_version; /* NULL: not known */
	uint64_t refresh_interval_ms, stale_after_ms, set_wait_ms;
	bool read_only;
	bool notifications;
	uint64_t notification_rate; /* per domain, kind and minute; 0: no limit */
	/* setAllow's values (control/permit.h), NULL-terminated; NULL: the default. */
	char *const *set_allow;
	/* The words of the views (mib.h), NULL-terminated; NULL: none. */
	char *const *views;
};

struct backend {
	struct view view; /* changes in backend_look() only */
	struct inbox inbox;
	struct agent_facts facts;
	struct mib_list mibs;
	struct control *control;
	struct notify_queue *notifications;

	struct handover *handover;
	struct permit *permit;	/* NULL: the default */
	uint64_t rest_until_ms; /* after a lack of memory, nothing is received until then */
};

/* The handover and the two versions must outlive the backend; the rest of config is copied.
 * -ENOMEM, -EINVAL (setAllow, views). */
int backend_new(
	const struct backend_config *config, struct handover *handover, struct backend **ret);
void backend_free(struct backend *b);
/* Takes over what SIGHUP may change: all but the versions and the views. With a mistake in setAllow
 * the permissions stay as they were. */
void backend_reconfigure(struct backend *b, const struct backend_config *config);

/* -ENOMEM. */
int backend_prepare(const struct backend *b, struct pollset *ps, uint64_t now_ms);
/* If the ldm thread has handed something over: backend_take(). */
void backend_receive(struct backend *b, const struct pollset *ps, uint64_t now_ms);
/* Takes what the ldm thread handed over: for the view, the control and the notifications. */
void backend_take(struct backend *b, uint64_t now_ms);
/* Makes the view anew, as of now. uptime_zero_ms: see struct view. */
void backend_look(struct backend *b, uint64_t uptime_zero_ms, uint64_t now_ms);

#endif
