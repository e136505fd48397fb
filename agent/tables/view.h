/*
 * The data that a request is answered from. The SNMP side fills the view between two PDUs, and the
 * tables only read it: all values in one PDU are of one moment.
 */
#ifndef TABLES_VIEW_H
#define TABLES_VIEW_H

#include "inventory/snapshot.h"
#include "inventory/status.h"
#include "tables/mib.h"

struct control_refusal;
struct oplog_view;

/* The agent's own settings and counters, for the manager scalars. */
struct agent_facts {
	const char *version;		/* of the release, "0.1.0" */
	const char *hypervisor_version; /* as configured; NULL: not known */
	uint64_t started_ms;		/* monotonic */
	uint64_t refresh_interval_ms;	/* as configured; the one in use is in ldm_status */
	uint64_t stale_after_ms;	/* 0: never */
	uint64_t set_wait_ms;
	bool read_only;
	bool notifications;	    /* switched on */
	bool config_unsaved;	    /* we changed the host since it was last saved to the SP */
	uint64_t notifications_due; /* each is later counted once in one of the next three */
	uint64_t notifications_sent, notifications_dropped;
	uint64_t notifications_suppressed; /* by the rate limit of a domain */
	uint64_t sets, sets_refused;
	const struct control_refusal *last_refusal; /* NULL: there is no control */
};

struct view {
	const struct snapshot *snapshot;     /* NULL: nothing read yet, or too old to be shown */
	const struct ldm_status *status;     /* never NULL */
	const struct oplog_view *operations; /* NULL: none are known */
	const struct agent_facts *facts;     /* never NULL */
	const struct mib_list *mibs;	     /* never NULL; stays the same */
	uint64_t taken_ms;		     /* when the last good answer came; 0: none */
	uint64_t now_ms;		     /* monotonic */
	uint64_t uptime_zero_ms; /* monotonic time at which sysUpTime was 0; wraps if negative */
};

/* A monotonic time as TimeStamp, in milliseconds: sysUpTime at that time, 0 if that is negative. */
uint64_t view_timestamp_ms(const struct view *v, uint64_t at_ms);

#endif
