/*
 * ldom-snmp: logical domains by name, over SNMP. (docs/ldom-snmp.1)
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldoms.h"

#define PATIENCE_S 900

static struct settings settings = {.patience_s = PATIENCE_S};
static bool bad_option;

static const struct {
	const char *word;
	int (*run)(const struct settings *s, int argc, char **argv);
} verbs[] = {{"list", verb_list}, {"show", verb_show}, {"set", verb_set}, {"create", verb_create},
	{"destroy", verb_destroy}, {"save", verb_save}, {"wait", verb_wait},
	{"operations", verb_operations}, {"topology", verb_topology}, {"watch", verb_watch}};

static void print_usage(FILE *to)
{
	fputs("usage: ldom-snmp [SNMP options] HOST list\n"
	      "       ldom-snmp ... HOST show NAME\n"
	      "       ldom-snmp ... HOST set NAME [vcpu=N] [memory=16G] [crypto=N] [state=STATE] "
	      "[NAME ...]\n"
	      "       ldom-snmp ... HOST create NAME [vcpu=N] [memory=16G] [crypto=N] "
	      "[state=STATE] [template=NAME]\n"
	      "       ldom-snmp ... HOST destroy NAME\n"
	      "       ldom-snmp ... HOST save CONFIGURATION\n"
	      "       ldom-snmp ... HOST wait NAME\n"
	      "       ldom-snmp ... HOST operations [NAME]\n"
	      "       ldom-snmp ... HOST topology\n"
	      "       ldom-snmp ... HOST watch [SECONDS]\n"
	      "STATE: active, bound, inactive, forceStop, restart\n"
	      "  -o table|json|csv  form of the output\n"
	      "  --dry-run          show what would be set; send no SET\n"
	      "  --no-wait          do not wait for the operation to end\n"
	      "  --wait=SECONDS     wait at most so long for the end (900); 0: for ever\n"
	      "  --help, --version\n"
	      "SNMP options and snmp.conf are those of snmpget(1)\n",
		to);
}

static void set_form(const char *word)
{
	static const char *const words[] = {
		[OUTPUT_TABLE] = "table", [OUTPUT_JSON] = "json", [OUTPUT_CSV] = "csv"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			settings.form = (enum output_form)i;
			return;
		}
	}
	fprintf(stderr, "ldom-snmp: -o %s: table, json or csv was expected\n", word);
	bad_option = true;
}

static void on_own_option(int option, char *argument)
{
	(void)option;
	set_form(argument);
}

static void on_error(const char *text)
{
	fprintf(stderr, "ldom-snmp: %s\n", text);
}

static void set_patience(const char *word)
{
	char *end;
	unsigned long seconds = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || seconds > 10000000) {
		fprintf(stderr, "ldom-snmp: --wait=%s: a number of seconds was expected\n", word);
		bad_option = true;
	}
	settings.patience_s = (unsigned int)seconds;
}

/* net-snmp takes every long option for a directive of snmp.conf. false: it is not one of ours. */
static bool take_long_option(const char *argument)
{
	if (strcmp(argument, "--dry-run") == 0)
		settings.dry_run = true;
	else if (strcmp(argument, "--no-wait") == 0)
		settings.no_wait = true;
	else if (strncmp(argument, "--wait=", 7) == 0)
		set_patience(argument + 7);
	else
		return false;
	return true;
}

static int without_long_options(int argc, char **argv)
{
	int n = 0;

	for (int i = 0; i < argc; i++)
		if (i == 0 || !take_long_option(argv[i]))
			argv[n++] = argv[i];
	argv[n] = NULL;
	return n;
}

static int run_verb(int argc, char **argv)
{
	for (size_t i = 0; argc > 0 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[0], verbs[i].word) == 0)
			return verbs[i].run(&settings, argc - 1, argv + 1);
	if (argc > 0)
		fprintf(stderr, "ldom-snmp: %s: there is no such verb\n", argv[0]);
	print_usage(stderr);
	return EXIT_USAGE;
}

static bool asks_for(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], option) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	int next;

	if (asks_for(argc, argv, "--help")) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	if (asks_for(argc, argv, "--version")) {
		puts("ldom-snmp " PACKAGE_VERSION);
		return EXIT_DONE;
	}
	argc = without_long_options(argc, argv);
	if (!snmp_open_command_line(
		    argc, argv, "o:", on_own_option, on_error, &settings.snmp, &next)) {
		if (next == NETSNMP_PARSE_ARGS_SUCCESS_EXIT)
			return EXIT_DONE;
		if (next == NETSNMP_PARSE_ARGS_ERROR_USAGE)
			print_usage(stderr);
		return EXIT_USAGE;
	}
	int status = bad_option ? EXIT_USAGE : run_verb(argc - next, argv + next);
	snmp_free(settings.snmp);
	return status;
}
