/*
 * See library.h.
 */
#include "snmp/library.h"

#include <net-snmp/agent/sysORTable.h>
#include <net-snmp/agent/agent_sysORTable.h>

#include <errno.h>
#include <string.h>

#include "snmp/agentx.h"
#include "util/log.h"

#define TOKEN "snmp"

/* --- varbinds ------------------------------------------------------------------------------- */

void library_name_set(struct library_name *ret, const uint32_t *above, size_t n_above,
	const uint32_t *below, size_t n)
{
	ret->length = 0;
	for (size_t i = 0; i < n_above; i++)
		ret->arcs[ret->length++] = above[i];
	for (size_t i = 0; i < n; i++)
		ret->arcs[ret->length++] = below[i];
}

struct varbind_name varbind_name(const netsnmp_variable_list *vb)
{
	struct varbind_name name = {.length = vb->name_length};

	for (size_t i = 0; i < name.length; i++)
		name.arcs[i] = (uint32_t)vb->name[i];
	return name;
}

bool varbind_set_value(netsnmp_variable_list *vb, const struct value *value)
{
	u_char type = (u_char)agentx_value_type(value->type);
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

/* --- registration --------------------------------------------------------------------------- */

int registration_enter(const struct mib *m, Netsnmp_Node_Handler *handle, void *user,
	const char *context, netsnmp_handler_registration **ret)
{
	struct library_name root;

	library_name_set(&root, m->root, m->root_length, NULL, 0);
	netsnmp_handler_registration *registration = netsnmp_create_handler_registration(m->name,
		handle, root.arcs, root.length, m->view ? HANDLER_CAN_RONLY : HANDLER_CAN_RWRITE);
	if (!registration)
		return -ENOMEM;
	registration->handler->myvoid = user;
	registration->contextName = context ? strdup(context) : NULL;
	if (context && !registration->contextName) {
		netsnmp_handler_registration_free(registration);
		return -ENOMEM;
	}
	/* The library frees the registration when this fails. */
	int result = netsnmp_register_handler(registration);
	if (result == MIB_DUPLICATE_REGISTRATION)
		return -EADDRINUSE;
	if (result != MIB_REGISTERED_OK)
		return -EIO;
	*ret = registration;
	return 0;
}

static struct library_name capabilities(const struct mib *m)
{
	struct library_name name;

	library_name_set(&name, m->capabilities, m->capabilities_length, NULL, 0);
	return name;
}

bool sysor_enter(const struct mib *m)
{
	struct library_name id = capabilities(m);
	bool entered = register_sysORTable(id.arcs, id.length, m->description) ==
		       SYS_ORTABLE_REGISTERED_OK;

	if (!entered)
		log_warn(TOKEN, "%s has no entry in sysORTable", m->name);
	return entered;
}

void sysor_leave(const struct mib *m)
{
	struct library_name id = capabilities(m);

	unregister_sysORTable(id.arcs, id.length);
}
