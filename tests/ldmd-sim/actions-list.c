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

enum verdict run_list_io(struct task *task)
{
	show(task, describe_io(&task->sim->host));
	return VERDICT_OK;
}

enum verdict run_list_hba(struct task *task)
{
	show(task, describe_hbas(&task->sim->host));
	return VERDICT_OK;
}

enum verdict run_list_rsrc_group(struct task *task)
{
	show(task, describe_resource_groups(&task->sim->host));
	return VERDICT_OK;
}

/* No document says what it looks like, and the simulator has none. */
enum verdict run_list_vmapi(struct task *task)
{
	show(task, object_new(NULL));
	return VERDICT_OK;
}

enum verdict run_list_dependencies(struct task *task)
{
	return list_domains(task, describe_dependencies);
}

enum verdict run_list_netdev(struct task *task)
{
	return list_domains(task, describe_netdevs);
}

enum verdict run_list_netstat(struct task *task)
{
	return list_domains(task, describe_netstats);
}

enum verdict run_list_spconfig(struct task *task)
{
	show(task, describe_spconfigs(&task->sim->host));
	return VERDICT_OK;
}
