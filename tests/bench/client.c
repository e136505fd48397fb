/*
 * A manager that is fast enough to be no part of what it measures: net-snmp's library, one session,
 * no names, no printing but of the result.
 *
 *   client HOST:PORT get SECONDS OID [HOST:PORT]   one GET after the other, to two agents in turn
 *   client HOST:PORT flood SECONDS OID             as many GETs as are answered, WINDOW at a time
 *   client HOST:PORT walk|column|rows SECONDS OID COLUMNS [REPETITIONS]
 *
 * get writes a line for each agent: count and microseconds, "n p50 p99 max". flood writes "n
 * seconds". The walks read the columns 2 to COLUMNS of the entry OID again and again, by GETNEXT,
 * by GETBULK of one column, by GETBULK of all columns at once as snmptable -CB does, and write
 * "varbinds seconds".
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/number.h"

#define WINDOW	     16 /* snmpd has 60 places for what waits for a subagent */
#define ROWS	     10 /* repetitions that snmptable asks for */
#define REPETITIONS  50 /* of a column alone, if the command line does not say */
#define SAMPLES_MAX  1000000
#define MICROSECONDS 1000000

struct name {
	oid arcs[MAX_OID_LEN];
	size_t length;
};

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "client: %s\n", what);
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * MICROSECONDS + (uint64_t)t.tv_nsec / 1000;
}

static struct name read_name(const char *text)
{
	struct name n = {.length = MAX_OID_LEN};

	if (!read_objid(text, n.arcs, &n.length))
		fail("bad OID");
	return n;
}

static netsnmp_session *open_session(char *peer)
{
	netsnmp_session wanted, *s;

	snmp_sess_init(&wanted);
	wanted.peername = peer;
	wanted.version = SNMP_VERSION_2c;
	wanted.community = (u_char *)"public";
	wanted.community_len = strlen("public");
	wanted.timeout = 5 * MICROSECONDS;
	wanted.retries = 0;
	s = snmp_open(&wanted);
	if (!s)
		fail("no session");
	return s;
}

static netsnmp_pdu *ask(netsnmp_session *s, netsnmp_pdu *request)
{
	netsnmp_pdu *answer = NULL;

	if (snmp_synch_response(s, request, &answer) != STAT_SUCCESS || !answer)
		fail("no answer");
	if (answer->errstat != SNMP_ERR_NOERROR)
		fail(snmp_errstring((int)answer->errstat));
	return answer;
}

static netsnmp_pdu *new_get(const struct name *n)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

	snmp_add_null_var(pdu, n->arcs, n->length);
	return pdu;
}

/* --- one after the other ---------------------------------------------------------------------- */

struct times {
	uint64_t *us;
	size_t n;
};

static void measure(netsnmp_session *s, const struct name *n, struct times *t)
{
	uint64_t begun = now_us();

	snmp_free_pdu(ask(s, new_get(n)));
	if (t->n < SAMPLES_MAX)
		t->us[t->n++] = now_us() - begun;
}

static int compare_us(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void report(struct times *t)
{
	qsort(t->us, t->n, sizeof(*t->us), compare_us);
	printf("%zu %llu %llu %llu\n", t->n, (unsigned long long)t->us[t->n / 2],
		(unsigned long long)t->us[t->n - 1 - t->n / 100],
		(unsigned long long)t->us[t->n - 1]);
}

static void run_get(char *const *peers, size_t n_peers, uint64_t seconds, const struct name *n)
{
	uint64_t end = now_us() + seconds * MICROSECONDS;
	netsnmp_session *sessions[2];
	struct times times[2] = {{0}};

	for (size_t i = 0; i < n_peers; i++) {
		sessions[i] = open_session(peers[i]);
		times[i].us = calloc(SAMPLES_MAX, sizeof(uint64_t));
		if (!times[i].us)
			fail("no memory");
	}
	while (now_us() < end)
		for (size_t i = 0; i < n_peers; i++)
			measure(sessions[i], n, &times[i]);
	for (size_t i = 0; i < n_peers; i++)
		report(&times[i]);
}

/* --- many at a time --------------------------------------------------------------------------- */

struct flood {
	size_t out, answered;
};

static int on_answer(int op, netsnmp_session *s, int reqid, netsnmp_pdu *pdu, void *magic)
{
	struct flood *f = magic;

	(void)s, (void)reqid, (void)pdu;
	f->out--;
	f->answered += op == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE;
	return 1;
}

static void read_answers(void)
{
	struct timeval wait = {.tv_usec = 100000};
	int n = 0, block = 0;
	fd_set fds;

	FD_ZERO(&fds);
	snmp_select_info(&n, &fds, &wait, &block);
	if (select(n, &fds, NULL, NULL, &wait) > 0)
		snmp_read(&fds);
	else
		snmp_timeout();
}

static void run_flood(char *peer, uint64_t seconds, const struct name *n)
{
	netsnmp_session *s = open_session(peer);
	uint64_t begun = now_us(), end = begun + seconds * MICROSECONDS;
	struct flood f = {0};

	while (now_us() < end) {
		for (; f.out < WINDOW; f.out++)
			if (!snmp_async_send(s, new_get(n), on_answer, &f))
				fail("cannot send");
		read_answers();
	}
	printf("%zu %.3f\n", f.answered, (double)(now_us() - begun) / MICROSECONDS);
}

/* --- walks ------------------------------------------------------------------------------------ */

static bool is_below(const struct name *where, const netsnmp_variable_list *vb)
{
	return vb->name_length > where->length && vb->type != SNMP_ENDOFMIBVIEW &&
	       snmp_oidtree_compare(vb->name, where->length, where->arcs, where->length) == 0;
}

static void take_name(struct name *n, const netsnmp_variable_list *vb)
{
	memcpy(n->arcs, vb->name, vb->name_length * sizeof(oid));
	n->length = vb->name_length;
}

static netsnmp_pdu *new_next(const struct name *names, size_t n, long repetitions)
{
	netsnmp_pdu *pdu = snmp_pdu_create(repetitions ? SNMP_MSG_GETBULK : SNMP_MSG_GETNEXT);

	if (repetitions) {
		pdu->non_repeaters = 0;
		pdu->max_repetitions = repetitions;
	}
	for (size_t i = 0; i < n; i++)
		snmp_add_null_var(pdu, names[i].arcs, names[i].length);
	return pdu;
}

/* Columns next to each other, all of the same rows, until the first of them ends. */
static size_t read_columns(
	netsnmp_session *s, const struct name *columns, size_t n, long repetitions)
{
	struct name *at = calloc(n, sizeof(*at));
	size_t varbinds = 0;
	bool more = true;

	if (!at)
		fail("no memory");
	memcpy(at, columns, n * sizeof(*at));
	while (more) {
		netsnmp_pdu *answer = ask(s, new_next(at, n, repetitions));
		size_t i = 0;

		for (netsnmp_variable_list *vb = answer->variables; vb && more;
			vb = vb->next_variable, i++) {
			more = is_below(&columns[i % n], vb);
			varbinds += more;
			take_name(&at[i % n], vb);
		}
		snmp_free_pdu(answer);
	}
	free(at);
	return varbinds;
}

/* repetitions of a GETBULK; 0: GETNEXT */
static size_t read_table(
	netsnmp_session *s, bool rows, const struct name *columns, size_t n, long repetitions)
{
	size_t varbinds = 0;

	if (rows)
		return read_columns(s, columns, n, repetitions);
	for (size_t i = 0; i < n; i++)
		varbinds += read_columns(s, &columns[i], 1, repetitions);
	return varbinds;
}

static long default_repetitions(const char *how)
{
	if (strcmp(how, "walk") == 0)
		return 0;
	return strcmp(how, "rows") == 0 ? ROWS : REPETITIONS;
}

static void run_walk(char *peer, bool rows, uint64_t seconds, const struct name *entry,
	uint64_t last, long repetitions)
{
	netsnmp_session *s = open_session(peer);
	struct name *columns = calloc(last, sizeof(*columns));
	uint64_t begun = now_us(), end = begun + seconds * MICROSECONDS;
	size_t varbinds = 0;

	if (!columns)
		fail("no memory");
	for (uint64_t i = 2; i <= last; i++) {
		columns[i - 2] = *entry;
		columns[i - 2].arcs[columns[i - 2].length++] = (oid)i;
	}
	while (now_us() < end)
		varbinds += read_table(s, rows, columns, last - 1, repetitions);
	printf("%zu %.3f\n", varbinds, (double)(now_us() - begun) / MICROSECONDS);
	free(columns);
}

int main(int argc, char **argv)
{
	uint64_t seconds, columns, repetitions;
	struct name n;

	if (argc < 5 || parse_u64(argv[3], &seconds) < 0)
		fail("usage: HOST:PORT get|flood|walk|column|rows SECONDS OID [...]");
	init_snmp("client");
	n = read_name(argv[4]);
	if (strcmp(argv[2], "get") == 0)
		run_get((char *[]){argv[1], argv[5]}, argc > 5 ? 2 : 1, seconds, &n);
	else if (strcmp(argv[2], "flood") == 0)
		run_flood(argv[1], seconds, &n);
	else if (argc <= 5 || parse_u64(argv[5], &columns) < 0 || columns < 2)
		fail("how many columns?");
	else if (argc > 6 && parse_u64(argv[6], &repetitions) < 0)
		fail("how many repetitions?");
	else
		run_walk(argv[1], strcmp(argv[2], "rows") == 0, seconds, &n, columns,
			argc > 6 ? (long)repetitions : default_repetitions(argv[2]));
	return 0;
}
