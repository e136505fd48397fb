/*
 * ldomOperationTable: the last changes asked for by SET. It is served also when the inventory is
 * too old.
 */
#include "tables/tables.h"

#include <stddef.h>

#include "control/oplog.h"

static bool operation_seek(struct cell *c, const uint32_t *index)
{
	const struct oplog_view *v = c->view->operations;
	size_t i = v ? oplog_view_lower_bound(v, index[0]) : 0;

	if (!v || i == v->n_rows)
		return false;
	const struct operation *o = v->rows[i];
	c->row = (struct row){.index = {o->index}, .object = o};
	return true;
}

static void get_start(const struct cell *c, struct value *ret)
{
	const struct operation *o = c->row.object;
	value_set_date(ret, o->started_at > 0 ? (uint64_t)o->started_at : 0);
}

static void get_duration(const struct cell *c, struct value *ret)
{
	value_set_unsigned(ret, operation_duration_ms(c->row.object, c->view->now_ms) / 10);
}

#define NUMBER(id, name, member)    COLUMN_NUMBER(id, name, operation, member, 0)
#define TEXT(id, name, member, max) COLUMN_TEXT(id, name, operation, member, max)

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomOpIndex"),
	NUMBER(2, "ldomOpTransaction", transaction),
	NUMBER(3, "ldomOpDomainIndex", domain_index),
	TEXT(4, "ldomOpDomainName", domain, 256),
	TEXT(5, "ldomOpRequest", request, OPLOG_MESSAGE_MAX),
	TEXT(6, "ldomOpOldValues", before, OPLOG_MESSAGE_MAX),
	TEXT(7, "ldomOpNewValues", after, OPLOG_MESSAGE_MAX),
	NUMBER(8, "ldomOpStepsPlanned", steps_planned),
	NUMBER(9, "ldomOpStepsDone", steps_done),
	COLUMN_INTEGER(10, "ldomOpStatus", operation, status, 9),
	TEXT(11, "ldomOpMessage", message, OPLOG_MESSAGE_MAX),
	COLUMN_MADE(12, "ldomOpStartTime", VALUE_OCTETS, get_start, 11),
	COLUMN_MADE(13, "ldomOpDuration", VALUE_UNSIGNED, get_duration, 0),
};

const struct table operation_table = {TABLE_OF(30, 1, columns), .seek = operation_seek};
