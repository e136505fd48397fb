/*
 * What a monitoring system is told: one line with all that is wrong, the worst first, and
 * performance data behind a bar. (monitoring-plugins.org, "Plugin output for Nagios")
 */
#ifndef CHECK_LDOMS_REPORT_H
#define CHECK_LDOMS_REPORT_H

/* The exit statuses of a plugin. */
enum severity { SEVERITY_OK, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITY_UNKNOWN };

struct report;

/* NULL: no memory. */
struct report *report_new(void);
void report_free(struct report *r);

/* Something is wrong. Text that came from the host may have any characters. */
void report_problem(struct report *r, enum severity severity, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What is said when nothing is wrong. */
void report_fine(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* label=value[unit];warning;critical;least;most. */
void report_data(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the line; the status to exit with: the worst one, and UNKNOWN only when nothing is worse
 * than that. */
enum severity report_print(const struct report *r);

#endif
