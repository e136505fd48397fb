/*
 * ldomPolicyTable: the policies by which the Logical Domains Manager moves CPUs by itself.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

/* ldomPolicyStatus */
enum { STATUS_ENABLED = 1, STATUS_DISABLED = 2 };

static void get_status(const struct cell *c, struct value *ret)
{
	const struct policy *p = c->row.object;

	value_set_integer(ret, p->enabled ? STATUS_ENABLED : STATUS_DISABLED);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomPolicyIndex"),
	COLUMN_DOMAIN(2, "ldomPolicyLdomIndex"),
	COLUMN_TEXT(3, "ldomPolicyName", policy, name, NAME_MAX_OCTETS),
	COLUMN_MADE(4, "ldomPolicyStatus", VALUE_INTEGER, get_status, 2),
	COLUMN_NUMBER(5, "ldomPolicyPriority", policy, priority, UINT32_MAX),
	COLUMN_NUMBER(6, "ldomPolicyVcpuMin", policy, vcpu_min, UINT32_MAX),
	COLUMN_NUMBER(7, "ldomPolicyVcpuMax", policy, vcpu_max, UINT32_MAX),
	COLUMN_NUMBER(8, "ldomPolicyUtilLower", policy, util_lower, UINT32_MAX),
	COLUMN_NUMBER(9, "ldomPolicyUtilUpper", policy, util_upper, UINT32_MAX),
	COLUMN_TEXT(10, "ldomPolicyTodBegin", policy, tod_begin, TEXT_MAX_OCTETS),
	COLUMN_TEXT(11, "ldomPolicyTodEnd", policy, tod_end, TEXT_MAX_OCTETS),
	COLUMN_NUMBER(12, "ldomPolicySampleRate", policy, sample_rate, UINT32_MAX),
	COLUMN_NUMBER(13, "ldomPolicyElasticMargin", policy, elastic_margin, UINT32_MAX),
	COLUMN_NUMBER(14, "ldomPolicyAttack", policy, attack, UINT32_MAX),
	COLUMN_NUMBER(15, "ldomPolicyDecay", policy, decay, UINT32_MAX),
};

const struct table policy_table = {DEVICE_TABLE(19, LIST_POLICY)};
