/*
 * Conversion, both ways.
 */
#include "snmp/varbind.h"

#include <string.h>

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

bool varbinds_from_notification(const struct notification *what, netsnmp_variable_list **list)
{
	static const oid trap_oid[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};
	oid name[MAX_OID_LEN];
	size_t root = mib_root_length;

	memcpy(name, mib_root, root * sizeof(oid));
	name[root] = 0;
	name[root + 1] = what->arc;
	if (!snmp_varlist_add_variable(list, trap_oid, OID_LENGTH(trap_oid), ASN_OBJECT_ID, name,
		    (root + 2) * sizeof(oid)))
		return false;
	for (size_t i = 0; i < what->n; i++) {
		const struct notification_object *o = &what->objects[i];
		for (size_t j = 0; j < o->length; j++)
			name[root + j] = o->name[j];
		netsnmp_variable_list *vb =
			snmp_varlist_add_variable(list, name, root + o->length, ASN_NULL, NULL, 0);
		if (!vb || !varbind_set_value(vb, &o->value))
			return false;
	}
	return true;
}
