/*
 * The agent inside snmpd. At `dlmod ldoms FILE` in snmpd.conf, snmpd calls init_ldoms(); at its
 * end, its SIGHUP and a SET of UCD-DLMOD-MIB, it calls deinit_ldoms(). A later line `ldomsConfig
 * FILE` names the configuration; each of several `ldomsConfig NAME FILE` is one more host.
 *
 * snmpd loads its modules before it forks and before it changes its user. So init_ldoms() only sets
 * an alarm of snmpd's loop; files, sockets and threads begin when the alarm is due. Nothing here
 * may end the process or change what belongs to it: signals, umask, descriptors.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "module/managed-host.h"
#include "module/log-relay.h"
#include "snmp/library.h"
#include "util/clock.h"
#include "util/log.h"

#define DIRECTIVE "ldomsConfig"
#define BLANKS	  " \t"
/* snmpd serves nobody while a module is unloaded, so a command may be left behind after this time.
 * It is in the history on disk, and the next start finds out what became of it. */
#define STOP_WITHIN_MS 1000
#define STOP_LOOK_MS   10

/* One ldomsConfig line. */
struct line {
	STAILQ_ENTRY(line) entries;
	char *name;		   /* NULL: the default context */
	char *file;		   /* NULL: the default configuration file */
	struct managed_host *host; /* NULL: not served */
};

STAILQ_HEAD(lines, line);

struct ldoms_module {
	unsigned int alarm;
	struct log_relay *log;
	bool in_sysor;
};

/* init_ldoms() and deinit_ldoms() have no argument that could carry this. */
static struct ldoms_module *loaded;
/* The lines are kept when the module is unloaded: a SET that loads it again does not make snmpd
 * read its file again. If snmpd reads the file, the first new line replaces the old ones. */
static struct lines lines = STAILQ_HEAD_INITIALIZER(lines);
static bool lines_are_old;

/* --- lines ----------------------------------------------------------------------------------- */

static void free_line(struct line *line)
{
	free(line->name);
	free(line->file);
	free(line);
}

static void forget_lines(void)
{
	while (!STAILQ_EMPTY(&lines)) {
		struct line *line = STAILQ_FIRST(&lines);

		STAILQ_REMOVE_HEAD(&lines, entries);
		free_line(line);
	}
	lines_are_old = false;
}

/* Keeps one line: FILE, or NAME FILE. */
static void take_line(const char *token, char *text)
{
	(void)token;
	size_t first = strcspn(text, BLANKS);
	const char *second = text + first + strspn(text + first, BLANKS);
	struct line *line = calloc(1, sizeof(*line));
	bool made = line != NULL;

	if (made && *second)
		made = (line->name = strndup(text, first)) != NULL;
	if (made)
		made = (line->file = *second ? strdup(second) : strndup(text, first)) != NULL;
	if (!made) {
		config_perror("no memory");
		if (line)
			free_line(line);
		return;
	}
	if (lines_are_old)
		forget_lines();
	STAILQ_INSERT_TAIL(&lines, line, entries);
}

/* --- hosts ----------------------------------------------------------------------------------- */

/* A host that cannot start does not hinder the others. False: none has started. */
static bool start_hosts(void)
{
	enum log_level level = LOG_LEVEL_ERROR;
	struct line *line;
	bool any = false;

	log_set_level(LOG_LEVEL_NOTICE);
	/* Without a line there is one host, with the default file. */
	if (STAILQ_EMPTY(&lines)) {
		line = calloc(1, sizeof(*line));
		if (!line)
			return false;
		STAILQ_INSERT_TAIL(&lines, line, entries);
	}
	STAILQ_FOREACH (line, &lines, entries) {
		if (managed_host_new(line->name, line->file, &line->host) < 0)
			continue;
		if (managed_host_log_level(line->host) > level)
			level = managed_host_log_level(line->host);
		any = true;
	}
	if (any)
		log_set_level(level);
	return any;
}

static bool all_stopped(void)
{
	const struct line *line;

	STAILQ_FOREACH (line, &lines, entries)
		if (line->host && !managed_host_stopped(line->host))
			return false;
	return true;
}

/* All threads are asked first, so that they end at the same time; then snmpd waits for a while. */
static void stop_hosts(void)
{
	uint64_t until_ms = clock_ms() + STOP_WITHIN_MS;
	struct line *line;

	STAILQ_FOREACH (line, &lines, entries)
		if (line->host)
			managed_host_stop(line->host);
	while (!all_stopped() && clock_ms() < until_ms) {
		const struct timespec pause = {0, STOP_LOOK_MS * 1000000L};
		nanosleep(&pause, NULL);
	}
	STAILQ_FOREACH (line, &lines, entries) {
		managed_host_free(line->host);
		line->host = NULL;
	}
}

/* The first call by snmpd's loop. After a failure snmpd goes on without LDOMS-MIB. */
static void on_first_alarm(unsigned int alarm, void *user)
{
	(void)alarm;
	struct ldoms_module *m = user;

	m->alarm = 0;
	if (log_relay_new(&m->log) < 0) {
		snmp_log(LOG_ERR, "ldoms: no memory or descriptors: LDOMS-MIB is not served\n");
		return;
	}
	/* One row for all hosts. */
	if (start_hosts())
		m->in_sysor = sysor_enter(&ldoms_mib);
}

/* --- what snmpd calls ------------------------------------------------------------------------ */

void init_ldoms(void) __attribute__((visibility("default")));
void deinit_ldoms(void) __attribute__((visibility("default")));

void init_ldoms(void)
{
	const struct timeval soon = {0, 1000};

	if (loaded)
		return;
	loaded = calloc(1, sizeof(*loaded));
	if (!loaded)
		return;
	register_config_handler("snmpd", DIRECTIVE, take_line, NULL, "[NAME] FILE");
	loaded->alarm = snmp_alarm_register_hr(soon, 0, on_first_alarm, loaded);
}

void deinit_ldoms(void)
{
	struct ldoms_module *m = loaded;

	if (!m)
		return;
	loaded = NULL;
	unregister_config_handler("snmpd", DIRECTIVE);
	if (m->alarm != 0)
		snmp_alarm_unregister(m->alarm);
	if (m->in_sysor)
		sysor_leave(&ldoms_mib);
	stop_hosts();
	log_relay_free(m->log);
	free(m);
	lines_are_old = true;
}
