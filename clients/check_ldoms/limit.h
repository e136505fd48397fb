/*
 * Limits of the command line: WARNING,CRITICAL. Each is a number, a percentage, or left out.
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
 * memory: a number needs a unit, K, M, G or T, and becomes bytes. false: the text is wrong, and
 * *ret is not changed.
 */
bool limits_read(const char *text, bool memory, struct limits *ret);

/*
 * Adds "label=value[unit];warning;critical;0[;capacity]" to the performance data. below: a smaller
 * value is the problem, so a limit is written "8192:". capacity 0: there is no largest value.
 */
void limits_report(const struct limits *l, struct report *r, const char *label, double value,
	const char *unit, double capacity, bool below);

/* Whether the value is below the limits. Percentages are of the capacity. */
enum severity limits_below(const struct limits *l, double value, double capacity);
/* Whether the value is above the limits. A percentage counts as a number. */
enum severity limits_above(const struct limits *l, double value);

#endif
