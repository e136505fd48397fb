/* See limit.h. */
#include "limit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads one limit and leaves *text at the comma or the end. */
static bool read_one(const char **text, bool memory, struct limit *ret)
{
	static const char letters[] = "KMGT";
	const char *at = *text;
	char *end;

	if (*at == ',' || *at == '\0') {
		*ret = (struct limit){0};
		return true;
	}
	if (!isdigit((unsigned char)*at))
		return false;
	*ret = (struct limit){.given = true, .value = strtod(at, &end)};
	if (*end == '%') {
		ret->percent = true;
		end++;
	} else if (memory) {
		const char *letter = *end ? strchr(letters, toupper((unsigned char)*end)) : NULL;
		if (!letter)
			return false;
		ret->value *= (double)(1ull << (10 * (letter - letters + 1)));
		end++;
	}
	*text = end;
	return *end == ',' || *end == '\0';
}

bool limits_read(const char *text, bool memory, struct limits *ret)
{
	struct limits found = {0};

	if (!read_one(&text, memory, &found.warning))
		return false;
	if (*text == ',') {
		text++;
		if (!read_one(&text, memory, &found.critical) || *text)
			return false;
	}
	*ret = found;
	return true;
}

/* The limit as a number, with percentages of the capacity; below 0: no limit is given. */
static double limit_of(const struct limit *l, double capacity)
{
	if (!l->given)
		return -1;
	return l->percent ? l->value / 100 * capacity : l->value;
}

/* Without an exponent, which not every monitoring system reads. */
static void print_number(FILE *out, double value)
{
	fprintf(out, "%.*f", value == (double)(long long)value ? 0 : 2, value);
}

void limits_report(const struct limits *l, struct report *r, const char *label, double value,
	const char *unit, double capacity, bool below)
{
	const struct limit *both[] = {&l->warning, &l->critical};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	fprintf(out, "%s=", label);
	print_number(out, value);
	fprintf(out, "%s;", unit);
	for (size_t i = 0; i < 2; i++) {
		if (both[i]->given) {
			print_number(out, limit_of(both[i], capacity));
			fputs(below ? ":" : "", out);
		}
		putc(';', out);
	}
	putc('0', out);
	if (capacity > 0) {
		putc(';', out);
		print_number(out, capacity);
	}
	if (fclose(out) == 0)
		report_data(r, "%s", text);
	free(text);
}

enum severity limits_below(const struct limits *l, double value, double capacity)
{
	if (value < limit_of(&l->critical, capacity))
		return SEVERITY_CRITICAL;
	return value < limit_of(&l->warning, capacity) ? SEVERITY_WARNING : SEVERITY_OK;
}

enum severity limits_above(const struct limits *l, double value)
{
	if (l->critical.given && value > l->critical.value)
		return SEVERITY_CRITICAL;
	return l->warning.given && value > l->warning.value ? SEVERITY_WARNING : SEVERITY_OK;
}
