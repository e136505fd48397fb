/*
 * Who may begin: a transaction holds its domains from step 0 to its end, in the order they came.
 * (executor.h; what one does is in run.c, how one command goes in act.c)
 */
#include "control/executor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/run.h"
#include "util/clock.h"
#include "util/log.h"

#define TOKEN "control"

static uint64_t or_else(uint64_t value, uint64_t instead)
{
	return value != 0 ? value : instead;
}

void executor_configure(struct executor *x, const struct executor_config *config)
{
	x->config = (struct executor_config){
		.command_timeout_ms = or_else(config->command_timeout_ms, 600000),
		.force_stop_after_ms = config->force_stop_after_ms,
		.settle_ms = or_else(config->settle_ms, 10000),
		.poll_ms = or_else(config->poll_ms, 250),
		.begin_ms = or_else(config->begin_ms, 30000),
		.keep_ms = or_else(config->keep_ms, 600000),
	};
}

int executor_new(const struct executor_config *config, const struct executor_port *port,
	void *port_user, struct handover *h, struct journal *j, struct executor **ret)
{
	struct executor *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return -ENOMEM;
	executor_configure(x, config);
	x->port = *port;
	x->port_user = port_user;
	x->handover = h;
	x->journal = j;
	x->close_at_ms = CLOCK_NEVER;
	*ret = x;
	return 0;
}

static void unlink_look(struct executor *x, struct look *l)
{
	struct look **p = &x->looks;

	while (*p != NULL && *p != l)
		p = &(*p)->next;
	if (*p != NULL)
		*p = l->next;
}

void executor_free(struct executor *x)
{
	struct look *l;

	if (x == NULL)
		return;
	while (x->runs != NULL) {
		struct run *r = x->runs;

		x->runs = r->next;
		act_drop(r);
		run_free(r);
	}
	while ((l = x->looks) != NULL) {
		x->looks = l->next;
		free(l);
	}
	free(x);
}

/* --- looking at a domain ------------------------------------------------------------------- */

static void on_look(void *user, int err, const struct domain *domain)
{
	struct look *l = user;
	struct executor *x = l->x;

	unlink_look(x, l);
	x->kick = true;
	if (l->run != NULL)
		l->done(l->run, l->part, err, domain);
	free(l);
}

int executor_look(struct executor *x, struct run *r, size_t part,
	void (*done)(struct run *r, size_t part, int err, const struct domain *d))
{
	struct look *l = calloc(1, sizeof(*l));
	int rc;

	if (l == NULL)
		return -ENOMEM;
	*l = (struct look){x->looks, x, r, part, done};
	x->looks = l;
	rc = x->port.look(x->port_user, run_domain(r, part), on_look, l);
	if (rc < 0) {
		unlink_look(x, l);
		free(l);
	}
	return rc;
}

/* --- orders -------------------------------------------------------------------------------- */

static struct run *find_run(struct executor *x, uint32_t id)
{
	for (struct run *r = x->runs; r != NULL; r = r->next)
		if (r->t->id == id && r->phase != RUN_OVER)
			return r;
	return NULL;
}

static void append(struct executor *x, struct run *r)
{
	struct run **p = &x->runs;

	while (*p != NULL)
		p = &(*p)->next;
	*p = r;
	x->kick = true;
}

static bool has_domain(const struct run *r, uint32_t index)
{
	for (size_t i = 0; i < r->t->n_parts; i++)
		if (r->t->parts[i].request.index == index)
			return true;
	return false;
}

bool executor_works_on(const struct executor *x, uint32_t index)
{
	for (const struct run *r = x->runs; r != NULL; r = r->next)
		if ((run_is_busy(r) || run_waits(r)) && has_domain(r, index))
			return true;
	return false;
}

static void preempt_others(struct executor *x, uint32_t index)
{
	for (struct run *r = x->runs; r != NULL; r = r->next)
		if (r->phase != RUN_OVER && has_domain(r, index))
			run_preempt(r, index);
}

static void refuse_start(struct executor *x, const struct transaction *t)
{
	struct verdict v = {.transaction = t->id,
		.decided = true,
		.failed = true,
		.undone = true,
		.settled = true};

	log_err(TOKEN, "no memory for transaction %u", t->id);
	handover_post_verdict(x->handover, &v);
}

void executor_start(struct executor *x, struct transaction *t, uint64_t now_ms)
{
	struct run *r;

	for (size_t i = 0; i < t->n_parts; i++)
		if (t->parts[i].preempts)
			preempt_others(x, t->parts[i].request.index);
	if (run_new(x, t, &r) < 0)
		refuse_start(x, t);
	else
		append(x, r);
	executor_turn(x, now_ms);
}

void executor_undo(struct executor *x, uint32_t id, uint64_t now_ms)
{
	struct run *r = find_run(x, id);

	if (r != NULL)
		run_undo(r);
	executor_turn(x, now_ms);
}

void executor_keep(struct executor *x, uint32_t id, uint64_t now_ms)
{
	struct run *r = find_run(x, id);

	if (r != NULL)
		run_keep(r);
	executor_turn(x, now_ms);
}

void executor_see(struct executor *x, const struct snapshot *s)
{
	/* One that ends may change a row: then there is another snapshot, and this one is gone. */
	snapshot_ref(s);
	for (struct run *r = x->runs; r != NULL; r = r->next)
		if (r->phase == RUN_FORWARD || r->phase == RUN_BACK)
			act_see(r, s);
	snapshot_unref(s);
}

/* --- turns --------------------------------------------------------------------------------- */

static bool shares_domain(const struct run *a, const struct run *b)
{
	for (size_t i = 0; i < a->t->n_parts; i++)
		if (has_domain(b, a->t->parts[i].request.index))
			return true;
	return false;
}

/* Those that came first go first; one that is done is in nobody's way until it is taken back. */
static bool may_begin(const struct executor *x, const struct run *r)
{
	for (const struct run *o = x->runs; o != r; o = o->next)
		if ((run_is_busy(o) || run_waits(o)) && shares_domain(o, r))
			return false;
	/* That came when this one was done, and now it is to be taken back. */
	for (const struct run *o = r->next; o != NULL; o = o->next)
		if (run_is_busy(o) && shares_domain(o, r))
			return false;
	return true;
}

static void begin(struct run *r, uint64_t now_ms)
{
	if (r->phase == RUN_DONE)
		run_take_back(r);
	else
		run_begin(r, now_ms);
}

static void sweep(struct executor *x)
{
	struct run **p = &x->runs;

	while (*p != NULL) {
		struct run *r = *p;

		if (r->phase != RUN_OVER) {
			p = &r->next;
			continue;
		}
		*p = r->next;
		run_free(r);
	}
}

bool executor_is_closing(const struct executor *x, uint64_t now_ms)
{
	return now_ms >= x->close_at_ms;
}

void executor_turn(struct executor *x, uint64_t now_ms)
{
	do {
		x->kick = false;
		for (struct run *r = x->runs; r != NULL; r = r->next) {
			if (x->close_at_ms != CLOCK_NEVER)
				run_cancel(r);
			if (run_waits(r) && may_begin(x, r))
				begin(r, now_ms);
			run_turn(r, now_ms);
		}
		sweep(x);
	} while (x->kick);
}

uint64_t executor_next(const struct executor *x)
{
	uint64_t next = x->kick ? 0 : CLOCK_NEVER;

	for (const struct run *r = x->runs; r != NULL; r = r->next)
		if (run_next(r) < next)
			next = run_next(r);
	return next;
}

void executor_stop(struct executor *x, uint64_t now_ms, uint64_t grace_ms)
{
	if (x->close_at_ms == CLOCK_NEVER)
		x->close_at_ms = clock_after(now_ms, grace_ms);
}

bool executor_idle(const struct executor *x)
{
	bool closing = executor_is_closing(x, x->port.now(x->port_user));

	if (x->commands_out > 0)
		return false;
	for (const struct run *r = x->runs; r != NULL; r = r->next)
		if (!closing && run_is_busy(r))
			return false;
	return true;
}
