/*
 * All that the ldm thread does, as one object without a loop: it keeps the inventory fresh, runs
 * transactions, writes state files, and hands the results over to the snmp thread.
 *
 *	engine_new; while (...) { pollset_reset; engine_prepare; pollset_wait; engine_dispatch; }
 *	engine_stop; the same until engine_stopped; engine_free
 */
#ifndef CONTROL_ENGINE_H
#define CONTROL_ENGINE_H

#include "control/command.h"
#include "control/handover.h"
#include "inventory/refresh.h"

struct engine;
struct ldm_endpoint;
struct pollset;

struct engine_config {
	const struct ldm_endpoint *endpoint; /* borrowed; must outlive the engine */
	struct refresh_config refresh;
	const char *state_directory;	/* copied; must exist */
	const char *template_directory; /* copied; NULL: no templates */
	struct command_config command;
	bool accept_damage; /* -R: start although the index registry is damaged */
};

/*
 * Opens the index registry and the history; h is borrowed. Errors are logged: -EBUSY another agent
 * has the state directory, -EBADMSG the registry is damaged, -ENOMEM, -EINVAL, -errno of the file
 * system.
 */
int engine_new(const struct engine_config *config, struct handover *h, struct engine **ret);
void engine_free(struct engine *e);

/* One turn: adds what to wait for (-ENOMEM); then does what is due. Neither waits for ldmd. */
int engine_prepare(struct engine *e, struct pollset *ps, uint64_t now_ms);
void engine_dispatch(struct engine *e, const struct pollset *ps, uint64_t now_ms);

/* SIGHUP: refresh pace, time-outs, forceStopAfter, templateDirectory apply at once. -ENOMEM. */
int engine_reconfigure(struct engine *e, const struct engine_config *config);
/* Begins an orderly stop (executor_stop()); engine_stopped() tells when it is over. */
void engine_stop(struct engine *e);
bool engine_stopped(const struct engine *e);

#endif
