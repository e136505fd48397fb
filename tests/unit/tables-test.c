/*
 * The tables of devices and services, cell by cell, over a host made by hand; and that the
 * descriptors are what the MIB says.
 */
#include <ctype.h>
#include <stdio.h>

#include "synthetic.h"
#include "tables/lookup.h"
#include "tables/tables.h"
#include "util/file.h"

static struct ldm_status status = {.link = LINK_UP};
static struct agent_facts facts = {.version = "0"};
static struct view view = {.status = &status, .facts = &facts, .now_ms = 5000};

/* --- the host ------------------------------------------------------------------------------- */

static const struct domain *make_primary(void)
{
	struct making m = making_begin(1, "primary", DOMAIN_ACTIVE);

	ADD_ROW(m.services, vds, .index = 4, .name = text("primary-vds0"));
	ADD_ROW(m.services, volumes, .index = 2, .name = text("root"),
		.service = text("primary-vds0"), .device = text("/dev/zvol/dsk/rpool/root"),
		.options = text("ro,slice"), .mpgroup = text("mp1"));
	ADD_ROW(m.services, volumes, .index = 3, .name = text("data"),
		.service = text("primary-vds0"));
	ADD_ROW(m.services, volumes, .index = 7, .name = text("lost"), .service = text("gone-vds"));
	ADD_ROW(m.services, vsw, .index = 6, .name = text("primary-vsw0"),
		.mac = text("00:14:4f:f9:00:01"), .device = text("net0"), .mode = text("sc"),
		.linkprop = text("phys-state"), .vid = text("20,21"), .inter_vnet_link = text("on"),
		.default_vlan_id = 1, .pvid = 2, .mtu = 1500, .id = 9);
	ADD_ROW(m.services, vcc, .index = 8, .name = text("primary-vcc0"), .min_port = 5000,
		.max_port = 5100);
	return making_end(&m);
}

static void add_resources(struct making *m)
{
	ADD_ROW(m->detail, vcpus, .index = 1, .vid = 0, .pid = 9, .cid = 1, .strand_permille = 1000,
		.util_permille = 125, .norm_util_permille = 60, .util_known = true);
	ADD_ROW(m->detail, vcpus, .index = 2, .vid = 1, .pid = 17, .cid = 2, .parked = true);
	ADD_ROW(m->detail, vcpus, .index = 6, .vid = 5, .pid = 8, .cid = 1, .util_permille = 124,
		.util_known = true);
	ADD_ROW(m->detail, memory, .index = 129, .real_address = 0x8000000,
		.physical_address = 0x84000000, .size = UINT64_C(1) << 30);
	ADD_ROW(m->detail, memory, .index = 5000, .real_address = UINT64_MAX,
		.physical_address = UINT64_C(1) << 40, .size = (UINT64_C(256) << 20) + 5);
	ADD_ROW(m->detail, crypto, .index = 2, .id = 1, .cpuset = text("8,9"));
	ADD_ROW(m->detail, iobuses, .index = 1, .name = text("pci_0"), .path = text("pci@400"),
		.options = text("iov"), .type = text("BUS"), .is_bus = true);
}

static void add_devices(struct making *m)
{
	ADD_ROW(m->detail, disks, .index = 1, .name = text("vdisk0"),
		.service = text("primary-vds0"), .volume = text("root"), .timeout = 60, .id = 3);
	ADD_ROW(m->detail, disks, .index = 2, .name = text("vdisk1"),
		.service = text("primary-vds0"), .volume = text("none"), .mpgroup = text("mp1"));
	ADD_ROW(m->detail, disks, .index = 3, .name = text("vdisk2"));
	ADD_ROW(m->detail, networks, .index = 1, .name = text("vnet0"),
		.service = text("primary-vsw0"), .mac = text("00:14:4f:f8:11:23"),
		.mode = text("hybrid"), .linkprop = text("phys-state"), .device = text("network@0"),
		.vid = text("20"), .pvid = 3, .mtu = 9000, .id = 4);
	ADD_ROW(m->detail, consoles, .index = 1, .service = text("primary-vcc0"),
		.group = text("ldg1"), .type = text("vcons"), .port = 5001, .log = true);
}

static void add_settings(struct making *m)
{
	ADD_ROW(m->detail, variables, .index = 1, .name = text("auto-boot?"),
		.value = text("false"));
	ADD_ROW(m->detail, variables, .index = 2, .name = text("nvramrc"),
		.value = text("devalias"), .truncated = true);
	ADD_ROW(m->detail, variables, .index = 3, .name = text("security-password"),
		.secret = true);
	ADD_ROW(m->detail, policies, .index = 1, .name = text("day"), .tod_begin = text("08:00:00"),
		.tod_end = text("18:00:00"), .enabled = true, .priority = 1, .vcpu_min = 2,
		.vcpu_max = 16, .util_lower = 25, .util_upper = 75, .sample_rate = 10,
		.elastic_margin = 5, .attack = 3, .decay = 4);
	ADD_ROW(m->detail, policies, .index = 2, .name = text("night"));
}

static const struct domain *make_guest(void)
{
	struct making m = making_begin(2, "ldg1", DOMAIN_ACTIVE);

	add_resources(&m);
	add_devices(&m);
	add_settings(&m);
	return making_end(&m);
}

/* What it names are wishes. */
static const struct domain *make_inactive(void)
{
	struct making m = making_begin(5, "ldg2", DOMAIN_INACTIVE);

	ADD_ROW(m.detail, disks, .index = 1, .name = text("vdisk0"),
		.service = text("primary-vds0"), .volume = text("data"));
	ADD_ROW(m.detail, networks, .index = 1, .name = text("vnet0"),
		.service = text("primary-vsw0"));
	ADD_ROW(m.detail, consoles, .index = 1, .service = text("primary-vcc0"));
	return making_end(&m);
}

static const struct domain *make_unread(void)
{
	struct domain *d;

	assert_int_equal(domain_new("ldg3", &d), 0);
	d->index = 9;
	return d;
}

static int setup(void **state)
{
	const struct domain *domains[] = {
		make_unread(), make_inactive(), make_guest(), make_primary()};
	struct host *host;

	(void)state;
	assert_int_equal(host_new(&host), 0);
	ADD_ROW(host, spconfigs, .index = 1, .name = text("factory-default"));
	ADD_ROW(host, spconfigs, .index = 3, .name = text("spring"), .status = text("current"));
	view.snapshot = snapshot_of(domains, 4, host, (struct host_pools){0});
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	snapshot_unref(view.snapshot);
	view.snapshot = NULL;
	return 0;
}

/* --- asking --------------------------------------------------------------------------------- */

static const struct column *column_of(const char *name, const struct table **ret_table)
{
	for (size_t i = 0; i < ldoms_mib.n_tables; i++)
		for (size_t j = 0; j < ldoms_mib.tables[i]->n_columns; j++)
			if (strcmp(ldoms_mib.tables[i]->columns[j].name, name) == 0) {
				*ret_table = ldoms_mib.tables[i];
				return &ldoms_mib.tables[i]->columns[j];
			}
	fail_msg("there is no object %s", name);
	return NULL;
}

static size_t name_of(const char *object, const char *index, uint32_t *name)
{
	const struct table *t = NULL;
	const struct column *c = column_of(object, &t);
	size_t n = t->arc_len;

	memcpy(name, t->arc, n * sizeof(name[0]));
	name[n++] = c->id;
	for (char *end; *index; index = *end ? end + 1 : end)
		name[n++] = (uint32_t)strtoul(index, &end, 10);
	return n;
}

static struct value get(const char *object, const char *index)
{
	uint32_t name[NAME_ARCS_MAX];
	size_t length = name_of(object, index, name);
	struct lookup l;
	struct value v;

	if (lookup_get(&view, &ldoms_mib, name, length, &l) != LOOKUP_OK)
		fail_msg("there is no %s.%s", object, index);
	cell_value(&l.cell, &v);
	assert_int_equal(v.type, l.cell.column->type);
	return v;
}

static void expect(const char *object, const char *index, uint32_t number)
{
	const struct value v = get(object, index);
	uint32_t got = v.type == VALUE_INTEGER ? (uint32_t)v.integer : v.number;

	if (v.type == VALUE_OCTETS || got != number)
		fail_msg("%s.%s is %u, not %u", object, index, got, number);
}

static void expect_text(const char *object, const char *index, const char *wanted)
{
	const struct value v = get(object, index);

	assert_int_equal(v.type, VALUE_OCTETS);
	if (v.octets.length != strlen(wanted) ||
		memcmp(value_octets(&v), wanted, v.octets.length) != 0)
		fail_msg("%s.%s is \"%.*s\", not \"%s\"", object, index, (int)v.octets.length,
			(const char *)value_octets(&v), wanted);
}

static void expect_none(const char *object, const char *index)
{
	uint32_t name[NAME_ARCS_MAX];
	size_t length = name_of(object, index, name);
	struct lookup l;

	assert_int_equal(lookup_get(&view, &ldoms_mib, name, length, &l), LOOKUP_NO_INSTANCE);
}

static size_t count(const char *object)
{
	uint32_t name[NAME_ARCS_MAX];
	size_t length = name_of(object, "", name), n = 0;
	struct cell cell;

	while (lookup_next(&view, &ldoms_mib, name, length, false, &cell) &&
		strcmp(cell.column->name, object) == 0) {
		length = cell_name(&cell, name);
		n++;
	}
	return n;
}

/* --- cells ---------------------------------------------------------------------------------- */

static void test_cpus(void **state)
{
	(void)state;
	assert_int_equal(count("ldomVcpuDeviceID"), 3);
	expect("ldomVcpuLdomIndex", "2.6", 2);
	expect("ldomVcpuDeviceID", "2.6", 5);
	expect("ldomVcpuOperationalStatus", "2.1", 3);
	expect("ldomVcpuOperationalStatus", "2.2", 19);
	expect("ldomVcpuPhysBind", "2.2", 17);
	expect("ldomVcpuPhysBindUsage", "2.1", 1000);
	expect("ldomVcpuCoreID", "2.2", 2);
	expect("ldomVcpuUtilPercent", "2.1", 13);
	expect("ldomVcpuUtilPercent", "2.6", 12);
	expect("ldomVcpuUtilization", "2.1", 125);
	expect("ldomVcpuNormUtilization", "2.1", 60);
	expect_none("ldomVcpuDeviceID", "2.3");
	assert_int_equal(count("ldomCoreID"), 2);
	expect("ldomCoreLdomIndex", "2.2", 2);
	expect("ldomCoreID", "2.2", 1);
	expect_text("ldomCoreCpuSet", "2.2", "8,9");
	expect_text("ldomCoreCpuSet", "2.3", "17");
	expect("ldomCoreNumVCPU", "2.2", 2);
}

static void test_memory(void **state)
{
	(void)state;
	assert_int_equal(count("ldomVmemNumofBlocks"), 3);
	expect("ldomVmemLdomIndex", "2.1", 2);
	expect("ldomVmemNumofBlocks", "2.1", 2);
	expect("ldomVmemBoundSize", "2.1", 1280);
	expect("ldomVmemNumofBlocks", "5.1", 0);
	expect_none("ldomVmemNumofBlocks", "9.1");
	assert_int_equal(count("ldomVmemPhysBind"), 2);
	expect("ldomVmemPhysBindLdomIndex", "2.129", 2);
	expect_text("ldomVmemPhysBind", "2.129", "0x84000000");
	expect_text("ldomVmemPhysBindRealAddress", "2.129", "0x8000000");
	expect("ldomVmemPhysBindSize", "2.129", 1024);
	expect("ldomVmemPhysBindSize", "2.5000", 256);
	expect_text("ldomVmemPhysBind", "2.5000", "0x10000000000");
	expect_text("ldomVmemPhysBindRealAddress", "2.5000", "0xffffffffffffffff");
}

static void test_hardware(void **state)
{
	(void)state;
	expect("ldomCryptoLdomIndex", "2.2", 2);
	expect_text("ldomCryptoCpuSet", "2.2", "8,9");
	expect("ldomCryptoID", "2.2", 1);
	expect("ldomIOBusLdomIndex", "2.1", 2);
	expect_text("ldomIOBusName", "2.1", "pci_0");
	expect_text("ldomIOBusPath", "2.1", "pci@400");
	expect_text("ldomIOBusOptions", "2.1", "iov");
	expect_text("ldomIOBusType", "2.1", "BUS");
	expect("ldomIOBusIsBus", "2.1", 1);
}

static void test_disks(void **state)
{
	(void)state;
	expect("ldomVdsLdomIndex", "1.4", 1);
	expect_text("ldomVdsServiceName", "1.4", "primary-vds0");
	expect("ldomVdsNumofAvailVolume", "1.4", 2);
	expect("ldomVdsNumofUsedVolume", "1.4", 1);
	assert_int_equal(count("ldomVdsdevVolumeName"), 3);
	expect("ldomVdsdevVdsIndex", "1.2", 4);
	expect("ldomVdsdevVdsIndex", "1.7", 0);
	expect_text("ldomVdsdevVolumeName", "1.2", "root");
	expect_text("ldomVdsdevDevPath", "1.2", "/dev/zvol/dsk/rpool/root");
	expect_text("ldomVdsdevOptions", "1.2", "ro,slice");
	expect_text("ldomVdsdevMPGroup", "1.2", "mp1");
	expect("ldomVdsdevLdomIndex", "1.2", 1);
	expect("ldomVdsdevClients", "1.2", 1);
	expect("ldomVdsdevClients", "1.3", 0);
	assert_int_equal(count("ldomVdiskName"), 4);
	expect("ldomVdiskLdomIndex", "2.1", 2);
	expect("ldomVdiskVdsDevIndex", "2.1", 2);
	expect("ldomVdiskVdsDevIndex", "2.2", 0);
	expect("ldomVdiskVdsDevIndex", "2.3", 0);
	expect("ldomVdiskVdsDevIndex", "5.1", 3);
	expect_text("ldomVdiskName", "2.1", "vdisk0");
	expect("ldomVdiskTimeout", "2.1", 60);
	expect("ldomVdiskID", "2.1", 3);
	expect("ldomVdiskVdsLdomIndex", "2.2", 1);
	expect("ldomVdiskVdsIndex", "2.2", 4);
	expect("ldomVdiskVdsIndex", "2.3", 0);
	expect_text("ldomVdiskServiceName", "2.1", "primary-vds0");
	expect_text("ldomVdiskVolumeName", "2.2", "none");
	expect_text("ldomVdiskMPGroup", "2.2", "mp1");
	expect_text("ldomVdiskMPGroup", "2.1", "");
}

static void test_networks(void **state)
{
	(void)state;
	expect("ldomVswLdomIndex", "1.6", 1);
	expect_text("ldomVswServiceName", "1.6", "primary-vsw0");
	expect_text("ldomVswMacAddress", "1.6", "00:14:4f:f9:00:01");
	expect_text("ldomVswPhysDevPath", "1.6", "net0");
	expect_text("ldomVswMode", "1.6", "sc");
	expect("ldomVswDefaultVlanID", "1.6", 1);
	expect("ldomVswPortVlanID", "1.6", 2);
	expect_text("ldomVswVlanID", "1.6", "20,21");
	expect_text("ldomVswLinkprop", "1.6", "phys-state");
	expect("ldomVswMtu", "1.6", 1500);
	expect("ldomVswID", "1.6", 9);
	expect_text("ldomVswInterVnetLink", "1.6", "on");
	expect("ldomVswClients", "1.6", 1);
	expect("ldomVnetLdomIndex", "2.1", 2);
	expect("ldomVnetVswIndex", "2.1", 6);
	expect_text("ldomVnetDevName", "2.1", "vnet0");
	expect_text("ldomVnetDevMacAddress", "2.1", "00:14:4f:f8:11:23");
	expect_text("ldomVnetMode", "2.1", "hybrid");
	expect("ldomVnetPortVlanID", "2.1", 3);
	expect_text("ldomVnetVlanID", "2.1", "20");
	expect_text("ldomVnetLinkprop", "2.1", "phys-state");
	expect("ldomVnetMtu", "2.1", 9000);
	expect("ldomVnetID", "2.1", 4);
	expect("ldomVnetVswLdomIndex", "2.1", 1);
	expect_text("ldomVnetServiceName", "2.1", "primary-vsw0");
	expect_text("ldomVnetDevPath", "2.1", "network@0");
}

static void test_consoles(void **state)
{
	(void)state;
	expect("ldomVccLdomIndex", "1.8", 1);
	expect_text("ldomVccName", "1.8", "primary-vcc0");
	expect("ldomVccPortRangeLow", "1.8", 5000);
	expect("ldomVccPortRangeHigh", "1.8", 5100);
	expect("ldomVccClients", "1.8", 1);
	assert_int_equal(count("ldomVconsPortNumber"), 2);
	expect_text("ldomVconsGroupName", "2.1", "ldg1");
	expect("ldomVconsLog", "2.1", 1);
	expect("ldomVconsLog", "5.1", 2);
	expect("ldomVconsPortNumber", "2.1", 5001);
	expect("ldomVconsLdomIndex", "2.1", 2);
	expect("ldomVconsVccLdomIndex", "2.1", 1);
	expect("ldomVconsVccIndex", "2.1", 8);
	expect_text("ldomVconsServiceName", "2.1", "primary-vcc0");
	expect_text("ldomVconsType", "2.1", "vcons");
	assert_int_equal(count("ldomVconsVccRelVconsIndex"), 2);
	expect("ldomVconsVccRelVccIndex", "1.8.2", 8);
	expect("ldomVconsVccRelVconsIndex", "1.8.2", 1);
	expect("ldomVconsVccRelLdomPortNumber", "1.8.2", 5001);
	expect("ldomVconsVccRelLdomPortNumber", "1.8.5", 0);
	expect("ldomVconsVccRelVccLdomIndex", "1.8.2", 1);
}

static void test_settings(void **state)
{
	(void)state;
	expect("ldomEnvVarsLdomIndex", "2.1", 2);
	expect_text("ldomEnvVarsName", "2.1", "auto-boot?");
	expect_text("ldomEnvVarsValue", "2.1", "false");
	expect("ldomEnvVarsFlag", "2.1", 1);
	expect("ldomEnvVarsFlag", "2.2", 2);
	expect_text("ldomEnvVarsName", "2.3", "security-password");
	expect_text("ldomEnvVarsValue", "2.3", "");
	expect("ldomEnvVarsFlag", "2.3", 3);
	expect("ldomPolicyLdomIndex", "2.1", 2);
	expect_text("ldomPolicyName", "2.1", "day");
	expect("ldomPolicyStatus", "2.1", 1);
	expect("ldomPolicyStatus", "2.2", 2);
	expect("ldomPolicyPriority", "2.1", 1);
	expect("ldomPolicyVcpuMin", "2.1", 2);
	expect("ldomPolicyVcpuMax", "2.1", 16);
	expect("ldomPolicyUtilLower", "2.1", 25);
	expect("ldomPolicyUtilUpper", "2.1", 75);
	expect_text("ldomPolicyTodBegin", "2.1", "08:00:00");
	expect_text("ldomPolicyTodEnd", "2.1", "18:00:00");
	expect("ldomPolicySampleRate", "2.1", 10);
	expect("ldomPolicyElasticMargin", "2.1", 5);
	expect("ldomPolicyAttack", "2.1", 3);
	expect("ldomPolicyDecay", "2.1", 4);
	assert_int_equal(count("ldomSPConfigName"), 2);
	expect_text("ldomSPConfigName", "1", "factory-default");
	expect_text("ldomSPConfigStatus", "1", "");
	expect_text("ldomSPConfigStatus", "3", "current");
}

static void test_nothing_when_stale(void **state)
{
	static const uint32_t domains[] = {1, 2};
	struct view stale = view;
	struct cell cell;

	(void)state;
	stale.snapshot = NULL;
	assert_false(lookup_next(&stale, &ldoms_mib, domains, 2, false, &cell));
}

/* The other thread's clock may be ahead by a moment: that is now, not long ago. */
static void test_times(void **state)
{
	struct view v = {.now_ms = 5000};

	(void)state;
	assert_int_equal(view_timestamp_ms(&v, 4000), 4000);
	assert_int_equal(view_timestamp_ms(&v, 5000), 5000);
	assert_int_equal(view_timestamp_ms(&v, 5001), 5000);
	assert_int_equal(view_timestamp_ms(&v, 0), 0);
	v.uptime_zero_ms = 4500;
	assert_int_equal(view_timestamp_ms(&v, 4000), 0);
	assert_int_equal(view_timestamp_ms(&v, 4600), 100);
	assert_int_equal(view_timestamp_ms(&v, 5001), 500);
	/* Zero lies before the beginning of our clock. */
	v.uptime_zero_ms = (uint64_t)-1000;
	assert_int_equal(view_timestamp_ms(&v, 4000), 5000);
	assert_int_equal(view_timestamp_ms(&v, 5001), 6000);
}

/* --- the MIB -------------------------------------------------------------------------------- */

/* The word after `key` within the definition; its own copy. */
static char *word_after(const char *definition, const char *end, const char *key)
{
	const char *at = strstr(definition, key);

	if (!at || at >= end)
		return NULL;
	at += strlen(key);
	while (isspace((unsigned char)*at))
		at++;
	return strndup(at, strcspn(at, " \n{(,"));
}

static bool fits(enum value_type type, const char *syntax)
{
	static const char *const words[_VALUE_TYPE_MAX] = {
		[VALUE_INTEGER] = "INTEGER Integer32 TruthValue RowStatus LdomState LdomMemoryUnit "
				  "LdomOutcome ",
		[VALUE_UNSIGNED] = "Unsigned32 Gauge32 ",
		[VALUE_COUNTER] = "Counter32 ",
		[VALUE_TIME_TICKS] = "TimeTicks TimeStamp ",
		[VALUE_OCTETS] = "SnmpAdminString LdomDomainName LdomNameList LdomLongText BITS "
				 "DateAndTime ",
	};
	char *word = NULL;

	assert_true(asprintf(&word, "%s ", syntax) > 0);
	bool found = strstr(words[type], word) != NULL;
	free(word);
	return found;
}

static void check_object(const char *mib, const struct column *c)
{
	static const char *const accesses[] = {
		[ACCESS_NONE] = "not-accessible",
		[ACCESS_NOTIFY] = "accessible-for-notify",
		[ACCESS_ABSENT] = "read-only",
		[ACCESS_READ] = "read-only",
		[ACCESS_WRITE] = "read-write",
		[ACCESS_CREATE] = "read-create",
	};
	char *head = NULL, *number = NULL;

	assert_true(asprintf(&head, "\n%s OBJECT-TYPE\n", c->name) > 0);
	const char *definition = strstr(mib, head);
	if (!definition)
		fail_msg("the MIB has no %s", c->name);
	const char *end = strstr(definition, "::= {");
	char *syntax = word_after(definition, end, "SYNTAX");
	char *access = word_after(definition, end, "MAX-ACCESS");
	if (!fits(c->type, syntax) || strcmp(access, accesses[c->access]) != 0)
		fail_msg("%s is %s, %s in the MIB", c->name, syntax, access);
	assert_true(asprintf(&number, " %u }", c->id) > 0);
	if (strncmp(strchr(end + 6, ' '), number, strlen(number)) != 0)
		fail_msg("%s has another number in the MIB", c->name);
	free(head);
	free(number);
	free(syntax);
	free(access);
}

static size_t count_text(const char *in, const char *what)
{
	size_t n = 0;

	for (; (in = strstr(in, what)) != NULL; in += strlen(what))
		n++;
	return n;
}

/* Objects that notifications carry, tables, and entries have no descriptor. */
static void test_descriptors_are_the_mib(void **state)
{
	char *mib;
	size_t length, columns = 0, entries = 0;

	(void)state;
	assert_int_equal(file_read(TOP_SRCDIR "/mibs/LDOMS-MIB.txt", 1 << 20, &mib, &length), 0);
	for (size_t i = 0; i < ldoms_mib.n_tables; i++) {
		entries += ldoms_mib.tables[i]->arc_len == 3;
		for (size_t j = 0; j < ldoms_mib.tables[i]->n_columns; j++, columns++)
			check_object(mib, &ldoms_mib.tables[i]->columns[j]);
	}
	size_t notify = count_text(mib, "accessible-for-notify\n");
	assert_int_equal(count_text(mib, " OBJECT-TYPE\n"), columns + 2 * entries + notify + 2);
	free(mib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_hardware),
		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_consoles),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_nothing_when_stale),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_descriptors_are_the_mib),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
