/*
 * check_ldoms: a plugin of Nagios and Icinga for the logical domains of a host.
 * (docs/check_ldoms.1)
 */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "judge.h"

enum {
	OPTION_IGNORE = 256,
	OPTION_MEMORY,
	OPTION_CPUS,
	OPTION_CORES,
	OPTION_AGE,
	OPTION_BUSY,
	OPTION_UNSAVED,
	OPTION_STATE,
	OPTION_NO_STATE
};

static const struct option long_options[] = {{"host", required_argument, NULL, 'H'},
	{"expect", required_argument, NULL, 'e'}, {"domain", required_argument, NULL, 'd'},
	{"ignore", required_argument, NULL, OPTION_IGNORE},
	{"memory", required_argument, NULL, OPTION_MEMORY},
	{"cpus", required_argument, NULL, OPTION_CPUS},
	{"cores", required_argument, NULL, OPTION_CORES},
	{"age", required_argument, NULL, OPTION_AGE},
	{"busy", required_argument, NULL, OPTION_BUSY},
	{"unsaved", required_argument, NULL, OPTION_UNSAVED},
	{"state", required_argument, NULL, OPTION_STATE},
	{"no-state", no_argument, NULL, OPTION_NO_STATE}, {"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'}, {NULL}};

/* Options with an argument that net-snmp gets unchanged. */
#define SNMP_OPTIONS "vcnluaAxXtrETZLM3YI"
/* Our own options, then those of SNMP_OPTIONS. */
#define SHORT_OPTIONS "hVH:e:d:v:c:n:l:u:a:A:x:X:t:r:E:T:Z:L:M:3:Y:I:"

struct arguments {
	struct wishes wishes;
	const char *host, *context;
	char *state_folder;
	bool no_state, help, version;
	char **snmp; /* argv for net-snmp */
	int n_snmp;
};

static void print_usage(void)
{
	puts("usage: check_ldoms [SNMP options] [options] -H HOST\n"
	     "       check_ldoms [SNMP options] [--busy=W,C] -d DOMAIN -H HOST\n"
	     "W,C: limits for WARNING and CRITICAL, either may be left out\n"
	     "  -H, --host=HOST        as in snmpget: sparc1, sparc1:1161, udp6:[2001:db8::1]\n"
	     "  -e, --expect=NAME,...  these domains must be active; without it those that ran\n"
	     "                         within the last 7 days\n"
	     "      --ignore=PATTERN   say nothing of these domains\n"
	     "      --memory=W,C       memory that should be free: 16G, 512M, 5% (2%)\n"
	     "      --cpus=W,C         virtual CPUs that should be free: 8, 5%\n"
	     "      --cores=W,C        whole cores that should be free\n"
	     "      --age=W,C          seconds that the inventory may be old (120)\n"
	     "      --busy=W,C         utilization of a domain, in percent\n"
	     "      --unsaved=HOURS    how long changes may be unsaved (24)\n"
	     "      --state=FOLDER     folder for what earlier runs saw (~/.check_ldoms)\n"
	     "      --no-state         remember nothing\n"
	     "  -d, --domain=NAME      look at this domain only; it must be active\n"
	     "  -h, --help  -V, --version\n"
	     "SNMP options, as of snmpget(1): -v 1|2c|3 -c -u -l -a -A -x -X -n CONTEXT -t -r\n"
	     "Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN");
}

/* --- the command line ------------------------------------------------------------------------ */

static bool add_name(const char ***list, size_t *n, const char *name)
{
	const char **more = reallocarray(*list, *n + 1, sizeof(*more));

	if (!more)
		return false;
	*list = more;
	more[(*n)++] = name;
	return true;
}

/* NAME,NAME,...; the text is cut at the commas. */
static bool add_names(struct wishes *w, char *text)
{
	char *rest = text;

	for (char *name; (name = strsep(&rest, ","));)
		if (*name && !add_name(&w->expected, &w->n_expected, name))
			return false;
	return true;
}

static bool take_hours(const char *text, unsigned int *ret)
{
	char *end;
	unsigned long hours = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || hours > 100000)
		return false;
	*ret = (unsigned int)hours;
	return true;
}

/* false: the argument is wrong. */
static bool take_option(struct arguments *a, int option, char *argument)
{
	struct wishes *w = &a->wishes;

	switch (option) {
	case 'H':
		a->host = argument;
		return true;
	case 'h':
		return a->help = true;
	case 'V':
		return a->version = true;
	case 'e':
		return add_names(w, argument);
	case 'd':
		w->domain = argument;
		return *argument != '\0';
	case OPTION_IGNORE:
		return add_name(&w->ignored, &w->n_ignored, argument);
	case OPTION_MEMORY:
		return limits_read(argument, true, &w->memory);
	case OPTION_CPUS:
		return limits_read(argument, false, &w->cpus);
	case OPTION_CORES:
		return limits_read(argument, false, &w->cores);
	case OPTION_AGE:
		return limits_read(argument, false, &w->age_s);
	case OPTION_BUSY:
		return limits_read(argument, false, &w->busy_percent);
	case OPTION_UNSAVED:
		return take_hours(argument, &w->unsaved_hours);
	case OPTION_STATE:
		free(a->state_folder);
		return (a->state_folder = strdup(argument)) != NULL;
	case OPTION_NO_STATE:
		return a->no_state = true;
	default:
		return false;
	}
}

static bool hand_on(struct arguments *a, int option, char *argument)
{
	if (option == 'n')
		a->context = argument;
	if (asprintf(&a->snmp[a->n_snmp], "-%c", option) < 0)
		return false;
	a->n_snmp++;
	a->snmp[a->n_snmp] = strdup(argument);
	/* Other users see the arguments of a process. */
	if (strchr("cAX", option))
		memset(argument, '*', strlen(argument));
	return a->snmp[a->n_snmp++] != NULL;
}

/* false: there is a mistake, printed to stderr, or no memory. */
static bool read_arguments(int argc, char **argv, struct arguments *a)
{
	/* At most each argument as an option and its value, the host, and the NULL. */
	a->snmp = calloc(2 * (size_t)argc + 2, sizeof(*a->snmp));
	if (!a->snmp || !(a->snmp[a->n_snmp++] = strdup(argv[0])))
		return false;
	for (int option;
		(option = getopt_long(argc, argv, SHORT_OPTIONS, long_options, NULL)) != -1;) {
		bool ok = option < 256 && strchr(SNMP_OPTIONS, option)
				  ? hand_on(a, option, optarg)
				  : option != '?' && take_option(a, option, optarg);
		if (!ok) {
			if (option != '?')
				fprintf(stderr, "check_ldoms: %s: cannot be read\n",
					optarg ? optarg : "");
			return false;
		}
	}
	if (!a->host && optind < argc)
		a->host = argv[optind++];
	if (a->help || a->version)
		return true;
	if (!a->host)
		fprintf(stderr, "check_ldoms: no host is named: -H HOST\n");
	else if (optind < argc)
		fprintf(stderr, "check_ldoms: %s: there can be one host only, and it is %s\n",
			argv[optind], a->host);
	return optind == argc && a->host && (a->snmp[a->n_snmp++] = strdup(a->host));
}

static void arguments_clear(struct arguments *a)
{
	for (int i = 0; a->snmp && i < a->n_snmp; i++)
		free(a->snmp[i]);
	free(a->snmp);
	free(a->state_folder);
	free(a->wishes.expected);
	free(a->wishes.ignored);
	memory_free(a->wishes.remembered);
}

/* --- the run --------------------------------------------------------------------------------- */

static char *last_error;

static void on_error(const char *text)
{
	free(last_error);
	last_error = strdup(text);
}

/* A daemon may have started the plugin without HOME. */
static char *default_folder(void)
{
	const char *home = getenv("HOME");
	struct passwd *user = home && *home ? NULL : getpwuid(getuid());
	char *folder;

	if (user)
		home = user->pw_dir;
	return home && asprintf(&folder, "%s/.check_ldoms", home) >= 0 ? folder : NULL;
}

/* Only the check of a host needs the memory. */
static void open_memory(struct arguments *a, struct report *r)
{
	char *name;

	if (a->no_state || a->wishes.domain)
		return;
	if (!a->state_folder)
		a->state_folder = default_folder();
	if (!a->state_folder || asprintf(&name, "%s%s%s", a->host, a->context ? "@" : "",
					a->context ? a->context : "") < 0)
		return;
	int error = memory_open(a->state_folder, name, &a->wishes.remembered);
	free(name);
	if (error < 0)
		report_problem(r, SEVERITY_UNKNOWN, "nothing can be remembered in %s: %s",
			a->state_folder, strerror(-error));
}

static void save_memory(const struct arguments *a, struct report *r)
{
	int error = a->wishes.remembered ? memory_save(a->wishes.remembered) : 0;

	if (error < 0)
		report_problem(r, SEVERITY_UNKNOWN, "nothing can be remembered in %s: %s",
			a->state_folder, strerror(-error));
}

/* A request that cannot be sent is a mistake in the check, not a state of the host: UNKNOWN. */
static void report_exchange(enum snmp_result result, struct report *r)
{
	if (result != SNMP_OK)
		report_problem(r, result == SNMP_CANNOT_ASK ? SEVERITY_UNKNOWN : SEVERITY_CRITICAL,
			"%s%s", last_error ? last_error : "no session",
			result == SNMP_AGENT_FAILS ? ": the agent behind snmpd does not answer"
						   : "");
}

/* For options that net-snmp does not know; read_arguments() hands none of these on. */
static void no_own_option(int option, char *argument)
{
	(void)option, (void)argument;
}

static enum severity check(struct arguments *a)
{
	struct report *r = report_new();
	struct snmp *snmp;
	int next;

	if (!r)
		return SEVERITY_UNKNOWN;
	if (snmp_open_command_line(a->n_snmp, a->snmp, "", no_own_option, on_error, &snmp, &next)) {
		open_memory(a, r);
		report_exchange(judge(snmp, &a->wishes, r), r);
		save_memory(a, r);
		snmp_free(snmp);
	} else {
		report_problem(r, SEVERITY_UNKNOWN, "%s",
			last_error ? last_error : "the SNMP options are wrong");
	}
	enum severity severity = report_print(r);
	report_free(r);
	return severity;
}

int main(int argc, char **argv)
{
	struct arguments a = {.wishes = {.unsaved_hours = 24}};
	enum severity status = SEVERITY_OK;

	(void)limits_read("2%", true, &a.wishes.memory);
	(void)limits_read("120", false, &a.wishes.age_s);
	if (!read_arguments(argc, argv, &a)) {
		puts("LDOMS UNKNOWN - the command line is wrong; see check_ldoms --help");
		status = SEVERITY_UNKNOWN;
	} else if (a.help) {
		print_usage();
	} else if (a.version) {
		puts("check_ldoms " PACKAGE_VERSION);
	} else {
		status = check(&a);
	}
	arguments_clear(&a);
	free(last_error);
	return (int)status;
}
