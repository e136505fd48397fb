/*
 * The state table, cell by cell, and thousands of random PDUs over many domains: whatever the order
 * of the varbinds, the steps lead to what was asked, release before they take, leave what cannot be
 * taken back for the end and for one domain, and can be taken back from any point before that.
 */
#include "control-fixture.h"

#include <errno.h>
#include <stdio.h>

#include "control/plan.h"

/* --- the state table ----------------------------------------------------------------------- */

#define NO "no"

/* As in the contract, written down a second time: asked for, where it is, what is sent. */
static const struct {
	enum admin_state asked;
	const char *sent[9]; /* by enum domain_state */
} table[] = {
	/*               active        stopping inactive     binding unbinding bound  starting
	 * unknown */
	{ADMIN_ACTIVE, {"", "", NO, "bind start", NO, NO, "start", NO, NO}},
	{ADMIN_BOUND, {"", "stop", NO, "bind", NO, NO, "", NO, NO}},
	{ADMIN_INACTIVE, {"", "stop unbind", NO, "", NO, NO, "unbind", NO, NO}},
	{ADMIN_FORCE_STOP, {"", "force", "force", "", "", "", "", "force", "force"}},
	{ADMIN_RESTART, {"", "stop start", NO, NO, NO, NO, NO, NO, NO}},
};

static const char *word(enum step_action a)
{
	static const char *const words[_STEP_ACTION_MAX] = {
		[STEP_BIND] = "bind",
		[STEP_UNBIND] = "unbind",
		[STEP_START] = "start",
		[STEP_STOP] = "stop",
		[STEP_FORCE_STOP] = "force",
	};

	return words[a] != NULL ? words[a] : "?";
}

static void test_state_table(void **state)
{
	enum step_action actions[PLAN_STATE_STEPS];
	char text[64];
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		for (int from = DOMAIN_ACTIVE; from <= DOMAIN_UNKNOWN; from++) {
			int r = plan_state_steps(
				table[i].asked, (enum domain_state)from, actions, &n);

			text[0] = '\0';
			for (size_t k = 0; k < n; k++)
				snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
					k > 0 ? " " : "", word(actions[k]));
			assert_string_equal(r < 0 ? NO : text, table[i].sent[from]);
		}
	}
	assert_int_equal(plan_state_steps(ADMIN_NONE, DOMAIN_ACTIVE, actions, &n), -ENOTSUP);
	assert_int_equal(
		plan_state_steps((enum admin_state)6, DOMAIN_ACTIVE, actions, &n), -ENOTSUP);
	assert_int_equal(
		plan_state_steps(ADMIN_BOUND, (enum domain_state)99, actions, &n), -ENOTSUP);
}

/* --- single plans, as text ----------------------------------------------------------------- */

static char *plan_text(const struct plan_input *in, size_t n)
{
	struct plan p;
	struct plan_obstacle why;
	size_t len = 0;
	char *text = calloc(1, 4096);
	int r = plan_make(in, n, &p, &why);

	assert_non_null(text);
	if (r < 0) {
		assert_int_equal(r, -ENOTSUP);
		assert_int_not_equal(why.reason, REASON_NONE);
		snprintf(text, 4096, "no: %zu", why.part);
		return text;
	}
	for (size_t i = 0; i < p.n; i++) {
		const struct step *s = &p.steps[i];
		bool amount = s->action == STEP_SET_VCPU || s->action == STEP_SET_CRYPTO;

		len += (size_t)snprintf(text + len, 4096 - len, "%s%s", i > 0 ? ", " : "",
			s->irreversible ? "!" : "");
		len += (size_t)snprintf(
			text + len, 4096 - len, "%s %zu", step_action_name(s->action), s->part);
		if (s->action == STEP_FORCE_STOP)
			len += (size_t)snprintf(text + len, 4096 - len, " -f");
		if (amount || s->action == STEP_SET_MEMORY)
			len += (size_t)snprintf(text + len, 4096 - len, " %llu",
				(unsigned long long)(amount ? s->value : s->value / MB));
	}
	plan_clear(&p);
	return text;
}

struct asked {
	enum domain_state state; /* 0: there is none */
	struct set_varbind v[5];
	size_t n;
};

static void expect(const char *expected, const struct asked *a, size_t n)
{
	struct plan_input in[4] = {0};
	struct set_request requests[4];
	struct domain *domains[4];
	char *text;

	for (size_t i = 0; i < n; i++) {
		requests[i] = make_request(a[i].v, a[i].n);
		domains[i] =
			a[i].state ? make_domain(a[i].v[0].row, "d", a[i].state, 4, 2048, 1) : NULL;
		in[i] = (struct plan_input){.request = &requests[i], .domain = domains[i]};
	}
	text = plan_text(in, n);
	assert_string_equal(text, expected);
	free(text);
	for (size_t i = 0; i < n; i++) {
		set_request_clear(&requests[i]);
		domain_unref(domains[i]);
	}
}

#define ASK(state, ...)                                                                            \
	{                                                                                          \
		state, {__VA_ARGS__}, COUNT(((const struct set_varbind[]){__VA_ARGS__}))           \
	}
#define EXPECT(text, ...)                                                                          \
	do {                                                                                       \
		const struct asked a[] = {__VA_ARGS__};                                            \
		expect(text, a, COUNT(a));                                                         \
	} while (0)

static void test_one_domain(void **state)
{
	(void)state;
	EXPECT("", ASK(DOMAIN_ACTIVE, V(VCPU, 2, 4), V(MEMORY, 2, 2048), V(ADMIN, 2, 1)));
	EXPECT("set-vcpu 0 8, set-memory 0 4096, set-mau 0 2",
		ASK(DOMAIN_ACTIVE, V(CRYPTO, 2, 2), V(MEMORY, 2, 4096), V(VCPU, 2, 8)));
	EXPECT("set-mau 0 0, set-vcpu 0 2, set-memory 0 1024",
		ASK(DOMAIN_ACTIVE, V(VCPU, 2, 2), V(MEMORY, 2, 1024), V(CRYPTO, 2, 0)));
	EXPECT("set-memory 0 1024, set-vcpu 0 8",
		ASK(DOMAIN_ACTIVE, V(VCPU, 2, 8), V(MEMORY, 2, 1024)));
	EXPECT("set-vcpu 0 8, bind-domain 0, !start-domain 0",
		ASK(DOMAIN_INACTIVE, V(ADMIN, 2, 1), V(VCPU, 2, 8)));
	EXPECT("set-vcpu 0 8, !stop-domain 0, !unbind-domain 0",
		ASK(DOMAIN_ACTIVE, V(ADMIN, 2, 3), V(VCPU, 2, 8)));
	EXPECT("unbind-domain 0, set-vcpu 0 99", ASK(DOMAIN_BOUND, V(ADMIN, 2, 3), V(VCPU, 2, 99)));
	EXPECT("!stop-domain 0 -f", ASK(DOMAIN_STOPPING, V(ADMIN, 2, 4)));
	EXPECT("!stop-domain 0, !start-domain 0", ASK(DOMAIN_ACTIVE, V(ADMIN, 2, 5)));
	EXPECT("no: 0", ASK(DOMAIN_STOPPING, V(VCPU, 2, 8)));
	EXPECT("no: 0", ASK(DOMAIN_UNKNOWN, V(MEMORY, 2, 8)));
	EXPECT("no: 0", ASK((enum domain_state)0, V(VCPU, 2, 8)));
}

static void test_many_domains(void **state)
{
	(void)state;
	EXPECT("set-vcpu 1 1, set-vcpu 0 7", ASK(DOMAIN_ACTIVE, V(VCPU, 2, 7)),
		ASK(DOMAIN_BOUND, V(VCPU, 3, 1)));
	EXPECT("unbind-domain 1, set-vcpu 2 9, set-memory 2 512, set-memory 0 4096, bind-domain 2",
		ASK(DOMAIN_ACTIVE, V(MEMORY, 2, 4096)), ASK(DOMAIN_BOUND, V(ADMIN, 3, 3)),
		ASK(DOMAIN_INACTIVE, V(VCPU, 4, 9), V(MEMORY, 4, 512), V(ADMIN, 4, 2)));
	EXPECT("set-vcpu 1 1, set-vcpu 0 8, !stop-domain 1", ASK(DOMAIN_ACTIVE, V(VCPU, 2, 8)),
		ASK(DOMAIN_ACTIVE, V(VCPU, 3, 1), V(ADMIN, 3, 2)));
	EXPECT("no: 1", ASK(DOMAIN_ACTIVE, V(ADMIN, 2, 2)), ASK(DOMAIN_BOUND, V(ADMIN, 3, 1)));
}

static void test_new_and_gone(void **state)
{
	const enum domain_state none = (enum domain_state)0;

	(void)state;
	EXPECT("add-domain 0",
		ASK(none, V(ROW, 20, 4), T(NAME, 20, "x"), V(VCPU, 20, 2), V(MEMORY, 20, 1024)));
	EXPECT("add-domain 0, set-vcpu 0 2, set-memory 0 1024, bind-domain 0, !start-domain 0",
		ASK(none, V(ROW, 20, 4), T(TEMPLATE, 20, "web"), V(VCPU, 20, 2),
			V(MEMORY, 20, 1024), V(ADMIN, 20, 1)));
	EXPECT("add-domain 0", ASK(none, V(ROW, 20, 1), T(TEMPLATE, 20, "web")));
	EXPECT("no: 0", ASK(DOMAIN_INACTIVE, V(ROW, 20, 4), T(NAME, 20, "x")));
	EXPECT("no: 0", ASK(none, V(ROW, 20, 4), T(NAME, 20, "x"), V(ADMIN, 20, 5)));
	EXPECT("!remove-domain 0", ASK(DOMAIN_INACTIVE, V(ROW, 2, 6)));
	EXPECT("no: 0", ASK(DOMAIN_BOUND, V(ROW, 2, 6)));
	EXPECT("", ASK(none, V(ROW, 2, 6)));
	EXPECT("", ASK(DOMAIN_BOUND, V(ROW, 2, 1)));
	EXPECT("set-vcpu 1 2, add-domain 0, !remove-domain 2",
		ASK(none, V(ROW, 20, 4), T(NAME, 20, "x"), V(VCPU, 20, 2), V(MEMORY, 20, 1024)),
		ASK(DOMAIN_ACTIVE, V(VCPU, 2, 2)), ASK(DOMAIN_INACTIVE, V(ROW, 3, 6)));
}

static void test_whole_core(void **state)
{
	struct set_request d = make_request(&(struct set_varbind[]){V(VCPU, 2, 12)}[0], 1);
	struct domain *domain = make_domain(2, "d", DOMAIN_ACTIVE, 16, 2048, 0);
	struct plan_input in = {.request = &d, .domain = domain};
	struct plan_obstacle why;
	struct plan plan;
	char *text;

	(void)state;
	domain->whole_core = 2;
	text = plan_text(&in, 1);
	assert_string_equal(text, "no: 0");
	free(text);
	/* Whole cores keep the constraint; the way back does, too. */
	d.vcpus = 24;
	assert_int_equal(plan_make(&in, 1, &plan, &why), 0);
	assert_int_equal(plan.n, 1);
	assert_int_equal(plan.steps[0].value, 24);
	assert_int_equal(plan.steps[0].cores, 3);
	struct step back;
	assert_true(step_inverse(&plan.steps[0], &back));
	assert_int_equal(back.value, 16);
	assert_int_equal(back.cores, 2);
	/* The CPUs are there, and the constraint is, or is not. */
	domain->num_vcpu = 24;
	domain->whole_core = 3;
	assert_int_equal(step_progress(&plan.steps[0], domain), STEP_REACHED);
	domain->whole_core = 0;
	assert_int_equal(step_progress(&plan.steps[0], domain), STEP_SHORT);
	assert_true(step_lost_cores(&plan.steps[0], domain));
	assert_int_equal(step_forbidden(&back, domain), REASON_NONE);
	plan_clear(&plan);
	domain_unref(domain);
	set_request_clear(&d);
}

/* --- what a step means --------------------------------------------------------------------- */

static enum step_progress progress(struct step s, enum domain_state state, uint32_t vcpus,
	uint32_t mb, bool dr, const char *flags)
{
	struct domain *d = make_domain(2, "d", state, vcpus, mb, 0);
	enum step_progress p;

	d->memory_dr = dr;
	d->flags = flags != NULL ? strdup(flags) : NULL;
	p = step_progress(&s, d);
	domain_unref(d);
	return p;
}

static void test_progress_of_amounts(void **state)
{
	const struct step cpu = {.action = STEP_SET_VCPU, .value = 8, .before = 4};
	const struct step grow = {
		.action = STEP_SET_MEMORY, .value = 4096 * MB, .before = 2048 * MB};
	const struct step shrink = {
		.action = STEP_SET_MEMORY, .value = 1024 * MB, .before = 2048 * MB};
	const struct step little = {
		.action = STEP_SET_MEMORY, .value = 1900 * MB, .before = 2048 * MB};
	const struct step fresh = {.action = STEP_SET_VCPU, .value = 8, .before = STEP_NOT_KNOWN};

	(void)state;
	assert_int_equal(progress(cpu, DOMAIN_ACTIVE, 8, 0, false, NULL), STEP_REACHED);
	assert_int_equal(progress(cpu, DOMAIN_ACTIVE, 4, 0, false, NULL), STEP_UNCHANGED);
	assert_int_equal(progress(cpu, DOMAIN_ACTIVE, 6, 0, false, NULL), STEP_SHORT);
	assert_int_equal(progress(cpu, DOMAIN_ACTIVE, 9, 0, false, NULL), STEP_ELSEWHERE);
	assert_int_equal(progress(fresh, DOMAIN_INACTIVE, 2, 0, false, NULL), STEP_UNCHANGED);
	assert_int_equal(progress(grow, DOMAIN_ACTIVE, 4, 4096, false, NULL), STEP_REACHED);
	assert_int_equal(progress(grow, DOMAIN_ACTIVE, 4, 4100, false, NULL), STEP_REACHED);
	assert_int_equal(progress(grow, DOMAIN_ACTIVE, 4, 4352, false, NULL), STEP_ELSEWHERE);
	assert_int_equal(progress(grow, DOMAIN_ACTIVE, 4, 3072, false, NULL), STEP_SHORT);
	assert_int_equal(progress(grow, DOMAIN_ACTIVE, 4, 3072, true, NULL), STEP_UNDERWAY);
	assert_int_equal(progress(shrink, DOMAIN_ACTIVE, 4, 1536, false, NULL), STEP_SHORT);
	/* Nothing given back is not "rounded up". */
	assert_int_equal(progress(little, DOMAIN_ACTIVE, 4, 2048, false, NULL), STEP_UNCHANGED);
	assert_int_equal(step_progress(&cpu, NULL), STEP_ELSEWHERE);
}

static void test_progress_of_states(void **state)
{
	static const struct {
		enum step_action action;
		/* By state, from active: Reached, Under way, unchanged, Elsewhere. */
		const char *progress;
	} lines[] = {
		{STEP_BIND, "RR-UERRU"},
		{STEP_UNBIND, "EERE"
			      "U-EU"},
		{STEP_STOP, "-URRRR-U"},
		{STEP_FORCE_STOP, "-URRRR-U"},
		{STEP_START, "REEEE-UU"},
	};
	static const char letters[] = {[STEP_REACHED] = 'R',
		[STEP_UNDERWAY] = 'U',
		[STEP_SHORT] = 'S',
		[STEP_UNCHANGED] = '-',
		[STEP_ELSEWHERE] = 'E'};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct step s = {.action = lines[i].action};
		char text[9] = "";

		for (int d = DOMAIN_ACTIVE; d <= DOMAIN_UNKNOWN; d++)
			text[d - 1] = letters[progress(s, (enum domain_state)d, 4, 0, false, NULL)];
		assert_string_equal(text, lines[i].progress);
	}
	struct step stop = {.action = STEP_STOP}, add = {.action = STEP_ADD},
		    remove = {.action = STEP_REMOVE};
	assert_int_equal(progress(stop, DOMAIN_ACTIVE, 4, 0, false, "sn----"), STEP_UNDERWAY);
	assert_int_equal(progress(stop, DOMAIN_ACTIVE, 4, 0, false, "-n----"), STEP_UNCHANGED);
	assert_int_equal(progress(add, DOMAIN_INACTIVE, 4, 0, false, NULL), STEP_REACHED);
	assert_int_equal(step_progress(&add, NULL), STEP_UNCHANGED);
	assert_int_equal(progress(remove, DOMAIN_INACTIVE, 4, 0, false, NULL), STEP_UNCHANGED);
	assert_int_equal(step_progress(&remove, NULL), STEP_REACHED);
	assert_int_equal(step_progress(&stop, NULL), STEP_ELSEWHERE);
}

/* --- random PDUs --------------------------------------------------------------------------- */

#define HOSTS	 4
#define ROUNDS	 20000
#define CAPACITY 64

struct model {
	bool exists;
	enum domain_state state;
	uint32_t vcpus, mb, crypto;
};

static unsigned seed = 1;

static unsigned dice(unsigned sides)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % sides;
}

static struct model random_model(void)
{
	static const enum domain_state states[] = {DOMAIN_ACTIVE, DOMAIN_BOUND, DOMAIN_INACTIVE};

	return (struct model){true, states[dice(3)], 1 + dice(8), 256 * (1 + dice(8)), dice(3)};
}

static size_t random_varbinds(uint32_t row, struct set_varbind *v)
{
	size_t n = 0;

	if (dice(2))
		v[n++] = V(VCPU, row, 1 + dice(8));
	if (dice(2))
		v[n++] = V(MEMORY, row, 256 * (1 + dice(8)));
	if (dice(3) == 0)
		v[n++] = V(CRYPTO, row, dice(3));
	if (dice(2))
		v[n++] = V(ADMIN, row, 1 + dice(5));
	if (n == 0)
		v[n++] = V(VCPU, row, 1 + dice(8));
	return n;
}

static bool holds(const struct model *m)
{
	return m->state != DOMAIN_INACTIVE;
}

static uint32_t held(const struct model *m, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += holds(&m[i]) ? m[i].vcpus : 0;
	return sum;
}

/* ldmd, as strict as it can be about where a command is allowed. */
static void do_step(struct model *m, const struct step *s)
{
	switch (s->action) {
	case STEP_SET_VCPU:
		assert_int_equal(m->vcpus, s->before);
		m->vcpus = (uint32_t)s->value;
		break;
	case STEP_SET_MEMORY:
		assert_int_equal(m->mb, s->before / MB);
		m->mb = (uint32_t)(s->value / MB);
		break;
	case STEP_SET_CRYPTO:
		assert_int_equal(m->crypto, s->before);
		m->crypto = (uint32_t)s->value;
		break;
	case STEP_BIND:
		assert_int_equal(m->state, DOMAIN_INACTIVE);
		m->state = DOMAIN_BOUND;
		break;
	case STEP_UNBIND:
		assert_int_equal(m->state, DOMAIN_BOUND);
		m->state = DOMAIN_INACTIVE;
		break;
	case STEP_STOP:
	case STEP_FORCE_STOP:
		assert_int_equal(m->state, DOMAIN_ACTIVE);
		m->state = DOMAIN_BOUND;
		break;
	case STEP_START:
		assert_int_equal(m->state, DOMAIN_BOUND);
		m->state = DOMAIN_ACTIVE;
		break;
	default:
		fail_msg("unexpected step %s", step_action_name(s->action));
	}
}

static void check_end(const struct model *m, const struct model *start, const struct set_request *w)
{
	enum domain_state end = start->state;

	if (w->fields & FIELD_VCPU_BIT)
		assert_int_equal(m->vcpus, w->vcpus);
	else
		assert_int_equal(m->vcpus, start->vcpus);
	if (w->fields & FIELD_MEMORY_BIT)
		assert_int_equal(m->mb, w->memory_mb);
	if (w->fields & FIELD_CRYPTO_BIT)
		assert_int_equal(m->crypto, w->crypto);
	if (w->fields & FIELD_ADMIN_BIT) {
		if (w->admin == ADMIN_ACTIVE || w->admin == ADMIN_RESTART)
			end = DOMAIN_ACTIVE;
		else if (w->admin == ADMIN_INACTIVE)
			end = DOMAIN_INACTIVE;
		else if (w->admin == ADMIN_BOUND || start->state == DOMAIN_ACTIVE)
			end = DOMAIN_BOUND;
	}
	assert_int_equal(m->state, end);
}

static bool is_release(const struct step *s, const struct model *m)
{
	bool amount = s->action == STEP_SET_VCPU || s->action == STEP_SET_MEMORY ||
		      s->action == STEP_SET_CRYPTO;

	return s->action == STEP_UNBIND || (amount && holds(m) && s->value < s->before);
}

static bool is_take(const struct step *s, const struct model *m)
{
	bool amount = s->action == STEP_SET_VCPU || s->action == STEP_SET_MEMORY ||
		      s->action == STEP_SET_CRYPTO;

	return s->action == STEP_BIND || (amount && holds(m) && s->value > s->before);
}

static void check_order(const struct plan *p, const struct model *start, size_t n)
{
	struct model m[HOSTS];
	bool taken = false, tail = false;
	size_t tail_part = 0;

	memcpy(m, start, n * sizeof(*m));
	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = &p->steps[i];

		if (s->irreversible) {
			assert_true(!tail || s->part == tail_part);
			tail = true;
			tail_part = s->part;
		} else {
			assert_false(tail);
			assert_false(taken && is_release(s, &m[s->part]));
			taken = taken || is_take(s, &m[s->part]);
		}
		do_step(&m[s->part], s);
	}
}

static bool same_model(const struct model *a, const struct model *b)
{
	return a->state == b->state && a->vcpus == b->vcpus && a->mb == b->mb &&
	       a->crypto == b->crypto;
}

/* From every point before the tail, the inverse steps lead back to where it began. */
static void check_way_back(const struct plan *p, const struct model *start, size_t n)
{
	struct model m[HOSTS];
	struct step back;

	for (size_t stop = 0; stop <= p->n; stop++) {
		memcpy(m, start, n * sizeof(*m));
		if (stop > 0 && p->steps[stop - 1].irreversible)
			break;
		for (size_t i = 0; i < stop; i++)
			do_step(&m[p->steps[i].part], &p->steps[i]);
		for (size_t i = stop; i > 0; i--) {
			assert_true(step_inverse(&p->steps[i - 1], &back));
			do_step(&m[back.part], &back);
		}
		for (size_t i = 0; i < n; i++)
			assert_true(same_model(&m[i], &start[i]));
	}
}

static void shuffle(struct set_varbind *v, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = dice((unsigned)i);
		struct set_varbind t = v[k];

		v[k] = v[i - 1];
		v[i - 1] = t;
	}
}

struct round {
	struct model start[HOSTS];
	struct domain *domains[HOSTS];
	struct set_varbind v[HOSTS * 4];
	size_t n, n_v;
};

static int plan_round(const struct round *r, struct plan *p, struct transaction **ret)
{
	struct plan_input in[HOSTS];
	struct plan_obstacle why;

	assert_int_equal(transaction_new(r->v, r->n_v, ret).error, CONTROL_OK);
	assert_int_equal((*ret)->n_parts, r->n);
	for (size_t i = 0; i < r->n; i++)
		in[i] = (struct plan_input){
			.request = &(*ret)->parts[i].request, .domain = r->domains[i]};
	return plan_make(in, r->n, p, &why);
}

static bool same_step(const struct step *a, const struct step *b)
{
	return a->action == b->action && a->part == b->part && a->value == b->value &&
	       a->before == b->before && a->field == b->field;
}

static void check_round(struct round *r, size_t *planned)
{
	struct transaction *t, *t2;
	struct plan p, p2;
	struct model m[HOSTS];
	int rc = plan_round(r, &p, &t), rc2;

	shuffle(r->v, r->n_v);
	rc2 = plan_round(r, &p2, &t2);
	assert_int_equal(rc, rc2);
	if (rc == 0) {
		++*planned;
		assert_int_equal(p.n, p2.n);
		for (size_t i = 0; i < p.n; i++)
			assert_true(same_step(&p.steps[i], &p2.steps[i]));
		memcpy(m, r->start, sizeof(m));
		for (size_t i = 0; i < p.n; i++)
			do_step(&m[p.steps[i].part], &p.steps[i]);
		for (size_t i = 0; i < r->n; i++)
			check_end(&m[i], &r->start[i], &t->parts[i].request);
		check_order(&p, r->start, r->n);
		check_way_back(&p, r->start, r->n);
		assert_true(held(m, r->n) <= CAPACITY);
		plan_clear(&p);
		plan_clear(&p2);
	}
	transaction_unref(t);
	transaction_unref(t2);
}

static void test_random(void **state)
{
	size_t planned = 0;

	(void)state;
	for (size_t k = 0; k < ROUNDS; k++) {
		struct round r = {.n = 1 + dice(HOSTS)};

		memset(r.start, 0, sizeof(r.start));
		for (size_t i = 0; i < r.n; i++) {
			r.start[i] = random_model();
			r.domains[i] = make_domain((uint32_t)i + 1, "d", r.start[i].state,
				r.start[i].vcpus, r.start[i].mb, r.start[i].crypto);
			r.n_v += random_varbinds((uint32_t)i + 1, &r.v[r.n_v]);
		}
		check_round(&r, &planned);
		for (size_t i = 0; i < r.n; i++)
			domain_unref(r.domains[i]);
	}
	print_message("%zu of %d random PDUs had a plan\n", planned, ROUNDS);
	assert_true(planned > ROUNDS / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_table),
		cmocka_unit_test(test_one_domain),
		cmocka_unit_test(test_many_domains),
		cmocka_unit_test(test_new_and_gone),
		cmocka_unit_test(test_whole_core),
		cmocka_unit_test(test_progress_of_amounts),
		cmocka_unit_test(test_progress_of_states),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
