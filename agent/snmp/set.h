/*
 * SET: calls control/control.h in net-snmp's phases.
 *
 *	RESERVE1	checks the SET and reserves a place; gives every error but those below
 *	ACTION		hands over; delegated until the verdict; commitFailed
 *	UNDO		delegated until the rollback has ended; undoFailed
 *	COMMIT, FREE	frees the place; the manager does not get an error from here
 *
 * A PDU is known by (session epoch, transaction id): TestSet may come twice, and when a session is
 * lost neither COMMIT nor FREE comes. control_wait_until() says how long ACTION and UNDO wait.
 */
#ifndef SNMP_SET_H
#define SNMP_SET_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "tables/backend.h"

struct set_phases {
	struct backend *backend; /* borrowed */
	struct waiting *waiting; /* PDUs that are delegated */
	uint64_t last_phase_ms;
};

/* Forgets the PDUs that are delegated, without an answer: the library must be shut down. */
void set_phases_clear(struct set_phases *s);

/* One phase of one PDU, with the arguments of a handler of the library. */
void set_phase(struct set_phases *s, uint32_t epoch, netsnmp_mib_handler *handler,
	netsnmp_handler_registration *registration, netsnmp_agent_request_info *info,
	netsnmp_request_info *requests);

/* Answers what was decided or has waited long enough. The library sends the answers in
 * netsnmp_check_outstanding_agent_requests(), which the caller or snmpd's loop calls. */
void set_phases_turn(struct set_phases *s, uint64_t now_ms);
/* When the next PDU will have waited long enough; CLOCK_NEVER: none waits. */
uint64_t set_phases_deadline(const struct set_phases *s);
/* Whether a PDU is, or may be, between two of its phases. */
bool set_phases_busy(const struct set_phases *s, uint64_t now_ms);
/*
 * The session is over: what is delegated is answered, so that the library frees it, and the PDUs
 * that got neither COMMIT nor FREE lose their places.
 */
void set_phases_abandon(struct set_phases *s, uint32_t epoch);

#endif
