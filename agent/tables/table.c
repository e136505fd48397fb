/*
 * What tables share: getters of plain members, the one row of a group, the search for a column.
 */
#include "tables/table.h"

#include <string.h>

#include "util/array.h"
#include "util/number.h"
#include "util/text.h"

uint64_t view_timestamp_ms(const struct view *v, uint64_t at_ms)
{
	/* The ldm thread may have taken a time after now_ms. */
	uint64_t then = at_ms < v->now_ms ? at_ms : v->now_ms;
	/* sysUpTime's zero may lie before that of the monotonic clock, so differences may wrap. */
	uint64_t since_zero = then - v->uptime_zero_ms;
	uint64_t uptime = v->now_ms - v->uptime_zero_ms;

	return at_ms == 0 || since_zero > uptime ? 0 : since_zero;
}

static const void *member(const struct cell *c)
{
	return (const char *)c->row.object + c->column->offset;
}

void column_get_u32(const struct cell *c, struct value *ret)
{
	uint32_t number = *(const uint32_t *)member(c);
	if (c->column->type == VALUE_INTEGER)
		value_set_integer(ret, (int32_t)(number > INT32_MAX ? INT32_MAX : number));
	else
		value_set_unsigned(ret, number);
}

void column_get_u64(const struct cell *c, struct value *ret)
{
	uint64_t number = *(const uint64_t *)member(c);
	if (c->column->type == VALUE_COUNTER)
		value_set_counter(ret, number);
	else if (c->column->type == VALUE_COUNTER64)
		value_set_counter64(ret, number);
	else
		value_set_unsigned(ret, number);
}

void column_get_text(const struct cell *c, struct value *ret)
{
	value_set_text(ret, *(char *const *)member(c), c->column->max);
}

void column_get_bool(const struct cell *c, struct value *ret)
{
	value_set_truth(ret, *(const bool *)member(c));
}

void column_get_megabytes(const struct cell *c, struct value *ret)
{
	value_set_unsigned(ret, bytes_to_megabytes(*(const uint64_t *)member(c)));
}

void column_get_octets(const struct cell *c, struct value *ret)
{
	uint8_t octets[VALUE_INLINE_MAX];
	size_t n = (size_t)c->column->max;

	value_set_bytes(ret, octets, hex_octets(*(char *const *)member(c), octets, n) ? n : 0);
}

void column_get_constant(const struct cell *c, struct value *ret)
{
	if (c->column->type == VALUE_INTEGER)
		value_set_integer(ret, c->column->number);
	else
		value_set_text(ret, c->column->text, c->column->max);
}

void column_get_index(const struct cell *c, struct value *ret)
{
	value_set_unsigned(ret, c->row.index[c->column->offset]);
}

bool group_seek(struct cell *c, const uint32_t *index)
{
	c->row = (struct row){0};
	return index[0] == 0;
}

bool table_has_time(const struct cell *c)
{
	return c->column->type != VALUE_COUNTER64 || c->view->snapshot->lists >= 2;
}

const struct column *table_column(const struct table *t, uint32_t id)
{
	size_t i = table_lower_column(t, id);
	return i < t->n_columns && t->columns[i].id == id ? &t->columns[i] : NULL;
}

size_t table_lower_column(const struct table *t, uint32_t id)
{
	/* In most tables the ids are 1, 2, 3 and so on. */
	if (id > 0 && id <= t->n_columns && t->columns[id - 1].id == id)
		return id - 1;
	return first_where(i, t->n_columns, t->columns[i].id >= id);
}
