/*
 * What a transaction uses outside control/: ldmd, the rows that managers are making, and a clock.
 * engine.c connects the real ones; unit tests put a scripted ldmd in their place.
 */
#ifndef CONTROL_PORT_H
#define CONTROL_PORT_H

#include "control/plan.h"
#include "inventory/refresh.h"

struct commander;
struct new_rows;

#define COMMANDS_MAX 4 /* commands that run at the same time */

/* How ldmd answered a command. */
enum command_answer {
	COMMAND_DONE,	   /* success */
	COMMAND_REFUSED,   /* failure */
	COMMAND_NOT_SENT,  /* the command never left the agent */
	COMMAND_UNCERTAIN, /* sent, no answer: connection lost, or commandTimeout passed */
};

/* message: ldmd's resp_msg, valid during the call; NULL: ldmd gave none. */
typedef void command_cb(void *user, enum command_answer answer, const char *message);

struct port {
	struct commander *commander;
	/*
	 * Sends a step as a command. cb is called exactly once, after this has returned, unless the
	 * command is cancelled. *ret_ticket names the command for cancel. A negative errno: not
	 * sent; *ret_why, NULL before, then has the reason in words where one is known (valid until
	 * the next call).
	 */
	int (*send)(struct commander *c, const struct step *step, const struct set_request *request,
		const char *domain, uint64_t timeout_ms, command_cb *cb, void *cb_user,
		void **ret_ticket, const char **ret_why);
	/* Gives up waiting for the answer; cb is not called. ldmd may go on with the command. */
	void (*cancel)(struct commander *c, void *ticket);

	struct refresh *refresh;
	/* Asks ldmd for one domain, or for the list of configurations: refresh_domain_now(). */
	int (*look)(struct refresh *r, const char *domain, refresh_domain_cb *cb, void *cb_user);

	struct new_rows *rows; /* the functions are those of new-rows.h */
	const struct domain *(*find_row)(const struct new_rows *r, uint32_t index);
	int (*put_row)(struct new_rows *r, const struct set_request *request, uint64_t now_ms);
	void (*restore_row)(
		struct new_rows *r, uint32_t index, const struct domain *row, uint64_t now_ms);

	void *user;
	/* A command changed, or may have changed, something at ldmd. */
	void (*changed)(void *user);
	/* The configuration that ldmd had at sent_ms is saved on the service processor. */
	void (*saved)(void *user, uint64_t sent_ms);
	uint64_t (*now)(void *user); /* monotonic, milliseconds */
};

#endif
