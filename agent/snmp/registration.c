/*
 * See registration.h.
 */
#include "snmp/registration.h"

#include <net-snmp/agent/sysORTable.h>
#include <net-snmp/agent/agent_sysORTable.h>

#include <errno.h>
#include <string.h>

#include "snmp/varbind.h"
#include "util/log.h"

#define TOKEN "snmp"

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
	/* The library frees the registration, also when it fails. */
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
