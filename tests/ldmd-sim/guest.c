/*
 * Guests acting on their own.
 */
#include "guest.h"

#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "sim.h"

#define THIS_MACHINE "this-host"

static bool is_running(const struct domain *domain)
{
	return domain->state == STATE_ACTIVE;
}

static void os_is_up(void *arg)
{
	struct domain *domain = arg;

	domain->openboot = false;
	domain->sim->dirty = true;
}

static bool boots_by_itself(const struct domain *domain)
{
	const struct device *var = device_find(domain, DEVICE_VAR, "auto-boot?");

	return var == NULL || !str_equal(device_get(var, "value"), "false");
}

void guest_boot(struct domain *domain)
{
	struct sim *sim = domain->sim;

	reconf_take_effect(domain);
	domain->openboot = true;
	domain->started_ms = clock_ms();
	timer_stop(&domain->boot);
	if (boots_by_itself(domain))
		timer_start(&sim->timers, &domain->boot, sim->transition, os_is_up, domain);
}

bool guest_reset(struct domain *domain)
{
	if (!is_running(domain))
		return false;
	guest_boot(domain);
	event_domain(domain->sim, "domain-reset", domain->name);
	return true;
}

static void has_gone_down(void *arg)
{
	struct domain *domain = arg;

	domain->state = STATE_BOUND;
	reconf_take_effect(domain);
	domain->sim->dirty = true;
	event_domain(domain->sim, "stop-domain", domain->name);
}

static void go_down(struct domain *domain, double seconds)
{
	struct sim *sim = domain->sim;

	domain->state = STATE_STOPPING;
	timer_start(&sim->timers, &domain->boot, seconds, has_gone_down, domain);
}

bool guest_halt(struct domain *domain)
{
	if (!is_running(domain) || domain->control)
		return false;
	go_down(domain, domain->sim->transition);
	return true;
}

static void follow_master(struct domain *slave, const char *policy)
{
	if (str_equal(policy, "reset"))
		guest_reset(slave);
	else if (str_equal(policy, "panic") && !slave->openboot) /* masters may form a ring */
		guest_panic(slave);
	else if (str_equal(policy, "stop") && is_running(slave) && !slave->control)
		go_down(slave, 0);
}

bool guest_panic(struct domain *domain)
{
	struct domain *slave;

	if (!is_running(domain))
		return false;
	guest_boot(domain);
	event_domain(domain->sim, "panic-domain", domain->name);
	TAILQ_FOREACH (slave, &domain->sim->host.domains, entry)
		if (slave != domain && word_in_list(slave->settings[SETTING_MASTER], domain->name))
			follow_master(slave, domain->settings[SETTING_FAILURE_POLICY]);
	return true;
}

bool guest_openboot(struct domain *domain)
{
	if (!is_running(domain))
		return false;
	timer_stop(&domain->boot);
	domain->openboot = true;
	return true;
}

bool guest_os(struct domain *domain)
{
	if (!is_running(domain))
		return false;
	timer_stop(&domain->boot);
	domain->openboot = false;
	return true;
}

const char *migration_source(const struct migration *migration)
{
	return migration->incoming ? migration->peer : THIS_MACHINE;
}

static void migration_end(struct domain *domain)
{
	struct sim *sim = domain->sim;
	bool incoming = domain->migration->incoming;

	event_progress(sim, domain->name, 100, "done", migration_source(domain->migration));
	event_domain(sim, "migrate-domain", domain->name);
	sim->dirty = true;
	if (!incoming) {
		domain_remove(domain);
		return;
	}
	free(domain->migration->peer);
	free(domain->migration);
	domain->migration = NULL;
	domain->state = STATE_ACTIVE;
	domain->openboot = false;
	domain->started_ms = clock_ms();
}

static void migration_step(void *arg)
{
	struct domain *domain = arg;
	struct migration *m = domain->migration;

	m->progress += 10;
	if (m->progress >= 100) {
		migration_end(domain);
		return;
	}
	event_progress(domain->sim, domain->name, m->progress, "ongoing", migration_source(m));
	timer_start(&domain->sim->timers, &m->timer, m->step, migration_step, domain);
}

void migration_begin(struct domain *domain, const char *peer, double seconds, bool incoming)
{
	struct migration *m = xcalloc(1, sizeof(*m));

	m->peer = xstrdup(peer);
	m->step = seconds / 10;
	m->incoming = incoming;
	domain->migration = m;
	domain->migration_error = false;
	event_progress(domain->sim, domain->name, 0, "ongoing", migration_source(m));
	timer_start(&domain->sim->timers, &m->timer, m->step, migration_step, domain);
}

void migration_cancel(struct domain *domain)
{
	struct migration *m = domain->migration;
	bool incoming = m->incoming;

	timer_stop(&m->timer);
	event_progress(domain->sim, domain->name, m->progress, "failed", migration_source(m));
	free(m->peer);
	free(m);
	domain->migration = NULL;
	if (incoming)
		domain_remove(domain);
}

void migration_fail(struct domain *domain)
{
	bool incoming = domain->migration->incoming;

	migration_cancel(domain);
	if (!incoming)
		domain->migration_error = true;
}
