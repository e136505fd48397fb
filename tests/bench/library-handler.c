/*
 * See library-handler.h: one registration for all of the table, one binary search a varbind, no
 * copies but the library's own.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "library-handler.h"
#include "table.h"

static struct table table;
static oid entry[MAX_OID_LEN];
static size_t entry_length = MAX_OID_LEN;

static void answer(netsnmp_variable_list *vb, const struct cell *c)
{
	long number = c->type == ASN_INTEGER ? (long)(int32_t)c->number : (long)c->number;

	if (c->type == ASN_OCTET_STR)
		snmp_set_var_typed_value(vb, ASN_OCTET_STR, c->octets, c->length);
	else
		snmp_set_var_typed_value(vb, (u_char)c->type, &number, sizeof(number));
}

/* Where a name is in the table; what is missing of it is 0. */
static void position(const netsnmp_variable_list *vb, uint32_t *column, uint32_t *row)
{
	int before = snmp_oid_compare(vb->name, vb->name_length, entry, entry_length) <= 0;

	*column = before || vb->name_length <= entry_length ? 0 : (uint32_t)vb->name[entry_length];
	*row = before || vb->name_length <= entry_length + 1 ? 0
							     : (uint32_t)vb->name[entry_length + 1];
}

static int handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
	netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	(void)handler, (void)registration;
	for (netsnmp_request_info *r = requests; r; r = r->next) {
		netsnmp_variable_list *vb = r->requestvb;
		uint32_t column, row;
		position(vb, &column, &row);
		const struct cell *c =
			table_find(&table, column, row, info->mode == MODE_GETNEXT && row > 0);
		if (info->mode == MODE_GETNEXT && c) {
			oid name[MAX_OID_LEN];
			memcpy(name, entry, entry_length * sizeof(oid));
			name[entry_length] = c->column;
			name[entry_length + 1] = c->row;
			snmp_set_var_objid(vb, name, entry_length + 2);
			answer(vb, c);
		} else if (info->mode == MODE_GET && c && c->column == column && c->row == row) {
			answer(vb, c);
		} else if (info->mode == MODE_GET) {
			netsnmp_set_request_error(info, r, SNMP_NOSUCHINSTANCE);
		}
	}
	return SNMP_ERR_NOERROR;
}

int library_handler_register(const char *entry_oid, const char *cells)
{
	table = table_read(cells);
	if (!snmp_parse_oid(entry_oid, entry, &entry_length))
		return -1;
	return netsnmp_register_handler(netsnmp_create_handler_registration(
		"table", handle, entry, entry_length, HANDLER_CAN_RONLY));
}
