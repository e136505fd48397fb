/*
 * Life of a task: the checks every action shares, the action itself, the wait, the verdict.
 */
#include "task.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "guest.h"
#include "sim.h"

struct task *task_new(
	struct sim *sim, const struct action *action, const char *option, struct object *object)
{
	struct task *task = xcalloc(1, sizeof(*task));

	task->sim = sim;
	task->action = action;
	task->option = xstrdup(option ? option : "");
	task->object = object;
	TAILQ_INIT(&task->results);
	return task;
}

static void let_go_of_domain(struct task *task)
{
	if (task->domain == NULL)
		return;
	if (task->domain->op == task)
		task->domain->op = NULL;
	if (task->domain->dr == task)
		task->domain->dr = NULL;
}

void task_free(struct task *task)
{
	timer_stop(&task->timer);
	if (task->verdict == VERDICT_PENDING)
		let_go_of_domain(task);
	objects_free(&task->results);
	object_free(task->object);
	free(task->option);
	free(task->message);
	free(task->lie);
	free(task);
}

bool task_has_option(const struct task *task, const char *option)
{
	return word_in_list(task->option, option);
}

enum verdict task_refuse(struct task *task, const char *format, ...)
{
	va_list ap;
	char *text = NULL;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0)
		abort();
	free(task->message);
	task->message = text;
	return VERDICT_REFUSED;
}

static void end(struct task *task, enum verdict verdict)
{
	struct sim *sim = task->sim;

	task->verdict = verdict;
	if (verdict == VERDICT_OK && !(task->action->flags & ACTION_LIST))
		sim->dirty = true;
	if (verdict == VERDICT_OK && task->lie)
		task->verdict = task_refuse(task, "%s", task->lie);
	journal_result(task->log, task->verdict, task->message);
	if (task->done)
		task->done(task, task->arg);
}

static void wait_is_over(void *arg)
{
	struct task *task = arg;
	enum verdict verdict = task->finish(task);

	if (verdict == VERDICT_PENDING)
		return;
	let_go_of_domain(task);
	end(task, verdict);
}

enum verdict task_wait(struct task *task, double seconds, enum verdict (*finish)(struct task *task))
{
	task->finish = finish;
	timer_start(&task->sim->timers, &task->timer, seconds, wait_is_over, task);
	return VERDICT_PENDING;
}

void task_finish_now(struct task *task)
{
	timer_stop(&task->timer);
	wait_is_over(task);
}

static void forget_detached(struct task *task, void *arg)
{
	struct sim *sim = arg;

	TAILQ_REMOVE(&sim->detached, task, entry);
	task_free(task);
}

void task_abandon(struct task *task)
{
	TAILQ_INSERT_TAIL(&task->sim->detached, task, entry);
	task->done = forget_detached;
	task->arg = task->sim;
}

struct task *task_detach(struct task *task, double seconds)
{
	struct task *other = task_new(task->sim, task->action, task->option, task->object);
	struct domain *domain = task->domain;
	double left = (double)(task->timer.due - clock_ms()) / 1000;

	task->object = object_new(other->object->name);
	other->domain = domain;
	other->verdict = VERDICT_PENDING;
	other->value = task->value;
	other->before = task->before;
	if (domain && domain->op == task)
		domain->op = other;
	if (domain && domain->dr == task)
		domain->dr = other;
	task_abandon(other);
	if (seconds < 0)
		seconds = left > 0 ? left : 0;
	task_wait(other, seconds, task->finish);
	timer_stop(&task->timer);
	return other;
}

static bool other_migrates(const struct host *host, const struct domain *domain)
{
	const struct domain *other;

	TAILQ_FOREACH (other, &host->domains, entry)
		if (other != domain && other->migration)
			return true;
	return false;
}

static bool is_bind_or_stop(const struct task *task)
{
	return str_equal(task->action->name, "bind-domain") ||
	       str_equal(task->action->name, "stop-domain");
}

/* What can be asked of a domain whose delayed reconfiguration is pending. */
static bool waits_with_reconf(const struct task *task)
{
	return task->sim->host.version < LDM_VERSION(1, 2) ||
	       word_in_list("add-io remove-io set-io create-vf destroy-vf stop-domain",
		       task->action->name);
}

/* What holds for every change, whatever it is. */
static enum verdict check_change(struct task *task)
{
	const struct host *host = &task->sim->host;
	const struct domain *domain = task->domain, *pending;

	if (task->action->flags & (ACTION_LIST | ACTION_ANYTIME | ACTION_EVENTS))
		return VERDICT_OK;
	if ((pending = reconf_in_the_way(host, domain)))
		return task_refuse(task,
			"The %s domain is in the process of a delayed reconfiguration. "
			"Configuration changes for other domains are disabled until the %s "
			"domain reboots.",
			pending->name, pending->name);
	if (domain && domain->delayed_reconf && !domain->control && !waits_with_reconf(task))
		return task_refuse(task,
			"The %s domain is in the process of a delayed reconfiguration: only its "
			"I/O "
			"devices can be changed until it reboots.",
			domain->name);
	if (domain && domain->migration)
		return task_refuse(
			task, "LDom \"%s\" is in the middle of a migration", domain->name);
	if (is_bind_or_stop(task) && other_migrates(host, domain))
		return task_refuse(task, "A domain migration is in progress on this machine");
	return VERDICT_OK;
}

static enum verdict find_domain(struct task *task)
{
	const char *name = task->object->name;

	if (name)
		task->domain = domain_find(&task->sim->host, name);
	if (task->domain || !(task->action->flags & ACTION_DOMAIN))
		return VERDICT_OK;
	if (name == NULL)
		return task_refuse(task, "No domain was given");
	return task_refuse(task, "LDom \"%s\" was not found", name);
}

static bool changes_something(const struct task *task)
{
	return !(task->action->flags & (ACTION_LIST | ACTION_EVENTS));
}

/* A captured host: whether it has an answer, which the reply then is. */
static enum verdict look_into_capture(struct task *task)
{
	const char *name = task->object->name;
	enum replay_result found;
	struct buf text = {0};

	if (changes_something(task))
		return task_refuse(task, "This is a capture of a host: nothing can be changed");
	found = replay_find(task->sim->replay, task->action->name, name, &text);
	buf_free(&text);
	if (found == REPLAY_NOT_THERE)
		return task_refuse(task, "LDom \"%s\" was not found", name);
	if (found == REPLAY_NOT_ASKED)
		return task_refuse(task, "The capture has no answer to %s", task->action->name);
	return VERDICT_OK;
}

static enum verdict run(struct task *task)
{
	enum verdict verdict;

	if (task->sim->replay)
		return look_into_capture(task);
	if (task->sim->host.version < task->action->since)
		return task_refuse(task, "Unknown action %s", task->action->name);
	verdict = find_domain(task);
	if (verdict == VERDICT_OK)
		verdict = check_change(task);
	if (verdict == VERDICT_OK && task->action->run)
		verdict = task->action->run(task);
	return verdict;
}

/* The client hears of failure at once, the operation goes on. */
static enum verdict lie_about(struct task *task)
{
	task_detach(task, -1);
	return task_refuse(task, "%s", task->lie);
}

static enum verdict stop_waits_no_longer(struct task *task)
{
	return task_refuse(task,
		"LDom %s stop timed out. The domain might still be in the process of shutting "
		"down. Either let it continue, or specify -f to force it to stop.",
		task->object->name);
}

static enum verdict guest_stays(struct task *task)
{
	task->domain->state = STATE_ACTIVE;
	return stop_waits_no_longer(task);
}

/* ldmd passes the wish on, and that is all. */
static enum verdict guest_was_asked(struct task *task)
{
	task->domain->state = STATE_ACTIVE;
	return VERDICT_OK;
}

static enum verdict give_up_waiting(struct task *task, double later)
{
	double patience = task->sim->transition;

	task_detach(task, patience + later);
	return task_wait(task, patience, stop_waits_no_longer);
}

static enum verdict refuse_now(struct task *task)
{
	return task_refuse(task, "%s", task->lie);
}

static enum verdict begin_at_last(struct task *task)
{
	return run(task);
}

static const struct fault *hit(struct task *task, enum fault_kind kind)
{
	if (task->conn == 0) /* the operator is always served truly */
		return NULL;
	return fault_hit(&task->sim->faults, kind, task->action->name, task->object->name);
}

static bool is_plain_stop(const struct task *task)
{
	return str_equal(task->action->name, "stop-domain") && !task_has_option(task, "-f");
}

static enum verdict run_faultily(struct task *task)
{
	const struct fault *fault;
	enum verdict verdict;

	if (hit(task, FAULT_UNAUTHORISED))
		return task_refuse(task, "Authorization failed");
	if ((fault = hit(task, FAULT_REFUSE)))
		return task_refuse(task, "%s", fault->text);
	if ((fault = hit(task, FAULT_REFUSE_LATE))) {
		task->lie = xstrdup(fault->text);
		return task_wait(task, fault->number, refuse_now);
	}
	if (changes_something(task) && (fault = hit(task, FAULT_WORK_LATE)))
		task->work_after = fault->number;
	if (task->work_after > 0)
		return task_wait(task, task->work_after, begin_at_last);
	if ((fault = hit(task, FAULT_FAIL_BUT_DO)))
		task->lie = xstrdup(fault->text);
	verdict = run(task);
	if (verdict == VERDICT_PENDING && task->lie)
		return lie_about(task);
	if (verdict != VERDICT_PENDING || !is_plain_stop(task))
		return verdict;
	if (hit(task, FAULT_IGNORE_STOP))
		return task_wait(task, task->sim->transition, guest_stays);
	if (hit(task, FAULT_ACCEPT_STOP))
		return task_wait(task, 0, guest_was_asked);
	if ((fault = hit(task, FAULT_STOP_TIMEOUT)))
		return give_up_waiting(task, fault->number);
	return verdict;
}

void task_start(struct task *task, void (*done)(struct task *, void *), void *arg)
{
	enum verdict verdict;

	task->done = done;
	task->arg = arg;
	if (task->conn && changes_something(task))
		task->log = journal_add(&task->sim->journal, task);
	task->verdict = VERDICT_PENDING;
	verdict = run_faultily(task);
	if (verdict != VERDICT_PENDING)
		end(task, verdict);
}
