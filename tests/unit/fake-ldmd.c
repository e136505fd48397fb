/*
 * The domains, the queue of what is to happen to them, and the executor on top.
 */
#include <errno.h>
#include <stdio.h>

#include "fake-ldmd.h"
#include "temp-directory.h"

#include "util/clock.h"

static struct fake_domain *fake_find(struct fake *f, const char *name)
{
	for (size_t i = 0; i < FAKE_DOMAINS; i++)
		if (f->d[i].name != NULL && strcmp(f->d[i].name, name) == 0)
			return &f->d[i];
	fail_msg("no domain \"%s\"", name);
	return NULL;
}

static struct fake_event *fake_at(struct fake *f, uint64_t delay_ms)
{
	struct fake_event *e = &f->events[f->n_events++];

	assert_true(f->n_events < FAKE_EVENTS);
	*e = (struct fake_event){.at_ms = f->now + delay_ms, .order = f->order++};
	return e;
}

/* --- what commands do ---------------------------------------------------------------------- */

static enum domain_state fake_on_the_way(enum step_action a)
{
	switch (a) {
	case STEP_BIND:
		return DOMAIN_BINDING;
	case STEP_UNBIND:
		return DOMAIN_UNBINDING;
	case STEP_START:
		return DOMAIN_STARTING;
	default:
		return DOMAIN_STOPPING;
	}
}

static enum domain_state fake_arrives_at(enum step_action a)
{
	switch (a) {
	case STEP_UNBIND:
		return DOMAIN_INACTIVE;
	case STEP_START:
		return DOMAIN_ACTIVE;
	default:
		return DOMAIN_BOUND;
	}
}

void fake_apply(struct fake *f, struct fake_command *c, bool half, bool stay)
{
	struct fake_domain *d = fake_find(f, c->domain);

	switch (c->step.action) {
	case STEP_SET_VCPU:
		d->vcpus = half ? (uint32_t)((d->vcpus + c->value) / 2) : (uint32_t)c->value;
		/* Without cores the constraint ends. */
		d->whole_core = f->drops_cores ? 0 : c->step.cores;
		break;
	case STEP_SET_MEMORY:
		d->mb = half ? (uint32_t)((d->mb + c->value / MB) / 2) : (uint32_t)(c->value / MB);
		break;
	case STEP_SET_CRYPTO:
		d->crypto = (uint32_t)c->value;
		break;
	case STEP_ADD:
		d->exists = true;
		d->state = DOMAIN_INACTIVE;
		break;
	case STEP_REMOVE:
		d->exists = false;
		break;
	default:
		if (half)
			break;
		if (stay || f->transition_ms > 0)
			d->state = fake_on_the_way(c->step.action);
		else
			d->state = fake_arrives_at(c->step.action);
		if (!stay && f->transition_ms > 0)
			fake_at(f, f->transition_ms)->settle = c;
	}
}

static void fake_answer(struct fake *f, struct fake_command *c)
{
	if (c->answered || c->cancelled)
		return;
	c->answered = true;
	f->out--;
	c->cb(c->user, c->outcome,
		c->outcome != COMMAND_REFUSED ? NULL
		: f->refusal		      ? f->refusal
					      : "ldmd says no");
}

/* --- the port ------------------------------------------------------------------------------ */

static enum fault fake_fault(struct fake *f, enum step_action a)
{
	unsigned nth = f->seen[a]++;

	for (size_t i = 0; i < f->n_faults; i++)
		if (f->faults[i].action == a && f->faults[i].nth == nth)
			return f->faults[i].fault;
	return FAULT_NONE;
}

static void fake_plan(struct fake *f, struct fake_command *c, enum fault fault, uint64_t timeout_ms)
{
	/* Answer, its delay; what happens to the domain, and when (-1: never). */
	static const struct {
		enum command_answer outcome;
		int answer_ms, apply_ms, half_ms;
	} plans[_FAULT_MAX] = {
		[FAULT_NONE] = {COMMAND_DONE, 5, 4, -1},
		[FAULT_REFUSED] = {COMMAND_REFUSED, 5, -1, -1},
		[FAULT_REFUSED_BUT_DONE] = {COMMAND_REFUSED, 5, 4, -1},
		[FAULT_REFUSED_LATER] = {COMMAND_REFUSED, 1000, -1, -1},
		[FAULT_SLOW] = {COMMAND_DONE, 1000, 999, -1},
		[FAULT_GIVES_LESS] = {COMMAND_DONE, 5, -1, 4},
		[FAULT_REFUSED_HALF] = {COMMAND_REFUSED, 5, -1, 4},
		[FAULT_DOES_NOTHING] = {COMMAND_DONE, 5, -1, -1},
		[FAULT_LOST_BEFORE] = {COMMAND_NOT_SENT, 5, -1, -1},
		[FAULT_LOST_NOT_DONE] = {COMMAND_UNCERTAIN, 5, -1, -1},
		[FAULT_LOST_DONE] = {COMMAND_UNCERTAIN, 5, 4, -1},
		[FAULT_LOST_DONE_LATER] = {COMMAND_UNCERTAIN, 5, 2000, -1},
		[FAULT_HANG] = {COMMAND_UNCERTAIN, 0, -1, -1},
		[FAULT_HANG_DONE] = {COMMAND_UNCERTAIN, 0, 3000, -1},
		[FAULT_TIMES_OUT_STOPS] = {COMMAND_REFUSED, 5, 4, -1},
		[FAULT_STAYS_UNDERWAY] = {COMMAND_DONE, 5, 4, -1},
	};
	uint64_t answer =
		plans[fault].answer_ms > 0 ? (uint64_t)plans[fault].answer_ms : timeout_ms;

	c->outcome = plans[fault].outcome;
	if (fault == FAULT_TIMES_OUT_STOPS && f->transition_ms == 0)
		f->transition_ms = 700;
	if (plans[fault].apply_ms >= 0) {
		struct fake_event *e = fake_at(f, (uint64_t)plans[fault].apply_ms);

		e->apply = c;
		e->half = fault == FAULT_STAYS_UNDERWAY ? c : NULL;
	}
	if (plans[fault].half_ms >= 0)
		fake_at(f, (uint64_t)plans[fault].half_ms)->half = c;
	fake_at(f, answer)->answer = c;
}

static int fake_command(struct commander *commander, const struct step *step,
	const struct set_request *request, const char *domain, uint64_t timeout_ms, command_cb *cb,
	void *cb_user, void **ret_ticket, const char **ret_why)
{
	struct fake *f = (struct fake *)commander;
	struct fake_command *c;
	bool amount = step->action == STEP_SET_VCPU || step->action == STEP_SET_CRYPTO ||
		      step->action == STEP_SET_MEMORY;
	size_t len = strlen(f->log);

	(void)request;
	*ret_why = "no such template";
	if (step->action == STEP_ADD && f->no_template)
		return -ENOENT;
	*ret_why = NULL;
	if (f->send_error < 0)
		return f->send_error;
	assert_non_null(c = calloc(1, sizeof(*c)));
	*c = (struct fake_command){.step = *step, .value = step->value, .cb = cb, .user = cb_user};
	snprintf(c->domain, sizeof(c->domain), "%s", domain);
	f->commands[f->n_commands++] = c;
	assert_true(f->n_commands < FAKE_EVENTS);
	f->out++;
	f->most_out = f->out > f->most_out ? f->out : f->most_out;
	len += (size_t)snprintf(f->log + len, FAKE_LOG - len, "%s%s %s", len > 0 ? ", " : "",
		step_action_name(step->action), domain);
	if (amount)
		snprintf(f->log + len, FAKE_LOG - len, " %llu",
			(unsigned long long)(step->action == STEP_SET_MEMORY ? step->value / MB
									     : step->value));
	else if (step->action == STEP_FORCE_STOP)
		snprintf(f->log + len, FAKE_LOG - len, " -f");
	fake_plan(f, c, fake_fault(f, step->action), timeout_ms);
	*ret_ticket = c;
	return 0;
}

static void fake_cancel(struct commander *commander, void *ticket)
{
	struct fake *f = (struct fake *)commander;
	struct fake_command *c = ticket;

	assert_false(c->answered);
	c->cancelled = true;
	f->out--;
}

static int fake_look(
	struct refresh *refresh, const char *domain, refresh_domain_cb *cb, void *cb_user)
{
	struct fake *f = (struct fake *)refresh;
	struct fake_event *e = fake_at(f, 2);

	f->looks++;
	e->look = cb;
	e->look_user = cb_user;
	snprintf(e->domain, sizeof(e->domain), "%s", domain);
	return 0;
}

static void fake_answer_look(struct fake *f, const struct fake_event *e)
{
	struct fake_domain *d = fake_find(f, e->domain);
	struct domain *copy = NULL;

	if (f->deaf || (f->deaf_to != NULL && strcmp(f->deaf_to, d->name) == 0)) {
		e->look(e->look_user, -ETIMEDOUT, NULL, NULL);
		return;
	}
	if (d->exists) {
		copy = make_domain(d->index, d->name, d->state, d->vcpus, d->mb, d->crypto);
		copy->memory_dr = d->dr;
		copy->migration = d->migrating ? MIGRATION_SOURCE : MIGRATION_NONE;
		copy->whole_core = d->whole_core;
		copy->pending = f->pending != NULL && strcmp(f->pending, d->name) == 0;
	}
	e->look(e->look_user, 0, copy, NULL);
	domain_unref(copy);
}

static const struct domain *fake_row(const struct new_rows *rows, uint32_t index)
{
	const struct fake *f = (const struct fake *)rows;

	return f->row != NULL && f->row->index == index ? f->row : NULL;
}

static int fake_put_row(struct new_rows *rows, const struct set_request *request, uint64_t now_ms)
{
	struct fake *f = (struct fake *)rows;

	(void)request;
	(void)now_ms;
	f->puts += f->put_row_result == 0;
	return f->put_row_result;
}

static void fake_restore_row(
	struct new_rows *rows, uint32_t index, const struct domain *row, uint64_t now_ms)
{
	struct fake *f = (struct fake *)rows;

	(void)index;
	(void)now_ms;
	(void)row;
	f->restores++;
	snapshot_unref(f->replaced);
	f->replaced = NULL;
}

static void fake_changed(void *user)
{
	(void)user;
}

static uint64_t fake_now(void *user)
{
	return ((struct fake *)user)->now;
}

/* --- life, time ---------------------------------------------------------------------------- */

void fake_init(struct fake *f, const struct command_config *config)
{
	memset(f, 0, sizeof(*f));
	f->now = 1000;
	f->directory = temp_directory_new();
	assert_int_equal(handover_new(&f->handover), 0);
	assert_int_equal(history_open(f->directory, f->handover, &f->history), 0);
	const struct port port = {
		.commander = (struct commander *)f,
		.send = fake_command,
		.cancel = fake_cancel,
		.refresh = (struct refresh *)f,
		.look = fake_look,
		.rows = (struct new_rows *)f,
		.find_row = fake_row,
		.put_row = fake_put_row,
		.restore_row = fake_restore_row,
		.user = f,
		.changed = fake_changed,
		.now = fake_now,
	};
	assert_int_equal(executor_new(config, &port, f->handover, f->history, &f->executor), 0);
}

void fake_clear(struct fake *f)
{
	executor_free(f->executor);
	history_free(f->history);
	inbox_clear(&f->inbox);
	handover_free(f->handover);
	for (size_t i = 0; i < f->n_commands; i++)
		free(f->commands[i]);
	domain_unref(f->row);
	temp_directory_free(f->directory);
}

void fake_receive(struct fake *f)
{
	assert_int_equal(handover_receive(f->handover, &f->inbox), 0);
	for (size_t i = 0; i < f->inbox.n_verdicts; i++) {
		const struct verdict *v = &f->inbox.verdicts[i];

		f->verdicts[v->transaction] = *v;
		f->verdict_count[v->transaction]++;
	}
}

static size_t fake_earliest(const struct fake *f)
{
	size_t first = 0;

	for (size_t i = 1; i < f->n_events; i++)
		if (f->events[i].at_ms < f->events[first].at_ms ||
			(f->events[i].at_ms == f->events[first].at_ms &&
				f->events[i].order < f->events[first].order))
			first = i;
	return first;
}

static void fake_happen(struct fake *f, struct fake_event e)
{
	if (e.apply != NULL)
		fake_apply(f, e.apply, false, e.half != NULL);
	else if (e.half != NULL)
		fake_apply(f, e.half, true, false);
	if (e.settle != NULL)
		fake_find(f, e.settle->domain)->state = fake_arrives_at(e.settle->step.action);
	if (e.answer != NULL)
		fake_answer(f, e.answer);
	if (e.look != NULL)
		fake_answer_look(f, &e);
}

bool fake_run(struct fake *f, uint64_t for_ms)
{
	uint64_t end = clock_after(f->now, for_ms);

	for (size_t turns = 0; turns < 100000; turns++) {
		uint64_t next = executor_next(f->executor);
		size_t i = fake_earliest(f);
		bool event = f->n_events > 0 && f->events[i].at_ms <= next;

		if (event)
			next = f->events[i].at_ms;
		if (next == CLOCK_NEVER || next > end) {
			f->now = end != CLOCK_NEVER ? end : f->now;
			fake_receive(f);
			return next != CLOCK_NEVER;
		}
		f->now = next > f->now ? next : f->now;
		if (event) {
			struct fake_event e = f->events[i];

			f->events[i] = f->events[--f->n_events];
			fake_happen(f, e);
		}
		executor_turn(f->executor, f->now);
		fake_receive(f);
	}
	fail_msg("it goes on for ever");
	return false;
}

uint32_t fake_set(struct fake *f, const struct set_varbind *v, size_t n)
{
	struct handover_order order;
	struct transaction *t;
	uint32_t id;

	assert_int_equal(transaction_new(v, n, &t).error, CONTROL_OK);
	for (size_t i = 0; i < t->n_parts; i++) {
		struct transaction_part *p = &t->parts[i];

		for (size_t k = 0; k < FAKE_DOMAINS; k++)
			if (f->d[k].name != NULL && f->d[k].index == p->request.index)
				p->request.domain = strdup(f->d[k].name);
		if (p->request.admin == ADMIN_FORCE_STOP)
			p->result = PRECHECK_PREEMPT;
	}
	assert_int_equal(handover_start(f->handover, t, f->now), 0);
	id = t->id;
	assert_true(id < 16);
	assert_true(handover_next_order(f->handover, &order));
	assert_int_equal(order.id, id);
	executor_start(f->executor, order.transaction, f->now);
	transaction_unref(order.transaction);
	transaction_unref(t);
	fake_receive(f);
	return id;
}

const struct operation *fake_operation(struct fake *f, uint32_t id, uint32_t index)
{
	fake_receive(f);
	for (size_t i = 0; i < f->inbox.oplog->n_rows; i++) {
		const struct operation *o = f->inbox.oplog->rows[i];

		if (o->transaction == id && o->domain_index == index)
			return o;
	}
	fail_msg("no row");
	return NULL;
}
