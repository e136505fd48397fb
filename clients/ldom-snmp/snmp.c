/*
 * See snmp.h. The functions of net-snmp read the options and snmp.conf, so that users, contexts,
 * ports and MIB paths are given as to snmpget.
 */
#include "snmp.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPETITIONS 40
#define GET_AT_ONCE 40

static const oid root[] = {LDOMS_MIB_ROOT_ARCS};
#define ROOT_LENGTH (sizeof(root) / sizeof(root[0]))

struct snmp {
	netsnmp_session *session;
	char *host;
	long version;
	void (*complain)(const char *text);
};

__attribute__((format(printf, 2, 3))) static void complain(
	const struct snmp *s, const char *format, ...)
{
	char *text;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) >= 0) {
		s->complain(text);
		free(text);
	}
	va_end(arguments);
}

/* Reports the last error of a session, in the library's words. */
static void complain_of(const struct snmp *s, netsnmp_session *session)
{
	char *text = NULL;

	snmp_error(session, NULL, NULL, &text);
	complain(s, "%s: %s", s->host ? s->host : "", text ? text : "");
	free(text);
}

void cell_clear(struct cell *c)
{
	free(c->text);
	*c = (struct cell){.type = CELL_MISSING};
}

/* The library's option callback has no user pointer. */
static const char *own_letters;
static void (*own_option)(int option, char *argument);

static void take_own_options(int argc, char *const *argv, int option)
{
	(void)argc, (void)argv;
	if (strchr(own_letters, option))
		own_option(option, optarg);
}

bool snmp_open_command_line(int argc, char **argv, const char *own_options,
	void (*on_own_option)(int option, char *argument), void (*on_error)(const char *text),
	struct snmp **ret, int *ret_next)
{
	/* Only some releases of the library allocate the community in it, so it is never freed. */
	static netsnmp_session parsed;
	struct snmp *s = calloc(1, sizeof(*s));

	own_letters = own_options;
	own_option = on_own_option;
	*ret_next = snmp_parse_args(argc, argv, &parsed, own_options, take_own_options);
	if (*ret_next < 0 || !s) {
		free(s);
		return false;
	}
	SOCK_STARTUP;
	s->complain = on_error;
	s->version = parsed.version;
	s->host = parsed.peername ? strdup(parsed.peername) : NULL;
	s->session = snmp_open(&parsed);
	if (!s->session || !s->host) {
		complain_of(s, &parsed);
		snmp_free(s);
		*ret_next = NETSNMP_PARSE_ARGS_ERROR;
		return false;
	}
	*ret = s;
	return true;
}

void snmp_free(struct snmp *s)
{
	if (!s)
		return;
	if (s->session)
		snmp_close(s->session);
	free(s->host);
	free(s);
}

const char *snmp_host(const struct snmp *s)
{
	return s->host;
}

/* --- names and values ---------------------------------------------------------------------- */

bool snmp_name_fits(size_t arcs)
{
	return arcs <= NAME_MAX_ARCS && ROOT_LENGTH + arcs <= MAX_OID_LEN;
}

static size_t full_name(const struct name *name, oid *ret)
{
	memcpy(ret, root, sizeof(root));
	for (size_t i = 0; i < name->n; i++)
		ret[ROOT_LENGTH + i] = name->arcs[i];
	return ROOT_LENGTH + name->n;
}

static bool read_value(const netsnmp_variable_list *v, struct cell *ret)
{
	*ret = (struct cell){.type = CELL_NUMBER};
	switch (v->type) {
	case ASN_INTEGER:
		ret->number = *v->val.integer;
		return true;
	case ASN_UNSIGNED: /* Gauge32 as well */
	case ASN_COUNTER:
	case ASN_TIMETICKS:
		ret->number = (int64_t)(uint32_t)*v->val.integer;
		return true;
	case ASN_COUNTER64:
		ret->number = (int64_t)((uint64_t)v->val.counter64->high << 32 |
					(uint32_t)v->val.counter64->low);
		return true;
	case ASN_OCTET_STR:
		ret->type = CELL_TEXT;
		ret->text = malloc(v->val_len + 1);
		if (!ret->text)
			return false;
		memcpy(ret->text, v->val.string, v->val_len);
		ret->text[v->val_len] = '\0';
		ret->length = v->val_len;
		return true;
	default:
		*ret = (struct cell){.type = CELL_MISSING};
		return true;
	}
}

/* --- exchanges ----------------------------------------------------------------------------- */

/* Reports the error-status of a read. */
static enum snmp_result read_refused(const struct snmp *s, long errstat)
{
	complain(s, "%s: %s", s->host, snmp_errstring((int)errstat));
	return errstat == SNMP_ERR_GENERR ? SNMP_AGENT_FAILS : SNMP_CANNOT_ASK;
}

/* Sends the PDU and waits for the response. On SNMP_OK the caller frees the response. */
static enum snmp_result exchange(struct snmp *s, netsnmp_pdu *pdu, netsnmp_pdu **ret)
{
	netsnmp_pdu *response = NULL;
	int status = snmp_synch_response(s->session, pdu, &response);

	if (status == STAT_SUCCESS && response) {
		*ret = response;
		return SNMP_OK;
	}
	if (response)
		snmp_free_pdu(response);
	int error = 0;
	snmp_error(s->session, NULL, &error, NULL);
	/* In version 3 the library first looks for the engine, and reports a timeout of that only
	 * as the session's error. */
	if (status == STAT_TIMEOUT || error == SNMPERR_TIMEOUT) {
		complain(s, "%s does not answer", s->host);
		return SNMP_NO_ANSWER;
	}
	complain_of(s, s->session);
	return SNMP_CANNOT_ASK;
}

/* Asks for n values in one PDU. A value that is not there leaves its cell as it is. */
static enum snmp_result get_some(
	struct snmp *s, const struct name *names, struct cell *cells, size_t n)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET), *response;

	for (size_t i = 0; i < n; i++) {
		oid full[MAX_OID_LEN];
		size_t length = full_name(&names[i], full);

		snmp_add_null_var(pdu, full, length);
	}
	enum snmp_result r = exchange(s, pdu, &response);
	if (r != SNMP_OK)
		return r;
	const netsnmp_variable_list *v = response->variables;
	for (size_t i = 0; i < n && v && response->errstat == SNMP_ERR_NOERROR; i++) {
		if (!read_value(v, &cells[i]))
			r = SNMP_CANNOT_ASK;
		v = v->next_variable;
	}
	/* In version 1, noSuchName says that there is no such instance. */
	if (response->errstat != SNMP_ERR_NOERROR && response->errstat != SNMP_ERR_NOSUCHNAME)
		r = read_refused(s, response->errstat);
	snmp_free_pdu(response);
	return r;
}

enum snmp_result snmp_get(struct snmp *s, const struct name *names, struct cell *cells, size_t n)
{
	/* In version 1 a missing instance is an error of the whole PDU. */
	size_t most = s->version == SNMP_VERSION_1 ? 1 : GET_AT_ONCE;
	enum snmp_result r = SNMP_OK;

	for (size_t i = 0; i < n; i++)
		cells[i] = (struct cell){.type = CELL_MISSING};
	for (size_t i = 0; i < n && r == SNMP_OK; i += most)
		r = get_some(s, &names[i], &cells[i], n - i < most ? n - i : most);
	return r;
}

/* --- tables -------------------------------------------------------------------------------- */

void rows_clear(struct rows *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->n_columns; k++)
			cell_clear(&r->rows[i].cells[k]);
		free(r->rows[i].cells);
	}
	free(r->rows);
	*r = (struct rows){0};
}

static bool is_index(const struct row *row, const oid *index, size_t n)
{
	if (row->n_index != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (row->index[i] != index[i])
			return false;
	return true;
}

/*
 * The row with this index. make: adds the row, which only the first column does, so that a row that
 * appears while the other columns are read is left out. hint: where to look first. NULL: no such
 * row, or no memory.
 */
static struct row *row_of(struct rows *rows, const oid *index, size_t n, bool make, size_t *hint)
{
	for (size_t i = 0; !make && i < rows->n; i++) {
		size_t at = (*hint + i) % rows->n;

		if (is_index(&rows->rows[at], index, n)) {
			*hint = at + 1;
			return &rows->rows[at];
		}
	}
	if (!make || n > INDEX_MAX)
		return NULL;
	struct row *more = reallocarray(rows->rows, rows->n + 1, sizeof(*more));
	if (!more)
		return NULL;
	rows->rows = more;
	struct row *row = &more[rows->n];
	*row = (struct row){.n_index = n, .cells = calloc(rows->n_columns, sizeof(struct cell))};
	if (!row->cells)
		return NULL;
	for (size_t i = 0; i < n; i++)
		row->index[i] = (uint32_t)index[i];
	rows->n++;
	return row;
}

/* Takes the values of a response that are in the column. false: the column has ended. */
static bool take_column(const netsnmp_pdu *response, struct rows *rows, size_t column, oid *at,
	size_t *length, size_t column_length, size_t *hint)
{
	for (const netsnmp_variable_list *v = response->variables; v; v = v->next_variable) {
		if (v->type == SNMP_ENDOFMIBVIEW || v->name_length <= column_length ||
			snmp_oid_compare(v->name, column_length, at, column_length) != 0 ||
			snmp_oid_compare(v->name, v->name_length, at, *length) <= 0)
			return false;
		struct row *row = row_of(rows, v->name + column_length,
			v->name_length - column_length, column == 0, hint);
		if (row && !read_value(v, &row->cells[column]))
			return false;
		memcpy(at, v->name, v->name_length * sizeof(oid));
		*length = v->name_length;
	}
	return response->variables != NULL;
}

static enum snmp_result walk_column(
	struct snmp *s, struct name name, struct rows *rows, size_t column)
{
	oid at[MAX_OID_LEN];
	size_t length = full_name(&name, at), column_length = length, hint = 0;

	for (bool more = true; more;) {
		bool bulk = s->version != SNMP_VERSION_1;
		netsnmp_pdu *pdu = snmp_pdu_create(bulk ? SNMP_MSG_GETBULK : SNMP_MSG_GETNEXT);
		netsnmp_pdu *response;

		if (bulk) {
			pdu->non_repeaters = 0;
			pdu->max_repetitions = REPETITIONS;
		}
		snmp_add_null_var(pdu, at, length);
		enum snmp_result r = exchange(s, pdu, &response);
		if (r != SNMP_OK)
			return r;
		more = response->errstat == SNMP_ERR_NOERROR &&
		       take_column(response, rows, column, at, &length, column_length, &hint);
		if (response->errstat != SNMP_ERR_NOERROR &&
			response->errstat != SNMP_ERR_NOSUCHNAME)
			r = read_refused(s, response->errstat);
		snmp_free_pdu(response);
		if (r != SNMP_OK)
			return r;
	}
	return SNMP_OK;
}

enum snmp_result snmp_walk(struct snmp *s, struct name entry, const uint32_t *columns,
	size_t n_columns, struct rows *ret)
{
	struct rows rows = {.n_columns = n_columns};
	enum snmp_result r = SNMP_OK;

	for (size_t i = 0; i < n_columns && r == SNMP_OK; i++) {
		struct name name = entry;

		name.arcs[name.n++] = columns[i];
		r = walk_column(s, name, &rows, i);
	}
	if (r != SNMP_OK)
		rows_clear(&rows);
	else
		*ret = rows;
	return r;
}

/* --- changes ------------------------------------------------------------------------------- */

static void add_change(netsnmp_pdu *pdu, const struct change *c)
{
	oid full[MAX_OID_LEN];
	size_t length = full_name(&c->name, full);
	int32_t integer = (int32_t)c->number;
	uint32_t number = (uint32_t)c->number;

	if (c->type == 's')
		snmp_pdu_add_variable(pdu, full, length, ASN_OCTET_STR, c->text, strlen(c->text));
	else if (c->type == 'u')
		snmp_pdu_add_variable(pdu, full, length, ASN_UNSIGNED, &number, sizeof(number));
	else
		snmp_pdu_add_variable(pdu, full, length, ASN_INTEGER, &integer, sizeof(integer));
}

enum snmp_result snmp_set(struct snmp *s, const struct change *changes, size_t n, long *ret_error,
	size_t *ret_position)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_SET), *response;
	int retries = s->session->retries;

	for (size_t i = 0; i < n; i++)
		add_change(pdu, &changes[i]);
	/* snmpd cannot tell a PDU that is sent again from a new SET of the same values. */
	s->session->retries = 0;
	enum snmp_result r = exchange(s, pdu, &response);
	s->session->retries = retries;
	if (r != SNMP_OK)
		return r;
	*ret_error = response->errstat;
	*ret_position = response->errindex > 0 && (size_t)response->errindex <= n
				? (size_t)response->errindex - 1
				: n;
	snmp_free_pdu(response);
	return SNMP_OK;
}

const char *snmp_error_name(long error)
{
	static const char *const names[] = {"noError", "tooBig", "noSuchName", "badValue",
		"readOnly", "genErr", "noAccess", "wrongType", "wrongLength", "wrongEncoding",
		"wrongValue", "noCreation", "inconsistentValue", "resourceUnavailable",
		"commitFailed", "undoFailed", "authorizationError", "notWritable",
		"inconsistentName"};

	if (error < 0 || (size_t)error >= sizeof(names) / sizeof(names[0]))
		return "an error that SNMP does not know";
	return names[error];
}
