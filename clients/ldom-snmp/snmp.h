/*
 * What the command asks of an SNMP agent: single cells, whole tables, one SET. All names are below
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

/* A value; text is allocated and ends in a NUL that is not counted. */
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
	SNMP_NO_ANSWER,	  /* sent, and nothing came back */
	SNMP_CANNOT_ASK,  /* not sent, or refused by the agent's access control */
	SNMP_AGENT_FAILS, /* genErr: snmpd answers, and the agent behind it does not */
};

/*
 * The command line's SNMP options; *ret_next is the first argument behind HOST. on_error is told,
 * now and later, why something cannot be asked; mistakes in the options are said on stderr. false:
 * the program ends with *ret_next as its status.
 */
bool snmp_open_command_line(int argc, char **argv, const char *own_options,
	void (*on_own_option)(int option, char *argument), void (*on_error)(const char *text),
	struct snmp **ret, int *ret_next);
void snmp_free(struct snmp *s);
const char *snmp_host(const struct snmp *s);

/* Whether a name of so many arcs below the root is one that SNMP can carry. */
bool snmp_name_fits(size_t arcs);

/* Fills cells[i] with the value of names[i]; CELL_MISSING where there is no such instance. Up to 40
 * values are of one moment, but not in version 1. */
enum snmp_result snmp_get(struct snmp *s, const struct name *names, struct cell *cells, size_t n);

struct row {
	uint32_t index[INDEX_MAX];
	size_t n_index;
	struct cell *cells; /* one for each column asked for */
};
struct rows {
	struct row *rows; /* by index, as the agent gives them */
	size_t n, n_columns;
};
/* Columns of the table with this entry. */
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
 * One PDU, sent once: if no answer comes, it may have been carried out. *ret_error: the
 * error-status, 0 for noError; *ret_position: of the change that is the culprit, from 0, or n.
 */
enum snmp_result snmp_set(struct snmp *s, const struct change *changes, size_t n, long *ret_error,
	size_t *ret_position);
const char *snmp_error_name(long error);

#endif
