/*
 * Hosts from files and to files. Both are documents in the form of a list-constraints answer; the
 * state file adds the state and the exact bindings of each domain and, in an object without name,
 * the machine itself.
 */
#include <errno.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "binding.h"
#include "describe.h"
#include "domain-object.h"
#include "host-build.h"
#include "object-xml.h"
#include "pool.h"
#include "sim.h"
#include "wire.h"

static uint64_t get_number(const struct resource *resource, const char *key, uint64_t fallback)
{
	const char *value = resource_get(resource, key);

	return value ? strtoull(value, NULL, 0) : fallback;
}

static void read_data(struct object_list *all, const xmlNode *data)
{
	char *version = xml_attribute(data, "version");
	struct object_list list;

	objects_read(&list, data, str_equal(version, "2.0"));
	TAILQ_CONCAT(all, &list, entry);
	free(version);
}

/* data may stand below cmd, or directly below the root as `ldm list-constraints -x` prints it. */
static void read_all(struct object_list *all, const xmlNode *parent)
{
	for (const xmlNode *node = parent->children; node; node = node->next) {
		if (xml_is(node, "data"))
			read_data(all, node);
		else if (xml_is(node, "cmd"))
			read_all(all, node);
	}
}

static struct host_size size_for(const struct object_list *objects)
{
	struct host_size size = {.cores = 8, .maus = 16, .memory = 64 * GIB, .buses = 4};
	const struct object *object;
	uint64_t bytes, cpus = 0;

	TAILQ_FOREACH (object, objects, entry) {
		uint64_t n = 0;

		if (parse_size(object_get(object, "memory", PROP_UNITS), &bytes))
			size.memory += 2 * bytes;
		if (parse_count(object_get(object, "cpu", PROP_UNITS), 65535, &n))
			cpus += 2 * n;
	}
	size.cores += (unsigned)(cpus / THREADS_PER_CORE) + 8;
	size.maus = size.cores;
	return size;
}

static const struct resource *machine_of(const struct object_list *objects)
{
	const struct object *object;
	const struct resource *machine = NULL;

	TAILQ_FOREACH (object, objects, entry)
		if (object->name == NULL && machine == NULL)
			machine = object_find(object, "machine");
	return machine;
}

static void make_host(struct sim *sim, const struct object_list *objects)
{
	const struct resource *machine = machine_of(objects);
	struct host_size size = size_for(objects);

	if (machine) {
		size.cores = (unsigned)get_number(machine, "cores", size.cores);
		size.maus = (unsigned)get_number(machine, "maus", size.maus);
		size.memory = get_number(machine, "memory", size.memory);
		size.buses = (unsigned)get_number(machine, "buses", size.buses);
	}
	host_init(&sim->host, &size, sim->options.seed);
	if (machine == NULL)
		return;
	sim->host.max_domains = get_number(machine, "max_domains", 128);
	sim->host.channels = (unsigned)get_number(machine, "channels", 1984);
	sim->host.next_mac = (unsigned)get_number(machine, "next_mac", 0);
	sim->host.random.state = get_number(machine, "random", 1);
}

static void add_spconfigs(struct host *host, const struct object_list *objects)
{
	const struct object *object;
	const struct resource *resource;

	TAILQ_FOREACH (object, objects, entry) {
		TAILQ_FOREACH (resource, &object->resources, entry) {
			const char *name = resource_get(resource, "spconfig_name");

			if (!str_equal(resource->type, "spconfig") || name == NULL)
				continue;
			spconfig_add(host, name)->current =
				str_equal(resource_get(resource, "spconfig_status"), "current");
		}
	}
	if (TAILQ_EMPTY(&host->spconfigs))
		spconfig_add(host, "factory-default")->current = true;
}

static void claim_memory(struct domain *domain, const struct object *object)
{
	const struct resource *memory = object_find(object, "memory"), *binding;

	if (memory == NULL)
		return;
	TAILQ_FOREACH (binding, &memory->bindings, entry) {
		struct block block = {.ra = get_number(binding, "ra", 0),
			.pa = get_number(binding, "pa", 0),
			.size = get_number(binding, "size", 0)};

		if (block.size)
			memory_claim(domain_host(domain), domain, &block);
	}
}

static void claim_bindings(struct domain *domain, const struct object *object)
{
	const struct resource *cpu = object_find(object, "cpu"), *binding;
	const struct resource *mau = object_find(object, "mau");
	struct host *host = domain_host(domain);

	if (cpu == NULL)
		return;
	TAILQ_FOREACH (binding, &cpu->bindings, entry)
		cpu_claim(host, domain, (unsigned)get_number(binding, "vid", 0),
			(unsigned)get_number(binding, "pid", UINT32_MAX));
	if (domain->n_vcpus == 0)
		return;
	claim_memory(domain, object);
	if (mau)
		TAILQ_FOREACH (binding, &mau->bindings, entry)
			mau_claim(host, domain, (unsigned)get_number(binding, "id", UINT32_MAX));
}

/* An operation that was under way when the state was saved has not happened. */
static enum domain_state settled_state(const char *word, bool control)
{
	static const enum domain_state before[] = {[STATE_ACTIVE] = STATE_ACTIVE,
		[STATE_STOPPING] = STATE_ACTIVE,
		[STATE_INACTIVE] = STATE_INACTIVE,
		[STATE_BINDING] = STATE_INACTIVE,
		[STATE_UNBINDING] = STATE_BOUND,
		[STATE_BOUND] = STATE_BOUND,
		[STATE_STARTING] = STATE_BOUND};

	if (control)
		return STATE_ACTIVE;
	for (int state = STATE_ACTIVE; state <= STATE_STARTING; state++)
		if (str_equal(word, state_word(state)))
			return before[state];
	return STATE_INACTIVE;
}

static void restore_console(struct domain *domain, const struct object *object)
{
	const struct resource *console = object_find(object, "console");
	uint64_t port;

	if (console == NULL || !resource_get(console, "bound_port"))
		return;
	port = get_number(console, "bound_port", 0);
	if (port <= UINT16_MAX)
		console_claim(domain_host(domain), domain, (unsigned)port,
			resource_get(console, "bound_service"));
}

static void restore_state(struct domain *domain, const struct object *object)
{
	const struct resource *info = object_find(object, "ldom_info");
	const char *word = info ? resource_get(info, "state") : NULL;
	const char *flags = info ? resource_get(info, "flags") : NULL;
	enum domain_state state = settled_state(word, domain->control);

	if (info) {
		domain->permille = (unsigned)get_number(info, "permille", 0);
		domain->norm_permille =
			(unsigned)get_number(info, "norm_permille", domain->permille);
	}
	if (state == STATE_INACTIVE)
		return;
	claim_bindings(domain, object);
	if (domain->n_vcpus)
		restore_console(domain, object);
	build_place(domain, state, info ? get_number(info, "seconds_up", 0) : 0);
	domain->openboot = state == STATE_ACTIVE && flags && strlen(flags) > 1 && flags[1] == 't';
}

static void need_service(struct sim *sim, enum device_kind kind, const char *name)
{
	struct resource *service;

	if (service_find(&sim->host, kind, name))
		return;
	service = resource_new(device_types[kind].resource);
	resource_set(service, "service_name", name);
	device_add(sim->host.control, kind, service);
}

static void need_volume(struct sim *sim, const struct device *disk)
{
	const char *service = device_get(disk, "service_name");
	const char *name = device_get(disk, "vol_name");
	struct resource *volume;

	need_service(sim, DEVICE_VDS, service);
	if (disk->volume || volume_find(&sim->host, service, name))
		return;
	volume = resource_new("vds_volume");
	resource_set(volume, "service_name", service);
	resource_set(volume, "vol_name", name);
	resource_setf(volume, "block_dev", "/dev/zvol/dsk/ldoms/%s", name);
	device_add(service_find(&sim->host, DEVICE_VDS, service)->owner, DEVICE_VOLUME, volume);
}

/* An inventory may describe guests only; what they need is made up. */
static void complete_services(struct sim *sim)
{
	struct domain *domain;
	struct device *device;

	TAILQ_FOREACH (domain, &sim->host.domains, entry) {
		TAILQ_FOREACH (device, &domain->devices[DEVICE_NET], entry)
			need_service(sim, DEVICE_VSW, device_get(device, "service_name"));
		TAILQ_FOREACH (device, &domain->devices[DEVICE_DISK], entry) {
			need_volume(sim, device);
			disk_attach(&sim->host, device);
		}
	}
}

static bool has_control(const struct object_list *objects)
{
	const struct object *object;

	TAILQ_FOREACH (object, objects, entry)
		if (str_equal(object->name, "primary"))
			return true;
	return false;
}

static bool make_domain(struct sim *sim, const struct object *object)
{
	struct domain *domain;
	char *why = NULL;

	if (!name_is_legal(object->name) || domain_find(&sim->host, object->name)) {
		fprintf(stderr, "ldmd-sim: bad or repeated name %s\n", object->name);
		return false;
	}
	domain = domain_from_object(sim, object, &why);
	if (domain == NULL) {
		fprintf(stderr, "ldmd-sim: %s: %s\n", object->name, why);
		free(why);
		return false;
	}
	if (str_equal(object->name, "primary")) {
		domain->control = true;
		sim->host.control = domain;
	}
	return true;
}

static bool make_domains(struct sim *sim, const struct object_list *objects)
{
	const struct object *object;
	struct domain *domain;
	bool ok = true;

	make_host(sim, objects);
	if (!has_control(objects))
		build_control_domain(sim, 8, 8 * GIB);
	TAILQ_FOREACH (object, objects, entry)
		if (object->name)
			ok &= make_domain(sim, object);
	complete_services(sim);
	TAILQ_FOREACH (object, objects, entry)
		if (object->name && (domain = domain_find(&sim->host, object->name)))
			restore_state(domain, object);
	add_spconfigs(&sim->host, objects);
	return ok;
}

bool inventory_load(struct sim *sim, const char *file, bool *ret_found)
{
	struct object_list objects = TAILQ_HEAD_INITIALIZER(objects);
	xmlDoc *doc;
	bool ok;

	*ret_found = access(file, F_OK) == 0;
	if (!*ret_found)
		return errno == ENOENT;
	doc = xmlReadFile(file, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (doc == NULL) {
		fprintf(stderr, "ldmd-sim: %s is not XML\n", file);
		return false;
	}
	read_all(&objects, xmlDocGetRootElement(doc));
	ok = make_domains(sim, &objects);
	objects_free(&objects);
	xmlFreeDoc(doc);
	return ok;
}

static struct object *describe_machine(const struct host *host)
{
	struct object *object = describe_spconfigs(host);
	struct resource *machine = object_add(object, "machine");

	resource_setf(machine, "cores", "%u", host->n_cores);
	resource_setf(machine, "maus", "%u", host->n_maus);
	resource_setf(machine, "memory", "%llu", (unsigned long long)host->memory);
	resource_setf(machine, "buses", "%zu", host->n_buses);
	resource_setf(machine, "max_domains", "%zu", host->max_domains);
	resource_setf(machine, "channels", "%u", host->channels);
	resource_setf(machine, "next_mac", "%u", host->next_mac);
	resource_setf(machine, "random", "%llu", (unsigned long long)host->random.state);
	return object;
}

static void write_object(struct wire *wire, struct object *object)
{
	wire_data_begin(wire);
	wire_object(wire, object);
	wire_end(wire);
	object_free(object);
}

static bool write_file(const char *file, const struct buf *text)
{
	char *temporary = xasprintf("%s.new", file);
	FILE *out = fopen(temporary, "we");
	bool ok = out && fwrite(text->data, 1, text->len, out) == text->len;

	if (out && fclose(out))
		ok = false;
	ok = ok && rename(temporary, file) == 0;
	if (!ok)
		perror(file);
	free(temporary);
	return ok;
}

bool state_save(struct sim *sim, const char *file)
{
	static const struct style style = {0};
	const struct domain *domain;
	struct buf text = {0};
	struct wire wire;
	bool ok;

	wire_init(&wire, &style);
	wire_root(&wire, "LDM_interface", "1.3");
	write_object(&wire, describe_machine(&sim->host));
	TAILQ_FOREACH (domain, &sim->host.domains, entry)
		write_object(&wire, describe_all(domain));
	wire_finish(&wire, &text);
	ok = write_file(file, &text);
	buf_free(&text);
	return ok;
}
