/*
 * Conversion, both ways.
 */
#include "config.h"

#include "snmp/varbind.h"

#include "snmp/agentx.h"

const oid mib_root[] = {LDOMS_MIB_ROOT_ARCS};
const size_t mib_root_length = sizeof(mib_root) / sizeof(mib_root[0]);

enum name_place varbind_name(const netsnmp_variable_list *vb, struct relative_name *ret)
{
	size_t common = vb->name_length < mib_root_length ? vb->name_length : mib_root_length;
	int order = snmp_oid_compare(vb->name, common, mib_root, common);

	if (order < 0 || (order == 0 && vb->name_length <= mib_root_length))
		return NAME_BEFORE;
	if (order > 0)
		return NAME_AFTER;
	ret->length = vb->name_length - mib_root_length;
	for (size_t i = 0; i < ret->length; i++)
		ret->sub[i] = (uint32_t)vb->name[mib_root_length + i];
	return NAME_INSIDE;
}

bool varbind_set_value(netsnmp_variable_list *vb, const struct value *value)
{
	u_char type = (u_char)agentx_value_type(value->type); /* the same as in ASN.1 */
	/* The library takes numbers as long, whatever their type. */
	long number;

	switch (value->type) {
	case VALUE_OCTETS:
		return snmp_set_var_typed_value(
			       vb, type, value_octets(value), value->octets.length) == 0;
	case VALUE_INTEGER:
		number = value->integer;
		break;
	default:
		number = (long)(u_long)value->number;
	}
	return snmp_set_var_typed_value(vb, type, &number, sizeof(number)) == 0;
}
