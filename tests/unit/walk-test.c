/*
 * The order of names over hosts made by chance: what GETNEXT finds by searching is what a list of
 * all names, sorted, has next. Domains without rows, gaps in numbers, services that are not there.
 */
#include <stdio.h>
#include <time.h>

#include "synthetic.h"
#include "tables/lookup.h"
#include "tables/tables.h"
#include "util/cleanup.h"

static struct ldm_status status = {.link = LINK_UP};
static struct agent_facts facts = {.version = "0"};

static uint64_t seed;

static uint32_t chance(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

/* --- hosts ---------------------------------------------------------------------------------- */

static char *numbered(const char *word, uint32_t number)
{
	char *name;

	assert_true(asprintf(&name, "%s%u", word, number) > 0);
	return name;
}

/* How many rows: often none. */
static uint32_t some(void)
{
	return chance(3) == 0 ? chance(6) : 0;
}

#define ADD_SOME(owner, items, ...)                                                                \
	for (uint32_t n = some(), at = 0; n > 0; n--) {                                            \
		at += 1 + chance(3) * chance(1000000);                                             \
		ADD_ROW(owner, items, .index = at, __VA_ARGS__);                                   \
	}

static void add_services(struct making *m)
{
	uint32_t number = m->domain->index;

	ADD_SOME(m->services, vds, .name = numbered("vds", number * 10 + at));
	ADD_SOME(m->services, volumes, .name = numbered("v", at),
		.service = numbered("vds", chance(400)));
	ADD_SOME(m->services, vsw, .name = numbered("vsw", chance(40)));
	ADD_SOME(m->services, vcc, .name = numbered("vcc", chance(12)));
}

static void add_detail(struct making *m)
{
	ADD_SOME(m->detail, vcpus, .vid = at - 1, .cid = chance(4), .pid = at);
	ADD_SOME(m->detail, memory, .size = chance(1000000));
	ADD_SOME(m->detail, crypto, .id = at - 1);
	ADD_SOME(m->detail, iobuses, .name = numbered("pci_", at));
	ADD_SOME(m->detail, disks, .name = numbered("vdisk", at),
		.service = numbered("vds", chance(400)), .volume = numbered("v", chance(4)));
	ADD_SOME(m->detail, networks, .name = numbered("vnet", at),
		.service = numbered("vsw", chance(40)));
	if (chance(2))
		ADD_ROW(m->detail, consoles, .index = 1, .service = numbered("vcc", chance(12)),
			.port = chance(65536));
	ADD_SOME(m->detail, variables, .name = numbered("var", at));
	ADD_SOME(m->detail, policies, .name = numbered("policy", at));
}

/* Of any octets; as long as an index may be, and longer; a row that has no name yet. */
static char *domain_name(uint32_t index)
{
	static const uint32_t lengths[] = {1, 2, 3, 9, 113, 114, 115, 256};
	char *number = numbered(chance(5) ? "" : "?", index), *name;
	uint32_t length = lengths[chance((uint32_t)ARRAY_SIZE(lengths))];

	if (chance(2) || *number == '?')
		return number;
	name = calloc(1, length + strlen(number) + 1);
	assert_non_null(name);
	for (uint32_t i = 0; i < length; i++) {
		name[i] = (char)(1 + chance(chance(2) ? 255 : 2));
		if (name[i] >= '0' && name[i] <= '9')
			name[i] = '~'; /* the number is what no two names have in common */
	}
	memcpy(name + (length < 100 ? length : 0), number, strlen(number));
	free(number);
	if (*name == '?')
		*name = '!';
	return name;
}

static const struct domain *random_domain(uint32_t index)
{
	char *name = domain_name(index);
	struct making m = making_begin(index, name, chance(2) ? DOMAIN_ACTIVE : DOMAIN_INACTIVE);

	free(name);
	add_services(&m);
	add_detail(&m);
	if (chance(8) == 0) {
		detail_unref(m.detail);
		m.domain->detail = NULL;
		return m.domain;
	}
	return making_end(&m);
}

static const struct host *random_host(void)
{
	struct host *h;

	assert_int_equal(host_new(&h), 0);
	ADD_SOME(h, spconfigs, .name = numbered("config", at));
	return h;
}

static const struct snapshot *random_snapshot(void)
{
	const struct domain *domains[40];
	size_t n = chance(4) ? chance(40) : 0;
	uint32_t index = 0;

	for (size_t i = 0; i < n; i++) {
		index += 1 + chance(2) * chance(5);
		domains[i] = random_domain(index);
	}
	struct host_pools pools = {.known = chance(2)};
	return snapshot_of(domains, n, random_host(), pools);
}

/* --- all names, the slow way ---------------------------------------------------------------- */

struct name {
	uint32_t sub[NAME_ARCS_MAX];
	size_t length;
};

struct names {
	struct name *all;
	size_t n, allocated;
};

static int compare_subs(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	for (size_t i = 0; i < n && i < m; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return n < m ? -1 : n > m;
}

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return compare_subs(x->sub, x->length, y->sub, y->length);
}

static void add_row_of(
	struct names *names, const struct table *t, const uint32_t *index, size_t index_length)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		if (t->columns[i].access < ACCESS_READ)
			continue;
		if (names->n == names->allocated) {
			names->allocated = names->allocated ? names->allocated * 2 : 1024;
			names->all =
				reallocarray(names->all, names->allocated, sizeof(struct name));
			assert_non_null(names->all);
		}
		struct name *name = &names->all[names->n++];
		name->length = t->arc_len + 1 + index_length;
		memcpy(name->sub, t->arc, t->arc_len * sizeof(uint32_t));
		name->sub[t->arc_len] = t->columns[i].id;
		memcpy(name->sub + t->arc_len + 1, index, index_length * sizeof(uint32_t));
	}
}

static void add_row(struct names *names, const struct table *t, const uint32_t *index)
{
	add_row_of(names, t, index, t->index_len);
}

static void add_name_row(struct names *names, const struct domain *d)
{
	enum { LONGEST = 114 };
	uint32_t index[LONGEST];
	size_t length = strlen(d->name);

	if (d->name[0] == '?' || length > LONGEST)
		return;
	for (size_t i = 0; i < length; i++)
		index[i] = (unsigned char)d->name[i];
	add_row_of(names, &name_table, index, length);
}

static const struct table *const list_tables[_DOMAIN_LIST_MAX] = {
	[LIST_VCPU] = &vcpu_table,
	[LIST_CORE] = &core_table,
	[LIST_VMEM] = &vmem_table,
	[LIST_MEMORY_BLOCK] = &vmem_phys_bind_table,
	[LIST_CRYPTO] = &crypto_table,
	[LIST_IOBUS] = &iobus_table,
	[LIST_VDS] = &vds_table,
	[LIST_VOLUME] = &vdsdev_table,
	[LIST_VDISK] = &vdisk_table,
	[LIST_VSW] = &vsw_table,
	[LIST_VNET] = &vnet_table,
	[LIST_VCC] = &vcc_table,
	[LIST_CONSOLE] = &vcons_table,
	[LIST_VARIABLE] = &env_vars_table,
	[LIST_POLICY] = &policy_table,
};

static void add_lists(struct names *names, const struct domain *d)
{
	for (int which = 0; which < _DOMAIN_LIST_MAX; which++) {
		const struct row_list list = domain_list(d, (enum domain_list)which);

		for (size_t i = 0; i < list.n; i++) {
			uint32_t index[2] = {d->index};

			memcpy(&index[1], (const char *)list.rows + i * list.size, 4);
			add_row(names, list_tables[which], index);
		}
	}
}

/* The first domain's concentrator of that name. */
static bool find_vcc(const struct snapshot *s, const char *name, uint32_t *index)
{
	for (size_t i = 0; i < s->n_domains; i++)
		for (size_t j = 0; j < s->domains[i]->services->n_vcc; j++)
			if (strcmp(s->domains[i]->services->vcc[j].name, name) == 0) {
				index[0] = s->domains[i]->index;
				index[1] = s->domains[i]->services->vcc[j].index;
				return true;
			}
	return false;
}

static void add_relation(struct names *names, const struct snapshot *s, const struct domain *d)
{
	uint32_t index[3] = {0, 0, d->index};

	if (d->detail && d->detail->n_consoles > 0 &&
		find_vcc(s, d->detail->consoles[0].service, index))
		add_row(names, &vcons_vcc_rel_table, index);
}

static struct names all_names(const struct snapshot *s)
{
	static const uint32_t zero[1];
	struct names names = {0};

	add_row(&names, &manager_group, zero);
	if (s->pools.known)
		add_row(&names, &pool_group, zero);
	for (size_t i = 0; i < s->n_domains; i++) {
		add_row(&names, &domain_table, &s->domains[i]->index);
		add_lists(&names, s->domains[i]);
		add_relation(&names, s, s->domains[i]);
		add_name_row(&names, s->domains[i]);
	}
	for (size_t i = 0; i < s->host->n_spconfigs; i++)
		add_row(&names, &spconfig_table, &s->host->spconfigs[i].index);
	qsort(names.all, names.n, sizeof(names.all[0]), compare_names);
	return names;
}

/* --- comparing ------------------------------------------------------------------------------ */

static void check_get(const struct view *v, const struct name *name)
{
	struct lookup l;
	struct value value;

	assert_int_equal(lookup_get(v, &ldoms_mib, name->sub, name->length, &l), LOOKUP_OK);
	cell_value(&l.cell, &value);
	assert_int_equal(value.type, l.cell.column->type);
	if (value.type == VALUE_OCTETS)
		assert_true(value.octets.length <= l.cell.column->max || !l.cell.column->max);
}

/* From each name to the next, up to the end. */
static void check_walk(const struct view *v, const struct names *names)
{
	uint32_t name[NAME_ARCS_MAX];
	size_t length = 0, i = 0;
	struct cell cell;

	for (; lookup_next(v, &ldoms_mib, name, length, false, &cell); i++) {
		length = cell_name(&cell, name);
		if (i == names->n ||
			compare_subs(name, length, names->all[i].sub, names->all[i].length) != 0)
			fail_msg("the walk finds a %s that should not be next", cell.column->name);
		check_get(v, &names->all[i]);
	}
	assert_int_equal(i, names->n);
}

/* Near a real one: cut, lengthened, a number moved. */
static size_t random_name(const struct names *names, uint32_t *name)
{
	const struct name *base = &names->all[chance((uint32_t)names->n)];
	size_t length = base->length;

	memcpy(name, base->sub, length * sizeof(name[0]));
	switch (chance(5)) {
	case 0:
		return chance((uint32_t)length + 1);
	case 4:
		return length;
	case 1:
		name[length] = chance(3);
		return length + 1;
	case 2:
		name[chance((uint32_t)length)] += chance(2) ? 1 : UINT32_MAX;
		return length;
	default:
		name[chance((uint32_t)length)] = chance(2) ? chance(40) : UINT32_MAX;
		return length;
	}
}

static size_t expected_next(
	const struct names *names, const uint32_t *name, size_t length, bool inclusive)
{
	size_t i = 0;

	for (; i < names->n; i++) {
		int order = compare_subs(names->all[i].sub, names->all[i].length, name, length);

		if (order > 0 || (order == 0 && inclusive))
			break;
	}
	return i;
}

static void check_random_name(const struct view *v, const struct names *names)
{
	uint32_t name[NAME_ARCS_MAX + 1], found[NAME_ARCS_MAX];
	size_t length = random_name(names, name);
	bool inclusive = chance(2);
	size_t i = expected_next(names, name, length, inclusive);
	struct lookup l;
	struct cell cell;

	assert_int_equal(lookup_next(v, &ldoms_mib, name, length, inclusive, &cell), i < names->n);
	if (i < names->n) {
		size_t n = cell_name(&cell, found);
		assert_int_equal(
			compare_subs(found, n, names->all[i].sub, names->all[i].length), 0);
	}
	i = expected_next(names, name, length, true);
	bool there = i < names->n &&
		     compare_subs(name, length, names->all[i].sub, names->all[i].length) == 0;
	assert_int_equal(lookup_get(v, &ldoms_mib, name, length, &l) == LOOKUP_OK, there);
}

static void test_random_hosts(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 150; round++) {
		const struct snapshot *s = random_snapshot();
		const struct view v = {.snapshot = s, .status = &status, .facts = &facts};
		struct names names = all_names(s);

		check_walk(&v, &names);
		for (unsigned int i = 0; i < 200; i++)
			check_random_name(&v, &names);
		free(names.all);
		snapshot_unref(s);
	}
}

/* --- many rows ------------------------------------------------------------------------------ */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Only the last of many domains has disks: a search over domains one by one would show. */
static const struct snapshot *sparse_host(uint32_t n)
{
	const struct domain **domains = calloc(n, sizeof(struct domain *));

	for (uint32_t i = 0; i < n; i++) {
		char *name = numbered("ldom", i + 1);
		struct making m = making_begin(i + 1, name, DOMAIN_ACTIVE);

		free(name);
		if (i == n - 1)
			ADD_ROW(m.detail, disks, .index = 1, .name = text("vdisk0"));
		domains[i] = making_end(&m);
	}
	const struct snapshot *s = snapshot_of(domains, n, NULL, (struct host_pools){0});
	free(domains);
	return s;
}

static double cost_of_next(uint32_t n)
{
	static const uint32_t before_all[] = {1, 12, 1, 4, 1};
	const struct snapshot *s = sparse_host(n);
	const struct view v = {.snapshot = s, .status = &status, .facts = &facts};
	struct cell cell;
	double began = seconds();

	for (unsigned int i = 0; i < 20000; i++)
		assert_true(lookup_next(&v, &ldoms_mib, before_all, 5, false, &cell));
	double took = seconds() - began;
	assert_int_equal(cell.row.index[0], n);
	snapshot_unref(s);
	return took;
}

static void test_cost_does_not_follow_domains(void **state)
{
	double few, many;

	(void)state;
	few = cost_of_next(16);
	many = cost_of_next(16 * 512);
	/* Some 2.5 times as many comparisons, not 512 times. */
	assert_true(many < few * 40);
}

int main(void)
{
	const char *given = getenv("TEST_SEED");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_hosts),
		cmocka_unit_test(test_cost_does_not_follow_domains),
	};

	seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("# TEST_SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
