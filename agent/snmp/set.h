/*
 * SET: net-snmp's phases in terms of control/control.h.
 *
 *	RESERVE1	judged, and a place is kept; every error but commitFailed comes from here
 *	ACTION		handed over; delegated until the verdict, at most set_wait_ms
 *	UNDO		delegated until the rollback ended, at most set_wait_ms
 *	COMMIT, FREE	tidy up; nobody hears an error of theirs
 *
 * A PDU is known by (session epoch, transaction id): TestSet may come twice, and neither COMMIT
 * nor FREE may ever come.
 */
#ifndef SNMP_SET_H
#define SNMP_SET_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "tables/backend.h"

struct set_phases {
	struct backend *backend; /* outlives it */
	struct waiting *waiting; /* PDUs that are delegated */
	uint64_t last_phase_ms;
};

void set_phases_clear(struct set_phases *s);

/* One phase of one PDU, with the arguments of a handler of the library. */
void set_phase(struct set_phases *s, uint32_t epoch, netsnmp_mib_handler *handler,
	netsnmp_handler_registration *registration, netsnmp_agent_request_info *info,
	netsnmp_request_info *requests);

/* Finishes what was decided or waited long enough; netsnmp_check_outstanding_agent_requests() is
 * the caller's. */
void set_phases_turn(struct set_phases *s, uint64_t now_ms);
/* When the next one has waited long enough; CLOCK_NEVER. */
uint64_t set_phases_deadline(const struct set_phases *s);
/* A PDU is, or may be, somewhere between its phases. */
bool set_phases_busy(const struct set_phases *s, uint64_t now_ms);
/*
 * The session is over: what is delegated is answered, so that the library is done with it, and what
 * never got a COMMIT or FREE gives up its place.
 */
void set_phases_abandon(struct set_phases *s, uint32_t epoch);

#endif
