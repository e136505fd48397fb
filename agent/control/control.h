/*
 * The snmp thread's side of SET: from varbinds to a transaction, and from its verdict to an error.
 *
 * Nothing here uses net-snmp. snmp/set.c calls one function per phase with the key of the PDU, so
 * that a second TestSet of the PDU finds the place of the first, and that the loss of a session
 * frees the places that get neither COMMIT nor FREE.
 *
 *	RESERVE   control_reserve(): an error for a varbind, or a place in the queue
 *	ACTION    control_start(); then control_result() until the outcome is decided
 *	UNDO      control_undo(); then control_result() until the SET is undone; then control_free()
 *	COMMIT, FREE  control_free()
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
	uint32_t transaction; /* AgentX transaction id, unique within the session (RFC 2741 6.1) */
};

struct control_config {
	bool read_only;
	const struct permit *permit; /* borrowed; NULL: the default (permit.h) */
	uint64_t stale_after_ms;     /* 0: never */
	uint64_t set_wait_ms;	     /* how long after its TestSet a PDU may wait; 0: never */
};

/* The handover is borrowed. -ENOMEM. */
int control_new(const struct control_config *c, struct handover *h, struct control **ret);
/* Frees the object; control_free() frees the place of one PDU. */
void control_free_all(struct control *c);
/* SIGHUP. The old permit may be freed afterwards. */
void control_configure(struct control *c, const struct control_config *config);

/* Keeps the verdicts of an inbox, but no pointer into the inbox. */
void control_receive(struct control *c, const struct inbox *in, uint64_t now_ms);

/*
 * Checks the varbinds of one PDU (n > 0) against the inbox's snapshot and all that is under way,
 * and keeps a place for the PDU. Returns the refusal that RFC 3416 4.2.5 tests first; its error is
 * CONTROL_OK if there is none. Another call with the same key checks anew, for the same place.
 */
struct refusal control_reserve(struct control *c, struct control_key key, const struct inbox *in,
	const struct set_varbind *varbinds, size_t n, uint64_t now_ms);

/*
 * The last SET that control_reserve() refused, in words: which object was to be set to what, and
 * why that was refused. The pointer stays valid; the next refusal replaces the texts.
 */
struct control_refusal {
	char *text; /* "12 CPUs wanted, 8 free (ldomNumVCPU.2 = 16 of \"web01\")"; NULL: none yet */
	char *object; /* "ldomNumVCPU.2" */
	char *domain; /* the name of the row's domain; NULL: the row has none */
	enum control_error error;
	uint64_t at_ms; /* monotonic */
};
const struct control_refusal *control_last_refusal(const struct control *c);

/*
 * ACTION. 0: handed over, or nothing is to be done (control_result() says OUTCOME_KEPT at once).
 * -ENOENT: no place has this key; -ECANCELED: the SET that this one was to join is rolled back;
 * others: as handover_start(). After an error nothing will be done.
 */
int control_start(struct control *c, struct control_key key, uint64_t now_ms);

/* The verdict so far; OUTCOME_OPEN while steps run. An unknown key gives OUTCOME_TAKEN_BACK. */
struct verdict control_result(const struct control *c, struct control_key key);

/*
 * Until when ACTION or UNDO may wait for the result (struct wait_budget); now_ms: answer at once.
 * control_wait_missed(): a wait ended without a result.
 */
uint64_t control_wait_until(struct control *c, struct control_key key, uint64_t now_ms);
void control_wait_missed(struct control *c, uint64_t now_ms);

/* UNDO. 0: the undo was ordered, wait for the result; -EALREADY: nothing to undo, say noError. */
int control_undo(struct control *c, struct control_key key);
/* COMMIT, FREE: the place goes. A transaction that was started is kept; an undo goes on. */
void control_free(struct control *c, struct control_key key);
/* The same for all PDUs of that session. */
void control_session_lost(struct control *c, uint32_t epoch);

/* PDUs that need one of the HANDOVER_PLANS places: reserved, running, or undoable. */
size_t control_places_used(const struct control *c);
/* Drops what is finished, and PDUs that the master forgot. */
void control_tick(struct control *c, uint64_t now_ms);

/* --- how long a phase may wait --------------------------------------------------------------- */

/*
 * How long a phase of a SET may wait for its verdict.
 *
 * snmpd serves nobody while it waits for a subagent, so each wait delays other managers. After a
 * wait that ended without a verdict, phases are answered at once, until a verdict comes within
 * setWait, or until WAIT_RETRY_MS have passed and one phase tries again. All phases of one PDU
 * share one deadline: setWait after its TestSet.
 */
#define WAIT_RETRY_MS 10000

struct wait_budget {
	uint64_t retry_at_ms; /* when a phase may wait again; 0: every phase may wait */
};

/*
 * Until when a phase may wait that begins now and whose PDU had its TestSet at tested_ms; now_ms:
 * answer at once. If this phase is the one that tries again, no other may wait for WAIT_RETRY_MS,
 * unless a verdict comes in time.
 */
uint64_t wait_budget_deadline(
	struct wait_budget *b, uint64_t set_wait_ms, uint64_t tested_ms, uint64_t now_ms);
/* A wait ended at its deadline, without a verdict. */
void wait_budget_missed(struct wait_budget *b, uint64_t now_ms);
/* A verdict came took_ms after its transaction began, whether or not a phase waited for it. */
void wait_budget_verdict(struct wait_budget *b, uint64_t set_wait_ms, uint64_t took_ms);

#endif
