/*
 * Limits as they are given on the command line: WARNING,CRITICAL, each a number, a percentage or
 * left out.
 */
#ifndef CHECK_LDOMS_LIMIT_H
#define CHECK_LDOMS_LIMIT_H

#include <stdbool.h>

#include "report.h"

struct limit {
	bool given, percent;
	double value;
};
struct limits {
	struct limit warning, critical;
};

/*
 * memory: the numbers need a unit, K, M, G or T, and become bytes. false: text is no such pair;
 * then *ret is not changed.
 */
bool limits_read(const char *text, bool memory, struct limits *ret);

/*
 * Adds "label=value[unit];warning;critical;0[;capacity]" to the performance data, where "8192:" as
 * a limit means that less is too little. capacity 0: there is no largest value.
 */
void limits_report(const struct limits *l, struct report *r, const char *label, double value,
	const char *unit, double capacity, bool below);

/* Too little, or too much, for a capacity of which the percentages are. */
enum severity limits_below(const struct limits *l, double value, double capacity);
enum severity limits_above(const struct limits *l, double value);

#endif
