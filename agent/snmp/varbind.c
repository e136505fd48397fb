/*
 * Conversion, both ways.
 */
#include "snmp/varbind.h"

#include <string.h>

#include "snmp/agentx.h"

void library_name_set(struct library_name *ret, const uint32_t *above, size_t n_above,
	const uint32_t *below, size_t n)
{
	ret->length = 0;
	for (size_t i = 0; i < n_above; i++)
		ret->arcs[ret->length++] = above[i];
	for (size_t i = 0; i < n; i++)
		ret->arcs[ret->length++] = below[i];
}

enum name_place varbind_name(
	const netsnmp_variable_list *vb, const struct mib *m, struct relative_name *ret)
{
	for (size_t i = 0; i < m->root_length; i++) {
		if (i == vb->name_length || vb->name[i] < m->root[i])
			return NAME_BEFORE;
		if (vb->name[i] > m->root[i])
			return NAME_AFTER;
	}
	if (vb->name_length == m->root_length)
		return NAME_BEFORE;
	ret->length = vb->name_length - m->root_length;
	for (size_t i = 0; i < ret->length; i++)
		ret->sub[i] = (uint32_t)vb->name[m->root_length + i];
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
	case VALUE_OID: {
		struct library_name name;

		library_name_set(&name, value->oid.arcs, value->oid.length, NULL, 0);
		return snmp_set_var_typed_value(vb, type, name.arcs, name.length * sizeof(oid)) ==
		       0;
	}
	case VALUE_COUNTER64: {
		const struct counter64 big = {value->big >> 32, (uint32_t)value->big};

		return snmp_set_var_typed_value(vb, type, &big, sizeof(big)) == 0;
	}
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
	const struct mib *m = what->mib;
	struct library_name name;

	library_name_set(&name, m->root, m->root_length, (const uint32_t[]){0, what->arc}, 2);
	if (!snmp_varlist_add_variable(list, trap_oid, OID_LENGTH(trap_oid), ASN_OBJECT_ID,
		    name.arcs, name.length * sizeof(oid)))
		return false;
	for (size_t i = 0; i < what->n; i++) {
		const struct notification_object *o = &what->objects[i];

		library_name_set(&name, m->root, m->root_length, o->name, o->length);
		netsnmp_variable_list *vb =
			snmp_varlist_add_variable(list, name.arcs, name.length, ASN_NULL, NULL, 0);
		if (!vb || !varbind_set_value(vb, &o->value))
			return false;
	}
	return true;
}
