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
	/* RFC 7666 figure 2: there is no state between shutdown and running. */
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

static bool vm_seek(struct cell *c, const uint32_t *index)
{
	const struct snapshot *s = c->view->snapshot;
	size_t i = s ? snapshot_lower_bound(s, index[0]) : 0;

	/* A row that a manager is creating is no virtual machine yet. */
	while (s && i < s->n_domains && s->domains[i]->row_status != ROW_ACTIVE)
		i++;
	if (!s || i == s->n_domains)
		return false;
	row_set_domain(&c->row, s->domains[i]);
	return true;
}

static void get_admin_state(const struct cell *c, struct value *ret)
{
	bool running = c->row.domain->told_state &&
		       control_admin_state(c->row.domain, c->view->operations) == ADMIN_ACTIVE;

	value_set_integer(ret, running ? ADMIN_RUNNING : ADMIN_SHUTDOWN);
}

static void get_oper_state(const struct cell *c, struct value *ret)
{
	value_set_integer(ret, (int32_t)vm_oper_state(c->row.domain));
}

/* CPUs and memory of an inactive domain are constraints: it has none. */
static bool has_resources(const struct domain *d)
{
	return d->told_state && d->told_state != DOMAIN_INACTIVE;
}

static void set_number(struct value *ret, uint64_t number)
{
	value_set_integer(ret, number > INT32_MAX ? INT32_MAX : (int32_t)number);
}

static void get_cpus(const struct cell *c, struct value *ret)
{
	set_number(ret, has_resources(c->row.domain) ? c->row.domain->num_vcpu : 0);
}

static void get_memory(const struct cell *c, struct value *ret)
{
	const struct domain *d = c->row.domain;

	set_number(ret, has_resources(d) ? bytes_to_megabytes(d->mem_bytes) : 0);
}

static void get_up_time(const struct cell *c, struct value *ret)
{
	value_set_ticks(ret, vm_is_up(c->row.domain) ? c->row.domain->uptime_s * 1000 : 0);
}

static void get_cpu_time(const struct cell *c, struct value *ret)
{
	value_set_counter64(ret, c->row.domain->cpu_time_ns / 1000);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "vmIndex"),
	COLUMN_TEXT(VM_COLUMN_NAME, "vmName", domain, name, 255),
	COLUMN_OCTETS(VM_COLUMN_UUID, "vmUUID", domain, uuid, UUID_OCTETS),
	/* ldmd does not tell which operating system a domain runs. */
	COLUMN_CONSTANT_TEXT(4, "vmOSType", NULL),
	COLUMN_MADE(5, "vmAdminState", VALUE_INTEGER, get_admin_state, 0),
	COLUMN_MADE(VM_COLUMN_OPER_STATE, "vmOperState", VALUE_INTEGER, get_oper_state, 0),
	/* The SP configuration decides what starts at power-on, and its content cannot be read. */
	COLUMN_CONSTANT(7, "vmAutoStart", AUTO_START_UNKNOWN),
	COLUMN_CONSTANT(VM_COLUMN_PERSISTENT, "vmPersistent", PERSISTENT),
	COLUMN_MADE(9, "vmCurCpuNumber", VALUE_INTEGER, get_cpus, 0),
	COLUMN_CONSTANT(10, "vmMinCpuNumber", NO_BOUNDARY),
	COLUMN_CONSTANT(11, "vmMaxCpuNumber", NO_BOUNDARY),
	COLUMN_CONSTANT(12, "vmMemUnit", MEGABYTE),
	COLUMN_MADE(13, "vmCurMem", VALUE_INTEGER, get_memory, 0),
	COLUMN_CONSTANT(14, "vmMinMem", NO_BOUNDARY),
	COLUMN_CONSTANT(15, "vmMaxMem", NO_BOUNDARY),
	COLUMN_MADE(16, "vmUpTime", VALUE_TIME_TICKS, get_up_time, 0),
	COLUMN_MADE(17, "vmCpuTime", VALUE_COUNTER64, get_cpu_time, 0),
};

const struct table vm_table = {TABLE_OF(4, 1, columns), .seek = vm_seek, .has = table_has_time};
