/*
 * The snmp thread's side of SET: from varbinds to a transaction, and back from verdicts to errors.
 *
 * Knows no net-snmp. snmp/set.c calls one function per phase with the key of the PDU; the key is
 * (session epoch, transaction id of AgentX), so a second TestSet finds the place of the first, and
 * a lost session frees what never got a COMMIT or FREE.
 *
 *	RESERVE   control_reserve: an error for a varbind, or a place in the queue
 *	ACTION    control_start: the transaction is on its way; poll control_result
 *	UNDO      control_undo; poll control_result for undone / undo_failed; then control_free
 *	COMMIT, FREE  control_free
 *
 * Call control_receive() with each inbox before control_result().
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "control/set-request.h"
#include "control/handover.h"
#include "control/precheck.h"

struct control;
struct permit;

struct control_key {
	uint32_t epoch;	      /* rises with each AgentX session */
	uint32_t transaction; /* AgentX transaction id */
};

struct control_config {
	bool read_only;
	const struct permit *permit; /* borrowed; NULL: the default (permit.h) */
	uint64_t stale_after_ms;     /* 0: never */
	uint64_t set_wait_ms;	     /* how long after its TestSet a PDU may wait; 0: never */
};

int control_new(const struct control_config *c, struct handover *h, struct control **ret);
void control_free_all(struct control *c); /* the object itself */
/* SIGHUP. The old permit may be freed afterwards. */
void control_configure(struct control *c, const struct control_config *config);

/* Looks at the verdicts of an inbox and remembers what is in it; keeps no pointer to it. */
void control_receive(struct control *c, const struct inbox *in, uint64_t now_ms);

/*
 * Judges the varbinds of one PDU against the inbox's snapshot and all that is under way, and keeps
 * a place for them. CONTROL_OK or the first error by rank of RFC 3416 4.2.5, with its varbind and
 * a reason for the log. Again with the same key: judged anew, same place.
 */
struct refusal control_reserve(struct control *c, struct control_key key, const struct inbox *in,
	const struct set_varbind *varbinds, size_t n, uint64_t now_ms);

/*
 * The last SET that control_reserve() refused, for people: what was asked of which object, and what
 * stands against it. The pointer stays; the texts are replaced by the next refusal.
 */
struct control_refusal {
	char *text; /* "12 CPUs wanted, 8 free (ldomNumVCPU.2 = 16 of \"web01\")"; NULL: none yet */
	char *object; /* "ldomNumVCPU.2" */
	char *domain; /* its name; NULL: the row has none */
	enum control_error error;
	uint64_t at_ms; /* monotonic */
};
const struct control_refusal *control_last_refusal(const struct control *c);

/*
 * ACTION. 0: handed over, or nothing is to be done (control_result says OUTCOME_KEPT at once).
 * -ENOENT: no such reservation; -ECANCELED: what it was going to join failed meanwhile; -EAGAIN,
 * -ENOMEM: not handed over. In none of these anything will happen.
 */
int control_start(struct control *c, struct control_key key, uint64_t now_ms);

/* What is known of it; OUTCOME_OPEN while it runs. An unknown key gives OUTCOME_TAKEN_BACK. */
struct verdict control_result(const struct control *c, struct control_key key);

/*
 * Until when ACTION or UNDO may wait for the result (see below); now_ms: answer at once.
 * control_wait_missed(): a wait is over, and the result is not there.
 */
uint64_t control_wait_until(struct control *c, struct control_key key, uint64_t now_ms);
void control_wait_missed(struct control *c, uint64_t now_ms);

/* 0: asked for, wait for the result; -EALREADY: there was nothing to undo, answer noError. */
int control_undo(struct control *c, struct control_key key);
/* The master is through with it: a transaction that was started is kept (an undo goes on). */
void control_free(struct control *c, struct control_key key);
/* All keys of that session: reservations go, transactions are kept. */
void control_session_lost(struct control *c, uint32_t epoch);

/* For the manager scalars and for expiry. */
size_t control_places_used(const struct control *c);
void control_tick(struct control *c, uint64_t now_ms);

/* --- how long a phase may wait --------------------------------------------------------------- */

/*
 * How long a phase of a SET may wait for its verdict.
 *
 * snmpd serves nobody while it waits for a subagent, so other managers pay for each wait. A phase
 * waits only while waiting has paid: after a wait that ended at its deadline, phases are answered
 * at once, until a verdict came within setWait, or until WAIT_RETRY_MS have passed and one phase
 * tries again. The phases of one PDU wait until setWait after its TestSet, together.
 */
#define WAIT_RETRY_MS 10000

struct wait_budget {
	uint64_t retry_at_ms; /* when a phase tries again; 0: waiting pays */
};

/*
 * Until when a phase may wait that begins to wait now and whose PDU had its TestSet at tested_ms;
 * now_ms: answer at once. A phase that may wait although the budget is spent is the one that tries
 * again: no other phase waits until it ended or WAIT_RETRY_MS more have passed.
 */
uint64_t wait_budget_deadline(
	struct wait_budget *b, uint64_t set_wait_ms, uint64_t tested_ms, uint64_t now_ms);
/* A wait ended at its deadline, without a verdict. */
void wait_budget_missed(struct wait_budget *b, uint64_t now_ms);
/* A verdict came took_ms after its transaction began, whether anybody waited for it or not. */
void wait_budget_verdict(struct wait_budget *b, uint64_t set_wait_ms, uint64_t took_ms);

#endif
