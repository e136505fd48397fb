/*
 * See executor.h. A run is one transaction in the executor:
 *
 *	QUEUED -> READING (step 0) -> FORWARD -> DONE -> OVER
 *	      \          \                 \        \
 *	       ------------------------------> BACK -> OVER   (a step failed, or an undo)
 *
 * A run that is DONE can still be undone, until the master says that the SET is kept.
 */
#include "control/executor.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/history.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"

#define TOKEN	      "control"
#define BEGIN_MS      30000 /* how long step 0 is tried while ldmd does not answer */
#define READ_AGAIN_MS 500
#define KEEP_MS	      600000 /* how long a done run waits for the master to keep or undo it */
#define PREEMPTED     "pre-empted by forceStop"

enum run_state {
	RUN_QUEUED,
	RUN_READING,
	RUN_FORWARD,
	RUN_BACK,
	RUN_DONE,
	RUN_OVER, /* to be freed at the end of the turn */
	_RUN_STATE_MAX,
};

/* What the master said of the SET (CleanupSet, UndoSet). MASTER_UNDO is final. */
enum master_word {
	MASTER_NOTHING,
	MASTER_KEEP,
	MASTER_UNDO,
};

/* What the run did with a row that a manager is making. */
enum row_change {
	ROW_AS_IT_WAS,
	ROW_PUT,
	ROW_DROPPED,
};

/* One domain of the transaction. */
struct run_part {
	struct run *run;
	struct target target;	      /* its request also has what earlier SETs put in the row */
	bool local;		      /* about a row that is not a domain: no command */
	bool looked;		      /* before is known */
	const struct domain *before;  /* as step 0 read it; NULL: ldmd had no such domain */
	const struct domain *old_row; /* the row that is being made, as it was; NULL: none */
	enum row_change row;
	bool given_up; /* left to another transaction's forced stop; this run holds it no more */
	uint32_t steps_done, steps_planned;
};

struct run {
	struct run *next;
	struct executor *x;
	struct transaction *t;
	enum run_state state;
	enum set_outcome outcome;
	enum master_word word;
	struct run_part *parts;
	struct plan plan;
	size_t at; /* the step that is under way, forwards or backwards */
	struct command command;
	size_t looks_out; /* looks of step 0 without an answer */
	bool read_failed;
	uint64_t read_again_ms, give_up_ms, forget_at_ms;
	size_t culprit; /* the part that failed */
	uint32_t culprit_position;
};

struct executor {
	struct commands commands;
	struct handover *handover;
	struct history *history;
	struct run *runs; /* in the order they came */
	bool stopping;
};

static void run_advance(struct run *run);
static void run_roll_back(struct run *run);

static uint64_t run_now(const struct run *run)
{
	const struct port *port = &run->x->commands.port;

	return port->now(port->user);
}

static void run_set_state(struct run *run, enum run_state to)
{
	static const unsigned legal[_RUN_STATE_MAX] = {
		[RUN_QUEUED] = 1u << RUN_READING | 1u << RUN_BACK,
		[RUN_READING] = 1u << RUN_FORWARD | 1u << RUN_BACK,
		[RUN_FORWARD] = 1u << RUN_DONE | 1u << RUN_BACK,
		[RUN_DONE] = 1u << RUN_BACK | 1u << RUN_OVER,
		[RUN_BACK] = 1u << RUN_OVER,
	};

	assert(legal[run->state] & 1u << to);
	run->state = to;
	run->x->commands.kick = true;
}

/* The run holds its domains. */
static bool run_is_busy(const struct run *run)
{
	return run->state == RUN_READING || run->state == RUN_FORWARD || run->state == RUN_BACK;
}

/* The run waits for its domains, to begin or to be undone. */
static bool run_waits(const struct run *run)
{
	return run->state == RUN_QUEUED || (run->state == RUN_DONE && run->word == MASTER_UNDO);
}

/* --- what the marks say -------------------------------------------------------------------- */

/* Sets of enum step_mark. MARKS_TOUCHED: something happened at ldmd, or may have. */
#define M(mark)		(1u << MARK_##mark)
#define MARKS_DID	(M(DID) | M(SHORT) | M(WAITS))
#define MARKS_MAYBE_DID (MARKS_DID | M(MAYBE) | M(UNKNOWN))
#define MARKS_TOUCHED	(MARKS_MAYBE_DID | M(BACK) | M(STUCK))

#define ANY_PART SIZE_MAX

/* A step of the part has one of these marks. irreversible_only: among its irreversible steps. */
static bool part_has_mark(
	const struct run *run, size_t part, unsigned marks, bool irreversible_only)
{
	for (size_t i = 0; i < run->plan.n; i++) {
		const struct step *s = &run->plan.steps[i];

		if ((s->part == part || part == ANY_PART) && (marks & 1u << s->mark) != 0 &&
			(s->irreversible || !irreversible_only))
			return true;
	}
	return false;
}

static bool part_rollback_failed(const struct run *run, size_t part)
{
	return part_has_mark(run, part, M(NOT_OURS) | M(STUCK), false) ||
	       run->parts[part].row == ROW_DROPPED;
}

static bool cannot_be_undone(const struct run *run)
{
	if (part_has_mark(run, ANY_PART, MARKS_DID | M(MAYBE), true) ||
		part_has_mark(run, ANY_PART, M(UNKNOWN), false))
		return true;
	for (size_t i = 0; i < run->t->n_parts; i++)
		if (part_rollback_failed(run, i))
			return true;
	return false;
}

/* --- what is told: operation rows, verdicts, one line in the log ---------------------------- */

static enum operation_status status_of_failed(const struct run *run, size_t part)
{
	bool touched = part_has_mark(run, part, MARKS_TOUCHED, false);

	if (run->parts[part].given_up || part_has_mark(run, part, MARKS_DID, true))
		return OPERATION_PARTIAL;
	if (part_has_mark(run, part, M(UNKNOWN), false) || part_has_mark(run, part, M(MAYBE), true))
		return OPERATION_UNKNOWN;
	if (part_rollback_failed(run, part))
		return OPERATION_ROLLBACK_FAILED;
	if (!part_has_mark(run, ANY_PART, MARKS_TOUCHED, false) ||
		(part == run->culprit && !touched))
		return OPERATION_FAILED;
	return OPERATION_ROLLED_BACK;
}

static enum operation_status part_status(const struct run *run, size_t part)
{
	switch (run->state) {
	case RUN_QUEUED:
		return OPERATION_QUEUED;
	case RUN_DONE:
		return part_has_mark(run, part, M(SHORT) | M(WAITS), false) ? OPERATION_PARTIAL
									    : OPERATION_SUCCEEDED;
	case RUN_OVER:
		return status_of_failed(run, part);
	default:
		return OPERATION_RUNNING;
	}
}

static void fill_row(const struct run_part *p, struct operation *o)
{
	int r = 0;

	/* An earlier SET may have put the state in the row that is being made. */
	o->target = p->target.request.admin;
	o->steps_done = p->steps_done;
	o->steps_planned = p->steps_planned;
	if (p->looked) {
		r = operation_set_domain(&o->before, p->before);
		if (r >= 0)
			r = operation_set_domain(&o->after, p->target.domain);
	}
	if (r >= 0)
		r = operation_set_text(&o->message, p->target.message);
	if (r < 0)
		log_warn(TOKEN, "no memory for the texts of operation %u", o->index);
}

static void log_operation(const struct operation *o)
{
	if (o->domain_index == 0) {
		log_notice(TOKEN, "operation %u: %s: %s (%llu ms)%s%s", o->index, o->request,
			operation_status_name(o->status), (unsigned long long)o->duration_ms,
			o->message ? ": " : "", o->message ? o->message : "");
		return;
	}
	/* Neither is set where ldmd has no such domain, or where no look was made. */
	const char *none = !o->before && !o->after ? "not looked at" : "not there";

	log_notice(TOKEN,
		"operation %u: \"%s\": %s: %s (%u of %u steps, %llu ms; was %s, is %s)%s%s",
		o->index, o->domain, o->request, operation_status_name(o->status), o->steps_done,
		o->steps_planned, (unsigned long long)o->duration_ms, o->before ? o->before : none,
		o->after ? o->after : none, o->message ? ": " : "", o->message ? o->message : "");
}

/* The operation row of a part as it is to be now. False: the row is gone, or no memory. */
static bool make_row(
	struct run *run, size_t part, const struct oplog_view *v, struct operation **ret)
{
	const struct operation *old = oplog_view_find(v, run->t->parts[part].operation);
	enum operation_status status = part_status(run, part);
	struct operation *o;

	if (!old || operation_copy(old, &o) < 0)
		return false;
	fill_row(&run->parts[part], o);
	if (o->status != status)
		o->changed_ms = run_now(run);
	o->status = status;
	if (!operation_running(o)) {
		o->duration_ms = run_now(run) - o->started_ms;
		log_operation(o);
	}
	*ret = o;
	return true;
}

static struct verdict run_verdict(const struct run *run)
{
	return (struct verdict){run->t->id, run->outcome, run->culprit_position};
}

static void report_verdict(const struct run *run)
{
	struct verdict v = run_verdict(run);

	handover_post_verdict(run->x->handover, &v);
}

/* Hands over the operation rows, at the end of a run together with its verdict. */
static void report_rows(struct run *run)
{
	const struct oplog_view *view = handover_oplog(run->x->handover);
	struct operation **rows = calloc(run->t->n_parts, sizeof(struct operation *));
	struct verdict v = run_verdict(run);
	bool ended = run->state == RUN_DONE || run->state == RUN_OVER;
	size_t n = 0;

	if (!rows)
		log_warn(TOKEN, "no memory for the operation rows");
	/* The operations have their indexes in the order of the parts, as handover_report() wants.
	 */
	for (size_t i = 0; rows && i < run->t->n_parts; i++)
		n += make_row(run, i, view, &rows[n]);
	oplog_view_unref(view);
	handover_report(run->x->handover, rows, n, ended ? &v : NULL);
	free(rows);
}

/* --- a run's life -------------------------------------------------------------------------- */

static void run_free(struct run *run)
{
	command_drop(&run->command);
	for (size_t i = 0; run->parts && i < run->t->n_parts; i++) {
		struct run_part *p = &run->parts[i];

		target_clear(&p->target);
		domain_unref(p->before);
		domain_unref(p->old_row);
	}
	free(run->parts);
	plan_clear(&run->plan);
	transaction_unref(run->t);
	free(run);
}

static int run_new(struct executor *x, struct transaction *t, struct run **ret)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return -ENOMEM;
	run->x = x;
	run->t = transaction_ref(t);
	run->parts = calloc(t->n_parts, sizeof(*run->parts));
	int r = run->parts ? 0 : -ENOMEM;
	for (size_t i = 0; i < t->n_parts && r >= 0; i++) {
		run->parts[i].run = run;
		r = set_request_copy(&t->parts[i].request, &run->parts[i].target.request);
	}
	if (r < 0) {
		run_free(run);
		return r;
	}
	*ret = run;
	return 0;
}

/* What plan_make() needs of each part; the caller frees. NULL: no memory. */
static struct plan_input *plan_inputs(const struct run *run)
{
	struct plan_input *in = calloc(run->t->n_parts, sizeof(*in));

	for (size_t i = 0; in && i < run->t->n_parts; i++) {
		const struct run_part *p = &run->parts[i];

		in[i] = (struct plan_input){
			&p->target.request, p->before, p->target.saved, p->local};
	}
	return in;
}

static void restore_row(struct run_part *p, const struct domain *row)
{
	const struct port *port = &p->run->x->commands.port;

	port->restore_row(port->rows, p->target.request.index, row, run_now(p->run));
}

/* Called when all steps are done, because a row that is gone cannot be brought back. */
static void drop_destroyed_rows(struct run *run)
{
	for (size_t i = 0; i < run->t->n_parts; i++) {
		struct run_part *p = &run->parts[i];

		if (!p->local || p->target.request.row != ROW_REQUEST_DESTROY)
			continue;
		restore_row(p, NULL);
		p->row = ROW_DROPPED;
	}
}

static void restore_rows(struct run *run)
{
	for (size_t i = 0; i < run->t->n_parts; i++) {
		struct run_part *p = &run->parts[i];

		/* If ldmd has the domain, its row is no longer one that is being made. */
		if (p->row == ROW_PUT && !p->target.domain)
			restore_row(p, p->old_row);
		if (p->row == ROW_PUT)
			p->row = ROW_AS_IT_WAS;
	}
}

static void run_succeed(struct run *run)
{
	drop_destroyed_rows(run);
	run_set_state(run, RUN_DONE);
	run->outcome = run->word == MASTER_KEEP ? OUTCOME_KEPT : OUTCOME_DONE;
	run->forget_at_ms = clock_after(run_now(run), KEEP_MS);
	report_rows(run);
	if (run->outcome == OUTCOME_KEPT)
		run_set_state(run, RUN_OVER);
}

static void run_end_rollback(struct run *run)
{
	bool stuck = cannot_be_undone(run);

	restore_rows(run);
	run_set_state(run, RUN_OVER);
	if (run->outcome == OUTCOME_DONE)
		run->outcome = stuck ? OUTCOME_TAKE_BACK_FAILED : OUTCOME_TAKEN_BACK;
	else
		run->outcome = stuck ? OUTCOME_ROLLBACK_FAILED : OUTCOME_ROLLED_BACK;
	report_rows(run);
}

/* In all parts that have no message yet, except one. */
static void set_messages(struct run *run, size_t except, const char *why)
{
	for (size_t i = 0; i < run->t->n_parts; i++)
		if (i != except && !run->parts[i].target.message)
			target_set_message(&run->parts[i].target, why);
}

/* The manager hears of the failure at once, before the rollback, which may take long. */
static void run_fail(struct run *run, size_t part, unsigned field)
{
	run->culprit = part;
	run->culprit_position = set_request_position(&run->t->parts[part].request, field);
	run->outcome = run->outcome == OUTCOME_HOPELESS ? OUTCOME_FAILED_HOPELESS : OUTCOME_FAILED;
	report_verdict(run);
	set_messages(run, part, "another part of the SET failed");
	run_roll_back(run);
}

static void run_fail_because(struct run *run, size_t part, unsigned field, const char *why)
{
	target_set_message(&run->parts[part].target, why);
	run_fail(run, part, field);
}

/* --- step 0: how are the domains, and which steps lead from there to what is asked ---------- */

/* Reads the row that is being made, if it is one. The part is local unless a domain is involved. */
static int learn_row(struct run_part *p)
{
	const struct port *port = &p->run->x->commands.port;
	struct set_request *request = &p->target.request;
	const struct domain *row = port->find_row(port->rows, request->index);

	domain_unref(p->old_row);
	p->old_row = domain_ref(row);
	if (request->row == ROW_REQUEST_CREATE_AND_WAIT)
		p->local = true;
	else if (row && request->row != ROW_REQUEST_ACTIVE)
		p->local = true;
	/* The row to be destroyed does not exist. */
	else if (!request->domain && request->row == ROW_REQUEST_DESTROY)
		p->local = true;
	else if (row)
		return plan_complete(request, row);
	return 0;
}

/* Makes and changes the rows that are being made. *ret_part: the part that failed. */
static int put_rows(struct run *run, size_t *ret_part)
{
	const struct port *port = &run->x->commands.port;
	int r = 0;

	for (size_t i = 0; i < run->t->n_parts && r >= 0; i++) {
		struct run_part *p = &run->parts[i];
		bool destroys = p->target.request.row == ROW_REQUEST_DESTROY;
		bool makes = !p->before && (p->target.request.fields & FIELD_ROW_BIT) != 0;
		bool changes = p->local && p->old_row;

		*ret_part = i;
		if (destroys || (!makes && !changes))
			continue;
		r = port->put_row(port->rows, &run->t->parts[i].request, run_now(run));
		p->row = r >= 0 ? ROW_PUT : ROW_AS_IT_WAS;
	}
	return r;
}

static const char *why_no_row(int err)
{
	switch (err) {
	case -ENOMEM:
		return "the agent has no memory left";
	case -ENOSPC:
		return "too many rows are being made";
	case -ERANGE:
	case -EEXIST:
		return "the row cannot be made: its index or name is taken";
	default:
		return "the row cannot be made: its index cannot be saved";
	}
}

static void begin_steps(struct run *run, const struct plan_input *in)
{
	size_t part = 0;

	for (size_t i = 0; i < run->plan.n; i++)
		run->parts[run->plan.steps[i].part].steps_planned++;
	if (run->plan.n > 0 && history_begin(run->x->history, run->t, in, false) < 0) {
		run_fail_because(run, 0, 0, "the history cannot be written");
		return;
	}
	int r = put_rows(run, &part);
	if (r < 0) {
		run_fail_because(run, part, FIELD_ROW_BIT, why_no_row(r));
		return;
	}
	run_set_state(run, RUN_FORWARD);
	run->at = 0;
	report_rows(run);
	run_advance(run);
}

static void make_plan(struct run *run)
{
	_cleanup_free_ struct plan_input *in = plan_inputs(run);
	struct plan_obstacle why;
	int r = in ? plan_make(in, run->t->n_parts, &run->plan, &why) : -ENOMEM;

	if (r == -ENOTSUP)
		run_fail_because(run, why.part, why.field, reason_text(why.reason));
	else if (r < 0)
		run_fail_because(run, 0, 0, "the agent has no memory left");
	else
		begin_steps(run, in);
}

/* Why the domain that was read is not the one that the part is about (static text); NULL: it is. */
static const char *why_another(const struct run_part *p)
{
	const struct domain *d = p->before;

	/* ldomRowStatus active makes a domain of a row only if the row is still there. */
	if (!d && !p->old_row && p->target.request.row == ROW_REQUEST_ACTIVE)
		return "the row is not there any more";
	if (!d || p->old_row || d->index == p->target.request.index ||
		p->target.request.row == ROW_REQUEST_CREATE_AND_GO)
		return NULL;
	return "another domain has this name now";
}

static void end_reading(struct run *run)
{
	if (run->read_failed) {
		run->read_again_ms = clock_after(run_now(run), READ_AGAIN_MS);
		return;
	}
	for (size_t i = 0; i < run->t->n_parts; i++) {
		const char *why = why_another(&run->parts[i]);

		if (why) {
			run_fail_because(run, i, 0, why);
			return;
		}
	}
	make_plan(run);
}

static void on_read(void *user, int err, const struct domain *d, const struct snapshot *s)
{
	struct run_part *p = user;
	struct run *run = p->run;

	run->looks_out--;
	run->x->commands.kick = true;
	/* The run was undone meanwhile. */
	if (run->state != RUN_READING)
		return;
	if (err < 0) {
		run->read_failed = true;
	} else {
		p->looked = true;
		target_learn(&p->target, d, s);
		domain_unref(p->before);
		p->before = domain_ref(p->target.domain);
	}
	if (run->looks_out == 0)
		end_reading(run);
}

static void read_domains(struct run *run)
{
	const struct port *port = &run->x->commands.port;

	run->read_failed = false;
	run->read_again_ms = CLOCK_NEVER;
	/* One is added for this function: no answer can end the reading before all were asked. */
	run->looks_out = 1;
	for (size_t i = 0; i < run->t->n_parts; i++) {
		struct run_part *p = &run->parts[i];

		if (p->local)
			continue;
		if (port->look(port->refresh, target_name(&p->target), on_read, p) >= 0)
			run->looks_out++;
		else
			run->read_failed = true;
	}
	if (--run->looks_out == 0)
		end_reading(run);
}

static void run_begin(struct run *run, uint64_t now_ms)
{
	run_set_state(run, RUN_READING);
	run->give_up_ms = clock_after(now_ms, BEGIN_MS);
	report_rows(run);
	for (size_t i = 0; i < run->t->n_parts; i++) {
		if (learn_row(&run->parts[i]) < 0) {
			run_fail_because(run, 0, 0, "the agent has no memory left");
			return;
		}
	}
	read_domains(run);
}

static void run_read_again(struct run *run, uint64_t now_ms)
{
	if (now_ms < run->give_up_ms)
		read_domains(run);
	else
		run_fail_because(run, 0, 0, "ldmd did not answer; nothing was changed");
}

/* --- forwards ------------------------------------------------------------------------------ */

static void mark_step(struct run *run, enum step_mark mark)
{
	run->plan.steps[run->at].mark = mark;
	if ((1u << mark & (MARKS_DID | M(SKIPPED))) != 0)
		run->parts[run->plan.steps[run->at].part].steps_done++;
}

/* Checked again for each step: a template may have made a domain with whole cores, for example. */
static bool is_forbidden(struct run *run, const struct step *s)
{
	struct target *t = &run->parts[s->part].target;
	enum refusal_reason why = step_forbidden(s, t->domain);

	if (why != REASON_NONE)
		target_set_message(t, reason_text(why));
	return why != REASON_NONE;
}

static void on_step_ended(void *user, enum step_mark mark)
{
	struct run *run = user;
	const struct step *s = &run->plan.steps[run->at];
	const struct port *port = &run->x->commands.port;

	mark_step(run, mark);
	if (s->action == STEP_SAVE && mark == MARK_DID)
		port->saved(port->user, run->command.sent_ms);
	else if (s->action != STEP_SAVE && (1u << mark & MARKS_MAYBE_DID) != 0)
		port->changed(port->user);
	if ((1u << mark & MARKS_DID) == 0) {
		run_fail(run, s->part, s->field);
		return;
	}
	run->at++;
	report_rows(run);
	run_advance(run);
}

static void run_advance(struct run *run)
{
	for (; run->at < run->plan.n; run->at++) {
		const struct step *s = &run->plan.steps[run->at];
		struct target *t = &run->parts[s->part].target;
		bool there =
			target_progress(t, s) == STEP_REACHED && !step_waits_unseen(s, t->domain);
		bool waits = there && step_waits(s, t->domain);

		if (run->word == MASTER_UNDO || (!there && is_forbidden(run, s))) {
			run_fail(run, s->part, s->field);
			return;
		}
		if (!there) {
			command_begin(&run->command, &run->x->commands, t, s, on_step_ended, run,
				run_now(run));
			return;
		}
		if (waits)
			target_set_message(t, STEP_WAITS_TEXT);
		mark_step(run, waits ? MARK_WAITS : MARK_SKIPPED);
	}
	if (run->word == MASTER_UNDO)
		run_fail(run, 0, 0);
	else
		run_succeed(run);
}

/* --- backwards ----------------------------------------------------------------------------- */

/* A domain that the transaction made is removed, so what was set in it need not be undone. */
static bool part_was_made(const struct run *run, size_t part)
{
	for (size_t i = 0; i < run->plan.n; i++)
		if (run->plan.steps[i].part == part && run->plan.steps[i].action == STEP_ADD)
			return true;
	return false;
}

static bool needs_step_back(const struct run *run, size_t i, struct step *ret)
{
	const struct step *s = &run->plan.steps[i];
	const struct domain *d = run->parts[s->part].target.domain;
	bool made = part_was_made(run, s->part);

	if ((1u << s->mark & MARKS_MAYBE_DID) == 0)
		return false;
	if (run->parts[s->part].given_up || s->irreversible || !step_inverse(s, ret))
		return false;
	if (made && s->action != STEP_BIND && s->action != STEP_ADD)
		return false;
	/* A command without an answer may still run later, so it is undone even if the domain looks
	 * unchanged. */
	return s->mark == MARK_MAYBE || s->mark == MARK_UNKNOWN || step_waits_unseen(ret, d) ||
	       step_progress(ret, d) != STEP_REACHED;
}

static void on_step_back_ended(void *user, enum step_mark mark);

static void run_go_back(struct run *run)
{
	struct step back;

	/* A dropped command may still wait for its look; run_turn() goes on after the look. */
	if (run->command.state != COMMAND_IDLE)
		return;
	while (run->at > 0) {
		run->at--;
		if (!needs_step_back(run, run->at, &back))
			continue;
		if (!is_forbidden(run, &back)) {
			command_begin(&run->command, &run->x->commands,
				&run->parts[back.part].target, &back, on_step_back_ended, run,
				run_now(run));
			return;
		}
		run->plan.steps[run->at].mark = MARK_STUCK;
	}
	run_end_rollback(run);
}

static void on_step_back_ended(void *user, enum step_mark mark)
{
	struct run *run = user;
	struct run_part *p = &run->parts[run->command.step.part];
	bool unknown = run->plan.steps[run->at].mark == MARK_UNKNOWN;
	/*
	 * Where the domain cannot show that the step was undone, ldmd has to answer that it was:
	 * before a reboot, and while the command that is undone may still run.
	 */
	bool back = (mark == MARK_DID || mark == MARK_WAITS) &&
		    (run->command.answer == COMMAND_DONE ||
			    (!unknown && !step_waits_unseen(&run->command.step, p->target.domain)));

	if (back)
		run->plan.steps[run->at].mark = MARK_BACK;
	else if (!unknown)
		run->plan.steps[run->at].mark = MARK_STUCK;
	if (back && p->steps_done > 0)
		p->steps_done--;
	report_rows(run);
	run_go_back(run);
}

static void run_roll_back(struct run *run)
{
	run_set_state(run, RUN_BACK);
	run->at = run->plan.n;
	report_rows(run);
	run_go_back(run);
}

/* The master undoes a run that is DONE, and its domains are free. */
static void run_take_back(struct run *run)
{
	_cleanup_free_ struct plan_input *in = run->plan.n > 0 ? plan_inputs(run) : NULL;

	/* The SET is undone even if that cannot be written. */
	if (in)
		(void)history_begin(run->x->history, run->t, in, true);
	run_roll_back(run);
}

/* --- what the master and other transactions ask --------------------------------------------- */

static bool irreversible_was_sent(const struct run *run)
{
	return run->state == RUN_FORWARD && (run->command.sent || run->command.forced) &&
	       run->command.step.irreversible;
}

static void run_undo(struct run *run, const char *why)
{
	if (run->state == RUN_BACK)
		return;
	set_messages(run, run->t->n_parts, why);
	if (run->state == RUN_QUEUED || run->state == RUN_READING) {
		run_fail(run, 0, 0);
		return;
	}
	run->word = MASTER_UNDO;
	if (run->state != RUN_FORWARD)
		return;
	if (irreversible_was_sent(run) || cannot_be_undone(run)) {
		run->outcome = OUTCOME_HOPELESS;
		report_verdict(run);
	}
	/* A command that was not sent is dropped; one that was sent is waited for. */
	if (run->command.state == COMMAND_SLOT && !run->command.forced) {
		command_drop(&run->command);
		run_fail(run, run->command.step.part, run->command.step.field);
	}
}

static void run_keep(struct run *run)
{
	if (run->word == MASTER_NOTHING)
		run->word = MASTER_KEEP;
	if (run->state != RUN_DONE || run->word == MASTER_UNDO)
		return;
	run->outcome = OUTCOME_KEPT;
	report_verdict(run);
	run_set_state(run, RUN_OVER);
}

/*
 * Another transaction's forced stop takes over the domain that this run stops or restarts. The run
 * leaves that domain as it is, and takes its other domains back.
 */
static void run_give_up_part(struct run *run, size_t part)
{
	command_drop(&run->command);
	run->plan.steps[run->at].mark = MARK_MAYBE;
	run->parts[part].given_up = true;
	target_set_message(&run->parts[part].target, PREEMPTED);
	run->outcome = OUTCOME_HOPELESS;
	run_fail(run, part, FIELD_ADMIN_BIT);
}

/* A forceStop of another transaction on one of the run's domains. */
static void run_preempt(struct run *run, uint32_t index)
{
	size_t part = run->command.step.part;
	bool in_tail = run->state == RUN_FORWARD &&
		       run->parts[part].target.request.index == index &&
		       (irreversible_was_sent(run) || part_has_mark(run, part, MARKS_DID, true));

	if (in_tail)
		run_give_up_part(run, part);
	else if (run->state != RUN_DONE)
		run_undo(run, PREEMPTED);
}

static void run_turn(struct run *run, uint64_t now_ms)
{
	if (run->state == RUN_READING && now_ms >= run->read_again_ms && run->looks_out == 0)
		run_read_again(run, now_ms);
	else if (run->state == RUN_BACK && run->command.state == COMMAND_IDLE)
		run_go_back(run);
	else if (run->state == RUN_FORWARD || run->state == RUN_BACK)
		command_turn(&run->command, now_ms);
	else if (run->state == RUN_DONE && now_ms >= run->forget_at_ms)
		run_keep(run);
}

static uint64_t run_next(const struct run *run)
{
	switch (run->state) {
	case RUN_READING:
		return run->looks_out == 0 ? run->read_again_ms : CLOCK_NEVER;
	case RUN_FORWARD:
	case RUN_BACK:
		return command_next(&run->command);
	case RUN_DONE:
		return run->word == MASTER_UNDO ? CLOCK_NEVER : run->forget_at_ms;
	default:
		return CLOCK_NEVER;
	}
}

/* --- all runs ------------------------------------------------------------------------------ */

void executor_configure(struct executor *x, const struct command_config *config)
{
	x->commands.config = *config;
}

int executor_new(const struct command_config *config, const struct port *port, struct handover *h,
	struct history *y, struct executor **ret)
{
	struct executor *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->commands.port = *port;
	x->commands.config = *config;
	x->handover = h;
	x->history = y;
	*ret = x;
	return 0;
}

void executor_free(struct executor *x)
{
	if (!x)
		return;
	while (x->runs) {
		struct run *run = x->runs;

		x->runs = run->next;
		run_free(run);
	}
	free(x);
}

static struct run *find_run(struct executor *x, uint32_t id)
{
	for (struct run *run = x->runs; run; run = run->next)
		if (run->t->id == id && run->state != RUN_OVER)
			return run;
	return NULL;
}

static bool run_has_domain(const struct run *run, uint32_t index)
{
	for (size_t i = 0; i < run->t->n_parts; i++)
		if (run->t->parts[i].request.index == index && !run->parts[i].given_up)
			return true;
	return false;
}

bool executor_works_on(const struct executor *x, uint32_t index)
{
	for (const struct run *run = x->runs; run; run = run->next)
		if ((run_is_busy(run) || run_waits(run)) && run_has_domain(run, index))
			return true;
	return false;
}

void executor_start(struct executor *x, struct transaction *t, uint64_t now_ms)
{
	struct run *new, **last = &x->runs;

	for (size_t i = 0; i < t->n_parts; i++) {
		uint32_t index = t->parts[i].request.index;

		if (t->parts[i].result != PRECHECK_PREEMPT)
			continue;
		for (struct run *run = x->runs; run; run = run->next)
			if (run->state != RUN_OVER && run_has_domain(run, index))
				run_preempt(run, index);
	}
	if (run_new(x, t, &new) >= 0) {
		while (*last)
			last = &(*last)->next;
		*last = new;
		x->commands.kick = true;
	} else {
		log_err(TOKEN, "no memory for transaction %u", t->id);
		handover_post_verdict(
			x->handover, &(struct verdict){t->id, OUTCOME_ROLLED_BACK, 0});
	}
	executor_turn(x, now_ms);
}

void executor_undo(struct executor *x, uint32_t id, uint64_t now_ms)
{
	struct run *run = find_run(x, id);

	if (run)
		run_undo(run, "undone: another part of the SET failed");
	executor_turn(x, now_ms);
}

void executor_keep(struct executor *x, uint32_t id, uint64_t now_ms)
{
	struct run *run = find_run(x, id);

	if (run)
		run_keep(run);
	executor_turn(x, now_ms);
}

void executor_see(struct executor *x, const struct snapshot *s)
{
	/* A run that ends may change a row, and publish a snapshot in the place of this one. */
	snapshot_ref(s);
	for (struct run *run = x->runs; run; run = run->next)
		if (run->state == RUN_FORWARD || run->state == RUN_BACK)
			command_see(&run->command, s);
	snapshot_unref(s);
}

static bool shares_domain(const struct run *a, const struct run *b)
{
	for (size_t i = 0; i < a->t->n_parts; i++)
		if (!a->parts[i].given_up && run_has_domain(b, a->t->parts[i].request.index))
			return true;
	return false;
}

/* A run waits for those that came before it. A done run holds no domain until it is undone. */
static bool may_begin(const struct executor *x, const struct run *run)
{
	for (const struct run *other = x->runs; other != run; other = other->next)
		if ((run_is_busy(other) || run_waits(other)) && shares_domain(other, run))
			return false;
	/* A run that is to be undone also waits for those that came when it was done. */
	for (const struct run *other = run->next; other; other = other->next)
		if (run_is_busy(other) && shares_domain(other, run))
			return false;
	return true;
}

/* A run whose look has no answer yet stays, because the callback needs it. */
static void free_runs_that_are_over(struct executor *x)
{
	struct run **p = &x->runs;

	while (*p) {
		struct run *run = *p;

		if (run->state != RUN_OVER || run->looks_out > 0 ||
			run->command.state != COMMAND_IDLE) {
			p = &run->next;
			continue;
		}
		*p = run->next;
		run_free(run);
	}
}

void executor_turn(struct executor *x, uint64_t now_ms)
{
	do {
		x->commands.kick = false;
		for (struct run *run = x->runs; run; run = run->next) {
			bool begun = run->state != RUN_QUEUED && run->state != RUN_READING;

			if (x->stopping && !begun)
				run_undo(run, "the agent was stopped before it began");
			if (run->state == RUN_QUEUED && may_begin(x, run))
				run_begin(run, now_ms);
			else if (run_waits(run) && may_begin(x, run))
				run_take_back(run);
			run_turn(run, now_ms);
		}
		free_runs_that_are_over(x);
	} while (x->commands.kick);
}

uint64_t executor_next(const struct executor *x)
{
	uint64_t next = x->commands.kick ? 0 : CLOCK_NEVER;

	for (const struct run *run = x->runs; run; run = run->next)
		if (run_next(run) < next)
			next = run_next(run);
	return next;
}

void executor_stop(struct executor *x)
{
	x->stopping = true;
	x->commands.kick = true;
}

bool executor_idle(const struct executor *x)
{
	for (const struct run *run = x->runs; run; run = run->next)
		if (run_waits(run) || (run_is_busy(run) && !command_is_uncertain(&run->command)))
			return false;
	return true;
}
