/*
 * What SNMP requests are answered from and what SETs go to, however the requests come: the view of
 * the moment, the permissions, the control of changes, and the notifications that are due. This is
 * all that a form of the agent needs of tables/ and control/; it knows neither AgentX nor net-snmp.
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
	uint64_t notification_rate; /* a domain, kind and minute; 0: no limit */
	/* setAllow's values (control/permit.h), NULL-terminated; NULL: the default. */
	char *const *set_allow;
	/* Words of mib.h, NULL-terminated; NULL: none. Not changed later. */
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
	uint64_t rest_until_ms; /* there was no memory for what the ldm thread has */
};

/* The handover and the two versions must outlive the backend; the rest of config is copied.
 * -ENOMEM, -EINVAL (setAllow, views). */
int backend_new(
	const struct backend_config *config, struct handover *handover, struct backend **ret);
void backend_free(struct backend *b);
/* What SIGHUP may change: all but the versions and views. A setAllow with a mistake changes no
 * permission. */
void backend_reconfigure(struct backend *b, const struct backend_config *config);

int backend_prepare(const struct backend *b, struct pollset *ps, uint64_t now_ms);
/* Takes what the ldm thread handed over; changes go to the notifications. */
void backend_receive(struct backend *b, const struct pollset *ps, uint64_t now_ms);
/* The same without asking a pollset: for a loop that is not ours. */
void backend_take(struct backend *b, uint64_t now_ms);
/* Makes the view that of now. uptime_zero_ms: see struct view. */
void backend_look(struct backend *b, uint64_t uptime_zero_ms, uint64_t now_ms);

#endif
