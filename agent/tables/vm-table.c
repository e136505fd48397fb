/*
 * vmTable: one row for each domain that ldmd has, under its ldomIndex.
 */
#include "tables/views.h"

#include "control/oplog.h"
#include "util/number.h"

/* VirtualMachineAdminState, VirtualMachineAutoStart, VirtualMachinePersistent */
enum { ADMIN_RUNNING = 1, ADMIN_SHUTDOWN = 4, AUTO_START_UNKNOWN = 1, PERSISTENT = 2 };
/* RFC 7666: no minimum or maximum is set for CPUs or memory. */
enum { NO_BOUNDARY = -1 };

static enum vm_state state_of(enum domain_state state)
{
	switch (state) {
	/* RFC 7666 figure 2: from shutdown a machine comes to running, and by no other way. */
	case DOMAIN_ACTIVE:
	case DOMAIN_STARTING:
		return VM_RUNNING;
	case DOMAIN_STOPPING:
		return VM_SHUTTINGDOWN;
	case DOMAIN_BOUND:
	case DOMAIN_INACTIVE:
	case DOMAIN_BINDING:
	case DOMAIN_UNBINDING:
		return VM_SHUTDOWN;
	default:
		return VM_UNKNOWN;
	}
}

enum vm_state vm_oper_state(const struct domain *d)
{
	bool told = d->known & KNOWN_STATE;

	if (!told && !d->told_state)
		return VM_UNKNOWN;
	if (told && d->state == DOMAIN_UNKNOWN)
		return d->suspended ? VM_SUSPENDED : VM_OTHER;
	if (d->migration == MIGRATION_SOURCE || d->migration == MIGRATION_TARGET)
		return VM_MIGRATING;
	return state_of(d->told_state);
}

static bool vm_is_up(const struct domain *d)
{
	return d->told_state == DOMAIN_ACTIVE || d->told_state == DOMAIN_STARTING ||
	       d->told_state == DOMAIN_STOPPING;
}

static bool vm_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	const struct snapshot *s = v->snapshot;
	size_t i = s ? snapshot_lower_bound(s, index[0]) : 0;

	/* Rows that a manager is making are no virtual machines yet. */
	while (s && i < s->n_domains && s->domains[i]->row_status != ROW_ACTIVE)
		i++;
	if (!s || i == s->n_domains)
		return false;
	row_set_domain(ret, s->domains[i]);
	return true;
}

/* ldmd does not tell which operating system a domain runs. */
static void get_os_type(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_text(ret, NULL, 0);
}

static void get_admin_state(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c;
	bool running = r->domain->told_state &&
		       control_admin_state(r->domain, v->operations) == ADMIN_ACTIVE;

	value_set_integer(ret, running ? ADMIN_RUNNING : ADMIN_SHUTDOWN);
}

static void get_oper_state(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_integer(ret, (int32_t)vm_oper_state(r->domain));
}

/* What starts at power-on is in the SP configuration, and nobody tells what is in that. */
static void get_auto_start(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, AUTO_START_UNKNOWN);
}

static void get_persistent(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, PERSISTENT);
}

/* An inactive domain has constraints, and nothing is assigned to it. */
static bool has_resources(const struct domain *d)
{
	return d->told_state && d->told_state != DOMAIN_INACTIVE;
}

static void set_number(struct value *ret, uint64_t number)
{
	value_set_integer(ret, number > INT32_MAX ? INT32_MAX : (int32_t)number);
}

static void get_cpus(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	set_number(ret, has_resources(r->domain) ? r->domain->num_vcpu : 0);
}

static void get_no_boundary(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, NO_BOUNDARY);
}

static void get_mem_unit(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, (int32_t)MEGABYTE);
}

static void get_memory(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	set_number(ret, has_resources(r->domain) ? bytes_to_megabytes(r->domain->mem_bytes) : 0);
}

static void get_up_time(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_ticks(ret, vm_is_up(r->domain) ? r->domain->uptime_s * 1000 : 0);
}

static void get_cpu_time(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	value_set_counter64(ret, r->domain->cpu_time_ns / 1000);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "vmIndex"),
	COLUMN_TEXT(VM_COLUMN_NAME, "vmName", domain, name, 255),
	COLUMN_MADE(VM_COLUMN_UUID, "vmUUID", VALUE_OCTETS, view_get_uuid, 0),
	COLUMN_MADE(4, "vmOSType", VALUE_OCTETS, get_os_type, 0),
	COLUMN_MADE(5, "vmAdminState", VALUE_INTEGER, get_admin_state, 0),
	COLUMN_MADE(VM_COLUMN_OPER_STATE, "vmOperState", VALUE_INTEGER, get_oper_state, 0),
	COLUMN_MADE(7, "vmAutoStart", VALUE_INTEGER, get_auto_start, 0),
	COLUMN_MADE(VM_COLUMN_PERSISTENT, "vmPersistent", VALUE_INTEGER, get_persistent, 0),
	COLUMN_MADE(9, "vmCurCpuNumber", VALUE_INTEGER, get_cpus, 0),
	COLUMN_MADE(10, "vmMinCpuNumber", VALUE_INTEGER, get_no_boundary, 0),
	COLUMN_MADE(11, "vmMaxCpuNumber", VALUE_INTEGER, get_no_boundary, 0),
	COLUMN_MADE(12, "vmMemUnit", VALUE_INTEGER, get_mem_unit, 0),
	COLUMN_MADE(13, "vmCurMem", VALUE_INTEGER, get_memory, 0),
	COLUMN_MADE(14, "vmMinMem", VALUE_INTEGER, get_no_boundary, 0),
	COLUMN_MADE(15, "vmMaxMem", VALUE_INTEGER, get_no_boundary, 0),
	COLUMN_MADE(16, "vmUpTime", VALUE_TIME_TICKS, get_up_time, 0),
	COLUMN_MADE(17, "vmCpuTime", VALUE_COUNTER64, get_cpu_time, 0),
};

const struct table vm_table = {TABLE_OF("vmTable", 4, 1), .seek = vm_seek, .has = view_has_time};
