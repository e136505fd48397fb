/*
 * What transactions need of the world: ldmd, the rows that managers are making, and a clock.
 * engine.c gives the real ones; tests script ldmd in a few lines.
 */
#ifndef CONTROL_PORT_H
#define CONTROL_PORT_H

#include "control/plan.h"
#include "inventory/refresh.h"

struct commander;
struct new_rows;

#define COMMANDS_MAX 4 /* that run at the same time */

/* How ldmd answered a command. */
enum command_answer {
	COMMAND_DONE,	   /* success */
	COMMAND_REFUSED,   /* failure */
	COMMAND_NOT_SENT,  /* the command never left the agent */
	COMMAND_UNCERTAIN, /* sent, and no answer: the connection was lost, or commandTimeout passed
			    */
};

/* message: ldmd's resp_msg, NULL if there was none. */
typedef void command_cb(void *user, enum command_answer answer, const char *message);

struct port {
	struct commander *commander;
	/*
	 * Sends a step as a command; the step's value is what to send. cb is called exactly once,
	 * later, unless the command is cancelled. *ret_ticket names the command for cancel. -ENOMEM
	 * and the like: not sent, and *ret_why says why where there is more to say (until the next
	 * call).
	 */
	int (*send)(struct commander *c, const struct step *step, const struct set_request *request,
		const char *domain, uint64_t timeout_ms, command_cb *cb, void *cb_user,
		void **ret_ticket, const char **ret_why);
	/* Gives up waiting for the answer; cb will not be called. ldmd may go on with the command.
	 */
	void (*cancel)(struct commander *c, void *ticket);

	struct refresh *refresh;
	/* Reads one domain, or the list of configurations, afresh: refresh_domain_now(). */
	int (*look)(struct refresh *r, const char *domain, refresh_domain_cb *cb, void *cb_user);

	/* new-rows.h */
	struct new_rows *rows;
	const struct domain *(*find_row)(const struct new_rows *r, uint32_t index);
	int (*put_row)(struct new_rows *r, const struct set_request *request, uint64_t now_ms);
	void (*restore_row)(
		struct new_rows *r, uint32_t index, const struct domain *row, uint64_t now_ms);

	void *user;
	/* A command changed something at ldmd. */
	void (*changed)(void *user);
	/* What ldmd had when the command was sent, at that time, is saved on the service processor.
	 */
	void (*saved)(void *user, uint64_t sent_ms);
	uint64_t (*now)(void *user);
};

#endif
