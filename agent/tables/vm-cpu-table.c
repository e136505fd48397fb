/*
 * vmCpuTable: the virtual CPUs of each domain and how long each of them ran; and
 * vmCpuAffinityTable: the hardware thread that each of them is bound to, which is one.
 */
#include "tables/views.h"

#include "tables/device-table.h"

/*
 * RFC 7666 wants hrDeviceIndex of a processor, but the control domain's HOST-RESOURCES-MIB shows
 * the control domain's own CPUs only. Net-snmp makes hrDeviceIndex of type * 256 and a number, so a
 * thread's number above this points to no wrong device.
 */
#define FIRST_PHYSICAL_INDEX 1000000
/* vmCpuAffinity */
enum { AFFINITY_ENABLE = 1 };

static bool cpu_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_VCPU, index, ret);
}

static bool affinity_seek(const struct view *v, const uint32_t *index, struct row *ret)
{
	if (!cpu_seek(v, index, ret))
		return false;
	const struct vcpu *cpu = ret->object;
	ret->index[2] = FIRST_PHYSICAL_INDEX + cpu->pid;
	if (ret->index[0] != index[0] || ret->index[1] != index[1] || ret->index[2] >= index[2])
		return true;
	/* Asked for what lies behind the one thread of this CPU. */
	if (index[1] == UINT32_MAX || !cpu_seek(v, (const uint32_t[]){index[0], index[1] + 1}, ret))
		return false;
	cpu = ret->object;
	ret->index[2] = FIRST_PHYSICAL_INDEX + cpu->pid;
	return true;
}

/* There is no time before there were two answers of ldmd. */
static bool cpu_has(const struct column *c, const struct view *v, const struct row *r)
{
	(void)c, (void)v;
	const struct vcpu *cpu = r->object;

	return cpu->time_known;
}

static void get_core_time(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	const struct vcpu *cpu = r->object;

	value_set_counter64(ret, cpu->time_ns / 1000);
}

static void get_affinity(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, AFFINITY_ENABLE);
}

static const struct column cpu_columns[] = {
	COLUMN_INDEX(1, "vmCpuIndex"),
	COLUMN_MADE(2, "vmCpuCoreTime", VALUE_COUNTER64, get_core_time, 0),
};

const struct table vm_cpu_table = {
	.name = "vmCpuTable",
	.arc = {1, 5, 1},
	.arc_len = 3,
	.index_len = 2,
	.columns = cpu_columns,
	.n_columns = sizeof(cpu_columns) / sizeof(cpu_columns[0]),
	.seek = cpu_seek,
	.has = cpu_has,
};

static const struct column affinity_columns[] = {
	COLUMN_INDEX(2, "vmCpuPhysIndex"),
	COLUMN_MADE(3, "vmCpuAffinity", VALUE_INTEGER, get_affinity, 0),
};

const struct table vm_cpu_affinity_table = {
	.name = "vmCpuAffinityTable",
	.arc = {1, 6, 1},
	.arc_len = 3,
	.index_len = 3,
	.columns = affinity_columns,
	.n_columns = sizeof(affinity_columns) / sizeof(affinity_columns[0]),
	.seek = affinity_seek,
};
