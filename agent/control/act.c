/*
 * One command from sending it to knowing what became of it. (run.h)
 *
 * ldmd may refuse and do it, agree and do less, or say nothing and do it minutes later. So its
 * answer only says how long to look; what the domain shows is what counts.
 */
#include "control/run.h"
#include "util/clock.h"
#include "util/log.h"

#define TOKEN "control:step"
/* How long the effect of a command that ldmd says it did may take to show. */
#define SHOW_MS 2000

static void look(struct run *r);

static uint64_t now_of(const struct run *r)
{
	return r->x->port.now(r->x->port_user);
}

static struct run_part *part_of(struct run *r)
{
	return &r->parts[r->act.step.part];
}

static void end(struct run *r, enum act_result result)
{
	r->act.state = ACT_NONE;
	r->x->kick = true;
	run_act_ended(r, result);
}

static void wait_for_next_look(struct run *r)
{
	struct act *a = &r->act;
	uint64_t longest = 8 * r->x->config.poll_ms;

	a->state = ACT_WAIT;
	a->poll_at_ms = clock_after(now_of(r), a->poll_ms);
	a->poll_ms = 2 * a->poll_ms < longest ? 2 * a->poll_ms : longest;
}

/* --- what is seen -------------------------------------------------------------------------- */

/* Until then an effect may still show. */
static bool still_settling(struct run *r, uint64_t how_long)
{
	struct act *a = &r->act;
	uint64_t now = now_of(r);

	if (a->settle_at_ms == 0)
		a->settle_at_ms = clock_after(now, how_long);
	return now < a->settle_at_ms;
}

static void judge_done(struct run *r, enum step_progress p)
{
	uint64_t show = r->x->config.settle_ms < SHOW_MS ? r->x->config.settle_ms : SHOW_MS;

	if (p == STEP_UNCHANGED && step_waits(&r->act.step, part_of(r)->domain)) {
		run_set_message(part_of(r), "takes effect when the domain reboots");
		end(r, ACT_SHORT);
	} else if ((p == STEP_SHORT || p == STEP_ELSEWHERE) && step_is_amount(r->act.step.action)) {
		end(r, ACT_SHORT);
	} else if (still_settling(r, show)) {
		wait_for_next_look(r);
	} else {
		run_set_message(
			part_of(r), "ldmd reports success, but the domain does not show it");
		end(r, p == STEP_UNCHANGED ? ACT_UNCHANGED : ACT_CHANGED);
	}
}

static void judge_uncertain(struct run *r, enum step_progress p)
{
	if (still_settling(r, r->x->config.settle_ms)) {
		wait_for_next_look(r);
		return;
	}
	if (part_of(r)->message == NULL)
		run_set_message(part_of(r), "ldmd did not answer");
	end(r, p == STEP_UNCHANGED ? ACT_UNCERTAIN : ACT_CHANGED);
}

static void judge_underway(struct run *r)
{
	if (now_of(r) < r->act.deadline_ms) {
		wait_for_next_look(r);
		return;
	}
	run_set_message(part_of(r), "still under way after commandTimeout");
	end(r, ACT_CHANGED);
}

/* ldmd refused to make the domain, and there is one: to be on the safe side, not for us to remove.
 */
static bool is_not_ours(const struct act *a)
{
	return a->step.action == STEP_ADD && a->outcome == COMMAND_REFUSED;
}

static void judge_look(struct run *r)
{
	struct act *a = &r->act;
	enum step_progress p = step_progress(&a->step, part_of(r)->domain);

	if (p == STEP_REACHED)
		end(r, is_not_ours(a) ? ACT_NOT_OURS : ACT_REACHED);
	else if (p == STEP_UNDERWAY)
		judge_underway(r);
	else if (a->outcome == COMMAND_DONE)
		judge_done(r, p);
	else if (a->outcome == COMMAND_REFUSED)
		end(r, p == STEP_UNCHANGED ? ACT_UNCHANGED : ACT_CHANGED);
	else
		judge_uncertain(r, p);
}

static void on_look(struct run *r, size_t part, int err, const struct domain *d)
{
	if (err < 0) {
		log_debug(TOKEN, "transaction %u: cannot look at \"%s\": %d", r->t->id,
			run_domain(r, part), err);
		wait_for_next_look(r);
		return;
	}
	run_set_domain(&r->parts[part], d);
	judge_look(r);
}

static void look(struct run *r)
{
	r->act.state = ACT_LOOK;
	if (executor_look(r->x, r, r->act.step.part, on_look) < 0)
		wait_for_next_look(r);
}

/* --- the command --------------------------------------------------------------------------- */

static void answered(struct run *r, enum command_outcome outcome)
{
	/* The stop that was to be forced may still do it. */
	if (r->act.forced && outcome != COMMAND_DONE)
		outcome = COMMAND_UNCERTAIN;
	r->act.outcome = outcome;
	/* What never left us changed nothing. */
	if (outcome == COMMAND_NOT_SENT)
		end(r, ACT_UNCHANGED);
	else
		look(r);
}

static void on_command(void *user, enum command_outcome outcome, const char *message)
{
	struct run *r = user;

	r->x->commands_out--;
	r->x->kick = true;
	r->act.ticket = NULL;
	if (message != NULL)
		run_set_message(part_of(r), message);
	log_debug(TOKEN, "transaction %u: %s on \"%s\": outcome %d", r->t->id,
		step_action_name(r->act.step.action), run_domain(r, r->act.step.part), outcome);
	answered(r, outcome);
}

static void send(struct run *r, uint64_t now_ms)
{
	struct act *a = &r->act;
	struct executor *x = r->x;
	uint64_t left = a->deadline_ms > now_ms ? a->deadline_ms - now_ms : 1;
	const char *why = NULL;

	log_debug(TOKEN, "transaction %u: %s on \"%s\"", r->t->id, step_action_name(a->step.action),
		run_domain(r, a->step.part));
	if (x->port.command(x->port_user, &a->step, &part_of(r)->request,
		    run_domain(r, a->step.part), left, on_command, r, &a->ticket, &why) < 0) {
		run_set_message(part_of(r), why != NULL ? why : "the command could not be sent");
		answered(r, COMMAND_NOT_SENT);
		return;
	}
	x->commands_out++;
	a->state = ACT_COMMAND;
	a->sent = true;
}

static void start_clock(struct run *r, uint64_t now_ms)
{
	struct act *a = &r->act;
	const struct executor_config *c = &r->x->config;

	a->deadline_ms = clock_after(now_ms, c->command_timeout_ms);
	a->force_at_ms = a->step.action == STEP_STOP && c->force_stop_after_ms > 0
				 ? clock_after(now_ms, c->force_stop_after_ms)
				 : CLOCK_NEVER;
	a->poll_ms = c->poll_ms;
	a->settle_at_ms = 0;
}

static void try_to_send(struct run *r, uint64_t now_ms)
{
	if (r->x->commands_out >= EXECUTOR_COMMANDS || executor_is_closing(r->x, now_ms))
		return;
	start_clock(r, now_ms);
	send(r, now_ms);
}

void act_begin(struct run *r, const struct step *s, uint64_t now_ms)
{
	r->act = (struct act){.state = ACT_SLOT, .step = *s};
	try_to_send(r, now_ms);
}

/* Gives up what is out; the domain stays as it is. */
void act_drop(struct run *r)
{
	struct act *a = &r->act;

	if (a->state == ACT_COMMAND) {
		r->x->port.cancel(r->x->port_user, a->ticket);
		r->x->commands_out--;
		r->x->kick = true;
	}
	a->state = ACT_NONE;
	a->ticket = NULL;
}

/* forceStopAfter: the guest had its time. */
static void force(struct run *r, uint64_t now_ms)
{
	struct step s = r->act.step;

	log_notice("control", "\"%s\" did not stop in time: stopping it by force",
		run_domain(r, s.part));
	act_drop(r);
	s.action = STEP_FORCE_STOP;
	r->act = (struct act){.state = ACT_SLOT, .step = s, .forced = true};
	try_to_send(r, now_ms);
}

void act_turn(struct run *r, uint64_t now_ms)
{
	struct act *a = &r->act;

	if (a->state == ACT_SLOT)
		try_to_send(r, now_ms);
	else if ((a->state == ACT_COMMAND || a->state == ACT_WAIT) && now_ms >= a->force_at_ms)
		force(r, now_ms);
	else if (a->state == ACT_WAIT && now_ms >= a->poll_at_ms)
		look(r);
}

uint64_t act_next(const struct run *r)
{
	const struct act *a = &r->act;

	switch (a->state) {
	case ACT_COMMAND:
		return a->force_at_ms;
	case ACT_WAIT:
		return a->poll_at_ms < a->force_at_ms ? a->poll_at_ms : a->force_at_ms;
	default:
		return CLOCK_NEVER;
	}
}

void act_see(struct run *r, const struct snapshot *s)
{
	const struct domain *d;

	if (r->act.state != ACT_WAIT)
		return;
	d = snapshot_find_name(s, run_domain(r, r->act.step.part));
	if (d != NULL && d->row_status != ROW_ACTIVE)
		d = NULL;
	/* Rows that did not change are shared between snapshots. */
	if (d == part_of(r)->domain)
		return;
	run_set_domain(part_of(r), d);
	judge_look(r);
}
