/*
 * libvirtGuestTable, whose index is a UUID octet by octet: what lies between the rows is found,
 * too.
 */
#include <stdio.h>

#include "synthetic.h"
#include "tables/lookup.h"
#include "tables/mib.h"
#include "tables/views.h"

static struct ldm_status status = {.link = LINK_UP};
static struct agent_facts facts = {.version = "0"};
static struct view view = {.status = &status, .facts = &facts, .now_ms = 5000};

static const struct domain *make(uint32_t index, enum domain_state state, const char *uuid)
{
	char name[16];

	snprintf(name, sizeof(name), "ldg%u", index);
	struct making m = making_begin(index, name, state);
	m.domain->told_state = state;
	m.domain->uuid = uuid ? text(uuid) : NULL;
	return making_end(&m);
}

static int setup(void **state)
{
	const struct domain *domains[] = {
		make(1, DOMAIN_ACTIVE, "ff000000-0000-0000-0000-000000000000"),
		make(2, DOMAIN_ACTIVE, "00ff0000-0000-0000-0000-0000000000ff"),
		make(3, DOMAIN_INACTIVE, "01000000-0000-0000-0000-000000000000"),
		make(4, DOMAIN_ACTIVE, NULL),
		make(5, DOMAIN_BOUND, "00ff0000-0000-0000-0000-000000000000"),
	};

	(void)state;
	view.snapshot = snapshot_of(
		domains, sizeof(domains) / sizeof(domains[0]), NULL, (struct host_pools){0});
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	snapshot_unref(view.snapshot);
	return 0;
}

#define NAME_OF(...)                                                                               \
	(const uint32_t[]){1, 1, 1, 2, __VA_ARGS__},                                               \
		4 + sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)

/* ldomIndex of the domain in the next row of libvirtGuestName; 0: that column has no more rows. */
static uint32_t next_of(const uint32_t *name, size_t length, bool inclusive)
{
	struct cell cell;

	assert_true(lookup_next(&view, &libvirt_mib, name, length, inclusive, &cell));
	return cell.column->id == 2 ? cell.row.domain->index : 0;
}

static uint32_t at(const uint32_t *name, size_t length)
{
	struct lookup found;

	if (lookup_get(&view, &libvirt_mib, name, length, &found) != LOOKUP_OK)
		return 0;
	return found.cell.row.domain->index;
}

static void test_order(void **state)
{
	(void)state;
	/* The rows are 5, 2, 1; an inactive domain and one without a UUID have none. */
	assert_int_equal(next_of((const uint32_t[]){1, 1, 1, 2}, 4, false), 5);
	assert_int_equal(
		next_of(NAME_OF(0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), false), 2);
	assert_int_equal(
		next_of(NAME_OF(0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), true), 5);
	assert_int_equal(
		next_of(NAME_OF(0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255), false), 1);
	assert_int_equal(
		next_of(NAME_OF(255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), false), 0);
}

/* A name that is too short lies before the rows that it begins; one that is too long behind. */
static void test_lengths(void **state)
{
	(void)state;
	assert_int_equal(next_of(NAME_OF(0), false), 5);
	assert_int_equal(next_of(NAME_OF(0, 255), false), 5);
	assert_int_equal(next_of(NAME_OF(1), false), 1);
	assert_int_equal(
		next_of(NAME_OF(0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7), true), 2);
}

static void test_arcs_that_are_no_octets(void **state)
{
	(void)state;
	assert_int_equal(next_of(NAME_OF(0, 254, 256), false), 5);
	assert_int_equal(next_of(NAME_OF(0, 255, 256), false), 1);
	assert_int_equal(next_of(NAME_OF(0, 256), true), 1);
	assert_int_equal(
		next_of(NAME_OF(0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 256), true), 1);
	assert_int_equal(next_of(NAME_OF(UINT32_MAX), true), 0);
	assert_int_equal(next_of(NAME_OF(256), true), 0);
}

static void test_get(void **state)
{
	(void)state;
	assert_int_equal(at(NAME_OF(0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255)), 2);
	assert_int_equal(at(NAME_OF(255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)), 1);
	assert_int_equal(at(NAME_OF(0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)), 0);
	assert_int_equal(at(NAME_OF(0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 511)), 0);
	assert_int_equal(at(NAME_OF(0, 511, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255)), 0);
	assert_int_equal(at(NAME_OF(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)), 0);
	assert_int_equal(at(NAME_OF(0, 255, 0)), 0);
}

/* A guest is named by its UUID, so that of a domain that has none nothing is told. */
static void test_notifications(void **state)
{
	(void)state;
	const struct domain *named = snapshot_find_index(view.snapshot, 1);
	const struct domain *nameless = snapshot_find_index(view.snapshot, 4);
	const struct {
		const struct domain *before, *after;
		enum change_kind kind;
		bool told;
	} cases[] = {
		{NULL, named, CHANGE_CREATE, true},
		{named, NULL, CHANGE_DESTROY, true},
		{NULL, nameless, CHANGE_CREATE, false},
		{nameless, NULL, CHANGE_DESTROY, false},
		{nameless, nameless, CHANGE_STATE, false},
		{nameless, named, CHANGE_STATE, true},
		{named, nameless, CHANGE_STATE, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(libvirt_notifies(&(struct change){.kind = cases[i].kind,
					 .before = cases[i].before,
					 .after = cases[i].after}) != 0,
			cases[i].told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_arcs_that_are_no_octets),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_notifications),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
