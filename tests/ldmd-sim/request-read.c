/*
 * From the bytes of one document to commands and objects. Both data versions are read without
 * regard to namespaces, since half of the known documents do not declare theirs: a name is what
 * follows the last colon.
 */
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "object-xml.h"
#include "request.h"
#include "sim.h"

static struct command *add_command(struct request *request)
{
	struct command *command = xcalloc(1, sizeof(*command));

	TAILQ_INIT(&command->tasks);
	TAILQ_INSERT_TAIL(&request->commands, command, entry);
	command->option = xstrdup("");
	return command;
}

/*
 * The guides of 1.2 and 1.3 print `option`, those from 3.2 on `options` and `arguments`. Which of
 * them an ldmd passes over is not public; one that was told its version is strict.
 */
static const char *form_taken(struct request *request, const struct command *command)
{
	const struct options *options = &request->sim->options;
	const struct fault *fault =
		fault_hit(&request->sim->faults, FAULT_OPTION_FORM, command->name, NULL);

	if (fault)
		return fault->text;
	if (!options->strict)
		return "both";
	return options->ldm_version < LDM_VERSION(3, 2) ? "option" : "options";
}

static bool takes_option(const char *form, const xmlNode *node)
{
	if (xml_is(node, "option"))
		return !str_equal(form, "options");
	return (xml_is(node, "options") || xml_is(node, "arguments")) && !str_equal(form, "option");
}

static void add_option(struct command *command, const xmlNode *node)
{
	char *text = xml_text(node);
	char *both = xasprintf("%s%s%s", command->option, *command->option ? " " : "", text);

	free(command->option);
	command->option = both;
	free(text);
}

static int read_data_version(const xmlNode *data)
{
	char *version = xml_attribute(data, "version");
	int number = str_equal(version, "3.0") ? 3 : (str_equal(version, "2.0") ? 2 : 0);

	free(version);
	return number;
}

static void add_task(struct request *request, struct command *command, const xmlNode *data)
{
	int version = read_data_version(data);
	struct object_list objects;
	struct object *object;

	if (request->data_version == 0)
		request->data_version = version;
	if (command->action == NULL)
		return;
	objects_read(&objects, data, version == 2);
	while ((object = TAILQ_FIRST(&objects))) {
		struct task *task =
			task_new(request->sim, command->action, command->option, object);

		TAILQ_REMOVE(&objects, object, entry);
		TAILQ_INSERT_TAIL(&command->tasks, task, entry);
	}
}

static void read_options(struct request *request, struct command *command, const xmlNode *cmd)
{
	const char *form = form_taken(request, command);

	command->option_form = "option";
	for (const xmlNode *node = cmd->children; node; node = node->next) {
		if (!takes_option(form, node))
			continue;
		command->option_form = xml_is(node, "option") ? "option" : "options";
		add_option(command, node);
	}
}

static void read_command(struct request *request, const xmlNode *cmd)
{
	struct command *command = add_command(request);
	size_t actions = 0, data = 0;

	for (const xmlNode *node = cmd->children; node; node = node->next)
		if (xml_is(node, "action") && actions++ == 0)
			command->name = xml_text(node);
	if (actions != 1) {
		command->message = xstrdup("A cmd must have exactly one action");
		return;
	}
	read_options(request, command, cmd);
	command->action = action_find(command->name);
	if (command->action && request->sim->host.version < command->action->since)
		command->action = NULL;
	if (command->action == NULL)
		command->message = xasprintf("Unknown action \"%s\"", command->name);
	for (const xmlNode *node = cmd->children; node; node = node->next)
		if (xml_is(node, "data") && ++data)
			add_task(request, command, node);
	if (data == 0 && command->message == NULL)
		command->message = xstrdup("A cmd must have at least one data");
}

static void check_data_version(struct request *request)
{
	if (request->data_version == 0 ||
		request->data_version > request->sim->options.data_version)
		request->message = xstrdup("Invalid XML request: unsupported data version");
}

static void read_document(struct request *request, const xmlDoc *doc)
{
	const xmlNode *root = xmlDocGetRootElement(doc);

	if (!xml_is(root, "LDM_interface")) {
		request->message = xstrdup("Invalid XML request: LDM_interface expected");
		return;
	}
	request->version = xml_attribute(root, "version");
	for (const xmlNode *node = root->children; node; node = node->next)
		if (xml_is(node, "cmd"))
			read_command(request, node);
	if (TAILQ_EMPTY(&request->commands))
		request->message = xstrdup("Invalid XML request: no cmd");
	else
		check_data_version(request);
}

struct request *request_read(struct sim *sim, const char *text, size_t len)
{
	struct request *request = xcalloc(1, sizeof(*request));
	int flags = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA;
	xmlDoc *doc = xmlReadMemory(text, (int)len, NULL, NULL, flags);

	request->sim = sim;
	TAILQ_INIT(&request->commands);
	if (doc && doc->intSubset == NULL)
		read_document(request, doc);
	else
		request->message = xstrdup("Invalid XML request");
	xmlFreeDoc(doc);
	return request;
}

static void command_free(struct command *command)
{
	struct task *task;

	while ((task = TAILQ_FIRST(&command->tasks))) {
		TAILQ_REMOVE(&command->tasks, task, entry);
		task_free(task);
	}
	free(command->name);
	free(command->option);
	free(command->message);
	free(command);
}

void request_free(struct request *request)
{
	struct command *command;

	timer_stop(&request->timer);
	if (request->orphan)
		TAILQ_REMOVE(&request->sim->server.orphans, request, entry);
	while ((command = TAILQ_FIRST(&request->commands))) {
		TAILQ_REMOVE(&request->commands, command, entry);
		command_free(command);
	}
	free(request->version);
	free(request->message);
	free(request);
}
