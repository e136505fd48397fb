/*
 * Start, stop, descriptors and log lines of libnetsnmp.
 */
#include "snmp/library.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/library/large_fd_set.h>

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/pollset.h"

#define LIBRARY_NAME "ldoms-agentx"
#define TOKEN	     "agentx:library"

static int on_log(int major, int minor, void *serverarg, void *clientarg)
{
	(void)major, (void)minor, (void)clientarg;
	const struct snmp_log_message *m = serverarg;
	int length = (int)strcspn(m->msg, "\n");

	if (m->priority <= LOG_ERR)
		log_warn(TOKEN, "%.*s", length, m->msg);
	else if (m->priority <= LOG_WARNING)
		log_info(TOKEN, "%.*s", length, m->msg);
	else
		log_debug(TOKEN, "%.*s", length, m->msg);
	return 0;
}

int library_start(struct library *l, const char *address)
{
	static const int switches[] = {NETSNMP_DS_LIB_ALARM_DONT_USE_SIG,
		NETSNMP_DS_LIB_DONT_PERSIST_STATE, NETSNMP_DS_LIB_DONT_READ_CONFIGS};
	static bool started;

	if (started)
		return -EALREADY;
	started = true;
	snmp_disable_log();
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, NULL);
	if (log_wants(TOKEN)) {
		debug_register_tokens("agentx");
		snmp_set_do_debugging(1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, switches[i], 1);
	netsnmp_enable_subagent();
	/* session.c tells that there is no master, once. */
	netsnmp_ds_set_boolean(
		NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, address);
	*l = (struct library){.deadline_ms = CLOCK_NEVER};
	return init_agent(LIBRARY_NAME) == 0 ? 0 : -EIO;
}

void library_stop(void)
{
	snmp_shutdown(LIBRARY_NAME);
	shutdown_agent();
}

static void set_ping_interval(int seconds)
{
	netsnmp_ds_set_int(
		NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, seconds);
}

/*
 * The library opens its session when the configuration has been read, as init_snmp() does (there is
 * none). With an interval it registers everything again, too; then that interval must be gone, or
 * it would set alarms: to ping, and so drop a session that is merely slow, or to connect again.
 */
void library_open(struct library *l)
{
	set_ping_interval(1);
	if (l->running)
		snmp_call_callbacks(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG, NULL);
	else
		init_snmp(LIBRARY_NAME);
	l->running = l->awake = true;
	set_ping_interval(0);
	snmp_alarm_unregister_all();
}

int library_prepare(struct library *l, struct pollset *ps, int session_fd, uint64_t now_ms)
{
	netsnmp_large_fd_set fds;
	struct timeval timeout = {0};
	int n_fds = 0, block = 1, r = 0;

	if (l->awake) {
		netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
		snmp_select_info2(&n_fds, &fds, &timeout, &block);
		for (int fd = 0; fd < n_fds && r == 0; fd++)
			if (fd != session_fd && NETSNMP_LARGE_FD_ISSET(fd, &fds))
				r = pollset_add(ps, fd, POLLIN);
		netsnmp_large_fd_set_cleanup(&fds);
		l->deadline_ms = block ? CLOCK_NEVER
				       : now_ms + (uint64_t)timeout.tv_sec * 1000 +
						 ((uint64_t)timeout.tv_usec + 999) / 1000;
	}
	pollset_deadline(ps, l->deadline_ms);
	return r;
}

void library_read(struct library *l, const struct pollset *ps, int session_fd, bool session_reads,
	uint64_t now_ms)
{
	netsnmp_large_fd_set fds;
	bool any = session_reads;

	if (!l->awake && !any && now_ms < l->deadline_ms)
		return;
	netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
	NETSNMP_LARGE_FD_ZERO(&fds);
	if (session_reads)
		NETSNMP_LARGE_FD_SET(session_fd, &fds);
	for (size_t i = 0; i < ps->n; i++)
		if (ps->fds[i].fd != session_fd &&
			ps->fds[i].revents & (POLLIN | POLLHUP | POLLERR)) {
			NETSNMP_LARGE_FD_SET(ps->fds[i].fd, &fds);
			any = true;
		}
	/* It looks for its own descriptors in the set and leaves those of others alone. */
	if (any)
		snmp_read2(&fds);
	netsnmp_large_fd_set_cleanup(&fds);
	snmp_timeout();
	/* A timeout calls back, and what was read may have been answered into a pipe. */
	l->awake = any || now_ms >= l->deadline_ms;
}
