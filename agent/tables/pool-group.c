/*
 * Host resource pools: what the host has, what its domains hold, what is free. Served when ldmd has
 * listed its devices and the inventory is not too old.
 */
#include "tables/tables.h"

#include <stddef.h>

#include "util/number.h"

enum { UNIT_MEGABYTES = 2 };

static bool pool_seek(struct cell *c, const uint32_t *index)
{
	const struct snapshot *s = c->view->snapshot;

	if (!s || !s->pools.known || !group_seek(c, index))
		return false;
	c->row.object = &s->pools;
	return true;
}

/* The column's pool in the unit that the MIB shows: memory in megabytes. */
static struct pool pool_of(const struct cell *c)
{
	struct pool pool = *(const struct pool *)((const char *)c->row.object + c->column->offset);

	if (c->column->offset == offsetof(struct host_pools, memory_bytes)) {
		pool.total = bytes_to_megabytes(pool.total);
		pool.free = bytes_to_megabytes(pool.free);
	}
	return pool;
}

static void get_capacity(const struct cell *c, struct value *ret)
{
	value_set_unsigned(ret, pool_of(c).total);
}

static void get_free(const struct cell *c, struct value *ret)
{
	value_set_unsigned(ret, pool_of(c).free);
}

/* Computed from the other two as they are shown, so that the three always add up. */
static void get_reserved(const struct cell *c, struct value *ret)
{
	const struct pool pool = pool_of(c);

	value_set_unsigned(ret, pool.total > pool.free ? pool.total - pool.free : 0);
}

#define POOL(id, name, get, member)                                                                \
	COLUMN_MEMBER(id, name, VALUE_UNSIGNED, get, host_pools, member, 0)

static const struct column columns[] = {
	POOL(1, "ldomCpuRpCapacity", get_capacity, vcpus),
	POOL(2, "ldomCpuRpReserved", get_reserved, vcpus),
	POOL(3, "ldomCpuRpFree", get_free, vcpus),
	POOL(4, "ldomMemRpCapacity", get_capacity, memory_bytes),
	POOL(5, "ldomMemRpReserved", get_reserved, memory_bytes),
	POOL(6, "ldomMemRpFree", get_free, memory_bytes),
	COLUMN_CONSTANT(7, "ldomMemRpUnit", UNIT_MEGABYTES),
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

const struct table pool_group = {GROUP_OF(2, columns), .seek = pool_seek};
