/*
 * What the clients ask an SNMP agent for: single cells, whole tables, one SET. All names are below
 * the root of LDOMS-MIB.
 */
#ifndef LDOM_SNMP_SNMP_H
#define LDOM_SNMP_SNMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_MAX     3
#define NAME_MAX_ARCS 118 /* below the root: group or entry, column, index */

struct name {
	uint32_t arcs[NAME_MAX_ARCS];
	size_t n;
};
#define NAME(...)                                                                                  \
	((struct name){                                                                            \
		.arcs = {__VA_ARGS__}, .n = sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)})

/* A value. text is allocated; length does not count the NUL at its end. */
struct cell {
	enum { CELL_MISSING, CELL_NUMBER, CELL_TEXT } type;
	int64_t number;
	char *text;
	size_t length;
};
void cell_clear(struct cell *c);

struct snmp;

enum snmp_result {
	SNMP_OK,
	SNMP_NO_ANSWER,	  /* the request was sent, and no response came */
	SNMP_CANNOT_ASK,  /* the request was not sent, or access control refused it */
	SNMP_AGENT_FAILS, /* genErr: snmpd answers, but the agent behind snmpd does not */
};

/*
 * Reads the SNMP options of the command line and opens a session; *ret_next is the index of the
 * first argument after HOST. on_error() gets the reason of each failed request, now and later.
 * false: the session cannot be opened, and *ret_next is NETSNMP_PARSE_ARGS_...; the library has
 * printed mistakes in the options to stderr.
 */
bool snmp_open_command_line(int argc, char **argv, const char *own_options,
	void (*on_own_option)(int option, char *argument), void (*on_error)(const char *text),
	struct snmp **ret, int *ret_next);
void snmp_free(struct snmp *s);
const char *snmp_host(const struct snmp *s);

/* Whether an OID with so many arcs below the root is short enough for SNMP (RFC 2578, 3.5). */
bool snmp_name_fits(size_t arcs);

/*
 * Sets cells[i] to the value of names[i], or to CELL_MISSING if there is no such instance. Up to 40
 * values come from one PDU, except in version 1. The caller clears the cells.
 */
enum snmp_result snmp_get(struct snmp *s, const struct name *names, struct cell *cells, size_t n);

struct row {
	uint32_t index[INDEX_MAX];
	size_t n_index;
	struct cell *cells; /* one for each column asked for */
};
struct rows {
	struct row *rows; /* in the agent's order, by index */
	size_t n, n_columns;
};
/* Reads columns of the table with this entry. *ret is set on SNMP_OK; rows_clear() frees it. */
enum snmp_result snmp_walk(struct snmp *s, struct name entry, const uint32_t *columns,
	size_t n_columns, struct rows *ret);
void rows_clear(struct rows *r);

struct change {
	struct name name;
	char type; /* 'i', 'u' or 's' */
	int64_t number;
	const char *text; /* borrowed */
};
/*
 * Sends one PDU, once. SNMP_NO_ANSWER: the agent may have carried out the SET. *ret_error: the
 * error-status, 0 for noError; *ret_position: which change the agent refuses, from 0; n: not known.
 */
enum snmp_result snmp_set(struct snmp *s, const struct change *changes, size_t n, long *ret_error,
	size_t *ret_position);
const char *snmp_error_name(long error);

#endif
