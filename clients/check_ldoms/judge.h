/*
 * Reads a host over SNMP and reports its problems.
 */
#ifndef CHECK_LDOMS_JUDGE_H
#define CHECK_LDOMS_JUDGE_H

#include <stddef.h>

#include "../ldom-snmp/ldoms.h"
#include "limit.h"
#include "memory.h"
#include "report.h"

/* What the user wants to be checked. */
struct wishes {
	const char *domain;    /* check this domain only; NULL: the host and all domains */
	const char **expected; /* these domains must be active */
	size_t n_expected;
	const char **ignored; /* shell patterns: these domains are not judged */
	size_t n_ignored;
	struct limits memory, cpus, cores; /* that should be free */
	struct limits age_s;		   /* of the inventory, in seconds */
	struct limits busy_percent;	   /* utilization of a domain */
	unsigned int unsaved_hours;	   /* how long changes may be unsaved */
	struct memory *remembered;	   /* from earlier runs; NULL: nothing is remembered */
};

/* How the exchanges ended. An error is not in the report yet; the caller adds it. */
enum snmp_result judge(struct snmp *s, const struct wishes *w, struct report *r);

#endif
