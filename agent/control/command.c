/* See command.h. */
#include "control/command.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "control/oplog.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

#define TOKEN "control:command"
/* How long after a success the domain may still look unchanged. */
#define SHOW_MS 2000
/* The pause between two looks doubles from the first value to the last. */
#define POLL_FIRST_MS 250
#define POLL_LAST_MS  2000
/* If a forced stop takes longer, ldmd may not have understood its option: may_be_plain_stop(). */
#define FORCED_STOP_MS 5000

/* --- the domain ---------------------------------------------------------------------------- */

void target_clear(struct target *t)
{
	set_request_clear(&t->request);
	domain_unref(t->domain);
	free(t->message);
	memset(t, 0, sizeof(*t));
}

const char *target_name(const struct target *t)
{
	return t->request.domain ? t->request.domain : LOOK_AT_SPCONFIGS;
}

void target_learn(struct target *t, const struct domain *d, const struct snapshot *s)
{
	if ((t->request.fields & FIELD_SAVE_BIT) != 0)
		t->saved = snapshot_has_spconfig(s, t->request.name);
	d = domain_ref(row_domain(d));
	domain_unref(t->domain);
	t->domain = d;
}

enum step_progress target_progress(const struct target *t, const struct step *s)
{
	if (s->action == STEP_SAVE)
		return t->saved ? STEP_REACHED : STEP_UNCHANGED;
	return step_progress(s, t->domain);
}

void target_set_message(struct target *t, const char *message)
{
	if (operation_set_text(&t->message, message) < 0)
		log_warn(TOKEN, "no memory for the message of \"%s\"", target_name(t));
}

/* --- states -------------------------------------------------------------------------------- */

static void command_set_state(struct command *c, enum command_state to)
{
#define TO(state) (1u << COMMAND_##state)
	static const unsigned legal[_COMMAND_STATE_MAX] = {
		[COMMAND_IDLE] = TO(SLOT),
		[COMMAND_SLOT] = TO(SENT) | TO(IDLE),
		[COMMAND_SENT] = TO(LOOK) | TO(WAIT) | TO(IDLE),
		[COMMAND_LOOK] = TO(WAIT) | TO(IDLE) | TO(ABANDONED),
		[COMMAND_WAIT] = TO(LOOK) | TO(WAIT) | TO(IDLE),
		[COMMAND_ABANDONED] = TO(IDLE),
	};
#undef TO
	assert(legal[c->state] & 1u << to);
	c->state = to;
}

static uint64_t command_now(const struct command *c)
{
	return c->all->port.now(c->all->port.user);
}

static void command_end(struct command *c, enum step_mark mark)
{
	command_set_state(c, COMMAND_IDLE);
	c->all->kick = true;
	c->ended(c->user, mark);
}

static void wait_for_next_look(struct command *c)
{
	command_set_state(c, COMMAND_WAIT);
	c->look_at_ms = clock_after(command_now(c), c->poll_ms);
	c->poll_ms = 2 * c->poll_ms < POLL_LAST_MS ? 2 * c->poll_ms : POLL_LAST_MS;
}

/* --- what the domain shows ----------------------------------------------------------------- */

static void send_when_slot_is_free(struct command *c, uint64_t now_ms);

/*
 * An ldmd that does not know the form in which an option is written ignores the option, and makes a
 * plain stop of the forced one. The guest may ignore a plain stop, or take minutes for it. So the
 * command is sent once more, with the option in the other form.
 */
static bool may_be_plain_stop(const struct command *c)
{
	return c->step.action == STEP_FORCE_STOP && !c->step.other_form;
}

/* A stop becomes a forced one; a forced stop that may be a plain one is sent in the other form. */
static void stop_by_force(struct command *c, uint64_t now_ms)
{
	bool was_forced = c->step.action == STEP_FORCE_STOP;

	log_notice(TOKEN,
		was_forced ? "\"%s\" did not stop by force: trying the other form of the option"
			   : "\"%s\" did not stop in time: stopping it by force",
		target_name(c->target));
	command_set_state(c, COMMAND_SLOT);
	c->step.action = STEP_FORCE_STOP;
	c->step.other_form = was_forced;
	c->sent = false;
	send_when_slot_is_free(c, now_ms);
}

/* ldmd is done with the forced stop, and the guest still runs. */
static void send_in_other_form(struct command *c)
{
	target_set_message(c->target, NULL);
	command_set_state(c, COMMAND_IDLE);
	stop_by_force(c, command_now(c));
}

static void decide_after_success(struct command *c, enum step_progress p)
{
	if (c->show_until_ms == 0)
		c->show_until_ms = clock_after(command_now(c), SHOW_MS);
	if ((p == STEP_SHORT || p == STEP_ELSEWHERE) && step_is_amount(c->step.action)) {
		if (step_lost_cores(&c->step, c->target->domain))
			target_set_message(c->target, "ldmd dropped the whole-core constraint");
		command_end(c, MARK_SHORT);
	} else if (command_now(c) < c->show_until_ms) {
		wait_for_next_look(c);
	} else if (may_be_plain_stop(c)) {
		send_in_other_form(c);
	} else {
		target_set_message(c->target,
			c->step.action == STEP_SAVE
				? "ldmd reports success, but has no such configuration"
				: "ldmd reports success, but the domain does not show it");
		command_end(c, p == STEP_UNCHANGED ? MARK_TODO : MARK_MAYBE);
	}
}

/* Until commandTimeout has passed since the command was sent, ldmd may still carry it out. */
static void decide_without_answer(struct command *c, enum step_progress p)
{
	if (command_now(c) < c->deadline_ms) {
		wait_for_next_look(c);
		return;
	}
	if (!c->target->message)
		target_set_message(c->target, "ldmd did not answer");
	command_end(c, p == STEP_UNCHANGED ? MARK_UNKNOWN : MARK_MAYBE);
}

/*
 * ldmd refused to make the domain, and yet the domain exists, which it did not at step 0. Either
 * ldmd made it all the same, or somebody else did, and ldmd says that it exists already. A refusal
 * without a reason counts as the latter, because a rollback must never remove another's domain.
 */
static bool is_somebody_elses(const struct command *c)
{
	const char *why = c->target->message;

	if (c->step.action != STEP_ADD || c->answer != COMMAND_REFUSED)
		return false;
	return !why || strcasestr(why, "exist") || strcasestr(why, "already");
}

static void decide_by_domain(struct command *c)
{
	enum step_progress p = target_progress(c->target, &c->step);
	bool refused = c->answer == COMMAND_REFUSED;
	bool unseen = step_waits_unseen(&c->step, c->target->domain);

	if (unseen ? c->answer == COMMAND_DONE &&
				(p == STEP_UNCHANGED || c->step.value == c->step.before)
		   : p == STEP_REACHED && step_waits(&c->step, c->target->domain)) {
		target_set_message(c->target, STEP_WAITS_TEXT);
		command_end(c, MARK_WAITS);
	} else if (p == STEP_REACHED) {
		/* ldmd refused, so this may be somebody else's configuration. */
		bool unknown = c->step.action == STEP_SAVE && refused;
		command_end(c, is_somebody_elses(c) ? MARK_NOT_OURS
			       : unknown	    ? MARK_MAYBE
						    : MARK_DID);
	} else if (p == STEP_UNDERWAY && command_now(c) < c->deadline_ms) {
		wait_for_next_look(c);
	} else if (p == STEP_UNDERWAY) {
		target_set_message(c->target, "still under way after commandTimeout");
		command_end(c, MARK_MAYBE);
	} else if (c->answer == COMMAND_DONE) {
		decide_after_success(c, p);
	} else if (c->timed_out && may_be_plain_stop(c)) {
		send_in_other_form(c);
	} else if (refused) {
		command_end(c, p == STEP_UNCHANGED ? MARK_TODO : MARK_MAYBE);
	} else {
		decide_without_answer(c, p);
	}
}

static void on_look(void *user, int err, const struct domain *d, const struct snapshot *s)
{
	struct command *c = user;

	c->all->kick = true;
	c->look_failed = err < 0;
	if (c->state == COMMAND_ABANDONED) {
		command_set_state(c, COMMAND_IDLE);
	} else if (err < 0) {
		log_debug(TOKEN, "cannot look at \"%s\": %d", target_name(c->target), err);
		wait_for_next_look(c);
	} else {
		target_learn(c->target, d, s);
		decide_by_domain(c);
	}
}

static void look_at_domain(struct command *c)
{
	const struct port *port = &c->all->port;

	if (port->look(port->refresh, target_name(c->target), on_look, c) >= 0)
		command_set_state(c, COMMAND_LOOK);
	else
		wait_for_next_look(c);
}

void command_see(struct command *c, const struct snapshot *s)
{
	if (c->state != COMMAND_WAIT)
		return;
	const struct domain *d = row_domain(snapshot_find_name(s, target_name(c->target)));
	/* A domain that did not change is the same object in both snapshots. */
	bool saved =
		c->step.action == STEP_SAVE && snapshot_has_spconfig(s, c->target->request.name);
	if (d == c->target->domain && saved == c->target->saved)
		return;
	target_learn(c->target, d, s);
	decide_by_domain(c);
}

/* --- sending ------------------------------------------------------------------------------- */

static void on_answer(void *user, enum command_answer answer, const char *message)
{
	struct command *c = user;

	c->all->out--;
	c->all->kick = true;
	c->ticket = NULL;
	if (message)
		target_set_message(c->target, message);
	log_debug(TOKEN, "%s on \"%s\": answer %d", step_action_name(c->step.action),
		target_name(c->target), answer);
	/* Whatever became of the forced stop, the stop before it may still stop the guest. */
	if (c->forced && answer != COMMAND_DONE)
		answer = COMMAND_UNCERTAIN;
	c->answer = answer;
	c->timed_out = answer == COMMAND_REFUSED && message && strstr(message, "timed out");
	if (answer == COMMAND_NOT_SENT) {
		target_set_message(c->target, "the command was not sent: no connection to ldmd");
		command_end(c, MARK_TODO);
	} else {
		look_at_domain(c);
	}
}

static void send_when_slot_is_free(struct command *c, uint64_t now_ms)
{
	struct commands *all = c->all;
	const struct command_config *config = &all->config;

	if (all->out >= COMMANDS_MAX)
		return;
	c->sent_ms = now_ms;
	c->deadline_ms = clock_after(now_ms, config->timeout_ms);
	c->force_at_ms = CLOCK_NEVER;
	if (c->step.action == STEP_STOP && config->force_after_ms > 0)
		c->force_at_ms = clock_after(now_ms, config->force_after_ms);
	else if (may_be_plain_stop(c))
		c->force_at_ms = clock_after(now_ms, FORCED_STOP_MS);
	c->poll_ms = POLL_FIRST_MS;
	c->show_until_ms = 0;
	c->look_failed = false;
	log_debug(TOKEN, "%s on \"%s\"", step_action_name(c->step.action), target_name(c->target));
	const char *why = NULL;
	int r = all->port.send(all->port.commander, &c->step, &c->target->request,
		target_name(c->target), config->timeout_ms, on_answer, c, &c->ticket, &why);
	if (r >= 0) {
		all->out++;
		c->sent = true;
		command_set_state(c, COMMAND_SENT);
		return;
	}
	_cleanup_free_ char *text = NULL;
	if (!why)
		(void)text_printf(&text, "the command could not be sent: %s", strerror(-r));
	target_set_message(c->target, why ? why : text);
	if (c->forced) {
		c->answer = COMMAND_UNCERTAIN;
		command_set_state(c, COMMAND_SENT);
		look_at_domain(c);
	} else {
		command_end(c, MARK_TODO);
	}
}

void command_begin(struct command *c, struct commands *all, struct target *t, const struct step *s,
	command_ended_cb *ended, void *user, uint64_t now_ms)
{
	command_set_state(c, COMMAND_SLOT);
	*c = (struct command){
		.state = c->state,
		.all = all,
		.target = t,
		.ended = ended,
		.user = user,
		.step = *s,
	};
	send_when_slot_is_free(c, now_ms);
}

void command_drop(struct command *c)
{
	if (c->state == COMMAND_IDLE || c->state == COMMAND_ABANDONED)
		return;
	if (c->state == COMMAND_SENT) {
		c->all->port.cancel(c->all->port.commander, c->ticket);
		c->all->out--;
		c->all->kick = true;
	}
	c->ticket = NULL;
	command_set_state(c, c->state == COMMAND_LOOK ? COMMAND_ABANDONED : COMMAND_IDLE);
}

/*
 * A stop took longer than forceStopAfter, or a forced stop longer than FORCED_STOP_MS. Its answer
 * is no longer waited for, but ldmd may still carry it out.
 */
static void stop_harder(struct command *c, uint64_t now_ms)
{
	command_drop(c);
	c->forced = true;
	stop_by_force(c, now_ms);
}

void command_turn(struct command *c, uint64_t now_ms)
{
	if (c->state == COMMAND_SLOT)
		send_when_slot_is_free(c, now_ms);
	else if ((c->state == COMMAND_SENT || c->state == COMMAND_WAIT) && now_ms >= c->force_at_ms)
		stop_harder(c, now_ms);
	else if (c->state == COMMAND_WAIT && now_ms >= c->look_at_ms)
		look_at_domain(c);
}

bool command_is_uncertain(const struct command *c)
{
	return (c->state == COMMAND_WAIT || c->state == COMMAND_LOOK) &&
	       (c->answer == COMMAND_UNCERTAIN || c->look_failed);
}

uint64_t command_next(const struct command *c)
{
	if (c->state == COMMAND_SENT)
		return c->force_at_ms;
	if (c->state == COMMAND_WAIT)
		return c->look_at_ms < c->force_at_ms ? c->look_at_ms : c->force_at_ms;
	return CLOCK_NEVER;
}
