/*
 * What descriptors have in common: getters for plain members, the one row of a group.
 */
#include "tables/table.h"

#include <string.h>

#include "util/array.h"

uint64_t view_timestamp_ms(const struct view *v, uint64_t at_ms)
{
	/* The ldm thread may have set a time after this turn of the snmp thread began. */
	uint64_t then = at_ms < v->now_ms ? at_ms : v->now_ms;
	/* Unsigned on purpose: sysUpTime's zero may lie before the monotonic clock's. */
	uint64_t since_zero = then - v->uptime_zero_ms;
	uint64_t uptime = v->now_ms - v->uptime_zero_ms;

	return at_ms == 0 || since_zero > uptime ? 0 : since_zero;
}

static const void *member(const struct column *c, const struct row *r)
{
	return (const char *)r->object + c->offset;
}

void column_get_u32(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)v;
	uint32_t number = *(const uint32_t *)member(c, r);
	if (c->type == VALUE_INTEGER)
		value_set_integer(ret, (int32_t)(number > INT32_MAX ? INT32_MAX : number));
	else
		value_set_unsigned(ret, number);
}

void column_get_u64(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)v;
	uint64_t number = *(const uint64_t *)member(c, r);
	if (c->type == VALUE_COUNTER)
		value_set_counter(ret, number);
	else
		value_set_unsigned(ret, number);
}

void column_get_text(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)v;
	value_set_text(ret, *(char *const *)member(c, r), c->max);
}

void column_get_bool(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)v;
	value_set_truth(ret, *(const bool *)member(c, r));
}

bool group_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	(void)v;
	if (index[0] > 0)
		return false;
	*ret = (struct row){0};
	return true;
}

const struct column *table_column(const struct table *t, uint32_t id)
{
	size_t i = table_lower_column(t, id);
	return i < t->n_columns && t->columns[i].id == id ? &t->columns[i] : NULL;
}

size_t table_lower_column(const struct table *t, uint32_t id)
{
	return first_where(i, t->n_columns, t->columns[i].id >= id);
}
