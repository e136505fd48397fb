/*
 * Working through a request, and the faults that decide whether, when and how it is answered.
 */
#include "request.h"

#include <stdlib.h>

#include "actions.h"
#include "events.h"
#include "reply.h"
#include "sim.h"

static void advance(struct request *request);

static const char *first_action(const struct request *request)
{
	const struct command *command = TAILQ_FIRST(&request->commands);

	return command ? command->name : NULL;
}

static const char *first_domain(const struct request *request)
{
	const struct command *command = TAILQ_FIRST(&request->commands);
	const struct task *task = command ? TAILQ_FIRST(&command->tasks) : NULL;

	return task && task->object ? task->object->name : NULL;
}

static const struct fault *hit(struct request *request, enum fault_kind kind)
{
	return fault_hit(&request->sim->faults, kind, first_action(request), first_domain(request));
}

/* The first task at or behind this place. */
static struct task *task_from(struct command *command)
{
	while (command && TAILQ_EMPTY(&command->tasks))
		command = TAILQ_NEXT(command, entry);
	return command ? TAILQ_FIRST(&command->tasks) : NULL;
}

static struct task *task_after(struct request *request, struct task *task)
{
	struct task *next = TAILQ_NEXT(task, entry);
	struct command *command;
	struct task *last;

	if (next)
		return next;
	TAILQ_FOREACH (command, &request->commands, entry) {
		last = TAILQ_LAST(&command->tasks, task_list);
		if (last == task)
			return task_from(TAILQ_NEXT(command, entry));
	}
	return NULL;
}

static void apply_write_faults(struct request *request, struct chunk *chunk)
{
	const struct fault *fault;

	if ((fault = hit(request, FAULT_SPLIT)))
		chunk->piece = fault->number >= 1 ? (size_t)fault->number : 1;
	if ((fault = hit(request, FAULT_DRIP))) {
		chunk->piece = 1;
		chunk->gap = fault->number / 1000;
	}
	if (hit(request, FAULT_CLOSE_MID)) {
		chunk->bytes.len /= 2;
		chunk->close = true;
	}
}

/* What the captured ldmd told unasked is told once to each connection that wants events. */
static void send_captured_events(struct conn *conn)
{
	const struct replay *replay = conn->sim->replay;
	const struct record *record;

	if (!replay || !conn->events || conn->told_capture)
		return;
	conn->told_capture = true;
	TAILQ_FOREACH (record, &replay->events, entry) {
		conn_send(conn, record->text.data, record->text.len);
		conn->sim->journal.events++;
	}
}

static void send_answer(struct request *request)
{
	struct conn *conn = request->conn;
	struct buf text = {0};
	struct chunk *chunk;

	if (hit(request, FAULT_EVENT_BETWEEN))
		event_unasked(request->sim, conn);
	reply_write(request, &text);
	if (hit(request, FAULT_JOIN))
		event_write_unasked(request->sim, &text);
	chunk = conn_send(conn, text.data, text.len);
	buf_free(&text);
	apply_write_faults(request, chunk);
	send_captured_events(conn);
}

/* Lets the connection go on with its next document. */
static void leave_conn(struct request *request)
{
	struct conn *conn = request->conn;

	if (request->late)
		TAILQ_REMOVE(&conn->late, request, entry);
	else
		conn->request = NULL;
	request->conn = NULL;
	conn_flush(conn);
	conn_process(conn);
}

static void answer_now(void *arg)
{
	struct request *request = arg;

	send_answer(request);
	leave_conn(request);
	request_free(request);
}

static void answer_out_of_order(struct request *request, double seconds)
{
	struct conn *conn = request->conn;

	request->late = true;
	conn->request = NULL;
	TAILQ_INSERT_TAIL(&conn->late, request, entry);
	timer_start(&request->sim->timers, &request->timer, seconds, answer_now, request);
	conn_process(conn);
}

static void answer(struct request *request)
{
	const struct fault *fault;

	if (request->conn == NULL) {
		request_free(request);
		return;
	}
	if (hit(request, FAULT_CLOSE_AFTER)) {
		conn_drop(request->conn); /* frees the request, nothing is left to do */
		return;
	}
	if ((fault = hit(request, FAULT_DELAY)))
		timer_start(
			&request->sim->timers, &request->timer, fault->number, answer_now, request);
	else if ((fault = hit(request, FAULT_LATE)))
		answer_out_of_order(request, fault->number);
	else
		answer_now(request);
}

static void register_events(struct request *request, const struct task *task)
{
	struct conn *conn = request->conn;

	if (conn == NULL || task->verdict != VERDICT_OK)
		return;
	conn->events = events_registration(conn->events, task->action->name);
	conn->events_v2 = request->data_version == 2;
}

static void task_is_done(struct task *task, void *arg)
{
	struct request *request = arg;

	if (task->action->flags & ACTION_EVENTS)
		register_events(request, task);
	if (request->next == task) /* task_start() has not returned yet */
		return;
	advance(request);
}

static void advance(struct request *request)
{
	struct task *task;

	while ((task = request->next)) {
		task_start(task, task_is_done, request);
		request->next = task_after(request, task);
		if (task->verdict == VERDICT_PENDING)
			return;
	}
	answer(request);
}

static bool is_running(const struct request *request)
{
	const struct command *command;
	const struct task *task;

	if (request->next)
		return true;
	TAILQ_FOREACH (command, &request->commands, entry)
		TAILQ_FOREACH (task, &command->tasks, entry)
			if (task->verdict == VERDICT_PENDING)
				return true;
	return false;
}

static void become_orphan(struct request *request)
{
	request->conn = NULL;
	request->orphan = true;
	TAILQ_INSERT_TAIL(&request->sim->server.orphans, request, entry);
}

void request_orphan(struct request *request)
{
	if (is_running(request))
		become_orphan(request);
	else
		request_free(request);
}

static void count(struct request *request)
{
	struct journal *journal = &request->sim->journal;
	struct command *command;
	struct task *task;

	if (request->message)
		journal->bad_documents++;
	TAILQ_FOREACH (command, &request->commands, entry) {
		journal_count(journal, command->action ? command->name : "unknown");
		TAILQ_FOREACH (task, &command->tasks, entry)
			task->conn = request->conn->number;
	}
}

/* Nothing of it will be done. */
static void drop(struct request *request)
{
	struct command *command;
	struct task *task;

	TAILQ_FOREACH (command, &request->commands, entry)
		TAILQ_FOREACH (task, &command->tasks, entry)
			if (!(task->action->flags & (ACTION_LIST | ACTION_EVENTS)))
				journal_dropped(journal_add(&request->sim->journal, task));
	request_free(request);
}

static void storm(struct request *request, struct conn *conn)
{
	const struct fault *fault = hit(request, FAULT_EVENT_STORM);

	for (long i = 0; fault && i < (long)fault->number; i++)
		event_unasked(request->sim, conn);
}

static bool changes_something(const struct request *request)
{
	return request->next && !(request->next->action->flags & (ACTION_LIST | ACTION_EVENTS));
}

/* In the capture. */
static bool was_unanswered(const struct request *request)
{
	struct buf text = {0};
	enum replay_result found;

	if (!request->sim->replay || !first_action(request))
		return false;
	found = replay_find(
		request->sim->replay, first_action(request), first_domain(request), &text);
	buf_free(&text);
	return found == REPLAY_NO_ANSWER;
}

void request_start(struct request *request, struct conn *conn)
{
	const struct fault *fault;

	request->conn = conn;
	count(request);
	storm(request, conn);
	if (hit(request, FAULT_HANG_ALL) || hit(request, FAULT_HANG) || was_unanswered(request)) {
		drop(request);
		return;
	}
	if (hit(request, FAULT_CLOSE_BEFORE)) {
		drop(request);
		conn_drop(conn);
		return;
	}
	conn->request = request;
	if (request->message == NULL)
		request->next = task_from(TAILQ_FIRST(&request->commands));
	if (changes_something(request) && (fault = hit(request, FAULT_LOST_THEN_DONE))) {
		request->next->work_after = fault->number;
		conn->request = NULL;
		become_orphan(request);
		conn_drop(conn);
	} else if (hit(request, FAULT_CLOSE_DURING)) {
		conn->request = NULL;
		become_orphan(request);
		conn_drop(conn);
	}
	advance(request);
}
