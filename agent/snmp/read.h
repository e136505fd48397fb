/*
 * Get, GetNext and GetBulk, answered from one view without net-snmp's library (RFC 2741 7.2.3).
 */
#ifndef SNMP_READ_H
#define SNMP_READ_H

#include <stddef.h>
#include <stdint.h>

#include "snmp/agentx.h"
#include "tables/view.h"

/*
 * Writes the Response to a whole request of one of the three types; returns its size in octets, at
 * least AGENTX_RESPONSE_SIZE. A request that cannot be read gets parseError. A GetBulk gets as many
 * repetitions as there is room for; any other Response that does not fit becomes tooBig.
 */
size_t read_answer(const struct view *v, const uint8_t *request, uint8_t room[AGENTX_PDU_MAX]);

#endif
