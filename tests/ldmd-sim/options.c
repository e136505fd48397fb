/*
 * Reading the command line.
 */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"
#include "host.h"

static bool set_port(struct options *o, const char *arg)
{
	uint64_t value;

	if (!parse_count(arg, 65535, &value))
		return false;
	o->port = (uint16_t)value;
	return true;
}

static bool set_transport(struct options *o, const char *arg)
{
	o->transport_given = true;
	o->transport = str_equal(arg, "plain") ? TRANSPORT_PLAIN : TRANSPORT_XMPP;
	return str_equal(arg, "plain") || str_equal(arg, "xmpp");
}

static bool set_data_version(struct options *o, const char *arg)
{
	o->data_version_given = true;
	o->data_version = str_equal(arg, "2.0") ? 2 : 3;
	return str_equal(arg, "2.0") || str_equal(arg, "3.0");
}

static bool set_ldm_version(struct options *o, const char *arg)
{
	unsigned major, minor, micro = 0;
	int end = 0;

	if (sscanf(arg, "%3u.%2u%n.%2u%n", &major, &minor, &end, &micro, &end) < 2 || arg[end])
		return false;
	o->ldm_version = LDM_VERSION(major, minor) + micro;
	o->strict = true;
	return true;
}

static bool set_number(unsigned *target, const char *arg, unsigned max)
{
	uint64_t value;

	if (!parse_count(arg, max, &value))
		return false;
	*target = (unsigned)value;
	return true;
}

static void add_fault(struct options *o, const char *arg)
{
	o->faults = xreallocarray(o->faults, o->n_faults + 1, sizeof(*o->faults));
	o->faults[o->n_faults++] = arg;
}

static bool set_paths(struct options *o, int letter, const char *arg)
{
	switch (letter) {
	case 'i':
		o->inventory = arg;
		return true;
	case 'r':
		o->replay = arg;
		return true;
	case 'S':
		o->state_file = arg;
		return true;
	case 'C':
		o->control_socket = arg;
		return true;
	case 'k':
		o->cert_file = arg;
		return true;
	case 'u':
		o->credentials = arg;
		return strchr(arg, ':') != NULL;
	default:
		return false;
	}
}

static bool set_option(struct options *o, int letter, const char *arg)
{
	switch (letter) {
	case 'p':
		return set_port(o, arg);
	case 'T':
		return set_transport(o, arg);
	case 'd':
		return set_data_version(o, arg);
	case 'L':
		return set_ldm_version(o, arg);
	case 'n':
		return set_number(&o->domains, arg, 4096);
	case 'D':
		return set_number(&o->disks, arg, 100000);
	case 'N':
		return set_number(&o->networks, arg, 100000);
	case 'w':
		return parse_seconds(arg, &o->transition);
	case 's':
		return parse_count(arg, UINT64_MAX, &o->seed);
	case 'F':
		add_fault(o, arg);
		return true;
	default:
		return set_paths(o, letter, arg);
	}
}

bool options_parse(struct options *o, int argc, char **argv)
{
	int letter;

	*o = (struct options){.port = 6482,
		.data_version = 3,
		.ldm_version = LDM_VERSION(3, 6),
		.seed = 1,
		.transition = 0.2};
	while ((letter = getopt(argc, argv, "p:T:d:L:n:D:N:i:S:F:w:C:u:r:s:k:h")) != -1) {
		if (letter == 'h') {
			o->help = true;
		} else if (letter == '?') {
			return false;
		} else if (!set_option(o, letter, optarg)) {
			fprintf(stderr, "ldmd-sim: bad value for -%c: %s\n", letter, optarg);
			return false;
		}
	}
	if (optind < argc)
		fprintf(stderr, "ldmd-sim: unexpected argument: %s\n", argv[optind]);
	return optind == argc;
}

void options_free(struct options *o)
{
	free(o->faults);
}

void options_usage(void)
{
	fputs("usage: ldmd-sim [options]\n"
	      "A stand-in for ldmd, the Logical Domains Manager. Listens on 127.0.0.1 only.\n\n"
	      "  -p PORT      TCP port, default 6482; 0 = the kernel chooses\n"
	      "  -T xmpp|plain   transport, default xmpp; plain = documents on bare TCP\n"
	      "  -d 3.0|2.0   highest data version accepted, default 3.0\n"
	      "  -L VERSION   pretended LDM version, default 3.6; with -L it is strict about "
	      "options\n"
	      "  -n DOMAINS   generate a host with this many domains, primary included\n"
	      "  -D DISKS     total virtual disks of a generated host, default 2 each\n"
	      "  -N NETS      total virtual networks of a generated host, default 1 each\n"
	      "  -r FILE      answer out of a capture of another ldmd (ldoms-agentx --capture)\n"
	      "  -s SEED      seed of a generated host and of random changes, default 1\n"
	      "  -i FILE      read the domains from a list-constraints document, v3 or v2\n"
	      "  -S FILE      save the state at each change, load it at start\n"
	      "  -F FAULT     misbehave, may be repeated; see below\n"
	      "  -w SECONDS   how long transitional states last, default 0.2\n"
	      "  -C SOCKET    unix socket for control commands\n"
	      "  -u USER:PASSWORD   demand SASL PLAIN, as from a remote client\n"
	      "  -k FILE      write the server certificate in PEM\n"
	      "  -h           this text\n\n"
	      "Faults: NAME[:ARG][@ACTION[/DOMAIN]][#COUNT], ACTION and DOMAIN are patterns\n",
		stdout);
	faults_usage(stdout);
}
