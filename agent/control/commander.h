/*
 * Sends commands to ldmd, each on a connection of its own, so that a command that takes minutes
 * delays neither queries nor commands on other domains.
 */
#ifndef CONTROL_COMMANDER_H
#define CONTROL_COMMANDER_H

#include "control/port.h"

struct commander;
struct ldm_endpoint;
struct pollset;
struct refresh;

/* Both are borrowed. The refresh is told when a command ended, so that no query sent before that
 * overwrites the domain. -ENOMEM. */
int commander_new(
	const struct ldm_endpoint *endpoint, struct refresh *refresh, struct commander **ret);
/* The callbacks of commands without an answer are not called. */
void commander_free(struct commander *c);
/* templateDirectory, copied; NULL: there are no templates. -ENOMEM. */
int commander_set_templates(struct commander *c, const char *directory);

/* The functions send and cancel of struct port. -EBUSY: COMMANDS_MAX commands have no answer. */
int commander_send(struct commander *c, const struct step *step, const struct set_request *request,
	const char *domain, uint64_t timeout_ms, command_cb *cb, void *cb_user, void **ret_ticket,
	const char **ret_why);
void commander_cancel(struct commander *c, void *ticket);

void commander_prepare(struct commander *c, struct pollset *ps);
void commander_dispatch(struct commander *c, const struct pollset *ps, uint64_t now_ms);

#endif
