/*
 * Life of a domain: add, set, remove; bind and unbind; start and stop. Order of states as in the
 * vendor's guides: inactive, bound, active, and back.
 */
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "binding.h"
#include "domain-object.h"
#include "events.h"
#include "guest.h"
#include "pool.h"
#include "sim.h"

struct resource *need_resource(struct task *task, const char *type)
{
	struct resource *resource = object_find(task->object, type);

	if (resource == NULL)
		task_refuse(task, "Missing %s resource in the request", type);
	return resource;
}

const char *need_prop(struct task *task, const struct resource *resource, const char *key)
{
	const char *value = resource_get(resource, key);

	if (value && *value)
		return value;
	task_refuse(task, "Missing %s in the %s resource", key[0] == '@' ? key + 1 : key,
		resource->type);
	return NULL;
}

char action_verb(const struct task *task)
{
	return task->action->name[0];
}

bool is_settled(const struct domain *domain)
{
	return domain->state == STATE_ACTIVE || domain->state == STATE_BOUND ||
	       domain->state == STATE_INACTIVE;
}

enum verdict refuse_transition(struct task *task)
{
	return task_refuse(task, "LDom %s is %s, try again later", task->domain->name,
		state_word(task->domain->state));
}

static enum verdict refuse_state(struct task *task, const char *wanted)
{
	return task_refuse(task, "LDom %s is %s, it must be %s", task->domain->name,
		state_word(task->domain->state), wanted);
}

static size_t domain_limit(const struct host *host)
{
	return host->max_domains < host->n_threads ? host->max_domains : host->n_threads;
}

static enum verdict check_new_domain(struct task *task)
{
	const struct host *host = &task->sim->host;
	const char *name = task->object->name;
	const char *uuid = object_get(task->object, "ldom_info", PROP_UUID);

	if (name == NULL)
		return task_refuse(task, "No domain name was given");
	if (!name_is_legal(name))
		return task_refuse(task, "Invalid domain name \"%s\"", name);
	if (domain_find(host, name))
		return task_refuse(task, "LDom \"%s\" already exists", name);
	if (uuid && *uuid && domain_find_uuid(host, uuid))
		return task_refuse(task, "A domain with UUID %s already exists", uuid);
	if (host->n_domains >= domain_limit(host))
		return task_refuse(task, "The maximum number of domains (%zu) has been reached",
			domain_limit(host));
	return VERDICT_OK;
}

enum verdict run_add_domain(struct task *task)
{
	enum verdict verdict = check_new_domain(task);
	struct domain *domain;
	char *why = NULL;

	if (verdict != VERDICT_OK)
		return verdict;
	domain = domain_from_object(task->sim, task->object, &why);
	if (domain == NULL) {
		task_refuse(task, "%s", why);
		free(why);
		return VERDICT_REFUSED;
	}
	event_domain(task->sim, "add-domain", domain->name);
	return VERDICT_OK;
}

enum verdict run_set_domain(struct task *task)
{
	const struct resource *info = need_resource(task, "ldom_info");
	char *why = NULL;

	if (info == NULL)
		return VERDICT_REFUSED;
	if (!domain_check_info(task->sim->host.version, task->domain, info, &why)) {
		task_refuse(task, "%s", why);
		free(why);
		return VERDICT_REFUSED;
	}
	if (task->domain->control && resource_get(info, "extended-mapin-space"))
		reconf_begin(task->domain);
	domain_apply_info(task->domain, info);
	return VERDICT_OK;
}

static enum verdict remove_one(struct task *task, struct domain *domain)
{
	char *name;

	if (domain->control)
		return task_refuse(task, "The control domain cannot be removed");
	if (domain->state != STATE_INACTIVE || domain->op)
		return task_refuse(task, "LDom %s is %s, it must be inactive", domain->name,
			state_word(domain->state));
	name = xstrdup(domain->name);
	domain_remove(domain);
	event_domain(task->sim, "remove-domain", name);
	free(name);
	return VERDICT_OK;
}

/* -a: every guest that can go. */
static enum verdict remove_all(struct task *task)
{
	struct domain *domain, *next;
	enum verdict verdict = VERDICT_OK;

	LIST_EACH_SAFE(domain, &task->sim->host.domains, entry, next)
	if (!domain->control && remove_one(task, domain) != VERDICT_OK)
		verdict = VERDICT_REFUSED;
	return verdict;
}

enum verdict run_remove_domain(struct task *task)
{
	struct domain *domain = task->domain;

	if (task_has_option(task, "-a"))
		return remove_all(task);
	if (domain == NULL && task->object->name)
		return task_refuse(task, "LDom \"%s\" was not found", task->object->name);
	if (domain == NULL)
		return task_refuse(task, "No domain was given");
	task->domain = NULL; /* it will be gone */
	return remove_one(task, domain);
}

static enum verdict begin(
	struct task *task, enum domain_state state, enum verdict (*finish)(struct task *))
{
	task->domain->op = task;
	task->domain->state = state;
	return task_wait(task, task->sim->transition, finish);
}

static enum verdict is_bound_now(struct task *task)
{
	task->domain->state = STATE_BOUND;
	event_domain(task->sim, "bind-domain", task->domain->name);
	return VERDICT_OK;
}

enum verdict run_bind_domain(struct task *task)
{
	char *why = NULL;

	if (task->domain->state != STATE_INACTIVE)
		return refuse_state(task, "inactive");
	if (!binding_take(task->domain, &why)) {
		task_refuse(task, "%s", why);
		free(why);
		return VERDICT_REFUSED;
	}
	return begin(task, STATE_BINDING, is_bound_now);
}

static enum verdict is_inactive_now(struct task *task)
{
	binding_give(task->domain);
	task->domain->state = STATE_INACTIVE;
	event_domain(task->sim, "unbind-domain", task->domain->name);
	return VERDICT_OK;
}

enum verdict run_unbind_domain(struct task *task)
{
	struct domain *domain = task->domain;

	if (domain->control)
		return task_refuse(task, "The control domain cannot be unbound");
	if (domain->state != STATE_BOUND)
		return refuse_state(task, "bound");
	if (domain->dr)
		return task_refuse(task, "LDom %s is reconfigured", domain->name);
	if (domain_serves_others(domain))
		return task_refuse(task, "LDom %s provides services that are in use", domain->name);
	return begin(task, STATE_UNBINDING, is_inactive_now);
}

static enum verdict is_active_now(struct task *task)
{
	task->domain->state = STATE_ACTIVE;
	guest_boot(task->domain);
	event_domain(task->sim, "start-domain", task->domain->name);
	return VERDICT_OK;
}

/* An I/O domain cannot start without the domains that have the buses of its functions. */
static bool roots_are_up(const struct domain *domain)
{
	const struct host *host = domain_host(domain);
	const struct function *function;

	TAILQ_FOREACH (function, &host->functions, entry) {
		const struct domain *root = host->buses[function->bus].owner;

		if (function->owner == domain && (!root || root->state != STATE_ACTIVE))
			return false;
	}
	return true;
}

enum verdict run_start_domain(struct task *task)
{
	if (task->domain->state != STATE_BOUND)
		return refuse_state(task, "bound");
	if (task->domain->degraded)
		return task_refuse(
			task, "LDom %s is degraded: resources are missing", task->domain->name);
	if (!roots_are_up(task->domain))
		return task_refuse(task,
			"The root domain of an I/O device of LDom %s is not active",
			task->domain->name);
	return begin(task, STATE_STARTING, is_active_now);
}

static enum verdict is_stopped_now(struct task *task)
{
	task->domain->state = STATE_BOUND;
	reconf_take_effect(task->domain);
	task->domain->openboot = false;
	event_domain(task->sim, "stop-domain", task->domain->name);
	return VERDICT_OK;
}

/* -f cuts a running stop or a guest's own shutdown short. */
static enum verdict stop_by_force(struct task *task)
{
	struct domain *domain = task->domain;

	if (domain->op)
		task_finish_now(domain->op);
	timer_stop(&domain->boot);
	if (domain->state == STATE_ACTIVE || domain->state == STATE_STOPPING)
		return is_stopped_now(task);
	return VERDICT_OK;
}

enum verdict run_stop_domain(struct task *task)
{
	struct domain *domain = task->domain;
	bool force = task_has_option(task, "-f");

	if (domain->control)
		return task_refuse(task, "The control domain cannot be stopped");
	if (force && (domain->state == STATE_ACTIVE || domain->state == STATE_STOPPING))
		return stop_by_force(task);
	if (domain->state != STATE_ACTIVE)
		return refuse_state(task, "active");
	if (domain->openboot) /* nobody to ask */
		return stop_by_force(task);
	timer_stop(&domain->boot);
	return begin(task, STATE_STOPPING, is_stopped_now);
}

enum verdict run_migrate_domain(struct task *task)
{
	struct domain *domain = task->domain;
	const char *target = object_get(task->object, "ldom_info", "target");

	if (domain->control)
		return task_refuse(task, "The control domain cannot be migrated");
	if (domain->state != STATE_ACTIVE && domain->state != STATE_BOUND)
		return refuse_state(task, "active or bound");
	if (domain->dr || domain->op)
		return refuse_transition(task);
	if (target == NULL || *target == '\0')
		return task_refuse(task, "No target machine was given");
	migration_begin(domain, target, 5 * task->sim->transition, false);
	return VERDICT_OK;
}

static enum verdict memory_stays(struct task *dr)
{
	uint64_t now = domain_memory(dr->domain);

	if (now > dr->before)
		memory_give(domain_host(dr->domain), dr->domain, now - dr->before);
	return task_refuse(
		dr, "The memory reconfiguration of LDom %s was cancelled", dr->domain->name);
}

static enum verdict cancel_memory_dr(struct task *task)
{
	struct domain *domain = task->domain;

	if (task->sim->host.version < LDM_VERSION(2, 0) || !domain->dr)
		return task_refuse(
			task, "LDom %s has no memory reconfiguration in progress", domain->name);
	domain->dr->finish = memory_stays;
	task_finish_now(domain->dr);
	return VERDICT_OK;
}

enum verdict run_cancel_operation(struct task *task)
{
	struct domain *domain = task->domain;

	if (task_has_option(task, "reconf"))
		return run_remove_reconf(task);
	if (task_has_option(task, "memdr"))
		return cancel_memory_dr(task);
	if (!task_has_option(task, "migration"))
		return task_refuse(
			task, "The operation to cancel must be migration, reconf or memdr");
	if (domain->migration == NULL)
		return task_refuse(task, "LDom %s is not migrating", domain->name);
	task->domain = NULL; /* an incoming domain goes away */
	migration_cancel(domain);
	return VERDICT_OK;
}

enum verdict run_remove_reconf(struct task *task)
{
	if (!task->domain->delayed_reconf)
		return task_refuse(
			task, "LDom %s has no delayed reconfiguration pending", task->domain->name);
	reconf_cancel(task->domain);
	return VERDICT_OK;
}
