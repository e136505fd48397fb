/*
 * Delayed reconfiguration: changes of a domain go to its constraints and take effect when it
 * reboots. While that of the control domain waits (before 1.2: that of any domain), other domains
 * cannot be changed.
 */
#include <stdlib.h>

#include "events.h"
#include "guest.h"
#include "pool.h"
#include "sim.h"

bool domain_is_root(const struct domain *domain)
{
	const struct host *host = domain_host(domain);

	for (size_t i = 0; i < host->n_buses; i++)
		if (host->buses[i].owner == domain)
			return true;
	return false;
}

/* Functions that were made or destroyed while it waited. */
static void apply_functions(struct host *host, const struct domain *root, bool keep)
{
	struct function *function, *next;

	LIST_EACH_SAFE(function, &host->functions, entry, next)
	{
		if (host->buses[function->bus].owner != root)
			continue;
		if (keep ? function->leaving : function->planned)
			function_remove(host, function);
		else
			function->planned = function->leaving = false;
	}
}

bool reconf_is_possible(const struct domain *domain)
{
	unsigned version = domain_host(domain)->version;

	if (domain->state != STATE_ACTIVE)
		return false;
	return domain->control || version < LDM_VERSION(1, 2) ||
	       (version >= LDM_VERSION(3, 0) && domain_is_root(domain));
}

void reconf_begin(struct domain *domain)
{
	if (domain->delayed_reconf)
		return;
	domain->delayed_reconf = true;
	domain->before_reconf = domain->want;
	replace_string(&domain->mapin_before_reconf, domain->settings[SETTING_EXTENDED_MAPIN]);
}

static bool moves(const struct bus *bus, const struct domain *domain)
{
	return bus->owner != bus->planned && (bus->owner == domain || bus->planned == domain);
}

void reconf_cancel(struct domain *domain)
{
	struct host *host = domain_host(domain);

	if (!domain->delayed_reconf)
		return;
	domain->delayed_reconf = false;
	domain->want = domain->before_reconf;
	replace_string(&domain->settings[SETTING_EXTENDED_MAPIN], domain->mapin_before_reconf);
	for (size_t i = 0; i < host->n_buses; i++)
		if (moves(&host->buses[i], domain))
			host->buses[i].planned = host->buses[i].owner;
	apply_functions(host, domain, false);
}

/* As much of the constraints as there is. */
void reconf_take_effect(struct domain *d)
{
	struct host *host = domain_host(d);
	uint64_t memory = domain_memory(d);

	if (!d->delayed_reconf)
		return;
	d->delayed_reconf = false;
	apply_functions(host, d, true);
	for (size_t i = 0; i < host->n_buses; i++)
		if (moves(&host->buses[i], d))
			host->buses[i].owner = host->buses[i].planned;
	if (d->want.maus < d->n_maus)
		maus_give(host, d, d->n_maus - d->want.maus);
	if (d->want.vcpus < d->n_vcpus)
		cpus_give(host, d, d->n_vcpus - d->want.vcpus);
	else
		cpus_take(host, d, d->want.vcpus - d->n_vcpus);
	if (d->want.maus > d->n_maus)
		maus_take(host, d, d->want.maus - d->n_maus);
	if (d->want.memory < memory)
		memory_give(host, d, memory - d->want.memory);
	else
		memory_take(host, d, d->want.memory - memory);
}

const struct domain *reconf_in_the_way(const struct host *host, const struct domain *domain)
{
	const struct domain *other;

	TAILQ_FOREACH (other, &host->domains, entry)
		if (other != domain && other->delayed_reconf &&
			(other->control || host->version < LDM_VERSION(1, 2)))
			return other;
	return NULL;
}

void control_reboot(struct host *host)
{
	if (host->control == NULL)
		return;
	guest_reset(host->control);
	host->control->sim->dirty = true;
}
