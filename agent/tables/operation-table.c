/*
 * ldomOperationTable: the last changes asked for by SET. Not inventory: it stays while ldmd is
 * away.
 */
#include "tables/tables.h"

#include <stddef.h>

#include "control/oplog.h"

static bool operation_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	if (!v->operations)
		return false;
	size_t i = oplog_view_lower_bound(v->operations, index[0]);
	if (i == v->operations->n_rows)
		return false;
	const struct operation *o = v->operations->rows[i];
	*ret = (struct row){.index = {o->index}, .object = o};
	return true;
}

static void get_status(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	const struct operation *o = r->object;
	value_set_integer(ret, (int32_t)o->status);
}

static void get_start(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	const struct operation *o = r->object;
	value_set_date(ret, o->started_at > 0 ? (uint64_t)o->started_at : 0);
}

static void get_duration(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	value_set_unsigned(ret, operation_duration_ms(r->object, v->now_ms) / 10);
}

#define NUMBER(id, name, member)                                                                   \
	{                                                                                          \
		id, name, VALUE_UNSIGNED, ACCESS_READ, column_get_u32,                             \
			offsetof(struct operation, member), 0                                      \
	}
#define TEXT(id, name, member, max)                                                                \
	{                                                                                          \
		id, name, VALUE_OCTETS, ACCESS_READ, column_get_text,                              \
			offsetof(struct operation, member), max                                    \
	}

static const struct column columns[] = {
	{1, "ldomOpIndex", VALUE_UNSIGNED, ACCESS_NONE, NULL, 0, OPLOG_INDEX_MAX},
	NUMBER(2, "ldomOpTransaction", transaction),
	NUMBER(3, "ldomOpDomainIndex", domain_index),
	TEXT(4, "ldomOpDomainName", domain, 256),
	TEXT(5, "ldomOpRequest", request, OPLOG_MESSAGE_MAX),
	TEXT(6, "ldomOpOldValues", before, OPLOG_MESSAGE_MAX),
	TEXT(7, "ldomOpNewValues", after, OPLOG_MESSAGE_MAX),
	NUMBER(8, "ldomOpStepsPlanned", steps_planned),
	NUMBER(9, "ldomOpStepsDone", steps_done),
	{10, "ldomOpStatus", VALUE_INTEGER, ACCESS_READ, get_status, 0, 9},
	TEXT(11, "ldomOpMessage", message, OPLOG_MESSAGE_MAX),
	{12, "ldomOpStartTime", VALUE_OCTETS, ACCESS_READ, get_start, 0, 11},
	{13, "ldomOpDuration", VALUE_UNSIGNED, ACCESS_READ, get_duration, 0, 0},
};

const struct table operation_table = {
	.name = "ldomOperationTable",
	.arc = {1, 30, 1},
	.arc_len = 3,
	.index_len = 1,
	.columns = columns,
	.n_columns = sizeof(columns) / sizeof(columns[0]),
	.seek = operation_seek,
};
