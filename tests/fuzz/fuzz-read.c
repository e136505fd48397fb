/*
 * Get, GetNext and GetBulk of any octets: the answer is well-formed, within the limit, and true to
 * RFC 2741 7.2.3: what follows a start comes behind it and before the end of its range, and a Get
 * of a name that was found gives the same value.
 *
 * The first octet of an input is the type and the byte order, the rest is the body of the PDU.
 */
#include "tables/mib.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "inventory/snapshot.h"
#include "snmp/read.h"
#include "util/cleanup.h"

const char fuzz_name[] = "read";

static struct ldm_status status = {.link = LINK_UP};
static struct agent_facts facts = {.version = "0"};
static struct view view = {
	.status = &status, .facts = &facts, .mibs = &mib_list_default, .now_ms = 100000};
static uint8_t request[AGENTX_PDU_MAX], answer[AGENTX_PDU_MAX], again[AGENTX_PDU_MAX];

static void make_view(void)
{
	static const uint32_t index[] = {1, 2, 7, INT32_MAX};
	const struct snapshot facts_of_it = {.serial = 1, .taken_ms = 1000, .next_index = 8};
	const struct domain *domains[ARRAY_SIZE(index)];

	for (size_t i = 0; i < ARRAY_SIZE(index); i++) {
		const char name[] = {'l', 'd', (char)('a' + i), '\0'};
		struct domain *d;

		FUZZ_CHECK(domain_new(name, &d) == 0);
		d->index = index[i];
		d->state = DOMAIN_ACTIVE;
		d->num_vcpu = 8;
		domains[i] = d;
	}
	FUZZ_CHECK(
		snapshot_new(&facts_of_it, domains, ARRAY_SIZE(index), NULL, &view.snapshot) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(index); i++)
		domain_unref(domains[i]);
}

static int compare(const struct agentx_oid *a, const struct agentx_oid *b)
{
	for (size_t i = 0; i < a->length && i < b->length; i++)
		if (a->arcs[i] != b->arcs[i])
			return a->arcs[i] < b->arcs[i] ? -1 : 1;
	return a->length < b->length ? -1 : a->length > b->length;
}

struct varbind {
	uint16_t type;
	struct agentx_oid name;
	const uint8_t *octets; /* the whole varbind */
	size_t size;
};

static void read_varbind(struct agentx_reader *r, struct varbind *ret)
{
	struct agentx_reader peek = *r;

	ret->type = agentx_read_u16(&peek);
	ret->octets = r->at;
	agentx_read_varbind_name(r, &ret->name);
	ret->size = (size_t)(r->at - ret->octets);
	FUZZ_CHECK(!r->failed && !ret->name.include);
	FUZZ_CHECK(ret->type == 2 || ret->type == 4 || (ret->type >= 65 && ret->type <= 67) ||
		   (ret->type >= 128 && ret->type <= 130));
}

/* A Get of what was found. */
static void check_get(const struct agentx_header *asked, const struct varbind *found)
{
	struct agentx_header h = *asked;
	uint8_t get[AGENTX_HEADER_SIZE + 1024];

	h.type = AGENTX_GET;
	struct agentx_writer w = agentx_writer(get, sizeof(get), &h);
	agentx_write_oid_again(&w, &found->name);
	agentx_write_u32(&w, 0);
	FUZZ_CHECK(agentx_finish(&w) > 0);
	size_t size = read_answer(&view, get, again);
	FUZZ_CHECK(size == AGENTX_RESPONSE_SIZE + found->size);
	FUZZ_CHECK(memcmp(again + AGENTX_RESPONSE_SIZE, found->octets, found->size) == 0);
}

static void check_found(const struct agentx_header *asked, const struct agentx_oid *start,
	const struct agentx_oid *end, const struct varbind *found)
{
	int order = compare(&found->name, start);

	if (asked->type == AGENTX_GET) {
		FUZZ_CHECK(order == 0 && found->type != AGENTX_END_OF_MIB_VIEW);
	} else if (found->type == AGENTX_END_OF_MIB_VIEW) {
		FUZZ_CHECK(order == 0);
	} else {
		FUZZ_CHECK(order > 0 || (order == 0 && start->include));
		FUZZ_CHECK(end->length == 0 || compare(&found->name, end) < 0);
		check_get(asked, found);
	}
}

/* Each range of a Get or GetNext has its varbind; a GetBulk has no more than it may. */
static void check_varbinds(const struct agentx_header *asked, struct agentx_reader *found)
{
	struct agentx_reader r = agentx_reader(request);
	struct agentx_oid start, end;
	struct varbind vb;
	size_t non_repeaters = SIZE_MAX;

	if (asked->type == AGENTX_GET_BULK) {
		non_repeaters = agentx_read_u16(&r);
		(void)agentx_read_u16(&r);
	}
	for (size_t i = 0; r.at < r.end && i < non_repeaters; i++) {
		agentx_read_oid(&r, &start);
		agentx_read_oid(&r, &end);
		FUZZ_CHECK(!r.failed && found->at < found->end);
		read_varbind(found, &vb);
		check_found(asked, &start, &end, &vb);
	}
	while (found->at < found->end) {
		FUZZ_CHECK(asked->type == AGENTX_GET_BULK && r.at < r.end);
		read_varbind(found, &vb);
		if (vb.type != AGENTX_END_OF_MIB_VIEW)
			check_get(asked, &vb);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!view.snapshot)
		make_view();
	if (size < 1 || size > 16384)
		return 0;
	const struct agentx_header h = {
		.version = 1,
		.type = (uint8_t)(AGENTX_GET + (data[0] & 0x7f) % 3),
		.flags = data[0] & 0x80 ? AGENTX_NETWORK_BYTE_ORDER : 0,
		.session = 1,
		.transaction = 2,
		.packet = 3,
	};
	size_t length = (size - 1) / 4 * 4;
	struct agentx_writer w = agentx_writer(request, sizeof(request), &h);
	memcpy(w.at, data + 1, length);
	w.at += length;
	FUZZ_CHECK(agentx_finish(&w) == AGENTX_HEADER_SIZE + length);

	size_t n = read_answer(&view, request, answer);
	uint32_t uptime;
	uint16_t error;
	FUZZ_CHECK(n >= AGENTX_RESPONSE_SIZE && n <= AGENTX_PDU_MAX && n % 4 == 0);
	FUZZ_CHECK(agentx_number(answer, AGENTX_AT_LENGTH) == n - AGENTX_HEADER_SIZE);
	FUZZ_CHECK(memcmp(answer + 4, request + 4, 12) == 0);
	FUZZ_CHECK(answer[2] == h.flags && agentx_response(answer, &uptime, &error));
	if (error) {
		FUZZ_CHECK(n == AGENTX_RESPONSE_SIZE);
		FUZZ_CHECK(error == AGENTX_PARSE_ERROR || error == AGENTX_TOO_BIG);
		return 0;
	}
	struct agentx_reader found = {
		answer + AGENTX_RESPONSE_SIZE, answer + n, h.flags != 0, false};
	check_varbinds(&h, &found);
	return 0;
}
