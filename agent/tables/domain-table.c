/*
 * ldomTable: one row for each domain of the snapshot, every row with all columns.
 */
#include "tables/tables.h"

#include <stddef.h>
#include <string.h>

#include "control/oplog.h"

/* ldomMemUnit, ldomRoles */
enum { UNIT_MEGABYTES = 2, N_ROLES = 5 };

static bool domain_seek(struct cell *c, const uint32_t *index)
{
	const struct snapshot *s = c->view->snapshot;
	size_t i = s ? snapshot_lower_bound(s, index[0]) : 0;

	if (!s || i == s->n_domains)
		return false;
	row_set_domain(&c->row, s->domains[i]);
	return true;
}

static void get_admin_state(const struct cell *c, struct value *ret)
{
	value_set_integer(ret, (int32_t)control_admin_state(c->row.domain, c->view->operations));
}

/* A row that a manager is creating may have no name yet. */
static void get_name(const struct cell *c, struct value *ret)
{
	const struct domain *d = c->row.domain;

	value_set_text(ret, row_has_name(d) ? d->name : NULL, 256);
}

static void get_roles(const struct cell *c, struct value *ret)
{
	value_set_bits(ret, c->row.domain->roles, N_ROLES);
}

static const struct operation *last_operation(const struct cell *c)
{
	const struct oplog_view *v = c->view->operations;

	return v ? oplog_view_last(v, c->row.index[0]) : NULL;
}

static void get_operation_status(const struct cell *c, struct value *ret)
{
	const struct operation *o = last_operation(c);
	value_set_integer(ret, (int32_t)(o ? o->status : OPERATION_NONE));
}

static void get_operation_index(const struct cell *c, struct value *ret)
{
	const struct operation *o = last_operation(c);
	value_set_unsigned(ret, o ? o->index : 0);
}

/* The outcome of the last SET is in the row, so its time counts, too. */
static void get_last_change(const struct cell *c, struct value *ret)
{
	const struct operation *o = last_operation(c);
	uint64_t at = c->row.domain->last_change_ms;

	if (o && o->changed_ms > at)
		at = o->changed_ms;
	value_set_ticks(ret, view_timestamp_ms(c->view, at));
}

static void get_migration_progress(const struct cell *c, struct value *ret)
{
	value_set_unsigned(ret, c->row.domain->migration_permille / 10);
}

static void get_migration_status(const struct cell *c, struct value *ret)
{
	static const char *const words[] = {"", "ongoing", "done", "failed"};
	const char *status = c->row.domain->migration_status;
	int32_t number = 0;

	/* ldomMigrationStatus is the position plus 1; any other word is unknown(5). */
	while (number < 4 && strcasecmp(status ? status : "", words[number]) != 0)
		number++;
	value_set_integer(ret, number + 1);
}

#define TEXT(id, name, member, max)   COLUMN_TEXT(id, name, domain, member, max)
#define NUMBER(id, name, member, max) COLUMN_NUMBER(id, name, domain, member, max)
/* Columns that a SET may write. */
#define WRITABLE(id, name, type, get, max)                                                         \
	{                                                                                          \
		COLUMN_OF(id, name, type, ACCESS_CREATE, get, max)                                 \
	}
#define WRITABLE_MEMBER(id, name, type, get, member, max)                                          \
	{                                                                                          \
		COLUMN_OF(id, name, type, ACCESS_CREATE, get, max),                                \
			.offset = offsetof(struct domain, member)                                  \
	}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomIndex"),
	WRITABLE(2, "ldomName", VALUE_OCTETS, get_name, 256),
	WRITABLE(3, "ldomAdminState", VALUE_INTEGER, get_admin_state, 5),
	COLUMN_INTEGER(4, "ldomOperState", domain, state, 8),
	WRITABLE_MEMBER(5, "ldomNumVCPU", VALUE_UNSIGNED, column_get_u32, num_vcpu, 65535),
	WRITABLE_MEMBER(
		6, "ldomMemSize", VALUE_UNSIGNED, column_get_megabytes, mem_bytes, UINT32_MAX),
	COLUMN_CONSTANT(7, "ldomMemUnit", UNIT_MEGABYTES),
	WRITABLE_MEMBER(8, "ldomNumCrypto", VALUE_UNSIGNED, column_get_u32, num_crypto, 65535),
	NUMBER(9, "ldomNumIOBus", num_iobus, UINT32_MAX),
	TEXT(10, "ldomUUID", uuid, 36),
	TEXT(11, "ldomMacAddress", mac, 17),
	TEXT(12, "ldomHostID", hostid, 32),
	TEXT(13, "ldomFailurePolicy", failure_policy, 32),
	TEXT(14, "ldomMaster", master, 1027),
	TEXT(15, "ldomExtMapinSpace", ext_mapin, 32),
	TEXT(16, "ldomThreading", threading, 32),
	NUMBER(17, "ldomWholeCore", whole_core, UINT32_MAX),
	TEXT(18, "ldomCpuArch", cpu_arch, 32),
	COLUMN_INTEGER(19, "ldomShutdownGroup", domain, shutdown_group, 15),
	TEXT(20, "ldomFlags", flags, 16),
	COLUMN_MADE(21, "ldomRoles", VALUE_OCTETS, get_roles, 1),
	NUMBER(22, "ldomUtilization", utilization_permille, 1000),
	COLUMN_MEMBER(
		23, "ldomUptime", VALUE_UNSIGNED, column_get_u64, domain, uptime_s, UINT32_MAX),
	NUMBER(24, "ldomConsolePort", console_port, 65535),
	WRITABLE_MEMBER(25, "ldomTemplate", VALUE_OCTETS, column_get_text, template_name, 64),
	COLUMN_MADE(26, "ldomOperationStatus", VALUE_INTEGER, get_operation_status, 9),
	COLUMN_MADE(27, "ldomOperationIndex", VALUE_UNSIGNED, get_operation_index, UINT32_MAX),
	COLUMN_MADE(28, "ldomLastChange", VALUE_TIME_TICKS, get_last_change, UINT32_MAX),
	WRITABLE_MEMBER(29, "ldomRowStatus", VALUE_INTEGER, column_get_u32, row_status, 6),
	COLUMN_TRUTH(30, "ldomPending", domain, pending),
	COLUMN_TRUTH(31, "ldomDegraded", domain, degraded),
	NUMBER(32, "ldomNormUtilization", norm_util_permille, 1000),
	COLUMN_MADE(33, "ldomMigrationProgress", VALUE_UNSIGNED, get_migration_progress, 100),
	COLUMN_MADE(34, "ldomMigrationStatus", VALUE_INTEGER, get_migration_status, 5),
	TEXT(35, "ldomMigrationSource", migration_source, 255),
	NUMBER(36, "ldomMaxCores", max_cores, UINT32_MAX),
	TEXT(37, "ldomBootPolicy", boot_policy, 32),
	TEXT(38, "ldomPerfCounters", perf_counters, 255),
	TEXT(39, "ldomRcAddPolicy", rc_add_policy, 32),
};

const struct table domain_table = {TABLE_OF(3, 1, columns), .seek = domain_seek};
