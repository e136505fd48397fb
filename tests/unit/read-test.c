/*
 * Get, GetNext and GetBulk as PDUs: names and types on the wire, the three kinds of exceptions,
 * begin and end of the MIB, ranges, limits; everything in both byte orders.
 */
#include "config.h"

#include "snmp/read.h"
#include "synthetic.h"
#include "tables/mib.h"
#include "tables/lookup.h"
#include "tables/tables.h"

static struct ldm_status status = {.link = LINK_UP, .queries = UINT64_C(1) << 32 | 5};
static struct agent_facts facts = {.version = "0.1.0"};
static struct view view = {
	.status = &status, .facts = &facts, .mibs = &mib_list_default, .now_ms = 100000};

#define SESSION	    0x01020304
#define TRANSACTION 0x11223344
#define PACKET	    0x55667788
#define COLUMN(n)   1, 3, 1, (n)

enum { CPUS = 5, NAME = 2, MEMORY = 6 };

/* --- requests ------------------------------------------------------------------------------- */

struct request {
	uint8_t octets[AGENTX_PDU_MAX];
	struct agentx_writer w;
};
static struct request request;

static void begin(int type, bool network)
{
	const struct agentx_header h = {
		.version = AGENTX_VERSION,
		.type = (uint8_t)type,
		.flags = network ? AGENTX_NETWORK_BYTE_ORDER : 0,
		.session = SESSION,
		.transaction = TRANSACTION,
		.packet = PACKET,
	};
	request.w = agentx_writer(request.octets, sizeof(request.octets), &h);
}

static void begin_bulk(bool network, uint16_t non_repeaters, uint16_t repetitions)
{
	begin(AGENTX_GET_BULK, network);
	agentx_write_u16(&request.w, non_repeaters);
	agentx_write_u16(&request.w, repetitions);
}

static void add_oid(const uint32_t *below, size_t n, bool include)
{
	uint8_t *oid = request.w.at;

	agentx_write_name(&request.w, ldoms_mib.root, ldoms_mib.root_length, below, n);
	oid[2] = include;
}

#define ARCS(...) (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4
/* 1.3.6.1.prefix and the arcs, or without a prefix the arcs alone. */
static void add_other(uint8_t prefix, const uint32_t *arcs, size_t n)
{
	memcpy(request.w.at, (const uint8_t[]){(uint8_t)n, prefix, 0, 0}, 4);
	request.w.at += 4;
	for (size_t i = 0; i < n; i++)
		agentx_write_u32(&request.w, arcs[i]);
}

static void add_null(void)
{
	add_other(0, NULL, 0);
}

/* A search range without an end. */
static void add(const uint32_t *below, size_t n)
{
	add_oid(below, n, false);
	add_null();
}

/* --- answers -------------------------------------------------------------------------------- */

struct varbind {
	uint16_t type;
	struct agentx_oid name;
	int64_t number;
	const uint8_t *octets;
	size_t length;
};
static uint8_t response[AGENTX_PDU_MAX];
static struct varbind found[64];

static uint32_t number_of(const uint8_t *p, bool network)
{
	return network ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
		       : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static const uint8_t *take_value(struct varbind *vb, const uint8_t *at, bool network)
{
	if (vb->type >= AGENTX_NO_SUCH_OBJECT)
		return at;
	vb->number = number_of(at, network);
	if (vb->type != 4)
		return at + 4;
	vb->length = (size_t)vb->number;
	vb->octets = at + 4;
	for (size_t i = vb->length; i % 4; i++)
		assert_int_equal(vb->octets[i], 0);
	return at + 4 + (vb->length + 3) / 4 * 4;
}

/* Answers the request; the varbinds of the answer, which is well-formed. */
static size_t answer(uint16_t *ret_error)
{
	assert_true(agentx_finish(&request.w) > 0);
	size_t size = read_answer(&view, request.octets, response), n = 0;
	bool network = response[2] & AGENTX_NETWORK_BYTE_ORDER;
	const struct agentx_header h = agentx_header(response);
	uint32_t uptime;

	assert_int_equal(size % 4, 0);
	assert_int_equal(h.length, size - AGENTX_HEADER_SIZE);
	assert_int_equal(h.type, AGENTX_RESPONSE);
	assert_int_equal(h.flags, request.octets[2] & AGENTX_NETWORK_BYTE_ORDER);
	assert_memory_equal(response + 4, request.octets + 4, 12);
	assert_true(agentx_response(response, &uptime, ret_error));
	const uint8_t *at = response + AGENTX_RESPONSE_SIZE, *end = response + size;
	for (; at < end; n++) {
		struct varbind *vb = &found[n < 64 ? n : 63];
		struct agentx_reader r = {at, end, network, false};
		*vb = (struct varbind){.type = agentx_read_u16(&r)};
		assert_int_equal(agentx_read_u16(&r), 0);
		agentx_read_oid(&r, &vb->name);
		assert_false(r.failed);
		assert_false(vb->name.include);
		at = take_value(vb, r.at, network);
	}
	assert_ptr_equal(at, end);
	return n;
}

static size_t answer_well(void)
{
	uint16_t error;
	size_t n = answer(&error);

	assert_int_equal(error, 0);
	return n;
}

static void assert_below(const struct varbind *vb, const uint32_t *below, size_t n)
{
	size_t root = ldoms_mib.root_length;

	assert_int_equal(vb->name.length, root + n);
	assert_memory_equal(vb->name.arcs, ldoms_mib.root, root * 4);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(vb->name.arcs[root + i], below[i]);
}

static bool names_equal(const struct varbind *vb, const struct agentx_oid *name)
{
	return vb->name.length == name->length &&
	       memcmp(vb->name.arcs, name->arcs, name->length * 4) == 0;
}

static void assert_error(uint16_t wanted)
{
	uint16_t error;

	assert_int_equal(answer(&error), 0);
	assert_int_equal(error, wanted);
}

/* --- the view ------------------------------------------------------------------------------- */

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
	view.snapshot = snapshot_of(domains, 3, NULL, (struct host_pools){0});
	return 0;
}

static int drop_view(void **state)
{
	(void)state;
	snapshot_unref(view.snapshot);
	return 0;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void types(bool network)
{
	begin(AGENTX_GET, network);
	add(ARCS(COLUMN(NAME), 1));
	add(ARCS(COLUMN(4), 1));
	add(ARCS(COLUMN(MEMORY), 7));
	add(ARCS(COLUMN(21), 7));
	add(ARCS(1, 1, 22, 0));
	add(ARCS(1, 1, 4, 0));
	add(ARCS(COLUMN(CPUS), INT32_MAX));
	assert_int_equal(answer_well(), 7);
	assert_below(&found[0], ARCS(COLUMN(NAME), 1));
	assert_int_equal(found[0].type, 4);
	assert_int_equal(found[0].length, 7);
	assert_memory_equal(found[0].octets, "primary", 7);
	assert_int_equal(found[1].type, 2);
	assert_int_equal(found[1].number, DOMAIN_ACTIVE);
	assert_int_equal(found[2].type, 66);
	assert_int_equal(found[2].number, 5120);
	assert_int_equal(found[3].type, 4);
	assert_int_equal(found[3].length, 1);
	assert_int_equal(found[3].octets[0], 0x88);
	assert_int_equal(found[4].type, 65);
	assert_int_equal(found[4].number, 5);
	assert_int_equal(found[5].type, 67);
	assert_int_equal(found[5].number, 10000);
	/* More than SYNTAX allows stops at its end. */
	assert_int_equal(found[6].number, 65535);
}

static void test_types(void **state)
{
	(void)state;
	types(false);
	types(true);
}

/* Octet by octet, by hand: RFC 2741 5.4. */
static void test_octets(void **state)
{
	(void)state;
	static const uint8_t wanted[] = {0, 66, 0, 0, 10, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0x1f, 0x88, 0,
		0, 0x27, 0x0f, 0, 0, 0x27, 0x0f, 0, 0, 0x19, 0x52, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0,
		1, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 4};

	if (strcmp(LDOMS_MIB_ROOT, "1.3.6.1.4.1.8072.9999.9999.6482") != 0)
		skip();
	begin(AGENTX_GET, true);
	add(ARCS(COLUMN(CPUS), 7));
	assert_int_equal(answer_well(), 1);
	assert_memory_equal(response + AGENTX_RESPONSE_SIZE, wanted, sizeof(wanted));
}

static void exceptions(bool network)
{
	static const struct {
		uint32_t tail[6];
		size_t length;
		uint16_t type;
	} cases[] = {
		{{1, 3, 1, 5, 2}, 5, AGENTX_NO_SUCH_INSTANCE},
		{{1, 3, 1, 5, 0}, 5, AGENTX_NO_SUCH_INSTANCE},
		{{1, 3, 1, 5, 2147483648}, 5, AGENTX_NO_SUCH_INSTANCE},
		{{1, 3, 1, 5, 4294967295}, 5, AGENTX_NO_SUCH_INSTANCE},
		{{1, 3, 1, 5}, 4, AGENTX_NO_SUCH_INSTANCE},
		{{1, 3, 1, 5, 1, 1}, 6, AGENTX_NO_SUCH_INSTANCE},
		{{1, 1, 3}, 3, AGENTX_NO_SUCH_INSTANCE},
		{{1, 1, 3, 1}, 4, AGENTX_NO_SUCH_INSTANCE},
		{{1, 1, 3, 0, 0}, 5, AGENTX_NO_SUCH_INSTANCE},
		{{1, 3, 1, 1, 1}, 5, AGENTX_NO_SUCH_OBJECT},
		{{1, 3, 1, 99, 1}, 5, AGENTX_NO_SUCH_OBJECT},
		{{1, 3, 2, 5, 1}, 5, AGENTX_NO_SUCH_OBJECT},
		{{1, 1, 99, 0}, 4, AGENTX_NO_SUCH_OBJECT},
		{{1, 3}, 2, AGENTX_NO_SUCH_OBJECT},
		{{1, 99}, 2, AGENTX_NO_SUCH_OBJECT},
		{{0, 1}, 2, AGENTX_NO_SUCH_OBJECT},
		{{0}, 0, AGENTX_NO_SUCH_OBJECT},
		/* Pools are not there before ldmd told of them. */
		{{1, 2, 1, 0}, 4, AGENTX_NO_SUCH_INSTANCE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(AGENTX_GET, network);
		add(cases[i].tail, cases[i].length);
		assert_int_equal(answer_well(), 1);
		assert_below(&found[0], cases[i].tail, cases[i].length);
		if (found[0].type != cases[i].type)
			fail_msg(
				"case %zu: type %u instead of %u", i, found[0].type, cases[i].type);
	}
}

static void test_exceptions(void **state)
{
	(void)state;
	exceptions(false);
	exceptions(true);
}

static void test_one_bad_name_spoils_nothing(void **state)
{
	(void)state;
	begin(AGENTX_GET, true);
	add(ARCS(COLUMN(CPUS), 1));
	add(ARCS(COLUMN(CPUS), 99));
	add_other(2, ARCS(1, 1, 0)); /* 1.3.6.1.2.1.1.0 is none of ours */
	add_null();
	add(ARCS(COLUMN(CPUS), 7));
	assert_int_equal(answer_well(), 4);
	assert_int_equal(found[0].number, 4);
	assert_int_equal(found[1].type, AGENTX_NO_SUCH_INSTANCE);
	assert_int_equal(found[2].type, AGENTX_NO_SUCH_OBJECT);
	assert_int_equal(found[3].number, 4);
}

static void next_at_the_edges(bool network)
{
	begin(AGENTX_GET_NEXT, network);
	add_other(4, ARCS(1)); /* 1.3.6.1.4.1, above the root */
	add_null();
	add(NULL, 0);
	add(ARCS(0, 4));
	add(ARCS(COLUMN(CPUS), INT32_MAX));
	add(ARCS(1, 99));
	add_other(5, NULL, 0); /* 1.3.6.1.5, behind the root */
	add_null();
	add(ARCS(COLUMN(CPUS), 1, 4294967295, 1));
	add_oid(ARCS(COLUMN(CPUS), 7), true);
	add_null();
	add_null(); /* the null OID: before everything */
	add_null();
	assert_int_equal(answer_well(), 9);
	assert_below(&found[0], ARCS(1, 1, 1, 0));
	assert_below(&found[1], ARCS(1, 1, 1, 0));
	assert_below(&found[2], ARCS(1, 1, 1, 0));
	assert_below(&found[3], ARCS(COLUMN(6), 1));
	assert_below(&found[4], ARCS(1, 99));
	assert_int_equal(found[4].type, AGENTX_END_OF_MIB_VIEW);
	assert_int_equal(found[5].type, AGENTX_END_OF_MIB_VIEW);
	assert_below(&found[6], ARCS(COLUMN(CPUS), 7));
	assert_below(&found[7], ARCS(COLUMN(CPUS), 7));
	assert_below(&found[8], ARCS(1, 1, 1, 0));
}

static void test_next_at_the_edges(void **state)
{
	(void)state;
	next_at_the_edges(false);
	next_at_the_edges(true);
}

/* The end of a range is not in it. */
static void test_ranges(void **state)
{
	(void)state;
	static const struct {
		uint32_t end[8];
		size_t n;
		bool found;
	} cases[] = {
		{{COLUMN(CPUS), 7}, 5, false}, {{COLUMN(CPUS), 7, 0}, 6, true},
		{{COLUMN(CPUS), 8}, 5, true}, {{COLUMN(CPUS)}, 4, false},
		{{COLUMN(CPUS + 1)}, 4, true}, {{COLUMN(CPUS), 2}, 5, false}, {{2}, 1, true},
		{{0}, 0, false}, /* the root */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(AGENTX_GET_NEXT, i % 2);
		add_oid(ARCS(COLUMN(CPUS), 1), false);
		add_oid(cases[i].end, cases[i].n, false);
		assert_int_equal(answer_well(), 1);
		if ((found[0].type == 66) != cases[i].found)
			fail_msg("case %zu: type %u", i, found[0].type);
		assert_below(&found[0], ARCS(COLUMN(CPUS), cases[i].found ? 7 : 1));
	}
	/* An end before and behind the whole MIB. */
	begin(AGENTX_GET_NEXT, true);
	add_oid(ARCS(COLUMN(CPUS), 1), false);
	add_other(2, NULL, 0);
	add_oid(ARCS(COLUMN(CPUS), 1), false);
	add_other(9, NULL, 0);
	assert_int_equal(answer_well(), 2);
	assert_int_equal(found[0].type, AGENTX_END_OF_MIB_VIEW);
	assert_below(&found[1], ARCS(COLUMN(CPUS), 7));
}

/* As the tables themselves have it. */
static size_t count_cells(void)
{
	uint32_t name[NAME_ARCS_MAX];
	struct cell cell;
	size_t n = 0;

	for (size_t length = 0; lookup_next(&view, &ldoms_mib, name, length, false, &cell); n++)
		length = cell_name(&cell, name);
	return n;
}

static bool next_rises(const struct agentx_oid *last)
{
	size_t root = ldoms_mib.root_length;

	begin(AGENTX_GET_NEXT, true);
	add(last->arcs + root, last->length - root);
	assert_int_equal(answer_well(), 1);
	if (found[0].type == AGENTX_END_OF_MIB_VIEW)
		return false;
	size_t i = 0;
	while (i < last->length && last->arcs[i] == found[0].name.arcs[i])
		i++;
	assert_true(i < found[0].name.length &&
		    (i == last->length || found[0].name.arcs[i] > last->arcs[i]));
	return true;
}

/* The whole MIB: names rise, and a Get of each gives what GetNext gave. */
static void test_walk(void **state)
{
	(void)state;
	struct agentx_oid name = {.length = ldoms_mib.root_length};
	size_t n = 0, root = ldoms_mib.root_length;

	memcpy(name.arcs, ldoms_mib.root, root * 4);
	for (; next_rises(&name); n++) {
		struct varbind next = found[0];
		uint8_t octets[2048];
		assert_true(next.length <= sizeof(octets));
		if (next.length)
			memcpy(octets, next.octets, next.length);
		name = next.name;
		begin(AGENTX_GET, n % 2);
		add(name.arcs + root, name.length - root);
		assert_int_equal(answer_well(), 1);
		assert_true(names_equal(&found[0], &name));
		assert_int_equal(found[0].type, next.type);
		assert_int_equal(found[0].length, next.length);
		assert_int_equal(found[0].number, next.number);
		if (next.length)
			assert_memory_equal(found[0].octets, octets, next.length);
	}
	assert_int_equal(n, count_cells());
}

static void test_bulk(void **state)
{
	(void)state;
	for (int network = 0; network < 2; network++) {
		begin_bulk(network, 1, 2);
		add(ARCS(COLUMN(MEMORY)));
		add(ARCS(COLUMN(NAME)));
		add_oid(ARCS(COLUMN(CPUS), 7), true);
		add_null();
		assert_int_equal(answer_well(), 5);
		assert_below(&found[0], ARCS(COLUMN(MEMORY), 1));
		assert_below(&found[1], ARCS(COLUMN(NAME), 1));
		assert_below(&found[2], ARCS(COLUMN(CPUS), 7));
		assert_below(&found[3], ARCS(COLUMN(NAME), 7));
		/* Only the first repetition includes its start. */
		assert_below(&found[4], ARCS(COLUMN(CPUS), INT32_MAX));
	}
	begin_bulk(false, 0, 0);
	add(ARCS(COLUMN(NAME)));
	assert_int_equal(answer_well(), 0);
	begin_bulk(false, 5, 5);
	add(ARCS(COLUMN(NAME)));
	assert_int_equal(answer_well(), 1);
	begin_bulk(false, 0, 5);
	assert_int_equal(answer_well(), 0);
}

/* A range that ended repeats endOfMibView; all of them, and the repetitions stop. */
static void test_bulk_ends(void **state)
{
	(void)state;
	begin_bulk(true, 0, 60000);
	add_oid(ARCS(COLUMN(NAME)), false);
	add_oid(ARCS(COLUMN(NAME), 7), false);
	add_oid(ARCS(COLUMN(CPUS)), false);
	add_oid(ARCS(COLUMN(CPUS + 1)), false);
	assert_int_equal(answer_well(), 8);
	assert_below(&found[0], ARCS(COLUMN(NAME), 1));
	assert_below(&found[1], ARCS(COLUMN(CPUS), 1));
	assert_below(&found[2], ARCS(COLUMN(NAME), 1));
	assert_int_equal(found[2].type, AGENTX_END_OF_MIB_VIEW);
	assert_below(&found[3], ARCS(COLUMN(CPUS), 7));
	assert_int_equal(found[4].type, AGENTX_END_OF_MIB_VIEW);
	assert_below(&found[5], ARCS(COLUMN(CPUS), INT32_MAX));
	assert_int_equal(found[6].type, AGENTX_END_OF_MIB_VIEW);
	assert_int_equal(found[7].type, AGENTX_END_OF_MIB_VIEW);
	assert_below(&found[7], ARCS(COLUMN(CPUS), INT32_MAX));
}

/* 1,300 cells have no room in a Response; a GetBulk gives the repetitions that do. */
static void test_too_big(void **state)
{
	(void)state;
	begin(AGENTX_GET, true);
	for (int i = 0; i < 1300; i++) {
		agentx_write_name(
			&request.w, ldoms_mib.root, ldoms_mib.root_length, ARCS(COLUMN(CPUS), 1));
		add_null();
	}
	assert_error(AGENTX_TOO_BIG);
	begin_bulk(true, 0, 65535);
	for (int i = 0; i < 600; i++)
		add(ARCS(COLUMN(CPUS)));
	assert_int_equal(answer_well(), 1200);
	begin_bulk(true, 0, 65535);
	for (int i = 0; i < 1300; i++)
		add(ARCS(COLUMN(CPUS)));
	assert_error(AGENTX_TOO_BIG);
}

/* What cannot be read is parseError as a whole. */
static void test_parse_errors(void **state)
{
	(void)state;
	for (int type = AGENTX_GET; type <= AGENTX_GET_BULK; type++) {
		/* Anywhere in the second range. */
		for (size_t cut = 1; cut < ldoms_mib.root_length + 2; cut++) {
			begin(type, true);
			if (type == AGENTX_GET_BULK)
				agentx_write_u32(&request.w, 1);
			add(ARCS(COLUMN(CPUS), 1));
			add(ARCS(COLUMN(CPUS), 7));
			request.w.at -= 4 * cut;
			assert_error(AGENTX_PARSE_ERROR);
		}
		begin(type, false);
		if (type == AGENTX_GET_BULK)
			agentx_write_u32(&request.w, 1 << 16);
		agentx_write_u32(&request.w, 255); /* sub-identifiers that are not there */
		assert_error(AGENTX_PARSE_ERROR);
		/* More sub-identifiers than an OID may have, and all of them there. */
		static const uint32_t arcs[AGENTX_OID_MAX + 1];
		for (size_t n = AGENTX_OID_MAX; n <= AGENTX_OID_MAX + 1; n++) {
			begin(type, true);
			if (type == AGENTX_GET_BULK)
				agentx_write_u32(&request.w, 1);
			add_other(0, arcs, n);
			add_null();
			uint16_t error;
			answer(&error);
			assert_int_equal(error, n > AGENTX_OID_MAX ? AGENTX_PARSE_ERROR : 0);
		}
	}
	begin(AGENTX_GET_BULK, true);
	assert_error(AGENTX_PARSE_ERROR);
	begin(AGENTX_GET, true);
	assert_int_equal(answer_well(), 0);
}

static void test_nothing_but_scalars_when_stale(void **state)
{
	(void)state;
	const struct snapshot *snapshot = view.snapshot;

	view.snapshot = NULL;
	begin(AGENTX_GET, true);
	add(ARCS(COLUMN(CPUS), 1));
	add(ARCS(1, 1, 14, 0));
	add(ARCS(1, 1, 16, 0));
	assert_int_equal(answer_well(), 3);
	assert_int_equal(found[0].type, AGENTX_NO_SUCH_INSTANCE);
	assert_int_equal(found[1].number, 0);
	assert_int_equal(found[2].number, 0);

	begin(AGENTX_GET_NEXT, true);
	add(ARCS(1, 1, (uint32_t)manager_group.n_columns, 0));
	assert_int_equal(answer_well(), 1);
	assert_int_equal(found[0].type, AGENTX_END_OF_MIB_VIEW);
	view.snapshot = snapshot;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_exceptions),
		cmocka_unit_test(test_one_bad_name_spoils_nothing),
		cmocka_unit_test(test_next_at_the_edges),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_bulk_ends),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_parse_errors),
		cmocka_unit_test(test_nothing_but_scalars_when_stale),
	};
	return cmocka_run_group_tests(tests, make_view, drop_view);
}
