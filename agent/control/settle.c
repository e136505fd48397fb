/* See settle.h. */
#include "control/settle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/executor.h"
#include "inventory/refresh.h"
#include "util/clock.h"
#include "util/log.h"

#define TOKEN	 "control"
#define AGAIN_MS 500

struct open_part {
	struct settle *settle;
	const struct journal_part *part;
	uint32_t transaction;
	bool asked, done;
};

struct settle {
	struct journal *journal;
	struct handover *handover;
	struct open_part *parts;
	size_t n, left;
	uint64_t patience_ms, give_up_ms, next_ms;
};

/* --- rows ---------------------------------------------------------------------------------- */

static int restored_row(const struct open_part *p, struct operation **ret)
{
	struct operation *o;
	int rc = operation_new(&o);

	if (rc < 0)
		return rc;
	o->index = p->part->operation;
	o->transaction = p->transaction;
	o->domain_index = p->part->request.index;
	rc = set_request_describe(&p->part->request, &o->request);
	if (rc >= 0)
		rc = operation_set_text(
			&o->domain, p->part->request.domain != NULL ? p->part->request.domain : "");
	if (rc < 0) {
		operation_unref(o);
		return rc;
	}
	o->started_at = p->part->started_at;
	*ret = o;
	return 0;
}

static int show(struct open_part *p, enum operation_status status, const struct domain *d)
{
	const struct oplog_view *v = handover_oplog(p->settle->handover);
	const struct operation *old = oplog_view_find(v, p->part->operation);
	struct operation *o;
	int rc = old != NULL ? operation_copy(old, &o) : restored_row(p, &o);

	oplog_view_unref(v);
	if (rc < 0)
		return rc;
	o->status = status;
	o->changed_ms = clock_ms();
	o->target = status == OPERATION_RUNNING ? o->target : ADMIN_NONE;
	if (d != NULL) {
		char *after = executor_describe(d);

		(void)operation_set_text(&o->after, after);
		free(after);
	}
	if (status != OPERATION_RUNNING) {
		(void)operation_set_text(
			&o->message, "the agent was restarted meanwhile; settled by reading");
		log_notice(TOKEN,
			"operation %u: \"%s\": %s: %s (settled by reading after a restart)",
			o->index, o->domain, o->request, operation_status_name(status));
	}
	return old != NULL ? handover_update_operation(p->settle->handover, o)
			   : handover_restore_operation(p->settle->handover, o);
}

static bool entry_is_done(const struct settle *s, uint32_t transaction)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->parts[i].transaction == transaction && !s->parts[i].done)
			return false;
	return true;
}

static void is_done(struct open_part *p)
{
	p->done = true;
	p->settle->left--;
	if (entry_is_done(p->settle, p->transaction))
		journal_end(p->settle->journal, p->transaction);
}

static void finish(struct open_part *p, enum operation_status status, const struct domain *d)
{
	(void)show(p, status, d);
	is_done(p);
}

/*
 * The rows go to disk before the end is written into the journal, so one that is open may have
 * ended as its row says; unless it was being taken back after that.
 */
static bool is_known(const struct open_part *p)
{
	const struct oplog_view *v = handover_oplog(p->settle->handover);
	const struct operation *o = oplog_view_find(v, p->part->operation);
	/* A row that ran when it was saved was read as unknown. */
	bool known = o != NULL && !operation_running(o) && o->status != OPERATION_UNKNOWN &&
		     !p->part->undo;

	oplog_view_unref(v);
	return known;
}

/* The one that had the domain next; NULL: what is there now is what this one left. */
static const struct journal_part *next_of(const struct settle *s, size_t i)
{
	for (size_t k = i + 1; k < s->n; k++)
		if (s->parts[k].part->request.index == s->parts[i].part->request.index)
			return s->parts[k].part;
	return NULL;
}

/* --- life ---------------------------------------------------------------------------------- */

static int by_operation(const void *a, const void *b)
{
	const struct open_part *x = a, *y = b;

	return x->part->operation < y->part->operation ? -1
						       : x->part->operation > y->part->operation;
}

static int collect(struct settle *s, const struct journal_entry *entries, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += entries[i].n_parts;
	s->parts = calloc(count > 0 ? count : 1, sizeof(*s->parts));
	if (s->parts == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < entries[i].n_parts; k++)
			s->parts[s->n++] = (struct open_part){
				s, &entries[i].parts[k], entries[i].transaction, false, false};
	s->left = s->n;
	if (s->n > 1)
		qsort(s->parts, s->n, sizeof(*s->parts), by_operation);
	return 0;
}

/* What can be told without reading is told at once; the others run. */
static int begin_part(struct settle *s, size_t i)
{
	struct open_part *p = &s->parts[i];
	const struct journal_part *next = next_of(s, i);

	if (is_known(p)) {
		is_done(p);
		return 0;
	}
	if (show(p, OPERATION_RUNNING, NULL) == -ENOMEM)
		return -ENOMEM;
	if (next != NULL)
		finish(p, journal_settle_by_next(p->part, next), NULL);
	return 0;
}

int settle_new(struct journal *j, struct handover *h, uint64_t patience_ms, struct settle **ret)
{
	struct settle *s = calloc(1, sizeof(*s));
	const struct journal_entry *entries;
	size_t n;
	int rc;

	if (s == NULL)
		return -ENOMEM;
	s->journal = j;
	s->handover = h;
	s->patience_ms = patience_ms;
	entries = journal_entries(j, &n);
	rc = collect(s, entries, n);
	for (size_t i = 0; i < s->n && rc >= 0; i++)
		rc = begin_part(s, i);
	if (rc < 0) {
		settle_free(s);
		return rc;
	}
	if (s->left > 0)
		log_notice(TOKEN,
			"%zu operations of the last run are open: settling them by reading",
			s->left);
	*ret = s;
	return 0;
}

void settle_free(struct settle *s)
{
	if (s == NULL)
		return;
	free(s->parts);
	free(s);
}

/* --- reading ------------------------------------------------------------------------------- */

static void on_domain(void *user, int err, const struct domain *d, const struct snapshot *s)
{
	struct open_part *p = user;
	enum operation_status status;

	(void)s;
	p->asked = false;
	if (err < 0)
		return;
	status = journal_settle(p->part, d);
	if (status != OPERATION_RUNNING)
		finish(p, status, d);
	else if (clock_ms() >= p->settle->give_up_ms)
		finish(p, OPERATION_UNKNOWN, d);
}

static void ask(struct open_part *p, struct refresh *refresh)
{
	const char *name = p->part->request.domain;

	if (name == NULL)
		finish(p, OPERATION_UNKNOWN, NULL);
	else
		p->asked = refresh_domain_now(refresh, name, on_domain, p) >= 0;
}

void settle_turn(struct settle *s, struct refresh *refresh, uint64_t now_ms)
{
	if (s->left == 0 || now_ms < s->next_ms)
		return;
	s->next_ms = clock_after(now_ms, AGAIN_MS);
	if (refresh_snapshot(refresh) == NULL)
		return;
	if (s->give_up_ms == 0)
		s->give_up_ms = clock_after(now_ms, s->patience_ms);
	for (size_t i = 0; i < s->n; i++)
		if (!s->parts[i].done && !s->parts[i].asked)
			ask(&s->parts[i], refresh);
}

uint64_t settle_next(const struct settle *s)
{
	return s->left > 0 ? s->next_ms : CLOCK_NEVER;
}
