/*
 * The operation rows: 256 of them, numbers that are never used again, readers that keep an old
 * view, and the file that carries them over a restart.
 */
#include "control-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/oplog-file.h"
#include "control/transaction.h"
#include "temp-directory.h"
#include "util/cleanup.h"
#include "util/file.h"

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
	rows[0] = row(1, OPERATION_SUCCEEDED);
	rows[0]->index = OPLOG_INDEX_MAX - 1;
	assert_int_equal(oplog_restore(l, rows[0]), 0);
	rows[0] = row(2, OPERATION_QUEUED);
	rows[1] = row(3, OPERATION_QUEUED);
	assert_int_equal(oplog_append(l, rows, 2), -ENOSPC);
	assert_int_equal(oplog_append(l, rows, 1), 0);
	operation_unref(rows[1]);
	oplog_free(l);
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

/* --- on disk ------------------------------------------------------------------------------- */

static char *directory, *path;

static int setup(void **state)
{
	(void)state;
	directory = temp_directory_new();
	path = temp_path(directory, "operations");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(path);
	return temp_directory_free(directory);
}

static const struct set_varbind varbind = {
	.column = SET_COLUMN_VCPU, .row = 3, .row_valid = true, .type = SET_UNSIGNED, .number = 8};

/* How the only row of a transaction ended. */
static struct operation *ended(struct handover *h, const struct transaction *t)
{
	const struct oplog_view *v = handover_oplog(h);
	struct operation *end;

	assert_int_equal(operation_copy(oplog_view_find(v, t->parts[0].operation), &end), 0);
	oplog_view_unref(v);
	end->started_at = 1234567890123;
	assert_int_equal(operation_set_text(&end->request, "vcpus=8 100%"), 0);
	return end;
}

/* One transaction with one row, ended as given. */
static void operate(struct handover *h, enum operation_status status, const char *message)
{
	struct handover_order order;
	struct transaction *t;
	struct operation *end;

	assert_int_equal(hand_over(h, &varbind, 1, "a", &t), 0);
	end = ended(h, t);
	end->status = status;
	assert_int_equal(operation_set_text(&end->message, message), 0);
	assert_int_equal(handover_update_operation(h, end), 0);
	assert_true(handover_next_order(h, &order));
	handover_post_verdict(
		h, &(struct verdict){.transaction = t->id, .decided = true, .settled = true});
	transaction_unref(order.transaction);
	transaction_unref(t);
	struct inbox in = {0};
	assert_int_equal(handover_receive(h, &in), 0);
	inbox_clear(&in);
}

static struct oplog_numbers last_given(struct handover *h)
{
	const struct oplog_view *v = handover_oplog(h);
	const struct operation *o = v->rows[v->n_rows - 1];
	struct oplog_numbers last = {o->index, o->transaction};

	oplog_view_unref(v);
	return last;
}

static struct oplog_file *open_file(struct handover **h)
{
	struct oplog_file *f;

	assert_int_equal(handover_new(h), 0);
	assert_int_equal(oplog_file_open(directory, *h, &f), 0);
	return f;
}

static void test_restart(void **state)
{
	struct handover *h;
	struct oplog_file *f = open_file(&h);
	const struct oplog_view *v;

	(void)state;
	operate(h, OPERATION_SUCCEEDED, NULL);
	operate(h, OPERATION_FAILED, "no: \"\xc3\xa4\" 100%\n");
	operate(h, OPERATION_RUNNING, NULL);
	assert_true(oplog_file_differs(f, h));
	assert_int_equal(oplog_file_save(f, h), 0);
	assert_false(oplog_file_differs(f, h));
	assert_int_equal(oplog_file_finish(f, h), 0);
	oplog_file_free(f);
	handover_free(h);

	f = open_file(&h);
	v = handover_oplog(h);
	assert_int_equal(v->n_rows, 3);
	assert_int_equal(v->rows[0]->status, OPERATION_SUCCEEDED);
	assert_null(v->rows[0]->message);
	assert_int_equal(v->rows[1]->index, 2);
	assert_int_equal(v->rows[1]->transaction, 2);
	assert_string_equal(v->rows[1]->message, "no: \"\xc3\xa4\" 100% ");
	assert_string_equal(v->rows[1]->request, "vcpus=8 100%");
	assert_int_equal(v->rows[1]->started_at, 1234567890123);
	/* Nobody knows, unless the journal does. */
	assert_int_equal(v->rows[2]->status, OPERATION_UNKNOWN);
	oplog_view_unref(v);
	operate(h, OPERATION_SUCCEEDED, NULL);
	v = handover_oplog(h);
	assert_int_equal(v->rows[3]->index, 4);
	assert_int_equal(v->rows[3]->transaction, 4);
	oplog_view_unref(v);
	oplog_file_free(f);
	handover_free(h);
}

/* What was given since the last save is on disk nowhere, and still not given again. */
static void test_killed_before_it_was_saved(void **state)
{
	struct handover *h;
	struct oplog_file *f = open_file(&h);
	struct oplog_numbers before, after;

	(void)state;
	for (int kills = 0; kills < 3; kills++) {
		assert_int_equal(oplog_file_save(f, h), 0);
		for (int i = 0; i < 5; i++)
			operate(h, OPERATION_FAILED, NULL);
		before = last_given(h);
		oplog_file_free(f);
		handover_free(h);
		f = open_file(&h);
		operate(h, OPERATION_SUCCEEDED, NULL);
		after = last_given(h);
		assert_true(after.index > before.index);
		assert_true(after.transaction > before.transaction);
	}
	oplog_file_free(f);
	handover_free(h);
}

/* Killed while it was saved: what was being written is of no use to anybody. */
static void test_killed_while_it_was_saved(void **state)
{
	_cleanup_free_ char *half = temp_path(directory, "operations.x7Ab0Z");
	struct handover *h;
	FILE *f = fopen(half, "w");

	(void)state;
	assert_non_null(f);
	fclose(f);
	oplog_file_free(open_file(&h));
	assert_int_equal(access(half, F_OK), -1);
	handover_free(h);
}

/* As many as that may be lost are kept free; then it waits for the disk. */
static void test_none_is_given_that_could_be_lost(void **state)
{
	struct handover *h;
	struct oplog_file *f = open_file(&h);
	struct transaction *t;
	uint32_t saved;

	(void)state;
	assert_int_equal(oplog_file_save(f, h), 0);
	for (saved = 0; saved < 2048; saved++)
		operate(h, OPERATION_SUCCEEDED, NULL);
	assert_int_equal(hand_over(h, &varbind, 1, "a", &t), -EAGAIN);
	assert_int_equal(oplog_file_save(f, h), 0);
	operate(h, OPERATION_SUCCEEDED, NULL);
	assert_int_equal(last_given(h).index, saved + 1);
	assert_int_equal(last_given(h).transaction, saved + 1);
	/* None is given when it was saved for the last time. */
	assert_int_equal(oplog_file_finish(f, h), 0);
	assert_int_equal(hand_over(h, &varbind, 1, "a", &t), -EAGAIN);
	oplog_file_free(f);
	handover_free(h);
}

static void test_numbers_that_cannot_be(void **state)
{
	static const char *const lines[] = {"=given #2147483648 #1 .\n",
		"=given #1 #2147483648 .\n", "=taken #1 #1 .\n", "=given #1 .\n", "=given #1 #1\n"};
	char aside[80];

	(void)state;
	snprintf(aside, sizeof(aside), "%s.damaged", path);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct handover *h;

		assert_int_equal(file_write_atomic(path, lines[i], strlen(lines[i]), 0600), 0);
		oplog_file_free(open_file(&h));
		assert_int_equal(unlink(aside), 0);
		operate(h, OPERATION_SUCCEEDED, NULL);
		assert_int_equal(last_given(h).index, 1);
		handover_free(h);
	}
}

static void test_damaged(void **state)
{
	struct handover *h;
	struct oplog_file *f = open_file(&h);
	char *content, aside[80];
	const struct oplog_view *v;
	struct stat st;
	size_t len;

	(void)state;
	operate(h, OPERATION_SUCCEEDED, NULL);
	operate(h, OPERATION_SUCCEEDED, NULL);
	assert_int_equal(oplog_file_save(f, h), 0);
	oplog_file_free(f);
	handover_free(h);
	assert_int_equal(file_read(path, 100000, &content, &len), 0);
	assert_int_equal(file_write_atomic(path, content, len - 9, 0600), 0);
	free(content);
	f = open_file(&h);
	v = handover_oplog(h);
	assert_int_equal(v->n_rows, 1);
	oplog_view_unref(v);
	snprintf(aside, sizeof(aside), "%s.damaged", path);
	assert_int_equal(stat(aside, &st), 0);
	oplog_file_free(f);
	handover_free(h);
}

static void test_cannot_be_written(void **state)
{
	struct handover *h;
	struct oplog_file *f = open_file(&h);

	(void)state;
	operate(h, OPERATION_SUCCEEDED, NULL);
	rmdir(directory);
	assert_true(oplog_file_save(f, h) < 0);
	assert_true(oplog_file_differs(f, h));
	/* The numbers go on. */
	operate(h, OPERATION_SUCCEEDED, NULL);
	assert_int_equal(mkdir(directory, 0700), 0);
	assert_int_equal(oplog_file_save(f, h), 0);
	oplog_file_free(f);
	handover_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_256),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_many_that_run),
		cmocka_unit_test(test_old_views_live_on),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_admin_state),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_while_it_was_saved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_before_it_was_saved, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_none_is_given_that_could_be_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers_that_cannot_be, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cannot_be_written, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
