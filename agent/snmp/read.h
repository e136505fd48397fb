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
 * The whole Response to a whole request of one of the three types goes to room; returns its size,
 * which is at least AGENTX_RESPONSE_SIZE. A request that cannot be read gets parseError. A Response
 * longer than the room gets tooBig; that to a GetBulk has as many repetitions as there is room for.
 */
size_t read_answer(const struct view *v, const uint8_t *request, uint8_t room[AGENTX_PDU_MAX]);

#endif
