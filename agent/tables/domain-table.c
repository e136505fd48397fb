/*
 * ldomTable: one row for each domain of the snapshot, each with all columns.
 */
#include "tables/tables.h"

#include <stddef.h>
#include <string.h>

#include "control/oplog.h"
#include "util/number.h"

/* ldomMemUnit, ldomRoles */
enum { UNIT_MEGABYTES = 2, N_ROLES = 5 };

static const struct domain *domain_of(const struct row *r)
{
	return r->object;
}

static bool domain_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	if (!v->snapshot)
		return false;
	size_t i = snapshot_lower_bound(v->snapshot, index[0]);
	if (i == v->snapshot->n_domains)
		return false;
	row_set_domain(ret, v->snapshot->domains[i]);
	return true;
}

static void get_admin_state(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	value_set_integer(ret, (int32_t)control_admin_state(domain_of(r), v->operations));
}

static void get_oper_state(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_integer(ret, (int32_t)domain_of(r)->state);
}

static void get_mem_size(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_unsigned(ret, bytes_to_megabytes(domain_of(r)->mem_bytes));
}

static void get_mem_unit(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, UNIT_MEGABYTES);
}

/* A row that is being made may have none yet. */
static void get_name(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	const struct domain *d = domain_of(r);

	(void)c, (void)v;
	value_set_text(ret, row_has_name(d) ? d->name : NULL, 256);
}

static void get_roles(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_bits(ret, domain_of(r)->roles, N_ROLES);
}

static const struct operation *last_operation(const struct view *v, const struct row *r)
{
	return v->operations ? oplog_view_last(v->operations, r->index[0]) : NULL;
}

static void get_operation_status(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	const struct operation *o = last_operation(v, r);
	value_set_integer(ret, (int32_t)(o ? o->status : OPERATION_NONE));
}

static void get_operation_index(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	const struct operation *o = last_operation(v, r);
	value_set_unsigned(ret, o ? o->index : 0);
}

/* How the last SET on it ended is a part of the row. */
static void get_last_change(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	const struct operation *o = last_operation(v, r);
	uint64_t at = domain_of(r)->last_change_ms;

	if (o && o->changed_ms > at)
		at = o->changed_ms;
	value_set_ticks(ret, view_timestamp_ms(v, at));
}

static void get_row_status(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_integer(ret, (int32_t)domain_of(r)->row_status);
}

static void get_migration_progress(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_unsigned(ret, domain_of(r)->migration_permille / 10);
}

static void get_migration_status(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	static const char *const words[] = {"", "ongoing", "done", "failed"};
	const char *status = domain_of(r)->migration_status;
	int32_t number = 0;

	(void)c, (void)v;
	/* The words are 1 to 4, any other is unknown(5). */
	while (number < 4 && strcasecmp(status ? status : "", words[number]) != 0)
		number++;
	value_set_integer(ret, number + 1);
}

#define TEXT(id, name, member, max) COLUMN_TEXT(id, name, domain, member, max)
#define NUMBER(id, name, access, member, max)                                                      \
	{                                                                                          \
		id, name, VALUE_UNSIGNED, access, column_get_u32, offsetof(struct domain, member), \
			max                                                                        \
	}
#define OWN(id, name, type, access, get, max)                                                      \
	{                                                                                          \
		id, name, type, access, get, 0, max                                                \
	}

static const struct column columns[] = {
	OWN(1, "ldomIndex", VALUE_UNSIGNED, ACCESS_NONE, NULL, INT32_MAX),
	OWN(2, "ldomName", VALUE_OCTETS, ACCESS_CREATE, get_name, 256),
	OWN(3, "ldomAdminState", VALUE_INTEGER, ACCESS_CREATE, get_admin_state, 5),
	OWN(4, "ldomOperState", VALUE_INTEGER, ACCESS_READ, get_oper_state, 8),
	NUMBER(5, "ldomNumVCPU", ACCESS_CREATE, num_vcpu, 65535),
	OWN(6, "ldomMemSize", VALUE_UNSIGNED, ACCESS_CREATE, get_mem_size, UINT32_MAX),
	OWN(7, "ldomMemUnit", VALUE_INTEGER, ACCESS_READ, get_mem_unit, 4),
	NUMBER(8, "ldomNumCrypto", ACCESS_CREATE, num_crypto, 65535),
	NUMBER(9, "ldomNumIOBus", ACCESS_READ, num_iobus, UINT32_MAX),
	TEXT(10, "ldomUUID", uuid, 36),
	TEXT(11, "ldomMacAddress", mac, 17),
	TEXT(12, "ldomHostID", hostid, 32),
	TEXT(13, "ldomFailurePolicy", failure_policy, 32),
	TEXT(14, "ldomMaster", master, 1027),
	TEXT(15, "ldomExtMapinSpace", ext_mapin, 32),
	TEXT(16, "ldomThreading", threading, 32),
	NUMBER(17, "ldomWholeCore", ACCESS_READ, whole_core, UINT32_MAX),
	TEXT(18, "ldomCpuArch", cpu_arch, 32),
	{19, "ldomShutdownGroup", VALUE_INTEGER, ACCESS_READ, column_get_u32,
		offsetof(struct domain, shutdown_group), 15},
	TEXT(20, "ldomFlags", flags, 16),
	OWN(21, "ldomRoles", VALUE_OCTETS, ACCESS_READ, get_roles, 1),
	NUMBER(22, "ldomUtilization", ACCESS_READ, utilization_permille, 1000),
	{23, "ldomUptime", VALUE_UNSIGNED, ACCESS_READ, column_get_u64,
		offsetof(struct domain, uptime_s), UINT32_MAX},
	NUMBER(24, "ldomConsolePort", ACCESS_READ, console_port, 65535),
	{25, "ldomTemplate", VALUE_OCTETS, ACCESS_CREATE, column_get_text,
		offsetof(struct domain, template_name), 64},
	OWN(26, "ldomOperationStatus", VALUE_INTEGER, ACCESS_READ, get_operation_status, 9),
	OWN(27, "ldomOperationIndex", VALUE_UNSIGNED, ACCESS_READ, get_operation_index, UINT32_MAX),
	OWN(28, "ldomLastChange", VALUE_TIME_TICKS, ACCESS_READ, get_last_change, UINT32_MAX),
	OWN(29, "ldomRowStatus", VALUE_INTEGER, ACCESS_CREATE, get_row_status, 6),
	{30, "ldomPending", VALUE_INTEGER, ACCESS_READ, column_get_bool,
		offsetof(struct domain, pending), 2},
	{31, "ldomDegraded", VALUE_INTEGER, ACCESS_READ, column_get_bool,
		offsetof(struct domain, degraded), 2},
	NUMBER(32, "ldomNormUtilization", ACCESS_READ, norm_util_permille, 1000),
	OWN(33, "ldomMigrationProgress", VALUE_UNSIGNED, ACCESS_READ, get_migration_progress, 100),
	OWN(34, "ldomMigrationStatus", VALUE_INTEGER, ACCESS_READ, get_migration_status, 5),
	TEXT(35, "ldomMigrationSource", migration_source, 255),
	NUMBER(36, "ldomMaxCores", ACCESS_READ, max_cores, UINT32_MAX),
	TEXT(37, "ldomBootPolicy", boot_policy, 32),
	TEXT(38, "ldomPerfCounters", perf_counters, 255),
	TEXT(39, "ldomRcAddPolicy", rc_add_policy, 32),
};

const struct table domain_table = {TABLE_OF("ldomTable", 3, 1), .seek = domain_seek};
