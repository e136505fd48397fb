/*
 * Changes, operations and the state of the link in the words of the MIB.
 */
#include "tables/notification.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/oplog.h"
#include "tables/tables.h"
#include "util/number.h"
#include "util/text.h"

/* Numbers below .0; those of changes, 1 to 11, are the kind plus 1. */
enum { ARC_OPERATION_DONE = 12, ARC_MANAGER_LINK = 13, ARC_DEGRADED = 14 };

/* ldomNotifTable */
enum notif_column {
	NOTIF_INDEX = 1,
	NOTIF_STATE_PREV = 2,
	NOTIF_NUM_VCPU_PREV = 3,
	NOTIF_MEM_SIZE_PREV = 4,
	NOTIF_MEM_UNIT_PREV = 5,
	NOTIF_CHANGED_NAME = 6,
	NOTIF_CHANGE_FLAG = 7,
	NOTIF_TRAP_DESC = 8,
};

enum { UNIT_MEGABYTES = 2, TEXT_MAX = 255 };

/* --- objects -------------------------------------------------------------------------------- */

struct value *notification_add(
	struct notification *n, const struct table *t, uint32_t column, const uint32_t *index)
{
	struct notification_object *o = &n->objects[n->n++];

	memcpy(o->name, t->arc, t->arc_len * sizeof(t->arc[0]));
	o->name[t->arc_len] = column;
	memcpy(o->name + t->arc_len + 1, index, t->index_len * sizeof(index[0]));
	o->length = t->arc_len + 1 + t->index_len;
	return &o->value;
}

void notification_add_cell(
	struct notification *n, const struct table *t, uint32_t column, const struct row *row)
{
	const struct view nothing = {0};
	const struct cell cell = {
		.view = &nothing, .table = t, .column = table_column(t, column), .row = *row};

	cell_value(&cell, notification_add(n, t, column, row->index));
}

static struct value *add_notif(struct notification *n, enum notif_column column, uint32_t index)
{
	/* The columns of ldomNotifTable are accessible-for-notify only, so no file serves them. */
	static const struct table notif_table = {.arc = {1, 31, 1}, .arc_len = 3, .index_len = 1};

	return notification_add(n, &notif_table, column, &index);
}

static struct value *add_domain(struct notification *n, uint32_t column, uint32_t index)
{
	return notification_add(n, &domain_table, column, &index);
}

/* A column of ldomTable with the domain's value. */
static void add_cell(struct notification *n, uint32_t column, const struct domain *d)
{
	struct row row;

	row_set_domain(&row, d);
	notification_add_cell(n, &domain_table, column, &row);
}

static void begin_varbinds(struct notification *n, uint32_t arc, uint32_t index, const char *name)
{
	*n = (struct notification){.arc = arc};
	value_set_unsigned(add_notif(n, NOTIF_INDEX, index), index);
	value_set_text(add_domain(n, DOMAIN_COLUMN_NAME, index), name, 256);
}

static void end_varbinds(struct notification *n, uint32_t index)
{
	value_set_text(add_notif(n, NOTIF_TRAP_DESC, index), n->text, TEXT_MAX);
}

/* --- changes -------------------------------------------------------------------------------- */

static const char *flag_word(enum change_flag flag)
{
	return flag == CHANGE_ADDED ? "added" : flag == CHANGE_REMOVED ? "removed" : "modified";
}

static const char *device_word(const struct change *c)
{
	static const char *const words[_CHANGE_KIND_MAX] = {
		[CHANGE_VDS] = "virtual disk server",
		[CHANGE_VDISK] = "virtual disk",
		[CHANGE_VSW] = "virtual switch",
		[CHANGE_VNET] = "virtual network device",
		[CHANGE_VCC] = "virtual console concentrator",
		[CHANGE_VCONS] = "virtual console",
	};

	/* A volume is told by the notification of its server. */
	if (c->resource && strcmp(c->resource, "vds_volume") == 0)
		return "volume";
	return words[c->kind];
}

static int describe_change(const struct change *c, char **ret)
{
	const struct domain *before = c->before, *after = c->after;

	switch (c->kind) {
	case CHANGE_CREATE:
		return text_printf(ret, "domain %s %s", after->name,
			c->migrated ? "arrived by migration" : "was created");
	case CHANGE_DESTROY:
		return text_printf(ret, "domain %s %s", before->name,
			c->migrated ? "left by migration" : "was removed");
	case CHANGE_STATE:
		return text_printf(ret, "domain %s is %s, was %s", after->name,
			domain_state_name(after->state), domain_state_name(before->state));
	case CHANGE_VCPU:
		return text_printf(ret, "domain %s has %u virtual CPUs, had %u", after->name,
			after->num_vcpu, before->num_vcpu);
	case CHANGE_VMEM:
		return text_printf(ret, "domain %s has %llu MB of memory, had %llu", after->name,
			(unsigned long long)bytes_to_megabytes(after->mem_bytes),
			(unsigned long long)bytes_to_megabytes(before->mem_bytes));
	case CHANGE_DEGRADED:
		return text_printf(ret, "domain %s %s", after->name,
			after->degraded ? "is degraded: resources that it needs are missing"
					: "is not degraded any more");
	default:
		return text_printf(ret, "%s %s of domain %s was %s", device_word(c),
			c->object ? c->object : "", after->name, flag_word(c->flag));
	}
}

uint32_t ldoms_notifies(const struct change *c)
{
	if (c->kind == CHANGE_LIFECYCLE)
		return 0;
	return c->kind == CHANGE_DEGRADED ? ARC_DEGRADED : (uint32_t)c->kind + 1;
}

int notification_from_change(const struct change *c, struct notification *ret)
{
	const struct domain *d = c->kind == CHANGE_DESTROY ? c->before : c->after;
	char *text;
	int r = describe_change(c, &text);

	if (r < 0)
		return r;
	begin_varbinds(ret, ldoms_notifies(c), d->index, d->name);
	ret->text = text;
	switch (c->kind) {
	case CHANGE_CREATE:
	case CHANGE_DESTROY:
		break;
	case CHANGE_STATE:
		add_cell(ret, DOMAIN_COLUMN_OPER_STATE, d);
		value_set_integer(
			add_notif(ret, NOTIF_STATE_PREV, d->index), (int32_t)c->before->state);
		break;
	case CHANGE_VCPU:
		add_cell(ret, DOMAIN_COLUMN_NUM_VCPU, d);
		value_set_unsigned(
			add_notif(ret, NOTIF_NUM_VCPU_PREV, d->index), c->before->num_vcpu);
		break;
	case CHANGE_VMEM:
		add_cell(ret, DOMAIN_COLUMN_MEM_SIZE, d);
		value_set_unsigned(add_notif(ret, NOTIF_MEM_SIZE_PREV, d->index),
			bytes_to_megabytes(c->before->mem_bytes));
		add_cell(ret, DOMAIN_COLUMN_MEM_UNIT, d);
		value_set_integer(add_notif(ret, NOTIF_MEM_UNIT_PREV, d->index), UNIT_MEGABYTES);
		break;
	case CHANGE_DEGRADED:
		add_cell(ret, DOMAIN_COLUMN_DEGRADED, d);
		break;
	default:
		value_set_text(add_notif(ret, NOTIF_CHANGED_NAME, d->index), c->object, TEXT_MAX);
		value_set_integer(add_notif(ret, NOTIF_CHANGE_FLAG, d->index), (int32_t)c->flag);
	}
	end_varbinds(ret, d->index);
	return 0;
}

/* --- operations and the link ----------------------------------------------------------------- */

int notification_from_operation(const struct operation *o, struct notification *ret)
{
	char *text;
	int r = text_printf(&text, "%s%s%s: %s%s%s", o->request ? o->request : "",
		o->domain_index != 0 ? " of " : "", o->domain, operation_status_name(o->status),
		o->message ? ": " : "", o->message ? o->message : "");

	if (r < 0)
		return r;
	begin_varbinds(ret, ARC_OPERATION_DONE, o->domain_index, o->domain);
	ret->text = text;
	value_set_unsigned(
		add_domain(ret, DOMAIN_COLUMN_OPERATION_INDEX, o->domain_index), o->index);
	value_set_integer(add_domain(ret, DOMAIN_COLUMN_OPERATION_STATUS, o->domain_index),
		(int32_t)o->status);
	end_varbinds(ret, o->domain_index);
	return 0;
}

int notification_from_link(const struct ldm_status *status, struct notification *ret)
{
	const struct view view = {.status = status};
	static const uint32_t ids[] = {MANAGER_LINK_STATE, MANAGER_LINK_LAST_ERROR};

	*ret = (struct notification){.arc = ARC_MANAGER_LINK};
	for (size_t i = 0; i < 2; i++) {
		const struct cell cell = {
			.view = &view,
			.table = &manager_group,
			.column = table_column(&manager_group, ids[i]),
		};
		cell_value(&cell, notification_add(ret, &manager_group, ids[i], cell.row.index));
	}
	return 0;
}

void notification_clear(struct notification *n)
{
	free(n->text);
	*n = (struct notification){0};
}
