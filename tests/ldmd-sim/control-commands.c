/*
 * The operator's commands. Adding one = adding a function and one line to the table.
 */
#include <stdlib.h>
#include <string.h>

#include "chaos.h"
#include "dump.h"
#include "events.h"
#include "guest.h"
#include "pool.h"
#include "sim.h"
#include "words.h"

static void run_dump(struct operator* operator, const struct words * words)
{
	(void)words;
	dump_write(&operator->sim->host, &operator->out);
	buf_add_string(&operator->out, "\n");
	control_ok(operator);
}

static void run_stats(struct operator* operator, const struct words * words)
{
	(void)words;
	journal_write_stats(operator->sim, &operator->out);
	buf_add_string(&operator->out, "\n");
	control_ok(operator);
}

static void run_log(struct operator* operator, const struct words * words)
{
	(void)words;
	journal_write_log(&operator->sim->journal, &operator->out);
	buf_add_string(&operator->out, "\n");
	control_ok(operator);
}

static void run_reset_stats(struct operator* operator, const struct words * words)
{
	(void)words;
	journal_reset(&operator->sim->journal);
	control_ok(operator);
}

/* The text of a fault may have blanks. */
static char *join_words(const struct words *words, size_t first)
{
	struct buf text = {0};

	for (size_t i = first; i < words->count; i++)
		buf_addf(&text, "%s%s", i > first ? " " : "", words->list[i]);
	return text.data;
}

static void run_fault(struct operator* operator, const struct words * words)
{
	char *spec = join_words(words, 1);
	const char *why;

	if (fault_add(&operator->sim->faults, spec, &why))
		control_ok(operator);
	else
		control_error(operator, "%s: %s", spec, why);
	free(spec);
}

static void run_faults(struct operator* operator, const struct words * words)
{
	(void)words;
	faults_list(&operator->sim->faults, &operator->out);
	control_ok(operator);
}

static void run_clear(struct operator* operator, const struct words * words)
{
	char *spec = words->count > 1 ? join_words(words, 1) : NULL;

	if (faults_clear(&operator->sim->faults, spec))
		control_ok(operator);
	else
		control_error(operator, "no fault %s", spec);
	free(spec);
}

static void finish_do(struct operator* operator, const struct task * task)
{
	if (task->verdict == VERDICT_OK)
		control_ok(operator);
	else
		control_error(operator, "%s", task->message ? task->message : "refused");
}

static void do_is_done(struct task *task, void *arg)
{
	struct operator* operator= arg;

	if (operator->task == NULL) /* task_start() has not returned yet */
		return;
	operator->task = NULL;
	finish_do(operator, task);
	task_free(task);
}

static void run_do(struct operator* operator, const struct words * words)
{
	const char *why = NULL;
	struct task *task = words_to_task(operator->sim, words, 1, &why);

	if (task == NULL) {
		control_error(operator, "%s", why);
		return;
	}
	task_start(task, do_is_done, operator);
	if (task->verdict == VERDICT_PENDING) {
		operator->task = task;
		return;
	}
	finish_do(operator, task);
	task_free(task);
}

/* As do, but does not wait for the end. */
static void run_begin(struct operator* operator, const struct words * words)
{
	const char *why = NULL;
	struct task *task = words_to_task(operator->sim, words, 1, &why);

	if (task == NULL) {
		control_error(operator, "%s", why);
		return;
	}
	task_start(task, NULL, NULL);
	if (task->verdict == VERDICT_PENDING) {
		task_abandon(task);
		control_ok(operator);
		return;
	}
	finish_do(operator, task);
	task_free(task);
}

static struct domain *named_domain(struct operator* operator, const struct words * words)
{
	struct domain *domain = domain_find(&operator->sim->host, words->list[1]);

	if (domain == NULL)
		control_error(operator, "LDom \"%s\" was not found", words->list[1]);
	return domain;
}

static void run_guest(struct operator* operator, const struct words * words)
{
	static const struct {
		const char *name;
		bool (*act)(struct domain *domain);
	} acts[] = {
		{"halt", guest_halt},
		{"reset", guest_reset},
		{"panic", guest_panic},
		{"obp", guest_openboot},
		{"os", guest_os},
	};
	struct domain *domain = named_domain(operator, words);

	if (domain == NULL)
		return;
	operator->sim->dirty = true;
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		if (!str_equal(words->list[2], acts[i].name))
			continue;
		if (acts[i].act(domain))
			control_ok(operator);
		else
			control_error(operator, "LDom %s is %s", domain->name,
				state_word(domain->state));
		return;
	}
	control_error(operator, "halt, reset, panic, obp or os expected");
}

/* A resource policy changes CPUs as an administrator would, whole-core constraint or not. */
static void run_drm(struct operator* operator, const struct words * words)
{
	char *line = xasprintf("do set-vcpu %s %s", words->list[1], words->list[2]);
	struct words change;

	words_split(&change, line);
	run_do(operator, & change);
	words_free(&change);
	free(line);
}

static bool read_switch(struct operator* operator, const char * word, bool *ret)
{
	*ret = str_equal(word, "on");
	if (*ret || str_equal(word, "off"))
		return true;
	control_error(operator, "on or off expected");
	return false;
}

static void run_degrade(struct operator* operator, const struct words * words)
{
	struct domain *domain = named_domain(operator, words);
	bool on;

	if (domain == NULL || !read_switch(operator, words->list[2], &on))
		return;
	if (operator->sim->host.version<LDM_VERSION(3, 0)) {
		control_error(operator, "no domain is degraded before 3.0");
		return;
	}
	domain->degraded = on;
	operator->sim->dirty = true;
	control_ok(operator);
}

static bool vanish(struct host *host, const char *what, const char *which)
{
	uint64_t number;
	struct bus *bus;

	if (str_equal(what, "core"))
		return parse_count(which, UINT16_MAX, &number) &&
		       core_vanish(host, (unsigned)number);
	if (str_equal(what, "memory"))
		return parse_size(which, &number) && memory_vanish(host, number);
	bus = str_equal(what, "bus") ? bus_find(host, which) : NULL;
	if (bus)
		bus_vanish(bus);
	return bus != NULL;
}

static void run_vanish(struct operator* operator, const struct words * words)
{
	operator->sim->dirty = true;
	if (vanish(&operator->sim->host, words->list[1], words->list[2]))
		control_ok(operator);
	else
		control_error(operator, "no such hardware that nobody has");
}

static void run_mend(struct operator* operator, const struct words * words)
{
	(void)words;
	operator->sim->dirty = true;
	hardware_mend(&operator->sim->host);
	control_ok(operator);
}

static void run_util(struct operator* operator, const struct words * words)
{
	struct domain *domain = named_domain(operator, words);
	uint64_t permille, norm;

	if (domain == NULL)
		return;
	if (!parse_count(words->list[2], 1000, &permille) ||
		!parse_count(words->list[words->count - 1], 1000, &norm)) {
		control_error(operator, "0..1000 expected");
		return;
	}
	domain->permille = (unsigned)permille;
	domain->norm_permille = (unsigned)norm;
	for (size_t i = 0; i < domain->n_vcpus; i++)
		domain->vcpus[i].permille = domain->permille;
	operator->sim->dirty = true;
	control_ok(operator);
}

static void run_migrate_out(struct operator* operator, const struct words * words)
{
	struct domain *domain = named_domain(operator, words);
	double seconds = 5 * operator->sim->transition;

	if (domain == NULL)
		return;
	if (words->count > 2 && !parse_seconds(words->list[2], &seconds)) {
		control_error(operator, "seconds expected");
		return;
	}
	if (domain->control || domain->migration || domain->op || domain->dr ||
		(domain->state != STATE_ACTIVE && domain->state != STATE_BOUND)) {
		control_error(operator, "LDom %s cannot migrate now", domain->name);
		return;
	}
	migration_begin(domain, operator->sim->host.control->name, seconds, false);
	control_ok(operator);
}

static void run_migrate_in(struct operator* operator, const struct words * words)
{
	struct host *host = &operator->sim->host;
	struct domain *domain;
	double seconds = 5 * operator->sim->transition;

	if (!name_is_legal(words->list[1]) || domain_find(host, words->list[1]) ||
		domain_find_uuid(host, words->list[2])) {
		control_error(operator, "name or UUID is known already");
		return;
	}
	if (words->count > 3)
		parse_seconds(words->list[3], &seconds);
	domain = domain_new(operator->sim, words->list[1], words->list[2], NULL);
	domain->want = (struct quantities){.vcpus = 2, .memory = GIB};
	if (!cpus_take(host, domain, 2) || !memory_take(host, domain, GIB) ||
		!console_take(host, domain)) {
		domain_remove(domain);
		control_error(operator, "insufficient resources");
		return;
	}
	domain->state = STATE_BOUND;
	migration_begin(domain, "other-host", seconds, true);
	control_ok(operator);
}

static void run_migrate_fail(struct operator* operator, const struct words * words)
{
	struct domain *domain = named_domain(operator, words);

	if (domain == NULL)
		return;
	if (domain->migration == NULL) {
		control_error(operator, "LDom %s is not migrating", domain->name);
		return;
	}
	migration_fail(domain);
	operator->sim->dirty = true;
	control_ok(operator);
}

static bool is_master(const struct domain *domain)
{
	const struct domain *other;

	TAILQ_FOREACH (other, &domain->sim->host.domains, entry)
		if (word_in_list(other->settings[SETTING_MASTER], domain->name))
			return true;
	return false;
}

/* No action of ldmd's, but what a client may see all the same: the UUID is known, under another
 * name. */
static void run_rename(struct operator* operator, const struct words * words)
{
	struct domain *domain = named_domain(operator, words);

	if (domain == NULL)
		return;
	if (!name_is_legal(words->list[2]) || domain_find(&operator->sim->host, words->list[2])) {
		control_error(operator, "the name is illegal or taken");
		return;
	}
	if (domain->control || domain->op || domain->dr || domain->migration || is_master(domain)) {
		control_error(operator, "LDom %s cannot be renamed now", domain->name);
		return;
	}
	replace_string(&domain->name, words->list[2]);
	operator->sim->dirty = true;
	control_ok(operator);
}

static void run_reconf(struct operator* operator, const struct words * words)
{
	struct domain *domain = operator->sim->host.control;
	bool on;

	if (!read_switch(operator, words->list[1], &on))
		return;
	if (words->count > 2)
		domain = domain_find(&operator->sim->host, words->list[2]);
	if (!domain || (on && !reconf_is_possible(domain))) {
		control_error(operator, "no active domain that can wait for its reboot");
		return;
	}
	if (on)
		reconf_begin(domain);
	else
		reconf_cancel(domain);
	operator->sim->dirty = true;
	control_ok(operator);
}

static void run_reboot_control(struct operator* operator, const struct words * words)
{
	(void)words;
	control_reboot(&operator->sim->host);
	control_ok(operator);
}

/* Through set-domain's checks if it is one of its properties. */
static void run_set_prop(struct operator* operator, const struct words * words)
{
	struct words change = {.count = 4};
	char *list[4];

	list[0] = xstrdup("do");
	list[1] = xstrdup("set-domain");
	list[2] = words->list[1];
	list[3] = xasprintf("%s=%s", words->list[2], words->list[3]);
	change.list = list;
	run_do(operator, & change);
	free(list[0]);
	free(list[1]);
	free(list[3]);
}

static void run_chaos(struct operator* operator, const struct words * words)
{
	struct sim *sim = operator->sim;
	uint64_t count, seed;
	unsigned done;

	if (!parse_count(words->list[1], 1000000, &count)) {
		control_error(operator, "a number expected");
		return;
	}
	if (words->count > 2 && parse_count(words->list[2], UINT64_MAX, &seed))
		random_seed(&sim->host.random, seed);
	done = chaos_run(sim, (unsigned)count, str_equal(words->list[0], "random-storm"));
	buf_addf(&operator->out, "%u\n", done);
	if (done == count)
		control_ok(operator);
	else
		control_error(operator, "only %u changes were possible", done);
}

static void run_free_cpu(struct operator* operator, const struct words * words)
{
	(void)words;
	buf_addf(&operator->out, "%u\n", operator->sim->host.free_threads);
	control_ok(operator);
}

static void run_wait(struct operator* operator, const struct words * words)
{
	if (parse_seconds(words->list[1], &operator->sim->transition))
		control_ok(operator);
	else
		control_error(operator, "seconds expected");
}

static void run_disconnect(struct operator* operator, const struct words * words)
{
	(void)words;
	server_drop_all(operator->sim);
	control_ok(operator);
}

static void run_listen(struct operator* operator, const struct words * words)
{
	bool on;

	if (!read_switch(operator, words->list[1], &on))
		return;
	operator->sim->server.off = !on;
	server_update(operator->sim);
	if (on && operator->sim->server.fd<0)
		control_error(operator, "cannot listen");
	else
		control_ok(operator);
}

static void run_poke(struct operator* operator, const struct words * words)
{
	(void)words;
	event_poke(operator->sim);
	control_ok(operator);
}

static void run_certificate(struct operator* operator, const struct words * words)
{
	if (tls_write_certificate(&operator->sim->tls, words->list[1]))
		control_ok(operator);
	else
		control_error(operator, "cannot write it");
}

static void run_freeze(struct operator* operator, const struct words * words)
{
	if (read_switch(operator, words->list[1], &operator->sim->frozen))
		control_ok(operator);
}

static void run_quit(struct operator* operator, const struct words * words)
{
	(void)words;
	operator->sim->quit = true;
	control_ok(operator);
}

static const struct command_type {
	const char *name;
	size_t min, max; /* words, the name included */
	void (*run)(struct operator* operator, const struct words * words);
	const char *usage;
	bool host; /* looks at the host or changes it, so a capture cannot do it */
} commands[] = {
	{"dump", 1, 1, run_dump, "", true},
	{"stats", 1, 1, run_stats, "", false},
	{"log", 1, 1, run_log, "", false},
	{"reset-stats", 1, 1, run_reset_stats, "", false},
	{"fault", 2, SIZE_MAX, run_fault, "SPEC", false},
	{"faults", 1, 1, run_faults, "", false},
	{"clear", 1, SIZE_MAX, run_clear, "[SPEC]", false},
	{"do", 3, SIZE_MAX, run_do, "ACTION DOMAIN [ARG]...", true},
	{"begin", 3, SIZE_MAX, run_begin, "ACTION DOMAIN [ARG]...", true},
	{"guest", 3, 3, run_guest, "DOMAIN halt|reset|panic|obp|os", true},
	{"degrade", 3, 3, run_degrade, "DOMAIN on|off", true},
	{"vanish", 3, 3, run_vanish, "core N|memory SIZE|bus NAME", true},
	{"mend", 1, 1, run_mend, "", true},
	{"drm", 3, 3, run_drm, "DOMAIN VCPUS", true},
	{"util", 3, 4, run_util, "DOMAIN PERMILLE [NORMALIZED]", true},
	{"migrate-out", 2, 3, run_migrate_out, "DOMAIN [SECONDS]", true},
	{"migrate-in", 3, 4, run_migrate_in, "NAME UUID [SECONDS]", true},
	{"migrate-fail", 2, 2, run_migrate_fail, "DOMAIN", true},
	{"rename", 3, 3, run_rename, "DOMAIN NAME", true},
	{"reconf", 2, 3, run_reconf, "on|off [DOMAIN]", true},
	{"reboot-control", 1, 1, run_reboot_control, "", true},
	{"set-prop", 4, 4, run_set_prop, "DOMAIN KEY VALUE", true},
	{"random", 2, 3, run_chaos, "N [SEED]", true},
	{"random-storm", 2, 3, run_chaos, "N [SEED]", true},
	{"free-cpu", 1, 1, run_free_cpu, "", true},
	{"wait", 2, 2, run_wait, "SECONDS", false},
	{"disconnect", 1, 1, run_disconnect, "", false},
	{"poke", 1, 1, run_poke, "", false},
	{"certificate", 2, 2, run_certificate, "FILE", false},
	{"listen", 2, 2, run_listen, "on|off", false},
	{"freeze", 2, 2, run_freeze, "on|off", false},
	{"quit", 1, 1, run_quit, "", false},
};

static void run_words(struct operator* operator, const struct words * words)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command_type *command = &commands[i];

		if (!str_equal(words->list[0], command->name))
			continue;
		if (words->count < command->min || words->count > command->max)
			control_error(operator, "usage: %s %s", command->name, command->usage);
		else if (command->host && operator->sim->replay)
			control_error(operator, "there is a capture and no host");
		else
			command->run(operator, words);
		return;
	}
	control_error(operator, "no such command");
}

void control_run(struct operator* operator, const char * line)
{
	struct words words;

	words_split(&words, line);
	if (words.count)
		run_words(operator, & words);
	words_free(&words);
}
