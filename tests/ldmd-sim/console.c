/*
 * Console ports: one per guest out of a vcc's range, given at bind; domains with the same explicit
 * group share one.
 */
#include <stdlib.h>

#include "pool.h"

static const struct device *wanted_vcc(const struct host *host, const struct domain *domain)
{
	const struct domain *owner;

	if (domain->console_service)
		return service_find(host, DEVICE_VCC, domain->console_service);
	TAILQ_FOREACH (owner, &host->domains, entry)
		if (!TAILQ_EMPTY(&owner->devices[DEVICE_VCC]))
			return TAILQ_FIRST(&owner->devices[DEVICE_VCC]);
	return NULL;
}

static bool shares_group(const struct domain *a, const struct domain *b)
{
	return a->console_group && str_equal(a->console_group, b->console_group);
}

static const struct domain *user_of_port(
	const struct host *host, const struct domain *domain, unsigned port)
{
	const struct domain *other;

	TAILQ_FOREACH (other, &host->domains, entry)
		if (other != domain && other->console_port == port)
			return other;
	return NULL;
}

static unsigned port_of_group(const struct host *host, const struct domain *domain, const char *vcc)
{
	const struct domain *other;

	if (domain->console_group == NULL)
		return 0;
	TAILQ_FOREACH (other, &host->domains, entry)
		if (other != domain && other->console_port && shares_group(other, domain) &&
			str_equal(other->console_vcc, vcc))
			return other->console_port;
	return 0;
}

static unsigned free_port(
	const struct host *host, const struct domain *domain, unsigned min, unsigned max)
{
	for (unsigned port = min; port <= max; port++)
		if (host->port_users[port] == (domain->console_port == port))
			return port;
	return 0;
}

static unsigned choose_port(
	const struct host *host, const struct domain *domain, const struct device *vcc)
{
	const struct domain *user;
	uint64_t min = 0, max = 0;
	unsigned port;

	parse_count(device_get(vcc, "min_port"), 65535, &min);
	parse_count(device_get(vcc, "max_port"), 65535, &max);
	if (domain->console_want) {
		user = user_of_port(host, domain, domain->console_want);
		return user == NULL || shares_group(user, domain) ? domain->console_want : 0;
	}
	port = port_of_group(host, domain, device_name(vcc, DEVICE_VCC));
	return port ? port : free_port(host, domain, (unsigned)min, (unsigned)max);
}

bool console_take(struct host *host, struct domain *domain)
{
	const struct device *vcc = wanted_vcc(host, domain);
	unsigned port = vcc ? choose_port(host, domain, vcc) : 0;

	if (port == 0)
		return false;
	console_give(host, domain);
	console_claim(host, domain, port, device_name(vcc, DEVICE_VCC));
	return true;
}

void console_claim(struct host *host, struct domain *domain, unsigned port, const char *vcc)
{
	domain->console_port = port;
	host->port_users[port]++;
	replace_string(&domain->console_vcc, vcc);
}

void console_give(struct host *host, struct domain *domain)
{
	if (domain->console_port)
		host->port_users[domain->console_port]--;
	domain->console_port = 0;
	replace_string(&domain->console_vcc, NULL);
}
