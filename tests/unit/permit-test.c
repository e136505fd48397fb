/*
 * setAllow: its grammar, and which domains a pattern does not reach by accident.
 */
#include "control-fixture.h"

#include <errno.h>

#include "control/permit.h"

static const struct snapshot *host;

enum service_kind { DISKS, NETWORKS, CONSOLES, N_KINDS };

static struct domain *add_service(
	struct domain *d, enum service_kind kind, const char *name, bool known)
{
	struct domain_services *s;

	d->roles |= DOMAIN_SERVICE;
	if (!known)
		return d;
	assert_int_equal(services_new(&s), 0);
	if (kind == DISKS) {
		s->vds = calloc(1, sizeof(*s->vds));
		s->n_vds = 1;
		s->vds[0].name = strdup(name);
	} else if (kind == NETWORKS) {
		s->vsw = calloc(1, sizeof(*s->vsw));
		s->n_vsw = 1;
		s->vsw[0].name = strdup(name);
	} else {
		s->vcc = calloc(1, sizeof(*s->vcc));
		s->n_vcc = 1;
		s->vcc[0].name = strdup(name);
	}
	d->services = s;
	return d;
}

static struct domain *use_service(struct domain *d, enum service_kind kind, const char *name)
{
	struct domain_detail *detail;

	assert_int_equal(detail_new(&detail), 0);
	if (name != NULL && kind == DISKS) {
		detail->disks = calloc(1, sizeof(*detail->disks));
		detail->n_disks = 1;
		detail->disks[0].name = strdup("disk0");
		detail->disks[0].service = strdup(name);
	} else if (name != NULL && kind == NETWORKS) {
		detail->networks = calloc(1, sizeof(*detail->networks));
		detail->n_networks = 1;
		detail->networks[0].name = strdup("net0");
		detail->networks[0].service = strdup(name);
	} else if (name != NULL) {
		detail->consoles = calloc(1, sizeof(*detail->consoles));
		detail->n_consoles = 1;
		detail->consoles[0].service = strdup(name);
	}
	d->detail = detail;
	return d;
}

static struct domain *use_nothing(struct domain *d)
{
	return use_service(d, DISKS, NULL);
}

static int setup(void **state)
{
	struct domain *d[] = {
		use_nothing(make_domain(1, "primary", DOMAIN_ACTIVE, 8, 4096, 0)),
		use_service(make_domain(2, "web1", DOMAIN_ACTIVE, 8, 4096, 0), DISKS, "used-vds"),
		use_nothing(make_domain(3, "db1", DOMAIN_ACTIVE, 8, 4096, 0)),
		use_nothing(add_service(make_domain(4, "used", DOMAIN_ACTIVE, 8, 4096, 0), DISKS,
			"used-vds", true)),
		use_service(add_service(make_domain(5, "idle", DOMAIN_ACTIVE, 8, 4096, 0), DISKS,
				    "idle-vds", true),
			DISKS, "idle-vds"),
		use_nothing(add_service(
			make_domain(6, "obscure", DOMAIN_ACTIVE, 8, 4096, 0), DISKS, "", false)),
		use_nothing(make_domain(7, "mas*ter", DOMAIN_ACTIVE, 8, 4096, 0)),
	};

	(void)state;
	assert_non_null(d[1]->master = strdup("x,mas*ter ,y"));
	assert_non_null(d[2]->master = strdup("web10,use"));
	host = make_snapshot(d, COUNT(d), 0, 0, 0, 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	snapshot_unref(host);
	return 0;
}

static unsigned ask(struct permit *p, const char *name)
{
	return permit_domain(p, host, snapshot_find_name(host, name));
}

static void test_default(void **state)
{
	struct permit *p;

	(void)state;
	assert_int_equal(permit_new(&p), 0);
	for (int with = 0; with < 2; with++) {
		struct permit *q = with ? p : NULL;

		assert_int_equal(ask(q, "web1"), PERMIT_ALL);
		assert_int_equal(ask(q, "db1"), PERMIT_ALL);
		assert_int_equal(ask(q, "primary"), 0);
		assert_int_equal(ask(q, "used"), 0);
		assert_int_equal(ask(q, "mas*ter"), 0);
		/* Offers something, but nobody uses it. */
		assert_int_equal(ask(q, "idle"), PERMIT_ALL);
		/* Offers something, nobody knows what. */
		assert_int_equal(ask(q, "obscure"), 0);
		assert_int_equal(permit_new_name(q, "new"), PERMIT_ALL);
		assert_true(permit_creation(q));
	}
	assert_int_equal(
		permit_special(host, snapshot_find_name(host, "used")), REASON_SERVICE_DOMAIN);
	assert_int_equal(permit_special(host, snapshot_find_name(host, "idle")), REASON_NONE);
	permit_free(p);
}

/* A disk server, a switch or a console concentrator that another domain uses. */
static void test_each_kind_of_service(void **state)
{
	(void)state;
	for (enum service_kind kind = DISKS; kind < N_KINDS; kind++) {
		for (int used = 0; used < 2; used++) {
			struct domain *d[] = {
				use_nothing(make_domain(1, "primary", DOMAIN_ACTIVE, 8, 4096, 0)),
				use_nothing(add_service(
					make_domain(2, "server", DOMAIN_ACTIVE, 8, 4096, 0), kind,
					"here", true)),
				use_service(make_domain(3, "client", DOMAIN_ACTIVE, 8, 4096, 0),
					kind, used ? "here" : "elsewhere"),
			};
			const struct snapshot *s = make_snapshot(d, COUNT(d), 0, 0, 0, 20);

			assert_int_equal(permit_domain(NULL, s, snapshot_find_name(s, "server")),
				used ? 0 : PERMIT_ALL);
			assert_int_equal(permit_domain(NULL, s, snapshot_find_name(s, "client")),
				PERMIT_ALL);
			snapshot_unref(s);
		}
	}
}

static struct permit *rules(const char *const *lines, size_t n)
{
	const char *problem;
	struct permit *p;

	assert_int_equal(permit_new(&p), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(permit_add(p, lines[i], &problem), 0);
	return p;
}

static void test_rules(void **state)
{
	static const char *const lines[] = {
		"cpu,memory web* db[0-9]", "  state\tweb1  ", "crypto primary", "all mas\\*ter"};
	struct permit *p = rules(lines, COUNT(lines));

	(void)state;
	assert_int_equal(ask(p, "web1"), PERMIT_CPU | PERMIT_MEMORY | PERMIT_STATE);
	assert_int_equal(ask(p, "db1"), PERMIT_CPU | PERMIT_MEMORY);
	assert_int_equal(ask(p, "idle"), 0);
	assert_int_equal(ask(p, "primary"), PERMIT_CRYPTO);
	assert_int_equal(ask(p, "mas*ter"), PERMIT_ALL);
	/* As a pattern, the name that is escaped means itself and nothing else. */
	assert_int_equal(permit_new_name(p, "mas*ter"), PERMIT_ALL);
	assert_int_equal(permit_new_name(p, "masxter"), 0);
	assert_true(permit_creation(p));
	permit_free(p);
}

static void test_patterns_do_not_reach_special_domains(void **state)
{
	static const char *const lines[] = {"all *", "all primar?", "all [u]sed"};
	struct permit *p = rules(lines, COUNT(lines));

	(void)state;
	assert_int_equal(ask(p, "primary"), 0);
	assert_int_equal(ask(p, "used"), 0);
	assert_int_equal(ask(p, "mas*ter"), 0);
	assert_int_equal(ask(p, "web1"), PERMIT_ALL);
	permit_free(p);
}

static void test_none(void **state)
{
	static const char *const lines[] = {"none"};
	struct permit *p = rules(lines, 1);

	(void)state;
	assert_int_equal(ask(p, "web1"), 0);
	assert_false(permit_creation(p));
	permit_free(p);
}

/* It is about no domain, and changes nothing of what is allowed on domains. */
static void test_saving(void **state)
{
	static const char *const lines[] = {"save", "cpu web*"};
	static const char *const wrong[] = {"save *", "save,cpu", "cpu,save web1", "save save"};
	struct permit *p = rules(lines, 1);
	const char *problem = NULL;

	(void)state;
	assert_true(permit_saving(p));
	assert_int_equal(ask(p, "web1"), PERMIT_ALL);
	assert_int_equal(ask(p, "primary"), 0);
	permit_free(p);
	p = rules(lines, 2);
	assert_true(permit_saving(p));
	assert_int_equal(ask(p, "web1"), PERMIT_CPU);
	permit_free(p);
	p = rules((const char *const[]){"all"}, 1);
	assert_false(permit_saving(p));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(permit_add(p, wrong[i], &problem), -EINVAL);
	assert_false(permit_saving(p));
	permit_free(p);
	assert_false(permit_saving(NULL));
}

static void test_mistakes(void **state)
{
	static const char *const lines[] = {"", " ", "cpus", "cpu,", ",cpu", "cpu, memory", "CPU"};
	const char *problem;
	struct permit *p;

	(void)state;
	assert_int_equal(permit_new(&p), 0);
	for (size_t i = 0; i < COUNT(lines); i++) {
		problem = NULL;
		assert_int_equal(permit_add(p, lines[i], &problem), -EINVAL);
		assert_non_null(problem);
	}
	/* A line that is wrong changes nothing. */
	assert_int_equal(ask(p, "web1"), PERMIT_ALL);
	permit_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_each_kind_of_service),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_patterns_do_not_reach_special_domains),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_saving),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
