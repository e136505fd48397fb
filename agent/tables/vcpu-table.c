/*
 * ldomVcpuTable: the virtual CPUs that domains have (not those that they want), each with its
 * hardware thread.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

/* Of the values that the vendor lists for ldomVcpuOperationalStatus, the agent gives these. */
enum { STATUS_UNKNOWN = 1, STATUS_OK = 3, STATUS_STOPPED = 11, STATUS_POWER_MODE = 19 };

static int status_of(const struct domain *d, const struct vcpu *cpu)
{
	switch (d->state) {
	case DOMAIN_ACTIVE:
	case DOMAIN_STARTING:
	case DOMAIN_STOPPING:
		return cpu->parked ? STATUS_POWER_MODE : STATUS_OK;
	case DOMAIN_BOUND:
	case DOMAIN_BINDING:
	case DOMAIN_UNBINDING:
	case DOMAIN_INACTIVE:
		return STATUS_STOPPED;
	default:
		return STATUS_UNKNOWN;
	}
}

static void get_status(const struct cell *c, struct value *ret)
{
	value_set_integer(ret, status_of(c->row.domain, c->row.object));
}

/* In percent, rounded; the member is in 0.1 %. */
static void get_percent(const struct cell *c, struct value *ret)
{
	column_get_u32(c, ret);
	ret->number = ret->number / 10 + (ret->number % 10 >= 5);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomVcpuIndex"),
	COLUMN_DOMAIN(2, "ldomVcpuLdomIndex"),
	COLUMN_NUMBER(3, "ldomVcpuDeviceID", vcpu, vid, UINT32_MAX),
	COLUMN_MADE(4, "ldomVcpuOperationalStatus", VALUE_INTEGER, get_status, 19),
	COLUMN_NUMBER(5, "ldomVcpuPhysBind", vcpu, pid, UINT32_MAX),
	COLUMN_NUMBER(6, "ldomVcpuPhysBindUsage", vcpu, strand_permille, 1000),
	COLUMN_NUMBER(7, "ldomVcpuCoreID", vcpu, cid, UINT32_MAX),
	COLUMN_MEMBER(
		8, "ldomVcpuUtilPercent", VALUE_UNSIGNED, get_percent, vcpu, util_permille, 100),
	COLUMN_NUMBER(9, "ldomVcpuUtilization", vcpu, util_permille, 1000),
	COLUMN_NUMBER(10, "ldomVcpuNormUtilization", vcpu, norm_util_permille, 1000),
};

const struct table vcpu_table = {DEVICE_TABLE(4, LIST_VCPU)};
