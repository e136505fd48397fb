/*
 * The operator's unix socket: one command a line, answered by lines of which the last is `ok` or
 * `error TEXT`.
 */
#ifndef LDMD_SIM_CONTROL_H
#define LDMD_SIM_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "util.h"

struct sim;
struct task;

struct operator
{
	TAILQ_ENTRY(operator) entry;
	struct sim *sim;
	int fd;
	struct buf in;
	struct buf out;
	struct task *task; /* a change that is waited for; further lines wait too */
	bool closing;
};
TAILQ_HEAD(operator_list, operator);

struct control {
	int fd; /* -1 = none */
	const char *path;
	struct operator_list operators;
};

bool control_listen(struct sim *sim, const char *path);
void control_free(struct sim *sim);
void control_accept(struct sim *sim);
short control_poll_events(const struct operator* operator);
void control_handle(struct operator* operator, short revents);
/* Answers and closes operators that hung up. */
void control_reap(struct sim *sim);

void control_ok(struct operator* operator);
void control_error(struct operator* operator, const char * format, ...)
	__attribute__((format(printf, 2, 3)));

/* Runs one command line; answers now, or later if operator->task is set. */
void control_run(struct operator* operator, const char * line);

#endif
