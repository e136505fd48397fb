/*
 * Resources and properties that came or went with a version. What is not in the table was always
 * there.
 */
#include "version.h"

#include "host.h"
#include "util.h"

#define V LDM_VERSION

/* In `until` it is gone; 0: it is still there. */
static const struct {
	const char *type, *key; /* key NULL: the whole resource */
	unsigned since, until;
} table[] = {
	/* documented: the guide that prints it first */
	{"ldom_info", "hostid", V(1, 2), 0},
	{"ldom_info", "failure-policy", V(1, 2), 0},
	{"ldom_info", "master", V(1, 2), 0},
	{"ldom_info", "progress", V(1, 2), 0},
	{"ldom_info", "status", V(1, 2), 0},
	{"ldom_info", "source", V(1, 2), 0},
	{"ldom_info", PROP_UUID, V(2, 2), 0},
	{"ldom_info", "perf-counters", V(3, 2), 0},
	{"cpu", "wcore", V(2, 0), 0},
	{"ldom_info", "wcore", V(2, 0), 0},
	{"network", "linkprop", V(1, 3), 0},
	{"vsw", "linkprop", V(1, 3), 0},
	{"policy", NULL, V(1, 3), 0},
	/* documented for the command line only */
	{"disk", "timeout", V(1, 0) + 3, 0},
	{"ldom_info", "threading", V(2, 2), V(3, 3)},
	{"ldom_info", "max-cores", V(2, 2), 0},
	{"ldom_info", "cpu-arch", V(2, 1), 0},
	{"ldom_info", "rc-add-policy", V(3, 0), 0},
	{"ldom_info", "shutdown-group", V(3, 0), 0},
	{"ldom_info", "boot-policy", V(3, 4), 0},
	{"vsan", NULL, V(3, 4), 0},
	{"vhba", NULL, V(3, 4), 0},
	{"network", "mtu", V(1, 2), 0},
	{"network", "mode", V(1, 1), V(3, 3)},
	{"network", "pvid", V(1, 1), 0},
	{"network", "vid", V(1, 1), 0},
	{"vsw", "mtu", V(1, 2), 0},
	{"vsw", "mode", V(1, 2), 0},
	{"vsw", "default-vlan-id", V(1, 1), 0},
	{"vsw", "pvid", V(1, 1), 0},
	{"vsw", "vid", V(1, 1), 0},
	{"vds_volume", "mpgroup", V(1, 1), 0},
	/* assumed */
	{"ldom_info", "extended-mapin-space", V(2, 2), 0},
	{"ldom_info", "normalized_utilization", V(3, 0), 0},
	{"cpu", "normalized_utilization", V(3, 0), 0},
	{"cpu", "cid", V(2, 1), 0},
	{"network", "id", V(1, 1), 0},
	{"disk", "id", V(1, 1), 0},
	{"vsw", "id", V(1, 1), 0},
	{"vsw", "inter_vnet_link", V(2, 0), 0},
};

bool version_has(unsigned version, const char *type, const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (version >= table[i].since && (!table[i].until || version < table[i].until))
			continue;
		if (str_equal(table[i].type, type) &&
			(!table[i].key || str_equal(table[i].key, key)))
			return false;
	}
	return true;
}

static void trim_resources(struct resource_list *list, unsigned version)
{
	struct resource *resource, *next;
	struct prop *prop, *following;

	LIST_EACH_SAFE(resource, list, entry, next)
	{
		if (!version_has(version, resource->type, NULL)) {
			TAILQ_REMOVE(list, resource, entry);
			resource_free(resource);
			continue;
		}
		LIST_EACH_SAFE(prop, &resource->props, entry, following)
		{
			if (!version_has(version, resource->type, prop->key))
				resource_unset(resource, prop->key);
		}
		trim_resources(&resource->bindings, version);
	}
}

void version_trim(struct object *object, unsigned version)
{
	trim_resources(&object->resources, version);
}
