/*
 * Start, stop, descriptors and log lines of libnetsnmp.
 */
#include "config.h"

#include "snmp/library.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/library/large_fd_set.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>

#include "util/log.h"
#include "util/pollset.h"

#define LIBRARY_NAME "ldoms-agentx"
#define TOKEN	     "agentx:library"

/*
 * Synchronous exchanges (Open, Register, Close) end after this, once: with a frozen master the
 * default of 1 s and five retries holds the thread for ten seconds and more. Less than the interval
 * of the reconnect alarm (session.c): one that takes longer is due again when it ends, and
 * run_alarms() does not come back, until the queue of the socket is full and connect() waits.
 */
#define SESSION_TIMEOUT_US 700000L

/* RFC 2741's version 1 in the library's numbering (agentx/protocol.h, which is not installed). */
#define AGENTX_VERSION_1 (192 | 1)

/* Said in our own words elsewhere, once instead of at each attempt. */
static bool is_known(const char *line)
{
	return strncmp(line, LIBRARY_REFUSED_LINE, strlen(LIBRARY_REFUSED_LINE)) == 0;
}

static int on_log(int major, int minor, void *serverarg, void *clientarg)
{
	(void)major, (void)minor, (void)clientarg;
	const struct snmp_log_message *m = serverarg;
	int length = (int)strcspn(m->msg, "\n");

	if (is_known(m->msg))
		log_debug(TOKEN, "%.*s", length, m->msg);
	else if (m->priority <= LOG_ERR)
		log_warn(TOKEN, "%.*s", length, m->msg);
	else if (m->priority <= LOG_WARNING)
		log_info(TOKEN, "%.*s", length, m->msg);
	else
		log_debug(TOKEN, "%.*s", length, m->msg);
	return 0;
}

static int on_session_init(int major, int minor, void *serverarg, void *clientarg)
{
	(void)major, (void)minor, (void)clientarg;
	netsnmp_session *session = serverarg;

	if (session->version == AGENTX_VERSION_1) {
		session->timeout = SESSION_TIMEOUT_US;
		session->retries = 0;
	}
	return 0;
}

static void route_log(void)
{
	snmp_disable_log();
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, NULL);
	if (log_wants(TOKEN)) {
		debug_register_tokens("agentx");
		snmp_set_do_debugging(1);
	}
}

static void set_library(int which)
{
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, which, 1);
}

int library_start(const char *agentx_socket)
{
	static bool started;
	if (started)
		return -EALREADY;
	started = true;

	route_log();
	set_library(NETSNMP_DS_LIB_ALARM_DONT_USE_SIG);
	set_library(NETSNMP_DS_LIB_DONT_PERSIST_STATE);
	set_library(NETSNMP_DS_LIB_DONT_READ_CONFIGS);
	netsnmp_enable_subagent();
	/* session.c tells that there is no master, once. */
	netsnmp_ds_set_boolean(
		NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, agentx_socket);
	if (init_agent(LIBRARY_NAME) != 0)
		return -EIO;
	snmp_register_callback(
		SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_SESSION_INIT, on_session_init, NULL);
	return 0;
}

void library_connect(void)
{
	init_snmp(LIBRARY_NAME);
}

void library_stop(void)
{
	snmp_shutdown(LIBRARY_NAME);
	shutdown_agent();
}

int library_prepare(struct pollset *ps, bool timers, uint64_t now_ms)
{
	netsnmp_large_fd_set fds;
	struct timeval timeout = {0};
	int n_fds = 0, block = 1, r = 0;

	netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
	snmp_select_info2(&n_fds, &fds, &timeout, &block);
	for (int fd = 0; fd < n_fds && r == 0; fd++)
		if (NETSNMP_LARGE_FD_ISSET(fd, &fds))
			r = pollset_add(ps, fd, POLLIN);
	netsnmp_large_fd_set_cleanup(&fds);
	if (timers && !block)
		pollset_deadline(ps, now_ms + (uint64_t)timeout.tv_sec * 1000 +
					     ((uint64_t)timeout.tv_usec + 999) / 1000);
	return r;
}

void library_read(const struct pollset *ps)
{
	netsnmp_large_fd_set fds;
	bool any = false;

	netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
	NETSNMP_LARGE_FD_ZERO(&fds);
	for (size_t i = 0; i < ps->n; i++)
		if (ps->fds[i].revents & (POLLIN | POLLHUP | POLLERR)) {
			NETSNMP_LARGE_FD_SET(ps->fds[i].fd, &fds);
			any = true;
		}
	/* It looks for its own descriptors in the set and leaves those of others alone. */
	if (any)
		snmp_read2(&fds);
	netsnmp_large_fd_set_cleanup(&fds);
	snmp_timeout();
}
