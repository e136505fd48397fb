/*
 * Inside the executor: one transaction that is under way, and the command it is busy with.
 *
 *	QUEUED -> READING (step 0) -> FORWARD -> DONE -> over
 *	                   \            \-> BACK ----^  (a step failed, or an undo)
 *	                    \-> over (cannot be done from here)
 *
 * act.c runs a single command to its end and says how it ended; run.c decides what that means for
 * the transaction; executor.c decides who may begin.
 */
#ifndef CONTROL_RUN_H
#define CONTROL_RUN_H

#include "control/executor.h"
#include "control/journal.h"

enum run_phase {
	RUN_QUEUED,
	RUN_READING,
	RUN_FORWARD,
	RUN_BACK,
	RUN_DONE, /* finished, but can be undone */
	RUN_OVER, /* to be freed at the end of the turn */
};

/* How far a step got, for the way back. */
enum step_mark {
	MARK_TODO,
	MARK_SKIPPED, /* ldmd was there already */
	MARK_DID,
	MARK_MAYBE, /* it did something, or nobody knows */
};

enum act_state {
	ACT_NONE,
	ACT_SLOT,    /* waits for one of the command connections */
	ACT_COMMAND, /* sent */
	ACT_LOOK,    /* asked how the domain is */
	ACT_WAIT,    /* until the next look */
};

enum act_result {
	ACT_REACHED,
	ACT_SHORT,     /* ldmd says success and gave less */
	ACT_UNCHANGED, /* refused, nothing happened */
	ACT_CHANGED,   /* refused, but something happened */
	ACT_NOT_OURS,  /* it was not made, yet there is one: somebody else's, for all we know */
	ACT_UNCERTAIN, /* no answer, and nothing to be seen; it may still come */
};

struct act {
	enum act_state state;
	struct step step;
	bool sent;
	bool forced; /* in the place of a stop that was sent */
	enum command_outcome outcome;
	void *ticket;
	uint64_t deadline_ms; /* of the whole of it */
	uint64_t force_at_ms; /* a stop becomes a forced one */
	uint64_t settle_at_ms;
	uint64_t poll_at_ms, poll_ms;
};

struct run_part {
	struct set_request request; /* with what the row that is being made says */
	bool local;		    /* about a row that is not a domain: no command */
	bool looked;
	const struct domain *domain;  /* as last seen; NULL: ldmd has none */
	const struct domain *before;  /* at step 0 */
	const struct domain *old_row; /* row that was being made, before */
	bool row_put;
	uint32_t steps_done, steps_planned;
	bool did; /* something happened, even if it was taken back since */
	bool gave_less, irreversible_done, irreversible_maybe, rollback_failed;
	char *message;
};

struct run {
	struct run *next;
	struct executor *x;
	struct transaction *t;
	enum run_phase phase;
	struct run_part *parts;
	struct plan plan;
	enum step_mark *marks; /* one per step */
	size_t at;	       /* step it is busy with, forwards or backwards */
	struct act act;
	size_t looks_out; /* of step 0 */
	bool read_failed;
	uint64_t read_again_ms, give_up_ms, forget_at_ms;
	bool journalled, undo_wanted, kept, preempted;
	size_t culprit; /* part; valid when verdict.failed */
	struct verdict verdict;
};

struct look {
	struct look *next;
	struct executor *x;
	struct run *run; /* NULL: it went meanwhile */
	size_t part;
	void (*done)(struct run *r, size_t part, int err, const struct domain *d);
};

struct executor {
	struct executor_config config;
	struct executor_port port;
	void *port_user;
	struct handover *handover;
	struct journal *journal;
	struct run *runs; /* in the order they came */
	struct look *looks;
	size_t commands_out;
	uint64_t close_at_ms; /* no command is sent from then on; CLOCK_NEVER */
	bool kick;	      /* something ended: another may go on */
};

/* executor.c */
int executor_look(struct executor *x, struct run *r, size_t part,
	void (*done)(struct run *r, size_t part, int err, const struct domain *d));

bool executor_is_closing(const struct executor *x, uint64_t now_ms);

/* act.c: one command, from sending it to knowing what became of it */
void act_begin(struct run *r, const struct step *s, uint64_t now_ms);
void act_turn(struct run *r, uint64_t now_ms);
uint64_t act_next(const struct run *r);
void act_drop(struct run *r);
void act_see(struct run *r, const struct snapshot *s);

/* run.c: the transaction */
int run_new(struct executor *x, struct transaction *t, struct run **ret);
void run_free(struct run *r);
void run_turn(struct run *r, uint64_t now_ms);
uint64_t run_next(const struct run *r);
void run_act_ended(struct run *r, enum act_result result);
void run_undo(struct run *r);
void run_keep(struct run *r);
/* The agent stops: what has sent nothing yet sends nothing. */
void run_cancel(struct run *r);
/* forceStop on one of its domains. */
void run_preempt(struct run *r, uint32_t index);
/* One that is done and that the master took back, once its domains are free. */
void run_take_back(struct run *r);
/* It holds its domains. */
bool run_is_busy(const struct run *r);
/* It waits for them, to begin or to be taken back. */
bool run_waits(const struct run *r);
const char *run_domain(const struct run *r, size_t part);
void run_set_domain(struct run_part *p, const struct domain *d);
void run_set_message(struct run_part *p, const char *message);

void run_advance(struct run *r);
void run_fail(struct run *r, size_t part, unsigned field);

/* run-begin.c: step 0 */
void run_begin(struct run *r, uint64_t now_ms);
void run_read_again(struct run *r, uint64_t now_ms);
int run_write_journal(struct run *r);

/* report.c: rows, verdicts, the log line; at the end, rows and verdict together */
void report_rows(struct run *r);
void report_verdict(struct run *r);
void report_end(struct run *r);

#endif
