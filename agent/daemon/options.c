/*
 * One table of options: the parser, the help and the messages about mistakes are made from it.
 */
#include "daemon/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <libxml/xmlversion.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/snmp-thread.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/text.h"

struct option_entry {
	int letter; /* at least LONG_ONLY: the option has a long name only */
	const char *name;
	const char *argument; /* NULL: it takes none */
	const char *help;     /* also in the message that the argument is missing */
	/* What the option sets, in struct options. */
	enum options_mode mode;
	size_t flag, value; /* offsets of a bool and of a text; 0: none */
};

enum { LONG_ONLY = 256, OPTION_FETCH_CERTIFICATE, OPTION_YES, OPTION_CAPTURE, OPTION_AS_IS };

#define MODE(m)	      .mode = MODE_##m
#define FLAG(member)  .flag = offsetof(struct options, member)
#define VALUE(member) .value = offsetof(struct options, member)

static const struct option_entry entries[] = {
	{'f', "foreground", NULL, "stay in the foreground and log to stderr", FLAG(foreground)},
	{'c', "config", "FILE", "configuration file (" DEFAULT_CONFIG_FILE ")", FLAG(config_given),
		VALUE(config_file)},
	{'x', "agentx-socket", "ADDRESS", "AgentX master: unix:/path, or tcp:HOST:PORT on loopback",
		VALUE(agentx_socket)},
	{'m', "ldm", "ADDRESS", "ldmd: xmpp:HOST[:PORT], or plain:HOST[:PORT] (experimental)",
		VALUE(ldm)},
	{'s', "state-directory", "DIR", "directory of the index registry and the other state",
		VALUE(state_directory)},
	{'p', "pid-file", "FILE", "write the process id to FILE", VALUE(pidfile)},
	{'D', "debug", "TOKENS",
		"log debug messages of these subsystems, for example "
		"ldm,snmp or ldm:xml or all",
		VALUE(debug_tokens)},
	{'l', "list", NULL, "list the domains once, in the columns of `ldm list`", MODE(LIST)},
	{'o', "output", "FORMAT", "format of --list: table or json", VALUE(output)},
	{'X', "constraints", "DOMAIN", "print a domain's constraints as XML, usable as a template",
		MODE(CONSTRAINTS), VALUE(domain)},
	{'t', "test", NULL,
		"check configuration, ldmd and AgentX master, and say what is "
		"missing",
		MODE(TEST)},
	{OPTION_FETCH_CERTIFICATE, "fetch-certificate", NULL,
		"show ldmd's certificate, and write it to the file of ldmCertificate after a yes",
		MODE(CERTIFICATE)},
	{OPTION_YES, "yes", NULL, "answer the question of --fetch-certificate with yes", FLAG(yes)},
	{OPTION_CAPTURE, "capture", "FILE",
		"ask ldmd everything that the agent ever asks, and write questions and answers to "
		"FILE "
		"(-: standard output), with names and addresses replaced",
		MODE(CAPTURE), VALUE(capture_file)},
	{OPTION_AS_IS, "as-is", NULL, "keep the names and addresses of --capture", FLAG(as_is)},
	{'R', "accept-damaged-registry", NULL, "start although the index registry is damaged",
		FLAG(accept_damage)},
	{'V', "version", NULL, "print the version", MODE(VERSION)},
	{'h', "help", NULL, "print this help", MODE(HELP)},
};

/* Column where the help of an option begins, and where its lines end. */
enum { HELP_COLUMN = 36, LINE_END = 84 };

static void print_wrapped(FILE *out, const char *text, int column)
{
	while (*text) {
		int n = (int)strlen(text), most = LINE_END - HELP_COLUMN;

		if (n > most) {
			for (n = most; n > 0 && text[n] != ' ';)
				n--;
			/* A word that is longer than the line, such as a path, stays whole. */
			n = n > 0 ? n : (int)strcspn(text, " ");
		}
		fprintf(out, "%*s%.*s\n", HELP_COLUMN - column, "", n, text);
		text += n + (text[n] == ' ');
		column = 0;
	}
}

void options_print_help(FILE *out)
{
	fputs("usage: ldoms-agentx [OPTION]...\n"
	      "\n"
	      "Serves the logical domains of a SPARC host to SNMP managers, as an AgentX "
	      "subagent.\n"
	      "\n",
		out);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		const struct option_entry *e = &entries[i];
		int column = e->letter < LONG_ONLY ? fprintf(out, "  -%c, ", e->letter)
						   : fprintf(out, "      ");

		column += fprintf(out, e->argument ? "--%s %s" : "--%s", e->name, e->argument);
		print_wrapped(out, e->help, column);
	}
	fputs("\nSee ldoms-agentx(8) and ldoms-agentx.conf(5).\n", out);
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
		PACKAGE_VERSION, snmp_library_version(), LIBXML_DOTTED_VERSION,
		OpenSSL_version(OPENSSL_VERSION), LDOMS_MIB_ROOT);
}

__attribute__((format(printf, 1, 2))) static int usage_error(const char *format, ...)
{
	va_list ap;

	fputs("ldoms-agentx: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputs("; see ldoms-agentx --help\n", stderr);
	return -EINVAL;
}

static const struct option_entry *find_letter(int letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		if (entries[i].letter == letter)
			return &entries[i];
	return NULL;
}

/* The entry of a letter that getopt_long() returned, so there is one. */
static const struct option_entry *entry_of(int letter)
{
	const struct option_entry *e = find_letter(letter);

	assert(e);
	return e;
}

/* Adds the long options that begin with the first length bytes of name, separated by " or ". */
static int append_candidates(struct buffer *b, const char *name, size_t length)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(entries) && r == 0; i++)
		if (strncmp(entries[i].name, name, length) == 0)
			r = buffer_printf(b, "%s--%s", b->len ? " or " : "", entries[i].name);
	return r;
}

/* getopt_long() returned '?': the option does not exist, takes no value, or is not unique. */
static int unknown_option(const char *word)
{
	_cleanup_(buffer_clear) struct buffer candidates = BUFFER_EMPTY;

	const struct option_entry *e = find_letter(optopt);

	if (optopt && !e)
		return usage_error("there is no option -%c", optopt);
	if (e)
		return usage_error("--%s takes no value, but \"%s\" gives it one", e->name, word);
	if (append_candidates(&candidates, word + 2, strcspn(word + 2, "=")) == 0 && candidates.len)
		return usage_error("\"%s\" could be %s", word, buffer_data(&candidates));
	return usage_error("there is no option %s", word);
}

static int missing_value(const struct option_entry *e, const char *word)
{
	if (word[1] == '-')
		return usage_error("--%s needs %s: %s", e->name, e->argument, e->help);
	return usage_error("-%c needs %s: %s", e->letter, e->argument, e->help);
}

static int set_mode(struct options *o, enum options_mode mode)
{
	if (o->mode != MODE_RUN && o->mode != mode)
		return usage_error("--list, --constraints, --test, --fetch-certificate and "
				   "--capture exclude each "
				   "other");
	o->mode = mode;
	return 0;
}

static int take_option(struct options *o, const struct option_entry *e)
{
	if (e->flag)
		*(bool *)((char *)o + e->flag) = true;
	if (e->value)
		*(const char **)((char *)o + e->value) = optarg;
	return e->mode == MODE_RUN ? 0 : set_mode(o, e->mode);
}

static int make_absolute(const char **path, char **ret_absolute)
{
	_cleanup_free_ char *here = NULL;

	if (!*path || **path == '/')
		return 0;
	here = getcwd(NULL, 0);
	if (!here || text_printf(ret_absolute, "%s/%s", here, *path) < 0) {
		fprintf(stderr, "ldoms-agentx: \"%s\": the working directory is unknown\n", *path);
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

/* The tables of getopt_long(). With a leading colon getopt_long() prints no messages. */
static int make_getopt_tables(struct buffer *letters, struct option *names)
{
	int r = buffer_append_text(letters, ":");

	for (size_t i = 0; i < ARRAY_SIZE(entries) && r == 0; i++) {
		const struct option_entry *e = &entries[i];

		names[i] = (struct option){
			.name = e->name, .has_arg = e->argument != NULL, .val = e->letter};
		if (e->letter < LONG_ONLY)
			r = buffer_printf(letters, "%c%s", e->letter, e->argument ? ":" : "");
	}
	return r;
}

int options_parse(struct options *o, int argc, char **argv)
{
	_cleanup_(buffer_clear) struct buffer letters = BUFFER_EMPTY;
	struct option names[ARRAY_SIZE(entries) + 1] = {0};
	int letter, r = make_getopt_tables(&letters, names);

	*o = (struct options){
		.config_file = DEFAULT_CONFIG_FILE,
		.debug_tokens = getenv("LDOMS_SNMP_DEBUG"),
	};
	if (r < 0)
		return usage_error("no memory");
	optind = 1;
	while ((letter = getopt_long(argc, argv, buffer_data(&letters), names, NULL)) != -1) {
		if (letter == '?')
			return unknown_option(argv[optind - 1]);
		if (letter == ':')
			return missing_value(entry_of(optopt), argv[optind - 1]);
		const struct option_entry *e = entry_of(letter);

		/* --version and --help win over all other options. */
		if (e->mode == MODE_VERSION || e->mode == MODE_HELP) {
			o->mode = e->mode;
			return 0;
		}
		r = take_option(o, e);
		if (r < 0)
			return r;
	}
	if (optind < argc)
		return usage_error(
			"\"%s\" is no option, and there are no other arguments", argv[optind]);
	o->json = o->output && strcmp(o->output, "json") == 0;
	if (o->output && !o->json && strcmp(o->output, "table") != 0)
		return usage_error("--output \"%s\": must be table or json", o->output);
	if (o->output && o->mode != MODE_LIST)
		return usage_error("--output goes with --list only");
	if (o->yes && o->mode != MODE_CERTIFICATE)
		return usage_error("--yes goes with --fetch-certificate only");
	if (o->as_is && o->mode != MODE_CAPTURE)
		return usage_error("--as-is goes with --capture only");
	r = make_absolute(&o->config_file, &o->absolute_config);
	if (r == 0)
		r = make_absolute(&o->pidfile, &o->absolute_pidfile);
	if (r < 0)
		options_clear(o);
	return r;
}
