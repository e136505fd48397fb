/*
 * The history on disk: what was begun is there after a crash at any byte, what ended is told as it
 * ended, numbers are never given twice, the file stays small, and the files of earlier versions are
 * taken over.
 */
#include "control-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/history.h"
#include "temp-directory.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/file.h"

/* In the place of the C library's: how often was a sync asked for? */
static unsigned int data_syncs, syncs;
static int fail_fsync; /* with this errno */

int fdatasync(int fd)
{
	(void)fd;
	data_syncs++;
	return 0;
}

int fsync(int fd)
{
	(void)fd;
	syncs++;
	errno = fail_fsync;
	return fail_fsync != 0 ? -1 : 0;
}

/* --- one run of the agent ------------------------------------------------------------------ */

static char *directory, *path;

/* The clock of history_turn(). */
static uint64_t now;

static int setup(void **state)
{
	(void)state;
	directory = temp_directory_new();
	path = temp_path(directory, "history");
	now = 1000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(path);
	return temp_directory_free(directory);
}

struct run {
	struct handover *h;
	struct history *y;
};

static struct run start(void)
{
	struct run r;

	assert_int_equal(handover_new(&r.h), 0);
	assert_int_equal(history_open(directory, r.h, &r.y), 0);
	return r;
}

/* As kill -9 does: what was not written is lost. */
static void killed(struct run *r)
{
	history_free(r->y);
	handover_free(r->h);
}

static void restart(struct run *r)
{
	killed(r);
	*r = start();
}

static size_t left_open(const struct run *r)
{
	size_t n;

	history_left_open(r->y, &n);
	return n;
}

static void turn(struct run *r)
{
	history_turn(r->y, now);
}

static off_t file_size(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void expect_kept_aside(bool kept)
{
	_cleanup_free_ char *aside = temp_path(directory, "history.damaged");

	assert_int_equal(unlink(aside), kept ? 0 : -1);
}

static const struct set_varbind varbind = {
	.column = SET_COLUMN_VCPU, .row = 3, .row_valid = true, .type = SET_UNSIGNED, .number = 8};

/* A SET on "a b%" (8 CPUs, bound), with one row; the caller's reference. */
static struct transaction *ask(struct run *r)
{
	const struct set_varbind v[] = {V(VCPU, 2, 8), V(ADMIN, 2, 2)};
	struct handover_order order;
	struct transaction *t;

	assert_int_equal(hand_over(r->h, v, COUNT(v), "a b%", &t), 0);
	assert_true(handover_next_order(r->h, &order));
	transaction_unref(order.transaction);
	return t;
}

static int begin_as(struct run *r, const struct transaction *t, bool undo)
{
	struct domain *domain = make_domain(2, "a b%", DOMAIN_INACTIVE, 4, 2048, 1);
	struct plan_input in = {.request = &t->parts[0].request, .domain = domain};
	int result = history_begin(r->y, t, &in, undo);

	domain_unref(domain);
	return result;
}

static struct transaction *begin(struct run *r)
{
	struct transaction *t = ask(r);

	assert_int_equal(begin_as(r, t, false), 0);
	return t;
}

/* Its row says so, and its place is free again. */
static void report(struct run *r, const struct transaction *t, enum operation_status status,
	const char *message)
{
	const struct oplog_view *v = handover_oplog(r->h);
	struct inbox in = {0};
	struct operation *o;

	assert_int_equal(operation_copy(oplog_view_find(v, t->parts[0].operation), &o), 0);
	oplog_view_unref(v);
	o->status = status;
	o->started_at = 1234567890123;
	assert_int_equal(operation_set_text(&o->request, "vcpus=8 100%"), 0);
	assert_int_equal(operation_set_text(&o->message, message), 0);
	assert_int_equal(
		handover_report(r->h, &o, 1,
			&(struct verdict){.transaction = t->id,
				.outcome = operation_running(o) ? OUTCOME_DONE : OUTCOME_KEPT}),
		0);
	assert_int_equal(handover_receive(r->h, &in), 0);
	inbox_clear(&in);
}

static void end(struct run *r, struct transaction *t, enum operation_status status)
{
	report(r, t, status, NULL);
	turn(r);
	transaction_unref(t);
}

/* Without a command, so without a beginning. */
static void operate(struct run *r, enum operation_status status, const char *message)
{
	struct transaction *t = ask(r);

	report(r, t, status, message);
	transaction_unref(t);
}

static struct oplog_numbers last_given(const struct run *r)
{
	const struct oplog_view *v = handover_oplog(r->h);
	const struct operation *o = oplog_view_by_age(v, v->n_rows - 1);
	struct oplog_numbers last = {o->index, o->transaction};

	oplog_view_unref(v);
	return last;
}

/* How the i-th row of n, by index, ended. */
static void expect_row(const struct run *r, size_t i, size_t n, enum operation_status status)
{
	const struct oplog_view *v = handover_oplog(r->h);

	assert_int_equal(v->n_rows, n);
	assert_int_equal(v->rows[i]->status, status);
	oplog_view_unref(v);
}

/* The history's descriptor is that of another file now. */
static void put_in_its_place(int other)
{
	int probe = dup(0);

	for (int fd = 3; fd < probe; fd++) {
		char link[64], target[128];
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target) - 1);
		if (n > 0 && (target[n] = '\0', strcmp(target, path) == 0))
			assert_int_equal(dup2(other, fd), fd);
	}
	close(probe);
}

static void assert_no_row(const struct run *r)
{
	const struct oplog_view *v = handover_oplog(r->h);

	assert_int_equal(v->n_rows, 0);
	oplog_view_unref(v);
}

/* --- rows ---------------------------------------------------------------------------------- */

static void test_restart(void **state)
{
	struct run r = start();
	const struct oplog_view *v;

	(void)state;
	operate(&r, OPERATION_SUCCEEDED, NULL);
	operate(&r, OPERATION_FAILED, "no: \"\xc3\xa4\" 100%\n");
	operate(&r, OPERATION_RUNNING, NULL);
	turn(&r);
	now += 200;
	turn(&r);
	assert_int_equal(history_finish(r.y), 0);
	restart(&r);
	v = handover_oplog(r.h);
	assert_int_equal(v->n_rows, 3);
	assert_int_equal(v->rows[0]->status, OPERATION_SUCCEEDED);
	assert_null(v->rows[0]->message);
	assert_int_equal(v->rows[1]->index, 2);
	assert_int_equal(v->rows[1]->transaction, 2);
	assert_string_equal(v->rows[1]->message, "no: \"\xc3\xa4\" 100% ");
	assert_string_equal(v->rows[1]->request, "vcpus=8 100%");
	assert_int_equal(v->rows[1]->started_at, 1234567890123);
	/* Nobody knows, as nothing says that it had begun. */
	assert_int_equal(v->rows[2]->status, OPERATION_UNKNOWN);
	oplog_view_unref(v);
	operate(&r, OPERATION_SUCCEEDED, NULL);
	v = handover_oplog(r.h);
	assert_int_equal(v->rows[3]->index, 4);
	assert_int_equal(v->rows[3]->transaction, 4);
	oplog_view_unref(v);
	killed(&r);
}

/* A row that ended is in the file at once, one that waits a little later. */
static void test_killed_soon(void **state)
{
	struct run r = start();

	(void)state;
	operate(&r, OPERATION_SUCCEEDED, NULL);
	operate(&r, OPERATION_QUEUED, NULL);
	turn(&r);
	assert_int_equal(history_next(r.y), now + 200);
	restart(&r);
	expect_row(&r, 0, 1, OPERATION_SUCCEEDED);
	operate(&r, OPERATION_QUEUED, NULL);
	turn(&r);
	now += 200;
	turn(&r);
	restart(&r);
	expect_row(&r, 1, 2, OPERATION_UNKNOWN);
	killed(&r);
}

/* What was given since the last turn is on disk nowhere, and still not given again. */
static void test_killed_before_it_was_saved(void **state)
{
	struct run r = start();
	struct oplog_numbers before, after;

	(void)state;
	for (int kills = 0; kills < 3; kills++) {
		turn(&r);
		for (int i = 0; i < 5; i++)
			operate(&r, OPERATION_FAILED, NULL);
		before = last_given(&r);
		restart(&r);
		operate(&r, OPERATION_SUCCEEDED, NULL);
		after = last_given(&r);
		assert_true(after.index > before.index);
		assert_true(after.transaction > before.transaction);
	}
	killed(&r);
}

/* Killed while it was written anew: what was being written is of no use to anybody. */
static void test_killed_while_it_was_saved(void **state)
{
	_cleanup_free_ char *half = temp_path(directory, "history.x7Ab0Z");
	FILE *f = fopen(half, "w");

	(void)state;
	assert_non_null(f);
	fclose(f);
	struct run r = start();
	assert_int_equal(access(half, F_OK), -1);
	killed(&r);
}

/* As many as that may be lost are kept free; then it waits for the disk. */
static void test_none_is_given_that_could_be_lost(void **state)
{
	struct run r = start();
	struct transaction *t;
	uint32_t saved;

	(void)state;
	turn(&r);
	for (saved = 0; saved < 2048; saved++)
		operate(&r, OPERATION_SUCCEEDED, NULL);
	assert_int_equal(hand_over(r.h, &varbind, 1, "a", &t), -EAGAIN);
	turn(&r);
	operate(&r, OPERATION_SUCCEEDED, NULL);
	assert_int_equal(last_given(&r).index, saved + 1);
	assert_int_equal(last_given(&r).transaction, saved + 1);
	/* None is given when it was written for the last time. */
	assert_int_equal(history_finish(r.y), 0);
	assert_int_equal(hand_over(r.h, &varbind, 1, "a", &t), -EAGAIN);
	killed(&r);
}

/* A crash loop costs numbers; behind the last one they begin anew, and rows keep their order. */
static void test_numbers_are_not_used_up(void **state)
{
	static const char near_the_end[] = "=given #2147480000 #2147480000 .\n"
					   "#2147480000 #2147480000 #3 #1 #1 #3 #0 #1 #1 "
					   "=a =x = = = .\n";
	struct run r;

	(void)state;
	assert_int_equal(file_write_atomic(path, near_the_end, strlen(near_the_end), 0600), 0);
	r = start();
	for (int kills = 0; kills < 5; kills++) {
		operate(&r, OPERATION_SUCCEEDED, NULL);
		turn(&r);
		restart(&r);
	}
	const struct oplog_view *v = handover_oplog(r.h);
	assert_int_equal(v->n_rows, 6);
	assert_int_equal(oplog_view_by_age(v, 0)->index, 2147480000);
	assert_int_equal(oplog_view_by_age(v, 2)->index, 2147482049);
	assert_int_equal(oplog_view_by_age(v, 3)->index, 450);
	assert_int_equal(oplog_view_by_age(v, 5)->index, 450 + 2 * 2048);
	assert_int_equal(v->rows[0]->index, 450);
	oplog_view_unref(v);
	expect_kept_aside(false);
	killed(&r);
}

static void test_numbers_that_cannot_be(void **state)
{
	static const char *const lines[] = {"=given #2147483648 #1 .\n",
		"=given #1 #2147483648 .\n", "=taken #1 #1 .\n", "=given #1 .\n", "=given #1 #1\n",
		"#0 #1 #3 #1 #1 #3 #0 #1 #1 =a =x = = = .\n",
		"#2147483648 #1 #3 #1 #1 #3 #0 #1 #1 =a =x = = = .\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_int_equal(file_write_atomic(path, lines[i], strlen(lines[i]), 0600), 0);
		struct run r = start();
		expect_kept_aside(true);
		operate(&r, OPERATION_SUCCEEDED, NULL);
		assert_int_equal(last_given(&r).index, 1);
		killed(&r);
		unlink(path);
	}
}

/* A line in the middle makes no sense: the others are used. */
static void test_damaged(void **state)
{
	struct run r = start();
	_cleanup_free_ char *content = NULL;
	size_t length;

	(void)state;
	operate(&r, OPERATION_SUCCEEDED, NULL);
	operate(&r, OPERATION_SUCCEEDED, NULL);
	turn(&r);
	killed(&r);
	assert_int_equal(file_read(path, 100000, &content, &length), 0);
	strstr(content, "#1 #1 #2 ")[1] = 'x';
	assert_int_equal(file_write_atomic(path, content, length, 0600), 0);
	r = start();
	expect_row(&r, 0, 1, OPERATION_SUCCEEDED);
	assert_int_equal(last_given(&r).index, 2);
	expect_kept_aside(true);
	killed(&r);
}

static void test_cannot_be_written(void **state)
{
	struct run r = start();
	int full = open("/dev/full", O_WRONLY);

	(void)state;
	operate(&r, OPERATION_SUCCEEDED, NULL);
	put_in_its_place(full);
	fail_fsync = ENOSPC;
	now = clock_ms();
	turn(&r);
	/* It is tried again after a while, not in each turn. */
	assert_true(history_next(r.y) > now + 4000);
	turn(&r);
	restart(&r);
	assert_no_row(&r);
	/* The numbers go on. */
	for (int i = 0; i < 5000; i++)
		operate(&r, OPERATION_SUCCEEDED, NULL);
	fail_fsync = 0;
	now = clock_ms() + 5001;
	turn(&r);
	restart(&r);
	expect_row(&r, 255, OPLOG_ROWS, OPERATION_SUCCEEDED);
	assert_int_equal(last_given(&r).index, 2048 + 5000);
	operate(&r, OPERATION_SUCCEEDED, NULL);
	assert_int_equal(last_given(&r).index, 2048 + 5000 + 2048 + 1);
	close(full);
	killed(&r);
}

/* --- what was begun ------------------------------------------------------------------------ */

static void test_open_and_ended(void **state)
{
	struct run r = start();
	const struct begun *p;
	size_t n;

	(void)state;
	assert_int_equal(left_open(&r), 0);
	struct transaction *one = begin(&r), *two = begin(&r);
	/* One ended, but that is not in the file yet: it counts as open. */
	report(&r, one, OPERATION_SUCCEEDED, NULL);
	restart(&r);
	assert_int_equal(left_open(&r), 2);
	expect_row(&r, 0, 2, OPERATION_RUNNING);
	expect_row(&r, 1, 2, OPERATION_RUNNING);
	end(&r, one, OPERATION_SUCCEEDED);
	restart(&r);
	p = history_left_open(r.y, &n);
	assert_int_equal(n, 1);
	assert_int_equal(p->transaction, two->id);
	assert_int_equal(p->operation, two->parts[0].operation);
	assert_string_equal(p->request.domain, "a b%");
	assert_int_equal(p->request.vcpus, 8);
	assert_int_equal(p->request.admin, ADMIN_BOUND);
	assert_int_equal(p->request.fields, FIELD_VCPU_BIT | FIELD_ADMIN_BIT);
	assert_true(p->existed);
	assert_false(p->undo);
	assert_int_equal(p->vcpus, 4);
	assert_int_equal(p->memory_bytes, 2048 * MB);
	assert_true(p->started_at > 0);
	expect_row(&r, 0, 2, OPERATION_SUCCEEDED);
	/* The row was never written; what was begun says enough. */
	const struct oplog_view *v = handover_oplog(r.h);
	assert_string_equal(v->rows[1]->domain, "a b%");
	assert_string_equal(v->rows[1]->request, "state=bound vcpus=8");
	assert_int_equal(v->rows[1]->target, ADMIN_BOUND);
	oplog_view_unref(v);
	end(&r, two, OPERATION_FAILED);
	restart(&r);
	assert_int_equal(left_open(&r), 0);
	expect_row(&r, 1, 2, OPERATION_FAILED);
	killed(&r);
}

/* It was done, and is to be taken back after all. */
static void test_undone(void **state)
{
	struct run r = start();
	size_t n;

	(void)state;
	struct transaction *t = begin(&r);
	report(&r, t, OPERATION_SUCCEEDED, NULL);
	turn(&r);
	assert_int_equal(begin_as(&r, t, true), 0);
	report(&r, t, OPERATION_RUNNING, NULL);
	turn(&r);
	for (int twice = 0; twice < 2; twice++) {
		restart(&r);
		assert_true(history_left_open(r.y, &n)->undo);
		assert_int_equal(n, 1);
		expect_row(&r, 0, 1, OPERATION_RUNNING);
	}
	end(&r, t, OPERATION_ROLLED_BACK);
	restart(&r);
	assert_int_equal(left_open(&r), 0);
	expect_row(&r, 0, 1, OPERATION_ROLLED_BACK);
	killed(&r);
}

/* Cut off at every byte: the first entry is whole, the second is there or not, nothing breaks. */
static void test_torn(void **state)
{
	struct run r = start();
	_cleanup_free_ char *content = NULL;
	size_t length;

	(void)state;
	transaction_unref(begin(&r));
	off_t one = file_size();
	transaction_unref(begin(&r));
	off_t two = file_size();
	killed(&r);
	assert_int_equal(file_read(path, 100000, &content, &length), 0);
	for (off_t cut = one; cut <= two; cut++) {
		assert_int_equal(file_write_atomic(path, content, (size_t)cut, 0600), 0);
		r = start();
		assert_int_equal(left_open(&r), cut < two ? 1 : 2);
		/* What comes after it is not spoiled. */
		transaction_unref(begin(&r));
		restart(&r);
		assert_int_equal(left_open(&r), cut < two ? 2 : 3);
		killed(&r);
		expect_kept_aside(false);
	}
}

static void test_rubbish(void **state)
{
	static const char rubbish[] = "begin nonsense\nend #x .\n\nwhat?\n";

	(void)state;
	assert_int_equal(file_write_atomic(path, rubbish, sizeof(rubbish) - 1, 0600), 0);
	struct run r = start();
	assert_int_equal(left_open(&r), 0);
	expect_kept_aside(true);
	transaction_unref(begin(&r));
	restart(&r);
	assert_int_equal(left_open(&r), 1);
	killed(&r);
	/* A folder in its place is no history, and nothing to run without. */
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	r = start();
	_cleanup_free_ char *aside = temp_path(directory, "history.damaged");
	assert_int_equal(rmdir(aside), 0);
	killed(&r);
}

/* The disk fails to give the content: the file must not be lost behind a new one. */
static void test_read_error(void **state)
{
	char byte;
	int fd = open("/proc/self/mem", O_RDONLY);
	bool fails = fd >= 0 && read(fd, &byte, 1) < 0 && errno == EIO;

	(void)state;
	if (fd >= 0)
		close(fd);
	if (!fails) {
		print_message("/proc/self/mem does not give EIO here\n");
		skip();
	}
	assert_int_equal(symlink("/proc/self/mem", path), 0);
	struct run r = start();
	expect_kept_aside(true);
	transaction_unref(begin(&r));
	restart(&r);
	assert_int_equal(left_open(&r), 1);
	killed(&r);
}

static void test_cannot_begin(void **state)
{
	struct run r = start();
	struct transaction *t = ask(&r);
	int full = open("/dev/full", O_WRONLY);

	(void)state;
	put_in_its_place(full);
	assert_true(begin_as(&r, t, false) < 0);
	/* There is room again. */
	assert_int_equal(begin_as(&r, t, false), 0);
	restart(&r);
	assert_int_equal(left_open(&r), 1);
	close(full);
	transaction_unref(t);
	killed(&r);
}

/* --- what it costs ------------------------------------------------------------------------- */

static void test_one_sync_for_each_set(void **state)
{
	struct run r = start();

	(void)state;
	data_syncs = syncs = 0;
	for (int i = 0; i < 20; i++) {
		end(&r, begin(&r), OPERATION_SUCCEEDED);
		now += 100;
		turn(&r);
	}
	assert_int_equal(data_syncs, 20);
	assert_int_equal(syncs, 0);
	/* The end of the last one, once nothing else comes. */
	assert_true(history_next(r.y) <= now + 1000);
	now += 1000;
	turn(&r);
	assert_int_equal(data_syncs, 21);
	assert_int_equal(history_next(r.y), UINT64_MAX);
	killed(&r);
}

/* Appended to, and now and then written anew, with what is open. */
static void test_it_stays_small(void **state)
{
	struct run r = start();
	struct transaction *open = begin(&r);
	off_t largest = 0;

	(void)state;
	syncs = 0;
	for (int i = 0; i < 5000; i++) {
		end(&r, begin(&r), OPERATION_SUCCEEDED);
		largest = file_size() > largest ? file_size() : largest;
	}
	assert_true(largest < 200000);
	assert_true(syncs < 5000 / 20);
	restart(&r);
	assert_int_equal(left_open(&r), 1);
	assert_int_equal(last_given(&r).index, 5001);
	expect_row(&r, 0, OPLOG_ROWS, OPERATION_RUNNING);
	end(&r, open, OPERATION_SUCCEEDED);
	killed(&r);
}

/* --- earlier versions ---------------------------------------------------------------------- */

static void copy_here(const char *name)
{
	_cleanup_free_ char *from = NULL, *to = temp_path(directory, name), *content = NULL;
	size_t length;

	assert_true(asprintf(&from, TOP_SRCDIR "/tests/unit/state-of-0.1/%s", name) > 0);
	assert_int_equal(file_read(from, 100000, &content, &length), 0);
	assert_int_equal(file_write_atomic(to, content, length, 0600), 0);
}

static void write_here(const char *name, const char *content)
{
	_cleanup_free_ char *to = temp_path(directory, name);

	assert_int_equal(file_write_atomic(to, content, strlen(content), 0600), 0);
}

static void expect_gone(const char *name)
{
	_cleanup_free_ char *file = temp_path(directory, name);

	assert_int_equal(access(file, F_OK), -1);
}

/*
 * Two files that version 0.1 left behind when it was killed: four SETs had ended, a fifth over two
 * domains was running, and for a sixth the domain was still being read.
 */
static void test_files_of_0_1(void **state)
{
	static const enum operation_status statuses[] = {OPERATION_SUCCEEDED, OPERATION_SUCCEEDED,
		OPERATION_SUCCEEDED, OPERATION_SUCCEEDED, OPERATION_SUCCEEDED, OPERATION_RUNNING,
		OPERATION_RUNNING, OPERATION_UNKNOWN};
	struct run r;

	(void)state;
	copy_here("operations");
	copy_here("journal");
	r = start();
	for (int starts = 0; starts < 2; starts++) {
		const struct oplog_view *v = handover_oplog(r.h);
		size_t n;
		const struct begun *p = history_left_open(r.y, &n);

		assert_int_equal(v->n_rows, COUNT(statuses));
		for (size_t i = 0; i < COUNT(statuses); i++) {
			assert_int_equal(v->rows[i]->index, i + 1);
			assert_int_equal(v->rows[i]->status, statuses[i]);
		}
		assert_string_equal(v->rows[0]->request, "vcpus=3");
		assert_string_equal(v->rows[0]->domain, "a0");
		assert_true(v->rows[0]->started_at > 1700000000000);
		assert_int_equal(v->rows[1]->transaction, v->rows[2]->transaction);
		assert_string_equal(
			v->rows[3]->after, "vcpus=6 memory=1024M crypto=0 state=active");
		assert_int_equal(n, 2);
		assert_int_equal(p[0].operation, 6);
		assert_string_equal(p[0].request.domain, "a1");
		assert_int_equal(p[0].request.vcpus, 7);
		assert_int_equal(p[1].operation, 7);
		assert_int_equal(p[1].transaction, p[0].transaction);
		assert_int_equal(p[1].request.memory_mb, 3072);
		assert_int_equal(p[0].memory_bytes, 2048 * MB);
		oplog_view_unref(v);
		expect_gone("operations");
		expect_gone("journal");
		restart(&r);
	}
	/* Behind all numbers that version may have given. */
	operate(&r, OPERATION_SUCCEEDED, NULL);
	assert_true(last_given(&r).index > 2048);
	assert_true(last_given(&r).transaction > 2048);
	killed(&r);
}

/* Its rows were saved before its journal was: what they say to have ended has ended. */
static void test_rows_of_0_1_that_ended(void **state)
{
	struct run r;

	(void)state;
	write_here("operations", "=given #10 #10 .\n"
				 "#1 #1 #2 #1 #1 #3 #0 #1 #1 =a =vcpus%3D8 = = = .\n"
				 "#2 #2 #2 #1 #1 #3 #0 #1 #1 =a =vcpus%3D9 = = = .\n"
				 "#3 #3 #2 #1 #1 #2 #0 #1 #1 =a =vcpus%3D7 = = = .\n");
	write_here("journal", "=begin #1 #1 #1 #1 #1 #4 #0 #1024 #2 #4 #0 #8 #0 #0 #0 =a = = .\n"
			      "=begin #2 #2 #1 #1 #1 #8 #0 #1024 #2 #4 #0 #9 #0 #0 #0 =a = = .\n"
			      "=undo #2 #2 #1 #1 #1 #8 #0 #1024 #2 #4 #0 #9 #0 #0 #0 =a = = .\n"
			      "=begin #3 #3 #1 #1 #1 #9 #0 #1024 #2 #4 #0 #7 #0 #0 #0 =a = = .\n"
			      "=end #3 .\n"
			      "=begin #4 #4 #1 #1 #1 #9 #0 #1024 #2 #4 #0 #5 #0 #0 #0 =a = = .\n"
			      "=begin #5 #5 #1 #1 #1 #9");
	r = start();
	expect_row(&r, 0, 4, OPERATION_SUCCEEDED);
	expect_row(&r, 1, 4, OPERATION_RUNNING);
	expect_row(&r, 2, 4, OPERATION_UNKNOWN);
	expect_row(&r, 3, 4, OPERATION_RUNNING);
	assert_int_equal(left_open(&r), 2);
	expect_kept_aside(false);
	killed(&r);
}

/* On a disk that takes nothing they stay, and are read again. */
static void test_files_of_0_1_on_a_full_disk(void **state)
{
	struct run r;

	(void)state;
	copy_here("operations");
	copy_here("journal");
	fail_fsync = ENOSPC;
	r = start();
	assert_int_equal(left_open(&r), 2);
	expect_gone("history");
	restart(&r);
	assert_int_equal(left_open(&r), 2);
	fail_fsync = 0;
	now = UINT64_MAX - 1;
	turn(&r);
	expect_gone("journal");
	restart(&r);
	assert_int_equal(left_open(&r), 2);
	expect_row(&r, 0, 8, OPERATION_SUCCEEDED);
	killed(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_soon, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_before_it_was_saved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_while_it_was_saved, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_none_is_given_that_could_be_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers_are_not_used_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers_that_cannot_be, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cannot_be_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_and_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rubbish, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_error, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cannot_begin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_sync_for_each_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_it_stays_small, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_of_0_1, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rows_of_0_1_that_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_of_0_1_on_a_full_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
