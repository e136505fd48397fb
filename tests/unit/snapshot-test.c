/*
 * Snapshots: order, look-up, sharing, and two threads that hold and drop them.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/assemble.h"
#include "inventory/snapshot.h"
#include "util/cleanup.h"

static struct domain *make(uint32_t index, const char *name)
{
	struct domain *d;

	assert_int_equal(domain_new(name, &d), 0);
	d->index = index;
	d->roles = index == 3 ? DOMAIN_CONTROL : DOMAIN_GUEST;
	return d;
}

static int build(const struct domain *const *rows, size_t n, const struct snapshot **ret)
{
	const struct snapshot facts = {.serial = 4, .taken_ms = 5, .next_index = 6};
	int r = snapshot_new(&facts, rows, n, NULL, ret);

	for (size_t i = 0; i < n; i++)
		domain_unref(rows[i]);
	return r;
}

static const struct snapshot *three(void)
{
	const struct domain *rows[] = {make(7, "m"), make(3, "z"), make(5, "a")};
	const struct snapshot *s;

	assert_int_equal(build(rows, 3, &s), 0);
	return s;
}

static void test_order_and_lookup(void **state)
{
	const struct snapshot *s = three();

	(void)state;
	assert_int_equal(s->n_domains, 3);
	assert_int_equal(s->n_active_rows, 3);
	assert_int_equal(s->domains[0]->index, 3);
	assert_int_equal(s->domains[2]->index, 7);
	assert_string_equal(s->by_name[0]->name, "a");
	assert_int_equal(snapshot_find_index(s, 5)->index, 5);
	assert_null(snapshot_find_index(s, 4));
	assert_null(snapshot_find_index(s, 8));
	assert_null(snapshot_find_index(s, 0));
	assert_int_equal(snapshot_find_name(s, "z")->index, 3);
	assert_null(snapshot_find_name(s, "b"));
	assert_int_equal(snapshot_lower_bound(s, 0), 0);
	assert_int_equal(snapshot_lower_bound(s, 4), 1);
	assert_int_equal(snapshot_lower_bound(s, 8), 3);
	assert_int_equal(snapshot_control_domain(s)->index, 3);
	assert_int_equal(s->serial, 4);
	assert_non_null(s->host);
	snapshot_unref(s);
}

static void expect_orders(const struct snapshot *s, const struct domain *const *by_name,
	const struct domain *const *by_uuid, size_t n)
{
	assert_int_equal(s->n_domains, n);
	assert_int_equal(s->n_by_uuid, n);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(s->by_name[i], by_name[i]);
		assert_ptr_equal(s->by_uuid[i].domain, by_uuid[i]);
	}
}

static struct domain *make_with_uuid(uint32_t index, const char *name, const char *uuid)
{
	struct domain *d = make(index, name);

	d->uuid = strdup(uuid);
	assert_non_null(d->uuid);
	return d;
}

/* The orders of the last snapshot serve the next one until a domain has another name or UUID. */
static void test_orders_of_the_next(void **state)
{
	static const char u1[] = "10000000-0000-4000-8000-000000000000",
			  u2[] = "20000000-0000-4000-8000-000000000000",
			  u3[] = "30000000-0000-4000-8000-000000000000",
			  u4[] = "40000000-0000-4000-8000-000000000000";
	const struct domain *m = make_with_uuid(7, "m", u1), *z = make_with_uuid(3, "z", u3),
			    *a = make_with_uuid(5, "a", u2), *z2 = make_with_uuid(3, "z", u3),
			    *b = make_with_uuid(3, "b", u3), *m2 = make_with_uuid(7, "m", u4);
	const struct snapshot facts = {.serial = 1}, *s, *last = NULL;
	const struct {
		const struct domain *rows[3], *by_name[3], *by_uuid[3];
	} steps[] = {
		{{m, z, a}, {a, m, z}, {m, a, z}},
		{{z2, m, a}, {a, m, z2}, {m, a, z2}},
		{{m, b, a}, {a, b, m}, {m, a, b}},
		{{m2, b, a}, {a, b, m2}, {a, b, m2}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_int_equal(snapshot_new(&facts, steps[i].rows, 3, last, &s), 0);
		expect_orders(s, steps[i].by_name, steps[i].by_uuid, 3);
		snapshot_unref(last);
		last = s;
	}
	snapshot_unref(last);
	const struct domain *const all[] = {m, z, a, z2, b, m2};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		domain_unref(all[i]);
}

static void test_none_and_null(void **state)
{
	const struct snapshot *s;

	(void)state;
	assert_int_equal(build(NULL, 0, &s), 0);
	assert_null(snapshot_find_index(s, 1));
	assert_null(snapshot_find_name(s, ""));
	assert_null(snapshot_control_domain(s));
	snapshot_unref(s);
	assert_null(snapshot_find_index(NULL, 1));
	assert_null(snapshot_find_name(NULL, "a"));
	assert_int_equal(snapshot_lower_bound(NULL, 1), 0);
	snapshot_unref(snapshot_ref(NULL));
}

static void test_doubles(void **state)
{
	const struct domain *same_index[] = {make(1, "a"), make(2, "b"), make(1, "c")};
	const struct domain *same_name[] = {make(1, "a"), make(2, "b"), make(3, "a")};
	const struct snapshot *s;

	(void)state;
	assert_int_equal(build(same_index, 3, &s), -EEXIST);
	assert_int_equal(build(same_name, 3, &s), -EEXIST);
}

static void test_patch_shares_the_others(void **state)
{
	const struct snapshot *a = three(), *b, *c;
	struct domain *row = make(4, "new");

	(void)state;
	row->row_status = ROW_NOT_READY;
	assert_int_equal(assemble_patch(a, 4, row, 99, 8, &b), 0);
	domain_unref(row);
	assert_int_equal(b->n_domains, 4);
	assert_int_equal(b->n_active_rows, 3);
	assert_ptr_equal(snapshot_find_index(b, 7), snapshot_find_index(a, 7));
	assert_ptr_equal(b->host, a->host);
	assert_int_equal(b->table_last_change_ms, 99);
	assert_int_equal(b->taken_ms, a->taken_ms);
	assert_int_equal(b->serial, a->serial + 1);
	assert_int_equal(b->next_index, 8);
	snapshot_unref(a);
	assert_int_equal(assemble_patch(b, 4, NULL, 100, 8, &c), 0);
	snapshot_unref(b);
	assert_int_equal(c->n_domains, 3);
	assert_string_equal(snapshot_find_index(c, 7)->name, "m");
	snapshot_unref(c);
}

static void test_copy_is_deep_where_it_must_be(void **state)
{
	struct domain *a = make(1, "a"), *b;
	struct domain_detail *detail;

	(void)state;
	a->flags = strdup("-n----");
	a->uuid = strdup("u");
	assert_int_equal(detail_new(&detail), 0);
	a->detail = detail;
	assert_int_equal(domain_copy(a, &b), 0);
	assert_ptr_not_equal(a->flags, b->flags);
	assert_ptr_equal(a->detail, b->detail);
	assert_true(domain_identical(a, b));
	b->uptime_s = 5;
	assert_true(domain_same(a, b));
	assert_false(domain_identical(a, b));
	b->flags[0] = 's';
	assert_false(domain_same(a, b));
	domain_unref(a);
	assert_string_equal(b->uuid, "u");
	domain_unref(b);
}

/* A mailbox as the two threads have it: the latest wins. */
#define ROUNDS 20000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct snapshot *mailbox;
static atomic_bool ended;

static void *reader(void *unused)
{
	uint64_t last = 0;

	(void)unused;
	while (!ended) {
		const struct snapshot *s;

		pthread_mutex_lock(&lock);
		s = snapshot_ref(mailbox);
		pthread_mutex_unlock(&lock);
		if (s && (s->serial < last || !snapshot_find_index(s, 5) ||
				 strcmp(snapshot_find_name(s, "a")->name, "a") != 0))
			abort();
		last = s ? s->serial : 0;
		snapshot_unref(s);
	}
	return NULL;
}

static void test_threads(void **state)
{
	const struct snapshot *s = three();
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct domain *row = make(7, "m");
		const struct snapshot *next;

		assert_int_equal(assemble_patch(s, 7, row, (uint64_t)i, 8, &next), 0);
		domain_unref(row);
		pthread_mutex_lock(&lock);
		snapshot_unref(mailbox);
		mailbox = snapshot_ref(next);
		pthread_mutex_unlock(&lock);
		snapshot_unref(s);
		s = next;
	}
	ended = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	snapshot_unref(mailbox);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_lookup),
		cmocka_unit_test(test_orders_of_the_next),
		cmocka_unit_test(test_none_and_null),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_patch_shares_the_others),
		cmocka_unit_test(test_copy_is_deep_where_it_must_be),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
