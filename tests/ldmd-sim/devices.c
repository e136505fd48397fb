/*
 * Named things a domain has: variables, disks, networks, policies, and the services it offers.
 * Disks and volumes know each other by pointer, so that neither listing nor removal searches.
 */
#include <stdlib.h>
#include <string.h>

#include "host.h"

const char *device_get(const struct device *device, const char *key)
{
	const char *value = resource_get(device->spec, key);

	return value ? value : "";
}

const char *device_name(const struct device *device, enum device_kind kind)
{
	return device_get(device, device_types[kind].name_key);
}

static void attach(struct device *disk, struct device *volume)
{
	if (volume == NULL || volume->user)
		return;
	disk->volume = volume;
	volume->user = disk;
}

static unsigned next_id(const struct device_list *list)
{
	const struct device *last = TAILQ_LAST(list, device_list);

	return last ? last->id + 1 : 0;
}

static const xmlChar *key_of(const struct device *volume, const char *key)
{
	return BAD_CAST device_get(volume, key);
}

/* A second one of the same names is found when the first is gone. */
static void index_volume(struct device *volume)
{
	xmlHashAddEntry2(domain_host(volume->owner)->volumes, key_of(volume, "vol_name"),
		key_of(volume, "service_name"), volume);
}

static void unindex_volume(struct device *volume)
{
	const xmlChar *name = key_of(volume, "vol_name"), *service = key_of(volume, "service_name");
	xmlHashTable *volumes = domain_host(volume->owner)->volumes;
	struct device *other;

	if (xmlHashLookup2(volumes, name, service) != volume)
		return;
	xmlHashRemoveEntry2(volumes, name, service, NULL);
	TAILQ_FOREACH (other, &volume->owner->devices[DEVICE_VOLUME], entry)
		if (xmlStrEqual(key_of(other, "vol_name"), name) &&
			xmlStrEqual(key_of(other, "service_name"), service))
			index_volume(other);
}

/* Takes the spec over. A disk is attached to its volume if that exists and is free. */
struct device *device_add(struct domain *domain, enum device_kind kind, struct resource *spec)
{
	struct device *device = xcalloc(1, sizeof(*device));

	device->owner = domain;
	device->spec = spec;
	device->id = next_id(&domain->devices[kind]);
	TAILQ_INSERT_TAIL(&domain->devices[kind], device, entry);
	domain->n_devices[kind]++;
	if (kind == DEVICE_VOLUME)
		index_volume(device);
	return device;
}

void device_remove(struct device *device, enum device_kind kind)
{
	if (device->volume)
		device->volume->user = NULL;
	if (device->user)
		device->user->volume = NULL;
	TAILQ_REMOVE(&device->owner->devices[kind], device, entry);
	device->owner->n_devices[kind]--;
	if (kind == DEVICE_VOLUME)
		unindex_volume(device);
	resource_free(device->spec);
	free(device);
}

struct device *device_find(const struct domain *domain, enum device_kind kind, const char *name)
{
	struct device *device;

	TAILQ_FOREACH (device, &domain->devices[kind], entry)
		if (str_equal(device_name(device, kind), name))
			return device;
	return NULL;
}

struct device *service_find(const struct host *host, enum device_kind kind, const char *name)
{
	const struct domain *domain;
	struct device *device;

	if (name == NULL)
		return NULL;
	TAILQ_FOREACH (domain, &host->domains, entry)
		if ((device = device_find(domain, kind, name)))
			return device;
	return NULL;
}

struct device *volume_find(const struct host *host, const char *service, const char *volume)
{
	if (service == NULL || volume == NULL || !service_find(host, DEVICE_VDS, service))
		return NULL;
	return xmlHashLookup2(host->volumes, BAD_CAST volume, BAD_CAST service);
}

bool disk_attach(struct host *host, struct device *disk)
{
	if (disk->volume)
		return true;
	attach(disk,
		volume_find(host, device_get(disk, "service_name"), device_get(disk, "vol_name")));
	return disk->volume != NULL;
}

static bool net_uses(const struct domain *domain, const char *service)
{
	const struct device *net;

	TAILQ_FOREACH (net, &domain->devices[DEVICE_NET], entry)
		if (str_equal(device_get(net, "service_name"), service))
			return true;
	return false;
}

static bool volume_uses(const struct domain *owner, const char *service)
{
	const struct device *volume;

	TAILQ_FOREACH (volume, &owner->devices[DEVICE_VOLUME], entry)
		if (volume->user && str_equal(device_get(volume, "service_name"), service))
			return true;
	return false;
}

/* Only domains that hold real resources count: an inactive one merely wishes. */
bool service_in_use(const struct host *host, enum device_kind kind, const char *name)
{
	const struct domain *domain;

	TAILQ_FOREACH (domain, &host->domains, entry) {
		if (kind == DEVICE_VDS && volume_uses(domain, name))
			return true;
		if (kind == DEVICE_VCC && str_equal(domain->console_vcc, name))
			return true;
		if (kind == DEVICE_VSW && domain_is_bound(domain) && net_uses(domain, name))
			return true;
	}
	return false;
}

bool domain_serves_others(const struct domain *domain)
{
	static const enum device_kind kinds[] = {DEVICE_VDS, DEVICE_VSW, DEVICE_VCC};
	const struct host *host = domain_host(domain);
	const struct device *service;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		TAILQ_FOREACH (service, &domain->devices[kinds[i]], entry)
			if (service_in_use(host, kinds[i], device_name(service, kinds[i])))
				return true;
	return false;
}
