/*
 * Every reason for which a SET is refused, one case each: what is asked on which host, and what the
 * manager then reads in ldomLastRefusal...: the error, the object, the domain and the sentence. A
 * reason without a case fails.
 */
#include "control-fixture.h"
#include "control-host.h"

#include <errno.h>

#include "control/control.h"
#include "control/permit.h"
#include "control/plan.h"

#define LONG_16 "aaaaaaaaaaaaaaaa"
#define LONG_64 LONG_16 LONG_16 LONG_16 LONG_16

struct refusal_case {
	enum refusal_reason reason;
	struct set_varbind
		v[3]; /* up to the first without a value; the last one may be the culprit */
	size_t n;
	uint32_t position; /* of the culprit */
	const char *object, *domain, *text;
	const char *allow; /* setAllow */
	struct set_varbind under_way[4];
	size_t n_under_way;
	bool read_only, no_ldmd, control_pending;
};

#define CELL(column_, row_, type_, ...)                                                            \
	{                                                                                          \
		.column = column_, .row = row_, .row_valid = true, .type = type_, __VA_ARGS__      \
	}
#define N(column, row, value) CELL(SET_COLUMN_##column, row, SET_UNSIGNED, .number = value)
#define I(column, row, value) CELL(SET_COLUMN_##column, row, SET_INTEGER, .number = value)
#define S(column, row, value)                                                                      \
	CELL(SET_COLUMN_##column, row, SET_OCTETS, .octets = (const uint8_t *)(value),             \
		.length = sizeof(value) - 1)
#define SAVE(value)                                                                                \
	CELL(SET_SCALAR_SAVE, 0, SET_OCTETS, .octets = (const uint8_t *)(value),                   \
		.length = sizeof(value) - 1)
#define CREATE(row) I(ROW, row, ROW_REQUEST_CREATE_AND_GO)

#define CASE(reason_, n_, position_, object_, domain_, text_, ...)                                 \
	{                                                                                          \
		.reason = reason_, .n = n_, .position = position_, .object = object_,              \
		.domain = domain_, .text = text_, __VA_ARGS__                                      \
	}

static const struct refusal_case cases[] = {
	CASE(REASON_NOT_WRITABLE, 1, 0, "an object that is not written", NULL,
		"the object cannot be written (an object that is not written = a value of another "
		"type)",
		.v = {{.type = SET_OTHER}}),
	CASE(REASON_READ_ONLY, 1, 0, "ldomNumVCPU.2", "active",
		"read-only mode (ldomNumVCPU.2 = 5 of \"active\")", .v = {N(VCPU, ACTIVE, 5)},
		.read_only = true),
	CASE(REASON_WRONG_TYPE, 1, 0, "ldomNumVCPU.2", "active",
		"the value has another type than the object (ldomNumVCPU.2 = \"5\" of \"active\")",
		.v = {S(VCPU, ACTIVE, "5")}),
	CASE(REASON_TOO_LONG, 1, 0, "ldomTemplate.20", NULL,
		"the value is longer than the object takes (ldomTemplate.20 = \"" LONG_64 "b\")",
		.v = {S(TEMPLATE, NEXT, LONG_64 "b")}),
	CASE(REASON_WRONG_VALUE, 1, 0, "ldomAdminState.2", "active",
		"the value is outside what the object takes (ldomAdminState.2 = 9 of \"active\")",
		.v = {I(ADMIN, ACTIVE, 9)}),
	CASE(REASON_NO_INDEX, 1, 0, "ldomNumVCPU.0", NULL,
		"no row can have this index (ldomNumVCPU.0 = 5)", .v = {N(VCPU, 0, 5)}),
	CASE(REASON_NEVER_A_ROW, 1, 0, "ldomNumVCPU.19", NULL,
		"no such row, and there will never be one (ldomNumVCPU.19 = 5)",
		.v = {N(VCPU, NEXT - 1, 5)}),
	CASE(REASON_NO_ROW, 1, 0, "ldomNumVCPU.25", NULL, "no such row (ldomNumVCPU.25 = 5)",
		.v = {N(VCPU, NEXT + 5, 5)}),
	CASE(REASON_INDEX_OUTSIDE, 3, 0, "ldomRowStatus.1044", "new",
		"a new row's index is ldomNextIndex, or at most 1023 more (ldomRowStatus.1044 = "
		"createAndGo of \"new\")",
		.v = {CREATE(NEXT + 1024), S(NAME, NEXT + 1024, "new"), N(VCPU, NEXT + 1024, 1)}),
	CASE(REASON_TWO_VALUES, 2, 1, "ldomNumVCPU.2", "active",
		"the same object twice with different values (ldomNumVCPU.2 = 6 of \"active\")",
		.v = {N(VCPU, ACTIVE, 5), N(VCPU, ACTIVE, 6)}),
	CASE(REASON_CREATE_FIRST, 1, 0, "ldomRowStatus.25", NULL,
		"no such row: create it first (ldomRowStatus.25 = active)",
		.v = {I(ROW, NEXT + 5, ROW_REQUEST_ACTIVE)}),
	CASE(REASON_ROW_EXISTS, 1, 0, "ldomRowStatus.2", "active",
		"the row is there already (ldomRowStatus.2 = createAndGo of \"active\")",
		.v = {CREATE(ACTIVE)}),
	CASE(REASON_ROW_INCOMPLETE, 1, 0, "ldomRowStatus.12", NULL,
		"the row is not complete (ldomRowStatus.12 = notInService)",
		.v = {I(ROW, UNFINISHED, ROW_REQUEST_NOT_IN_SERVICE)}),
	CASE(REASON_DOMAIN_INCOMPLETE, 2, 1, "ldomRowStatus.20", "new",
		"a new domain needs a name, and CPUs and memory or a template (ldomRowStatus.20 = "
		"createAndGo of \"new\")",
		.v = {S(NAME, NEXT, "new"), CREATE(NEXT)}),
	CASE(REASON_NOTHING_TO_STOP, 1, 0, "ldomAdminState.13", "finished",
		"a row that is being made has nothing to stop (ldomAdminState.13 = forceStop of "
		"\"finished\")",
		.v = {I(ADMIN, FINISHED, ADMIN_FORCE_STOP)}),
	CASE(REASON_IN_SERVICE, 1, 0, "ldomRowStatus.2", "active",
		"a domain that exists is in service; use ldomAdminState (ldomRowStatus.2 = "
		"notInService of \"active\")",
		.v = {I(ROW, ACTIVE, ROW_REQUEST_NOT_IN_SERVICE)}),
	CASE(REASON_RENAME, 1, 0, "ldomName.2", "active",
		"a domain cannot be renamed (ldomName.2 = \"x\" of \"active\")",
		.v = {S(NAME, ACTIVE, "x")}),
	CASE(REASON_LATE_TEMPLATE, 1, 0, "ldomTemplate.2", "active",
		"a template is for a row that is being made (ldomTemplate.2 = \"t\" of "
		"\"active\")",
		.v = {S(TEMPLATE, ACTIVE, "t")}),
	CASE(REASON_CHANGE_AND_DESTROY, 2, 1, "ldomRowStatus.4", "inactive",
		"a row cannot be changed and destroyed at once (ldomRowStatus.4 = destroy of "
		"\"inactive\")",
		.v = {N(VCPU, INACTIVE, 2), I(ROW, INACTIVE, ROW_REQUEST_DESTROY)}),
	CASE(REASON_NAME_TAKEN, 1, 0, "ldomName.12", "active",
		"another domain has this name (ldomName.12 = \"active\" of \"active\")",
		.v = {S(NAME, UNFINISHED, "active")}),
	CASE(REASON_NAME_TWICE, 2, 0, "ldomName.12", "new",
		"two new rows with the same name (ldomName.12 = \"new\" of \"new\")",
		.v = {S(NAME, UNFINISHED, "new"), S(NAME, FINISHED, "new")}),
	CASE(REASON_NAME_PENDING, 1, 0, "ldomName.12", "new",
		"another row of this name is being made (ldomName.12 = \"new\" of \"new\")",
		.v = {S(NAME, UNFINISHED, "new")},
		.under_way = {CREATE(NEXT), S(NAME, NEXT, "new"), N(VCPU, NEXT, 1),
			N(MEMORY, NEXT, 512)},
		.n_under_way = 4),
	CASE(REASON_NOT_ALLOWED, 1, 0, "ldomAdminState.2", "active",
		"setAllow does not allow it (ldomAdminState.2 = bound of \"active\")",
		.v = {I(ADMIN, ACTIVE, ADMIN_BOUND)}, .allow = "cpu"),
	CASE(REASON_CONTROL_DOMAIN, 1, 0, "ldomNumVCPU.1", "primary",
		"the control domain is written only where setAllow names it (ldomNumVCPU.1 = 4 of "
		"\"primary\")",
		.v = {N(VCPU, PRIMARY, 4)}),
	CASE(REASON_SERVICE_DOMAIN, 1, 0, "ldomNumVCPU.11", "server",
		"a service domain in use is written only where setAllow names it (ldomNumVCPU.11 = "
		"2 "
		"of \"server\")",
		.v = {N(VCPU, SERVER, 2)}),
	CASE(REASON_MASTER_DOMAIN, 1, 0, "ldomNumVCPU.9", "master",
		"the master of other domains is written only where setAllow names it "
		"(ldomNumVCPU.9 "
		"= 2 of \"master\")",
		.v = {N(VCPU, MASTER, 2)}),
	CASE(REASON_SAVE_NOT_ALLOWED, 1, 0, "ldomSaveConfig.0", NULL,
		"saving is allowed only where setAllow says save (ldomSaveConfig.0 = \"spring\")",
		.v = {SAVE("spring")}),
	CASE(REASON_CONFIG_EXISTS, 1, 0, "ldomSaveConfig.0", NULL,
		"a configuration of this name exists, and is never overwritten (ldomSaveConfig.0 = "
		"\"initial\")",
		.v = {SAVE("initial")}, .allow = "save"),
	CASE(REASON_SAVE_PENDING, 1, 0, "ldomSaveConfig.0", NULL,
		"another configuration is being saved (ldomSaveConfig.0 = \"summer\")",
		.v = {SAVE("summer")}, .allow = "save", .under_way = {SAVE("spring")},
		.n_under_way = 1),
	CASE(REASON_BUSY, 1, 0, "ldomNumVCPU.2", "active",
		"the domain is busy with another change (ldomNumVCPU.2 = 7 of \"active\")",
		.v = {N(VCPU, ACTIVE, 7)}, .under_way = {N(VCPU, ACTIVE, 6)}, .n_under_way = 1),
	CASE(REASON_RECONFIGURATION, 1, 0, "ldomNumVCPU.2", "active",
		"a delayed reconfiguration of the control domain waits (ldomNumVCPU.2 = 5 of "
		"\"active\")",
		.v = {N(VCPU, ACTIVE, 5)}, .control_pending = true),
	CASE(REASON_MIGRATING, 1, 0, "ldomNumVCPU.6", "migrating",
		"the domain is migrating (ldomNumVCPU.6 = 5 of \"migrating\")",
		.v = {N(VCPU, MIGRATING, 5)}),
	CASE(REASON_MEMORY_DR, 1, 0, "ldomMemSize.8", "dr",
		"a memory reconfiguration of the domain runs (ldomMemSize.8 = 1024 of \"dr\")",
		.v = {N(MEMORY, MEMORY_DR, 1024)}),
	CASE(REASON_IN_TRANSITION, 1, 0, "ldomNumVCPU.5", "stopping",
		"the domain is in transition (ldomNumVCPU.5 = 5 of \"stopping\")",
		.v = {N(VCPU, STOPPING, 5)}),
	CASE(REASON_NO_WAY, 1, 0, "ldomAdminState.3", "bound",
		"this state cannot be reached from where the domain is now (ldomAdminState.3 = "
		"restart of \"bound\")",
		.v = {I(ADMIN, BOUND, ADMIN_RESTART)}),
	CASE(REASON_NOT_INACTIVE, 1, 0, "ldomRowStatus.2", "active",
		"only an inactive domain can be removed (ldomRowStatus.2 = destroy of \"active\")",
		.v = {I(ROW, ACTIVE, ROW_REQUEST_DESTROY)}),
	CASE(REASON_WHOLE_CORES, 1, 0, "ldomNumVCPU.7", "core",
		"the domain has a whole-core constraint (ldomNumVCPU.7 = 5 of \"core\")",
		.v = {N(VCPU, WHOLE_CORE, 5)}),
	CASE(REASON_MAX_CORES, 1, 0, "ldomNumVCPU.7", "core",
		"more cores than the domain may have (ldomMaxCores) (ldomNumVCPU.7 = 24 of "
		"\"core\")",
		.v = {N(VCPU, WHOLE_CORE, 24)}),
	CASE(REASON_TWO_TAILS, 2, 1, "ldomAdminState.3", "bound",
		"steps that cannot be undone are allowed in one domain only (ldomAdminState.3 = "
		"active "
		"of \"bound\")",
		.v = {I(ADMIN, ACTIVE, ADMIN_BOUND), I(ADMIN, BOUND, ADMIN_ACTIVE)}),
	CASE(REASON_CPUS, 1, 0, "ldomNumVCPU.2", "active",
		"56 CPUs wanted, 8 free (ldomNumVCPU.2 = 60 of \"active\")",
		.v = {N(VCPU, ACTIVE, 60)}),
	CASE(REASON_MEMORY, 1, 0, "ldomMemSize.2", "active",
		"18432 MB of memory wanted, 4096 free (ldomMemSize.2 = 20480 of \"active\")",
		.v = {N(MEMORY, ACTIVE, 20480)}),
	CASE(REASON_CRYPTO, 1, 0, "ldomNumCrypto.2", "active",
		"4 crypto units wanted, 1 free (ldomNumCrypto.2 = 5 of \"active\")",
		.v = {N(CRYPTO, ACTIVE, 5)}),
	CASE(REASON_NO_LDMD, 1, 0, "ldomNumVCPU.2", "active",
		"ldmd is not connected, or its data are too old (ldomNumVCPU.2 = 5 of \"active\")",
		.v = {N(VCPU, ACTIVE, 5)}, .no_ldmd = true),
};

static const char *expected_text(enum refusal_reason reason)
{
	for (size_t i = 0; i < COUNT(cases); i++)
		if (cases[i].reason == reason)
			return cases[i].text;
	return NULL;
}

/* --- the agent's side, with nobody in the place of the ldm thread ---------------------------- */

struct bed {
	struct handover *h;
	struct control *c;
	struct permit *permit;
	struct inbox in;
};

static void bed(struct bed *b, const struct refusal_case *k)
{
	struct control_config config = {.read_only = k->read_only};
	const struct ldm_status status = {.link = k->no_ldmd ? LINK_DOWN : LINK_UP};
	const struct snapshot *s = host(k->control_pending);
	const char *problem;

	memset(b, 0, sizeof(*b));
	if (k->allow) {
		assert_int_equal(permit_new(&b->permit), 0);
		assert_int_equal(permit_add(b->permit, k->allow, &problem), 0);
		config.permit = b->permit;
	}
	assert_int_equal(handover_new(&b->h), 0);
	assert_int_equal(control_new(&config, b->h, &b->c), 0);
	handover_publish_snapshot(b->h, s);
	snapshot_unref(s);
	assert_int_equal(handover_publish_status(b->h, &status), 0);
	assert_int_equal(handover_receive(b->h, &b->in), 0);
	control_receive(b->c, &b->in, 1);
}

static void bed_clear(struct bed *b)
{
	struct handover_order o;

	while (handover_next_order(b->h, &o))
		transaction_unref(o.transaction);
	control_free_all(b->c);
	permit_free(b->permit);
	inbox_clear(&b->in);
	handover_free(b->h);
}

static struct control_key key(uint32_t transaction)
{
	return (struct control_key){1, transaction};
}

static void same_text(const char *told, const char *wanted)
{
	if (!wanted)
		assert_null(told);
	else
		assert_string_equal(told, wanted);
}

static void check(struct bed *b, const struct refusal_case *k, struct refusal r)
{
	const struct control_refusal *told = control_last_refusal(b->c);

	if (r.reason != k->reason || r.position != k->position)
		fail_msg("\"%s\" on varbind %u, expected \"%s\" on %u", reason_text(r.reason),
			r.position, reason_text(k->reason), k->position);
	assert_int_equal(told->error, r.error);
	assert_int_equal(told->at_ms, 5);
	same_text(told->object, k->object);
	same_text(told->domain, k->domain);
	same_text(told->text, k->text);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct refusal_case *k = &cases[i];
		struct bed b;

		bed(&b, k);
		assert_null(control_last_refusal(b.c)->text);
		if (k->n_under_way > 0) {
			struct refusal first = control_reserve(
				b.c, key(1), &b.in, k->under_way, k->n_under_way, 2);
			assert_int_equal(first.error, CONTROL_OK);
			assert_int_equal(control_start(b.c, key(1), 3), 0);
		}
		check(&b, k, control_reserve(b.c, key(2), &b.in, k->v, k->n, 5));
		bed_clear(&b);
	}
}

/* A master that never says what becomes of its PDUs has its places used up. */
static void test_too_many(void **state)
{
	static const struct refusal_case k = CASE(REASON_TOO_MANY, 1, 0, "ldomNumVCPU.2", "active",
		"too many SETs are under way (ldomNumVCPU.2 = 4 of \"active\")",
		.v = {N(VCPU, ACTIVE, 4)});
	struct refusal r = {.error = CONTROL_OK};
	struct bed b;

	(void)state;
	bed(&b, &k);
	for (uint32_t i = 0; i < 1000 && r.error == CONTROL_OK; i++)
		r = control_reserve(b.c, key(i), &b.in, k.v, k.n, 5);
	check(&b, &k, r);
	bed_clear(&b);
}

/* --- reasons that only the ldm thread finds, after the domain was read afresh ---------------- */

static enum refusal_reason reason_of_plan(struct set_varbind v, const struct domain *d)
{
	struct set_request q = make_request(&v, 1);
	const struct plan_input in = {.request = &q, .domain = d};
	struct plan_obstacle why = {.reason = REASON_NONE};
	struct plan plan;

	assert_int_equal(plan_make(&in, 1, &plan, &why), -ENOTSUP);
	set_request_clear(&q);
	return why.reason;
}

static void test_plans(void **state)
{
	struct domain *d = make_domain(ACTIVE, "active", DOMAIN_ACTIVE, 4, 2048, 0);
	struct set_request q = {.fields = FIELD_ROW_BIT | FIELD_ADMIN_BIT,
		.row = ROW_REQUEST_CREATE_AND_GO,
		.admin = ADMIN_RESTART};
	const struct plan_input in = {.request = &q};
	struct plan_obstacle why;
	struct plan plan;

	(void)state;
	assert_int_equal(reason_of_plan(V(VCPU, ACTIVE, 5), NULL), REASON_DOMAIN_GONE);
	assert_int_equal(
		reason_of_plan(V(ROW, ACTIVE, ROW_REQUEST_CREATE_AND_GO), d), REASON_DOMAIN_EXISTS);
	assert_int_equal(plan_make(&in, 1, &plan, &why), -ENOTSUP);
	assert_int_equal(why.reason, REASON_NO_RESTART);
	domain_unref(d);
}

/* --- no reason is left out -------------------------------------------------------------------- */

static void test_every_reason_has_a_case(void **state)
{
	/* test_too_many(), test_plans(), and memory-test.c. */
	static const enum refusal_reason elsewhere[] = {REASON_TOO_MANY, REASON_DOMAIN_GONE,
		REASON_DOMAIN_EXISTS, REASON_NO_RESTART, REASON_NO_MEMORY};

	(void)state;
	for (int reason = REASON_NONE + 1; reason < _REASON_MAX; reason++) {
		bool found = expected_text((enum refusal_reason)reason);

		for (size_t i = 0; i < COUNT(elsewhere); i++)
			found = found || (int)elsewhere[i] == reason;
		if (!found)
			fail_msg("no case for \"%s\"", reason_text((enum refusal_reason)reason));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_every_reason_has_a_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
