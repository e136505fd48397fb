/*
 * What bind needs: LDC channels on the control domain, services, CPUs, crypto units, memory, a
 * console port.
 */
#include "binding.h"

#include "pool.h"

#define CHANNELS_OF_CONTROL 12

uint64_t rounded_up(uint64_t bytes, uint64_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

static size_t channels_for(const struct domain *domain)
{
	return 1 + domain->n_devices[DEVICE_DISK] + domain->n_devices[DEVICE_NET];
}

static size_t channels_used(const struct host *host)
{
	const struct domain *domain;
	size_t n = CHANNELS_OF_CONTROL;

	TAILQ_FOREACH (domain, &host->domains, entry)
		if (domain->state != STATE_INACTIVE)
			n += channels_for(domain);
	return n;
}

static bool has_channels(const struct domain *domain, char **ret_why)
{
	const struct host *host = domain_host(domain);
	size_t extra = channels_for(domain);
	size_t used = channels_used(host);

	if (used + extra <= host->channels)
		return true;
	*ret_why = xasprintf("%zu additional LDCs are required on guest primary to meet this "
			     "request, but only %zu LDCs are available",
		extra, used < host->channels ? host->channels - used : 0);
	return false;
}

static bool has_services(struct domain *domain, char **ret_why)
{
	struct host *host = domain_host(domain);
	struct device *device;

	TAILQ_FOREACH (device, &domain->devices[DEVICE_DISK], entry) {
		if (disk_attach(host, device))
			continue;
		*ret_why = xasprintf("Volume %s@%s does not exist or is in use",
			device_get(device, "vol_name"), device_get(device, "service_name"));
		return false;
	}
	TAILQ_FOREACH (device, &domain->devices[DEVICE_NET], entry) {
		if (service_find(host, DEVICE_VSW, device_get(device, "service_name")))
			continue;
		*ret_why = xasprintf(
			"Virtual switch %s does not exist", device_get(device, "service_name"));
		return false;
	}
	return true;
}

static bool take_cpus(struct host *host, struct domain *domain)
{
	if (domain->want.whole_cores)
		return cpus_take_cores(host, domain, domain->want.whole_cores);
	return domain->want.vcpus > 0 && cpus_take(host, domain, domain->want.vcpus);
}

static bool take_memory(struct host *host, struct domain *domain)
{
	uint64_t bytes = domain->want.memory;

	if (bytes < MEMORY_MINIMUM)
		bytes = MEMORY_MINIMUM;
	return memory_take(host, domain, rounded_up(bytes, MEMORY_BOUND_UNIT));
}

static const char *take_all(struct host *host, struct domain *domain)
{
	if (!take_cpus(host, domain))
		return "Insufficient virtual CPUs";
	if (!maus_take(host, domain, domain->want.maus))
		return "Insufficient crypto units";
	if (!take_memory(host, domain))
		return "Insufficient memory";
	if (!domain->control && !console_take(host, domain))
		return "No virtual console port is available";
	return NULL;
}

bool binding_take(struct domain *domain, char **ret_why)
{
	const char *lacking;

	if (!has_channels(domain, ret_why) || !has_services(domain, ret_why))
		return false;
	lacking = take_all(domain_host(domain), domain);
	if (lacking == NULL)
		return true;
	binding_give(domain);
	*ret_why = xasprintf("%s to bind LDom %s", lacking, domain->name);
	return false;
}

void binding_give(struct domain *domain)
{
	struct host *host = domain_host(domain);

	maus_give(host, domain, domain->n_maus);
	cpus_give_all(host, domain);
	memory_give(host, domain, domain_memory(domain));
	console_give(host, domain);
}
