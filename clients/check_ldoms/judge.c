/* See judge.h. */
#include "judge.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S		 (24 * 3600)
#define REMEMBERED_S	 (7 * DAY_S) /* a domain that ran within this time is expected to run */
#define OPERATION_TOLD_S 3600	     /* how long a failed change is reported */
#define NEVER_READ	 UINT32_MAX  /* ldomDataAge if ldmd has never answered */
#define MEGABYTE	 (1024.0 * 1024)

/* The scalars, in the order of scalar_names. */
enum {
	LINK_STATE,
	LINK_ERROR,
	DATA_AGE,
	UNSAVED,
	REGISTRY,
	DROPPED,
	LINES_LOST,
	CPU_CAPACITY,
	CPU_FREE,
	MEM_CAPACITY,
	MEM_FREE,
	MEM_UNIT,
	CORE_CAPACITY,
	CORE_FREE,
	N_SCALARS
};
static const struct name scalar_names[N_SCALARS] = {
	[LINK_STATE] = {.arcs = {1, 1, 5, 0}, .n = 4},
	[LINK_ERROR] = {.arcs = {1, 1, 7, 0}, .n = 4},
	[DATA_AGE] = {.arcs = {1, 1, 8, 0}, .n = 4},
	[UNSAVED] = {.arcs = {1, 1, 17, 0}, .n = 4},
	[REGISTRY] = {.arcs = {1, 1, 21, 0}, .n = 4},
	[DROPPED] = {.arcs = {1, 1, 31, 0}, .n = 4},
	[LINES_LOST] = {.arcs = {1, 1, 36, 0}, .n = 4},
	[CPU_CAPACITY] = {.arcs = {1, 2, 1, 0}, .n = 4},
	[CPU_FREE] = {.arcs = {1, 2, 3, 0}, .n = 4},
	[MEM_CAPACITY] = {.arcs = {1, 2, 4, 0}, .n = 4},
	[MEM_FREE] = {.arcs = {1, 2, 6, 0}, .n = 4},
	[MEM_UNIT] = {.arcs = {1, 2, 7, 0}, .n = 4},
	[CORE_CAPACITY] = {.arcs = {1, 2, 14, 0}, .n = 4},
	[CORE_FREE] = {.arcs = {1, 2, 16, 0}, .n = 4},
};

/* The columns of ldomTable, in the order of domain_columns. */
enum {
	NAME_CELL,
	UUID,
	OPER_STATE,
	CPUS,
	MEM_SIZE,
	DOMAIN_MEM_UNIT_CELL,
	UTILIZATION,
	UPTIME,
	STATUS,
	OPERATION,
	ROW_STATUS,
	DEGRADED,
	N_COLUMNS
};
static const uint32_t domain_columns[N_COLUMNS] = {DOMAIN_NAME, DOMAIN_UUID, DOMAIN_OPER_STATE,
	DOMAIN_NUM_VCPU, DOMAIN_MEM_SIZE, DOMAIN_MEM_UNIT, DOMAIN_UTILIZATION, DOMAIN_UPTIME,
	DOMAIN_OPERATION_STATUS, DOMAIN_OPERATION_INDEX, DOMAIN_ROW_STATUS, DOMAIN_DEGRADED};

enum { TRUE_VALUE = 1, ROW_ACTIVE = 1 };
enum { LINK_UP = 1, LINK_CONNECTING = 2, LINK_DOWN = 3, LINK_UNAUTHORISED = 4 };
enum { STATE_ACTIVE = 1, STATE_STOPPING = 2, STATE_STARTING = 7, STATE_UNKNOWN = 8 };
enum { REGISTRY_WRITE_FAILED = 3 };

struct host {
	struct snmp *snmp;
	const struct wishes *wishes;
	struct report *report;
	struct cell scalars[N_SCALARS];
	struct rows domains;
	int64_t now; /* seconds since 1970 */
};

/* A row that a SET is creating, or that vanished while the table was read, is no domain. */
static bool is_domain(const struct row *d)
{
	return d->cells[OPER_STATE].type == CELL_NUMBER &&
	       d->cells[ROW_STATUS].number == ROW_ACTIVE;
}

static bool is_ignored(const struct wishes *w, const char *name)
{
	for (size_t i = 0; i < w->n_ignored; i++)
		if (fnmatch(w->ignored[i], name, 0) == 0)
			return true;
	return false;
}

static bool is_named(const struct wishes *w, const char *name)
{
	for (size_t i = 0; i < w->n_expected; i++)
		if (strcmp(w->expected[i], name) == 0)
			return true;
	return false;
}

static bool is_active(const struct row *d)
{
	return d->cells[OPER_STATE].number == STATE_ACTIVE;
}

/* --- what is remembered ---------------------------------------------------------------------- */

/* A key for the memory, with the UUID, which a rename does not change. The caller frees the key. */
static char *key_of(const char *what, const struct row *d)
{
	const char *id = cell_text(&d->cells[*cell_text(&d->cells[UUID]) ? UUID : NAME_CELL]);
	char *key;

	return asprintf(&key, "%s %s", what, id) < 0 ? NULL : key;
}

/* Whether the domain is down now but ran within REMEMBERED_S. Remembers a domain that runs. */
static bool ran_lately(const struct host *h, const struct row *d)
{
	struct memory *m = h->wishes->remembered;
	char *key = m ? key_of("domain", d) : NULL;
	bool ran = false;

	if (!key)
		return false;
	if (is_active(d))
		(void)memory_put(m, key, h->now);
	else
		ran = memory_get(m, key) > h->now - REMEMBERED_S;
	free(key);
	return ran;
}

/* For how many seconds changes have been unsaved; -1: all is saved. INT64_MAX: without a memory. */
static int64_t unsaved_for(const struct host *h)
{
	struct memory *m = h->wishes->remembered;
	bool unsaved = h->scalars[UNSAVED].number == TRUE_VALUE;
	/* By the control domain's UUID: contexts or communities can put several hosts behind one
	 * name. */
	char *key = m ? key_of("unsaved", &h->domains.rows[0]) : NULL;

	if (!key)
		return unsaved ? INT64_MAX : -1;
	int64_t since = memory_get(m, key);
	if (!unsaved || since == 0)
		(void)memory_put(m, key, unsaved ? h->now : 0);
	free(key);
	if (!unsaved)
		return -1;
	return since == 0 ? 0 : h->now - since;
}

/* --- one domain ------------------------------------------------------------------------------ */

static enum severity severity_of_state(int64_t state)
{
	switch (state) {
	case STATE_ACTIVE:
		return SEVERITY_OK;
	case STATE_STOPPING:
	case STATE_STARTING:
	case STATE_UNKNOWN:
		return SEVERITY_WARNING;
	default:
		return SEVERITY_CRITICAL;
	}
}

/* A DateAndTime (RFC 2579) in seconds since 1970; 0: not known. */
static int64_t time_of(const struct cell *c)
{
	const unsigned char *b = (const unsigned char *)cell_text(c);

	if (c->type != CELL_TEXT || c->length < 8 || b[2] == 0)
		return 0;
	struct tm tm = {.tm_year = (b[0] << 8 | b[1]) - 1900,
		.tm_mon = b[2] - 1,
		.tm_mday = b[3],
		.tm_hour = b[4],
		.tm_min = b[5],
		.tm_sec = b[6]};
	int64_t t = timegm(&tm);
	if (c->length < 11)
		return t;
	int offset = b[9] * 3600 + b[10] * 60;
	return b[8] == '+' ? t - offset : t + offset;
}

/* Reports the last change by SET if it did not succeed and ended within OPERATION_TOLD_S. */
static enum snmp_result judge_operation(const struct host *h, const struct row *d)
{
	int64_t status = d->cells[STATUS].number;
	uint32_t index = (uint32_t)d->cells[OPERATION].number;
	const struct name names[] = {OPERATION_CELL(OPERATION_START, index),
		OPERATION_CELL(OPERATION_DURATION, index), OPERATION_CELL(OPERATION_REQUEST, index),
		OPERATION_CELL(OPERATION_MESSAGE, index)};
	struct cell cells[sizeof(names) / sizeof(names[0])];

	if (status < STATUS_FAILED || status > STATUS_UNKNOWN)
		return SNMP_OK;
	enum snmp_result r = snmp_get(h->snmp, names, cells, sizeof(names) / sizeof(names[0]));
	int64_t start = time_of(&cells[0]);
	if (r == SNMP_OK &&
		(start == 0 || h->now < start + cells[1].number / 100 + OPERATION_TOLD_S))
		report_problem(h->report,
			status == STATUS_FAILED || status == STATUS_ROLLED_BACK ? SEVERITY_WARNING
										: SEVERITY_CRITICAL,
			"%s: the last change (%s) is %s: %s", cell_text(&d->cells[NAME_CELL]),
			cell_text(&cells[2]), operation_status_name(status), cell_text(&cells[3]));
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		cell_clear(&cells[i]);
	return r;
}

static enum snmp_result judge_domain(const struct host *h, const struct row *d, bool expected)
{
	const char *name = cell_text(&d->cells[NAME_CELL]);
	int64_t state = d->cells[OPER_STATE].number;
	double busy = (double)d->cells[UTILIZATION].number / 10;

	if (expected && state != STATE_ACTIVE)
		report_problem(h->report, severity_of_state(state), "%s is %s", name,
			oper_state_name(state));
	if (d->cells[DEGRADED].number == TRUE_VALUE)
		report_problem(h->report, SEVERITY_CRITICAL, "%s is degraded", name);
	enum severity severity = limits_above(&h->wishes->busy_percent, busy);
	if (severity != SEVERITY_OK)
		report_problem(h->report, severity, "%s uses %.1f %% of its CPUs", name, busy);
	return judge_operation(h, d);
}

static enum snmp_result judge_the_domain(const struct host *h)
{
	const struct wishes *w = h->wishes;

	for (size_t i = 0; i < h->domains.n; i++) {
		const struct row *d = &h->domains.rows[i];

		if (!is_domain(d) || strcmp(cell_text(&d->cells[NAME_CELL]), w->domain) != 0)
			continue;
		int64_t cpus = d->cells[CPUS].number;
		double memory = (double)d->cells[MEM_SIZE].number *
				(double)memory_unit_bytes(d->cells[DOMAIN_MEM_UNIT_CELL].number);
		double busy = (double)d->cells[UTILIZATION].number / 10;
		report_fine(h->report,
			"%s is active, %" PRId64 " CPUs, %.0f MB, %.1f %% used, up %" PRId64 " s",
			w->domain, cpus, memory / MEGABYTE, busy, d->cells[UPTIME].number);
		report_data(h->report, "cpus=%" PRId64 ";;;0 memory=%.0fB;;;0", cpus, memory);
		limits_report(&w->busy_percent, h->report, "utilization", busy, "%", 100, false);
		report_data(h->report, "uptime=%" PRId64 "s;;;0", d->cells[UPTIME].number);
		return judge_domain(h, d, true);
	}
	report_problem(h->report, SEVERITY_CRITICAL, "there is no domain \"%s\"", w->domain);
	return SNMP_OK;
}

/* --- the host -------------------------------------------------------------------------------- */

static void judge_link(const struct host *h)
{
	int64_t state = h->scalars[LINK_STATE].number;
	const char *error = cell_text(&h->scalars[LINK_ERROR]);

	if (state == LINK_UNAUTHORISED)
		report_problem(h->report, SEVERITY_CRITICAL, "ldmd refuses the agent: %s", error);
	else if (state == LINK_DOWN || state == LINK_CONNECTING)
		report_problem(h->report, state == LINK_DOWN ? SEVERITY_CRITICAL : SEVERITY_WARNING,
			"the agent has no connection to ldmd: %s", error);
	if (h->scalars[REGISTRY].number == REGISTRY_WRITE_FAILED)
		report_problem(h->report, SEVERITY_WARNING,
			"the agent cannot write its registry of indexes");
}

static void judge_age(const struct host *h)
{
	int64_t centiseconds = h->scalars[DATA_AGE].number;
	double age_s = (double)centiseconds / 100;

	if (centiseconds == NEVER_READ) {
		report_problem(h->report, SEVERITY_CRITICAL,
			"ldmd has not answered the agent yet: %s",
			cell_text(&h->scalars[LINK_ERROR]));
		return;
	}
	enum severity severity = limits_above(&h->wishes->age_s, age_s);
	/* The agent shows no domains any more, so nobody knows their states. */
	if (h->domains.n == 0)
		severity = SEVERITY_CRITICAL;
	if (severity != SEVERITY_OK)
		report_problem(h->report, severity, "the inventory is %.0f s old%s", age_s,
			h->domains.n == 0 ? ", too old to be shown" : "");
	limits_report(&h->wishes->age_s, h->report, "age", age_s, "s", 0, false);
}

static void judge_pool(const struct host *h, const char *what, const char *label, int capacity,
	int left, const struct limits *limits)
{
	double all = (double)h->scalars[capacity].number, free = (double)h->scalars[left].number;

	if (h->scalars[left].type != CELL_NUMBER)
		return;
	enum severity severity = limits_below(limits, free, all);
	if (severity != SEVERITY_OK)
		report_problem(h->report, severity, "%.0f of %.0f %s are free", free, all, what);
	limits_report(limits, h->report, label, free, "", all, true);
}

static void judge_memory(const struct host *h)
{
	double unit = (double)memory_unit_bytes(h->scalars[MEM_UNIT].number);
	double all = (double)h->scalars[MEM_CAPACITY].number * unit;
	double free = (double)h->scalars[MEM_FREE].number * unit;

	if (h->scalars[MEM_FREE].type != CELL_NUMBER)
		return;
	enum severity severity = limits_below(&h->wishes->memory, free, all);
	if (severity != SEVERITY_OK)
		report_problem(h->report, severity, "%.0f of %.0f MB of memory are free",
			free / MEGABYTE, all / MEGABYTE);
	limits_report(&h->wishes->memory, h->report, "memory_free", free, "B", all, true);
}

static void judge_unsaved(const struct host *h)
{
	int64_t seconds = unsaved_for(h);

	if (seconds >= (int64_t)h->wishes->unsaved_hours * 3600)
		report_problem(h->report, SEVERITY_WARNING,
			"changes would not survive a power cycle (ldm add-spconfig)");
}

/* Reports the domains that must be active and are not in the table. */
static void judge_missing(const struct host *h)
{
	for (size_t i = 0; i < h->wishes->n_expected; i++) {
		const char *name = h->wishes->expected[i];
		bool found = false;

		for (size_t k = 0; k < h->domains.n && !found; k++)
			found = is_domain(&h->domains.rows[k]) &&
				strcmp(cell_text(&h->domains.rows[k].cells[NAME_CELL]), name) == 0;
		if (!found)
			report_problem(
				h->report, SEVERITY_CRITICAL, "there is no domain \"%s\"", name);
	}
}

static enum snmp_result judge_all_domains(const struct host *h)
{
	const struct wishes *w = h->wishes;
	enum snmp_result r = SNMP_OK;
	size_t n = 0, active = 0;

	for (size_t i = 0; i < h->domains.n && r == SNMP_OK; i++) {
		const struct row *d = &h->domains.rows[i];
		const char *name = cell_text(&d->cells[NAME_CELL]);

		if (!is_domain(d))
			continue;
		n++;
		active += is_active(d);
		/* Called for each domain, because it also remembers those that run. */
		bool lately = ran_lately(h, d);
		if (!is_ignored(w, name))
			r = judge_domain(h, d, w->n_expected > 0 ? is_named(w, name) : lately);
	}
	report_fine(h->report, "%zu of %zu domains are active", active, n);
	report_data(h->report, "domains=%zu;;;0 active=%zu;;;0", n, active);
	if (w->remembered)
		memory_forget_before(w->remembered, "domain ", h->now - REMEMBERED_S);
	return r;
}

static enum snmp_result judge_host(const struct host *h)
{
	const struct wishes *w = h->wishes;
	enum snmp_result r = SNMP_OK;

	judge_link(h);
	judge_age(h);
	judge_memory(h);
	judge_pool(h, "virtual CPUs", "cpus_free", CPU_CAPACITY, CPU_FREE, &w->cpus);
	judge_pool(h, "cores", "cores_free", CORE_CAPACITY, CORE_FREE, &w->cores);
	if (h->domains.n > 0) {
		judge_missing(h);
		r = judge_all_domains(h);
		judge_unsaved(h);
	}
	report_data(h->report, "notifications_lost=%" PRId64 "c log_lines_lost=%" PRId64 "c",
		h->scalars[DROPPED].number, h->scalars[LINES_LOST].number);
	return r;
}

/* Without a table nothing is known of the domain. The check of the host tells why. */
static enum snmp_result judge_one(const struct host *h)
{
	if (h->domains.n > 0)
		return judge_the_domain(h);
	report_problem(h->report, SEVERITY_UNKNOWN, "the agent shows no domains now");
	return SNMP_OK;
}

enum snmp_result judge(struct snmp *s, const struct wishes *w, struct report *report)
{
	struct host h = {.snmp = s, .wishes = w, .report = report, .now = time(NULL)};
	enum snmp_result r = snmp_get(s, scalar_names, h.scalars, N_SCALARS);

	if (r == SNMP_OK && h.scalars[LINK_STATE].type != CELL_NUMBER)
		report_problem(report, SEVERITY_CRITICAL,
			"%s answers without an LDoms agent, or with a view that hides it",
			snmp_host(s));
	else if (r == SNMP_OK)
		r = snmp_walk(s, DOMAIN_ENTRY, domain_columns, N_COLUMNS, &h.domains);
	if (r == SNMP_OK && h.scalars[LINK_STATE].type == CELL_NUMBER)
		r = w->domain ? judge_one(&h) : judge_host(&h);
	for (size_t i = 0; i < N_SCALARS; i++)
		cell_clear(&h.scalars[i]);
	rows_clear(&h.domains);
	return r;
}
