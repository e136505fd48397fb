/*
 * Step 0 of a transaction: how are its domains now, and which steps lead from there to what is
 * asked? Nothing leaves for ldmd here but questions. (run.h)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/run.h"
#include "util/clock.h"

#define READ_AGAIN_MS 500

static uint64_t now_of(const struct run *r)
{
	return r->x->port.now(r->x->port_user);
}

/* A part is local when it is about a row that stays, or goes, without having been a domain. */
static int learn_row(struct run *r, size_t i)
{
	struct run_part *p = &r->parts[i];
	const struct domain *row = r->x->port.row(r->x->port_user, p->request.index);

	domain_unref(p->old_row);
	p->old_row = domain_ref(row);
	if (set_request_asks_row(&p->request, ROW_REQUEST_CREATE_AND_WAIT))
		p->local = true;
	else if (row != NULL && !set_request_asks_row(&p->request, ROW_REQUEST_ACTIVE))
		p->local = true;
	/* Not there, and nobody asks for it to be there. */
	else if (p->request.domain == NULL &&
		 set_request_asks_row(&p->request, ROW_REQUEST_DESTROY))
		p->local = true;
	else if (row != NULL)
		return plan_complete(&p->request, row);
	return 0;
}

/* An amount that was not asked for again has no varbind: its row has. */
static size_t collect_inputs(const struct run *r, struct plan_input *in, size_t *map)
{
	size_t n = 0;

	for (size_t i = 0; i < r->t->n_parts; i++) {
		if (r->parts[i].local)
			continue;
		map[n] = i;
		in[n++] = (struct plan_input){&r->parts[i].request, r->parts[i].before};
	}
	return n;
}

static void no_memory(struct run *r)
{
	run_set_message(&r->parts[0], "the agent has no memory left");
	run_fail(r, 0, 0);
}

static void plan_failed(struct run *r, int err, size_t part, unsigned field, const char *reason)
{
	if (err != -ENOTSUP) {
		no_memory(r);
		return;
	}
	run_set_message(&r->parts[part], reason);
	run_fail(r, part, field);
}

static int put_rows(struct run *r, size_t *ret_part)
{
	int rc = 0;

	for (size_t i = 0; i < r->t->n_parts && rc >= 0; i++) {
		struct run_part *p = &r->parts[i];
		bool makes = p->before == NULL && (p->request.fields & FIELD_ROW_BIT) != 0 &&
			     !set_request_asks_row(&p->request, ROW_REQUEST_DESTROY);
		bool changes = p->local && p->old_row != NULL &&
			       !set_request_asks_row(&p->request, ROW_REQUEST_DESTROY);

		*ret_part = i;
		if (makes || changes) {
			rc = r->x->port.put_row(r->x->port_user, &r->t->parts[i].request);
			p->row_put = rc >= 0;
		}
	}
	return rc;
}

int run_write_journal(struct run *r)
{
	struct plan_input *in = calloc(r->t->n_parts, sizeof(*in));
	int rc;

	if (in == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < r->t->n_parts; i++)
		in[i] = (struct plan_input){&r->parts[i].request, r->parts[i].before};
	rc = r->phase == RUN_DONE ? journal_undo(r->x->journal, r->t, in)
				  : journal_begin(r->x->journal, r->t, in);
	r->journalled = rc >= 0;
	free(in);
	return rc;
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

static void begin_steps(struct run *r)
{
	size_t part = 0;
	int rc;

	for (size_t i = 0; i < r->plan.n; i++)
		r->parts[r->plan.steps[i].part].steps_planned++;
	if (r->plan.n > 0 && run_write_journal(r) < 0) {
		run_set_message(&r->parts[0], "the journal cannot be written");
		run_fail(r, 0, 0);
		return;
	}
	rc = put_rows(r, &part);
	if (rc < 0) {
		run_set_message(&r->parts[part], why_no_row(rc));
		run_fail(r, part, FIELD_ROW_BIT);
		return;
	}
	r->phase = RUN_FORWARD;
	r->at = 0;
	report_rows(r);
	run_advance(r);
}

static void make_plan(struct run *r)
{
	size_t n = r->t->n_parts, part = 0;
	struct plan_input *in = calloc(n, sizeof(*in));
	size_t *map = calloc(n, sizeof(*map));
	unsigned field = 0;
	const char *reason = NULL;
	int rc = -ENOMEM;

	if (in != NULL && map != NULL)
		rc = plan_make(in, collect_inputs(r, in, map), &r->plan, &part, &field, &reason);
	for (size_t i = 0; rc >= 0 && i < r->plan.n; i++)
		r->plan.steps[i].part = map[r->plan.steps[i].part];
	if (rc == -ENOTSUP)
		part = map[part];
	free(in);
	free(map);
	if (rc >= 0) {
		r->marks = calloc(r->plan.n > 0 ? r->plan.n : 1, sizeof(*r->marks));
		rc = r->marks != NULL ? 0 : -ENOMEM;
	}
	if (rc < 0)
		plan_failed(r, rc, part, field, reason);
	else
		begin_steps(r);
}

/* Why what was read is not what the part is about (static text); NULL: it is. */
static const char *not_the_one(const struct run_part *p, const struct domain *d)
{
	/* A domain that went meanwhile, or a row: active does not bring it back. */
	if (d == NULL && p->old_row == NULL &&
		set_request_asks_row(&p->request, ROW_REQUEST_ACTIVE))
		return "the row is not there any more";
	if (d == NULL || p->old_row != NULL || d->index == p->request.index ||
		set_request_asks_row(&p->request, ROW_REQUEST_CREATE_AND_GO))
		return NULL;
	return "another domain has this name now";
}

static void all_read(struct run *r)
{
	if (r->read_failed) {
		r->read_again_ms = clock_after(now_of(r), READ_AGAIN_MS);
		return;
	}
	for (size_t i = 0; i < r->t->n_parts; i++) {
		const char *why = not_the_one(&r->parts[i], r->parts[i].before);

		if (why != NULL) {
			run_set_message(&r->parts[i], why);
			run_fail(r, i, 0);
			return;
		}
	}
	make_plan(r);
}

static void on_read(struct run *r, size_t part, int err, const struct domain *d)
{
	struct run_part *p = &r->parts[part];

	/* Undone meanwhile. */
	if (r->phase != RUN_READING)
		return;
	r->looks_out--;
	if (err < 0) {
		r->read_failed = true;
	} else {
		p->looked = true;
		run_set_domain(p, d);
		domain_unref(p->before);
		p->before = domain_ref(d);
	}
	if (r->looks_out == 0)
		all_read(r);
}

static void read_domains(struct run *r)
{
	r->read_failed = false;
	r->read_again_ms = CLOCK_NEVER;
	/* One more, so that the last answer cannot come before the last question. */
	r->looks_out = 1;
	for (size_t i = 0; i < r->t->n_parts; i++) {
		if (r->parts[i].local)
			continue;
		if (executor_look(r->x, r, i, on_read) >= 0)
			r->looks_out++;
		else
			r->read_failed = true;
	}
	if (--r->looks_out == 0)
		all_read(r);
}

void run_begin(struct run *r, uint64_t now_ms)
{
	r->phase = RUN_READING;
	r->give_up_ms = clock_after(now_ms, r->x->config.begin_ms);
	report_rows(r);
	for (size_t i = 0; i < r->t->n_parts; i++) {
		if (learn_row(r, i) < 0) {
			no_memory(r);
			return;
		}
	}
	read_domains(r);
}

void run_read_again(struct run *r, uint64_t now_ms)
{
	if (now_ms < r->give_up_ms) {
		read_domains(r);
		return;
	}
	run_set_message(&r->parts[0], "ldmd did not answer; nothing was changed");
	run_fail(r, 0, 0);
}
