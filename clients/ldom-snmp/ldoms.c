/* See ldoms.h. */
#include "ldoms.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *cell_text(const struct cell *c)
{
	return c->type == CELL_TEXT ? c->text : "";
}

const char *oper_state_name(int64_t state)
{
	static const char *const names[] = {"unknown", "active", "stopping", "inactive", "binding",
		"unbinding", "bound", "starting"};

	return state > 0 && (size_t)state < COUNT(names) ? names[state] : "unknown";
}

const char *operation_status_name(int64_t status)
{
	static const char *const names[] = {"unknown", "none", "running", "succeeded", "failed",
		"rolledBack", "rollbackFailed", "partial", "unknown", "queued"};

	return status > 0 && (size_t)status < COUNT(names) ? names[status] : "unknown";
}

int admin_state_of(const char *word)
{
	static const struct {
		const char *word;
		int state;
	} words[] = {{"active", 1}, {"start", 1}, {"bound", 2}, {"stop", 2}, {"inactive", 3},
		{"forceStop", 4}, {"restart", 5}};

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].state;
	return 0;
}

uint64_t memory_unit_bytes(int64_t unit)
{
	static const uint64_t bytes[] = {0, 1ull << 10, 1ull << 20, 1ull << 30, 1};

	return unit > 0 && (size_t)unit < COUNT(bytes) ? bytes[unit] : 0;
}

int exit_status_of(enum snmp_result r)
{
	return r == SNMP_OK ? EXIT_DONE : EXIT_UNREACHABLE;
}

/* Asks ldomNameTable. *ret_index 0: there is no row, or the name is too long for an OID. */
static enum snmp_result find_by_name(struct snmp *s, const char *name, uint32_t *ret_index)
{
	struct name asked = DOMAIN_INDEX_BY_NAME;
	struct cell found = {.type = CELL_MISSING};
	enum snmp_result r = SNMP_OK;

	*ret_index = 0;
	if (!snmp_name_fits(asked.n + strlen(name)))
		return SNMP_OK;
	for (const char *c = name; *c; c++)
		asked.arcs[asked.n++] = (unsigned char)*c;
	r = snmp_get(s, &asked, &found, 1);
	if (r == SNMP_OK && found.type == CELL_NUMBER)
		*ret_index = (uint32_t)found.number;
	cell_clear(&found);
	return r;
}

int domain_find(struct snmp *s, const char *name, uint32_t *ret_index)
{
	static const uint32_t column = DOMAIN_NAME;
	struct rows rows;
	enum snmp_result r = find_by_name(s, name, ret_index);

	if (r == SNMP_OK && *ret_index != 0)
		return EXIT_DONE;
	if (r == SNMP_OK)
		r = snmp_walk(s, DOMAIN_ENTRY, &column, 1, &rows);
	if (r != SNMP_OK)
		return exit_status_of(r);
	size_t i = 0;
	while (i < rows.n && strcmp(cell_text(&rows.rows[i].cells[0]), name) != 0)
		i++;
	if (i < rows.n)
		*ret_index = rows.rows[i].index[0];
	else if (rows.n == 0)
		fprintf(stderr,
			"ldom-snmp: %s serves no domains: no LDoms agent there, or a view that "
			"hides "
			"them, or no ldmd behind the agent\n",
			snmp_host(s));
	else
		fprintf(stderr, "ldom-snmp: %s: there is no domain \"%s\"\n", snmp_host(s), name);
	int status = i < rows.n ? EXIT_DONE : rows.n == 0 ? EXIT_UNREACHABLE : EXIT_NO_DOMAIN;
	rows_clear(&rows);
	return status;
}
