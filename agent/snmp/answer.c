/*
 * Reading: each varbind is one look-up in the view. RFC 3416 4.2.1, 4.2.2; RFC 2741 7.2.3.
 */
#include "snmp/answer.h"

#include "snmp/varbind.h"
#include "tables/lookup.h"

static void out_of_memory(netsnmp_agent_request_info *info, netsnmp_request_info *request)
{
	netsnmp_set_request_error(info, request, SNMP_ERR_GENERR);
}

static void get_one(
	const struct view *v, netsnmp_agent_request_info *info, netsnmp_request_info *request)
{
	struct relative_name name;
	struct lookup found;
	struct value value;

	if (varbind_name(request->requestvb, &name) != NAME_INSIDE) {
		netsnmp_set_request_error(info, request, SNMP_NOSUCHOBJECT);
		return;
	}
	switch (lookup_get(v, name.sub, name.length, &found)) {
	case LOOKUP_OK:
		cell_value(&found.cell, v, &value);
		if (!varbind_set_value(request->requestvb, &value))
			out_of_memory(info, request);
		return;
	case LOOKUP_NO_INSTANCE:
		netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE);
		return;
	default:
		netsnmp_set_request_error(info, request, SNMP_NOSUCHOBJECT);
	}
}

/* Nothing behind the name: the varbind stays as it is, and the library makes endOfMibView of it. */
static void next_one(
	const struct view *v, netsnmp_agent_request_info *info, netsnmp_request_info *request)
{
	struct relative_name name = {.length = 0};
	struct cell cell;
	struct value value;

	if (varbind_name(request->requestvb, &name) == NAME_AFTER)
		return;
	if (!lookup_next(v, name.sub, name.length, request->inclusive != 0, &cell))
		return;
	cell_value(&cell, v, &value);
	if (!varbind_set_name(request->requestvb, &cell) ||
		!varbind_set_value(request->requestvb, &value))
		out_of_memory(info, request);
}

void answer_get(
	const struct view *v, netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	for (; requests; requests = requests->next)
		if (!requests->processed)
			get_one(v, info, requests);
}

void answer_next(
	const struct view *v, netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	for (; requests; requests = requests->next)
		if (!requests->processed)
			next_one(v, info, requests);
}
