/*
 * GET and GETNEXT as the library calls them, without a master: names and types on the wire, the
 * three kinds of exceptions, begin and end of the MIB.
 */
#include "config.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "snmp/answer.h"
#include "snmp/varbind.h"
#include "synthetic.h"
#include "tables/tables.h"

#define ROOT LDOMS_MIB_ROOT_ARCS

static struct ldm_status status = {.link = LINK_UP, .queries = UINT64_C(1) << 32 | 5};
static struct agent_facts facts = {.version = "0.1.0"};
static struct view view = {.status = &status, .facts = &facts, .now_ms = 100000};

struct pdu {
	netsnmp_pdu pdu;
	netsnmp_agent_session session;
	netsnmp_agent_request_info info;
	netsnmp_request_info requests[8];
	size_t n;
};

static void begin(struct pdu *p, int mode)
{
	*p = (struct pdu){.pdu = {.command = mode}, .info = {.mode = mode}};
	p->session.pdu = &p->pdu;
	p->session.orig_pdu = &p->pdu;
	p->info.asp = &p->session;
}

static netsnmp_variable_list *add(struct pdu *p, const oid *name, size_t length)
{
	netsnmp_request_info *r = &p->requests[p->n];
	netsnmp_variable_list *vb = NULL;

	assert_non_null(snmp_varlist_add_variable(&vb, name, length, ASN_NULL, NULL, 0));
	r->requestvb = vb;
	r->index = (int)++p->n;
	if (p->n > 1)
		p->requests[p->n - 2].next = r;
	return vb;
}

#define ADD(p, ...) add(p, (const oid[]){__VA_ARGS__}, OID_LENGTH(((const oid[]){__VA_ARGS__})))

static void clear(struct pdu *p)
{
	for (size_t i = 0; i < p->n; i++)
		snmp_free_varbind(p->requests[i].requestvb);
	p->n = 0;
}

#define assert_name(vb, ...)                                                                       \
	assert_int_equal(                                                                          \
		snmp_oid_compare((vb)->name, (vb)->name_length, (const oid[]){__VA_ARGS__},        \
			OID_LENGTH(((const oid[]){__VA_ARGS__}))),                                 \
		0)

static int make_view(void **state)
{
	const struct domain *domains[3];
	static const uint32_t index[3] = {1, 7, INT32_MAX};
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		struct making m = making_begin(index[i], i == 0 ? "primary" : "ldg",
			i == 0 ? DOMAIN_ACTIVE : DOMAIN_BOUND);
		if (i == 2) {
			free(m.domain->name);
			m.domain->name = text("last");
		}
		m.domain->num_vcpu = UINT32_C(70000) * (i == 2) + 4;
		m.domain->mem_bytes = UINT64_C(5) << 30;
		m.domain->roles = DOMAIN_CONTROL | DOMAIN_GUEST;
		domains[i] = making_end(&m);
	}
	view.snapshot = snapshot_of(domains, 3, NULL);
	return 0;
}

static int drop_view(void **state)
{
	(void)state;
	snapshot_unref(view.snapshot);
	return 0;
}

static void test_types(void **state)
{
	(void)state;
	struct pdu p;
	begin(&p, MODE_GET);
	const netsnmp_variable_list *name = ADD(&p, ROOT, 1, 3, 1, 2, 1),
				    *oper = ADD(&p, ROOT, 1, 3, 1, 4, 1),
				    *memory = ADD(&p, ROOT, 1, 3, 1, 6, 7),
				    *roles = ADD(&p, ROOT, 1, 3, 1, 21, 7),
				    *queries = ADD(&p, ROOT, 1, 1, 22, 0),
				    *uptime = ADD(&p, ROOT, 1, 1, 4, 0),
				    *vcpus = ADD(&p, ROOT, 1, 3, 1, 5, INT32_MAX);

	answer_get(&view, &p.info, p.requests);
	assert_int_equal(name->type, ASN_OCTET_STR);
	assert_int_equal(name->val_len, 7);
	assert_memory_equal(name->val.string, "primary", 7);
	assert_int_equal(oper->type, ASN_INTEGER);
	assert_int_equal(*oper->val.integer, DOMAIN_ACTIVE);
	assert_int_equal(memory->type, ASN_UNSIGNED);
	assert_int_equal(*memory->val.integer, 5120);
	assert_int_equal(roles->type, ASN_OCTET_STR);
	assert_int_equal(roles->val_len, 1);
	assert_int_equal(roles->val.string[0], 0x88);
	assert_int_equal(queries->type, ASN_COUNTER);
	assert_int_equal(*queries->val.integer, 5);
	assert_int_equal(uptime->type, ASN_TIMETICKS);
	assert_int_equal(*uptime->val.integer, 10000);
	/* More than SYNTAX allows stops at its end. */
	assert_int_equal(*vcpus->val.integer, 65535);
	clear(&p);
}

static void test_exceptions(void **state)
{
	(void)state;
	static const struct {
		oid tail[6];
		size_t length;
		u_char type;
	} cases[] = {
		{{1, 3, 1, 5, 2}, 5, SNMP_NOSUCHINSTANCE},
		{{1, 3, 1, 5, 0}, 5, SNMP_NOSUCHINSTANCE},
		{{1, 3, 1, 5, 2147483648}, 5, SNMP_NOSUCHINSTANCE},
		{{1, 3, 1, 5, 4294967295}, 5, SNMP_NOSUCHINSTANCE},
		{{1, 3, 1, 5}, 4, SNMP_NOSUCHINSTANCE},
		{{1, 3, 1, 5, 1, 1}, 6, SNMP_NOSUCHINSTANCE},
		{{1, 1, 3}, 3, SNMP_NOSUCHINSTANCE},
		{{1, 1, 3, 1}, 4, SNMP_NOSUCHINSTANCE},
		{{1, 1, 3, 0, 0}, 5, SNMP_NOSUCHINSTANCE},
		{{1, 3, 1, 1, 1}, 5, SNMP_NOSUCHOBJECT},
		{{1, 3, 1, 31, 1}, 5, SNMP_NOSUCHOBJECT},
		{{1, 3, 2, 5, 1}, 5, SNMP_NOSUCHOBJECT},
		{{1, 1, 99, 0}, 4, SNMP_NOSUCHOBJECT},
		{{1, 3}, 2, SNMP_NOSUCHOBJECT},
		{{1, 99}, 2, SNMP_NOSUCHOBJECT},
		{{0, 1}, 2, SNMP_NOSUCHOBJECT},
		{{0}, 0, SNMP_NOSUCHOBJECT},
		/* Pools are not there before ldmd told of them. */
		{{1, 2, 1, 0}, 4, SNMP_NOSUCHINSTANCE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pdu p;
		begin(&p, MODE_GET);
		oid name[MAX_OID_LEN];
		memcpy(name, mib_root, mib_root_length * sizeof(oid));
		memcpy(name + mib_root_length, cases[i].tail, sizeof(cases[i].tail));
		const netsnmp_variable_list *vb = add(&p, name, mib_root_length + cases[i].length);
		answer_get(&view, &p.info, p.requests);
		if (vb->type != cases[i].type)
			fail_msg("case %zu: type 0x%x instead of 0x%x", i, vb->type, cases[i].type);
		clear(&p);
	}
}

static void test_one_bad_name_spoils_nothing(void **state)
{
	(void)state;
	struct pdu p;
	begin(&p, MODE_GET);
	const netsnmp_variable_list *a = ADD(&p, ROOT, 1, 3, 1, 5, 1),
				    *b = ADD(&p, ROOT, 1, 3, 1, 5, 99),
				    *c = ADD(&p, ROOT, 1, 3, 1, 5, 7);

	/* What another handler has done stays done. */
	p.requests[2].processed = 1;
	answer_get(&view, &p.info, p.requests);
	assert_int_equal(*a->val.integer, 4);
	assert_int_equal(b->type, SNMP_NOSUCHINSTANCE);
	assert_int_equal(c->type, ASN_NULL);
	clear(&p);
}

static void test_next_at_the_edges(void **state)
{
	(void)state;
	struct pdu p;
	begin(&p, MODE_GETNEXT);
	const netsnmp_variable_list *above = ADD(&p, 1, 3, 6, 1, 4, 1), *root = ADD(&p, ROOT),
				    *before = ADD(&p, ROOT, 0, 4),
				    *column_end = ADD(&p, ROOT, 1, 3, 1, 5, INT32_MAX),
				    *behind = ADD(&p, ROOT, 1, 99), *after = ADD(&p, 1, 3, 6, 1, 5),
				    *long_name = ADD(&p, ROOT, 1, 3, 1, 5, 1, 4294967295, 1),
				    *same = ADD(&p, ROOT, 1, 3, 1, 5, 7);

	p.requests[7].inclusive = 1;
	answer_next(&view, &p.info, p.requests);
	assert_name(above, ROOT, 1, 1, 1, 0);
	assert_name(root, ROOT, 1, 1, 1, 0);
	assert_name(before, ROOT, 1, 1, 1, 0);
	assert_name(column_end, ROOT, 1, 3, 1, 6, 1);
	assert_name(behind, ROOT, 1, 99);
	assert_int_equal(behind->type, ASN_NULL);
	assert_int_equal(after->type, ASN_NULL);
	assert_name(long_name, ROOT, 1, 3, 1, 5, 7);
	assert_name(same, ROOT, 1, 3, 1, 5, 7);
	clear(&p);
}

/* As the tables themselves have it. */
static size_t count_cells(void)
{
	uint32_t name[LOOKUP_NAME_MAX];
	struct cell cell;
	size_t n = 0;

	for (size_t length = 0; lookup_next(&view, name, length, false, &cell); n++)
		length = cell_name(&cell, name);
	return n;
}

/* The whole MIB: names rise, and a GET of each gives what GETNEXT gave. */
static void test_walk(void **state)
{
	(void)state;
	struct pdu p;
	begin(&p, MODE_GETNEXT);
	netsnmp_variable_list *vb = ADD(&p, ROOT);
	size_t n = 0;

	for (;;) {
		oid last[MAX_OID_LEN];
		size_t length = vb->name_length;
		memcpy(last, vb->name, length * sizeof(oid));
		snmp_set_var_typed_value(vb, ASN_NULL, NULL, 0);
		answer_next(&view, &p.info, p.requests);
		if (vb->type == ASN_NULL)
			break;
		assert_true(snmp_oid_compare(last, length, vb->name, vb->name_length) < 0);
		n++;

		struct pdu get;
		begin(&get, MODE_GET);
		const netsnmp_variable_list *again = add(&get, vb->name, vb->name_length);
		answer_get(&view, &get.info, get.requests);
		assert_int_equal(again->type, vb->type);
		assert_int_equal(again->val_len, vb->val_len);
		assert_memory_equal(again->val.string, vb->val.string, vb->val_len);
		clear(&get);
	}
	assert_int_equal(n, count_cells());
	clear(&p);
}

static void test_nothing_but_scalars_when_stale(void **state)
{
	(void)state;
	const struct snapshot *snapshot = view.snapshot;
	struct pdu p;
	begin(&p, MODE_GET);
	const netsnmp_variable_list *cell = ADD(&p, ROOT, 1, 3, 1, 5, 1),
				    *number = ADD(&p, ROOT, 1, 1, 14, 0),
				    *next_index = ADD(&p, ROOT, 1, 1, 16, 0);

	view.snapshot = NULL;
	answer_get(&view, &p.info, p.requests);
	assert_int_equal(cell->type, SNMP_NOSUCHINSTANCE);
	assert_int_equal(*number->val.integer, 0);
	assert_int_equal(*next_index->val.integer, 0);
	clear(&p);

	begin(&p, MODE_GETNEXT);
	const netsnmp_variable_list *last = ADD(&p, ROOT, 1, 1, manager_group.n_columns, 0);
	answer_next(&view, &p.info, p.requests);
	assert_int_equal(last->type, ASN_NULL);
	clear(&p);
	view.snapshot = snapshot;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_exceptions),
		cmocka_unit_test(test_one_bad_name_spoils_nothing),
		cmocka_unit_test(test_next_at_the_edges),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_nothing_but_scalars_when_stale),
	};
	return cmocka_run_group_tests(tests, make_view, drop_view);
}
