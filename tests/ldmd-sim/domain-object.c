/*
 * Building a domain from its description. Everything is checked before anything is made.
 */
#include "domain-object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "version.h"

#define MAX_MASTERS 4

static bool is_mac(const char *s)
{
	unsigned part[6];
	int end = 0;

	return sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%n", &part[0], &part[1], &part[2], &part[3],
		       &part[4], &part[5], &end) == 6 &&
	       s[end] == '\0';
}

static bool masters_are_legal(const struct domain *domain, const char *masters, char **ret_why)
{
	size_t count = *masters != '\0';

	for (const char *s = masters; *s; s++)
		count += *s == ',';
	if (count > MAX_MASTERS) {
		*ret_why = xasprintf("A domain can have at most %d masters", MAX_MASTERS);
		return false;
	}
	if (domain && word_in_list(masters, domain->name)) {
		*ret_why = xstrdup("A domain cannot be its own master");
		return false;
	}
	return true;
}

static bool one_of(const char *key, const char *value, const char *words, char **ret_why)
{
	if (word_in_list(words, value))
		return true;
	*ret_why = xasprintf("Invalid %s \"%s\"", key, value);
	return false;
}

/* Several words, with commas between them. */
static bool all_of(const char *key, const char *values, const char *words, char **ret_why)
{
	bool ok = true;

	while (ok && *values) {
		size_t n = strcspn(values, ",");
		char *word = xstrndup(values, n);

		ok = one_of(key, word, words, ret_why);
		values += n + (values[n] == ',');
		free(word);
	}
	return ok;
}

/* Words of one of these, or nothing. */
static const struct {
	const char *key, *words;
	unsigned since; /* LDM version that takes them */
	bool list;
} legal_words[] = {
	{"failure-policy", "ignore panic reset stop", 0, false},
	{"extended-mapin-space", "on off", 0, false},
	{"cpu-arch", "native generic migration-class1 sparc64-class1", LDM_VERSION(3, 1), false},
	{"cpu-arch", "native generic", 0, false},
	{"threading", "max-throughput max-ipc", 0, false},
	{"boot-policy", "none warning enforce", 0, false},
	{"rc-add-policy", "iov", 0, false},
	{"perf-counters", "global htstrand strand", 0, true},
};

static bool words_are_legal(unsigned version, const char *key, const char *value, char **ret_why)
{
	for (size_t i = 0; i < ARRAY_SIZE(legal_words); i++) {
		if (!str_equal(key, legal_words[i].key) || version < legal_words[i].since)
			continue;
		return legal_words[i].list ? all_of(key, value, legal_words[i].words, ret_why)
					   : one_of(key, value, legal_words[i].words, ret_why);
	}
	return true;
}

static bool settings_are_legal(unsigned version, const struct resource *info, char **ret_why)
{
	for (int i = 0; i < SETTING_MAX; i++) {
		const char *value = resource_get(info, setting_keys[i]);

		if (value && *value && version_has(version, "ldom_info", setting_keys[i]) &&
			!words_are_legal(version, setting_keys[i], value, ret_why))
			return false;
	}
	return true;
}

static bool is_hostid(const char *s)
{
	s += strncasecmp(s, "0x", 2) == 0 ? 2 : 0;
	return *s && strlen(s) <= 8 && s[strspn(s, "0123456789abcdefABCDEF")] == '\0';
}

static bool max_cores_is_legal(const struct domain *domain, const char *value, char **ret_why)
{
	uint64_t cores;

	if (str_equal(value, "unlimited"))
		return true;
	if (!parse_count(value, 65535, &cores) || cores == 0) {
		*ret_why = xasprintf("Invalid max-cores \"%s\"", value);
		return false;
	}
	if (!domain || cores >= domain_cores(domain))
		return true;
	*ret_why = xasprintf("LDom %s has more than %s cores", domain->name, value);
	return false;
}

bool domain_check_info(
	unsigned version, const struct domain *domain, const struct resource *info, char **ret_why)
{
	const char *hostid = resource_get(info, "hostid");
	const char *max_cores = resource_get(info, "max-cores");
	const char *mac = resource_get(info, PROP_ADDRESS);
	const char *masters = resource_get(info, "master");
	const char *group = resource_get(info, "shutdown-group");
	uint64_t number;

	if (mac && *mac && !is_mac(mac)) {
		*ret_why = xasprintf("Invalid MAC address \"%s\"", mac);
		return false;
	}
	if (group && *group && !parse_count(group, 15, &number)) {
		*ret_why = xasprintf("Invalid shutdown-group \"%s\"", group);
		return false;
	}
	if (hostid && *hostid && !is_hostid(hostid)) {
		*ret_why = xasprintf("Invalid hostid \"%s\"", hostid);
		return false;
	}
	if (masters && !masters_are_legal(domain, masters, ret_why))
		return false;
	if (max_cores && *max_cores && !max_cores_is_legal(domain, max_cores, ret_why))
		return false;
	return settings_are_legal(version, info, ret_why);
}

void domain_apply_info(struct domain *domain, const struct resource *info)
{
	const char *mac = resource_get(info, PROP_ADDRESS);
	const char *hostid = resource_get(info, "hostid");

	for (int i = 0; i < SETTING_MAX; i++) {
		const char *value = resource_get(info, setting_keys[i]);

		if (value && version_has(domain->sim->host.version, "ldom_info", setting_keys[i]))
			replace_string(&domain->settings[i], value);
	}
	if (mac && *mac) {
		replace_string(&domain->mac, mac);
		free(domain->hostid);
		domain->hostid = hostid_from_mac(mac);
	}
	if (hostid && *hostid)
		replace_string(&domain->hostid, hostid);
}

void domain_apply_console(struct domain *domain, const struct resource *console)
{
	const char *service = resource_get(console, "service_name");
	const char *group = resource_get(console, "group");
	uint64_t port;

	if (service)
		replace_string(&domain->console_service, *service ? service : NULL);
	if (group)
		replace_string(&domain->console_group, *group ? group : NULL);
	if (parse_count(resource_get(console, "port"), 65535, &port))
		domain->console_want = (unsigned)port;
}

static bool read_count(const struct object *object, const char *type, const char *key,
	uint64_t *ret, char **ret_why)
{
	const char *value = object_get(object, type, key);

	if (value == NULL || *value == '\0' || parse_count(value, 65535, ret))
		return true;
	*ret_why = xasprintf("Invalid number of %s \"%s\"", type, value);
	return false;
}

static bool read_quantities(const struct object *object, struct quantities *ret, char **ret_why)
{
	const char *memory = object_get(object, "memory", PROP_UNITS);

	*ret = (struct quantities){0};
	if (memory && *memory && (!parse_size(memory, &ret->memory) || ret->memory >> 60)) {
		*ret_why = xasprintf("Invalid memory size \"%s\"", memory);
		return false;
	}
	if (!read_count(object, "cpu", PROP_UNITS, &ret->vcpus, ret_why) ||
		!read_count(object, "cpu", "wcore", &ret->whole_cores, ret_why) ||
		!read_count(object, "mau", PROP_UNITS, &ret->maus, ret_why))
		return false;
	if (ret->whole_cores)
		ret->vcpus = ret->whole_cores * THREADS_PER_CORE;
	return true;
}

static int kind_of(const struct resource *resource)
{
	for (int kind = 0; kind < DEVICE_MAX; kind++)
		if (str_equal(device_types[kind].resource, resource->type))
			return kind;
	return -1;
}

static bool devices_are_legal(const struct object *object, char **ret_why)
{
	const struct resource *resource;

	TAILQ_FOREACH (resource, &object->resources, entry) {
		int kind = kind_of(resource);
		const char *name;

		if (kind < 0)
			continue;
		name = resource_get(resource, device_types[kind].name_key);
		if (name &&
			(kind == DEVICE_VAR ? variable_name_is_legal(name) : name_is_legal(name)))
			continue;
		*ret_why = xasprintf("Invalid %s name \"%s\"", resource->type, name ? name : "");
		return false;
	}
	return true;
}

static void add_device(struct domain *domain, enum device_kind kind, const struct resource *spec)
{
	struct host *host = domain_host(domain);
	const char *name = resource_get(spec, device_types[kind].name_key);
	struct device *device;

	if (kind != DEVICE_VOLUME && device_find(domain, kind, name))
		return;
	device = device_add(domain, kind, resource_clone(spec));
	if ((kind == DEVICE_NET || kind == DEVICE_VSW) && !*device_get(device, PROP_ADDRESS)) {
		char *mac = new_mac(host);

		resource_set(device->spec, PROP_ADDRESS, mac);
		free(mac);
	}
	if (kind == DEVICE_DISK)
		disk_attach(host, device);
}

static void add_bus(struct domain *domain, const struct resource *resource)
{
	const char *name = resource_get(resource, "name");
	struct bus *bus = name ? bus_find(domain_host(domain), name) : NULL;

	if (bus && bus->owner == NULL)
		bus->owner = bus->planned = domain;
}

static void add_resources(struct domain *domain, const struct object *object)
{
	const struct resource *resource;

	TAILQ_FOREACH (resource, &object->resources, entry) {
		int kind = kind_of(resource);

		if (kind >= 0)
			add_device(domain, kind, resource);
		else if (str_equal(resource->type, "physio_device"))
			add_bus(domain, resource);
		else if (str_equal(resource->type, "console"))
			domain_apply_console(domain, resource);
		else if (str_equal(resource->type, "ldom_info"))
			domain_apply_info(domain, resource);
	}
}

static const char *filled(const char *s)
{
	return s && *s ? s : NULL;
}

struct domain *domain_from_object(struct sim *sim, const struct object *object, char **ret_why)
{
	const struct resource *info = object_find(object, "ldom_info");
	struct quantities want;
	struct domain *domain;

	if (info && !domain_check_info(sim->host.version, NULL, info, ret_why))
		return NULL;
	if (!read_quantities(object, &want, ret_why) || !devices_are_legal(object, ret_why))
		return NULL;
	domain = domain_new(sim, object->name, filled(object_get(object, "ldom_info", PROP_UUID)),
		filled(object_get(object, "ldom_info", PROP_ADDRESS)));
	domain->want = want;
	add_resources(domain, object);
	return domain;
}
