/*
 * See managed-host.h. Does for one control domain what daemon/ does for its process.
 */
#include "module/managed-host.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

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
#include "util/buffer.h"
#include "util/cleanup.h"

#define TOKEN "module"

struct managed_host {
	char *name; /* NULL: the only one, or the one in the default context */
	struct settings *settings;
	struct handover *handover;
	struct worker *ldm;
	bool runs; /* the thread was started */
	struct in_master *in_master;
};

/* Below the directory of snmpd's own state, where snmpd may write, whatever its user is. */
static int default_state_directory(const char *name, struct settings *s)
{
	_cleanup_(buffer_clear) struct buffer path = BUFFER_EMPTY;
	const char *why;
	int r = buffer_printf(&path, "%s/ldoms%s%s", get_persistent_directory(), name ? "-" : "",
		name ? name : "");

	return r < 0 ? r : settings_set(s, "stateDirectory", buffer_data(&path), &why);
}

static int default_context(const char *name, struct settings *s)
{
	const char *why = "a part of a file's name, which has no /";
	int r = strchr(name, '/') ? -EINVAL : settings_set(s, "context", name, &why);

	if (r == -EINVAL)
		log_err(TOKEN, "the name of a host is %s", why);
	return r;
}

static int read_settings(struct managed_host *h, const char *file)
{
	struct settings *s = settings_new();

	if (!s)
		return -ENOMEM;
	h->settings = s;
	int r = default_state_directory(h->name, s);
	if (r >= 0 && h->name)
		r = default_context(h->name, s);
	if (r >= 0)
		r = settings_load(s, file ? file : DEFAULT_CONFIG_FILE, file != NULL);
	return r;
}

static int make_ldm_thread(struct managed_host *h)
{
	const struct ldm_thread_config config = {.settings = h->settings, .subject = h->name};
	struct ldm_endpoint *endpoint;
	int r = settings_endpoint(h->settings, &endpoint);

	return r < 0 ? r : ldm_thread_new(&config, endpoint, h->handover, &h->ldm);
}

static int make_in_master(struct managed_host *h)
{
	const struct in_master_config config = {
		.backend = settings_backend(h->settings),
		.context = h->settings->context,
		.subject = h->name,
	};
	int r = in_master_new(&config, h->handover, &h->in_master);

	if (r == -EADDRINUSE)
		log_err(TOKEN, "another agent serves LDOMS-MIB here: is ldoms-agentx running?");
	return r;
}

/* The thread must not take the signals that snmpd waits for. */
static int start_ldm_thread(struct managed_host *h)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = worker_start(h->ldm);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	h->runs = r >= 0;
	return r;
}

static int start(struct managed_host *h, const char *file)
{
	int r = read_settings(h, file);

	if (r >= 0)
		r = state_directory_make(h->settings->state_directory);
	if (r >= 0)
		r = handover_new(&h->handover);
	if (r >= 0)
		r = make_ldm_thread(h);
	if (r >= 0)
		r = make_in_master(h);
	if (r >= 0)
		r = start_ldm_thread(h);
	return r;
}

static void tell_start(const struct settings *s)
{
	bool named = s->context != NULL;

	log_notice(TOKEN, "ldoms-snmp %s in the master%s%s%s, LDM %s, state in %s", PACKAGE_VERSION,
		named ? ", in context \"" : "", named ? s->context : "", named ? "\"" : "", s->ldm,
		s->state_directory);
}

int managed_host_new(const char *name, const char *file, struct managed_host **ret)
{
	struct managed_host *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->name = name ? strdup(name) : NULL;
	log_set_subject(h->name);
	int r = name && !h->name ? -ENOMEM : start(h, file);
	if (r < 0)
		log_err(TOKEN, "LDOMS-MIB is not served: %s", strerror(-r));
	else
		tell_start(h->settings);
	log_set_subject(NULL);
	if (r < 0) {
		managed_host_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

enum log_level managed_host_log_level(const struct managed_host *h)
{
	return (enum log_level)h->settings->log_level;
}

void managed_host_stop(struct managed_host *h)
{
	log_set_subject(h->name);
	in_master_free(h->in_master);
	h->in_master = NULL;
	if (h->runs)
		worker_stop(h->ldm);
	log_set_subject(NULL);
}

bool managed_host_stopped(const struct managed_host *h)
{
	return !h->runs || worker_ended(h->ldm);
}

void managed_host_free(struct managed_host *h)
{
	if (!h)
		return;
	managed_host_stop(h);
	worker_free(h->ldm);
	handover_free(h->handover);
	settings_unref(h->settings);
	free(h->name);
	free(h);
}
