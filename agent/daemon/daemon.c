/*
 * From the command line to two running threads. While they run, the main thread waits for signals.
 * At the end everything is stopped in the opposite order of the start.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/handover.h"
#include "daemon/background.h"
#include "common/ldm-thread.h"
#include "daemon/log-writer.h"
#include "daemon/oneshot.h"
#include "daemon/options.h"
#include "daemon/platform.h"
#include "daemon/service.h"
#include "common/settings.h"
#include "daemon/signals.h"
#include "daemon/snmp-thread.h"
#include "common/state-directory.h"
#include "common/worker.h"
#include "util/log.h"

struct daemon {
	const struct options *options;
	struct settings *settings; /* as read last */
	struct settings *started;  /* as read at start; directives that do not apply live keep
				      these values */
	struct log_writer *log_writer;
	struct pidfile *pidfile;
	struct handover *handover;
	struct worker *ldm, *snmp;
	int background_fd; /* -1: in the foreground */
	bool stopping;
	bool misconfigured; /* the configuration is wrong, so the exit status is EXIT_USAGE */
};

static int override_setting(
	struct settings *s, const char *directive, const char *value, char letter)
{
	const char *why = NULL;

	if (!value)
		return 0;
	int r = settings_set(s, directive, value, &why);
	if (r == -EINVAL)
		log_err("config", "-%c \"%s\": must be %s", letter, value, why ? why : "valid");
	return r;
}

/* The defaults, then the file, then the options of the command line. */
static int read_settings(const struct options *o, bool must_exist, struct settings **ret)
{
	struct settings *s = settings_new();
	int r = s ? 0 : -ENOMEM;

	if (r == 0)
		r = settings_load(s, o->config_file, must_exist);
	if (r == 0)
		r = override_setting(s, "agentXSocket", o->agentx_socket, 'x');
	if (r == 0)
		r = override_setting(s, "ldm", o->ldm, 'm');
	if (r == 0)
		r = override_setting(s, "stateDirectory", o->state_directory, 's');
	if (r < 0) {
		settings_unref(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void tell_live(void *user, const char *directive, bool live)
{
	(void)user;
	if (live)
		log_notice("config", "%s applies from now on", directive);
}

static void tell_restart(void *user, const char *directive, bool live)
{
	(void)user;
	if (!live)
		log_warn("config", "%s has changed: it needs a restart to apply", directive);
}

static void reload_settings(struct daemon *d)
{
	struct settings *s;
	/* A file that was read before must still exist: the defaults may allow more than it did. */
	bool must_exist = d->options->config_given || d->settings->from_file;

	service_reloading();
	if (read_settings(d->options, must_exist, &s) < 0) {
		log_err("config", "not reloaded: the settings stay as they were");
	} else {
		settings_compare(d->settings, s, tell_live, NULL);
		settings_compare(d->started, s, tell_restart, NULL);
		log_set_level((enum log_level)s->log_level);
		worker_configure(d->ldm, s);
		worker_configure(d->snmp, s);
		settings_unref(d->settings);
		d->settings = s;
		log_notice("config", "reloaded");
	}
	service_ready();
}

/* The first request waits for a running command, the second one does not. */
static void stop_threads(struct daemon *d)
{
	if (d->stopping) {
		worker_abandon(d->ldm);
		return;
	}
	d->stopping = true;
	log_notice("main", "stopping");
	service_stopping();
	worker_stop(d->ldm);
}

/* The service manager's watchdog is fed only while both threads make their turns. */
static void feed_watchdog(struct daemon *d)
{
	uint64_t within_ms = service_watchdog_ms() / 3 * 2;

	if (worker_turned(d->ldm, within_ms) && worker_turned(d->snmp, within_ms))
		service_alive();
}

/* Returns when a thread has ended, so that both have to be joined. -errno of poll(2) or read(2). */
static int wait_for_end(struct daemon *d)
{
	int watchdog_ms = (int)(service_watchdog_ms() / 3);

	for (;;) {
		enum daemon_event event;
		int r = signals_wait(watchdog_ms > 0 ? watchdog_ms : -1, &event);
		if (r < 0)
			return r;
		if (watchdog_ms > 0)
			feed_watchdog(d);
		if (event == EVENT_RELOAD && !d->stopping)
			reload_settings(d);
		else if (event == EVENT_STOP)
			stop_threads(d);
		if (worker_ended(d->ldm) || worker_ended(d->snmp))
			return 0;
	}
}

static void post_ended(void)
{
	signals_post(EVENT_ENDED);
}

static int make_ldm_thread(struct daemon *d)
{
	struct ldm_endpoint *endpoint;

	int r = settings_endpoint(d->settings, &endpoint);
	d->misconfigured = r < 0 && r != -ENOMEM;
	if (r < 0)
		return r;
	const struct ldm_thread_config config = {
		.settings = d->settings,
		.accept_damage = d->options->accept_damage,
		.beat_ms = service_watchdog_ms() / 3,
		.ended = post_ended,
	};
	return ldm_thread_new(&config, endpoint, d->handover, &d->ldm);
}

static int start_everything(struct daemon *d)
{
	int r = signals_open();
	if (r >= 0)
		r = log_writer_new(&d->log_writer);
	if (r >= 0 && d->options->pidfile) {
		r = pidfile_new(d->options->pidfile, &d->pidfile);
		if (r < 0)
			log_err("main", "pid file %s: %s", d->options->pidfile,
				r == -EBUSY ? "another agent is running" : strerror(-r));
	}
	if (r >= 0)
		r = state_directory_make(d->settings->state_directory);
	if (r >= 0)
		r = handover_new(&d->handover);
	if (r >= 0)
		r = make_ldm_thread(d);
	if (r >= 0)
		r = snmp_thread_new(d->settings, d->handover, &d->snmp);
	if (r >= 0)
		r = worker_start(d->ldm);
	if (r >= 0)
		r = worker_start(d->snmp);
	if (r < 0)
		log_err("main", "cannot start: %s", strerror(-r));
	return r;
}

static int stop_everything(struct daemon *d)
{
	int ldm = worker_join(d->ldm), snmp = worker_join(d->snmp);

	worker_free(d->snmp);
	worker_free(d->ldm);
	handover_free(d->handover);
	pidfile_free(d->pidfile);
	signals_close();
	/* The reason of a failed start is written before the parent in the foreground ends. */
	log_writer_free(d->log_writer);
	return ldm < 0 ? ldm : snmp;
}

static void drop_privileges(void)
{
	int r = platform_drop_privileges();
	if (r < 0)
		log_warn("main", "privileges cannot be given up: %s", strerror(-r));
	umask(077);
}

static void tell_ready(struct daemon *d)
{
	log_notice("main", "ldoms-agentx %s, LDM %s, AgentX master %s", PACKAGE_VERSION,
		d->settings->ldm, d->settings->agentx_socket);
	if (d->background_fd >= 0)
		background_ready(d->background_fd, EXIT_SUCCESS);
	d->background_fd = -1;
	service_ready();
}

static int run_until_stopped(struct daemon *d)
{
	service_open();
	if (geteuid() == 0)
		log_warn("main", "running as root: a user of its own is enough, see the manual");
	drop_privileges();
	int r = start_everything(d);
	if (r >= 0) {
		signals_unblock();
		tell_ready(d);
		r = wait_for_end(d);
	}
	int ended = stop_everything(d);
	service_close();
	int status = d->misconfigured	  ? EXIT_USAGE
		     : r < 0 || ended < 0 ? EXIT_FAILURE
					  : EXIT_SUCCESS;
	if (d->background_fd >= 0)
		background_ready(d->background_fd, status);
	return status;
}

static int run_as_daemon(const struct options *o, struct settings *settings)
{
	struct daemon d = {
		.options = o,
		.settings = settings_ref(settings),
		.started = settings,
		.background_fd = -1,
	};

	int r = snmp_thread_environment();
	if (r >= 0 && !o->foreground) {
		r = background_start(&d.background_fd);
		if (r >= 0)
			r = log_setup(&(struct log_options){
				.ident = "ldoms-agentx",
				.to_syslog = true,
				/* Standard error is the terminal until background_ready(). */
				.errors_twice = true,
				.level = (enum log_level)settings->log_level,
				.tokens = o->debug_tokens,
			});
	}
	int status = EXIT_FAILURE;
	if (r < 0)
		log_err("main", "cannot start: %s", strerror(-r));
	else
		status = run_until_stopped(&d);
	settings_unref(d.settings);
	return status;
}

static int dispatch_mode(const struct options *o)
{
	struct settings *settings;

	int r = log_setup(&(struct log_options){
		.ident = "ldoms-agentx",
		.priorities = service_reads_stderr(),
		.level = LOG_LEVEL_NOTICE,
		.tokens = o->debug_tokens,
	});
	platform_return_memory();
	/* In every mode: each of them may read a password. */
	int hidden = platform_hide_memory();
	if (hidden < 0)
		log_warn("main", "core dumps cannot be switched off: %s", strerror(-hidden));
	if (r >= 0)
		r = read_settings(o, o->config_given, &settings);
	if (r < 0)
		return r == -ENOMEM ? EXIT_FAILURE : EXIT_USAGE;
	log_set_level((enum log_level)settings->log_level);

	/* The daemon drops its privileges after the fork, which Solaris would no longer allow. */
	if (o->mode != MODE_RUN)
		drop_privileges();
	int status;
	switch (o->mode) {
	case MODE_LIST:
		/* The table needs the width of characters on the terminal. */
		setlocale(LC_CTYPE, "");
		status = oneshot_list(settings, o->json);
		break;
	case MODE_CONSTRAINTS:
		status = oneshot_constraints(settings, o->domain);
		break;
	case MODE_CAPTURE:
		status = oneshot_capture(settings, o->capture_file, o->as_is);
		break;
	case MODE_CERTIFICATE:
		status = oneshot_certificate(settings, o->yes);
		break;
	case MODE_TEST:
		status = oneshot_test(settings, o);
		break;
	default:
		status = run_as_daemon(o, settings);
	}
	settings_unref(settings);
	return status;
}

int daemon_main(int argc, char **argv)
{
	struct options options;

	if (background_fill_standard() < 0)
		return EXIT_FAILURE;
	if (options_parse(&options, argc, argv) < 0)
		return EXIT_USAGE;
	switch (options.mode) {
	case MODE_HELP:
		options_print_help(stdout);
		return EXIT_SUCCESS;
	case MODE_VERSION:
		options_print_version(stdout);
		return EXIT_SUCCESS;
	default:
		break;
	}
	int status = dispatch_mode(&options);
	options_clear(&options);
	log_shutdown();
	return status;
}
