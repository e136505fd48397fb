/*
 * The list actions: which objects an answer shows.
 */
#include "actions.h"
#include "describe.h"
#include "sim.h"
#include "version.h"

static void show(struct task *task, struct object *object)
{
	version_trim(object, task->sim->host.version);
	TAILQ_INSERT_TAIL(&task->results, object, entry);
}

/* One domain if named, else all of them. */
static enum verdict list_domains(
	struct task *task, struct object *(*describe)(const struct domain *))
{
	const struct domain *domain;

	if (task->domain) {
		show(task, describe(task->domain));
		return VERDICT_OK;
	}
	if (task->object->name)
		return task_refuse(task, "LDom \"%s\" was not found", task->object->name);
	TAILQ_FOREACH (domain, &task->sim->host.domains, entry)
		show(task, describe(domain));
	return VERDICT_OK;
}

enum verdict run_list_domain(struct task *task)
{
	return list_domains(task, describe_status);
}

enum verdict run_list_bindings(struct task *task)
{
	return list_domains(task, describe_bindings);
}

enum verdict run_list_constraints(struct task *task)
{
	return list_domains(task, describe_constraints);
}

enum verdict run_list_variable(struct task *task)
{
	return list_domains(task, describe_variables);
}

/* Domains without services are left out of the list of all. */
enum verdict run_list_services(struct task *task)
{
	const struct domain *domain;
	struct object *object;

	if (task->object->name)
		return list_domains(task, describe_services);
	TAILQ_FOREACH (domain, &task->sim->host.domains, entry) {
		object = describe_services(domain);
		if (TAILQ_EMPTY(&object->resources))
			object_free(object);
		else
			show(task, object);
	}
	return VERDICT_OK;
}

enum verdict run_list_devices(struct task *task)
{
	show(task, describe_devices(&task->sim->host, task_has_option(task, "-a")));
	return VERDICT_OK;
}

enum verdict run_list_spconfig(struct task *task)
{
	show(task, describe_spconfigs(&task->sim->host));
	return VERDICT_OK;
}
