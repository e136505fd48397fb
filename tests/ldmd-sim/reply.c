/*
 * Writing answers: object, command and document each end with a response.
 */
#include "reply.h"

#include <ctype.h>
#include <stdlib.h>

#include "actions.h"
#include "distort.h"
#include "mangle.h"
#include "sim.h"
#include "wire.h"

static void write_response(struct wire *wire, bool ok, const char *message)
{
	bool upper = wire->style.upper_status;

	wire_begin(wire, "response");
	if (ok)
		wire_text(wire, "status", upper ? "SUCCESS" : "success");
	else
		wire_text(wire, "status", upper ? "FAILURE" : "failure");
	if (message)
		wire_text(wire, "resp_msg", message);
	wire_end(wire);
}

static void write_data(struct wire *wire, const struct object *object, const struct task *task)
{
	bool ok = task->verdict == VERDICT_OK;

	wire_data_begin(wire);
	wire_object(wire, object);
	write_response(wire, ok, ok ? NULL : task->message);
	wire_end(wire);
}

static void change_uuid(struct object *object, const char *uuid)
{
	struct resource *info = object_find(object, "ldom_info");

	if (info)
		resource_set(info, PROP_UUID, uuid);
}

static void write_result(struct wire *wire, struct object *object, const struct task *task)
{
	if (wire->style.dup_uuids)
		change_uuid(object, "11111111-2222-4333-8444-555555555555");
	write_data(wire, object, task);
	if (wire->style.dup_names) {
		change_uuid(object, "66666666-7777-4888-8999-aaaaaaaaaaaa");
		write_data(wire, object, task);
	}
}

/* What was sent comes back, but no passwords. */
static void write_echo(struct wire *wire, const struct task *task)
{
	struct object *name;

	if (!str_equal(task->action->name, "migrate-domain")) {
		write_data(wire, task->object, task);
		return;
	}
	name = object_new(task->object->name);
	write_data(wire, name, task);
	object_free(name);
}

static bool write_task(struct wire *wire, struct task *task)
{
	struct object *object;

	if (TAILQ_EMPTY(&task->results))
		write_echo(wire, task);
	distort(task);
	TAILQ_FOREACH (object, &task->results, entry)
		write_result(wire, object, task);
	return task->verdict == VERDICT_OK;
}

static bool write_command(struct wire *wire, struct command *command, const char *other_name)
{
	bool ok = command->message == NULL;
	struct task *task;

	wire_begin(wire, "cmd");
	if (command->name)
		wire_text(wire, "action", other_name ? other_name : command->name);
	if (*command->option)
		wire_text(wire, command->option_form, command->option);
	TAILQ_FOREACH (task, &command->tasks, entry)
		ok &= write_task(wire, task);
	write_response(wire, ok, command->message);
	wire_end(wire);
	return ok;
}

static const struct task *first_task(const struct request *request)
{
	const struct command *command = TAILQ_FIRST(&request->commands);

	return command ? TAILQ_FIRST(&command->tasks) : NULL;
}

static const char *first_domain(const struct request *request)
{
	const struct task *task = first_task(request);

	return task && task->object ? task->object->name : NULL;
}

/* As the guides print it: to 2.1, from 2.2 to 3.3, and in 3.6. 3.4 and 3.5 are assumed. */
static const char *root_version(const struct request *request)
{
	unsigned version = request->sim->host.version;

	if (request->data_version == 2 || version < LDM_VERSION(2, 2))
		return "1.0";
	return version < LDM_VERSION(3, 6) ? "1.3" : "1.7";
}

static void write_commands(struct wire *wire, struct request *request, const char *other_name)
{
	struct command *command;
	bool ok = true;

	TAILQ_FOREACH (command, &request->commands, entry)
		ok &= write_command(wire, command, other_name);
	write_response(wire, ok, NULL);
}

/* What another ldmd said to the same question. */
static bool write_captured(const struct request *request, struct buf *out)
{
	const struct task *task = first_task(request);

	if (!request->sim->replay || request->message || !task || task->verdict != VERDICT_OK)
		return false;
	return replay_find(request->sim->replay, task->action->name, task->object->name, out) ==
	       REPLAY_TEXT;
}

static void write_answer(struct request *request, const struct subject *subject, struct buf *out)
{
	struct sim *sim = request->sim;
	const char *other_name = NULL;
	struct style style;
	struct wire wire;

	if (fault_about(&sim->faults, FAULT_WRONG_ACTION, subject))
		other_name = "list-hba";
	style_choose(&style, sim, subject, request->data_version == 2);
	if (request->message)
		style.no_prefix = true;
	wire_init(&wire, &style);
	wire_root(&wire, "LDM_interface", root_version(request));
	if (request->message)
		write_response(&wire, false, request->message);
	else
		write_commands(&wire, request, other_name);
	wire_finish(&wire, out);
	faults_end_document(&sim->faults);
}

void reply_write(struct request *request, struct buf *out)
{
	const struct command *first = TAILQ_FIRST(&request->commands);
	const struct subject subject = {
		first ? first->name : "", first_domain(request), MOMENT_MAX};

	if (!write_captured(request, out))
		write_answer(request, &subject, out);
	mangle(request->sim, &subject, out);
}

void reply_write_unasked(struct buf *out)
{
	struct style style = {.no_prefix = true};
	struct wire wire;

	wire_init(&wire, &style);
	wire_root(&wire, "LDM_interface", "1.3");
	wire_begin(&wire, "cmd");
	wire_text(&wire, "action", "list-hba");
	write_response(&wire, true, NULL);
	wire_end(&wire);
	write_response(&wire, true, NULL);
	wire_finish(&wire, out);
}
