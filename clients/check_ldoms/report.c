/* See report.h. */
#include "report.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN_MAX 20 /* problems; a monitoring system keeps about 8,000 octets of the line */

struct problem {
	enum severity severity;
	char *text;
};

struct report {
	struct problem *problems;
	size_t n_problems;
	char *fine, *data;
	bool no_memory;
};

struct report *report_new(void)
{
	return calloc(1, sizeof(struct report));
}

void report_free(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_problems; i++)
		free(r->problems[i].text);
	free(r->problems);
	free(r->fine);
	free(r->data);
	free(r);
}

void report_problem(struct report *r, enum severity severity, const char *format, ...)
{
	struct problem *more = reallocarray(r->problems, r->n_problems + 1, sizeof(*more));
	va_list arguments;

	if (!more) {
		r->no_memory = true;
		return;
	}
	r->problems = more;
	va_start(arguments, format);
	if (vasprintf(&more[r->n_problems].text, format, arguments) < 0)
		r->no_memory = true;
	else
		more[r->n_problems++].severity = severity;
	va_end(arguments);
}

void report_fine(struct report *r, const char *format, ...)
{
	va_list arguments;

	free(r->fine);
	va_start(arguments, format);
	if (vasprintf(&r->fine, format, arguments) < 0) {
		r->fine = NULL;
		r->no_memory = true;
	}
	va_end(arguments);
}

void report_data(struct report *r, const char *format, ...)
{
	char *one = NULL, *all = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&one, format, arguments) < 0 ||
		asprintf(&all, "%s%s%s", r->data ? r->data : "", r->data ? " " : "", one) < 0) {
		r->no_memory = true;
	} else {
		free(r->data);
		r->data = all;
	}
	free(one);
	va_end(arguments);
}

/* A "|" would begin the performance data, and a line end would end the text. */
static void print_text(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		putchar(c < ' ' || c == 0x7f || c == '|' ? '?' : c);
	}
}

static size_t print_problems(const struct report *r, enum severity severity, size_t shown)
{
	for (size_t i = 0; i < r->n_problems; i++) {
		if (r->problems[i].severity != severity)
			continue;
		if (shown < SHOWN_MAX) {
			fputs(shown > 0 ? "; " : "", stdout);
			print_text(r->problems[i].text);
		}
		shown++;
	}
	return shown;
}

enum severity report_print(const struct report *r)
{
	static const enum severity order[] = {
		SEVERITY_CRITICAL, SEVERITY_WARNING, SEVERITY_UNKNOWN};
	static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	const size_t n_order = sizeof(order) / sizeof(order[0]);
	enum severity worst = r->no_memory ? SEVERITY_UNKNOWN : SEVERITY_OK;
	size_t shown = 0;

	for (size_t k = n_order; k-- > 0;)
		for (size_t i = 0; i < r->n_problems; i++)
			if (r->problems[i].severity == order[k])
				worst = order[k];
	printf("LDOMS %s - ", names[worst]);
	for (size_t k = 0; k < n_order; k++)
		shown = print_problems(r, order[k], shown);
	if (shown > SHOWN_MAX)
		printf("; and %zu more", shown - SHOWN_MAX);
	if (r->no_memory)
		fputs(shown > 0 ? "; out of memory" : "out of memory", stdout);
	else if (shown == 0 && r->fine)
		print_text(r->fine);
	if (r->data)
		printf(" | %s", r->data);
	putchar('\n');
	return worst;
}
