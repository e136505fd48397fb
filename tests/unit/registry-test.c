/*
 * Numbers are for ever: identities, restarts, crashes, damage, full disks, two agents.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "inventory/registry.h"
#include "inventory/registry-internal.h"
#include "temp-directory.h"
#include "util/file.h"

#define UUID_A "0f6f8e1c-19f4-6a0b-b1d2-3c33a7c51a07"
#define UUID_B "5b1f0c52-7d44-4c0e-9a6e-0d6c2f1b7e10"

static char *directory;

static int setup(void **state)
{
	(void)state;
	directory = temp_directory_new();
	return 0;
}

static char *path_of(const char *name)
{
	return temp_path(directory, name);
}

static int teardown(void **state)
{
	(void)state;
	/* An agent that was killed may have left half a file. */
	temp_directory_free(directory);
	return 0;
}

static size_t count_files(const char *part)
{
	DIR *d = opendir(directory);
	struct dirent *e;
	size_t n = 0;

	while ((e = readdir(d)))
		n += strstr(e->d_name, part) != NULL;
	closedir(d);
	return n;
}

static int try_open(bool accept_damage, size_t departed_max, struct registry **ret)
{
	int r = registry_open(directory, accept_damage, ret);

	if (r == 0 && departed_max)
		(*ret)->departed_max = departed_max;
	return r;
}

static struct registry *open_registry(void)
{
	struct registry *r;

	assert_int_equal(try_open(false, 0, &r), 0);
	return r;
}

static struct registry *reopen(struct registry *r)
{
	registry_free(r);
	return open_registry();
}

static uint32_t assign(struct registry *r, const char *uuid, const char *name)
{
	uint32_t index;

	assert_int_equal(registry_assign(r, uuid, name, &index), 0);
	assert_int_equal(registry_commit(r), 0);
	return index;
}

static void test_identity(void **state)
{
	struct registry *r = open_registry();

	(void)state;
	assert_int_equal(assign(r, UUID_A, "a"), 1);
	assert_int_equal(assign(r, NULL, "b"), 2);
	assert_int_equal(assign(r, UUID_A, "renamed"), 1);
	assert_int_equal(assign(r, NULL, "b"), 2);
	/* It gains a UUID, and keeps it when renamed. */
	assert_int_equal(assign(r, UUID_B, "b"), 2);
	assert_int_equal(assign(r, UUID_B, "c"), 2);
	/* The same name again: without UUID, and with a new one, others. */
	assert_int_equal(assign(r, NULL, "c"), 3);
	assert_int_equal(assign(r, "11111111-1111-1111-1111-111111111111", "renamed"), 4);
	r = reopen(r);
	assert_int_equal(assign(r, UUID_A, "whatever"), 1);
	assert_int_equal(assign(r, UUID_B, "b"), 2);
	assert_int_equal(assign(r, NULL, "c"), 3);
	assert_int_equal(registry_next_index(r), 5);
	registry_free(r);
}

static void test_strange_names(void **state)
{
	static const char *const names[] = {"a b", "%41", "\xc3\xa9\n", "-", "d 1 - x", "#"};
	struct registry *r = open_registry();

	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(assign(r, NULL, names[i]), i + 1);
	r = reopen(r);
	assert_false(registry_recovered(r));
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(assign(r, NULL, names[i]), i + 1);
	registry_free(r);
}

static void test_objects(void **state)
{
	struct registry *r = open_registry();
	uint32_t owner = assign(r, UUID_A, "a"), index;

	(void)state;
	assert_int_equal(registry_assign_object(r, owner, "disk", "vdisk0", &index), 0);
	assert_int_equal(index, 1);
	assert_int_equal(registry_assign_object(r, owner, "disk", "vdisk1", &index), 0);
	assert_int_equal(index, 2);
	assert_int_equal(registry_assign_object(r, owner, "net", "vdisk1", &index), 0);
	assert_int_equal(index, 1);
	assert_int_equal(registry_assign_object(r, 0, "spc", "factory default", &index), 0);
	assert_int_equal(index, 1);
	assert_int_equal(registry_assign_object(r, 99, "disk", "x", &index), -ENOENT);
	assert_int_equal(registry_commit(r), 0);
	r = reopen(r);
	assert_int_equal(registry_assign_object(r, owner, "disk", "new", &index), 0);
	assert_int_equal(index, 3);
	assert_int_equal(registry_assign_object(r, owner, "disk", "vdisk1", &index), 0);
	assert_int_equal(index, 2);
	assert_int_equal(registry_assign_object(r, 0, "spc", "factory default", &index), 0);
	assert_int_equal(index, 1);
	registry_free(r);
}

/* An ldmd that makes up names gets no more numbers in the end, and soon knows it. */
static void test_objects_without_end(void **state)
{
	struct registry *r = open_registry();
	uint32_t owner = assign(r, UUID_A, "a"), index;
	char name[16];
	int rc = 0, n = 0;

	(void)state;
	for (; rc == 0 && n < 1000000; n++) {
		snprintf(name, sizeof(name), "disk%d", n);
		rc = registry_assign_object(r, owner, "disk", name, &index);
	}
	assert_int_equal(rc, -ENOSPC);
	assert_true(n > 65536);
	/* What is known is known. */
	assert_int_equal(registry_assign_object(r, owner, "disk", "disk7", &index), 0);
	assert_int_equal(index, 8);
	registry_free(r);
}

static void test_domains_without_end(void **state)
{
	struct registry *r = open_registry();
	uint32_t index;
	char name[16];
	int rc = 0, n = 0;

	(void)state;
	for (; rc == 0 && n < 1000000; n++) {
		snprintf(name, sizeof(name), "ldg%d", n);
		rc = registry_assign(r, NULL, name, &index);
	}
	assert_int_equal(rc, -ENOSPC);
	/* Once they are gone there is room. */
	registry_present_begin(r);
	registry_present_end(r);
	assert_int_equal(r->by_index.n, REGISTRY_DEPARTED_MAX);
	assert_int_equal(registry_assign(r, NULL, "ldg", &index), 0);
	assert_int_equal(index, n);
	registry_free(r);
}

static void test_reservation(void **state)
{
	struct registry *r = open_registry();
	uint32_t index;

	(void)state;
	assert_int_equal(assign(r, UUID_A, "a"), 1);
	assert_int_equal(registry_reserve(r, "x", 1, &index), -ERANGE);
	assert_int_equal(registry_reserve(r, "x", 2 + 1024, &index), -ERANGE);
	assert_int_equal(registry_reserve(r, "a", 0, &index), -EEXIST);
	assert_int_equal(registry_reserve(r, "x", 2 + 1023, &index), 0);
	assert_int_equal(index, 1025);
	assert_int_equal(registry_reserve(r, "x", 0, &index), -EEXIST);
	assert_int_equal(registry_reserve(r, "y", 0, &index), 0);
	assert_int_equal(index, 1026);
	/* ldmd made it: same number, with its UUID. */
	assert_int_equal(assign(r, UUID_B, "x"), 1025);
	registry_release(r, 1025);
	assert_int_equal(assign(r, UUID_B, "x"), 1025);
	/* It did not make that one: the number is gone for good. */
	registry_release(r, 1026);
	assert_int_equal(assign(r, NULL, "y"), 1027);
	r = reopen(r);
	assert_int_equal(assign(r, UUID_B, "x"), 1025);
	assert_int_equal(registry_next_index(r), 1028);
	registry_free(r);
}

/* A row gets its name after its number; a name is free as soon as its domain is seen to be gone. */
static void test_names_of_reserved_numbers(void **state)
{
	struct registry *r = open_registry();
	uint32_t index;

	(void)state;
	assert_int_equal(assign(r, UUID_A, "a"), 1);
	assert_int_equal(registry_reserve(r, "?2", 2, &index), 0);
	assert_int_equal(registry_rename(r, 2, "a"), -EEXIST);
	assert_int_equal(registry_rename(r, 1, "b"), -ENOENT);
	assert_int_equal(registry_rename(r, 2, "b"), 0);
	assert_int_equal(registry_rename(r, 2, "b"), 0);
	registry_absent(r, "a");
	assert_int_equal(registry_reserve(r, "a", 0, &index), 0);
	assert_int_equal(index, 3);
	r = reopen(r);
	assert_int_equal(assign(r, UUID_B, "b"), 2);
	registry_free(r);
}

static void present(struct registry *r, const char *const *names)
{
	registry_present_begin(r);
	for (; *names; names++)
		assign(r, NULL, *names);
	registry_present_end(r);
	assert_int_equal(registry_commit(r), 0);
}

#define PRESENT(r, ...) present(r, (const char *const[]){__VA_ARGS__, NULL})

static void test_departed_are_kept_up_to_a_number(void **state)
{
	struct registry *r;
	uint32_t index;

	(void)state;
	assert_int_equal(try_open(false, 2, &r), 0);
	PRESENT(r, "a", "b", "c", "d");
	assert_int_equal(registry_assign_object(r, 2, "disk", "x", &index), 0);
	PRESENT(r, "a", "c", "d");
	PRESENT(r, "a", "d");
	assert_int_equal(r->by_index.n, 4);
	PRESENT(r, "a");
	/* b went first. */
	assert_int_equal(r->by_index.n, 3);
	registry_free(r);
	assert_int_equal(try_open(false, 2, &r), 0);
	assert_int_equal(r->by_index.n, 3);
	PRESENT(r, "a", "e");
	PRESENT(r, "a");
	/* Also after a restart the longest unseen goes: c, not d. */
	PRESENT(r, "a", "c", "d");
	assert_int_equal(assign(r, NULL, "d"), 4);
	assert_int_equal(assign(r, NULL, "c"), 6);
	assert_int_equal(assign(r, NULL, "b"), 7);
	registry_free(r);
}

/* Locks belong to processes, so the other agent is one. */
static void test_one_agent_per_directory(void **state)
{
	struct registry *r = open_registry();
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		struct registry *other;

		_exit(try_open(false, 0, &other) == -EBUSY ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	registry_free(r);
	registry_free(open_registry());
}

static void damage(const char *name, off_t at)
{
	char *path = path_of(name), byte;
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
	free(path);
}

static void cut(const char *name, off_t at)
{
	char *path = path_of(name);

	assert_int_equal(truncate(path, at), 0);
	free(path);
}

static void make_some(void)
{
	struct registry *r = open_registry();

	assign(r, UUID_A, "a");
	assign(r, UUID_B, "b");
	registry_free(r);
}

static void test_damaged_main(void **state)
{
	struct registry *r;

	(void)state;
	make_some();
	damage("index-registry", 40);
	r = open_registry();
	assert_true(registry_recovered(r));
	assert_int_equal(count_files("index-registry.damaged-"), 1);
	assert_int_equal(assign(r, UUID_B, "b"), 2);
	/* What the damaged one may have given out is left out. */
	assert_int_equal(assign(r, NULL, "new"), 3 + REGISTRY_WINDOW);
	r = reopen(r);
	assert_false(registry_recovered(r));
	assert_int_equal(assign(r, NULL, "new"), 3 + REGISTRY_WINDOW);
	registry_free(r);
}

static void test_damaged_copy(void **state)
{
	struct registry *r;

	(void)state;
	make_some();
	cut("index-registry.copy", 10);
	r = open_registry();
	assert_true(registry_recovered(r));
	assert_int_equal(count_files("index-registry.copy.damaged-"), 1);
	assert_int_equal(assign(r, NULL, "new"), 3);
	registry_free(r);
}

static void test_missing_main(void **state)
{
	char *path = path_of("index-registry");
	struct registry *r;

	(void)state;
	make_some();
	unlink(path);
	free(path);
	r = open_registry();
	assert_int_equal(assign(r, UUID_A, "a"), 1);
	registry_free(r);
}

/* An ldmd that leaves the UUIDs out, from the first list after a start on. */
static void test_list_without_uuids(void **state)
{
	struct registry *r = open_registry();

	(void)state;
	assert_int_equal(assign(r, UUID_A, "a"), 1);
	assert_int_equal(assign(r, UUID_B, "b"), 2);
	r = reopen(r);
	for (int round = 0; round < 2; round++) {
		registry_present_begin(r);
		assert_int_equal(assign(r, NULL, "a"), 1);
		assert_int_equal(assign(r, NULL, "b"), 2);
		registry_present_end(r);
		assert_string_equal(registry_uuid(r, 1), UUID_A);
	}
	/* They come back. */
	registry_present_begin(r);
	assert_int_equal(assign(r, UUID_B, "b"), 2);
	assert_int_equal(assign(r, UUID_A, "a"), 1);
	registry_present_end(r);
	/* The one of that name is in the list, under another name: this is a new domain. */
	registry_present_begin(r);
	registry_listed(r, UUID_A);
	assert_int_equal(assign(r, NULL, "a"), 3);
	assert_int_equal(assign(r, UUID_A, "renamed"), 1);
	registry_present_end(r);
	/* Two that are not in the list had the name: it may be neither of them. */
	registry_present_begin(r);
	assert_int_equal(assign(r, "11111111-1111-1111-1111-111111111111", "b"), 4);
	registry_present_end(r);
	registry_present_begin(r);
	assert_int_equal(assign(r, NULL, "b"), 5);
	registry_free(r);
}

static void remove_file(const char *name)
{
	char *path = path_of(name);

	assert_int_equal(unlink(path), 0);
	free(path);
}

/* Numbers were given out here, and nobody knows which. */
static void test_files_gone_beside_others(void **state)
{
	static const char *const others[] = {"history", "journal", "operations", "unsaved"};
	struct registry *r;

	(void)state;
	make_some();
	remove_file("index-registry");
	remove_file("index-registry.copy");
	for (size_t i = 0; i < 4; i++) {
		char *path = path_of(others[i]);

		assert_int_equal(file_write_atomic(path, "x", 1, 0600), 0);
		assert_int_equal(try_open(false, 0, &r), -EBADMSG);
		remove_file(others[i]);
		free(path);
	}
	/* The lock alone is what a first start leaves that was cut short. */
	registry_free(open_registry());
	remove_file("index-registry");
	damage("index-registry.copy", 10);
	assert_int_equal(try_open(false, 0, &r), -EBADMSG);
	assert_int_equal(try_open(true, 0, &r), 0);
	registry_free(r);
	remove_file("index-registry");
	remove_file("index-registry.copy");
	/* What was put aside tells the same. */
	assert_int_equal(try_open(false, 0, &r), -EBADMSG);
	assert_int_equal(try_open(true, 0, &r), 0);
	assert_true(registry_next_index(r) > REGISTRY_WINDOW);
	registry_free(r);
}

/* Objects of one name are told apart by a value. */
static void test_twins(void **state)
{
	struct registry *r = open_registry();
	uint32_t owner = assign(r, UUID_A, "a"), plain, index;

	(void)state;
	assert_int_equal(registry_assign_object(r, owner, "net", "n", &plain), 0);
	assert_int_equal(registry_assign_twin(r, owner, "net", "n", "m1", 0, false, &index), 0);
	assert_int_equal(index, 0);
	assert_int_equal(registry_assign_twin(r, owner, "net", "n", "m1", plain, true, &index), 0);
	assert_int_equal(index, plain);
	assert_int_equal(registry_assign_twin(r, owner, "net", "n", "m2", plain, false, &index), 0);
	assert_int_equal(index, plain + 1);
	assert_int_equal(registry_assign_object(r, owner, "net", "other", &index), 0);
	assert_int_equal(index, plain + 2);
	assert_int_equal(registry_commit(r), 0);
	r = reopen(r);
	assert_int_equal(registry_assign_twin(r, owner, "net", "n", "m2", 0, false, &index), 0);
	assert_int_equal(index, plain + 1);
	assert_int_equal(registry_assign_twin(r, owner, "net", "n", "m1", 0, false, &index), 0);
	assert_int_equal(index, plain);
	registry_free(r);
}

static void test_both_damaged(void **state)
{
	struct registry *r;

	(void)state;
	make_some();
	cut("index-registry", 0);
	damage("index-registry.copy", 60);
	assert_int_equal(try_open(false, 0, &r), -EBADMSG);
	/* Nothing was touched by the refusal. */
	assert_int_equal(count_files("damaged"), 0);
	assert_int_equal(try_open(true, 0, &r), 0);
	assert_true(registry_recovered(r));
	assert_int_equal(count_files("damaged"), 2);
	/* The mark could be read, so the numbers are new ones. */
	assert_int_equal(assign(r, UUID_B, "b"), 3 + REGISTRY_WINDOW);
	registry_free(r);
}

/* Whatever one flipped bit or one cut does, the file is refused or means the same. */
static void test_every_flip_and_every_cut(void **state)
{
	struct registry s;
	struct registry_entry *e;
	struct registry_object *o;
	char *text;
	size_t size, line;

	(void)state;
	registry_init(&s);
	assert_int_equal(registry_add(&s, 7, UUID_A, "a", &e), 0);
	assert_int_equal(registry_add(&s, 9, NULL, "b c", &e), 0);
	assert_int_equal(registry_add_object(&s, 7, "disk", 1, "d", &o), 0);
	assert_int_equal(registry_print(&s, &text, &size), 0);
	registry_clear(&s);
	for (size_t i = 0; i < size * 8; i++) {
		text[i / 8] ^= (char)(1 << i % 8);
		assert_int_equal(registry_parse(&s, text, size, &line), -EBADMSG);
		registry_clear(&s);
		text[i / 8] ^= (char)(1 << i % 8);
	}
	for (size_t i = 0; i < size; i++) {
		assert_int_equal(registry_parse(&s, text, i, &line), -EBADMSG);
		registry_clear(&s);
	}
	assert_int_equal(registry_parse(&s, text, size, &line), 0);
	assert_int_equal(s.next, 10);
	assert_int_equal(s.objects.n, 1);
	registry_clear(&s);
	free(text);
}

static void test_disk_full(void **state)
{
	const struct rlimit none = {0, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
	struct registry *r = open_registry();
	uint32_t index;

	(void)state;
	assert_int_equal(assign(r, UUID_A, "a"), 1);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(registry_assign(r, UUID_B, "b", &index), 0);
	assert_int_equal(index, 2);
	assert_int_equal(registry_commit(r), -EFBIG);
	assert_true(registry_failed(r));
	assert_int_equal(registry_reserve(r, "x", 0, &index), -EFBIG);
	/* It serves on ... */
	assert_int_equal(registry_assign(r, UUID_B, "b", &index), 0);
	assert_int_equal(index, 2);
	/* ... and heals by itself. */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(registry_commit(r), 0);
	assert_false(registry_failed(r));
	r = reopen(r);
	assert_false(registry_recovered(r));
	assert_int_equal(assign(r, UUID_A, "a"), 1);
	assert_int_equal(assign(r, UUID_B, "b"), 2);
	registry_free(r);
	assert_int_equal(count_files("tmp"), 0);
}

/* The folder is gone from under us: stands in for any failure of the file system. */
static void test_folder_gone(void **state)
{
	struct registry *r = open_registry();
	uint32_t index;

	(void)state;
	assert_int_equal(assign(r, UUID_A, "a"), 1);
	teardown(NULL);
	assert_int_equal(registry_assign(r, UUID_B, "b", &index), 0);
	assert_int_equal(registry_commit(r), -ENOENT);
	assert_true(registry_failed(r));
	registry_free(r);
	setup(NULL);
}

/*
 * The child gives out numbers as fast as it can, and tells each one only after the commit. Killed
 * at any moment, whoever comes next must know all that were told, and give out none of them again.
 */
struct told {
	uint32_t name, index;
};

static void give_out_for_ever(int fd, uint32_t seed)
{
	struct registry *r;

	if (try_open(false, 0, &r) < 0)
		_exit(1);
	for (uint32_t i = 0;; i++) {
		struct told t = {.name = seed * 100000 + i};
		char *name;

		if (asprintf(&name, "n%" PRIu32, t.name) < 0 ||
			registry_assign(r, NULL, name, &t.index) < 0 || registry_commit(r) < 0)
			_exit(2);
		free(name);
		if (write(fd, &t, sizeof(t)) != sizeof(t))
			_exit(3);
	}
}

/* Two in three are in full swing, however busy the machine is; the others are killed at their
 * start. */
static size_t run_and_kill(uint32_t seed, struct told *told, size_t n, size_t max)
{
	struct pollfd first = {.events = POLLIN};
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		give_out_for_ever(fds[1], seed);
	}
	close(fds[1]);
	first.fd = fds[0];
	if (seed % 3 > 0)
		assert_int_equal(poll(&first, 1, 60000), 1);
	usleep(seed * 7919 % 17000);
	kill(pid, SIGKILL);
	while (n < max && read(fds[0], &told[n], sizeof(told[n])) == sizeof(told[n]))
		n++;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return n;
}

static void check_told(const struct told *told, size_t n)
{
	struct registry *r = open_registry();
	uint8_t *used = calloc(registry_next_index(r) + 1, 1);

	assert_false(registry_recovered(r));
	for (size_t i = 0; i < n; i++) {
		char *name;

		assert_true(told[i].index < registry_next_index(r));
		assert_int_equal(used[told[i].index]++, 0);
		assert_true(asprintf(&name, "n%" PRIu32, told[i].name) > 0);
		assert_int_equal(assign(r, NULL, name), told[i].index);
		free(name);
	}
	free(used);
	registry_free(r);
}

static void test_kill_at_any_moment(void **state)
{
	const size_t max = 100000;
	struct told *told = calloc(max, sizeof(*told));
	size_t n = 0;

	(void)state;
	for (uint32_t round = 0; round < 60; round++)
		n = run_and_kill(round, told, n, max);
	check_told(told, n);
	assert_true(n > 0);
	/* Lock, file and copy: what was half written is gone. */
	assert_int_equal(count_files("lock"), 1);
	assert_int_equal(count_files("index-registry"), 2);
	free(told);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_identity),
		TEST(test_strange_names),
		TEST(test_objects),
		TEST(test_objects_without_end),
		TEST(test_domains_without_end),
		TEST(test_reservation),
		TEST(test_names_of_reserved_numbers),
		TEST(test_departed_are_kept_up_to_a_number),
		TEST(test_one_agent_per_directory),
		TEST(test_damaged_main),
		TEST(test_damaged_copy),
		TEST(test_missing_main),
		TEST(test_list_without_uuids),
		TEST(test_files_gone_beside_others),
		TEST(test_twins),
		TEST(test_both_damaged),
		TEST(test_every_flip_and_every_cut),
		TEST(test_disk_full),
		TEST(test_folder_gone),
		TEST(test_kill_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
