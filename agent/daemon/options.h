/*
 * The command line. Values point into argv, but for relative paths.
 */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

enum options_mode {
	MODE_RUN,
	MODE_LIST,	  /* -l */
	MODE_CONSTRAINTS, /* -X DOMAIN */
	MODE_TEST,	  /* -t */
	MODE_VERSION,	  /* -V */
	MODE_HELP,	  /* -h */
};

struct options {
	enum options_mode mode;
	bool foreground;	 /* -f */
	bool accept_damage;	 /* -R */
	bool config_given;	 /* -c: a missing file is an error */
	const char *config_file; /* never NULL */
	const char *agentx_socket, *ldm, *state_directory, *pidfile; /* NULL = not given */
	const char *debug_tokens;		  /* -D, else $LDOMS_SNMP_DEBUG, else NULL */
	const char *domain;			  /* of -X */
	char *absolute_config, *absolute_pidfile; /* what the two paths are then; NULL: as given */
};

/*
 * Paths become absolute: in the background the working directory is another one. -EINVAL: what is
 * wrong has been printed to stderr.
 */
int options_parse(struct options *o, int argc, char **argv);
void options_clear(struct options *o);
void options_print_help(FILE *out);
void options_print_version(FILE *out);

#endif
