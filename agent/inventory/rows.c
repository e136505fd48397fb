/*
 * Every kind of object below a domain, in one table, and the operations all of them share.
 */
#include "inventory/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/registry.h"
#include "inventory/rows-finish.h"
#include "ldm/document.h"

#define AT(type, member) .offset = offsetof(struct type, member)
#define TEXT(type, member, ...)                                                                    \
	{                                                                                          \
		.kind = FIELD_TEXT, .source = FROM_KEY, AT(type, member), .keys = { __VA_ARGS__ }  \
	}
#define KEY(field_kind, type, member, ...)                                                         \
	{                                                                                          \
		.kind = field_kind, .source = FROM_KEY, AT(type, member), .keys = { __VA_ARGS__ }  \
	}
#define LOAD(field_kind, type, member, ...)                                                        \
	{                                                                                          \
		.kind = field_kind, .source = FROM_KEY, AT(type, member), .is_volatile = true,     \
		.keys = {                                                                          \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define ADDRESS(type, member, ...)                                                                 \
	{                                                                                          \
		.kind = FIELD_MAC, .source = FROM_ADDRESS, AT(type, member), .keys = {             \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define DERIVED(field_kind, type, member)                                                          \
	{                                                                                          \
		.kind = field_kind, .source = FROM_NOWHERE, AT(type, member)                       \
	}
#define END                                                                                        \
	{                                                                                          \
		.offset = FIELD_END                                                                \
	}

/* clang-format off */
static const struct field vcpu_fields[] = {
	DERIVED(FIELD_OTHER, vcpu, index),
	KEY(FIELD_U32, vcpu, vid, "vid"),
	KEY(FIELD_U32, vcpu, pid, "pid"),
	KEY(FIELD_U32, vcpu, cid, "cid"),
	KEY(FIELD_PERCENT, vcpu, strand_permille, "strand_percent", "strand"),
	LOAD(FIELD_PERCENT, vcpu, util_permille, "util_percent", "util"),
	LOAD(FIELD_PERCENT, vcpu, norm_util_permille, "normalized_utilization"),
	{ .kind = FIELD_FLAG, .source = FROM_NOWHERE, AT(vcpu, util_known), .is_volatile = true },
	{ .kind = FIELD_FLAG, .source = FROM_NOWHERE, AT(vcpu, parked), .is_volatile = true },
	END,
};
static const struct field memory_fields[] = {
	DERIVED(FIELD_OTHER, memory_block, index),
	KEY(FIELD_ADDRESS, memory_block, real_address, "ra", "real_addr", "real_address"),
	KEY(FIELD_ADDRESS, memory_block, physical_address, "pa", "phys_addr", "physical_address"),
	KEY(FIELD_SIZE, memory_block, size, "size"),
	END,
};
static const struct field crypto_fields[] = {
	DERIVED(FIELD_OTHER, crypto_unit, index),
	KEY(FIELD_U32, crypto_unit, id, "id", "mau_id", "uid"),
	TEXT(crypto_unit, cpuset, "cpuset", "cpu_set"),
	END,
};
static const struct field iobus_fields[] = {
	DERIVED(FIELD_OTHER, iobus, index),
	TEXT(iobus, name, "name", "dev", "device"),
	TEXT(iobus, path, "path", "dev_path", "alias", "pseudonym"),
	TEXT(iobus, options, "options"),
	TEXT(iobus, type, "type"),
	DERIVED(FIELD_FLAG, iobus, is_bus),
	END,
};
static const struct field vdisk_fields[] = {
	DERIVED(FIELD_OTHER, vdisk, index),
	TEXT(vdisk, name, "vdisk_name", "name"),
	TEXT(vdisk, service, "service_name"),
	TEXT(vdisk, volume, "vol_name"),
	TEXT(vdisk, server, "server"),
	TEXT(vdisk, mpgroup, "mpgroup"),
	KEY(FIELD_U32, vdisk, timeout, "timeout"),
	KEY(FIELD_U32, vdisk, id, "id", "dev_id"),
	END,
};
static const struct field vnet_fields[] = {
	DERIVED(FIELD_OTHER, vnet, index),
	TEXT(vnet, name, "vnet_name", "name"),
	TEXT(vnet, service, "service_name"),
	ADDRESS(vnet, mac, "mac_address"),
	TEXT(vnet, mode, "mode"),
	TEXT(vnet, linkprop, "linkprop"),
	TEXT(vnet, device, "device", "dev"),
	TEXT(vnet, vid, "vid"),
	KEY(FIELD_U32, vnet, pvid, "pvid"),
	KEY(FIELD_U32, vnet, mtu, "mtu"),
	KEY(FIELD_U32, vnet, id, "id", "dev_id"),
	END,
};
static const struct field console_fields[] = {
	DERIVED(FIELD_OTHER, console, index),
	TEXT(console, service, "service_name"),
	TEXT(console, group, "group"),
	TEXT(console, type, "type"),
	KEY(FIELD_U32, console, port, "port"),
	KEY(FIELD_SWITCH, console, log, "enable-log", "log"),
	END,
};
static const struct field variable_fields[] = {
	DERIVED(FIELD_OTHER, environment_variable, index),
	TEXT(environment_variable, name, "name"),
	TEXT(environment_variable, value, "value"),
	DERIVED(FIELD_FLAG, environment_variable, truncated),
	DERIVED(FIELD_FLAG, environment_variable, secret),
	END,
};
static const struct field policy_fields[] = {
	DERIVED(FIELD_OTHER, policy, index),
	TEXT(policy, name, "policy_name", "name"),
	KEY(FIELD_SWITCH, policy, enabled, "policy_enable"),
	KEY(FIELD_U32, policy, priority, "policy_priority"),
	KEY(FIELD_U32, policy, vcpu_min, "policy_vcpu_min"),
	KEY(FIELD_U32, policy, vcpu_max, "policy_vcpu_max"),
	KEY(FIELD_U32, policy, util_lower, "policy_util_lower"),
	KEY(FIELD_U32, policy, util_upper, "policy_util_upper"),
	TEXT(policy, tod_begin, "policy_tod_begin"),
	TEXT(policy, tod_end, "policy_tod_end"),
	KEY(FIELD_U32, policy, sample_rate, "policy_sample_rate"),
	KEY(FIELD_U32, policy, elastic_margin, "policy_elastic_margin"),
	KEY(FIELD_U32, policy, attack, "policy_attack"),
	KEY(FIELD_U32, policy, decay, "policy_decay"),
	END,
};
static const struct field vds_fields[] = {
	DERIVED(FIELD_OTHER, vds, index),
	TEXT(vds, name, "service_name", "name"),
	END,
};
static const struct field volume_fields[] = {
	DERIVED(FIELD_OTHER, vds_volume, index),
	TEXT(vds_volume, name, "vol_name", "name"),
	TEXT(vds_volume, service, "service_name"),
	TEXT(vds_volume, device, "block_dev"),
	TEXT(vds_volume, options, "vol_opts"),
	TEXT(vds_volume, mpgroup, "mpgroup"),
	END,
};
static const struct field vsw_fields[] = {
	DERIVED(FIELD_OTHER, vsw, index),
	TEXT(vsw, name, "service_name", "name"),
	ADDRESS(vsw, mac, "mac_address"),
	TEXT(vsw, device, "dev_path", "dev-path"),
	TEXT(vsw, mode, "mode"),
	TEXT(vsw, linkprop, "linkprop"),
	TEXT(vsw, vid, "vid"),
	TEXT(vsw, inter_vnet_link, "inter_vnet_link"),
	KEY(FIELD_U32, vsw, default_vlan_id, "default-vlan-id"),
	KEY(FIELD_U32, vsw, pvid, "pvid"),
	KEY(FIELD_U32, vsw, mtu, "mtu"),
	KEY(FIELD_U32, vsw, id, "id"),
	END,
};
static const struct field vcc_fields[] = {
	DERIVED(FIELD_OTHER, vcc, index),
	TEXT(vcc, name, "service_name", "name"),
	KEY(FIELD_U32, vcc, min_port, "min_port"),
	KEY(FIELD_U32, vcc, max_port, "max_port"),
	END,
};
static const struct field spconfig_fields[] = {
	DERIVED(FIELD_OTHER, spconfig, index),
	TEXT(spconfig, name, "spconfig_name", "name"),
	TEXT(spconfig, status, "spconfig_status"),
	END,
};

#define LIST(owner_struct, items, n_items, row)                                                    \
	.list = offsetof(struct owner_struct, items),                                              \
	.count = offsetof(struct owner_struct, n_items), .size = sizeof(struct row)
#define BY_NAME(row, member)                                                                       \
	.numbering = NUMBER_NAME, .name = offsetof(struct row, member), .scope = ROW_NO_NAME
#define BY_NUMBER(row, member)                                                                     \
	.numbering = NUMBER_OWN, .number = offsetof(struct row, member), .name = ROW_NO_NAME,      \
	.scope = ROW_NO_NAME

const struct row_type row_types[] = {
	{ "cpu", "cpu", OWNER_DETAIL, BY_NUMBER(vcpu, vid), .from_bindings = true, .change = -1,
	  LIST(domain_detail, vcpus, n_vcpus, vcpu), .fields = vcpu_fields,
	  .finish = finish_vcpu },
	{ "memory", "mem", OWNER_DETAIL, .numbering = NUMBER_SIZE,
	  .number = offsetof(struct memory_block, real_address), .name = ROW_NO_NAME,
	  .scope = ROW_NO_NAME, .from_bindings = true, .change = -1,
	  LIST(domain_detail, memory, n_memory, memory_block), .fields = memory_fields },
	{ "mau", "mau", OWNER_DETAIL, BY_NUMBER(crypto_unit, id), .from_bindings = true,
	  .change = -1, LIST(domain_detail, crypto, n_crypto, crypto_unit),
	  .fields = crypto_fields },
	{ "physio_device", "io", OWNER_DETAIL, BY_NAME(iobus, name), .change = -1,
	  LIST(domain_detail, iobuses, n_iobuses, iobus), .fields = iobus_fields,
	  .finish = finish_iobus },
	{ "disk", "disk", OWNER_DETAIL, BY_NAME(vdisk, name), .change = CHANGE_VDISK,
	  LIST(domain_detail, disks, n_disks, vdisk), .fields = vdisk_fields },
	{ "network", "net", OWNER_DETAIL, BY_NAME(vnet, name), .change = CHANGE_VNET,
	  LIST(domain_detail, networks, n_networks, vnet), .fields = vnet_fields },
	{ "console", "cons", OWNER_DETAIL, .numbering = NUMBER_NAME, .name = ROW_NO_NAME,
	  .scope = ROW_NO_NAME, .change = CHANGE_VCONS,
	  LIST(domain_detail, consoles, n_consoles, console), .fields = console_fields },
	{ "var", "var", OWNER_DETAIL, BY_NAME(environment_variable, name), .change = -1,
	  LIST(domain_detail, variables, n_variables, environment_variable), .fields = variable_fields,
	  .finish = finish_variable },
	{ "policy", "pol", OWNER_DETAIL, BY_NAME(policy, name), .change = -1,
	  LIST(domain_detail, policies, n_policies, policy), .fields = policy_fields },
	{ "vds", "vds", OWNER_SERVICES, BY_NAME(vds, name), .change = CHANGE_VDS,
	  LIST(domain_services, vds, n_vds, vds), .fields = vds_fields },
	{ "vds_volume", "vol", OWNER_SERVICES, .numbering = NUMBER_NAME,
	  .name = offsetof(struct vds_volume, name),
	  .scope = offsetof(struct vds_volume, service), .change = CHANGE_VDS,
	  LIST(domain_services, volumes, n_volumes, vds_volume), .fields = volume_fields },
	{ "vsw", "vsw", OWNER_SERVICES, BY_NAME(vsw, name), .change = CHANGE_VSW,
	  LIST(domain_services, vsw, n_vsw, vsw), .fields = vsw_fields },
	{ "vcc", "vcc", OWNER_SERVICES, BY_NAME(vcc, name), .change = CHANGE_VCC,
	  LIST(domain_services, vcc, n_vcc, vcc), .fields = vcc_fields },
	{ "spconfig", "spc", OWNER_HOST, BY_NAME(spconfig, name), .change = -1,
	  LIST(host, spconfigs, n_spconfigs, spconfig), .fields = spconfig_fields },
	{ .resource = NULL },
};
/* clang-format on */

/* Lists are reached by offset; memcpy keeps the compiler's aliasing rules out of it. */
static void *list_get(const struct row_type *t, const void *owner)
{
	void *list;

	memcpy(&list, (const char *)owner + t->list, sizeof(list));
	return list;
}

static void list_set(const struct row_type *t, void *owner, void *list, size_t n)
{
	memcpy((char *)owner + t->list, &list, sizeof(list));
	memcpy((char *)owner + t->count, &n, sizeof(n));
}

size_t rows_count(const struct row_type *t, const void *owner)
{
	size_t n;

	memcpy(&n, (const char *)owner + t->count, sizeof(n));
	return n;
}

void *rows_at(const struct row_type *t, const void *owner, size_t i)
{
	return (char *)list_get(t, owner) + i * t->size;
}

/* All rows begin with their index. */
uint32_t row_index(const void *row)
{
	uint32_t index;

	memcpy(&index, row, sizeof(index));
	return index;
}

static void row_set_index(void *row, uint32_t index)
{
	memcpy(row, &index, sizeof(index));
}

static const char *text_at(const void *row, size_t offset)
{
	const char *text;

	if (offset == ROW_NO_NAME)
		return NULL;
	memcpy(&text, (const char *)row + offset, sizeof(text));
	return text;
}

const char *row_name(const struct row_type *t, const void *row)
{
	return text_at(row, t->name);
}

/* The list doubles at powers of two, so no room needs to be remembered. */
int rows_append(const struct row_type *t, void *owner, void **ret_row)
{
	size_t n = rows_count(t, owner);
	void *list = list_get(t, owner), *more;

	if ((n & (n - 1)) == 0) {
		more = reallocarray(list, n == 0 ? 1 : n * 2, t->size);
		if (!more)
			return -ENOMEM;
		list = more;
	}
	memset((char *)list + n * t->size, 0, t->size);
	list_set(t, owner, list, n + 1);
	*ret_row = (char *)list + n * t->size;
	return 0;
}

void rows_drop_last(const struct row_type *t, void *owner)
{
	size_t n = rows_count(t, owner);

	fields_free(t->fields, rows_at(t, owner, n - 1));
	list_set(t, owner, list_get(t, owner), n - 1);
}

static void list_free(const struct row_type *t, void *owner)
{
	size_t n = rows_count(t, owner);

	for (size_t i = 0; i < n; i++)
		fields_free(t->fields, rows_at(t, owner, i));
	free(list_get(t, owner));
	list_set(t, owner, NULL, 0);
}

void rows_free(enum row_owner which, void *owner)
{
	for (const struct row_type *t = row_types; t->resource; t++)
		if (t->owner == which)
			list_free(t, owner);
}

static int list_copy(const struct row_type *t, const void *from, void *to)
{
	size_t n = rows_count(t, from);
	void *row;
	int r;

	list_set(t, to, NULL, 0);
	for (size_t i = 0; i < n; i++) {
		r = rows_append(t, to, &row);
		if (r < 0)
			return r;
		r = fields_copy(t->fields, rows_at(t, from, i), row);
		if (r < 0) {
			list_set(t, to, list_get(t, to), i);
			return r;
		}
	}
	return 0;
}

int rows_copy(enum row_owner which, const void *from, void *to)
{
	for (const struct row_type *t = row_types; t->resource; t++)
		if (t->owner == which)
			list_set(t, to, NULL, 0);
	for (const struct row_type *t = row_types; t->resource; t++) {
		int r = t->owner == which ? list_copy(t, from, to) : 0;

		if (r < 0) {
			rows_free(which, to);
			return r;
		}
	}
	return 0;
}

static bool list_same(const struct row_type *t, const void *a, const void *b, bool with_volatile)
{
	size_t n = rows_count(t, a);

	if (n != rows_count(t, b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!fields_same(t->fields, rows_at(t, a, i), rows_at(t, b, i), with_volatile))
			return false;
	return true;
}

bool rows_same(enum row_owner which, const void *a, const void *b, bool with_volatile)
{
	for (const struct row_type *t = row_types; t->resource; t++)
		if (t->owner == which && !list_same(t, a, b, with_volatile))
			return false;
	return true;
}

static int read_row(const struct row_type *t, const struct ldm_resource *from, void *owner)
{
	uint32_t known;
	void *row;
	int r = rows_append(t, owner, &row);

	if (r < 0)
		return r;
	r = fields_read(t->fields, from, row, &known);
	if (r == 0 && t->finish)
		r = t->finish(row, from);
	if (r < 0 || (t->name != ROW_NO_NAME && !row_name(t, row)))
		rows_drop_last(t, owner);
	return r;
}

static bool budget_spent(size_t *budget)
{
	if (*budget == 0)
		return true;
	(*budget)--;
	return false;
}

int rows_read(
	const struct row_type *t, const struct ldm_resource *from, void *owner, size_t *budget)
{
	int r = 0;

	if (!t->from_bindings)
		return budget_spent(budget) ? -E2BIG : read_row(t, from, owner);
	for (size_t i = 0; r == 0 && i < from->n_bindings; i++)
		r = budget_spent(budget) ? -E2BIG : read_row(t, &from->bindings[i], owner);
	return r;
}

static int compare_rows(const void *a, const void *b)
{
	uint32_t x = row_index(a), y = row_index(b);

	return x < y ? -1 : x > y;
}

static uint64_t row_number(const struct row_type *t, const void *row)
{
	uint32_t small;
	uint64_t big;

	if (t->numbering == NUMBER_OWN) {
		memcpy(&small, (const char *)row + t->number, sizeof(small));
		return (uint64_t)small + 1;
	}
	memcpy(&big, (const char *)row + t->number, sizeof(big));
	return (big >> 20) + 1;
}

/* A name that is unique only within a scope is numbered as "scope/name". */
static int number_name(const struct row_type *t, const void *row, uint32_t owner_index,
	struct registry *r, uint32_t *ret)
{
	const char *scope = text_at(row, t->scope), *name = row_name(t, row);
	char *joined = NULL;
	int rc;

	if (!name)
		name = t->kind;
	if (!scope)
		return registry_assign_object(r, owner_index, t->kind, name, ret);
	if (asprintf(&joined, "%s/%s", scope, name) < 0)
		return -ENOMEM;
	rc = registry_assign_object(r, owner_index, t->kind, joined, ret);
	free(joined);
	return rc;
}

static int number_row(const struct row_type *t, void *row, uint32_t owner_index, struct registry *r)
{
	uint64_t number = 0;
	uint32_t index = 0;
	int rc = 0;

	if (t->numbering == NUMBER_NAME) {
		rc = number_name(t, row, owner_index, r, &index);
	} else {
		number = row_number(t, row);
		index = number > REGISTRY_INDEX_MAX ? 0 : (uint32_t)number;
	}
	row_set_index(row, index);
	return rc;
}

/* Index 0 stands for "cannot be numbered". */
static void drop_doubles(const struct row_type *t, void *owner)
{
	size_t n = rows_count(t, owner), kept = 0;
	uint32_t last = 0;

	for (size_t i = 0; i < n; i++) {
		void *row = rows_at(t, owner, i);

		if (row_index(row) == last) {
			fields_free(t->fields, row);
			continue;
		}
		last = row_index(row);
		if (kept != i)
			memcpy(rows_at(t, owner, kept), row, t->size);
		kept++;
	}
	list_set(t, owner, list_get(t, owner), kept);
}

int rows_number(enum row_owner which, void *owner, uint32_t owner_index, struct registry *r)
{
	for (const struct row_type *t = row_types; t->resource; t++) {
		size_t n = t->owner == which ? rows_count(t, owner) : 0;

		for (size_t i = 0; i < n; i++) {
			int rc = number_row(t, rows_at(t, owner, i), owner_index, r);

			if (rc < 0)
				return rc;
		}
		if (n == 0)
			continue;
		qsort(list_get(t, owner), n, t->size, compare_rows);
		drop_doubles(t, owner);
	}
	return 0;
}
