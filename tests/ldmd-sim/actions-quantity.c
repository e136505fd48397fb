/*
 * Virtual CPUs, memory and crypto units: what each state of the domain allows, and dynamic
 * reconfiguration of running guests.
 */
#include "actions.h"
#include "binding.h"
#include "events.h"
#include "guest.h"
#include "pool.h"
#include "sim.h"
#include "version.h"

/* Applies set-, add- or remove- to the present value. */
static bool target_value(struct task *task, uint64_t now, uint64_t value, uint64_t *ret)
{
	switch (action_verb(task)) {
	case 'a':
		*ret = now + value;
		break;
	case 'r':
		if (value > now) {
			task_refuse(task, "LDom %s does not have that much", task->domain->name);
			return false;
		}
		*ret = now - value;
		break;
	default:
		*ret = value;
		break;
	}
	return true;
}

static bool requested_count(struct task *task, const char *type, uint64_t *ret)
{
	const struct resource *resource = need_resource(task, type);
	const char *units;

	if (resource == NULL || (units = need_prop(task, resource, PROP_UNITS)) == NULL)
		return false;
	if (parse_count(units, 65535, ret))
		return true;
	task_refuse(task, "Invalid number \"%s\"", units);
	return false;
}

/* Bindings do not change while the domain waits for its reboot. */
static bool constraint_only(const struct task *task)
{
	const struct domain *domain = task->domain;

	return domain->state == STATE_INACTIVE || domain->delayed_reconf;
}

/* A running guest must take part in the change. */
static bool guest_takes_part(struct task *task)
{
	const struct domain *domain = task->domain;

	if (domain->state != STATE_ACTIVE || !domain->openboot)
		return true;
	task_refuse(task,
		"The guest OS of LDom %s did not respond: dynamic reconfiguration is not possible "
		"at OpenBoot",
		domain->name);
	return false;
}

static bool resize_cpus(struct task *task, uint64_t target)
{
	struct host *host = &task->sim->host;
	struct domain *domain = task->domain;

	if (target >= domain->n_vcpus) {
		if (cpus_take(host, domain, target - domain->n_vcpus))
			return true;
		task_refuse(
			task, "Insufficient free virtual CPUs: %u available", host->free_threads);
		return false;
	}
	if (cpus_give(host, domain, domain->n_vcpus - target))
		return true;
	task_refuse(task, "LDom %s cannot lose the last virtual CPU of a core with a crypto unit",
		domain->name);
	return false;
}

static const struct fault *partial_fault(const struct task *task)
{
	if (task->conn == 0)
		return NULL;
	return fault_hit(&task->sim->faults, FAULT_PARTIAL, task->action->name, task->domain->name);
}

/* How far a change of CPUs gets: a guest may not be able to take or give all of them. */
static uint64_t within_reach(const struct task *task, uint64_t now, uint64_t target, uint64_t unit)
{
	const struct fault *fault = target == now ? NULL : partial_fault(task);
	uint64_t limit;

	if (!fault || !parse_size(fault->text, &limit))
		return target;
	limit /= unit;
	if (target > now)
		return target - now < limit ? target : now + limit;
	return now - target < limit ? target : now - limit;
}

static bool cores_are_allowed(struct task *task, uint64_t cores)
{
	const struct domain *domain = task->domain;

	if (cores <= domain_max_cores(domain))
		return true;
	task_refuse(task, "The number of cores of LDom %s would exceed max-cores=%s", domain->name,
		domain->settings[SETTING_MAX_CORES]);
	return false;
}

static enum verdict cpus_are_set(struct task *task, uint64_t vcpus, uint64_t whole_cores)
{
	task->domain->want.vcpus = vcpus;
	task->domain->want.whole_cores = whole_cores;
	event_resource(task->sim, task->action->name, task->domain->name, NULL, NULL);
	return VERDICT_OK;
}

static bool resize_cores(struct task *task, uint64_t now, uint64_t target)
{
	struct host *host = &task->sim->host;

	if (target >= now) {
		if (cpus_take_cores(host, task->domain, target - now))
			return true;
		task_refuse(task, "Insufficient free cores: %u available", cores_free(host));
		return false;
	}
	if (cpus_give_cores(host, task->domain, now - target))
		return true;
	task_refuse(
		task, "LDom %s cannot lose a core whose crypto unit it has", task->domain->name);
	return false;
}

/* A bound domain gets other CPUs; an active one must have whole cores already. */
static bool has_whole_cores(struct task *task)
{
	struct domain *domain = task->domain;

	if (domain->n_vcpus % THREADS_PER_CORE == 0 &&
		domain_cores(domain) == domain->n_vcpus / THREADS_PER_CORE)
		return true;
	if (domain->state == STATE_BOUND && domain->n_maus == 0) {
		cpus_give_all(&task->sim->host, domain);
		return true;
	}
	task_refuse(task, "LDom %s is %s and has parts of cores", domain->name,
		state_word(domain->state));
	return false;
}

/* set-vcpu -c and its like: the request counts cores, and so does the domain from now on. */
static enum verdict run_whole_cores(struct task *task, uint64_t cores)
{
	struct domain *domain = task->domain;
	bool wish = constraint_only(task);
	uint64_t now = wish ? domain->want.whole_cores : domain_cores(domain);
	uint64_t target;

	if (!target_value(task, now, cores, &target) || !cores_are_allowed(task, target))
		return VERDICT_REFUSED;
	if (target == 0)
		return task_refuse(task, "LDom %s must have at least one core", domain->name);
	if (wish)
		return cpus_are_set(task, target * THREADS_PER_CORE, target);
	if (!guest_takes_part(task) || !has_whole_cores(task))
		return VERDICT_REFUSED;
	target = within_reach(task, now, target, THREADS_PER_CORE);
	if (!resize_cores(task, domain_cores(domain), target))
		return VERDICT_REFUSED;
	return cpus_are_set(task, target * THREADS_PER_CORE, target);
}

/* True and 0 if the request counts threads. */
static bool requested_cores(struct task *task, uint64_t vcpus, uint64_t *ret)
{
	const char *wcore = object_get(task->object, "cpu", "wcore");

	*ret = 0;
	if (!wcore || !*wcore || !version_has(task->sim->host.version, "cpu", "wcore"))
		return true;
	if (!parse_count(wcore, 65535, ret)) {
		task_refuse(task, "Invalid number \"%s\"", wcore);
		return false;
	}
	if (*ret == 0 || vcpus == *ret * THREADS_PER_CORE)
		return true;
	task_refuse(task, "%llu virtual CPUs are not %s cores", (unsigned long long)vcpus, wcore);
	return false;
}

enum verdict run_vcpu(struct task *task)
{
	struct domain *domain = task->domain;
	uint64_t now = constraint_only(task) ? domain->want.vcpus : domain->n_vcpus;
	uint64_t value, cores, target;

	if (!is_settled(domain))
		return refuse_transition(task);
	if (!requested_count(task, "cpu", &value) || !requested_cores(task, value, &cores))
		return VERDICT_REFUSED;
	if (cores)
		return run_whole_cores(task, cores);
	if (!target_value(task, now, value, &target) ||
		!cores_are_allowed(task, (target + THREADS_PER_CORE - 1) / THREADS_PER_CORE))
		return VERDICT_REFUSED;
	if (!constraint_only(task)) {
		if (target == 0)
			return task_refuse(
				task, "LDom %s must have at least one virtual CPU", domain->name);
		target = within_reach(task, now, target, 1);
		if (!guest_takes_part(task) || !resize_cpus(task, target))
			return VERDICT_REFUSED;
	}
	return cpus_are_set(task, target, 0); /* counting threads ends the whole-core constraint */
}

enum verdict run_mau(struct task *task)
{
	struct host *host = &task->sim->host;
	struct domain *domain = task->domain;
	uint64_t now = constraint_only(task) ? domain->want.maus : domain->n_maus;
	uint64_t value, target;
	char verb = action_verb(task);

	if (!is_settled(domain))
		return refuse_transition(task);
	if (!requested_count(task, "mau", &value) || !target_value(task, now, value, &target))
		return VERDICT_REFUSED;
	if (!constraint_only(task)) {
		if (!guest_takes_part(task))
			return VERDICT_REFUSED;
		if (target < now)
			maus_give(host, domain, now - target);
		else if (!maus_take(host, domain, target - now))
			return task_refuse(task,
				"Insufficient crypto units on the cores of LDom %s", domain->name);
	}
	domain->want.maus = target;
	event_resource(task->sim,
		verb == 's' ? "set-crypto" : (verb == 'a' ? "add-crypto" : "remove-crypto"),
		domain->name, NULL, NULL);
	return VERDICT_OK;
}

static bool requested_memory(struct task *task, uint64_t *ret)
{
	const struct resource *resource = need_resource(task, "memory");
	const char *units;

	if (resource == NULL || (units = need_prop(task, resource, PROP_UNITS)) == NULL)
		return false;
	if (parse_size(units, ret) && *ret < (UINT64_C(1) << 60))
		return true;
	task_refuse(task, "Invalid memory size \"%s\"", units);
	return false;
}

static enum verdict memory_is_set(struct task *task, uint64_t want)
{
	task->domain->want.memory = want;
	event_resource(task->sim, task->action->name, task->domain->name, NULL, NULL);
	return VERDICT_OK;
}

static enum verdict refuse_dr(struct task *task)
{
	return task_refuse(task, "A memory reconfiguration of LDom %s is already in progress",
		task->domain->name);
}

static enum verdict resize_bound_memory(struct task *task, uint64_t target)
{
	struct host *host = &task->sim->host;
	struct domain *domain = task->domain;
	uint64_t now = domain_memory(domain);
	uint64_t rounded = rounded_up(target, MEMORY_BOUND_UNIT);

	if (rounded < now)
		memory_give(host, domain, now - rounded);
	else if (!memory_take(host, domain, rounded - now))
		return task_refuse(task, "Insufficient free memory");
	return memory_is_set(task, target);
}

/* Removal is best effort: a guest may not be able to give everything back. */
static uint64_t amount_to_give(struct task *task, uint64_t amount)
{
	const struct fault *fault = partial_fault(task);
	uint64_t limit;

	if (fault && parse_size(fault->text, &limit) && limit < amount)
		return limit;
	return amount;
}

static enum verdict memory_moved(struct task *task)
{
	struct host *host = &task->sim->host;
	struct domain *domain = task->domain;
	uint64_t now = domain_memory(domain);

	if (task->value < now && (domain->state != STATE_ACTIVE || domain->openboot))
		return task_refuse(task, "The guest OS of LDom %s did not respond", domain->name);
	if (task->value < now)
		memory_give(host, domain, amount_to_give(task, now - task->value));
	return memory_is_set(task, domain_memory(domain));
}

/* What is added is reserved now and becomes visible now; the guest takes its time to use it. */
static enum verdict begin_memory_dr(struct task *task, uint64_t target)
{
	struct domain *domain = task->domain;
	uint64_t now = domain_memory(domain);
	uint64_t difference = target > now ? target - now : now - target;

	if (difference % MEMORY_DR_UNIT)
		return task_refuse(task, "The size of memory must be a multiple of 256MB.");
	if (domain->dr)
		return refuse_dr(task);
	if (!guest_takes_part(task))
		return VERDICT_REFUSED;
	if (target > now && !memory_take(&task->sim->host, domain, target - now))
		return task_refuse(task, "Insufficient free memory");
	if (difference == 0)
		return memory_is_set(task, target);
	domain->dr = task;
	task->before = now;
	task->value = target;
	return task_wait(task, task->sim->transition, memory_moved);
}

enum verdict run_memory(struct task *task)
{
	struct host *host = &task->sim->host;
	struct domain *domain = task->domain;
	uint64_t value, target, now;

	if (!is_settled(domain))
		return refuse_transition(task);
	if (domain->dr && domain->state == STATE_BOUND)
		return refuse_dr(task);
	if (!requested_memory(task, &value))
		return VERDICT_REFUSED;
	if (domain->state == STATE_ACTIVE && host->version < LDM_VERSION(2, 0)) {
		if (!reconf_is_possible(domain))
			return task_refuse(task,
				"Dynamic reconfiguration of memory is not supported for LDom %s",
				domain->name);
		reconf_begin(domain);
	}
	now = constraint_only(task) ? domain->want.memory : domain_memory(domain);
	if (!target_value(task, now, value, &target))
		return VERDICT_REFUSED;
	if (target < MEMORY_MINIMUM)
		target = MEMORY_MINIMUM;
	if (constraint_only(task))
		return memory_is_set(task, target);
	if (domain->state == STATE_BOUND)
		return resize_bound_memory(task, target);
	return begin_memory_dr(task, target);
}
