/*
 * The journal: what was begun is there after a crash at any byte, what ended is not, and what ldmd
 * has decides what became of it.
 */
#include "control-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/journal.h"
#include "control/oplog-file.h"
#include "temp-directory.h"
#include "util/file.h"

static char *directory, *path;

static int setup(void **state)
{
	(void)state;
	directory = temp_directory_new();
	path = temp_path(directory, "journal");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(path);
	return temp_directory_free(directory);
}

static struct journal *reopen(struct journal *j)
{
	journal_free(j);
	assert_int_equal(journal_open(directory, &j), 0);
	return j;
}

static size_t open_entries(const struct journal *j)
{
	size_t n;

	journal_entries(j, &n);
	return n;
}

/* A transaction about "a" (8 CPUs, bound), with operation 7. */
static void begin(struct journal *j, uint32_t id)
{
	const struct set_varbind v[] = {V(VCPU, 2, 8), V(ADMIN, 2, 2)};
	struct set_request d = make_request(v, COUNT(v));
	const struct set_request *list[] = {&d};
	struct domain *domain = make_domain(2, "a b%", DOMAIN_INACTIVE, 4, 2048, 1);
	struct plan_input in = {&d, domain};
	struct transaction *t;

	d.domain = strdup("a b%");
	assert_int_equal(transaction_new(list, 1, &t), 0);
	t->id = id;
	t->parts[0].operation = 7;
	assert_int_equal(journal_begin(j, t, &in), 0);
	transaction_unref(t);
	domain_unref(domain);
	set_request_clear(&d);
}

static void test_open_and_ended(void **state)
{
	struct journal *j = reopen(NULL);
	const struct journal_entry *e;
	struct stat st;
	size_t n;

	(void)state;
	assert_int_equal(open_entries(j), 0);
	begin(j, 1);
	begin(j, 2);
	journal_end(j, 1);
	j = reopen(j);
	/* Its rows were not on disk yet: it counts as open. */
	assert_int_equal(open_entries(j), 2);
	journal_end(j, 1);
	journal_commit(j);
	j = reopen(j);
	e = journal_entries(j, &n);
	assert_int_equal(n, 1);
	assert_int_equal(e->transaction, 2);
	assert_int_equal(e->n_parts, 1);
	assert_int_equal(e->parts[0].operation, 7);
	assert_string_equal(e->parts[0].request.domain, "a b%");
	assert_int_equal(e->parts[0].request.vcpus, 8);
	assert_int_equal(e->parts[0].request.admin, ADMIN_BOUND);
	assert_int_equal(e->parts[0].request.fields, FIELD_VCPU_BIT | FIELD_ADMIN_BIT);
	assert_true(e->parts[0].existed);
	assert_int_equal(e->parts[0].vcpus, 4);
	assert_int_equal(e->parts[0].memory_bytes, 2048 * MB);
	assert_true(e->parts[0].started_at > 0);
	journal_end(j, 2);
	journal_commit(j);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	j = reopen(j);
	assert_int_equal(open_entries(j), 0);
	journal_free(j);
}

/* Cut off at every byte: the first entry is whole, the second is there or not, nothing breaks. */
static void test_torn(void **state)
{
	struct journal *j = reopen(NULL);
	struct stat one, two;
	char *content;
	size_t len;

	(void)state;
	begin(j, 1);
	assert_int_equal(stat(path, &one), 0);
	begin(j, 2);
	assert_int_equal(stat(path, &two), 0);
	journal_free(j);
	assert_int_equal(file_read(path, 100000, &content, &len), 0);
	for (off_t cut = one.st_size; cut <= two.st_size; cut++) {
		assert_int_equal(file_write_atomic(path, content, (size_t)cut, 0600), 0);
		j = reopen(NULL);
		assert_int_equal(open_entries(j), cut < two.st_size ? 1 : 2);
		/* What comes after it is not spoiled. */
		begin(j, 3);
		j = reopen(j);
		assert_int_equal(open_entries(j), cut < two.st_size ? 2 : 3);
		journal_free(j);
	}
	free(content);
}

static void test_damaged(void **state)
{
	static const char rubbish[] = "begin nonsense\nend #x .\n\nwhat?\n";
	char aside[80];
	struct journal *j;
	struct stat st;

	(void)state;
	snprintf(aside, sizeof(aside), "%s.damaged", path);
	assert_int_equal(file_write_atomic(path, rubbish, sizeof(rubbish) - 1, 0600), 0);
	j = reopen(NULL);
	assert_int_equal(open_entries(j), 0);
	assert_int_equal(stat(aside, &st), 0);
	begin(j, 1);
	j = reopen(j);
	assert_int_equal(open_entries(j), 1);
	journal_free(j);
	/* A folder in its place is no journal, and nothing to run without. */
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	unlink(aside);
	assert_int_equal(journal_open(directory, &j), 0);
	journal_free(j);
}

static void test_cannot_be_written(void **state)
{
	struct journal *j = reopen(NULL);
	const struct set_varbind v[] = {V(VCPU, 2, 8)};
	struct set_request d = make_request(v, 1);
	const struct set_request *list[] = {&d};
	struct plan_input in = {&d, NULL};
	struct transaction *t;
	int full = open("/dev/full", O_WRONLY), probe;

	(void)state;
	assert_int_equal(transaction_new(list, 1, &t), 0);
	/* The journal's descriptor is the one before the next free one. */
	probe = dup(0);
	for (int fd = 3; fd < probe; fd++) {
		char link[64], target[128];
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target) - 1);
		if (n > 0 && (target[n] = '\0', strcmp(target, path) == 0))
			assert_int_equal(dup2(full, fd), fd);
	}
	assert_true(journal_begin(j, t, &in) < 0);
	close(full);
	close(probe);
	transaction_unref(t);
	set_request_clear(&d);
	journal_free(j);
}

/* --- settling ------------------------------------------------------------------------------ */

struct now {
	enum domain_state state; /* 0: gone */
	uint32_t vcpus, mb;
	bool dr;
};

static enum operation_status settle(
	const struct set_varbind *v, size_t n, bool existed, enum domain_state was, struct now now)
{
	struct journal_part p = {.existed = existed,
		.state = was,
		.vcpus = 4,
		.crypto = 1,
		.memory_bytes = 2048 * MB};
	struct domain *d = NULL;
	enum operation_status s;

	p.request = make_request(v, n);
	if (now.state != 0)
		d = make_domain(2, "a", now.state, now.vcpus, now.mb, 1);
	if (d != NULL)
		d->memory_dr = now.dr;
	s = journal_settle(&p, d);
	domain_unref(d);
	set_request_clear(&p.request);
	return s;
}

#define SETTLE(existed, was, now, ...)                                                             \
	settle((const struct set_varbind[]){__VA_ARGS__},                                          \
		COUNT(((const struct set_varbind[]){__VA_ARGS__})), existed, was, now)
#define NOW(...) ((struct now){__VA_ARGS__})

static void test_settle(void **state)
{
	const enum domain_state active = DOMAIN_ACTIVE, bound = DOMAIN_BOUND,
				inactive = DOMAIN_INACTIVE, none = (enum domain_state)0;

	(void)state;
	assert_int_equal(SETTLE(true, active, NOW(active, 8, 2048, false), V(VCPU, 2, 8)),
		OPERATION_SUCCEEDED);
	assert_int_equal(
		SETTLE(true, active, NOW(active, 4, 2048, false), V(VCPU, 2, 8)), OPERATION_FAILED);
	assert_int_equal(SETTLE(true, active, NOW(active, 8, 2048, false), V(VCPU, 2, 8),
				 V(MEMORY, 2, 4096)),
		OPERATION_PARTIAL);
	assert_int_equal(SETTLE(true, active, NOW(active, 4, 2048, true), V(MEMORY, 2, 4096)),
		OPERATION_RUNNING);
	assert_int_equal(SETTLE(true, active, NOW(DOMAIN_STOPPING, 4, 2048, false), V(ADMIN, 2, 2)),
		OPERATION_RUNNING);
	assert_int_equal(SETTLE(true, active, NOW(bound, 4, 2048, false), V(ADMIN, 2, 2)),
		OPERATION_SUCCEEDED);
	assert_int_equal(SETTLE(true, active, NOW(bound, 4, 2048, false), V(ADMIN, 2, 3)),
		OPERATION_PARTIAL);
	assert_int_equal(SETTLE(true, active, NOW(active, 4, 2048, false), V(ADMIN, 2, 5)),
		OPERATION_UNKNOWN);
	assert_int_equal(SETTLE(true, active, NOW(bound, 4, 2048, false), V(ADMIN, 2, 5)),
		OPERATION_PARTIAL);
	assert_int_equal(
		SETTLE(true, active, NOW(none, 0, 0, false), V(VCPU, 2, 8)), OPERATION_UNKNOWN);
	assert_int_equal(
		SETTLE(true, inactive, NOW(none, 0, 0, false), V(ROW, 2, 6)), OPERATION_SUCCEEDED);
	assert_int_equal(SETTLE(true, inactive, NOW(inactive, 4, 2048, false), V(ROW, 2, 6)),
		OPERATION_FAILED);
	assert_int_equal(SETTLE(false, none, NOW(inactive, 2, 1024, false), V(ROW, 2, 4),
				 T(NAME, 2, "a"), V(VCPU, 2, 2), V(MEMORY, 2, 1024)),
		OPERATION_SUCCEEDED);
	assert_int_equal(
		SETTLE(false, none, NOW(inactive, 2, 1024, false), V(ROW, 2, 4), T(NAME, 2, "a"),
			V(VCPU, 2, 2), V(MEMORY, 2, 1024), V(ADMIN, 2, 2)),
		OPERATION_PARTIAL);
	assert_int_equal(SETTLE(false, none, NOW(none, 0, 0, false), V(ROW, 2, 4), T(NAME, 2, "a"),
				 V(VCPU, 2, 2), V(MEMORY, 2, 1024)),
		OPERATION_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open_and_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cannot_be_written, setup, teardown),
		cmocka_unit_test(test_settle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
