/*
 * The scalars of VM-MIB: the hypervisor, the number of its virtual machines, and the two switches
 * of notifications, which only the configuration changes.
 *
 * Four of the scalars have arcs beside those of the tables. Each of these is a group without an
 * index, and the .0 of its instance is the number of its one column.
 */
#include "tables/views.h"

/* TruthValue */
enum { FALSE = 2 };

static bool scalar_seek(struct cell *c, const uint32_t *index)
{
	(void)index;
	c->row = (struct row){0};
	return true;
}

/* For objects that need a snapshot. */
static bool snapshot_has(const struct cell *c)
{
	return c->view->snapshot;
}

static void get_version(const struct cell *c, struct value *ret)
{
	value_set_text(ret, c->view->facts->hypervisor_version, 255);
}

static void get_object_id(const struct cell *c, struct value *ret)
{
	(void)c;
	/* The root of the vendor's own MIB, below sun.products. */
	static const uint32_t ldom[] = {1, 3, 6, 1, 4, 1, 42, 2, 205};

	value_set_oid(ret, ldom, sizeof(ldom) / sizeof(ldom[0]));
}

/* Milliseconds since the hypervisor's start, which may lie before the zero of our clock. */
static void set_up_time(const struct view *v, uint64_t at_ms, struct value *ret)
{
	int64_t since_zero = (int64_t)at_ms - v->snapshot->hypervisor_zero_ms;

	value_set_ticks(ret, since_zero > 0 ? (uint64_t)since_zero : 0);
}

static void get_up_time(const struct cell *c, struct value *ret)
{
	set_up_time(c->view, c->view->now_ms, ret);
}

static void get_number(const struct cell *c, struct value *ret)
{
	value_set_integer(ret, (int32_t)c->view->snapshot->n_active_rows);
}

static void get_last_change(const struct cell *c, struct value *ret)
{
	set_up_time(c->view, c->view->snapshot->members_changed_ms, ret);
}

static void get_notifications(const struct cell *c, struct value *ret)
{
	value_set_truth(ret, c->view->facts->notifications);
}

static bool hypervisor_has(const struct cell *c)
{
	return c->column->type != VALUE_TIME_TICKS || snapshot_has(c);
}

static const struct column hypervisor[] = {
	/* RFC 7666 wants the name here without the version. */
	COLUMN_CONSTANT_TEXT(1, "vmHvSoftware", "Oracle VM Server for SPARC"),
	COLUMN_MADE(2, "vmHvVersion", VALUE_OCTETS, get_version, 0),
	COLUMN_MADE(3, "vmHvObjectID", VALUE_OID, get_object_id, 0),
	COLUMN_MADE(4, "vmHvUpTime", VALUE_TIME_TICKS, get_up_time, 0),
};
static const struct column number[] = {COLUMN_MADE(0, "vmNumber", VALUE_INTEGER, get_number, 0)};
static const struct column last_change[] = {
	COLUMN_MADE(0, "vmTableLastChange", VALUE_TIME_TICKS, get_last_change, 0)};
static const struct column notifications[] = {
	COLUMN_MADE(0, "vmPerVMNotificationsEnabled", VALUE_INTEGER, get_notifications, 0)};
/* false, as vmAffectedVMs would grow for ever: it has a bit for each index up to the highest one,
 * and an ldomIndex is never used again. */
static const struct column bulk[] = {COLUMN_CONSTANT(0, "vmBulkNotificationsEnabled", FALSE)};

#define SCALAR(number, its_column)                                                                 \
	.arc = {1, number}, .arc_len = 2, .columns = its_column, .n_columns = 1, .seek = scalar_seek

const struct table vm_hypervisor_group = {
	GROUP_OF(1, hypervisor), .seek = group_seek, .has = hypervisor_has};
const struct table vm_number_scalar = {SCALAR(2, number), .has = snapshot_has};
const struct table vm_last_change_scalar = {SCALAR(3, last_change), .has = snapshot_has};
const struct table vm_notifications_scalar = {SCALAR(9, notifications)};
const struct table vm_bulk_scalar = {SCALAR(10, bulk)};
