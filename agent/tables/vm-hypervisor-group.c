/*
 * The scalars of VM-MIB: the hypervisor, the number of its virtual machines, and the two switches
 * of notifications, which are what the configuration says.
 *
 * Four of the scalars stand beside the tables, so each of these is a group of one object, whose
 * column is the 0 of its instance.
 */
#include "tables/views.h"

static bool scalar_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	(void)v, (void)index;
	*ret = (struct row){0};
	return true;
}

/* What is known from a snapshot only, be it a number or a time. */
static bool snapshot_has(const struct column *c, const struct view *v, const struct row *r)
{
	(void)c, (void)r;
	return v->snapshot;
}

static void get_software(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	/* RFC 7666: without the version. */
	value_set_text(ret, "Oracle VM Server for SPARC", 255);
}

static void get_version(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_text(ret, v->facts->hypervisor_version, 255);
}

static void get_object_id(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	/* `ldom' below sun.products: the root of the vendor's own MIB. */
	static const uint32_t ldom[] = {1, 3, 6, 1, 4, 1, 42, 2, 205};

	(void)c, (void)v, (void)r;
	value_set_oid(ret, ldom, sizeof(ldom) / sizeof(ldom[0]));
}

/* The zero may lie before that of our clock. */
static void set_up_time(const struct view *v, uint64_t at_ms, struct value *ret)
{
	int64_t since_zero = (int64_t)at_ms - v->snapshot->hypervisor_zero_ms;

	value_set_ticks(ret, since_zero > 0 ? (uint64_t)since_zero : 0);
}

static void get_up_time(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	set_up_time(v, v->now_ms, ret);
}

static void get_number(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_integer(ret, (int32_t)v->snapshot->n_active_rows);
}

static void get_last_change(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	set_up_time(v, v->snapshot->members_changed_ms, ret);
}

static void get_notifications(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_truth(ret, v->facts->notifications);
}

/* vmAffectedVMs has a bit for each index up to the highest, and ours are never used again. */
static void get_bulk(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_truth(ret, false);
}

static bool hypervisor_has(const struct column *c, const struct view *v, const struct row *r)
{
	return c->type != VALUE_TIME_TICKS || snapshot_has(c, v, r);
}

static const struct column hypervisor[] = {
	{1, "vmHvSoftware", VALUE_OCTETS, ACCESS_READ, get_software, 0, 0},
	{2, "vmHvVersion", VALUE_OCTETS, ACCESS_READ, get_version, 0, 0},
	{3, "vmHvObjectID", VALUE_OID, ACCESS_READ, get_object_id, 0, 0},
	{4, "vmHvUpTime", VALUE_TIME_TICKS, ACCESS_READ, get_up_time, 0, 0},
};

const struct table vm_hypervisor_group = {
	.name = "vmHypervisor",
	.arc = {1, 1},
	.arc_len = 2,
	.index_len = 1,
	.columns = hypervisor,
	.n_columns = sizeof(hypervisor) / sizeof(hypervisor[0]),
	.seek = group_seek,
	.has = hypervisor_has,
};

#define SCALAR(number, object_name, value_type, getter)                                            \
	.name = object_name, .arc = {1, number}, .arc_len = 2, .index_len = 0,                     \
	.columns =                                                                                 \
		(const struct column[]){{0, object_name, value_type, ACCESS_READ, getter, 0, 0}},  \
	.n_columns = 1, .seek = scalar_seek

const struct table vm_number_scalar = {
	SCALAR(2, "vmNumber", VALUE_INTEGER, get_number), .has = snapshot_has};
const struct table vm_last_change_scalar = {
	SCALAR(3, "vmTableLastChange", VALUE_TIME_TICKS, get_last_change), .has = snapshot_has};
const struct table vm_notifications_scalar = {
	SCALAR(9, "vmPerVMNotificationsEnabled", VALUE_INTEGER, get_notifications)};
const struct table vm_bulk_scalar = {
	SCALAR(10, "vmBulkNotificationsEnabled", VALUE_INTEGER, get_bulk)};
