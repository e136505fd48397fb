/*
 * Reads a host over SNMP and says what is wrong with it.
 */
#ifndef CHECK_LDOMS_JUDGE_H
#define CHECK_LDOMS_JUDGE_H

#include <stddef.h>

#include "../ldom-snmp/ldoms.h"
#include "limit.h"
#include "memory.h"
#include "report.h"

/* What is wanted of a host. */
struct wishes {
	const char *domain;    /* look at this one only; NULL: at the host and all domains */
	const char **expected; /* must be active */
	size_t n_expected;
	const char **ignored; /* shell patterns: nothing is said of these */
	size_t n_ignored;
	struct limits memory, cpus, cores; /* what should be left */
	struct limits age_s;		   /* of the inventory, in seconds */
	struct limits busy_percent;	   /* utilization of a domain */
	unsigned int unsaved_hours;	   /* how long changes may be unsaved */
	struct memory *remembered;	   /* NULL: nothing is, from one run to the next */
};

/* How the exchanges ended; when it is not SNMP_OK, the report does not say so. */
enum snmp_result judge(struct snmp *s, const struct wishes *w, struct report *r);

#endif
