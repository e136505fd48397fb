/*
 * What the program does instead of running as an agent. Each function returns the exit status.
 */
#ifndef DAEMON_ONESHOT_H
#define DAEMON_ONESHOT_H

#include <stdbool.h>

struct options;
struct settings;

/* -l: the domains, in the columns of `ldm list` or as JSON. */
int oneshot_list(const struct settings *s, bool json);
/* -X: the constraints of a domain as XML. */
int oneshot_constraints(const struct settings *s, const char *domain);
/* -t: what is in place, what is missing, and what to do about it. */
int oneshot_test(const struct settings *s, const struct options *o);

/*
 * --fetch-certificate: shows ldmd's certificate, and writes it to the file of ldmCertificate if the
 * user answers yes. confirmed: without asking.
 */
int oneshot_certificate(const struct settings *s, bool confirmed);

/* --capture: all questions and answers, in the format of docs/ldm-xml.md. "-": standard output. */
int oneshot_capture(const struct settings *s, const char *path, bool as_is);

#endif
