/*
 * Delayed reconfiguration of the control domain: changes go to its constraints and take effect
 * when it reboots; meanwhile other domains cannot be changed.
 */
#include <stdlib.h>

#include "events.h"
#include "guest.h"
#include "pool.h"
#include "sim.h"

void reconf_begin(struct host *host)
{
	struct domain *control = host->control;

	if (host->delayed_reconf || control == NULL)
		return;
	host->delayed_reconf = true;
	host->before_reconf = control->want;
	replace_string(&host->mapin_before_reconf, control->settings[SETTING_EXTENDED_MAPIN]);
	for (size_t i = 0; i < host->n_buses; i++)
		host->buses[i].planned = host->buses[i].owner;
}

void reconf_cancel(struct host *host)
{
	if (!host->delayed_reconf)
		return;
	host->delayed_reconf = false;
	host->control->want = host->before_reconf;
	replace_string(&host->control->settings[SETTING_EXTENDED_MAPIN], host->mapin_before_reconf);
}

/* As much of the constraints as there is. */
static void apply(struct host *host)
{
	struct domain *d = host->control;
	uint64_t memory = domain_memory(d);

	for (size_t i = 0; i < host->n_buses; i++)
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

void control_reboot(struct host *host)
{
	struct domain *control = host->control;

	if (control == NULL)
		return;
	if (host->delayed_reconf) {
		host->delayed_reconf = false;
		apply(host);
	}
	guest_reset(control);
	control->sim->dirty = true;
}
