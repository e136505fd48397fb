/*
 * The command line: getopt and a few rules about what goes together.
 */
#include "daemon/options.h"

#include <errno.h>
#include <libxml/xmlversion.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/snmp-loop.h"
#include "util/cleanup.h"

void options_print_help(FILE *out)
{
	fputs("usage: ldoms-agentx [-f] [-c FILE] [-x AGENTX-SOCKET] [-m LDM-ADDRESS] [-s "
	      "STATE-DIR]\n"
	      "                    [-p PIDFILE] [-D TOKENS] [-l | -X DOMAIN | -t] [-R] [-V] [-h]\n"
	      "\n"
	      "Serves the logical domains of a SPARC host to SNMP managers, as an AgentX "
	      "subagent.\n"
	      "\n"
	      "  -f                stay in the foreground, log to stderr\n"
	      "  -c FILE           configuration (" DEFAULT_CONFIG_FILE ")\n"
	      "  -x AGENTX-SOCKET  unix:/path or tcp:HOST:PORT on loopback\n"
	      "  -m LDM-ADDRESS    xmpp:HOST[:PORT], or plain:HOST[:PORT] (experimental)\n"
	      "  -s STATE-DIR      where the index registry is kept\n"
	      "  -p PIDFILE        write the process id there\n"
	      "  -D TOKENS         debug messages of these parts, e.g. ldm,snmp or ldm:xml or all\n"
	      "  -l                list the domains once, like `ldm list`\n"
	      "  -X DOMAIN         print a domain's constraints as XML, usable as a template\n"
	      "  -t                check configuration, ldmd and AgentX master; say what is "
	      "missing\n"
	      "  -R                start although the index registry is damaged\n"
	      "  -V                print the version\n"
	      "  -h                print this\n"
	      "\n"
	      "See ldoms-agentx(8) and ldoms-agentx.conf(5).\n",
		out);
}

void options_print_version(FILE *out)
{
	fprintf(out,
		"ldoms-agentx %s\n"
		"net-snmp %s, libxml2 %s, %s\n"
		"LDOMS-MIB at %s\n"
		"  (a provisional place below net-snmp's playpen: the OIDs will move once, when "
		"the\n"
		"  project has an enterprise number of its own; ./configure --with-mib-root moves "
		"them)\n",
		PACKAGE_VERSION, snmp_loop_library_version(), LIBXML_DOTTED_VERSION,
		OpenSSL_version(OPENSSL_VERSION), LDOMS_MIB_ROOT);
}

static int set_mode(struct options *o, enum options_mode mode)
{
	if (o->mode != MODE_RUN && o->mode != mode) {
		fputs("ldoms-agentx: only one of -l, -X and -t can be done\n", stderr);
		return -EINVAL;
	}
	o->mode = mode;
	return 0;
}

static int take(struct options *o, int c)
{
	switch (c) {
	case 'f':
		o->foreground = true;
		return 0;
	case 'R':
		o->accept_damage = true;
		return 0;
	case 'c':
		o->config_file = optarg;
		o->config_given = true;
		return 0;
	case 'x':
		o->agentx_socket = optarg;
		return 0;
	case 'm':
		o->ldm = optarg;
		return 0;
	case 's':
		o->state_directory = optarg;
		return 0;
	case 'p':
		o->pidfile = optarg;
		return 0;
	case 'D':
		o->debug_tokens = optarg;
		return 0;
	case 'l':
		return set_mode(o, MODE_LIST);
	case 't':
		return set_mode(o, MODE_TEST);
	case 'X':
		o->domain = optarg;
		return set_mode(o, MODE_CONSTRAINTS);
	}
	options_print_help(stderr);
	return -EINVAL;
}

static int make_absolute(const char **path, char **ret_absolute)
{
	_cleanup_free_ char *here = NULL;

	if (!*path || **path == '/')
		return 0;
	here = getcwd(NULL, 0);
	if (!here || asprintf(ret_absolute, "%s/%s", here, *path) < 0) {
		*ret_absolute = NULL;
		fprintf(stderr, "ldoms-agentx: \"%s\": no working directory\n", *path);
		return -EINVAL;
	}
	*path = *ret_absolute;
	return 0;
}

void options_clear(struct options *o)
{
	free(o->absolute_config);
	free(o->absolute_pidfile);
	o->absolute_config = o->absolute_pidfile = NULL;
}

int options_parse(struct options *o, int argc, char **argv)
{
	*o = (struct options){
		.config_file = DEFAULT_CONFIG_FILE,
		.debug_tokens = getenv("LDOMS_SNMP_DEBUG"),
	};
	optind = 1;

	int c;
	while ((c = getopt(argc, argv, "fc:x:m:s:p:D:lX:tRVh")) != -1) {
		/* These two answer at once, whatever else is asked. */
		if (c == 'V' || c == 'h') {
			o->mode = c == 'V' ? MODE_VERSION : MODE_HELP;
			return 0;
		}
		int r = take(o, c);
		if (r < 0)
			return r;
	}
	if (optind < argc) {
		fprintf(stderr, "ldoms-agentx: \"%s\" is no option\n", argv[optind]);
		return -EINVAL;
	}
	if (make_absolute(&o->config_file, &o->absolute_config) < 0 ||
		make_absolute(&o->pidfile, &o->absolute_pidfile) < 0) {
		options_clear(o);
		return -EINVAL;
	}
	return 0;
}
