/*
 * Command line. Text of -h included, so that options and help cannot drift apart.
 */
#ifndef LDMD_SIM_OPTIONS_H
#define LDMD_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum transport { TRANSPORT_XMPP, TRANSPORT_PLAIN };

struct options {
	uint16_t port;
	enum transport transport;
	bool transport_given;
	int data_version; /* highest accepted: 2 or 3 */
	bool data_version_given;
	unsigned ldm_version;
	bool strict;	  /* the version was given: take its form of options only */
	unsigned domains; /* 0 = the default host */
	unsigned disks;	  /* totals for a generated host; 0 = two disks, one network each */
	unsigned networks;
	const char *inventory;
	const char *replay; /* a capture of another ldmd */
	const char *state_file;
	const char *control_socket;
	const char *credentials; /* USER:PASSWORD, NULL = local behaviour without SASL */
	const char *cert_file;
	uint64_t seed;
	double transition;
	const char **faults;
	unsigned n_faults;
	bool help;
};

/* false after telling on stderr what is wrong. */
bool options_parse(struct options *options, int argc, char **argv);
void options_usage(void);
void options_free(struct options *options);

#endif
