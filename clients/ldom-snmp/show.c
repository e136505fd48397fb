/*
 * The verbs that only read.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ldoms.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int print(const struct settings *s, struct output *o)
{
	return output_print(o, s->form) == 0 ? EXIT_DONE : EXIT_USAGE;
}

static unsigned long long memory_bytes(const struct cell *size, const struct cell *unit)
{
	return (unsigned long long)size->number * memory_unit_bytes(unit->number);
}

/* "2d 3h 4m", as `ldm list` prints it. */
static void add_uptime(struct output *o, int64_t seconds)
{
	long long minutes = seconds / 60;

	if (seconds == 0)
		output_cell(o, "%s", "");
	else if (minutes >= 1440)
		output_cell(
			o, "%lldd %lldh %lldm", minutes / 1440, minutes / 60 % 24, minutes % 60);
	else if (minutes >= 60)
		output_cell(o, "%lldh %lldm", minutes / 60, minutes % 60);
	else
		output_cell(o, "%lldm", minutes);
}

/* --- list, watch --------------------------------------------------------------------------- */

static void add_domain(struct output *o, const struct row *row, bool for_people)
{
	const struct cell *c = row->cells;
	bool active = c[1].number == OPER_ACTIVE;

	output_cell(o, "%u", row->index[0]);
	output_cell(o, "%s", cell_text(&c[0]));
	output_cell(o, "%s", oper_state_name(c[1].number));
	output_cell(o, "%s", cell_text(&c[2]));
	if (c[3].number > 0)
		output_cell(o, "%lld", (long long)c[3].number);
	else
		output_cell(o, "%s", "");
	output_cell(o, "%lld", (long long)c[4].number);
	if (for_people)
		output_cell(o, "%lluM", memory_bytes(&c[5], &c[6]) >> 20);
	else
		output_cell(o, "%llu", memory_bytes(&c[5], &c[6]));
	if (for_people)
		output_cell(
			o, "%lld.%lld%%", (long long)c[7].number / 10, (long long)c[7].number % 10);
	else if (active)
		output_cell(o, "%lld", (long long)c[7].number);
	else
		output_cell(o, "%s", "");
	if (for_people)
		add_uptime(o, c[8].number);
	else if (active)
		output_cell(o, "%lld", (long long)c[8].number);
	else
		output_cell(o, "%s", "");
	output_cell(o, "%s", operation_status_name(c[9].number));
	output_cell(o, "%s", cell_text(&c[10]));
}

int verb_list(const struct settings *s, int argc, char **argv)
{
	static const struct output_column columns[] = {{NULL, "index", ALIGN_RIGHT, KIND_NUMBER},
		{"NAME", "name", ALIGN_LEFT, KIND_TEXT}, {"STATE", "state", ALIGN_LEFT, KIND_TEXT},
		{"FLAGS", "flags", ALIGN_LEFT, KIND_TEXT},
		{"CONS", "consolePort", ALIGN_RIGHT, KIND_NUMBER},
		{"VCPU", "vcpus", ALIGN_RIGHT, KIND_NUMBER},
		{"MEMORY", "memoryBytes", ALIGN_RIGHT, KIND_NUMBER},
		{"UTIL", "utilizationPermille", ALIGN_RIGHT, KIND_NUMBER},
		{"UPTIME", "uptimeSeconds", ALIGN_LEFT, KIND_NUMBER},
		{NULL, "operation", ALIGN_LEFT, KIND_TEXT}, {NULL, "uuid", ALIGN_LEFT, KIND_TEXT}};
	static const uint32_t wanted[] = {DOMAIN_NAME, DOMAIN_OPER_STATE, DOMAIN_FLAGS,
		DOMAIN_CONSOLE, DOMAIN_NUM_VCPU, DOMAIN_MEM_SIZE, DOMAIN_MEM_UNIT,
		DOMAIN_UTILIZATION, DOMAIN_UPTIME, DOMAIN_OPERATION_STATUS, DOMAIN_UUID};
	struct rows rows;

	(void)argv;
	if (argc > 0) {
		fprintf(stderr, "ldom-snmp: list takes no arguments\n");
		return EXIT_USAGE;
	}
	enum snmp_result r = snmp_walk(s->snmp, DOMAIN_ENTRY, wanted, COUNT(wanted), &rows);
	if (r != SNMP_OK)
		return exit_status_of(r);
	struct output *o = output_new(columns, COUNT(columns));
	for (size_t i = 0; i < rows.n; i++)
		add_domain(o, &rows.rows[i], s->form == OUTPUT_TABLE);
	rows_clear(&rows);
	return print(s, o);
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* Until Ctrl-C, or until the host does not answer. */
int verb_watch(const struct settings *s, int argc, char **argv)
{
	int seconds = argc > 0 ? atoi(argv[0]) : 5;
	int status = EXIT_DONE;

	if (argc > 1 || seconds <= 0) {
		fprintf(stderr, "ldom-snmp: watch takes a number of seconds between two looks\n");
		return EXIT_USAGE;
	}
	signal(SIGINT, on_interrupt);
	while (status == EXIT_DONE && !interrupted) {
		/* Clears the screen. */
		if (isatty(STDOUT_FILENO) && s->form == OUTPUT_TABLE)
			fputs("\033[H\033[J", stdout);
		status = verb_list(s, 0, NULL);
		if (status == EXIT_DONE && !interrupted)
			sleep((unsigned int)seconds);
	}
	return status;
}

/* --- show ---------------------------------------------------------------------------------- */

/* ldomRoles is a BITS: the first bit is the most significant one of the first octet. */
static void add_roles(struct output *o, const struct cell *c)
{
	static const char *const roles[] = {"control", "service", "io", "root", "guest"};
	unsigned int octet = c->length > 0 ? (unsigned char)c->text[0] : 0;
	const char *between = "";
	char *text = NULL;
	size_t length;
	FILE *f = open_memstream(&text, &length);

	for (size_t i = 0; f && i < COUNT(roles); i++) {
		if (octet & 0x80u >> i) {
			fprintf(f, "%s%s", between, roles[i]);
			between = ",";
		}
	}
	output_cell(o, "%s", f && fclose(f) == 0 ? text : "");
	free(text);
}

static void add_fact(struct output *o, unsigned int column, const struct cell *c)
{
	static const char *const admin[] = {
		"", "active", "bound", "inactive", "forceStop", "restart"};
	static const char *const units[] = {"", "kilobytes", "megabytes", "gigabytes", "bytes"};
	static const char *const row[] = {"", "active", "notInService", "notReady"};
	static const char *const truth[] = {"", "true", "false"};
	static const char *const migration[] = {"", "none", "ongoing", "done", "failed", "unknown"};
	/* In the order of the columns. words: the names of an enumeration, by number. */
	static const struct {
		const char *name;
		const char *const *words;
		size_t n_words;
	} facts[DOMAIN_COLUMNS + 1] = {[2] = {"name"},
		{"adminState", admin, COUNT(admin)},
		{"operState"},
		{"numVCPU"},
		{"memSize"},
		{"memUnit", units, COUNT(units)},
		{"numCrypto"},
		{"numIOBus"},
		{"uuid"},
		{"macAddress"},
		{"hostID"},
		{"failurePolicy"},
		{"master"},
		{"extMapinSpace"},
		{"threading"},
		{"wholeCore"},
		{"cpuArch"},
		{"shutdownGroup"},
		{"flags"},
		{"roles"},
		{"utilization"},
		{"uptime"},
		{"consolePort"},
		{"template"},
		{"operationStatus"},
		{"operationIndex"},
		{"lastChange"},
		{"rowStatus", row, COUNT(row)},
		{"pending", truth, COUNT(truth)},
		{"degraded", truth, COUNT(truth)},
		{"normUtilization"},
		{"migrationProgress"},
		{"migrationStatus", migration, COUNT(migration)},
		{"migrationSource"},
		{"maxCores"},
		{"bootPolicy"},
		{"perfCounters"},
		{"rcAddPolicy"}};

	output_cell(o, "%s", facts[column].name);
	if (column == DOMAIN_OPER_STATE)
		output_cell(o, "%s", oper_state_name(c->number));
	else if (column == DOMAIN_OPERATION_STATUS)
		output_cell(o, "%s", operation_status_name(c->number));
	else if (column == DOMAIN_ROLES && c->type == CELL_TEXT)
		add_roles(o, c);
	else if (c->type == CELL_TEXT)
		output_cell(o, "%s", c->text);
	else if (c->number > 0 && (size_t)c->number < facts[column].n_words)
		output_cell(o, "%s", facts[column].words[c->number]);
	else
		output_cell(o, "%" PRId64, c->number);
}

int verb_show(const struct settings *s, int argc, char **argv)
{
	static const struct output_column columns[] = {{"OBJECT", "object", ALIGN_LEFT, KIND_TEXT},
		{"VALUE", "value", ALIGN_LEFT, KIND_TEXT}};
	struct name names[DOMAIN_COLUMNS + 1];
	struct cell cells[DOMAIN_COLUMNS + 1];
	uint32_t index;

	if (argc != 1) {
		fprintf(stderr, "ldom-snmp: show takes the name of one domain\n");
		return EXIT_USAGE;
	}
	int status = domain_find(s->snmp, argv[0], &index);
	if (status != EXIT_DONE)
		return status;
	for (uint32_t column = 2; column <= DOMAIN_COLUMNS; column++)
		names[column] = DOMAIN_CELL(column, index);
	enum snmp_result r = snmp_get(s->snmp, &names[2], &cells[2], DOMAIN_COLUMNS - 1);
	struct output *o = r == SNMP_OK ? output_new(columns, COUNT(columns)) : NULL;
	output_cell(o, "index");
	output_cell(o, "%u", index);
	for (unsigned int column = 2; column <= DOMAIN_COLUMNS; column++) {
		if (cells[column].type != CELL_MISSING)
			add_fact(o, column, &cells[column]);
		cell_clear(&cells[column]);
	}
	return r == SNMP_OK ? print(s, o) : exit_status_of(r);
}

/* --- operations ---------------------------------------------------------------------------- */

int verb_operations(const struct settings *s, int argc, char **argv)
{
	static const struct output_column columns[] = {
		{"OP", "operation", ALIGN_RIGHT, KIND_NUMBER},
		{NULL, "transaction", ALIGN_RIGHT, KIND_NUMBER},
		{"DOMAIN", "domain", ALIGN_LEFT, KIND_TEXT},
		{"STATUS", "status", ALIGN_LEFT, KIND_TEXT},
		{NULL, "stepsDone", ALIGN_RIGHT, KIND_NUMBER},
		{NULL, "stepsPlanned", ALIGN_RIGHT, KIND_NUMBER},
		{NULL, "seconds", ALIGN_RIGHT, KIND_NUMBER},
		{"ASKED FOR", "request", ALIGN_LEFT, KIND_TEXT},
		{NULL, "oldValues", ALIGN_LEFT, KIND_TEXT},
		{NULL, "newValues", ALIGN_LEFT, KIND_TEXT},
		{"MESSAGE", "message", ALIGN_BELOW, KIND_TEXT}};
	static const uint32_t wanted[] = {OPERATION_TRANSACTION, OPERATION_NAME, OPERATION_STATUS,
		OPERATION_DONE, OPERATION_PLANNED, OPERATION_DURATION, OPERATION_REQUEST,
		OPERATION_OLD, OPERATION_NEW, OPERATION_MESSAGE};
	struct rows rows;

	if (argc > 1) {
		fprintf(stderr, "ldom-snmp: operations takes the name of one domain, or nothing\n");
		return EXIT_USAGE;
	}
	enum snmp_result r = snmp_walk(s->snmp, OPERATION_ENTRY, wanted, COUNT(wanted), &rows);
	if (r != SNMP_OK)
		return exit_status_of(r);
	struct output *o = output_new(columns, COUNT(columns));
	for (size_t i = 0; i < rows.n; i++) {
		const struct cell *c = rows.rows[i].cells;

		if (argc == 1 && strcmp(cell_text(&c[1]), argv[0]) != 0)
			continue;
		output_cell(o, "%u", rows.rows[i].index[0]);
		output_cell(o, "%lld", (long long)c[0].number);
		output_cell(o, "%s", cell_text(&c[1]));
		output_cell(o, "%s", operation_status_name(c[2].number));
		output_cell(o, "%lld", (long long)c[3].number);
		output_cell(o, "%lld", (long long)c[4].number);
		output_cell(o, "%lld.%02lld", (long long)c[5].number / 100,
			(long long)c[5].number % 100);
		for (size_t k = 6; k < COUNT(wanted); k++)
			output_cell(o, "%s", cell_text(&c[k]));
	}
	rows_clear(&rows);
	return print(s, o);
}

/* --- topology ------------------------------------------------------------------------------ */

/* Disks and networks: who uses what of which service domain. */
struct kind {
	const char *word;
	struct name entry;
	/* Columns: the service domain, its service, the device's name, the device's backend. */
	uint32_t columns[4];
};

static const char *name_of(const struct rows *domains, int64_t index)
{
	for (size_t i = 0; i < domains->n; i++)
		if (domains->rows[i].index[0] == index)
			return cell_text(&domains->rows[i].cells[0]);
	return "?";
}

static enum snmp_result add_kind(const struct settings *s, struct output *o,
	const struct rows *domains, const struct kind *k)
{
	struct rows rows;
	enum snmp_result r = snmp_walk(s->snmp, k->entry, k->columns, COUNT(k->columns), &rows);

	if (r != SNMP_OK)
		return r;
	for (size_t i = 0; i < rows.n; i++) {
		const struct cell *c = rows.rows[i].cells;

		output_cell(o, "%s", c[0].number > 0 ? name_of(domains, c[0].number) : "?");
		output_cell(o, "%s", cell_text(&c[1]));
		output_cell(o, "%s", k->word);
		output_cell(o, "%s", name_of(domains, rows.rows[i].index[0]));
		output_cell(o, "%s", cell_text(&c[2]));
		output_cell(o, "%s", cell_text(&c[3]));
	}
	rows_clear(&rows);
	return SNMP_OK;
}

int verb_topology(const struct settings *s, int argc, char **argv)
{
	static const struct output_column columns[] = {
		{"SERVICE DOMAIN", "serviceDomain", ALIGN_LEFT, KIND_TEXT},
		{"SERVICE", "service", ALIGN_LEFT, KIND_TEXT},
		{"KIND", "kind", ALIGN_LEFT, KIND_TEXT},
		{"CLIENT", "client", ALIGN_LEFT, KIND_TEXT},
		{"DEVICE", "device", ALIGN_LEFT, KIND_TEXT},
		{"VOLUME/MAC", "backend", ALIGN_LEFT, KIND_TEXT}};
	static const struct kind kinds[] = {{"disk", {{1, 12, 1}, 3}, {7, 9, 4, 10}},
		{"network", {{1, 14, 1}, 3}, {12, 13, 4, 5}}};
	static const uint32_t name = DOMAIN_NAME;
	struct rows domains;

	(void)argv;
	if (argc > 0) {
		fprintf(stderr, "ldom-snmp: topology takes no arguments\n");
		return EXIT_USAGE;
	}
	enum snmp_result r = snmp_walk(s->snmp, DOMAIN_ENTRY, &name, 1, &domains);
	if (r != SNMP_OK)
		return exit_status_of(r);
	struct output *o = output_new(columns, COUNT(columns));
	for (size_t i = 0; r == SNMP_OK && i < COUNT(kinds); i++)
		r = add_kind(s, o, &domains, &kinds[i]);
	rows_clear(&domains);
	int printed = print(s, o);
	return r == SNMP_OK ? printed : exit_status_of(r);
}
