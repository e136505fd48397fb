/*
 * The verbs that change something: send one SET, then follow its operations to their end.
 *
 * A SET names rows by number, and people name domains. So the PDU also writes ldomName: if the row
 * is another domain by now, the agent refuses the PDU, and nothing is changed. A PDU is never sent
 * twice; if its answer is lost, the operation table tells whether the PDU arrived.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "ldoms.h"

#define DOMAINS_MAX	64
#define CHANGES_MAX	(DOMAINS_MAX * 8)
#define FIRST_LOOK_MS	100
#define LAST_LOOK_MS	1000
#define LOST_PATIENCE_S 10 /* for an operation to show after an answer was lost */

enum { ROW_CREATE_AND_GO = 4, ROW_DESTROY = 6 };

/* One domain of the PDU. */
struct target {
	const char *name;
	uint32_t index;		  /* 0: the host; then name is the name of a configuration */
	int64_t operation_before; /* ldomOperationIndex when the PDU was sent */
	int64_t operation;	  /* the one that the PDU began; 0: not seen yet */
	int64_t status;
};

struct request {
	const struct settings *settings;
	struct target targets[DOMAINS_MAX];
	size_t n_targets;
	struct change changes[CHANGES_MAX];
	size_t owners[CHANGES_MAX]; /* target of each change */
	size_t n_changes;
	int64_t memory_unit;	/* ldomMemUnit of the host; 0: not asked yet */
	int64_t refusals;	/* ldomSetsRefused before the PDU; -1: not known */
	struct output *outcome; /* for programs; NULL: people get a line for each domain */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* --- what is asked ------------------------------------------------------------------------- */

static int add_change(
	struct request *q, uint32_t column, char type, int64_t number, const char *text)
{
	if (q->n_changes == CHANGES_MAX) {
		fprintf(stderr, "ldom-snmp: too much for one SET\n");
		return EXIT_USAGE;
	}
	q->owners[q->n_changes] = q->n_targets - 1;
	q->changes[q->n_changes++] = (struct change){
		.name = DOMAIN_CELL(column, q->targets[q->n_targets - 1].index),
		.type = type,
		.number = number,
		.text = text,
	};
	return EXIT_DONE;
}

static int add_target(struct request *q, const char *name, uint32_t index)
{
	if (q->n_targets == DOMAINS_MAX) {
		fprintf(stderr, "ldom-snmp: too many domains for one SET\n");
		return EXIT_USAGE;
	}
	q->targets[q->n_targets++] = (struct target){.name = name, .index = index};
	/* The agent refuses the PDU if the row is another domain. A new row gets this name. */
	return add_change(q, DOMAIN_NAME, 's', 0, name);
}

static int add_found(struct request *q, const char *name)
{
	uint32_t index;
	int status = domain_find(q->settings->snmp, name, &index);

	return status == EXIT_DONE ? add_target(q, name, index) : status;
}

static int add_count(struct request *q, uint32_t column, const char *key, const char *value)
{
	char *end;

	errno = 0;
	unsigned long n = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || errno || n > 65535) {
		fprintf(stderr, "ldom-snmp: %s=%s: a number up to 65535 was expected\n", key,
			value);
		return EXIT_USAGE;
	}
	return add_change(q, column, 'u', (int64_t)n, NULL);
}

static int read_memory_unit(struct request *q, uint64_t *ret_bytes)
{
	static const uint32_t column = DOMAIN_MEM_UNIT;
	struct rows rows;

	if (q->memory_unit == 0) {
		enum snmp_result r = snmp_walk(q->settings->snmp, DOMAIN_ENTRY, &column, 1, &rows);
		if (r != SNMP_OK)
			return exit_status_of(r);
		if (rows.n > 0)
			q->memory_unit = rows.rows[0].cells[0].number;
		rows_clear(&rows);
	}
	*ret_bytes = memory_unit_bytes(q->memory_unit);
	if (*ret_bytes > 0)
		return EXIT_DONE;
	fprintf(stderr, "ldom-snmp: %s does not tell in which unit ldomMemSize is\n",
		snmp_host(q->settings->snmp));
	return EXIT_UNREACHABLE;
}

/* The unit is required: a bare 16 could be meant as gigabytes and taken as megabytes. */
static int add_memory(struct request *q, const char *value)
{
	static const char letters[] = "KMGT";
	char *end;
	uint64_t unit = 0;

	errno = 0;
	unsigned long long n = strtoull(value, &end, 10);
	const char *letter = *end ? strchr(letters, toupper((unsigned char)*end)) : NULL;
	bool number = isdigit((unsigned char)*value) && errno == 0 && n > 0;
	if (!number || !letter || (end[1] && strcasecmp(end + 1, "B") != 0)) {
		fprintf(stderr,
			"ldom-snmp: memory=%s: a number with its unit was expected, as in 16G or "
			"512M\n",
			value);
		return EXIT_USAGE;
	}
	unsigned int shift = 10 * (unsigned int)(letter - letters + 1);
	int status = read_memory_unit(q, &unit);
	if (status != EXIT_DONE)
		return status;
	if (n > UINT64_MAX >> shift || (n << shift) % unit != 0 ||
		(n << shift) / unit > UINT32_MAX) {
		fprintf(stderr,
			"ldom-snmp: memory=%s is too large, or no multiple of the unit of "
			"ldomMemSize there, %" PRIu64 " bytes\n",
			value, unit);
		return EXIT_USAGE;
	}
	return add_change(q, DOMAIN_MEM_SIZE, 'u', (int64_t)((n << shift) / unit), NULL);
}

static int add_state(struct request *q, const char *value)
{
	int state = admin_state_of(value);

	if (state != 0)
		return add_change(q, DOMAIN_ADMIN_STATE, 'i', state, NULL);
	fprintf(stderr,
		"ldom-snmp: state=%s: active, bound, inactive, forceStop or restart was expected\n",
		value);
	return EXIT_USAGE;
}

/* argument: KEY=VALUE, cut into two at the sign. */
static int add_assignment(struct request *q, char *argument, bool creates)
{
	char *value = strchr(argument, '=');

	*value++ = '\0';
	if (strcmp(argument, "vcpu") == 0 || strcmp(argument, "vcpus") == 0)
		return add_count(q, DOMAIN_NUM_VCPU, argument, value);
	if (strcmp(argument, "crypto") == 0)
		return add_count(q, DOMAIN_NUM_CRYPTO, argument, value);
	if (strcmp(argument, "memory") == 0)
		return add_memory(q, value);
	if (strcmp(argument, "state") == 0)
		return add_state(q, value);
	if (strcmp(argument, "template") == 0 && creates)
		return add_change(q, DOMAIN_TEMPLATE, 's', 0, value);
	fprintf(stderr, "ldom-snmp: %s: vcpu, memory, crypto%s or state was expected\n", argument,
		creates ? ", template" : "");
	return EXIT_USAGE;
}

/* The result for each domain, in the forms for programs. */
static const struct output_column outcome_columns[] = {{NULL, "domain", ALIGN_LEFT, KIND_TEXT},
	{NULL, "operation", ALIGN_LEFT, KIND_NUMBER}, {NULL, "status", ALIGN_LEFT, KIND_TEXT},
	{NULL, "stepsDone", ALIGN_LEFT, KIND_NUMBER},
	{NULL, "stepsPlanned", ALIGN_LEFT, KIND_NUMBER}, {NULL, "request", ALIGN_LEFT, KIND_TEXT},
	{NULL, "message", ALIGN_LEFT, KIND_TEXT}};

static void begin_outcome(struct request *q)
{
	if (q->settings->form != OUTPUT_TABLE)
		q->outcome = output_new(
			outcome_columns, sizeof(outcome_columns) / sizeof(outcome_columns[0]));
}

static int end_outcome(struct request *q, int status)
{
	if (q->outcome && output_print(q->outcome, q->settings->form) != 0 && status == EXIT_DONE)
		return EXIT_USAGE;
	return status;
}

/* The object that the change writes: a column of ldomTable, or the scalar that saves. */
static const char *object_name(const struct request *q, size_t i)
{
	static const char *const columns[DOMAIN_COLUMNS + 1] = {[DOMAIN_NAME] = "ldomName",
		[DOMAIN_ADMIN_STATE] = "ldomAdminState",
		[DOMAIN_NUM_VCPU] = "ldomNumVCPU",
		[DOMAIN_MEM_SIZE] = "ldomMemSize",
		[DOMAIN_NUM_CRYPTO] = "ldomNumCrypto",
		[DOMAIN_TEMPLATE] = "ldomTemplate",
		[DOMAIN_ROW_STATUS] = "ldomRowStatus"};

	return q->targets[q->owners[i]].index == 0 ? "ldomSaveConfig"
						   : columns[q->changes[i].name.arcs[3]];
}

static int say_dry_to_program(const struct request *q)
{
	static const struct output_column columns[] = {
		{NULL, "object", ALIGN_LEFT, KIND_TEXT}, {NULL, "value", ALIGN_LEFT, KIND_TEXT}};
	struct output *o = output_new(columns, 2);

	for (size_t i = 0; i < q->n_changes; i++) {
		const struct change *c = &q->changes[i];

		output_cell(o, "%s.%" PRIu32, object_name(q, i), q->targets[q->owners[i]].index);
		if (c->type == 's')
			output_cell(o, "%s", c->text);
		else
			output_cell(o, "%" PRId64, c->number);
	}
	return output_print(o, q->settings->form) == 0 ? EXIT_DONE : EXIT_USAGE;
}

static int say_dry(const struct request *q)
{
	if (q->settings->form != OUTPUT_TABLE)
		return say_dry_to_program(q);
	printf("%s would get one SET:\n", snmp_host(q->settings->snmp));
	for (size_t i = 0; i < q->n_changes; i++) {
		const struct change *c = &q->changes[i];

		printf("  %s.%" PRIu32 " = ", object_name(q, i), q->targets[q->owners[i]].index);
		if (c->type == 's')
			printf("\"%s\"\n", c->text);
		else
			printf("%" PRId64 "\n", c->number);
	}
	return EXIT_DONE;
}

/* --- operations ---------------------------------------------------------------------------- */

static void sleep_ms(unsigned int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* For a domain without a row in ldomTable, because it is gone, not made yet, or the host itself. */
static enum snmp_result find_in_operation_table(struct snmp *s, uint32_t index, int64_t *ret)
{
	static const uint32_t column = OPERATION_DOMAIN;
	struct rows rows;
	enum snmp_result r = snmp_walk(s, OPERATION_ENTRY, &column, 1, &rows);

	*ret = 0;
	if (r != SNMP_OK)
		return r;
	for (size_t i = 0; i < rows.n; i++)
		if (rows.rows[i].cells[0].number == index)
			*ret = rows.rows[i].index[0];
	rows_clear(&rows);
	return SNMP_OK;
}

static enum snmp_result last_operation(struct snmp *s, uint32_t index, int64_t *ret)
{
	struct name name = DOMAIN_CELL(DOMAIN_OPERATION_INDEX, index);
	struct cell cell;
	enum snmp_result r = snmp_get(s, &name, &cell, 1);

	if (r == SNMP_OK && cell.type == CELL_NUMBER)
		*ret = cell.number;
	else if (r == SNMP_OK)
		r = find_in_operation_table(s, index, ret);
	return r;
}

static int exit_status_of_operation(int64_t status)
{
	switch (status) {
	case STATUS_SUCCEEDED:
	case STATUS_NONE:
		return EXIT_DONE;
	case STATUS_FAILED:
		return EXIT_FAILED;
	case STATUS_ROLLED_BACK:
		return EXIT_ROLLED_BACK;
	case STATUS_PARTIAL:
		return EXIT_PARTIAL;
	default:
		return EXIT_UNKNOWN;
	}
}

static bool is_running(int64_t status)
{
	return status == STATUS_RUNNING || status == STATUS_QUEUED;
}

static void show_progress(const struct target *t, const struct cell *cells)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s: %s, %" PRId64 " of %" PRId64 " steps", t->name,
			operation_status_name(t->status), cells[1].number, cells[2].number);
}

static void end_progress(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static void add_outcome(struct output *o, const struct target *t, const struct cell *cells)
{
	output_cell(o, "%s", t->name);
	output_cell(o, "%" PRId64, t->operation);
	output_cell(o, "%s", operation_status_name(t->status));
	output_cell(o, "%" PRId64, cells[1].number);
	output_cell(o, "%" PRId64, cells[2].number);
	output_cell(o, "%s", cell_text(&cells[3]));
	output_cell(o, "%s", cell_text(&cells[4]));
}

/* One line. A program reads successes in the outcome, so its stderr gets only failures. */
static void show_end(const struct target *t, const struct cell *cells, bool for_people)
{
	bool good = exit_status_of_operation(t->status) == EXIT_DONE;
	FILE *to = good ? stdout : stderr;

	end_progress();
	if (good && !for_people)
		return;
	fprintf(to, "%s: %s", t->name, operation_status_name(t->status));
	if (*cell_text(&cells[3])) {
		fputs(" (", to);
		output_text(to, cell_text(&cells[3]), cells[3].length);
		fputc(')', to);
	}
	if (*cell_text(&cells[4])) {
		fputs(": ", to);
		output_text(to, cell_text(&cells[4]), cells[4].length);
	}
	fputc('\n', to);
}

/* Reads the operation once. *ret_ended: it has ended and was shown. last: nobody looks again. */
static enum snmp_result look_at(
	const struct request *q, struct target *t, bool last, bool *ret_ended)
{
	static const uint32_t columns[] = {OPERATION_STATUS, OPERATION_DONE, OPERATION_PLANNED,
		OPERATION_REQUEST, OPERATION_MESSAGE};
	const size_t n = sizeof(columns) / sizeof(columns[0]);
	struct name names[sizeof(columns) / sizeof(columns[0])];
	struct cell cells[sizeof(columns) / sizeof(columns[0])];

	for (size_t i = 0; i < n; i++)
		names[i] = OPERATION_CELL(columns[i], (uint32_t)t->operation);
	enum snmp_result r = snmp_get(q->settings->snmp, names, cells, n);
	if (r == SNMP_OK) {
		/* Only an old operation, which has ended, has no row any more. */
		t->status = cells[0].type == CELL_NUMBER ? cells[0].number : STATUS_UNKNOWN;
		*ret_ended = !is_running(t->status);
		if (*ret_ended)
			show_end(t, cells, !q->outcome);
		else
			show_progress(t, cells);
		if (q->outcome && (*ret_ended || last))
			add_outcome(q->outcome, t, cells);
	}
	for (size_t i = 0; i < n; i++)
		cell_clear(&cells[i]);
	return r;
}

static int say_still_running(const struct settings *s, const struct target *t, const char *why)
{
	end_progress();
	fprintf(stderr,
		"ldom-snmp: %s; operation %" PRId64
		" on \"%s\" goes on. Look at it with: ldom-snmp ... %s operations %s\n",
		why, t->operation, t->name, snmp_host(s->snmp), t->index != 0 ? t->name : "");
	return EXIT_STILL_RUNNING;
}

static int follow_one(const struct request *q, struct target *t, uint64_t until_ms)
{
	unsigned int pause_ms = FIRST_LOOK_MS;

	for (bool ended = false;;) {
		bool last = interrupted || now_ms() >= until_ms;
		enum snmp_result r = look_at(q, t, last, &ended);

		if (r == SNMP_OK && ended)
			return exit_status_of_operation(t->status);
		if (last)
			return say_still_running(q->settings, t,
				interrupted    ? "interrupted"
				: r == SNMP_OK ? "not waiting any longer"
					       : "no answer any more");
		sleep_ms(pause_ms);
		pause_ms = pause_ms * 2 < LAST_LOOK_MS ? pause_ms * 2 : LAST_LOOK_MS;
	}
}

static uint64_t patience_until(const struct settings *s)
{
	return s->patience_s == 0 ? UINT64_MAX : now_ms() + s->patience_s * 1000ull;
}

/* Follows all operations to their end. Returns the highest exit status. */
static int follow(struct request *q)
{
	uint64_t until_ms = patience_until(q->settings);
	int worst = EXIT_DONE;

	for (size_t i = 0; i < q->n_targets; i++) {
		if (q->targets[i].operation == 0)
			continue;
		int status = follow_one(q, &q->targets[i], until_ms);
		if (status > worst)
			worst = status;
	}
	return worst;
}

/* Looks for the operations that the PDU began. *ret_all: each domain has one. */
static enum snmp_result find_operations(struct request *q, bool *ret_all)
{
	bool all = true;

	for (size_t i = 0; i < q->n_targets; i++) {
		struct target *t = &q->targets[i];
		int64_t operation = 0;
		enum snmp_result r = last_operation(q->settings->snmp, t->index, &operation);

		if (r != SNMP_OK)
			return r;
		if (operation != t->operation_before)
			t->operation = operation;
		else
			all = false;
	}
	*ret_all = all;
	return SNMP_OK;
}

/* No answer came, so the PDU may have arrived or not. */
static int after_lost_answer(struct request *q)
{
	uint64_t until_ms = now_ms() + LOST_PATIENCE_S * 1000;
	bool all = false;

	fprintf(stderr, "ldom-snmp: looking whether the SET arrived; it is not sent again\n");
	while (!all && !interrupted && now_ms() < until_ms) {
		(void)find_operations(q, &all);
		if (!all)
			sleep_ms(LAST_LOOK_MS);
	}
	if (all)
		return follow(q);
	fprintf(stderr, "ldom-snmp: no operation is seen; nothing is known of the SET\n");
	return EXIT_UNREACHABLE;
}

static int64_t read_refusals(struct snmp *s)
{
	struct name name = SCALAR(SCALAR_SETS_REFUSED);
	struct cell cell;

	return snmp_get(s, &name, &cell, 1) == SNMP_OK && cell.type == CELL_NUMBER ? cell.number
										   : -1;
}

/*
 * Why the agent refused the SET, in the agent's words; the caller frees. NULL: not known. The agent
 * tells its last refusal, which is an older one if snmpd refused this SET by itself.
 */
static char *read_reason(const struct request *q, long error)
{
	const struct name names[] = {SCALAR(SCALAR_SETS_REFUSED), SCALAR(SCALAR_REFUSAL_ERROR),
		SCALAR(SCALAR_REFUSAL_TEXT)};
	struct cell cells[3];
	char *reason = NULL;

	if (snmp_get(q->settings->snmp, names, cells, 3) == SNMP_OK && q->refusals >= 0 &&
		cells[0].number != q->refusals && cells[1].number == error && *cell_text(&cells[2]))
		reason = strdup(cell_text(&cells[2]));
	for (size_t i = 0; i < 3; i++)
		cell_clear(&cells[i]);
	return reason;
}

static void say_refusal(const struct request *q, long error, size_t position)
{
	enum { NO_ACCESS = 6 };
	const char *who = "the SET";
	char *why = NULL;

	if (position < q->n_changes) {
		who = q->targets[q->owners[position]].name;
		/* noAccess comes from snmpd's access control, which gives no reason. */
		if (error == NO_ACCESS && asprintf(&why, "snmpd does not let this user write %s",
						  object_name(q, position)) < 0)
			why = NULL;
	}
	if (!why)
		why = read_reason(q, error);
	fprintf(stderr, "%s: refused (%s)%s", who, snmp_error_name(error), why ? ": " : "");
	if (why)
		output_text(stderr, why, strlen(why));
	fputc('\n', stderr);
	if (q->outcome) {
		output_cell(q->outcome, "%s", who);
		output_cell(q->outcome, "%s", "");
		output_cell(q->outcome, "refused");
		output_cell(q->outcome, "0");
		output_cell(q->outcome, "0");
		output_cell(q->outcome, "%s", "");
		output_cell(q->outcome, "%s", why ? why : snmp_error_name(error));
	}
	free(why);
}

static int after_answer(struct request *q, long error, size_t position)
{
	enum { COMMIT_FAILED = 14, UNDO_FAILED = 15 };
	bool all;

	if (error != 0 && error != COMMIT_FAILED && error != UNDO_FAILED) {
		say_refusal(q, error, position);
		return EXIT_REFUSED;
	}
	enum snmp_result r = find_operations(q, &all);
	if (r != SNMP_OK)
		return exit_status_of(r);
	/* A SET of what a running operation does already joins that operation. */
	for (size_t i = 0; i < q->n_targets; i++)
		if (q->targets[i].operation == 0)
			q->targets[i].operation = q->targets[i].operation_before;
	if (error == 0 && q->settings->no_wait) {
		for (size_t i = 0; i < q->n_targets; i++) {
			bool ended;

			if (q->outcome)
				(void)look_at(q, &q->targets[i], true, &ended);
			else
				printf("%s: operation %" PRId64 "\n", q->targets[i].name,
					q->targets[i].operation);
		}
		return EXIT_DONE;
	}
	int status = follow(q);
	return error != 0 && status == EXIT_DONE ? EXIT_FAILED : status;
}

static int send_request(struct request *q)
{
	struct snmp *s = q->settings->snmp;
	long error = 0;
	size_t position = 0;

	if (q->settings->dry_run)
		return say_dry(q);
	for (size_t i = 0; i < q->n_targets; i++) {
		enum snmp_result r =
			last_operation(s, q->targets[i].index, &q->targets[i].operation_before);
		if (r != SNMP_OK)
			return exit_status_of(r);
	}
	q->refusals = read_refusals(s);
	begin_outcome(q);
	/* From now on Ctrl-C does not just end the program, but tells which operation goes on. */
	signal(SIGINT, on_interrupt);
	switch (snmp_set(s, q->changes, q->n_changes, &error, &position)) {
	case SNMP_OK:
		return end_outcome(q, after_answer(q, error, position));
	case SNMP_NO_ANSWER:
		return end_outcome(q, after_lost_answer(q));
	default:
		return end_outcome(q, EXIT_UNREACHABLE);
	}
}

/* --- the verbs ----------------------------------------------------------------------------- */

/* NAME key=value ... [NAME key=value ...] */
int verb_set(const struct settings *s, int argc, char **argv)
{
	static struct request q;
	int status = EXIT_DONE;
	bool asks = false;

	q = (struct request){.settings = s};
	for (int i = 0; i < argc && status == EXIT_DONE; i++) {
		bool assignment = strchr(argv[i], '=') != NULL;

		if (!assignment && q.n_targets > 0 && !asks)
			break;
		if (assignment && q.n_targets == 0)
			break;
		status = assignment ? add_assignment(&q, argv[i], false) : add_found(&q, argv[i]);
		asks = assignment;
	}
	if (status != EXIT_DONE)
		return status;
	if (!asks) {
		fprintf(stderr,
			"ldom-snmp: set takes NAME and what to set, as in: set web01 vcpu=8 "
			"memory=16G\n");
		return EXIT_USAGE;
	}
	return send_request(&q);
}

int verb_create(const struct settings *s, int argc, char **argv)
{
	static struct request q;
	struct name next = SCALAR(SCALAR_NEXT_INDEX);
	struct cell cell;

	q = (struct request){.settings = s};
	if (argc < 2 || strchr(argv[0], '=')) {
		fprintf(stderr,
			"ldom-snmp: create takes NAME and what it gets, as in: create web02 "
			"vcpu=8 memory=16G, or template=TEMPLATE\n");
		return EXIT_USAGE;
	}
	enum snmp_result r = snmp_get(s->snmp, &next, &cell, 1);
	if (r != SNMP_OK || cell.type != CELL_NUMBER) {
		if (r == SNMP_OK)
			fprintf(stderr, "ldom-snmp: %s has no LDoms agent\n", snmp_host(s->snmp));
		return EXIT_UNREACHABLE;
	}
	int status = add_target(&q, argv[0], (uint32_t)cell.number);
	for (int i = 1; i < argc && status == EXIT_DONE; i++) {
		if (!strchr(argv[i], '=')) {
			fprintf(stderr, "ldom-snmp: %s: key=value was expected\n", argv[i]);
			return EXIT_USAGE;
		}
		status = add_assignment(&q, argv[i], true);
	}
	if (status == EXIT_DONE)
		status = add_change(&q, DOMAIN_ROW_STATUS, 'i', ROW_CREATE_AND_GO, NULL);
	return status == EXIT_DONE ? send_request(&q) : status;
}

int verb_destroy(const struct settings *s, int argc, char **argv)
{
	static struct request q;

	q = (struct request){.settings = s};
	if (argc != 1) {
		fprintf(stderr, "ldom-snmp: destroy takes the name of one domain\n");
		return EXIT_USAGE;
	}
	int status = add_found(&q, argv[0]);
	if (status == EXIT_DONE)
		status = add_change(&q, DOMAIN_ROW_STATUS, 'i', ROW_DESTROY, NULL);
	return status == EXIT_DONE ? send_request(&q) : status;
}

int verb_save(const struct settings *s, int argc, char **argv)
{
	static struct request q;

	if (argc != 1) {
		fprintf(stderr, "ldom-snmp: save takes the name of a new configuration\n");
		return EXIT_USAGE;
	}
	q = (struct request){
		.settings = s,
		.targets = {{.name = argv[0]}},
		.n_targets = 1,
		.changes = {{.name = SCALAR(SCALAR_SAVE_CONFIG), .type = 's', .text = argv[0]}},
		.n_changes = 1,
	};
	return send_request(&q);
}

/* Waits for the last operation on a domain; the exit status is that of the operation. */
int verb_wait(const struct settings *s, int argc, char **argv)
{
	static struct request q;
	struct target *t = &q.targets[0];

	if (argc != 1) {
		fprintf(stderr, "ldom-snmp: wait takes the name of one domain\n");
		return EXIT_USAGE;
	}
	q = (struct request){.settings = s, .targets = {{.name = argv[0]}}, .n_targets = 1};
	int status = domain_find(s->snmp, t->name, &t->index);
	if (status != EXIT_DONE)
		return status;
	enum snmp_result r = last_operation(s->snmp, t->index, &t->operation);
	if (r != SNMP_OK)
		return exit_status_of(r);
	begin_outcome(&q);
	if (t->operation == 0 && !q.outcome)
		printf("%s: no operation is known\n", t->name);
	signal(SIGINT, on_interrupt);
	return end_outcome(&q, follow(&q));
}
