/*
 * GET and GETNEXT (which is also each repetition of a GETBULK, as the master takes it apart).
 */
#ifndef SNMP_ANSWER_H
#define SNMP_ANSWER_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "tables/view.h"

/* All requests of the list that are not processed yet, from one view. */
void answer_get(
	const struct view *v, netsnmp_agent_request_info *info, netsnmp_request_info *requests);
void answer_next(
	const struct view *v, netsnmp_agent_request_info *info, netsnmp_request_info *requests);

#endif
