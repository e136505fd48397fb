/*
 * One LDM_interface document from a client: read, done command by command and object by object in
 * the order written, answered when the last has ended.
 */
#ifndef LDMD_SIM_REQUEST_H
#define LDMD_SIM_REQUEST_H

#include <libxml/tree.h>

#include "task.h"

struct conn;

struct command {
	TAILQ_ENTRY(command) entry;
	char *name;		 /* the action as written */
	char *option;		 /* "" if none */
	const char *option_form; /* the element it came in */
	const struct action *action;
	struct task_list tasks;
	char *message; /* why the command itself is malformed */
};
TAILQ_HEAD(command_list, command);

struct request {
	TAILQ_ENTRY(request) entry;
	struct sim *sim;
	struct conn *conn; /* NULL when the client is gone */
	char *version;	   /* of LDM_interface */
	int data_version;
	struct command_list commands;
	struct task *next; /* not started yet */
	char *message;	   /* why the document is malformed */
	struct timer timer;
	bool late;   /* the connection went on without this answer */
	bool orphan; /* in the server's list of those nobody waits for */
};
TAILQ_HEAD(request_list, request);

/* Never fails: what is wrong is in the message of the request or the command. */
struct request *request_read(struct sim *sim, const char *text, size_t len);
void request_free(struct request *request);

/* Handles the request of this connection; answers now or later. */
void request_start(struct request *request, struct conn *conn);

/* The client is gone: finish what was begun, answer nobody. Frees the request when done. */
void request_orphan(struct request *request);

#endif
