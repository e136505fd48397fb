/*
 * The output for a monitoring system: one line with all problems, the worst first, then "|" and the
 * performance data. (monitoring-plugins.org, "Plugin output for Nagios")
 */
#ifndef CHECK_LDOMS_REPORT_H
#define CHECK_LDOMS_REPORT_H

/* The exit statuses of a plugin. */
enum severity { SEVERITY_OK, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITY_UNKNOWN };

struct report;

/* NULL: no memory. */
struct report *report_new(void);
void report_free(struct report *r);

/* Adds a problem. The text may contain any characters. */
void report_problem(struct report *r, enum severity severity, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The text of the line if there is no problem. */
void report_fine(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds performance data: label=value[unit];warning;critical;minimum;maximum. */
void report_data(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the line. Returns the status to exit with: CRITICAL before WARNING before UNKNOWN. */
enum severity report_print(const struct report *r);

#endif
