/*
 * Every error of a SET that can be told before it is tried, one line each: what is asked, on which
 * host, and which varbind gets which error.
 */
#include "control-fixture.h"
#include "control-host.h"

#include "control/precheck.h"
#include "control/permit.h"
#include "control/handover.h"

static bool control_pending, not_usable;
static const char *allow;

struct given {
	const struct set_request *pending[4];
	const struct domain *had; /* the first one */
	bool going_back;
	const struct set_request *repeated; /* a moment ago */
};

static struct refusal ask_given(
	const struct given *g, const struct set_varbind *v, size_t n, enum precheck_result *first)
{
	struct pending pending[4];
	struct permit *permit = NULL;
	struct repeats repeats = {0};
	struct transaction *t;
	struct precheck_view view = {.snapshot = host(control_pending), .usable = !not_usable};
	const char *problem;
	struct refusal r;

	if (allow != NULL) {
		assert_int_equal(permit_new(&permit), 0);
		assert_int_equal(permit_add(permit, allow, &problem), 0);
		view.permit = permit;
	}
	for (; g != NULL && view.n_pending < 4 && g->pending[view.n_pending]; view.n_pending++)
		pending[view.n_pending] = (struct pending){.request = g->pending[view.n_pending],
			.had = view.n_pending == 0 ? g->had : NULL,
			.going_back = g->going_back};
	view.pending = pending;
	if (g != NULL && g->repeated != NULL)
		repeats_add(&repeats, g->repeated, view.snapshot, 1000);
	view.repeats = &repeats;
	view.now_ms = 1001;
	r = transaction_new(v, n, &t);
	r = precheck(&view, t, r);
	if (first != NULL)
		*first = t->parts[0].result;
	transaction_unref(t);
	repeats_clear(&repeats);
	permit_free(permit);
	snapshot_unref(view.snapshot);
	return r;
}

static void expect(const char *what, enum control_error error, uint32_t position,
	const struct set_varbind *v, size_t n)
{
	struct refusal r = ask_given(NULL, v, n, NULL);

	if (r.error != error || (error != CONTROL_OK && r.position != position))
		fail_msg("%s: %s on varbind %u (%s), expected %s on %u", what,
			control_error_name(r.error), r.position, reason_text(r.reason),
			control_error_name(error), position);
}

struct line {
	const char *what;
	enum control_error error;
	uint32_t position;
	struct set_varbind v[6];
	size_t n;
};

#define ONE(v)	 (&(const struct set_varbind[]){v}[0]), 1
#define PDU(...) {__VA_ARGS__}, COUNT(((const struct set_varbind[]){__VA_ARGS__}))

static void run(const struct line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect(lines[i].what, lines[i].error, lines[i].position, lines[i].v, lines[i].n);
}

static struct set_varbind typed(struct set_varbind v, enum set_type type)
{
	v.type = type;
	return v;
}

static struct set_varbind no_row(struct set_varbind v)
{
	v.row_valid = false;
	return v;
}

static void test_values(void **state)
{
	char *long_name = calloc(1, 258);

	(void)state;
	assert_non_null(long_name);
	memset(long_name, 'a', 257);
	const struct line lines[] = {
		{"column that does not exist", CONTROL_NOT_WRITABLE, 0, PDU(number(99, ACTIVE, 1))},
		{"read-only column", CONTROL_NOT_WRITABLE, 0, PDU(number(4, ACTIVE, 1))},
		{"index column", CONTROL_NOT_WRITABLE, 0, PDU(number(1, ACTIVE, 1))},
		{"no table at all", CONTROL_NOT_WRITABLE, 0, PDU(number(0, ACTIVE, 1))},
		{"INTEGER for CPUs", CONTROL_WRONG_TYPE, 0,
			PDU(typed(V(VCPU, ACTIVE, 4), SET_INTEGER))},
		{"Unsigned32 for the state", CONTROL_WRONG_TYPE, 0,
			PDU(typed(V(ADMIN, ACTIVE, 1), SET_UNSIGNED))},
		{"an OID for memory", CONTROL_WRONG_TYPE, 0,
			PDU(typed(V(MEMORY, ACTIVE, 1), SET_OTHER))},
		{"text for crypto", CONTROL_WRONG_TYPE, 0, PDU(T(CRYPTO, ACTIVE, "1"))},
		{"long name", CONTROL_WRONG_LENGTH, 0, PDU(T(NAME, NEXT, long_name))},
		{"long template", CONTROL_WRONG_LENGTH, 0, PDU(T(TEMPLATE, NEXT, long_name + 192))},
		{"state 0", CONTROL_WRONG_VALUE, 0, PDU(V(ADMIN, ACTIVE, 0))},
		{"state 6", CONTROL_WRONG_VALUE, 0, PDU(V(ADMIN, ACTIVE, 6))},
		{"state -1", CONTROL_WRONG_VALUE, 0, PDU(V(ADMIN, ACTIVE, -1))},
		{"65536 CPUs", CONTROL_WRONG_VALUE, 0, PDU(V(VCPU, ACTIVE, 65536))},
		{"65536 units", CONTROL_WRONG_VALUE, 0, PDU(V(CRYPTO, ACTIVE, 65536))},
		{"notReady", CONTROL_WRONG_VALUE, 0, PDU(V(ROW, NEXT, 3))},
		{"row status 7", CONTROL_WRONG_VALUE, 0, PDU(V(ROW, NEXT, 7))},
		{"name with a blank", CONTROL_WRONG_VALUE, 0, PDU(T(NAME, NEXT, "a b"))},
		{"name with a sign in front", CONTROL_WRONG_VALUE, 0, PDU(T(NAME, NEXT, "-a"))},
		{"empty name", CONTROL_WRONG_VALUE, 0, PDU(T(NAME, NEXT, ""))},
		{"template in another folder", CONTROL_WRONG_VALUE, 0,
			PDU(T(TEMPLATE, NEXT, "../x"))},
		{"hidden template", CONTROL_WRONG_VALUE, 0, PDU(T(TEMPLATE, NEXT, ".x"))},
		{"no index", CONTROL_NO_CREATION, 0, PDU(no_row(V(VCPU, ACTIVE, 4)))},
		{"index 0", CONTROL_NO_CREATION, 0, PDU(V(VCPU, 0, 4))},
		{"index 2^31", CONTROL_NO_CREATION, 0, PDU(V(VCPU, 2147483648u, 4))},
	};
	run(lines, COUNT(lines));
	free(long_name);
}

static void test_precedence(void **state)
{
	const struct set_varbind range = V(ADMIN, ACTIVE, 9), missing = V(VCPU, GONE, 4),
				 type = T(VCPU, ACTIVE, "4"), ro = number(4, ACTIVE, 1),
				 now = V(ADMIN, INACTIVE, 5), much = V(VCPU, BOUND, 500),
				 later = V(VCPU, NEXT, 4);
	const struct line lines[] = {
		{"type before range", CONTROL_WRONG_TYPE, 1, PDU(range, type)},
		{"range before row", CONTROL_WRONG_VALUE, 1, PDU(missing, range)},
		{"not writable before type", CONTROL_NOT_WRITABLE, 2, PDU(type, range, ro)},
		{"noCreation before inconsistentName", CONTROL_NO_CREATION, 1, PDU(later, missing)},
		{"name before value", CONTROL_INCONSISTENT_NAME, 1, PDU(now, later)},
		{"value before resources", CONTROL_INCONSISTENT_VALUE, 1, PDU(much, now)},
		{"the first of two equals", CONTROL_WRONG_VALUE, 0,
			PDU(range, V(VCPU, BOUND, 70000))},
		{"a bad one in a double", CONTROL_WRONG_VALUE, 2,
			PDU(V(VCPU, BOUND, 4), V(VCPU, BOUND, 5), range)},
		{"noCreation before a double", CONTROL_NO_CREATION, 2,
			PDU(V(VCPU, BOUND, 4), V(VCPU, BOUND, 5), missing)},
	};

	(void)state;
	run(lines, COUNT(lines));
}

static void test_doubles(void **state)
{
	const struct line lines[] = {
		{"twice, different", CONTROL_INCONSISTENT_VALUE, 1,
			PDU(V(VCPU, ACTIVE, 5), V(VCPU, ACTIVE, 6))},
		{"twice, the same", CONTROL_OK, 0, PDU(V(VCPU, ACTIVE, 5), V(VCPU, ACTIVE, 5))},
		{"names, different", CONTROL_INCONSISTENT_VALUE, 2,
			PDU(V(ROW, NEXT, 5), T(NAME, NEXT, "x"), T(NAME, NEXT, "xy"))},
		{"same column, other row", CONTROL_OK, 0,
			PDU(V(VCPU, ACTIVE, 5), V(VCPU, BOUND, 6))},
		{"its own name beside it", CONTROL_OK, 0,
			PDU(T(NAME, ACTIVE, "active"), V(VCPU, ACTIVE, 5))},
		{"another name beside it", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(T(NAME, ACTIVE, "bound"), V(VCPU, ACTIVE, 5))},
		{"its own name, destroyed", CONTROL_OK, 0,
			PDU(T(NAME, INACTIVE, "inactive"), V(ROW, INACTIVE, 6))},
		{"another name, destroyed", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(T(NAME, INACTIVE, "active"), V(ROW, INACTIVE, 6))},
	};

	(void)state;
	run(lines, COUNT(lines));
}

static void test_row_numbers(void **state)
{
	const struct line lines[] = {
		{"row that is gone", CONTROL_NO_CREATION, 0, PDU(V(VCPU, GONE, 4))},
		{"row that may come", CONTROL_INCONSISTENT_NAME, 0, PDU(V(VCPU, NEXT, 4))},
		{"createAndGo below next", CONTROL_INCONSISTENT_NAME, 0,
			PDU(V(ROW, GONE, 4), T(NAME, GONE, "x"), V(VCPU, GONE, 1),
				V(MEMORY, GONE, 1024))},
		{"createAndGo beyond the window", CONTROL_INCONSISTENT_NAME, 0,
			PDU(V(ROW, NEXT + 1024, 4), T(NAME, NEXT + 1024, "x"),
				V(VCPU, NEXT + 1024, 1), V(MEMORY, NEXT + 1024, 1024))},
		{"createAndGo at its end", CONTROL_OK, 0,
			PDU(V(ROW, NEXT + 1023, 4), T(NAME, NEXT + 1023, "x"),
				V(VCPU, NEXT + 1023, 1), V(MEMORY, NEXT + 1023, 1024))},
	};

	(void)state;
	run(lines, COUNT(lines));
}

static void test_create_and_go(void **state)
{
	const struct line lines[] = {
		{"createAndGo without a name", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(V(ROW, NEXT, 4), V(VCPU, NEXT, 1), V(MEMORY, NEXT, 1024))},
		{"createAndGo without memory", CONTROL_INCONSISTENT_VALUE, 1,
			PDU(T(NAME, NEXT, "x"), V(ROW, NEXT, 4), V(VCPU, NEXT, 1))},
		{"createAndGo from a template", CONTROL_OK, 0,
			PDU(T(NAME, NEXT, "x"), V(ROW, NEXT, 4), T(TEMPLATE, NEXT, "web"))},
		{"createAndGo with an empty template", CONTROL_INCONSISTENT_VALUE, 1,
			PDU(T(NAME, NEXT, "x"), V(ROW, NEXT, 4), T(TEMPLATE, NEXT, ""))},
		{"createAndGo, active at once", CONTROL_OK, 0,
			PDU(T(NAME, NEXT, "x"), V(ROW, NEXT, 4), V(VCPU, NEXT, 1),
				V(MEMORY, NEXT, 1024), V(ADMIN, NEXT, 1))},
		{"createAndGo, restarted", CONTROL_INCONSISTENT_VALUE, 3,
			PDU(T(NAME, NEXT, "x"), V(ROW, NEXT, 4), T(TEMPLATE, NEXT, "web"),
				V(ADMIN, NEXT, 5))},
		{"createAndGo of a row", CONTROL_INCONSISTENT_VALUE, 0, PDU(V(ROW, ACTIVE, 4))},
	};

	(void)state;
	run(lines, COUNT(lines));
}

static void test_create_and_wait(void **state)
{
	const struct line lines[] = {
		{"createAndWait of a row", CONTROL_INCONSISTENT_VALUE, 0, PDU(V(ROW, ACTIVE, 5))},
		{"createAndWait, nothing else", CONTROL_OK, 0, PDU(V(ROW, NEXT, 5))},
		{"createAndWait of one that is being made", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(V(ROW, UNFINISHED, 5))},
		{"name that is taken", CONTROL_INCONSISTENT_VALUE, 1,
			PDU(V(ROW, NEXT, 5), T(NAME, NEXT, "bound"))},
		{"two new rows with the same name", CONTROL_INCONSISTENT_VALUE, 1,
			PDU(V(ROW, NEXT, 5), T(NAME, NEXT, "x"), V(ROW, NEXT + 1, 5),
				T(NAME, NEXT + 1, "x"))},
	};

	(void)state;
	run(lines, COUNT(lines));
}

static void test_unfinished_rows(void **state)
{
	const struct line lines[] = {
		{"active, not ready", CONTROL_INCONSISTENT_VALUE, 0, PDU(V(ROW, UNFINISHED, 1))},
		{"active, made ready by the same PDU", CONTROL_OK, 0,
			PDU(V(ROW, UNFINISHED, 1), T(NAME, UNFINISHED, "x"), V(VCPU, UNFINISHED, 1),
				V(MEMORY, UNFINISHED, 1024))},
		{"active, ready", CONTROL_OK, 0, PDU(V(ROW, FINISHED, 1))},
		{"active, and started", CONTROL_OK, 0, PDU(V(ROW, TO_START, 1))},
		{"two that are started", CONTROL_INCONSISTENT_VALUE, 1,
			PDU(V(ROW, TO_START, 1), V(ROW, TO_START_TOO, 1))},
		{"notInService, not ready", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(V(ROW, UNFINISHED, 2))},
		{"notInService, ready", CONTROL_OK, 0, PDU(V(ROW, FINISHED, 2))},
		{"a value for an unfinished row", CONTROL_OK, 0, PDU(V(VCPU, UNFINISHED, 2))},
		{"destroy of an unfinished row", CONTROL_OK, 0, PDU(V(ROW, UNFINISHED, 6))},
	};

	(void)state;
	run(lines, COUNT(lines));
}

static void test_rows_of_domains(void **state)
{
	const struct line lines[] = {
		{"active of a domain", CONTROL_OK, 0, PDU(V(ROW, ACTIVE, 1))},
		{"notInService of a domain", CONTROL_INCONSISTENT_VALUE, 0, PDU(V(ROW, BOUND, 2))},
		{"new name for a domain", CONTROL_INCONSISTENT_VALUE, 0, PDU(T(NAME, BOUND, "x"))},
		{"its own name", CONTROL_OK, 0, PDU(T(NAME, BOUND, "bound"))},
		{"template for a domain", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(T(TEMPLATE, BOUND, "web"))},
		{"destroy of an inactive domain", CONTROL_OK, 0, PDU(V(ROW, INACTIVE, 6))},
		{"destroy of a bound domain", CONTROL_INCONSISTENT_VALUE, 0, PDU(V(ROW, BOUND, 6))},
		{"destroy of an active domain", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(V(ROW, ACTIVE, 6))},
		{"destroy and change", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(V(ROW, INACTIVE, 6), V(VCPU, INACTIVE, 2))},
		{"destroy of what is gone", CONTROL_OK, 0, PDU(V(ROW, GONE, 6))},
	};

	(void)state;
	run(lines, COUNT(lines));
}

static void test_states(void **state)
{
	const struct line lines[] = {
		{"restart of a bound domain", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(V(ADMIN, BOUND, 5))},
		{"restart of an inactive domain", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(V(ADMIN, INACTIVE, 5))},
		{"restart of a stopping domain", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(V(ADMIN, STOPPING, 5))},
		{"bound, in transition", CONTROL_INCONSISTENT_VALUE, 0, PDU(V(ADMIN, STOPPING, 2))},
		{"forceStop, in transition", CONTROL_OK, 0, PDU(V(ADMIN, STOPPING, 4))},
		{"CPUs, in transition", CONTROL_INCONSISTENT_VALUE, 0, PDU(V(VCPU, STOPPING, 5))},
		{"the CPUs it has, in transition", CONTROL_OK, 0, PDU(V(VCPU, STOPPING, 4))},
		{"stop", CONTROL_OK, 0, PDU(V(ADMIN, ACTIVE, 2))},
		{"two stops", CONTROL_INCONSISTENT_VALUE, 1,
			PDU(V(ADMIN, ACTIVE, 2), V(ADMIN, SLAVE, 2))},
		{"stop and unbind elsewhere", CONTROL_OK, 0,
			PDU(V(ADMIN, ACTIVE, 2), V(ADMIN, BOUND, 3))},
		{"start and destroy", CONTROL_INCONSISTENT_VALUE, 1,
			PDU(V(ADMIN, BOUND, 1), V(ROW, INACTIVE, 6))},
		{"migrating", CONTROL_INCONSISTENT_VALUE, 0, PDU(V(VCPU, MIGRATING, 5))},
		{"migrating, forceStop", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(V(ADMIN, MIGRATING, 4))},
		{"whole core, CPUs", CONTROL_INCONSISTENT_VALUE, 0, PDU(V(VCPU, WHOLE_CORE, 3))},
		{"whole core, whole cores", CONTROL_OK, 0, PDU(V(VCPU, WHOLE_CORE, 8))},
		{"whole core, memory", CONTROL_OK, 0, PDU(V(MEMORY, WHOLE_CORE, 2304))},
		{"memory DR, memory", CONTROL_INCONSISTENT_VALUE, 0,
			PDU(V(MEMORY, MEMORY_DR, 2304))},
		{"memory DR, CPUs", CONTROL_OK, 0, PDU(V(VCPU, MEMORY_DR, 5))},
	};

	(void)state;
	run(lines, COUNT(lines));
}

static void test_host_conditions(void **state)
{
	(void)state;
	control_pending = true;
	expect("delayed reconfiguration, others", CONTROL_INCONSISTENT_VALUE, 0,
		ONE(V(VCPU, ACTIVE, 5)));
	const struct set_varbind go[] = {
		V(ROW, NEXT, 4), T(NAME, NEXT, "x"), V(VCPU, NEXT, 1), V(MEMORY, NEXT, 512)};
	expect("delayed reconfiguration, a new one", CONTROL_INCONSISTENT_VALUE, 0, go, 4);
	expect("delayed reconfiguration, a row", CONTROL_OK, 0, ONE(V(ROW, NEXT, 5)));
	allow = "all * primary";
	expect("delayed reconfiguration, itself", CONTROL_OK, 0, ONE(V(VCPU, PRIMARY, 9)));
	allow = NULL;
	control_pending = false;
	not_usable = true;
	expect("stale", CONTROL_RESOURCE_UNAVAILABLE, 0, ONE(V(VCPU, ACTIVE, 5)));
	expect("stale, but wrong", CONTROL_WRONG_VALUE, 0, ONE(V(ADMIN, ACTIVE, 9)));
	not_usable = false;
}

static void test_permission(void **state)
{
	static const struct {
		const char *allow;
		struct set_varbind v;
		enum control_error error;
	} lines[] = {
		{NULL, {.column = SET_COLUMN_VCPU, .row = PRIMARY}, CONTROL_INCONSISTENT_VALUE},
		{NULL, {.column = SET_COLUMN_VCPU, .row = MASTER}, CONTROL_INCONSISTENT_VALUE},
		{NULL, {.column = SET_COLUMN_VCPU, .row = SERVER}, CONTROL_INCONSISTENT_VALUE},
		{NULL, {.column = SET_COLUMN_VCPU, .row = SLAVE}, CONTROL_OK},
		{"all", {.column = SET_COLUMN_VCPU, .row = PRIMARY}, CONTROL_INCONSISTENT_VALUE},
		{"all prim*", {.column = SET_COLUMN_VCPU, .row = PRIMARY},
			CONTROL_INCONSISTENT_VALUE},
		{"cpu primary", {.column = SET_COLUMN_VCPU, .row = PRIMARY}, CONTROL_OK},
		{"cpu primary", {.column = SET_COLUMN_VCPU, .row = ACTIVE},
			CONTROL_INCONSISTENT_VALUE},
		{"cpu primary", {.column = SET_COLUMN_MEMORY, .row = PRIMARY},
			CONTROL_INCONSISTENT_VALUE},
		{"state,memory", {.column = SET_COLUMN_VCPU, .row = ACTIVE},
			CONTROL_INCONSISTENT_VALUE},
		{"state,memory", {.column = SET_COLUMN_MEMORY, .row = ACTIVE}, CONTROL_OK},
		{"crypto a*", {.column = SET_COLUMN_CRYPTO, .row = ACTIVE}, CONTROL_OK},
		{"crypto a*", {.column = SET_COLUMN_CRYPTO, .row = BOUND},
			CONTROL_INCONSISTENT_VALUE},
		{"none", {.column = SET_COLUMN_CRYPTO, .row = BOUND}, CONTROL_INCONSISTENT_VALUE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct set_varbind v = number(lines[i].v.column, lines[i].v.row, 0);

		allow = lines[i].allow;
		expect(allow ? allow : "default", lines[i].error, 0, &v, 1);
	}
	allow = "state,cpu,memory,crypto";
	expect("no creation at all", CONTROL_NO_CREATION, 0, ONE(V(ROW, NEXT, 5)));
	expect("nor removal", CONTROL_INCONSISTENT_VALUE, 0, ONE(V(ROW, INACTIVE, 6)));
	allow = "create web*";
	const struct set_varbind web[] = {V(ROW, NEXT, 5), T(NAME, NEXT, "web1")};
	const struct set_varbind db[] = {V(ROW, NEXT, 5), T(NAME, NEXT, "db1")};
	expect("a name that is allowed", CONTROL_OK, 0, web, 2);
	expect("a name that is not", CONTROL_INCONSISTENT_VALUE, 1, db, 2);
	allow = NULL;
}

static void test_capacity(void **state)
{
	const struct line lines[] = {
		{"all that is free", CONTROL_OK, 0, PDU(V(VCPU, ACTIVE, 12))},
		{"one more CPU", CONTROL_RESOURCE_UNAVAILABLE, 0, PDU(V(VCPU, ACTIVE, 13))},
		{"one more in a bound domain", CONTROL_RESOURCE_UNAVAILABLE, 0,
			PDU(V(VCPU, BOUND, 13))},
		{"all memory", CONTROL_OK, 0, PDU(V(MEMORY, ACTIVE, 6144))},
		{"more memory", CONTROL_RESOURCE_UNAVAILABLE, 0, PDU(V(MEMORY, ACTIVE, 6145))},
		{"crypto", CONTROL_OK, 0, PDU(V(CRYPTO, ACTIVE, 2))},
		{"more crypto", CONTROL_RESOURCE_UNAVAILABLE, 0, PDU(V(CRYPTO, ACTIVE, 3))},
		{"an inactive domain may want anything", CONTROL_OK, 0,
			PDU(V(VCPU, INACTIVE, 500))},
		{"unless it is bound too", CONTROL_RESOURCE_UNAVAILABLE, 1,
			PDU(V(VCPU, INACTIVE, 9), V(ADMIN, INACTIVE, 2))},
		{"bind with what is free", CONTROL_OK, 0,
			PDU(V(VCPU, INACTIVE, 8), V(ADMIN, INACTIVE, 2))},
		{"two that are too much together", CONTROL_RESOURCE_UNAVAILABLE, 1,
			PDU(V(VCPU, ACTIVE, 10), V(VCPU, BOUND, 7))},
		{"two that fit", CONTROL_OK, 0, PDU(V(VCPU, ACTIVE, 10), V(VCPU, BOUND, 6))},
		{"what the other one releases", CONTROL_OK, 0,
			PDU(V(VCPU, ACTIVE, 15), V(VCPU, BOUND, 1))},
		{"in any order", CONTROL_OK, 0, PDU(V(VCPU, BOUND, 1), V(VCPU, ACTIVE, 15))},
		{"but no more than that", CONTROL_RESOURCE_UNAVAILABLE, 1,
			PDU(V(VCPU, BOUND, 1), V(VCPU, ACTIVE, 16))},
		{"what an unbound one releases", CONTROL_OK, 0,
			PDU(V(ADMIN, BOUND, 3), V(VCPU, ACTIVE, 16))},
		{"what a stopped one releases comes too late", CONTROL_RESOURCE_UNAVAILABLE, 1,
			PDU(V(ADMIN, ACTIVE, 3), V(VCPU, BOUND, 13))},
		{"a new domain that is bound", CONTROL_RESOURCE_UNAVAILABLE, 4,
			PDU(T(NAME, NEXT, "x"), V(ROW, NEXT, 4), V(VCPU, NEXT, 9),
				V(MEMORY, NEXT, 1024), V(ADMIN, NEXT, 2))},
		{"one that is not", CONTROL_OK, 0,
			PDU(T(NAME, NEXT, "x"), V(ROW, NEXT, 4), V(VCPU, NEXT, 900),
				V(MEMORY, NEXT, 1024))},
		{"a row that was to be bound", CONTROL_RESOURCE_UNAVAILABLE, 0,
			PDU(V(ROW, TO_BIND, 1))},
		{"of a size that fits", CONTROL_OK, 0,
			PDU(V(ROW, TO_BIND, 1), V(VCPU, TO_BIND, 4), V(MEMORY, TO_BIND, 4096))},
		{"not to be bound after all", CONTROL_OK, 0,
			PDU(V(ROW, TO_BIND, 1), V(ADMIN, TO_BIND, 3))},
		{"growing while stopping", CONTROL_RESOURCE_UNAVAILABLE, 1,
			PDU(V(ADMIN, ACTIVE, 3), V(VCPU, ACTIVE, 13))},
	};

	(void)state;
	run(lines, COUNT(lines));
}

static enum precheck_result precheck_with(
	const struct given *g, const struct set_varbind *v, size_t n, enum control_error error)
{
	enum precheck_result first;
	struct refusal r = ask_given(g, v, n, &first);

	if (r.error != error)
		fail_msg("%s (%s), expected %s", control_error_name(r.error), reason_text(r.reason),
			control_error_name(error));
	return first;
}

static void test_under_way(void **state)
{
	struct set_request grow = make_request(ONE(V(VCPU, ACTIVE, 8)));
	struct set_request stop = make_request(ONE(V(ADMIN, ACTIVE, 2)));
	struct set_request bind = make_request(ONE(V(ADMIN, INACTIVE, 1)));
	struct set_request small = make_request(ONE(V(VCPU, ACTIVE, 1)));
	const struct given growing = {.pending = {&grow}}, stopping = {.pending = {&stop}},
			   binding = {.pending = {&bind}}, shrinking = {.pending = {&small}};

	(void)state;
	assert_int_equal(
		precheck_with(&growing, ONE(V(VCPU, ACTIVE, 8)), CONTROL_OK), PRECHECK_JOIN);
	assert_int_equal(
		precheck_with(&growing,
			(const struct set_varbind[]){T(NAME, ACTIVE, "active"), V(VCPU, ACTIVE, 8)},
			2, CONTROL_OK),
		PRECHECK_JOIN);
	precheck_with(&growing, ONE(V(VCPU, ACTIVE, 9)), CONTROL_INCONSISTENT_VALUE);
	precheck_with(&growing, ONE(V(MEMORY, ACTIVE, 2304)), CONTROL_INCONSISTENT_VALUE);
	precheck_with(&growing, ONE(V(ADMIN, ACTIVE, 4)), CONTROL_INCONSISTENT_VALUE);
	assert_int_equal(precheck_with(&growing, ONE(V(VCPU, BOUND, 8)), CONTROL_OK), PRECHECK_RUN);
	/* 4 of the 8 are as good as gone, whatever the snapshot still says. */
	precheck_with(&growing, ONE(V(VCPU, BOUND, 9)), CONTROL_RESOURCE_UNAVAILABLE);
	precheck_with(&binding, ONE(V(VCPU, BOUND, 9)), CONTROL_RESOURCE_UNAVAILABLE);
	/* What others release counts when it is there. */
	precheck_with(&shrinking, ONE(V(VCPU, BOUND, 13)), CONTROL_RESOURCE_UNAVAILABLE);
	assert_int_equal(
		precheck_with(&stopping, ONE(V(ADMIN, ACTIVE, 2)), CONTROL_OK), PRECHECK_JOIN);
	assert_int_equal(
		precheck_with(&stopping, ONE(V(ADMIN, ACTIVE, 4)), CONTROL_OK), PRECHECK_PREEMPT);
	precheck_with(&stopping, ONE(V(ADMIN, ACTIVE, 1)), CONTROL_INCONSISTENT_VALUE);
	set_request_clear(&grow);
	set_request_clear(&stop);
	set_request_clear(&bind);
	set_request_clear(&small);
}

/* Nobody joins what is being taken back, and it can have again what it gave. */
static void test_going_back(void **state)
{
	struct set_request small = make_request(ONE(V(VCPU, ACTIVE, 1)));
	struct set_request grow = make_request(ONE(V(VCPU, ACTIVE, 8)));
	struct set_request gone = make_request(ONE(V(ADMIN, INACTIVE, 3)));
	struct domain *eight = make_domain(ACTIVE, "active", DOMAIN_ACTIVE, 8, 2048, 1);
	struct domain *bound = make_domain(INACTIVE, "inactive", DOMAIN_BOUND, 4, 2048, 0);
	const struct given shrunk = {.pending = {&small}, .had = eight};
	const struct given back = {.pending = {&small}, .had = eight, .going_back = true};
	const struct given grown = {.pending = {&grow}, .going_back = true};
	const struct given unbound = {.pending = {&gone}, .had = bound};

	(void)state;
	assert_int_equal(
		precheck_with(&shrunk, ONE(V(VCPU, ACTIVE, 1)), CONTROL_OK), PRECHECK_JOIN);
	precheck_with(&back, ONE(V(VCPU, ACTIVE, 1)), CONTROL_INCONSISTENT_VALUE);
	precheck_with(&grown, ONE(V(VCPU, ACTIVE, 8)), CONTROL_INCONSISTENT_VALUE);
	/* The snapshot has 4 of the 8 already free: they are kept. */
	precheck_with(&shrunk, ONE(V(VCPU, BOUND, 9)), CONTROL_RESOURCE_UNAVAILABLE);
	precheck_with(&shrunk, ONE(V(VCPU, BOUND, 8)), CONTROL_OK);
	precheck_with(&back, ONE(V(VCPU, BOUND, 9)), CONTROL_RESOURCE_UNAVAILABLE);
	precheck_with(&unbound, ONE(V(VCPU, BOUND, 9)), CONTROL_RESOURCE_UNAVAILABLE);
	precheck_with(&unbound, ONE(V(VCPU, BOUND, 8)), CONTROL_OK);
	/* What it was to take, it takes no more. */
	precheck_with(&grown, ONE(V(VCPU, BOUND, 12)), CONTROL_OK);
	domain_unref(eight);
	domain_unref(bound);
	set_request_clear(&small);
	set_request_clear(&grow);
	set_request_clear(&gone);
}

static void test_repeats(void **state)
{
	struct set_request restart = make_request(ONE(V(ADMIN, ACTIVE, 5)));
	const struct given done = {.repeated = &restart};
	const struct set_varbind more[] = {V(ADMIN, ACTIVE, 5), V(VCPU, ACTIVE, 5)};

	(void)state;
	assert_int_equal(
		precheck_with(&done, ONE(V(ADMIN, ACTIVE, 5)), CONTROL_OK), PRECHECK_REPEAT);
	assert_int_equal(precheck_with(&done, ONE(V(ADMIN, ACTIVE, 2)), CONTROL_OK), PRECHECK_RUN);
	assert_int_equal(precheck_with(&done, more, 2, CONTROL_OK), PRECHECK_RUN);
	set_request_clear(&restart);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(control_error_name(CONTROL_INCONSISTENT_VALUE), "inconsistentValue");
	assert_string_equal(control_error_name(CONTROL_OK), "noError");
	assert_true(
		control_error_rank(CONTROL_WRONG_TYPE) < control_error_rank(CONTROL_WRONG_VALUE));
}

static void test_describe(void **state)
{
	const struct set_varbind v[] = {V(ROW, NEXT, 4), T(NAME, NEXT, "x"), V(VCPU, NEXT, 8),
		V(MEMORY, NEXT, 4096), V(ADMIN, NEXT, 1), V(CRYPTO, NEXT, 2),
		T(TEMPLATE, NEXT, "web")};
	struct set_request d = make_request(v, COUNT(v)), part = make_request(&v[2], 1);
	char *text;

	(void)state;
	assert_int_equal(set_request_describe(&d, &text), 0);
	assert_string_equal(text,
		"name=x state=active vcpus=8 memory=4096M crypto=2 template=web row=createAndGo");
	assert_true(set_request_within(&part, &d));
	assert_false(set_request_within(&d, &part));
	assert_int_equal(set_request_position(&d, FIELD_MEMORY_BIT), 3);
	/* No varbind of its own: the row's. */
	assert_int_equal(set_request_position(&d, 0), 0);
	free(text);
	set_request_clear(&d);
	set_request_clear(&part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_row_numbers),
		cmocka_unit_test(test_create_and_go),
		cmocka_unit_test(test_create_and_wait),
		cmocka_unit_test(test_unfinished_rows),
		cmocka_unit_test(test_rows_of_domains),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_host_conditions),
		cmocka_unit_test(test_permission),
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_under_way),
		cmocka_unit_test(test_going_back),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
