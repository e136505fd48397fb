/*
 * Sends commands to ldmd, each on a connection of its own, so that one that takes minutes holds up
 * neither queries nor other domains.
 */
#ifndef CONTROL_COMMANDER_H
#define CONTROL_COMMANDER_H

#include "control/port.h"

struct commander;
struct ldm_endpoint;
struct pollset;
struct refresh;

/* The endpoint is borrowed, as is the refresh, whose holds keep old answers off a domain. */
int commander_new(
	const struct ldm_endpoint *endpoint, struct refresh *refresh, struct commander **ret);
/* Commands that are out are given up; their callbacks do not come. */
void commander_free(struct commander *c);
/* Where the templates are; NULL: none. -ENOMEM. */
int commander_set_templates(struct commander *c, const char *directory);

/* As send and cancel of struct port. */
int commander_send(struct commander *c, const struct step *step, const struct set_request *request,
	const char *domain, uint64_t timeout_ms, command_cb *cb, void *cb_user, void **ret_ticket,
	const char **ret_why);
void commander_cancel(struct commander *c, void *ticket);

void commander_prepare(struct commander *c, struct pollset *ps);
void commander_dispatch(struct commander *c, const struct pollset *ps, uint64_t now_ms);

#endif
