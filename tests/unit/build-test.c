/*
 * From resources to domains: words, numbers, lists, limits, pools.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "content-text.h"
#include "inventory/assemble.h"
#include "inventory/listing.h"
#include "inventory/pools.h"
#include "inventory/rows.h"
#include "util/cleanup.h"
#include "util/file.h"

#define UUID_A "0f6f8e1c-19f4-6a0b-b1d2-3c33a7c51a07"
#define UUID_B "5b1f0c52-7d44-4c0e-9a6e-0d6c2f1b7e10"

static struct listing *listing_of(enum listing_kind kind, const char *const *texts)
{
	struct listing *d;

	assert_int_equal(listing_new(kind, NULL, &d), 0);
	for (; *texts; texts++) {
		struct ldm_content c = content_from(*texts);

		assert_int_equal(listing_feed(d, &c), 0);
		content_free(&c);
	}
	assert_int_equal(listing_finish(d), 0);
	return d;
}

#define LISTING(kind, ...) listing_of(kind, (const char *const[]){__VA_ARGS__, NULL})

static const struct domain *first(struct listing *d)
{
	assert_true(d->n_domains > 0);
	return d->domains[0];
}

static void test_states(void **state)
{
	static const struct {
		const char *text;
		enum domain_state state;
	} cases[] = {
		{"active", DOMAIN_ACTIVE},
		{"ACTIVE", DOMAIN_ACTIVE},
		{"Bound", DOMAIN_BOUND},
		{"stopping", DOMAIN_STOPPING},
		{"inactive", DOMAIN_INACTIVE},
		{"binding", DOMAIN_BINDING},
		{"unbinding", DOMAIN_UNBINDING},
		{"starting", DOMAIN_STARTING},
		{"1", DOMAIN_ACTIVE},
		{"7", DOMAIN_STARTING},
		{"0", DOMAIN_UNKNOWN},
		{"8", DOMAIN_UNKNOWN},
		{"", DOMAIN_UNKNOWN},
		{"12", DOMAIN_UNKNOWN},
		{"suspended", DOMAIN_UNKNOWN},
		{"unknown", DOMAIN_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(word_state(cases[i].text), cases[i].state);
}

static void test_flags(void **state)
{
	static const struct {
		const char *text, *six;
	} cases[] = {
		{"-n-cv-", "-n-cv-"},
		{"------", "------"},
		{"-t-cv", "-t-cv-"},
		{"-----", "------"},
		{"sn---s", "sn---s"},
		{"-nd---", "-nd---"},
		{"normal,control,vio-service", "-n-cv-"},
		{"transition", "-t----"},
		{"Degraded", "-d----"},
		{"starting,normal", "sn----"},
		{"normal,migration-target", "-n---t"},
		{"", "------"},
		{"rubbish!", "------"},
		{"normal,memory-dr", "-nr---"},
		{"normal,delayed-reconfiguration", "-nd---"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *six;

		assert_int_equal(word_flags(cases[i].text, &six), 0);
		assert_string_equal(six, cases[i].six);
		free(six);
	}
}

static void check_word(int (*build)(const char *, char **), const char *text, const char *expected)
{
	char *made = NULL;
	int r = build(text, &made);

	if (!expected) {
		assert_int_equal(r, -EINVAL);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(made, expected);
	free(made);
}

static void test_identifiers(void **state)
{
	(void)state;
	check_word(word_mac, "00:14:4F:F8:11:22", "00:14:4f:f8:11:22");
	check_word(word_mac, "0:14:4f:f8:1:2", "00:14:4f:f8:01:02");
	check_word(word_mac, "", NULL);
	check_word(word_mac, "00:14:4f:f8:11", NULL);
	check_word(word_mac, "00:14:4f:f8:11:22:33", NULL);
	check_word(word_mac, "00:14:4f:f8:11:2g", NULL);
	check_word(word_hostid, "84F81122", "0x84f81122");
	check_word(word_hostid, "0x84f81122", "0x84f81122");
	check_word(word_hostid, "", NULL);
	check_word(word_hostid, "0x123456789", NULL);
	check_word(word_uuid, "0F6F8E1C-19F4-6A0B-B1D2-3C33A7C51A07", UUID_A);
	check_word(word_uuid, "0f6f8e1c19f46a0bb1d23c33a7c51a07", NULL);
	check_word(word_uuid, "", NULL);
}

static void test_list_domain(void **state)
{
	struct listing *listing = LISTING(LISTING_DOMAIN,
		"orchid | ldom_info uuid=" UUID_A " address=00:14:4f:f8:11:22 hostid=84f81122"
		" state=Active flags=-n---- utilization=0.7% uptime=1d~22h~53m"
		" | cpu units=8 | memory units=4G | mau units=1 | console port=5001");
	const struct domain *d = first(listing);

	(void)state;
	assert_string_equal(d->name, "orchid");
	assert_string_equal(d->uuid, UUID_A);
	assert_string_equal(d->mac, "00:14:4f:f8:11:22");
	assert_string_equal(d->hostid, "0x84f81122");
	assert_int_equal(d->state, DOMAIN_ACTIVE);
	assert_int_equal(d->num_vcpu, 8);
	assert_int_equal(d->mem_bytes, 4ull << 30);
	assert_int_equal(d->num_crypto, 1);
	assert_int_equal(d->utilization_permille, 7);
	assert_int_equal(d->uptime_s, ((1 * 24 + 22) * 60 + 53) * 60);
	assert_int_equal(d->console_port, 5001);
	assert_null(d->detail);
	listing_free(listing);
}

static void test_nonsense_is_as_if_missing(void **state)
{
	struct listing *listing = LISTING(LISTING_DOMAIN,
		"x | ldom_info uuid=nope address=zz state=floating utilization=--- uptime=soon"
		" | cpu units=many | memory units=4X | blob a=b");
	const struct domain *d = first(listing);

	(void)state;
	assert_int_equal(d->known, KNOWN_STATE);
	assert_int_equal(d->state, DOMAIN_UNKNOWN);
	assert_null(d->uuid);
	assert_null(d->mac);
	assert_int_equal(d->num_vcpu, 0);
	listing_free(listing);
}

static void test_bindings(void **state)
{
	struct listing *listing = LISTING(LISTING_BINDINGS,
		"orchid | ldom_info failure-policy=ignore wcore=2 extended-mapin-space=on"
		" cpu-arch=native shutdown-group=3 state=active flags=-n----"
		" | cpu units=2 | + cpu vid=0 pid=8 cid=1 strand_percent=100 util_percent=1.1%"
		" | + cpu vid=1 pid=9 cid=1 strand_percent=100 util_percent=---"
		" | memory units=2G | + memory ra=0x10000000 pa=0x200000000 size=2147483648"
		" | mau units=1 | + mau id=1 cpuset=8,9"
		" | physio_device name=pci@7c0 | physio_device name=/SYS/MB/NET0/IOVNET.PF0.VF0"
		" | disk vdisk_name=vdisk0 service_name=primary-vds0 vol_name=root id=0 timeout=60"
		" | network vnet_name=vnet0 service_name=primary-vsw0 address=0:14:4f:f8:11:23"
		" pvid=1 linkprop= | console port=5000 service_name=primary-vcc0 group=orchid"
		" | var name=boot-device value=vdisk0 | var name=security-password value=geheim"
		" | policy policy_name=day policy_enable=on policy_vcpu_max=8");
	const struct domain *d = first(listing);
	const struct domain_detail *t = d->detail;

	(void)state;
	assert_non_null(t);
	assert_string_equal(d->failure_policy, "ignore");
	assert_int_equal(d->whole_core, 2);
	assert_int_equal(d->shutdown_group, 3);
	assert_int_equal(d->num_iobus, 1);
	assert_int_equal(d->roles & (DOMAIN_IO | DOMAIN_ROOT), DOMAIN_IO | DOMAIN_ROOT);
	assert_int_equal(t->n_vcpus, 2);
	assert_int_equal(t->vcpus[0].pid, 8);
	assert_int_equal(t->vcpus[0].strand_permille, 1000);
	assert_int_equal(t->vcpus[0].util_permille, 11);
	assert_true(t->vcpus[0].util_known);
	assert_false(t->vcpus[1].util_known);
	assert_int_equal(t->n_memory, 1);
	assert_int_equal(t->memory[0].real_address, 0x10000000);
	assert_int_equal(t->memory[0].size, 2147483648);
	assert_string_equal(t->crypto[0].cpuset, "8,9");
	assert_int_equal(t->n_iobuses, 2);
	assert_string_equal(t->disks[0].volume, "root");
	assert_int_equal(t->disks[0].timeout, 60);
	assert_string_equal(t->networks[0].mac, "00:14:4f:f8:11:23");
	assert_null(t->networks[0].linkprop);
	assert_string_equal(t->consoles[0].group, "orchid");
	assert_int_equal(t->n_variables, 2);
	assert_string_equal(t->variables[0].value, "vdisk0");
	assert_null(t->variables[1].value);
	assert_true(t->policies[0].enabled);
	assert_int_equal(t->policies[0].vcpu_max, 8);
	listing_free(listing);
}

static void test_long_variable_is_cut_between_characters(void **state)
{
	struct domain_detail *t;
	struct listing *listing;
	char *text, value[301];

	(void)state;
	memset(value, 'x', 300);
	value[300] = '\0';
	memcpy(value + 254, "\xc3\xa9", 2);
	assert_true(asprintf(&text, "a | var name=nvramrc value=%s", value) > 0);
	listing = LISTING(LISTING_BINDINGS, text);
	t = (struct domain_detail *)(uintptr_t)first(listing)->detail;
	assert_true(t->variables[0].truncated);
	assert_int_equal(strlen(t->variables[0].value), 254);
	listing_free(listing);
	free(text);
}

static void test_services_flat_and_nested(void **state)
{
	static const char *const forms[] = {
		"primary | vds service_name=vds0 | vds_volume service_name=vds0 vol_name=a"
		" block_dev=/dev/a vol_opts=ro,slice | vds_volume service_name=vds0 vol_name=b",
		"primary | vds service_name=vds0 | + vds_volume vol_name=a block_dev=/dev/a"
		" vol_opts=ro,slice | + vds_volume service_name=vds0 vol_name=b",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct listing *listing = LISTING(LISTING_SERVICES, forms[i]);
		const struct domain_services *s = first(listing)->services;

		assert_int_equal(s->n_vds, 1);
		assert_int_equal(s->n_volumes, 2);
		assert_string_equal(s->volumes[0].service, "vds0");
		assert_string_equal(s->volumes[0].options, "ro,slice");
		assert_string_equal(s->volumes[1].name, "b");
		listing_free(listing);
	}
}

static int feed(struct listing *d, const char *text)
{
	struct ldm_content c = content_from(text);
	int r = listing_feed(d, &c);

	content_free(&c);
	return r;
}

static void check_refused(struct listing *d, const char *words)
{
	assert_non_null(strstr(d->error, words));
	assert_true(d->error);
	listing_free(d);
}

static void test_doubles_are_refused(void **state)
{
	struct listing *d;

	(void)state;
	assert_int_equal(listing_new(LISTING_DOMAIN, NULL, &d), 0);
	assert_int_equal(feed(d, "a | cpu units=1"), 0);
	assert_int_equal(feed(d, "b | cpu units=1"), 0);
	assert_int_equal(feed(d, "a | cpu units=1"), 0);
	assert_int_equal(listing_finish(d), -EBADMSG);
	check_refused(d, "\"a\"");

	assert_int_equal(listing_new(LISTING_DOMAIN, NULL, &d), 0);
	assert_int_equal(feed(d, "a | ldom_info uuid=" UUID_A), 0);
	assert_int_equal(feed(d, "c | ldom_info state=active"), 0);
	assert_int_equal(feed(d, "d | ldom_info state=active"), 0);
	assert_int_equal(feed(d, "b | ldom_info uuid=0F6F8E1C-19F4-6A0B-B1D2-3C33A7C51A07"), 0);
	assert_int_equal(listing_finish(d), -EBADMSG);
	check_refused(d, UUID_A);
}

static void test_limits(void **state)
{
	const struct listing_limits limits = {.domains = 2, .rows = 3};
	char name[300];
	struct listing *d;

	(void)state;
	assert_int_equal(listing_new(LISTING_DOMAIN, &limits, &d), 0);
	assert_int_equal(feed(d, "a | cpu units=1"), 0);
	assert_int_equal(feed(d, "b | cpu units=1"), 0);
	assert_int_equal(feed(d, "c | cpu units=1"), -EBADMSG);
	check_refused(d, "more than 2 domains");

	assert_int_equal(listing_new(LISTING_BINDINGS, &limits, &d), 0);
	assert_int_equal(feed(d, "a | var name=a | var name=b"), 0);
	assert_int_equal(feed(d, "b | var name=a | var name=b"), -EBADMSG);
	check_refused(d, "more than 3");

	assert_int_equal(listing_new(LISTING_DEVICES, &limits, &d), 0);
	assert_int_equal(feed(d, "- | cpu | + cpu pid=1 | + cpu pid=2 | + cpu pid=3"), -EBADMSG);
	check_refused(d, "more than 3");

	memset(name, 'n', 257);
	name[257] = '\0';
	assert_int_equal(listing_new(LISTING_DOMAIN, &limits, &d), 0);
	assert_int_equal(feed(d, name), -EBADMSG);
	check_refused(d, "257");
	name[256] = '\0';
	assert_int_equal(listing_new(LISTING_DOMAIN, &limits, &d), 0);
	assert_int_equal(feed(d, name), 0);
	listing_free(d);
}

static void test_devices_in_all_shapes(void **state)
{
	static const char *const forms[] = {
		"- | cpu units=4 | memory units=8G | physio_device name=pci@7c0 | mau units=2",
		"- | cpu units=4 | + cpu pid=0 cid=0 | + cpu pid=1 cid=0 | + cpu pid=8 cid=1"
		" | + cpu pid=9 cid=1 | memory units=8G | + memory pa=0x0 size=4294967296"
		" | + memory pa=0x200000000 size=4294967296 | physio_device name=pci@7c0"
		" | mau units=2 | + mau id=0 | + mau id=1",
		"- | cpu units=6 | + cpu pid=0 cid=0 free=1 | + cpu pid=1 cid=0 free=100"
		" | + cpu pid=8 cid=1 free=1 | + cpu pid=9 cid=1 free=1 | + cpu pid=16 cid=2 free=0"
		" | + cpu pid=17 cid=2 free=no | memory units=16G | + memory size=8G free=1"
		" | + memory size=8G free=0 | physio_device name=pci@7c0 free=yes"
		" | physio_device name=pci@780 free=0 | mau units=3 | + mau id=0 free=1"
		" | + mau id=1 free=1 | + mau id=2 free=0",
		"- | cpu pid=0 cid=0 | cpu pid=1 cid=0 | cpu pid=8 cid=1 | cpu pid=9 cid=1"
		" | memory size=8G | physio_device name=pci@7c0 | physio_device name=/SYS/MB/NET0"
		" | mau id=0 | mau id=1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct listing *listing = LISTING(LISTING_DEVICES, forms[i]);
		const struct free_devices *f = &listing->free;

		assert_int_equal(f->vcpus, 4);
		assert_int_equal(f->memory_bytes, 8ull << 30);
		assert_int_equal(f->buses, 1);
		assert_int_equal(f->crypto, 2);
		assert_int_equal(f->n_core_ids, i == 0 ? 0 : 2);
		listing_free(listing);
	}
}

static struct domain *merged(enum listing_kind kind, const char *text, struct domain *old)
{
	struct listing *listing = LISTING(kind, text);
	struct domain *d = listing->domains[0];

	domain_ref(d);
	listing_free(listing);
	assert_int_equal(merge_domain(d, old, kind, 77), 0);
	domain_unref(old);
	return d;
}

/* A list that never shows a thing says nothing about it; one that showed it and stops does. */
static void test_merge(void **state)
{
	struct domain *d = merged(LISTING_DOMAIN,
		"a | ldom_info uuid=" UUID_A " state=active flags=-n---- uptime=9s | cpu units=4"
		" | memory units=2G",
		NULL);

	(void)state;
	assert_int_equal(d->roles, DOMAIN_GUEST);
	d = merged(LISTING_BINDINGS,
		"a | ldom_info state=active flags=-n---- master=b failure-policy=stop"
		" | cpu units=4 wcore=1 | memory units=2G | mau units=2 | physio_device name=pci@1"
		" | console port=5003",
		d);
	assert_int_equal(d->num_crypto, 2);
	assert_int_equal(d->uptime_s, 9);
	assert_string_equal(d->uuid, UUID_A);
	assert_int_equal(d->roles, DOMAIN_GUEST | DOMAIN_IO | DOMAIN_ROOT);

	d = merged(LISTING_DOMAIN,
		"a | ldom_info state=active flags=-n---- uptime=14s | cpu units=4"
		" | memory units=2G | mau units=2",
		d);
	assert_string_equal(d->master, "b");
	assert_int_equal(d->whole_core, 1);
	assert_int_equal(d->num_iobus, 1);
	assert_int_equal(d->console_port, 5003);
	assert_int_equal(d->roles, DOMAIN_GUEST | DOMAIN_IO | DOMAIN_ROOT);
	assert_non_null(d->detail);

	d = merged(LISTING_DOMAIN,
		"a | ldom_info state=bound flags=------ | cpu units=4 | memory units=2G", d);
	assert_int_equal(d->num_crypto, 0);
	assert_int_equal(d->uptime_s, 0);
	assert_string_equal(d->uuid, UUID_A);

	d = merged(LISTING_BINDINGS,
		"a | ldom_info state=bound flags=------ | cpu units=4 | memory units=2G", d);
	assert_null(d->master);
	assert_int_equal(d->num_iobus, 0);
	assert_int_equal(d->roles, DOMAIN_GUEST);
	domain_unref(d);
}

static void test_last_change(void **state)
{
	static const char text[] = "a | ldom_info state=active flags=-n---- utilization=%d%%"
				   " uptime=%ds | cpu units=%d | memory units=2G";
	struct domain *d = NULL;
	char *line;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(asprintf(&line, text, i, i, i < 2 ? 4 : 5) > 0);
		d = merged(LISTING_DOMAIN, line, d);
		free(line);
		assert_int_equal(d->last_change_ms, i == 1 ? 1 : 77);
		d->last_change_ms = 1;
	}
	domain_unref(d);
}

static void test_flags_give_roles(void **state)
{
	struct domain *d;

	(void)state;
	d = merged(LISTING_DOMAIN, "primary | ldom_info flags=-ndcv- | cpu units=1", NULL);
	assert_int_equal(d->roles, DOMAIN_CONTROL | DOMAIN_SERVICE);
	assert_true(d->pending);
	domain_unref(d);
	d = merged(LISTING_DOMAIN, "primary | cpu units=1", NULL);
	assert_int_equal(d->roles, DOMAIN_CONTROL);
	domain_unref(d);
	d = merged(LISTING_DOMAIN, "g | ldom_info flags=-nr--e | cpu units=1", NULL);
	assert_int_equal(d->roles, DOMAIN_GUEST);
	assert_true(d->memory_dr);
	assert_int_equal(d->migration, MIGRATION_ERROR);
	domain_unref(d);
}

static void check_pool(struct pool p, uint64_t total, uint64_t free_now)
{
	assert_int_equal(p.total, total);
	assert_int_equal(p.free, free_now);
}

static void learn(struct snapshot *s, const char *devices, const struct bound_devices *b)
{
	struct listing *free_listing = LISTING(LISTING_DEVICES, devices);

	pools_learn(&s->pools, &s->doubted_pools, &free_listing->free, b);
	listing_free(free_listing);
}

static void test_pools(void **state)
{
	struct listing *listing = LISTING(LISTING_BINDINGS,
		"primary | ldom_info state=active | cpu units=2 | + cpu vid=0 pid=0 cid=0"
		" | + cpu vid=1 pid=1 cid=0 | memory units=4G | physio_device name=pci@1",
		"g | ldom_info state=bound | cpu units=3 | + cpu vid=0 pid=2 cid=0"
		" | + cpu vid=1 pid=8 cid=1 | + cpu vid=2 pid=9 cid=1 | memory units=2G | mau "
		"units=1",
		"i | ldom_info state=inactive | cpu units=100 | memory units=100G");
	const struct domain *const *rows = (const struct domain *const *)listing->domains;
	struct bound_devices bound;
	struct snapshot s = {0};

	(void)state;
	assert_int_equal(pools_bound(rows, 3, &bound), 0);
	learn(&s,
		"- | cpu units=3 | + cpu pid=3 cid=0 | + cpu pid=16 cid=2 | + cpu pid=17 cid=2"
		" | memory units=10G | physio_device name=pci@2 | mau units=0",
		&bound);
	check_pool(s.pools.vcpus, 8, 3);
	check_pool(s.pools.cores, 3, 1);
	check_pool(s.pools.memory_bytes, 16ull << 30, 10ull << 30);
	check_pool(s.pools.crypto, 1, 0);
	check_pool(s.pools.buses, 2, 1);

	/* Without a word from list-devices, what is bound comes off the total. */
	pools_bound_clear(&bound);
	assert_int_equal(pools_bound(rows, 1, &bound), 0);
	pools_update(&s.pools, &bound);
	check_pool(s.pools.vcpus, 8, 6);
	check_pool(s.pools.cores, 3, 2);

	/* A total that moves is believed the second time. */
	learn(&s, "- | cpu units=7 | memory units=12G | physio_device name=pci@2 | mau units=1",
		&bound);
	assert_true(s.doubted_pools.known);
	check_pool(s.pools.vcpus, 8, 6);
	learn(&s, "- | cpu units=7 | memory units=12G | physio_device name=pci@2 | mau units=1",
		&bound);
	assert_false(s.doubted_pools.known);
	check_pool(s.pools.vcpus, 9, 7);
	pools_bound_clear(&bound);
	listing_free(listing);
}

/* --- docs/ldm-xml.md ----------------------------------------------------------------------- */

/* The line of the table of resources that begins with this one; to be freed. */
static char *documented(const char *resource)
{
	char *text, *start, *line;

	assert_int_equal(file_read(TOP_SRCDIR "/docs/ldm-xml.md", 1 << 20, &text, NULL), 0);
	assert_true(asprintf(&start, "\n| `%s` | ", resource) > 0);
	line = strstr(text, start);
	if (!line)
		fail_msg("%s is not documented", resource);
	line = strdup(line + strlen(start));
	line[strcspn(line, "\n")] = '\0';
	free(start);
	free(text);
	return line;
}

static bool mentions(const char *line, const char *key)
{
	char *quoted;
	bool found;

	assert_true(asprintf(&quoted, "`%s`", key) > 0);
	found = strstr(line, quoted) != NULL;
	free(quoted);
	return found;
}

/* Whether the field is looked for in resources of this type. */
static bool is_of(const struct field *f, const char *resource)
{
	bool found = !f->in;

	for (size_t i = 0; f->in && f->in[i]; i++)
		found |= strcmp(f->in[i], resource) == 0;
	return found;
}

static void check_documented(const char *resource, const struct field *fields)
{
	char *line = documented(resource);

	for (const struct field *f = fields; f->kind != FIELD_END; f++) {
		if (!is_of(f, resource))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(f->keys) && f->keys[i]; i++)
			if (!mentions(line, f->keys[i]))
				fail_msg("%s of %s is not documented", f->keys[i], resource);
		if (f->source == FROM_UNITS)
			assert_true(mentions(line, "AllocationUnits"));
		if (f->source == FROM_ADDRESS)
			assert_true(mentions(line, "Address"));
	}
	free(line);
}

static bool has_key(const struct field *fields, const char *resource, const char *key)
{
	for (const struct field *f = fields; f->kind != FIELD_END; f++)
		for (size_t i = 0; is_of(f, resource) && i < 4 && f->keys[i]; i++)
			if (strcmp(f->keys[i], key) == 0)
				return true;
	return false;
}

static bool is_type(const struct row_type *t, const char *resource)
{
	return t->resource && strcmp(t->resource, resource) == 0;
}

static bool is_read(const char *resource, const char *key)
{
	/* By other means than the tables. */
	static const char *const others[] = {
		"AllocationUnits", "Address", "progress", "status", "source"};
	bool found = has_key(domain_fields, resource, key);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		found |= strcmp(others[i], key) == 0;
	for (const struct row_type *t = row_types; t < row_types + _LIST_MAX; t++)
		found |= is_type(t, resource) && has_key(t->fields, resource, key);
	return found;
}

static void check_read(const char *resource)
{
	char *line = documented(resource), *rest = line, *key;

	while (strsep(&rest, "`") && (key = strsep(&rest, "`")))
		if (!is_read(resource, key))
			fail_msg("%s of %s is documented and not read", key, resource);
	free(line);
}

/* What is read is documented, and what is documented is read. */
static void test_documented_keys(void **state)
{
	static const char *const of_domains[] = {
		"ldom_info", "cpu", "memory", "mau", "crypto", "console"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(of_domains); i++) {
		check_documented(of_domains[i], domain_fields);
		check_read(of_domains[i]);
	}
	for (const struct row_type *t = row_types; t < row_types + _LIST_MAX; t++) {
		if (!t->resource)
			continue;
		check_documented(t->resource, t->fields);
		check_read(t->resource);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_identifiers),
		cmocka_unit_test(test_list_domain),
		cmocka_unit_test(test_nonsense_is_as_if_missing),
		cmocka_unit_test(test_bindings),
		cmocka_unit_test(test_long_variable_is_cut_between_characters),
		cmocka_unit_test(test_services_flat_and_nested),
		cmocka_unit_test(test_doubles_are_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_devices_in_all_shapes),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_last_change),
		cmocka_unit_test(test_flags_give_roles),
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_documented_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
