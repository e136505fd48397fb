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

/*
 * RFC 2741 7.2.3.3: a search range of a GetBulk ends, too. The library sees to that for GetNext
 * only (agentx/subagent.c); the ranges are still in its copy of the PDU.
 */
static const netsnmp_variable_list *bulk_range(
	const netsnmp_agent_request_info *info, const netsnmp_request_info *request)
{
	const netsnmp_pdu *pdu = info->asp->orig_pdu;
	const netsnmp_variable_list *range = pdu ? pdu->variables : NULL;

	if (!pdu || pdu->command != SNMP_MSG_GETBULK)
		return NULL;
	for (int i = 1; range && i < request->index; i++)
		range = range->next_variable;
	if (!range || (range->type != ASN_PRIV_INCL_RANGE && range->type != ASN_PRIV_EXCL_RANGE))
		return NULL;
	return range;
}

static bool is_before_end(const netsnmp_agent_request_info *info,
	const netsnmp_request_info *request, const struct cell *cell)
{
	static const oid null_oid[2];
	const netsnmp_variable_list *range = bulk_range(info, request);
	oid name[MAX_OID_LEN];

	if (!range || range->val_len == 0)
		return true;
	const oid *end = range->val.objid;
	size_t end_length = range->val_len / sizeof(oid);
	if (snmp_oid_compare(end, end_length, null_oid, 2) == 0)
		return true;
	return snmp_oid_compare(name, varbind_cell_name(cell, name), end, end_length) < 0;
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
	if (!lookup_next(v, name.sub, name.length, request->inclusive != 0, &cell) ||
		!is_before_end(info, request, &cell))
		return;
	/* The start is dealt with; what follows in a GetBulk uses the same request. */
	request->inclusive = 0;
	cell_value(&cell, v, &value);
	if (!varbind_set_name(request->requestvb, &cell) ||
		!varbind_set_value(request->requestvb, &value))
		out_of_memory(info, request);
}

void answer_get(
	const struct view *v, netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	/*
	 * Where a search includes its start, the library tries a GET first. With a GetBulk it stops
	 * there; next_one() includes by itself.
	 */
	if (info->asp->pdu->command == SNMP_MSG_GETBULK)
		return;
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
