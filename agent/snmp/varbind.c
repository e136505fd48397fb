/*
 * Conversion, both ways.
 */
#include "config.h"

#include "snmp/varbind.h"

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

size_t varbind_cell_name(const struct cell *cell, oid name[MAX_OID_LEN])
{
	uint32_t sub[LOOKUP_NAME_MAX];
	size_t length = mib_root_length, n = cell_name(cell, sub);

	memcpy(name, mib_root, sizeof(mib_root));
	for (size_t i = 0; i < n; i++)
		name[length++] = sub[i];
	return length;
}

bool varbind_set_name(netsnmp_variable_list *vb, const struct cell *cell)
{
	oid name[MAX_OID_LEN];
	size_t length = varbind_cell_name(cell, name);

	return snmp_set_var_objid(vb, name, length) == 0;
}

u_char value_asn_type(enum value_type type)
{
	static const u_char types[_VALUE_TYPE_MAX] = {
		[VALUE_INTEGER] = ASN_INTEGER,
		[VALUE_UNSIGNED] = ASN_UNSIGNED,
		[VALUE_COUNTER] = ASN_COUNTER,
		[VALUE_TIME_TICKS] = ASN_TIMETICKS,
		[VALUE_OCTETS] = ASN_OCTET_STR,
	};
	return types[type];
}

bool varbind_set_value(netsnmp_variable_list *vb, const struct value *value)
{
	u_char type = value_asn_type(value->type);
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
