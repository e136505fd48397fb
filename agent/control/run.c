/*
 * One transaction from step 0 to its end: forwards step by step, and back when one fails or the
 * master says undo. (run.h)
 */
#include "control/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/log.h"

#define TOKEN	  "control:run"
#define PREEMPTED "pre-empted by forceStop"

static void go_back(struct run *r);

static uint64_t now_of(const struct run *r)
{
	return r->x->port.now(r->x->port_user);
}

/* --- life ---------------------------------------------------------------------------------- */

int run_new(struct executor *x, struct transaction *t, struct run **ret)
{
	struct run *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	r->x = x;
	r->t = transaction_ref(t);
	r->verdict.transaction = t->id;
	r->parts = calloc(t->n_parts > 0 ? t->n_parts : 1, sizeof(*r->parts));
	for (size_t i = 0; r->parts != NULL && i < t->n_parts; i++) {
		if (set_request_copy(&t->parts[i].request, &r->parts[i].request) < 0) {
			run_free(r);
			return -ENOMEM;
		}
	}
	if (r->parts == NULL) {
		run_free(r);
		return -ENOMEM;
	}
	*ret = r;
	return 0;
}

static void part_clear(struct run_part *p)
{
	set_request_clear(&p->request);
	domain_unref(p->domain);
	domain_unref(p->before);
	domain_unref(p->old_row);
	free(p->message);
}

void run_free(struct run *r)
{
	if (r == NULL)
		return;
	for (struct look *l = r->x->looks; l != NULL; l = l->next)
		if (l->run == r)
			l->run = NULL;
	for (size_t i = 0; r->parts != NULL && i < r->t->n_parts; i++)
		part_clear(&r->parts[i]);
	free(r->parts);
	free(r->marks);
	plan_clear(&r->plan);
	transaction_unref(r->t);
	free(r);
}

const char *run_domain(const struct run *r, size_t part)
{
	const struct run_part *p = &r->parts[part];

	return p->request.domain != NULL ? p->request.domain : "";
}

void run_set_domain(struct run_part *p, const struct domain *d)
{
	domain_ref(d);
	domain_unref(p->domain);
	p->domain = d;
}

void run_set_message(struct run_part *p, const char *message)
{
	if (operation_set_text(&p->message, message) < 0)
		log_warn(TOKEN, "no memory for the message of \"%s\"", p->request.domain);
}

bool run_is_busy(const struct run *r)
{
	return r->phase == RUN_READING || r->phase == RUN_FORWARD || r->phase == RUN_BACK;
}

bool run_waits(const struct run *r)
{
	return r->phase == RUN_QUEUED || (r->phase == RUN_DONE && r->undo_wanted);
}

/* --- the end ------------------------------------------------------------------------------- */

static void over(struct run *r)
{
	r->phase = RUN_OVER;
	r->x->kick = true;
}

static void close_journal(struct run *r)
{
	if (r->journalled)
		journal_end(r->x->journal, r->t->id);
	r->journalled = false;
}

/* Rows that were being made and are to go, once nothing can fail any more. */
static void drop_destroyed_rows(struct run *r)
{
	for (size_t i = 0; i < r->t->n_parts; i++)
		if (r->parts[i].local &&
			set_request_asks_row(&r->parts[i].request, ROW_REQUEST_DESTROY))
			r->x->port.restore_row(r->x->port_user, r->parts[i].request.index, NULL);
}

static void succeed(struct run *r)
{
	drop_destroyed_rows(r);
	r->phase = RUN_DONE;
	r->forget_at_ms = clock_after(now_of(r), r->x->config.keep_ms);
	r->verdict.decided = true;
	r->verdict.settled = r->kept;
	r->x->kick = true;
	report_end(r);
	close_journal(r);
	if (r->kept)
		over(r);
}

static bool cannot_be_undone(const struct run *r)
{
	for (size_t i = 0; i < r->t->n_parts; i++)
		if (r->parts[i].irreversible_done || r->parts[i].irreversible_maybe ||
			r->parts[i].rollback_failed)
			return true;
	return false;
}

static void restore_rows(struct run *r)
{
	for (size_t i = 0; i < r->t->n_parts; i++) {
		struct run_part *p = &r->parts[i];

		/* ldmd has a domain there now: the row is no longer the manager's. */
		if (p->row_put && p->domain == NULL)
			r->x->port.restore_row(r->x->port_user, p->request.index, p->old_row);
		p->row_put = false;
	}
}

static void rolled_back(struct run *r)
{
	restore_rows(r);
	r->verdict.undo_failed = cannot_be_undone(r);
	r->verdict.undone = !r->verdict.undo_failed;
	r->verdict.settled = true;
	report_end(r);
	close_journal(r);
	over(r);
}

/* In all rows but one; what ldmd said goes before. */
static void tell_why(struct run *r, size_t but, const char *why)
{
	for (size_t i = 0; i < r->t->n_parts; i++)
		if (i != but && r->parts[i].message == NULL)
			run_set_message(&r->parts[i], why);
}

/* Tells the manager first; the rollback takes as long as it takes. */
void run_fail(struct run *r, size_t part, unsigned field)
{
	r->culprit = part;
	r->verdict.decided = true;
	r->verdict.failed = true;
	r->verdict.culprit = set_request_position(&r->t->parts[part].request, field);
	report_verdict(r);
	tell_why(r, part, "another part of the SET failed");
	go_back(r);
}

/* --- forwards ------------------------------------------------------------------------------ */

static void mark(struct run *r, enum step_mark m)
{
	const struct step *s = &r->plan.steps[r->at];
	struct run_part *p = &r->parts[s->part];

	r->marks[r->at] = m;
	if (m == MARK_DID || m == MARK_SKIPPED)
		p->steps_done++;
	if (m == MARK_DID && s->irreversible)
		p->irreversible_done = true;
	if (m == MARK_MAYBE && s->irreversible)
		p->irreversible_maybe = true;
	if (m == MARK_DID || m == MARK_MAYBE) {
		p->did = true;
		r->x->port.changed(r->x->port_user);
	}
}

/* What step 0 could not know: a template with whole cores, say. */
static bool is_forbidden(const struct run *r, const struct step *s)
{
	struct run_part *p = &r->parts[s->part];
	const char *why = step_forbidden(s, p->domain);

	if (why != NULL)
		run_set_message(p, why);
	return why != NULL;
}

void run_advance(struct run *r)
{
	while (r->at < r->plan.n) {
		const struct step *s = &r->plan.steps[r->at];
		bool there = step_progress(s, r->parts[s->part].domain) == STEP_REACHED;

		if (r->undo_wanted || (!there && is_forbidden(r, s))) {
			run_fail(r, s->part, s->field);
			return;
		}
		if (!there) {
			act_begin(r, s, now_of(r));
			return;
		}
		mark(r, MARK_SKIPPED);
		r->at++;
	}
	if (r->undo_wanted)
		run_fail(r, 0, 0);
	else
		succeed(r);
}

static void forward_ended(struct run *r, enum act_result result)
{
	const struct step *s = &r->plan.steps[r->at];

	if (result == ACT_REACHED || result == ACT_SHORT) {
		r->parts[s->part].gave_less |= result == ACT_SHORT;
		mark(r, MARK_DID);
		r->at++;
		report_rows(r);
		run_advance(r);
		return;
	}
	if (result == ACT_NOT_OURS)
		r->parts[s->part].rollback_failed = true;
	else if (result != ACT_UNCHANGED)
		mark(r, MARK_MAYBE);
	run_fail(r, s->part, s->field);
}

/* --- backwards ----------------------------------------------------------------------------- */

/* A domain that we made is removed whole; what was set in it needs no step back. */
static bool was_made(const struct run *r, size_t part)
{
	for (size_t i = 0; i < r->plan.n; i++)
		if (r->plan.steps[i].part == part && r->plan.steps[i].action == STEP_ADD)
			return true;
	return false;
}

static bool needs_step_back(const struct run *r, size_t i, struct step *ret)
{
	const struct step *s = &r->plan.steps[i];
	const struct domain *d = r->parts[s->part].domain;
	bool state = s->action == STEP_BIND || s->action == STEP_ADD;

	if (r->marks[i] != MARK_DID && r->marks[i] != MARK_MAYBE)
		return false;
	if (s->irreversible || !step_inverse(s, ret))
		return false;
	if (was_made(r, s->part) && !state)
		return false;
	/* What may still come is answered by the command back, whatever it looks like now. */
	return r->marks[i] == MARK_MAYBE || step_waits(ret, d) ||
	       step_progress(ret, d) != STEP_REACHED;
}

static void back_on(struct run *r)
{
	struct step back;

	while (r->at > 0) {
		r->at--;
		if (!needs_step_back(r, r->at, &back))
			continue;
		if (!is_forbidden(r, &back)) {
			act_begin(r, &back, now_of(r));
			return;
		}
		r->parts[back.part].rollback_failed = true;
	}
	rolled_back(r);
}

static void go_back(struct run *r)
{
	r->phase = RUN_BACK;
	r->at = r->marks != NULL ? r->plan.n : 0;
	report_rows(r);
	back_on(r);
}

static void back_ended(struct run *r, enum act_result result)
{
	struct run_part *p = &r->parts[r->plan.steps[r->at].part];
	/* Where it does not show, ldmd's word has to do. */
	bool back = result == ACT_REACHED &&
		    (r->act.outcome == COMMAND_DONE || !step_waits(&r->act.step, p->domain));

	if (back)
		r->marks[r->at] = MARK_TODO;
	else
		p->rollback_failed = true;
	if (back && p->steps_done > 0)
		p->steps_done--;
	report_rows(r);
	back_on(r);
}

void run_act_ended(struct run *r, enum act_result result)
{
	if (r->phase == RUN_FORWARD)
		forward_ended(r, result);
	else if (r->phase == RUN_BACK)
		back_ended(r, result);
}

/* --- words from outside -------------------------------------------------------------------- */

static bool irreversible_sent(const struct run *r)
{
	return r->phase == RUN_FORWARD && (r->act.sent || r->act.forced) &&
	       r->act.step.irreversible;
}

static void undo_forward(struct run *r)
{
	r->undo_wanted = true;
	if (irreversible_sent(r) || cannot_be_undone(r)) {
		r->verdict.undo_failed = true;
		report_verdict(r);
	}
	/* Not sent yet: no need to wait for it. */
	if (r->act.state == ACT_SLOT && !r->act.forced) {
		act_drop(r);
		run_fail(r, r->act.step.part, r->act.step.field);
	}
}

void run_take_back(struct run *r)
{
	for (size_t i = 0; i < r->t->n_parts; i++)
		if (r->parts[i].local &&
			set_request_asks_row(&r->parts[i].request, ROW_REQUEST_DESTROY))
			r->parts[i].rollback_failed = true;
	if (r->plan.n > 0)
		(void)run_write_journal(r);
	go_back(r);
}

static void undo(struct run *r, const char *why)
{
	if (r->phase == RUN_BACK)
		return;
	tell_why(r, r->t->n_parts, why);
	if (r->phase == RUN_FORWARD)
		undo_forward(r);
	else if (r->phase == RUN_DONE)
		r->undo_wanted = true;
	else
		run_fail(r, 0, 0);
}

void run_undo(struct run *r)
{
	undo(r, "undone: another part of the SET failed");
}

void run_cancel(struct run *r)
{
	if (r->phase == RUN_QUEUED || r->phase == RUN_READING)
		undo(r, "the agent was stopped before it began");
}

void run_keep(struct run *r)
{
	r->kept = true;
	if (r->phase != RUN_DONE || r->undo_wanted)
		return;
	r->verdict.settled = true;
	report_verdict(r);
	over(r);
}

/* Something of it was sent. */
static bool in_tail_of(const struct run *r, uint32_t index)
{
	const struct run_part *p = &r->parts[r->act.step.part];

	return r->phase == RUN_FORWARD && p->request.index == index &&
	       (irreversible_sent(r) || p->irreversible_done);
}

/* Stays where it is: the forced stop goes on from there. */
static void give_way(struct run *r)
{
	struct run_part *p = &r->parts[r->plan.steps[r->at].part];

	act_drop(r);
	drop_destroyed_rows(r);
	p->irreversible_maybe = true;
	r->preempted = true;
	run_set_message(p, PREEMPTED);
	r->culprit = r->plan.steps[r->at].part;
	r->verdict.decided = r->verdict.failed = r->verdict.undo_failed = true;
	r->verdict.settled = true;
	r->verdict.culprit =
		set_request_position(&r->t->parts[r->culprit].request, FIELD_ADMIN_BIT);
	report_end(r);
	close_journal(r);
	over(r);
}

void run_preempt(struct run *r, uint32_t index)
{
	if (in_tail_of(r, index))
		give_way(r);
	else if (r->phase != RUN_DONE)
		undo(r, PREEMPTED);
}

/* --- time ---------------------------------------------------------------------------------- */

void run_turn(struct run *r, uint64_t now_ms)
{
	if (r->phase == RUN_READING && now_ms >= r->read_again_ms && r->looks_out == 0)
		run_read_again(r, now_ms);
	else if (r->phase == RUN_FORWARD || r->phase == RUN_BACK)
		act_turn(r, now_ms);
	else if (r->phase == RUN_DONE && now_ms >= r->forget_at_ms)
		run_keep(r);
}

uint64_t run_next(const struct run *r)
{
	switch (r->phase) {
	case RUN_READING:
		return r->looks_out == 0 ? r->read_again_ms : CLOCK_NEVER;
	case RUN_FORWARD:
	case RUN_BACK:
		return act_next(r);
	case RUN_DONE:
		return r->undo_wanted ? CLOCK_NEVER : r->forget_at_ms;
	default:
		return CLOCK_NEVER;
	}
}
