/*
 * vmCpuTable: the virtual CPUs of each domain and how long each of them ran; and
 * vmCpuAffinityTable: the one hardware thread that each of them is bound to.
 */
#include "tables/views.h"

#include "tables/device-table.h"

/*
 * RFC 7666 wants hrDeviceIndex of a processor, but the control domain's HOST-RESOURCES-MIB shows
 * the control domain's own CPUs only. net-snmp's hrDeviceIndex is type * 256 plus a number, so it
 * stays below this, and the index of a thread never points to a wrong device.
 */
#define FIRST_PHYSICAL_INDEX 1000000
/* vmCpuAffinity */
enum { AFFINITY_ENABLE = 1 };

static bool affinity_seek(struct cell *c, const uint32_t *index)
{
	struct row *r = &c->row;

	if (!device_seek(c, index))
		return false;
	const struct vcpu *cpu = r->object;
	r->index[2] = FIRST_PHYSICAL_INDEX + cpu->pid;
	if (r->index[0] != index[0] || r->index[1] != index[1] || r->index[2] >= index[2])
		return true;
	/* The given index lies behind the one thread of this CPU: take the next CPU. */
	if (index[1] == UINT32_MAX || !device_seek(c, (const uint32_t[]){index[0], index[1] + 1}))
		return false;
	cpu = r->object;
	r->index[2] = FIRST_PHYSICAL_INDEX + cpu->pid;
	return true;
}

/* The time is counted from the second answer of ldmd on. */
static bool cpu_has(const struct cell *c)
{
	const struct vcpu *cpu = c->row.object;

	return cpu->time_known;
}

static void get_core_time(const struct cell *c, struct value *ret)
{
	const struct vcpu *cpu = c->row.object;

	value_set_counter64(ret, cpu->time_ns / 1000);
}

static const struct column cpu_columns[] = {
	COLUMN_INDEX(1, "vmCpuIndex"),
	COLUMN_MADE(2, "vmCpuCoreTime", VALUE_COUNTER64, get_core_time, 0),
};

const struct table vm_cpu_table = {
	TABLE_OF(5, 2, cpu_columns), .seek = device_seek, .list = LIST_VCPU, .has = cpu_has};

static const struct column affinity_columns[] = {
	COLUMN_INDEX(2, "vmCpuPhysIndex"),
	COLUMN_CONSTANT(3, "vmCpuAffinity", AFFINITY_ENABLE),
};

const struct table vm_cpu_affinity_table = {
	TABLE_OF(6, 3, affinity_columns), .seek = affinity_seek, .list = LIST_VCPU};
