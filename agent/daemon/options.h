/*
 * The command line. The texts point into argv; a relative path is replaced by an absolute copy.
 */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

/* Exit status, beside EXIT_SUCCESS and EXIT_FAILURE: a mistake in usage or configuration. */
#define EXIT_USAGE 2

enum options_mode {
	MODE_RUN,
	MODE_LIST,	  /* --list */
	MODE_CONSTRAINTS, /* --constraints DOMAIN */
	MODE_TEST,	  /* --test */
	MODE_CERTIFICATE, /* --fetch-certificate */
	MODE_CAPTURE,	  /* --capture FILE */
	MODE_VERSION,	  /* --version */
	MODE_HELP,	  /* --help */
};

struct options {
	enum options_mode mode;
	bool foreground;
	bool accept_damage;	 /* start although the index registry is damaged */
	bool yes;		 /* --yes */
	bool json;		 /* --output json */
	bool as_is;		 /* --as-is */
	bool config_given;	 /* a missing configuration file is an error */
	const char *config_file; /* never NULL */
	const char *agentx_socket, *ldm, *state_directory, *pidfile; /* NULL: not given */
	const char *debug_tokens;		  /* --debug, else $LDOMS_SNMP_DEBUG, else NULL */
	const char *domain;			  /* of --constraints */
	const char *capture_file;		  /* of --capture */
	const char *output;			  /* of --output; NULL: not given */
	char *absolute_config, *absolute_pidfile; /* the copies; NULL: the path was absolute */
};

/*
 * The paths of --config and --pid-file become absolute, because the working directory changes in
 * the background. -EINVAL: the reason has been printed to stderr, and there is nothing to clear.
 */
int options_parse(struct options *o, int argc, char **argv);
/* Frees the copies of paths. */
void options_clear(struct options *o);
void options_print_help(FILE *out);
void options_print_version(FILE *out);

#endif
