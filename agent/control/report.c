/*
 * What is told of a transaction: operation rows, verdicts, one line in the log at its end. (run.h)
 */
#include <stdlib.h>
#include <string.h>

#include "control/run.h"
#include "util/buffer.h"
#include "util/log.h"

#define TOKEN "control"

static const char *state_word(const struct domain *d)
{
	return domain_state_name(d->state);
}

char *executor_describe(const struct domain *d)
{
	struct buffer b = BUFFER_EMPTY;
	char *text = NULL;

	if (d == NULL)
		return NULL;
	if (buffer_printf(&b, "vcpus=%u memory=%uM crypto=%u state=%s", d->num_vcpu,
		    plan_memory_mb(d), d->num_crypto, state_word(d)) >= 0)
		text = buffer_steal(&b);
	buffer_clear(&b);
	return text;
}

static bool any_did(const struct run *r)
{
	for (size_t i = 0; i < r->t->n_parts; i++)
		if (r->parts[i].did)
			return true;
	return false;
}

/* How a part of a transaction that failed ended. */
static enum operation_status failed_status(const struct run *r, size_t part)
{
	const struct run_part *p = &r->parts[part];

	if (p->irreversible_done)
		return OPERATION_PARTIAL;
	if (p->irreversible_maybe)
		return r->preempted ? OPERATION_PARTIAL : OPERATION_UNKNOWN;
	if (p->rollback_failed)
		return OPERATION_ROLLBACK_FAILED;
	/* What a forced stop cuts short is the last domain's; the others are through, or had
	 * nothing. */
	if (r->preempted)
		return p->steps_done == p->steps_planned ? OPERATION_SUCCEEDED : OPERATION_FAILED;
	if (!any_did(r) || (part == r->culprit && !p->did))
		return OPERATION_FAILED;
	return OPERATION_ROLLED_BACK;
}

static enum operation_status status_of(const struct run *r, size_t part)
{
	switch (r->phase) {
	case RUN_QUEUED:
		return OPERATION_QUEUED;
	case RUN_DONE:
		return r->parts[part].gave_less ? OPERATION_PARTIAL : OPERATION_SUCCEEDED;
	default:
		return OPERATION_RUNNING;
	}
}

static void fill(struct run *r, size_t part, struct operation *o)
{
	struct run_part *p = &r->parts[part];
	char *before = executor_describe(p->before), *after = executor_describe(p->domain);
	int rc = 0;

	/* Of a row that is being made, the row may know it. */
	if ((p->request.fields & FIELD_ADMIN_BIT) != 0)
		o->target = p->request.admin;
	o->steps_done = p->steps_done;
	o->steps_planned = p->steps_planned;
	if (p->looked) {
		rc = operation_set_text(&o->before, before);
		if (rc >= 0)
			rc = operation_set_text(&o->after, after);
	}
	if (rc >= 0)
		rc = operation_set_text(&o->message, p->message);
	if (rc < 0)
		log_warn(TOKEN, "no memory for the texts of operation %u", o->index);
	free(before);
	free(after);
}

/* A domain that is not there has no values; neither has one that nobody looked at. */
static const char *values_of(const struct operation *o, const char *values)
{
	if (values != NULL)
		return values;
	return o->before == NULL && o->after == NULL ? "not looked at" : "not there";
}

static void log_operation(const struct operation *o)
{
	log_notice(TOKEN,
		"operation %u: \"%s\": %s: %s (%u of %u steps, %llu ms; was %s, is %s)%s%s",
		o->index, o->domain, o->request, operation_status_name(o->status), o->steps_done,
		o->steps_planned, (unsigned long long)o->duration_ms, values_of(o, o->before),
		values_of(o, o->after), o->message != NULL ? ": " : "",
		o->message != NULL ? o->message : "");
}

/* What the row of a part says now. False: it is gone, or there is no memory. */
static bool new_row(struct run *r, size_t part, enum operation_status status,
	const struct oplog_view *v, struct operation **ret)
{
	const struct operation *old = oplog_view_find(v, r->t->parts[part].operation);
	uint64_t now = r->x->port.now(r->x->port_user);
	struct operation *o;

	if (old == NULL || operation_copy(old, &o) < 0)
		return false;
	fill(r, part, o);
	if (o->status != status)
		o->changed_ms = now;
	o->status = status;
	if (!operation_running(o)) {
		o->duration_ms = now - o->started_ms;
		log_operation(o);
	}
	*ret = o;
	return true;
}

typedef enum operation_status status_fn(const struct run *r, size_t part);

/* The parts of a transaction are in the order of their rows. */
static void report(struct run *r, status_fn *status, const struct verdict *verdict)
{
	const struct oplog_view *v = handover_oplog(r->x->handover);
	struct operation **rows = calloc(r->t->n_parts, sizeof(struct operation *));
	size_t n = 0;

	if (rows == NULL)
		log_warn(TOKEN, "no memory for the operation rows");
	for (size_t i = 0; rows != NULL && i < r->t->n_parts; i++)
		n += new_row(r, i, status(r, i), v, &rows[n]);
	oplog_view_unref(v);
	handover_report(r->x->handover, rows, n, verdict);
	free(rows);
}

void report_rows(struct run *r)
{
	report(r, status_of, NULL);
}

void report_end(struct run *r)
{
	report(r, r->phase == RUN_DONE ? status_of : failed_status, &r->verdict);
}

void report_verdict(struct run *r)
{
	handover_post_verdict(r->x->handover, &r->verdict);
}
