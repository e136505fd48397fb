/* See recovery.h. */
#include "control/recovery.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/plan.h"
#include "inventory/refresh.h"
#include "util/clock.h"
#include "util/log.h"

#define TOKEN "control:recovery"
/* The pause between two reads of the domains doubles from the first value to the last. */
#define FIRST_ASK_MS 500
#define LAST_ASK_MS  5000

enum part_state {
	PART_OPEN,
	PART_ASKED, /* its domain is being read */
	PART_DONE,
};

struct part {
	struct recovery *recovery;
	const struct begun *begun;
	enum part_state state;
};

struct recovery {
	struct handover *handover;
	struct part *parts;   /* the oldest first */
	size_t n, left;	      /* all parts; those not DONE */
	uint64_t patience_ms; /* commandTimeout */
	uint64_t ask_ms;      /* the pause before the next read */
	uint64_t next_ms;     /* when the next read is due */
	uint64_t late_ms;     /* when commandTimeout is over; 0: before the first inventory */
};

/* --- judging ------------------------------------------------------------------------------- */

static bool is_as_before(const struct begun *p, const struct domain *d)
{
	if (!d || !p->existed)
		return !d && !p->existed;
	return p->state == d->state && p->vcpus == d->num_vcpu && p->crypto == d->num_crypto &&
	       p->memory_bytes == d->mem_bytes;
}

/*
 * How far the domain is from what was asked for: succeeded; partial if all that is missing waits
 * for a reboot; running if steps are missing or no plan can be made.
 */
static enum operation_status reached_status(const struct begun *p, const struct domain *d)
{
	enum operation_status status = OPERATION_SUCCEEDED;
	struct set_request wanted = p->request;
	struct plan_input in = {.request = &wanted, .domain = d};
	struct plan_obstacle why;
	struct plan plan;

	if (d && wanted.row != ROW_REQUEST_DESTROY) {
		wanted.fields &= ~(unsigned)(FIELD_ROW_BIT | FIELD_NAME_BIT | FIELD_TEMPLATE_BIT);
		wanted.row = ROW_REQUEST_NONE;
	}
	if (plan_make(&in, 1, &plan, &why) < 0)
		return OPERATION_RUNNING;
	for (size_t i = 0; i < plan.n && status != OPERATION_RUNNING; i++) {
		const struct step *s = &plan.steps[i];
		bool waits = step_progress(s, d) == STEP_REACHED && step_waits(s, d) &&
			     !step_waits_unseen(s, d);

		status = waits ? OPERATION_PARTIAL : OPERATION_RUNNING;
	}
	plan_clear(&plan);
	return status;
}

enum operation_status recovery_judge(const struct begun *p, const struct domain *d, bool late)
{
	bool under_way = d && (domain_in_transition(d) || d->memory_dr);
	bool restart = p->request.admin == ADMIN_RESTART;

	/* All steps were seen done before the undo, so a domain as before was taken back. */
	if (!under_way && p->undo && is_as_before(p, d))
		return OPERATION_ROLLED_BACK;
	if (!under_way && !p->undo && !restart && reached_status(p, d) != OPERATION_RUNNING)
		return reached_status(p, d);
	if (!late)
		return OPERATION_RUNNING;
	if (under_way)
		return OPERATION_UNKNOWN;
	if (p->undo)
		return OPERATION_ROLLBACK_FAILED;
	/* Whether a domain that runs was restarted does not show. */
	if (!d || is_as_before(p, d) || (restart && d->state == DOMAIN_ACTIVE))
		return OPERATION_UNKNOWN;
	return OPERATION_PARTIAL;
}

/* When the command was sent, no configuration had the name. */
static enum operation_status judge_save(const struct begun *p, const struct snapshot *s, bool late)
{
	if (snapshot_has_spconfig(s, p->request.name))
		return OPERATION_SUCCEEDED;
	return late ? OPERATION_UNKNOWN : OPERATION_RUNNING;
}

/* --- rows ---------------------------------------------------------------------------------- */

static void fill_row(struct operation *o, enum operation_status status, const struct domain *d)
{
	o->status = status;
	o->changed_ms = clock_ms();
	o->target = ADMIN_NONE;
	if (d)
		(void)operation_set_domain(&o->after, d);
	(void)operation_set_text(
		&o->message, "the agent was restarted; the result was read from ldmd");
}

/* Without memory for the row, the operation stays open in the file until the next start. */
static void end_row(const struct part *p, enum operation_status status, const struct domain *d)
{
	const struct oplog_view *v = handover_oplog(p->recovery->handover);
	const struct operation *old = oplog_view_find(v, p->begun->operation);
	struct operation *o = NULL;
	int r = old ? operation_copy(old, &o) : -ENOENT;

	oplog_view_unref(v);
	if (r < 0)
		return;
	fill_row(o, status, d);
	log_notice(TOKEN, "operation %u: \"%s\": %s: %s (read from ldmd after a restart)", o->index,
		o->domain, o->request, operation_status_name(status));
	(void)handover_report(p->recovery->handover, &o, 1, NULL);
}

static void set_part_state(struct part *p, enum part_state state)
{
	assert(p->state != PART_DONE && p->state != state);
	p->state = state;
	if (state == PART_DONE)
		p->recovery->left--;
}

static void end_part(struct part *p, enum operation_status status, const struct domain *d)
{
	assert(status != OPERATION_RUNNING);
	end_row(p, status, d);
	set_part_state(p, PART_DONE);
}

/* A later operation on the domain: the domain no longer shows what this one left. */
static bool is_overtaken(const struct part *p)
{
	const struct oplog_view *v = handover_oplog(p->recovery->handover);
	const struct operation *last = oplog_view_last(v, p->begun->request.index);
	bool overtaken = last && last->index != p->begun->operation;

	oplog_view_unref(v);
	return overtaken;
}

/* --- reading ------------------------------------------------------------------------------- */

static bool saves(const struct part *p)
{
	return (p->begun->request.fields & FIELD_SAVE_BIT) != 0;
}

static void on_domain(void *user, int err, const struct domain *d, const struct snapshot *s)
{
	struct part *p = user;

	set_part_state(p, PART_OPEN);
	if (err < 0)
		return;
	bool late = clock_ms() >= p->recovery->late_ms;
	enum operation_status status =
		saves(p) ? judge_save(p->begun, s, late) : recovery_judge(p->begun, d, late);
	if (status != OPERATION_RUNNING)
		end_part(p, status, d);
}

static void read_part(struct part *p, struct refresh *refresh)
{
	const char *name = saves(p) ? LOOK_AT_SPCONFIGS : p->begun->request.domain;

	if (!name || (!saves(p) && is_overtaken(p)))
		end_part(p, OPERATION_UNKNOWN, NULL);
	else if (refresh_domain_now(refresh, name, on_domain, p) >= 0)
		set_part_state(p, PART_ASKED);
}

void recovery_turn(struct recovery *v, struct refresh *refresh, uint64_t now_ms)
{
	if (v->left == 0 || now_ms < v->next_ms)
		return;
	v->next_ms = clock_after(now_ms, v->ask_ms);
	if (!refresh_snapshot(refresh))
		return;
	if (v->late_ms == 0)
		v->late_ms = clock_after(now_ms, v->patience_ms);
	v->ask_ms = 2 * v->ask_ms < LAST_ASK_MS ? 2 * v->ask_ms : LAST_ASK_MS;
	for (size_t i = 0; i < v->n; i++)
		if (v->parts[i].state == PART_OPEN)
			read_part(&v->parts[i], refresh);
}

uint64_t recovery_next(const struct recovery *v)
{
	return v->left > 0 ? v->next_ms : CLOCK_NEVER;
}

/* --- life ---------------------------------------------------------------------------------- */

int recovery_new(
	const struct history *y, struct handover *h, uint64_t patience_ms, struct recovery **ret)
{
	struct recovery *v = calloc(1, sizeof(*v));
	size_t n;
	const struct begun *begun = history_left_open(y, &n);
	struct part *parts = calloc(n > 0 ? n : 1, sizeof(*parts));

	if (!v || !parts) {
		free(v);
		free(parts);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		parts[i] = (struct part){v, &begun[i], PART_OPEN};
	*v = (struct recovery){.handover = h,
		.parts = parts,
		.n = n,
		.left = n,
		.patience_ms = patience_ms,
		.ask_ms = FIRST_ASK_MS};
	if (n > 0)
		log_notice(TOKEN,
			"%zu operations of the last run are open: reading from ldmd what became of "
			"them",
			n);
	*ret = v;
	return 0;
}

void recovery_free(struct recovery *v)
{
	if (!v)
		return;
	free(v->parts);
	free(v);
}
