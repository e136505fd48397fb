/*
 * The agent inside snmpd. `dlmod ldoms FILE` in snmpd.conf has snmpd call init_ldoms(); the end of
 * snmpd, its SIGHUP, and a SET of UCD-DLMOD-MIB have it call deinit_ldoms(). `ldomsConfig FILE`
 * behind that line names the configuration.
 *
 * snmpd loads its modules before it forks and before it becomes another user. So init_ldoms() only
 * asks for a call by snmpd's loop; files, sockets and the thread begin there. Nothing here may end
 * the process or change what belongs to it: signals, umask, descriptors.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "control/handover.h"
#include "common/ldm-thread.h"
#include "common/settings.h"
#include "common/state-directory.h"
#include "common/worker.h"
#include "module/in-master.h"
#include "module/log-relay.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/log.h"

#define TOKEN	  "module"
#define DIRECTIVE "ldomsConfig"
/* snmpd serves nobody while a module is unloaded. What still runs then is in the history on disk,
 * and the next start finds out what became of it. */
#define STOP_WITHIN_MS 1000
#define STOP_LOOK_MS   10

struct ldoms_module {
	unsigned int alarm;
	struct log_relay *log;
	struct settings *settings;
	struct handover *handover;
	struct ldm_thread *ldm;
	struct in_master *in_master;
};

/* snmpd's entry points have no argument. Only they and the functions below them use this. */
static struct ldoms_module *loaded;
/* What the directive named last; NULL: the default file, if it is there. A module that is unloaded
 * and loaded again by SET finds the directive here, as snmpd does not read its own file again. */
static char *config_file;

/* --- settings ------------------------------------------------------------------------------- */

/* snmpd may write where its own state is, whatever its user. */
static int default_state_directory(struct settings *s)
{
	struct buffer path = BUFFER_EMPTY;
	const char *why;
	int r = buffer_printf(&path, "%s/ldoms", get_persistent_directory());

	if (r >= 0)
		r = settings_set(s, "stateDirectory", buffer_data(&path), &why);
	buffer_clear(&path);
	return r;
}

static int read_settings(struct settings **ret)
{
	struct settings *s = settings_new();
	int r = s ? default_state_directory(s) : -ENOMEM;

	if (r >= 0)
		r = config_file ? settings_load(s, config_file)
				: settings_load_if_there(s, DEFAULT_CONFIG_FILE);
	if (r < 0) {
		settings_unref(s);
		return r;
	}
	log_set_level((enum log_level)s->log_level);
	*ret = s;
	return 0;
}

/* --- life ----------------------------------------------------------------------------------- */

static int make_ldm_thread(struct ldoms_module *m)
{
	const struct ldm_thread_config config = {.settings = m->settings};
	struct ldm_endpoint *endpoint;
	int r = settings_endpoint(m->settings, &endpoint);

	return r < 0 ? r : ldm_thread_new(&config, endpoint, m->handover, &m->ldm);
}

/* The thread must not take the signals that snmpd waits for. */
static int start_ldm_thread(struct ldoms_module *m)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = worker_start(ldm_thread_worker(m->ldm));
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

static int make_in_master(struct ldoms_module *m)
{
	const struct backend_config config = settings_backend(m->settings);
	int r = in_master_new(&config, m->handover, &m->in_master);

	if (r == -EADDRINUSE)
		log_err(TOKEN, "another agent serves LDOMS-MIB here: is ldoms-agentx running?");
	return r;
}

/* Asks the thread to end. It may finish a command, but not keep snmpd waiting. */
static void stop_ldm_thread(struct ldoms_module *m)
{
	struct worker *worker = ldm_thread_worker(m->ldm);
	uint64_t until_ms = clock_ms() + STOP_WITHIN_MS;

	worker_stop(worker);
	while (!worker_ended(worker) && clock_ms() < until_ms) {
		const struct timespec pause = {0, STOP_LOOK_MS * 1000000L};
		nanosleep(&pause, NULL);
	}
	ldm_thread_free(m->ldm);
	m->ldm = NULL;
}

static void stop(struct ldoms_module *m)
{
	in_master_free(m->in_master);
	m->in_master = NULL;
	if (m->ldm)
		stop_ldm_thread(m);
	handover_free(m->handover);
	m->handover = NULL;
	settings_unref(m->settings);
	m->settings = NULL;
}

static int start(struct ldoms_module *m)
{
	int r = read_settings(&m->settings);

	if (r >= 0)
		r = state_directory_make(m->settings->state_directory);
	if (r >= 0)
		r = handover_new(&m->handover);
	if (r >= 0)
		r = make_ldm_thread(m);
	if (r >= 0)
		r = make_in_master(m);
	if (r >= 0)
		r = start_ldm_thread(m);
	return r;
}

/* The first call by snmpd's loop. A mistake of ours leaves snmpd as it is, without LDOMS-MIB. */
static void on_first_alarm(unsigned int alarm, void *user)
{
	(void)alarm;
	struct ldoms_module *m = user;

	m->alarm = 0;
	if (log_relay_new(&m->log) < 0) {
		snmp_log(LOG_ERR, "ldoms: no memory or descriptors: LDOMS-MIB is not served\n");
		return;
	}
	int r = start(m);
	if (r < 0) {
		stop(m);
		log_err(TOKEN, "LDOMS-MIB is not served: %s", strerror(-r));
		return;
	}
	log_notice(TOKEN, "ldoms-snmp %s in the master, LDM %s, state in %s", PACKAGE_VERSION,
		m->settings->ldm, m->settings->state_directory);
}

/* --- what snmpd calls ----------------------------------------------------------------------- */

static void take_config_file(const char *token, char *line)
{
	(void)token;
	char *copy = strdup(line);

	if (!copy)
		return;
	free(config_file);
	config_file = copy;
}

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
	register_config_handler("snmpd", DIRECTIVE, take_config_file, NULL, "FILE");
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
	stop(m);
	log_relay_free(m->log);
	free(m);
}
