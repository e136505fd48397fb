/*
 * Virtual SANs and the host bus adapters (vHBA) that guests reach them by, from 3.4 on. The guides
 * list the actions; the keys of the resources follow the command line and are assumed.
 */
#include "actions.h"
#include "events.h"
#include "sim.h"

static enum verdict changed(struct task *task, const struct domain *domain)
{
	event_resource(task->sim, task->action->name, domain->name, NULL, NULL);
	return VERDICT_OK;
}

static const char *name_in_question(struct task *task, enum device_kind kind)
{
	const struct resource *given = need_resource(task, device_types[kind].resource);

	return given ? need_prop(task, given, device_types[kind].name_key) : NULL;
}

enum verdict run_add_vsan(struct task *task)
{
	const char *name = name_in_question(task, DEVICE_VSAN);
	const struct resource *given = object_find(task->object, "vsan");

	if (!name || !need_prop(task, given, "iport_path"))
		return VERDICT_REFUSED;
	if (!name_is_legal(name))
		return task_refuse(task, "Invalid name \"%s\"", name);
	if (service_find(&task->sim->host, DEVICE_VSAN, name))
		return task_refuse(task, "Virtual SAN %s already exists", name);
	device_add(task->domain, DEVICE_VSAN, resource_clone(given));
	return changed(task, task->domain);
}

static bool vsan_is_used(const struct host *host, const char *name)
{
	const struct domain *domain;
	const struct device *vhba;

	TAILQ_FOREACH (domain, &host->domains, entry)
		TAILQ_FOREACH (vhba, &domain->devices[DEVICE_VHBA], entry)
			if (str_equal(device_get(vhba, "vsan_name"), name))
				return true;
	return false;
}

enum verdict run_remove_vsan(struct task *task)
{
	const char *name = name_in_question(task, DEVICE_VSAN);
	struct device *vsan = name ? service_find(&task->sim->host, DEVICE_VSAN, name) : NULL;
	struct domain *owner;

	if (!name)
		return VERDICT_REFUSED;
	if (!vsan)
		return task_refuse(task, "Virtual SAN %s does not exist", name);
	if (vsan_is_used(&task->sim->host, name))
		return task_refuse(task, "Virtual SAN %s is in use", name);
	owner = vsan->owner;
	device_remove(vsan, DEVICE_VSAN);
	return changed(task, owner);
}

enum verdict run_add_vhba(struct task *task)
{
	const char *name = name_in_question(task, DEVICE_VHBA);
	const struct resource *given = object_find(task->object, "vhba");
	const char *vsan = name ? need_prop(task, given, "vsan_name") : NULL;

	if (!vsan)
		return VERDICT_REFUSED;
	if (!is_settled(task->domain))
		return refuse_transition(task);
	if (!name_is_legal(name))
		return task_refuse(task, "Invalid name \"%s\"", name);
	if (device_find(task->domain, DEVICE_VHBA, name))
		return task_refuse(task, "Virtual HBA %s already exists", name);
	if (!service_find(&task->sim->host, DEVICE_VSAN, vsan))
		return task_refuse(task, "Virtual SAN %s does not exist", vsan);
	device_add(task->domain, DEVICE_VHBA, resource_clone(given));
	return changed(task, task->domain);
}

/* set-vhba, remove-vhba and rescan-vhba: one that is there. */
enum verdict run_vhba(struct task *task)
{
	const char *name = name_in_question(task, DEVICE_VHBA);
	struct device *vhba = name ? device_find(task->domain, DEVICE_VHBA, name) : NULL;

	if (!name)
		return VERDICT_REFUSED;
	if (!vhba)
		return task_refuse(task, "Virtual HBA %s does not exist", name);
	if (str_equal(task->action->name, "remove-vhba"))
		device_remove(vhba, DEVICE_VHBA);
	else
		resource_set(vhba->spec, "timeout", object_get(task->object, "vhba", "timeout"));
	return changed(task, task->domain);
}

enum verdict run_vmapi(struct task *task)
{
	return task_refuse(task, "The simulator has no VM API domains");
}
