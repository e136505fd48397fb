/*
 * Host resource pools: what the host has, what its domains hold, what is left. Not there before
 * ldmd was asked for its devices, nor when the inventory is too old.
 */
#include "tables/tables.h"

#include <stddef.h>

#include "util/number.h"

enum { UNIT_MEGABYTES = 2 };

static bool pool_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	if (!v->snapshot || !v->snapshot->pools.known)
		return false;
	if (!group_seek(v, index, ret))
		return false;
	ret->object = &v->snapshot->pools;
	return true;
}

static const struct pool *pool_of(const struct column *c, const struct row *r)
{
	return (const struct pool *)((const char *)r->object + c->offset);
}

static uint64_t in_unit(const struct column *c, uint64_t amount)
{
	return c->offset == offsetof(struct host_pools, memory_bytes) ? bytes_to_megabytes(amount)
								      : amount;
}

static void get_capacity(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)v;
	value_set_unsigned(ret, in_unit(c, pool_of(c, r)->total));
}

static void get_free(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)v;
	value_set_unsigned(ret, in_unit(c, pool_of(c, r)->free));
}

/* Computed from the other two as they are shown, so that the three always add up. */
static void get_reserved(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)v;
	uint64_t total = in_unit(c, pool_of(c, r)->total), left = in_unit(c, pool_of(c, r)->free);
	value_set_unsigned(ret, total > left ? total - left : 0);
}

static void get_unit(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, UNIT_MEGABYTES);
}

#define POOL(id, name, get, member)                                                                \
	{                                                                                          \
		id, name, VALUE_UNSIGNED, ACCESS_READ, get, offsetof(struct host_pools, member), 0 \
	}

static const struct column columns[] = {
	POOL(1, "ldomCpuRpCapacity", get_capacity, vcpus),
	POOL(2, "ldomCpuRpReserved", get_reserved, vcpus),
	POOL(3, "ldomCpuRpFree", get_free, vcpus),
	POOL(4, "ldomMemRpCapacity", get_capacity, memory_bytes),
	POOL(5, "ldomMemRpReserved", get_reserved, memory_bytes),
	POOL(6, "ldomMemRpFree", get_free, memory_bytes),
	{7, "ldomMemRpUnit", VALUE_INTEGER, ACCESS_READ, get_unit, 0, 4},
	POOL(8, "ldomCryptoRpCapacity", get_capacity, crypto),
	POOL(9, "ldomCryptoRpReserved", get_reserved, crypto),
	POOL(10, "ldomCryptoRpFree", get_free, crypto),
	POOL(11, "ldomIOBusRpCapacity", get_capacity, buses),
	POOL(12, "ldomIOBusRpReserved", get_reserved, buses),
	POOL(13, "ldomIOBusRpFree", get_free, buses),
	POOL(14, "ldomCoreRpCapacity", get_capacity, cores),
	POOL(15, "ldomCoreRpReserved", get_reserved, cores),
	POOL(16, "ldomCoreRpFree", get_free, cores),
};

const struct table pool_group = {
	.name = "ldomResourcePools",
	.arc = {1, 2},
	.arc_len = 2,
	.index_len = 1,
	.columns = columns,
	.n_columns = sizeof(columns) / sizeof(columns[0]),
	.seek = pool_seek,
};
