/*
 * What two snapshots differ in, and what is no difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "content-text.h"
#include "inventory/assemble.h"
#include "inventory/diff.h"
#include "inventory/links.h"
#include "inventory/registry.h"
#include "temp-directory.h"

static struct registry *registry;
static char *directory;

static int setup(void **state)
{
	(void)state;
	directory = temp_directory_new();
	return registry_open(directory, false, &registry);
}

static int teardown(void **state)
{
	(void)state;
	registry_free(registry);
	return temp_directory_free(directory);
}

/* The next snapshot; the last one is given back. */
static const struct snapshot *next(
	const struct snapshot *last, enum listing_kind kind, const char *const *texts)
{
	struct assemble_input in = {
		.last = last,
		.now_ms = last ? last->taken_ms + 1000 : 1000,
		.registry = registry,
		.ignore_bound_services = kind != LISTING_BINDINGS,
	};
	const struct snapshot *s;

	assert_int_equal(listing_new(kind, NULL, &in.listing), 0);
	for (; *texts; texts++) {
		struct ldm_content c = content_from(*texts);

		assert_int_equal(listing_feed(in.listing, &c), 0);
		content_free(&c);
	}
	assert_int_equal(listing_finish(in.listing), 0);
	assert_int_equal(assemble(&in, &s), 0);
	listing_free(in.listing);
	return s;
}

#define NEXT(last, kind, ...) next(last, kind, (const char *const[]){__VA_ARGS__, NULL})

static const char *kind_name(enum change_kind kind)
{
	static const char *const names[_CHANGE_KIND_MAX] = {
		[CHANGE_CREATE] = "create",
		[CHANGE_DESTROY] = "destroy",
		[CHANGE_STATE] = "state",
		[CHANGE_VCPU] = "vcpu",
		[CHANGE_VMEM] = "vmem",
		[CHANGE_VDS] = "vds",
		[CHANGE_VDISK] = "vdisk",
		[CHANGE_VSW] = "vsw",
		[CHANGE_VNET] = "vnet",
		[CHANGE_VCC] = "vcc",
		[CHANGE_VCONS] = "vcons",
		[CHANGE_DEGRADED] = "degraded",
	};

	return names[kind];
}

static void words_of(const struct change_list *list, char **ret)
{
	size_t size;
	FILE *out = open_memstream(ret, &size);

	for (size_t i = 0; i < list->n; i++) {
		const struct change *c = &list->changes[i];
		const struct domain *d = c->after ? c->after : c->before;

		/* It may wait for minutes, and must not hold what has grown old. */
		assert_null(d->detail);
		assert_null(d->services);
		fprintf(out, "%s%s:%s", i ? " " : "", d->name, kind_name(c->kind));
		if (c->object)
			fprintf(out, ":%s:%c", c->object, " +-~"[c->flag]);
		if (c->migrated)
			fprintf(out, ":migrated");
	}
	fclose(out);
}

/* Consumes a; both are compared, and what comes out is expected in these words. */
static const struct snapshot *check(
	const struct snapshot *a, const struct snapshot *b, const char *expected)
{
	struct change_list list = {0};
	uint64_t dropped = 0;
	char *words;

	assert_int_equal(snapshot_diff(a, b, 1000, &list, &dropped), 0);
	words_of(&list, &words);
	assert_string_equal(words, expected);
	assert_int_equal(dropped, 0);
	free(words);
	change_list_clear(&list);
	snapshot_unref(a);
	return b;
}

#define DOMAIN(name, state, flags, cpus, memory)                                                   \
	name " | ldom_info state=" state " flags=" flags " | cpu units=" cpus                      \
	     " | memory units=" memory
#define PRIMARY DOMAIN("primary", "active", "-n-cv-", "8", "4G")

static void test_values(void **state)
{
	const struct snapshot *s = NULL;

	(void)state;
	s = check(
		s, NEXT(s, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "bound", "------", "4", "2G")), "");
	s = check(
		s, NEXT(s, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "bound", "------", "4", "2G")), "");
	s = check(s, NEXT(s, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "active", "-n----", "6", "3G")),
		"a:state a:vcpu a:vmem");
	s = check(s,
		NEXT(s, LISTING_DOMAIN, PRIMARY " | x y=z",
			DOMAIN("a", "active", "-n----", "6", "3G"),
			DOMAIN("b", "inactive", "------", "1", "1G")),
		"b:create");
	s = check(s, NEXT(s, LISTING_DOMAIN, PRIMARY, DOMAIN("b", "inactive", "------", "1", "1G")),
		"a:destroy");
	snapshot_unref(s);
}

static void test_migration(void **state)
{
	const struct snapshot *s = NULL;

	(void)state;
	s = check(s, NEXT(s, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "active", "-n---s", "4", "2G")),
		"");
	s = check(s, NEXT(s, LISTING_DOMAIN, PRIMARY, DOMAIN("b", "bound", "-----t", "4", "2G")),
		"a:destroy:migrated b:create:migrated");
	snapshot_unref(s);
}

static void test_identity_decides(void **state)
{
	static const char one[] =
		"a | ldom_info state=bound uuid=0f6f8e1c-19f4-6a0b-b1d2-3c33a7c51a07";
	static const char renamed[] =
		"b | ldom_info state=bound uuid=0f6f8e1c-19f4-6a0b-b1d2-3c33a7c51a07";
	static const char other[] =
		"b | ldom_info state=bound uuid=1f6f8e1c-19f4-6a0b-b1d2-3c33a7c51a07";
	const struct snapshot *s = NULL;

	(void)state;
	s = check(s, NEXT(s, LISTING_DOMAIN, PRIMARY, one), "");
	assert_int_equal(snapshot_find_name(s, "primary")->index, 1);
	s = check(s, NEXT(s, LISTING_DOMAIN, PRIMARY, renamed), "");
	assert_int_equal(snapshot_find_name(s, "b")->index, 2);
	s = check(s, NEXT(s, LISTING_DOMAIN, PRIMARY, other), "b:destroy b:create");
	assert_int_equal(snapshot_find_name(s, "b")->index, 3);
	/* A targeted reply can bring the exchange, too. */
	s = check(s, NEXT(s, LISTING_BINDINGS, renamed), "b:create b:destroy");
	assert_int_equal(s->n_domains, 2);
	assert_int_equal(s->next_index, 4);
	snapshot_unref(s);
}

#define DISK(name, volume) " | disk vdisk_name=" name " service_name=vds0 vol_name=" volume

static void test_devices(void **state)
{
	const struct snapshot *s = NULL;

	(void)state;
	s = NEXT(s, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "bound", "------", "4", "2G"));
	/* What is learnt for the first time did not change. */
	s = check(s,
		NEXT(s, LISTING_BINDINGS,
			DOMAIN("a", "bound", "------", "4", "2G") DISK("d0", "v0")
				DISK("d1", "v1") " | network vnet_name=n0 pvid=1"
						 " | console port=5000"),
		"");
	s = check(s,
		NEXT(s, LISTING_BINDINGS,
			DOMAIN("a", "bound", "------", "4",
				"2G") " | console port=5001"
				      " | network vnet_name=n0 pvid=2" DISK("d2", "v2")
					      DISK("d1", "v1")),
		"a:vdisk:d0:- a:vdisk:d2:+ a:vnet:n0:~ a:vcons:a:~");
	/* The number of a disk is its own: the second one is still 2. */
	assert_int_equal(snapshot_find_name(s, "a")->detail->disks[0].index, 2);
	assert_int_equal(snapshot_find_name(s, "a")->detail->disks[1].index, 3);
	s = check(s, NEXT(s, LISTING_SERVICES, "primary | vds service_name=vds0"), "");
	s = check(s,
		NEXT(s, LISTING_SERVICES,
			"primary | vds service_name=vds0 | vds_volume service_name=vds0"
			" vol_name=v0 | vsw service_name=sw | vcc service_name=cc"),
		"primary:vds:v0:+ primary:vsw:sw:+ primary:vcc:cc:+");
	s = check(s, NEXT(s, LISTING_SERVICES, "a | vds service_name=vds0"),
		"primary:vds:vds0:- primary:vds:v0:- primary:vsw:sw:- primary:vcc:cc:- "
		"a:vds:vds0:+");
	snapshot_unref(s);
}

static void test_rows_in_the_making_are_not_there(void **state)
{
	const struct snapshot *a = NEXT(NULL, LISTING_DOMAIN, PRIMARY), *b;
	struct domain *row;
	uint32_t index;

	(void)state;
	assert_int_equal(registry_reserve(registry, "new", 0, &index), 0);
	assert_int_equal(domain_new("new", &row), 0);
	row->index = index;
	row->row_status = ROW_NOT_READY;
	assert_int_equal(assemble_patch(a, index, row, 5, index + 1, &b), 0);
	domain_unref(row);
	a = check(a, b, "");
	a = check(a, NEXT(a, LISTING_DOMAIN, PRIMARY), "");
	assert_int_equal(a->n_domains, 2);
	a = check(a,
		NEXT(a, LISTING_DOMAIN, PRIMARY, DOMAIN("new", "inactive", "------", "1", "1G")),
		"new:create");
	assert_int_equal(snapshot_find_name(a, "new")->index, index);
	assert_int_equal(snapshot_find_name(a, "new")->row_status, ROW_ACTIVE);
	snapshot_unref(a);
}

static void test_bounded(void **state)
{
	const struct snapshot *a = NEXT(NULL, LISTING_DOMAIN, PRIMARY), *b;
	struct change_list list = {0};
	uint64_t dropped = 0;

	(void)state;
	b = NEXT(a, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "bound", "------", "4", "2G"),
		DOMAIN("b", "bound", "------", "4", "2G"),
		DOMAIN("c", "bound", "------", "4", "2G"));
	assert_int_equal(snapshot_diff(a, b, 2, &list, &dropped), 0);
	assert_int_equal(list.n, 2);
	assert_int_equal(dropped, 1);
	change_list_clear(&list);
	snapshot_unref(a);
	snapshot_unref(b);
}

/* Ten thousand of everything: a quadratic step anywhere would take minutes. */
static void test_large(void **state)
{
	const struct listing_limits limits = {.domains = 20000, .rows = 20000};
	struct assemble_input in = {.now_ms = 1, .registry = registry};
	const struct snapshot *rounds[2];
	struct change_list list = {0};
	uint64_t dropped = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(listing_new(LISTING_DOMAIN, &limits, &in.listing), 0);
		for (int i = 0; i < 10000; i++) {
			struct ldm_content c;
			char *text;

			assert_true(asprintf(&text, "d%d | cpu units=%d", i, round) > 0);
			c = content_from(text);
			assert_int_equal(listing_feed(in.listing, &c), 0);
			content_free(&c);
			free(text);
		}
		assert_int_equal(listing_finish(in.listing), 0);
		in.last = round ? rounds[0] : NULL;
		assert_int_equal(assemble(&in, &rounds[round]), 0);
		listing_free(in.listing);
	}
	assert_int_equal(snapshot_diff(rounds[0], rounds[1], 20000, &list, &dropped), 0);
	assert_int_equal(list.n, 10000);
	change_list_clear(&list);
	snapshot_unref(rounds[0]);
	snapshot_unref(rounds[1]);
}

static const struct vnet *net_with_mac(const struct snapshot *s, const char *mac)
{
	const struct domain_detail *t = snapshot_find_name(s, "a")->detail;

	for (size_t i = 0; i < t->n_networks; i++)
		if (strcmp(t->networks[i].mac, mac) == 0)
			return &t->networks[i];
	return NULL;
}

/* Two devices of one name: both are rows, and each keeps its number as long as it is there. */
static void test_same_name_twice(void **state)
{
#define NET(mac) " | network vnet_name=n service_name=sw mac_address=00:14:4f:f8:00:0" mac
	const struct snapshot *s = NEXT(NULL, LISTING_DOMAIN, PRIMARY, "a | cpu units=1");

	(void)state;
	s = check(s, NEXT(s, LISTING_BINDINGS, "a | cpu units=1" NET("1")), "");
	assert_int_equal(net_with_mac(s, "00:14:4f:f8:00:01")->index, 1);
	s = check(s, NEXT(s, LISTING_BINDINGS, "a | cpu units=1" NET("2") NET("1") NET("2")),
		"a:vnet:n:+");
	assert_int_equal(snapshot_find_name(s, "a")->detail->n_networks, 2);
	assert_int_equal(net_with_mac(s, "00:14:4f:f8:00:01")->index, 1);
	assert_int_equal(net_with_mac(s, "00:14:4f:f8:00:02")->index, 2);
	for (int round = 0; round < 2; round++) {
		s = check(s, NEXT(s, LISTING_BINDINGS, "a | cpu units=1" NET("1") NET("2")), "");
		s = check(s, NEXT(s, LISTING_BINDINGS, "a | cpu units=1" NET("2") NET("1")), "");
	}
	s = check(s, NEXT(s, LISTING_BINDINGS, "a | cpu units=1" NET("3") NET("2") NET("1")),
		"a:vnet:n:+");
	assert_int_equal(net_with_mac(s, "00:14:4f:f8:00:03")->index, 3);
	s = check(
		s, NEXT(s, LISTING_BINDINGS, "a | cpu units=1" NET("2")), "a:vnet:n:- a:vnet:n:-");
	assert_int_equal(net_with_mac(s, "00:14:4f:f8:00:02")->index, 2);
	snapshot_unref(s);
}

/* A word for a state that the agent does not know: the last one that it knew counts. */
static void test_unknown_state(void **state)
{
	const struct snapshot *s = NEXT(NULL, LISTING_DOMAIN,
		"a | ldom_info state=suspended | cpu units=8 | memory units=1G",
		"b | ldom_info state=suspended", "c | ldom_info state=bound");

	(void)state;
	assert_int_equal(snapshot_find_name(s, "a")->state, DOMAIN_UNKNOWN);
	assert_int_equal(snapshot_find_name(s, "a")->known_state, DOMAIN_ACTIVE);
	assert_int_equal(snapshot_find_name(s, "b")->known_state, DOMAIN_UNKNOWN);
	s = check(s,
		NEXT(s, LISTING_DOMAIN, "a | ldom_info state=suspended",
			"b | ldom_info state=suspended | cpu units=8 | memory units=1G",
			"c | ldom_info state=suspended"),
		"a:vcpu a:vmem b:vcpu b:vmem c:state");
	assert_int_equal(snapshot_find_name(s, "a")->known_state, DOMAIN_ACTIVE);
	assert_int_equal(snapshot_find_name(s, "b")->known_state, DOMAIN_ACTIVE);
	assert_int_equal(snapshot_find_name(s, "c")->known_state, DOMAIN_BOUND);
	snapshot_unref(s);
}

/* One domain without a name: the others are taken, and nobody is taken for gone. */
static void test_nameless(void **state)
{
	const struct snapshot *s =
		NEXT(NULL, LISTING_DOMAIN, PRIMARY, "a | cpu units=1", "b | cpu units=1");

	(void)state;
	s = check(
		s, NEXT(s, LISTING_DOMAIN, PRIMARY, "a | cpu units=2", " | cpu units=1"), "a:vcpu");
	assert_int_equal(s->n_domains, 3);
	assert_non_null(snapshot_find_name(s, "b"));
	s = check(s, NEXT(s, LISTING_SERVICES, "b | vds service_name=v"), "");
	s = check(s, NEXT(s, LISTING_SERVICES, "a | vds service_name=w", " | vds service_name=v"),
		"a:vds:w:+");
	assert_int_equal(snapshot_find_name(s, "b")->services->n_vds, 1);
	s = check(s, NEXT(s, LISTING_DOMAIN, PRIMARY, "a | cpu units=2"), "b:destroy");
	snapshot_unref(s);
}

/* Resources that go and come back are told once each. */
static void test_degraded(void **state)
{
	const struct snapshot *s =
		NEXT(NULL, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "bound", "------", "4", "2G"));

	(void)state;
	for (int round = 0; round < 2; round++) {
		s = check(s,
			NEXT(s, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "bound", "-d----", "4", "2G")),
			round ? "" : "a:degraded");
		assert_true(snapshot_find_name(s, "a")->degraded);
	}
	s = check(s, NEXT(s, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "bound", "------", "4", "2G")),
		"a:degraded");
	assert_false(snapshot_find_name(s, "a")->degraded);
	snapshot_unref(s);
}

/* What ldmd says of a migration ends with it. */
static void test_migration_values(void **state)
{
#define MOVING(more)                                                                               \
	"a | ldom_info state=active flags=-n---s" more " | cpu units=4 | memory units=2G"
	const struct snapshot *s = NEXT(NULL, LISTING_DOMAIN, MOVING(""));
	const struct domain *d;

	(void)state;
	s = check(s, NEXT(s, LISTING_DOMAIN, MOVING(" progress=45% status=ongoing source=m1")), "");
	s = check(
		s, NEXT(s, LISTING_BINDINGS, MOVING(" progress=50% status=ongoing source=m1")), "");
	d = snapshot_find_name(s, "a");
	assert_int_equal(d->migration_permille, 500);
	assert_string_equal(d->migration_status, "ongoing");
	assert_string_equal(d->migration_source, "m1");
	s = check(s, NEXT(s, LISTING_DOMAIN, MOVING("")), "");
	d = snapshot_find_name(s, "a");
	assert_int_equal(d->migration_permille, 0);
	assert_null(d->migration_status);
	assert_null(d->migration_source);
	snapshot_unref(s);
}

/* A number that becomes "unlimited" is no limit any more. */
static void test_limits_of_cores(void **state)
{
#define CORES(more) "a | ldom_info state=bound" more " | cpu units=4"
	const struct snapshot *s = NEXT(NULL, LISTING_DOMAIN, PRIMARY, CORES(""));

	(void)state;
	s = check(s, NEXT(s, LISTING_BINDINGS, CORES(" max-cores=4")), "");
	assert_int_equal(snapshot_find_name(s, "a")->max_cores, 4);
	s = check(s, NEXT(s, LISTING_DOMAIN, PRIMARY, CORES("")), "");
	assert_int_equal(snapshot_find_name(s, "a")->max_cores, 4);
	s = check(s, NEXT(s, LISTING_BINDINGS, CORES(" max-cores=unlimited")), "");
	assert_int_equal(snapshot_find_name(s, "a")->max_cores, 0);
	snapshot_unref(s);
}

/* One domain with many resources; the first two words end with their number, the last with more. */
static char *many(const char *domain, const char *const words[3], int n, int more)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "%s", domain);
	for (int i = 0; i < n; i++)
		fprintf(out, " | %s%d %s%d %s%d", words[0], i, words[1], i, words[2], more);
	fclose(out);
	return text;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__})

/* The same for what is below domains: numbering, sorting, references, differences. */
static void test_large_lists(void **state)
{
	const int n = 10000;
	const struct snapshot *rounds[2] = {NULL};
	struct change_list list = {0};
	uint64_t dropped = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		char *volumes = many("primary | vds service_name=s",
			WORDS("vds_volume service_name=s vol_name=v", "block_dev=/dev/",
				"mpgroup=g"),
			n, round);
		char *disks = many("a | ldom_info state=active",
			WORDS("disk service_name=s vdisk_name=d", "vol_name=v", "timeout="), n,
			round);
		char *nets = many("b | ldom_info state=active",
			WORDS("network vnet_name=n", "service_name=sw", "mtu="), n, 1500 + round);

		rounds[round] = NEXT(rounds[0], LISTING_BINDINGS, volumes, disks, nets);
		free(volumes);
		free(disks);
		free(nets);
	}
	assert_int_equal(snapshot_diff(rounds[0], rounds[1], 100000, &list, &dropped), 0);
	assert_int_equal(list.n, 3 * n);
	assert_int_equal(links_find(rounds[1]->links, SERVICE_VOLUME, "s", "v777")->clients, 1);
	change_list_clear(&list);
	snapshot_unref(rounds[0]);
	snapshot_unref(rounds[1]);
}

/* Everything that did not change is the same memory. */
static void test_sharing(void **state)
{
	const struct snapshot *a, *b;

	(void)state;
	a = NEXT(NULL, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "bound", "------", "4", "2G"));
	b = NEXT(a, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "bound", "------", "5", "2G"));
	assert_ptr_equal(snapshot_find_name(a, "primary"), snapshot_find_name(b, "primary"));
	assert_ptr_not_equal(snapshot_find_name(a, "a"), snapshot_find_name(b, "a"));
	assert_int_equal(snapshot_find_name(b, "a")->last_change_ms, 2000);
	assert_int_equal(snapshot_find_name(b, "primary")->last_change_ms, 1000);
	assert_int_equal(b->table_last_change_ms, 2000);
	snapshot_unref(a);
	a = NEXT(b, LISTING_DOMAIN, PRIMARY, DOMAIN("a", "bound", "------", "5", "2G"));
	assert_int_equal(a->table_last_change_ms, 2000);
	assert_int_equal(a->taken_ms, 3000);
	assert_ptr_equal(a->host, b->host);
	snapshot_unref(a);
	snapshot_unref(b);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_values),
		TEST(test_migration),
		TEST(test_identity_decides),
		TEST(test_devices),
		TEST(test_rows_in_the_making_are_not_there),
		TEST(test_bounded),
		TEST(test_large),
		TEST(test_large_lists),
		TEST(test_sharing),
		TEST(test_degraded),
		TEST(test_migration_values),
		TEST(test_limits_of_cores),
		TEST(test_same_name_twice),
		TEST(test_unknown_state),
		TEST(test_nameless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
