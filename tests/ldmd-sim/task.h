/*
 * One action on one object: an element of a client's document, or a change made by the operator.
 * A task ends at once or, while the domain is in a transitional state, later; whoever started it
 * is told when.
 */
#ifndef LDMD_SIM_TASK_H
#define LDMD_SIM_TASK_H

#include <stdbool.h>
#include <sys/queue.h>

#include "object.h"
#include "timer.h"

struct sim;
struct domain;
struct action;
struct log_entry;

enum verdict { VERDICT_OK, VERDICT_REFUSED, VERDICT_PENDING };

struct task {
	TAILQ_ENTRY(task) entry;
	struct sim *sim;
	const struct action *action;
	char *option;	       /* "" if none */
	struct object *object; /* what the client sent */
	struct domain *domain; /* what it names; NULL for actions without */
	struct object_list results;
	enum verdict verdict;
	char *message; /* why refused */

	struct timer timer;
	enum verdict (*finish)(struct task *task);
	void (*done)(struct task *task, void *arg);
	void *arg;
	unsigned conn; /* number of the client connection, 0 = operator */
	struct log_entry *log;
	char *lie;	   /* fault: report this failure although it is done */
	double work_after; /* fault: seconds before anything is done */
	uint64_t before;   /* of a memory reconfiguration: bytes it began with */
	uint64_t value;	   /* scratch of the action, e.g. bytes wanted */
};
TAILQ_HEAD(task_list, task);

/* Takes the object. */
struct task *task_new(
	struct sim *sim, const struct action *action, const char *option, struct object *object);
void task_free(struct task *task);

/* Runs the task. done may be called before this returns. */
void task_start(struct task *task, void (*done)(struct task *, void *), void *arg);

/* For actions: the verdict to return. */
enum verdict task_refuse(struct task *task, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
enum verdict task_wait(
	struct task *task, double seconds, enum verdict (*finish)(struct task *task));

/* Ends the wait of a running task now. */
void task_finish_now(struct task *task);

/*
 * Moves the running operation to a task of its own, which nobody waits for, so that the client
 * can be told something untrue. It goes on for `seconds`, or for what is left of its time if
 * negative. Returns it.
 */
struct task *task_detach(struct task *task, double seconds);

/* Nobody waits any more; frees the task when it ends. */
void task_abandon(struct task *task);

bool task_has_option(const struct task *task, const char *option);

#endif
