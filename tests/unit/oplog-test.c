/*
 * The operation rows: 256 of them, numbers that begin anew only behind the last one, and readers
 * that keep an old view.
 */
#include "control-fixture.h"

#include <errno.h>

#include "control/oplog.h"

static struct operation *row(uint32_t domain, enum operation_status status)
{
	struct operation *o;

	assert_int_equal(operation_new(&o), 0);
	o->domain_index = domain;
	o->status = status;
	assert_int_equal(operation_set_text(&o->domain, "a"), 0);
	return o;
}

static int append(struct oplog *l, struct operation *take)
{
	return oplog_append(l, &take, 1);
}

static void test_last_256(void **state)
{
	struct oplog *l;
	const struct oplog_view *v;

	(void)state;
	assert_int_equal(oplog_new(&l), 0);
	/* The second one runs all the time: it stays, whatever comes. */
	for (uint32_t i = 1; i <= 1000; i++)
		assert_int_equal(
			append(l, row(i, i == 2 ? OPERATION_RUNNING : OPERATION_SUCCEEDED)), 0);
	v = oplog_view(l);
	assert_int_equal(v->n_rows, OPLOG_ROWS);
	assert_int_equal(v->rows[0]->index, 2);
	assert_int_equal(v->rows[1]->index, 746);
	assert_int_equal(v->rows[OPLOG_ROWS - 1]->index, 1000);
	for (size_t i = 1; i < v->n_rows; i++)
		assert_true(v->rows[i - 1]->index < v->rows[i]->index);
	assert_null(oplog_view_find(v, 1));
	assert_int_equal(oplog_view_find(v, 900)->domain_index, 900);
	assert_null(oplog_view_find(v, 1001));
	assert_int_equal(oplog_view_lower_bound(v, 3), 1);
	assert_int_equal(oplog_view_lower_bound(v, 1001), OPLOG_ROWS);
	assert_int_equal(oplog_view_last(v, 900)->index, 900);
	assert_null(oplog_view_last(v, 5));
	oplog_view_unref(v);
	oplog_free(l);
}

/* The rows of one PDU: all or none of them. */
static void test_many_at_once(void **state)
{
	struct oplog *l;
	const struct oplog_view *v;
	struct operation *rows[300];

	(void)state;
	assert_int_equal(oplog_new(&l), 0);
	for (uint32_t i = 0; i < 300; i++)
		rows[i] = row(i, OPERATION_SUCCEEDED);
	assert_int_equal(oplog_append(l, rows, 200), 0);
	assert_int_equal(oplog_append(l, rows + 200, 100), 0);
	v = oplog_view(l);
	assert_int_equal(v->n_rows, OPLOG_ROWS);
	assert_int_equal(v->rows[0]->index, 45);
	assert_int_equal(v->rows[OPLOG_ROWS - 1]->domain_index, 299);
	oplog_view_unref(v);
	oplog_free(l);
}

/* What a view has, the oldest first. */
static void expect_by_age(const struct oplog *l, const uint32_t *indexes, size_t n)
{
	const struct oplog_view *v = oplog_view(l);

	assert_int_equal(v->n_rows, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(oplog_view_by_age(v, i)->index, indexes[i]);
		assert_ptr_equal(oplog_view_find(v, indexes[i]), oplog_view_by_age(v, i));
	}
	for (size_t i = 1; i < n; i++)
		assert_true(v->rows[i - 1]->index < v->rows[i]->index);
	oplog_view_unref(v);
}

/* Behind the last number comes the first one, for rows and for transactions. */
static void test_numbers_begin_anew(void **state)
{
	struct oplog *l;
	const struct oplog_view *v;
	struct operation *rows[3];

	(void)state;
	assert_int_equal(oplog_new(&l), 0);
	rows[0] = row(1, OPERATION_SUCCEEDED);
	rows[0]->index = OPLOG_INDEX_MAX - 2;
	rows[0]->transaction = OPLOG_INDEX_MAX;
	assert_int_equal(oplog_restore(l, rows[0]), 0);
	assert_int_equal(oplog_next_transaction(l), 1);
	assert_int_equal(append(l, row(2, OPERATION_RUNNING)), 0);
	/* Rows of one transaction follow each other, so one number is left out. */
	rows[0] = row(1, OPERATION_QUEUED);
	rows[1] = row(2, OPERATION_QUEUED);
	rows[0]->transaction = rows[1]->transaction = 1;
	assert_int_equal(oplog_append(l, rows, 2), 0);
	expect_by_age(l, (const uint32_t[]){OPLOG_INDEX_MAX - 2, OPLOG_INDEX_MAX - 1, 1, 2}, 4);
	v = oplog_view(l);
	assert_int_equal(oplog_view_last(v, 1)->index, 1);
	assert_int_equal(oplog_view_last(v, 2)->index, 2);
	oplog_view_unref(v);
	rows[0] = row(2, OPERATION_SUCCEEDED);
	rows[0]->index = OPLOG_INDEX_MAX - 1;
	rows[1] = row(1, OPERATION_SUCCEEDED);
	rows[1]->index = 1;
	assert_int_equal(oplog_replace(l, rows, 2), 0);
	/* The oldest go first, although their numbers are the highest. */
	for (uint32_t i = 0; i < OPLOG_ROWS; i++)
		assert_int_equal(append(l, row(3, OPERATION_SUCCEEDED)), 0);
	v = oplog_view(l);
	assert_int_equal(v->n_rows, OPLOG_ROWS);
	/* The one that is still queued, and then the latest. */
	assert_int_equal(oplog_view_by_age(v, 0)->index, 2);
	assert_int_equal(oplog_view_by_age(v, 1)->index, 4);
	oplog_view_unref(v);
	/* A row that has run all the time keeps its number to itself. */
	oplog_skip(l, (struct oplog_numbers){1000000000, 1});
	oplog_skip(l, (struct oplog_numbers){2000000000, 1});
	oplog_skip(l, (struct oplog_numbers){OPLOG_INDEX_MAX, 1});
	rows[0] = row(1, OPERATION_QUEUED);
	rows[1] = row(1, OPERATION_QUEUED);
	assert_int_equal(oplog_append(l, rows, 2), -ENOSPC);
	assert_int_equal(oplog_append(l, rows, 1), 0);
	assert_int_equal(rows[0]->index, 1);
	operation_unref(rows[1]);
	oplog_free(l);
}

static void test_the_order_of_numbers(void **state)
{
	const uint32_t max = OPLOG_INDEX_MAX;

	(void)state;
	assert_int_equal(oplog_number_after(max, 1), 1);
	assert_int_equal(oplog_number_after(max - 1, 1), max);
	assert_int_equal(oplog_number_after(0, 1), 1);
	assert_int_equal(oplog_numbers_between(max - 1, 2), 3);
	assert_int_equal(oplog_numbers_between(3, 3), 0);
	assert_true(oplog_number_is_newer(1, max));
	assert_true(oplog_number_is_newer(7, 0));
	assert_true(oplog_number_is_newer(8, 7));
	assert_false(oplog_number_is_newer(7, 8));
	assert_false(oplog_number_is_newer(max, 1));
	assert_false(oplog_number_is_newer(0, max));
	assert_false(oplog_number_is_newer(5, 5));
}

/* More than 256 that run: all stay; when they ended, 256 again. */
static void test_many_that_run(void **state)
{
	struct oplog *l;
	const struct oplog_view *v;

	(void)state;
	assert_int_equal(oplog_new(&l), 0);
	for (uint32_t i = 1; i <= 300; i++)
		assert_int_equal(append(l, row(i, OPERATION_RUNNING)), 0);
	v = oplog_view(l);
	assert_int_equal(v->n_rows, 300);
	oplog_view_unref(v);
	for (uint32_t i = 1; i <= 300; i++) {
		struct operation *o = row(i, OPERATION_SUCCEEDED);

		o->index = i;
		assert_int_equal(oplog_replace(l, &o, 1), 0);
	}
	assert_int_equal(append(l, row(1, OPERATION_QUEUED)), 0);
	v = oplog_view(l);
	assert_int_equal(v->n_rows, OPLOG_ROWS);
	oplog_view_unref(v);
	oplog_free(l);
}

static void test_old_views_live_on(void **state)
{
	struct oplog *l;
	const struct oplog_view *old, *new;
	struct operation *o;

	(void)state;
	assert_int_equal(oplog_new(&l), 0);
	assert_int_equal(append(l, row(3, OPERATION_QUEUED)), 0);
	old = oplog_view(l);
	assert_int_equal(operation_copy(old->rows[0], &o), 0);
	o->status = OPERATION_SUCCEEDED;
	assert_int_equal(oplog_replace(l, &o, 1), 0);
	new = oplog_view(l);
	assert_true(new->serial > old->serial);
	assert_int_equal(old->rows[0]->status, OPERATION_QUEUED);
	assert_int_equal(new->rows[0]->status, OPERATION_SUCCEEDED);
	o = row(3, OPERATION_FAILED);
	o->index = 99;
	assert_int_equal(oplog_replace(l, &o, 1), -ENOENT);
	oplog_free(l);
	assert_string_equal(old->rows[0]->domain, "a");
	oplog_view_unref(old);
	oplog_view_unref(new);
}

/* Nobody has looked in between: the view itself is changed. */
static void test_many_changes_between_two_looks(void **state)
{
	struct oplog *l;
	const struct oplog_view *first, *v;

	(void)state;
	assert_int_equal(oplog_new(&l), 0);
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(append(l, row(i, OPERATION_QUEUED)), 0);
	first = oplog_view(l);
	oplog_view_unref(first);
	for (uint32_t i = 0; i < 1000; i++) {
		struct operation *o = row(2, OPERATION_RUNNING);

		o->index = 2;
		o->steps_done = i;
		assert_int_equal(oplog_replace(l, &o, 1), 0);
	}
	v = oplog_view(l);
	assert_ptr_equal(v, first);
	assert_int_equal(v->rows[1]->steps_done, 999);
	assert_int_equal(v->rows[1]->serial, v->serial);
	assert_true(v->rows[0]->serial < v->rows[2]->serial);
	oplog_view_unref(v);
	oplog_free(l);
}

static void test_texts(void **state)
{
	char *long_text = malloc(3000), *field = NULL;

	(void)state;
	assert_int_equal(operation_set_text(&field, "a\nb\tc\x7f"), 0);
	assert_string_equal(field, "a b c ");
	/* 1023 + a character of two octets: it would be cut in the middle. */
	memset(long_text, 'x', 2999);
	long_text[2999] = '\0';
	long_text[OPLOG_MESSAGE_MAX - 1] = '\xc3';
	long_text[OPLOG_MESSAGE_MAX] = '\xa4';
	assert_int_equal(operation_set_text(&field, long_text), 0);
	assert_int_equal(strlen(field), OPLOG_MESSAGE_MAX - 1);
	assert_int_equal(operation_set_text(&field, NULL), 0);
	assert_null(field);
	free(long_text);
	assert_string_equal(operation_status_name(OPERATION_ROLLED_BACK), "rolledBack");
	assert_string_equal(operation_status_name((enum operation_status)77), "unknown");
}

static void test_duration(void **state)
{
	struct operation *o = row(1, OPERATION_RUNNING);

	(void)state;
	o->started_ms = 1000;
	assert_int_equal(operation_duration_ms(o, 1500), 500);
	o->status = OPERATION_SUCCEEDED;
	o->duration_ms = 42;
	assert_int_equal(operation_duration_ms(o, 9999), 42);
	operation_unref(o);
}

static enum admin_state reads(
	enum domain_state ldmd, enum admin_state target, enum operation_status status)
{
	struct domain *d = make_domain(3, "a", ldmd, 1, 1, 0);
	struct oplog *l;
	const struct oplog_view *v;
	struct operation *o = row(3, status);
	enum admin_state result;

	o->target = target;
	assert_int_equal(oplog_new(&l), 0);
	assert_int_equal(oplog_append(l, &o, 1), 0);
	v = oplog_view(l);
	result = control_admin_state(d, v);
	oplog_view_unref(v);
	oplog_free(l);
	domain_unref(d);
	return result;
}

static void test_admin_state(void **state)
{
	static const enum admin_state from_ldmd[] = {[DOMAIN_ACTIVE] = ADMIN_ACTIVE,
		[DOMAIN_STARTING] = ADMIN_ACTIVE,
		[DOMAIN_BOUND] = ADMIN_BOUND,
		[DOMAIN_STOPPING] = ADMIN_BOUND,
		[DOMAIN_BINDING] = ADMIN_BOUND,
		[DOMAIN_INACTIVE] = ADMIN_INACTIVE,
		[DOMAIN_UNBINDING] = ADMIN_INACTIVE};
	static const enum admin_state from_target[] = {[ADMIN_ACTIVE] = ADMIN_ACTIVE,
		[ADMIN_BOUND] = ADMIN_BOUND,
		[ADMIN_INACTIVE] = ADMIN_INACTIVE,
		[ADMIN_FORCE_STOP] = ADMIN_BOUND,
		[ADMIN_RESTART] = ADMIN_ACTIVE};

	(void)state;
	for (int s = DOMAIN_ACTIVE; s <= DOMAIN_STARTING; s++) {
		assert_int_equal(
			reads((enum domain_state)s, ADMIN_BOUND, OPERATION_FAILED), from_ldmd[s]);
		assert_int_equal(
			reads((enum domain_state)s, ADMIN_NONE, OPERATION_RUNNING), from_ldmd[s]);
		for (int t = ADMIN_ACTIVE; t < _ADMIN_STATE_MAX; t++)
			assert_int_equal(
				reads((enum domain_state)s, (enum admin_state)t, OPERATION_QUEUED),
				from_target[t]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_256),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_numbers_begin_anew),
		cmocka_unit_test(test_the_order_of_numbers),
		cmocka_unit_test(test_many_that_run),
		cmocka_unit_test(test_old_views_live_on),
		cmocka_unit_test(test_many_changes_between_two_looks),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_admin_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
