/*
 * -t: look at everything the agent needs, in the order it needs it, and say in one line each
 * whether it is there; where it is not, the next line says what to do. Changes nothing.
 */
#include "daemon/oneshot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/options.h"
#include "daemon/query.h"
#include "daemon/settings.h"
#include "daemon/state-directory.h"
#include "ldm/document.h"
#include "ldm/endpoint.h"
#include "snmp/connect.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/pollset.h"
#include "util/visible.h"

/* A master that accepts the connection has that long to open a session. */
#define MASTER_ANSWERS_MS 3000

__attribute__((format(printf, 1, 2))) static void good(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("ok       ", stdout);
	vprintf(format, ap);
	putchar('\n');
	va_end(ap);
}

/* Two lines: what is missing, and what to do. */
__attribute__((format(printf, 2, 3))) static bool missing(
	const char *advice, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("MISSING  ", stdout);
	vprintf(format, ap);
	printf("\n         %s\n", advice);
	va_end(ap);
	return false;
}

static bool test_directory(const char *path)
{
	const char *advice, *why = state_directory_fault(path, &advice);

	if (why)
		return missing(advice, "state directory %s: %s", path, why);
	good("state directory %s", path);
	return true;
}

static int count_domain(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	(void)message;
	if (ok && content->domain)
		++*(unsigned int *)user;
	return 0;
}

static const char *ldm_advice(int error)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		return "the user needs the right solaris.ldoms.read there (profile \"LDoms "
		       "Review\"), "
		       "and solaris.ldoms.write for changes (\"LDoms Management\")";
	case -ECONNREFUSED:
		return "is svc:/ldoms/ldmd running there, and ldmd/xmpp_enabled not switched off?";
	case -ETIMEDOUT:
		return "ldmd may be busy, or a firewall drops TCP port 6482";
	}
	return "see `ldm', `ldmUser', `ldmCertificate' and `ldmVerify' in ldoms-agentx.conf(5)";
}

static bool test_ldm(const struct settings *s)
{
	static const struct query_ops ops = {.on_content = count_domain};
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;
	_cleanup_free_ char *error = NULL;
	unsigned int domains = 0;

	if (settings_endpoint(s, &endpoint) < 0)
		return missing("see the message above", "ldmd: no usable address");
	int r = query_run(
		endpoint, "list-domain", NULL, s->request_timeout_ms, &ops, &domains, &error);
	if (r < 0) {
		_cleanup_free_ char *text = visible_copy(error ? error : strerror(-r));
		return missing(ldm_advice(r), "ldmd %s: %s", s->ldm, text ? text : "no memory");
	}
	good("ldmd %s: %u domains", s->ldm, domains);
	return true;
}

static const char *master_advice(int error)
{
	if (error == -EACCES)
		return "let this user in: agentXPerms in snmpd.conf, and the group of the socket";
	return "is snmpd running, with `master agentx' and the same `agentXSocket' in snmpd.conf?";
}

/* One round over all addresses; a master that accepts has to answer, too. */
static int wait_for_master(struct agentx_connect *c)
{
	struct pollset ps = POLLSET_EMPTY;
	uint64_t now_ms = clock_ms(), give_up_ms = now_ms + MASTER_ANSWERS_MS;
	int fd = -EAGAIN, r = 0;

	agentx_connect_start(c, now_ms);
	while (fd < 0 && agentx_connect_tries(c) && r == 0 && now_ms < give_up_ms) {
		pollset_reset(&ps);
		r = agentx_connect_prepare(c, &ps);
		pollset_deadline(&ps, give_up_ms);
		if (r == 0)
			r = pollset_wait(&ps);
		now_ms = clock_ms();
		if (r == 0)
			fd = agentx_connect_dispatch(c, &ps, now_ms);
	}
	pollset_clear(&ps);
	if (fd < 0)
		return r < 0 ? r : agentx_connect_error(c);
	close(fd); /* and with it the session */
	return 0;
}

static bool test_master(const struct settings *s)
{
	_cleanup_(agentx_connect_freep) struct agentx_connect *c = NULL;
	const char *address = s->agentx_socket;

	int r = agentx_connect_new(address, &c);
	if (r < 0)
		return missing("see the message above", "AgentX master %s", address);
	r = wait_for_master(c);
	if (r < 0) {
		const char *why = agentx_connect_fault(c);
		return missing(master_advice(r), "AgentX master %s: %s", address,
			why ? why : strerror(-r));
	}
	good("AgentX master %s", address);
	return true;
}

int oneshot_test(const struct settings *s, const struct options *o)
{
	bool all = true;

	/* A mistake in it would have ended the program before. */
	if (access(o->config_file, R_OK) == 0)
		good("configuration %s", o->config_file);
	else
		good("configuration: defaults, there is no %s", o->config_file);
	all &= test_directory(s->state_directory);
	all &= test_ldm(s);
	all &= test_master(s);
	printf("%s\n", all ? "everything is in place" : "the agent cannot do its work yet");
	return all && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
