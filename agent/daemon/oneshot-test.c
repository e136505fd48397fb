/*
 * -t checks everything that the agent needs, in the order in which the agent needs it. Each thing
 * has a line that says whether it is there; if it is missing, the next line says what to do.
 * Nothing is changed.
 */
#include "daemon/oneshot.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/options.h"
#include "daemon/query.h"
#include "common/settings.h"
#include "daemon/snmpd-conf.h"
#include "common/state-directory.h"
#include "ldm/document.h"
#include "ldm/endpoint.h"
#include "snmp/connect.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/pollset.h"
#include "util/text.h"

/* A master that accepts the connection must open a session within this time. */
#define MASTER_ANSWERS_MS 3000

__attribute__((format(printf, 1, 2))) static void print_good(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("ok       ", stdout);
	vprintf(format, ap);
	putchar('\n');
	va_end(ap);
}

/* Two lines: what is missing, and what to do. Returns false, for the caller to return. */
__attribute__((format(printf, 2, 3))) static bool print_missing(
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

/* One more line below print_missing(). */
__attribute__((format(printf, 1, 2))) static void print_hint(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("         ", stdout);
	vprintf(format, ap);
	putchar('\n');
	va_end(ap);
}

static const char *without_unix(const char *address)
{
	return strncmp(address, "unix:", 5) == 0 ? address + 5 : address;
}

/* Whether snmpd, by its configuration, listens at the address that the agent connects to. */
static bool same_socket(const struct snmpd_conf *c, const char *address)
{
	const char *entry = c->socket ? c->socket : "/var/agentx/master";

	for (; *entry; entry += strcspn(entry, ","), entry += *entry == ',') {
		size_t n = strcspn(entry, ",");
		const char *path = without_unix(entry);

		n -= (size_t)(path - entry);
		if (strlen(without_unix(address)) == n &&
			strncmp(path, without_unix(address), n) == 0)
			return true;
	}
	return false;
}

/* Names the component of the path that refuses this user, its owner, and what would let it in. */
static void hint_path(const char *path)
{
	_cleanup_free_ char *component = NULL;
	int r = file_find_refusal(path, &component);
	struct stat st;

	if (r == -ENOENT)
		print_hint("%s does not exist: snmpd makes it when it starts with `master agentx'",
			component);
	if (r != -EACCES || stat(component, &st) < 0)
		return;
	const struct passwd *owner = getpwuid(st.st_uid);
	const struct group *group = getgrgid(st.st_gid);

	print_hint("this user may not %s %s (mode %04o, owner %s, group %s):",
		strcmp(component, path) == 0 ? "write to" : "enter", component, st.st_mode & 07777,
		owner ? owner->pw_name : "unknown", group ? group->gr_name : "unknown");
	if (strcmp(component, path) == 0)
		print_hint("`agentXPerms 0660 0755 root GROUP' in snmpd.conf, with a GROUP of this "
			   "user");
	else
		print_hint("chgrp GROUP %s && chmod 0750 %s, with a GROUP of this user", component,
			component);
}

/* Why there is no master, as far as files tell, in the order in which to mend it. */
static void hint_master(const struct snmpd_conf *c, const char *address, const char *config_file)
{
	if (c->file && !c->master && !c->unreadable)
		print_hint("%s: the line `master agentx' is missing; add it and restart snmpd",
			c->file);
	if (c->file && c->socket && !same_socket(c, address))
		print_hint("%s: agentXSocket is %s; set the same agentXSocket in %s", c->file,
			c->socket, config_file);
	if (*without_unix(address) == '/')
		hint_path(without_unix(address));
	if (c->unreadable)
		print_hint("%s cannot be read by this user; run -t as root to have it checked",
			c->unreadable);
}

/* Whether snmpd's configuration lets anybody read LDOMS-MIB. Unknown counts as yes. */
static bool test_access(const struct snmpd_conf *c, const char *address)
{
	_cleanup_free_ char *hiding = c->hiding ? visible_copy(c->hiding) : NULL;

	if (!c->file || c->unreadable || !same_socket(c, address))
		return true;
	switch (c->access) {
	case SNMPD_ACCESS_SHOWN:
		print_good("access: %s lets somebody read LDOMS-MIB", c->file);
		return true;
	case SNMPD_ACCESS_UNKNOWN:
		print_good("access: not checked, %s names objects instead of numbers", c->file);
		return true;
	case SNMPD_ACCESS_NOBODY:
		return print_missing("add a user and a view, as the example snmpd-ldoms.conf does",
			"access: no line of %s lets anybody read", c->file);
	case SNMPD_ACCESS_HIDDEN:
		break;
	}
	return print_missing("add `view NAME included ." LDOMS_MIB_ROOT
			     "' with the NAME of that view",
		"access: no view or OID in snmpd.conf contains LDOMS-MIB; the last is\n         %s",
		hiding ? hiding : "unknown");
}

static bool test_directory(const char *path)
{
	const char *advice, *why = state_directory_fault(path, &advice);

	if (why)
		return print_missing(advice, "state directory %s: %s", path, why);
	print_good("state directory %s", path);
	return true;
}

/* What the answer of ldmd tells. */
struct found {
	unsigned int domains;
	bool data_2; /* ldmd answers in data version 2.0 only */
};

static int count_domain(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct found *found = user;

	(void)message;
	if (ok && content->domain)
		found->domains++;
	return 0;
}

/* The last question counts: it is sent in version 2.0 if ldmd refused 3.0. */
static void note_data_version(void *user, bool sent, const char *xml, size_t len)
{
	static const char version_2[] = "<data version=\"2.0\"";
	struct found *found = user;

	if (sent)
		found->data_2 = memmem(xml, len, version_2, strlen(version_2)) != NULL;
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
	static const struct query_ops ops = {
		.on_content = count_domain,
		.on_traffic = note_data_version,
	};
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;
	_cleanup_free_ char *error = NULL;
	struct found found = {0};

	if (settings_endpoint(s, &endpoint) < 0)
		return print_missing("see the message above", "ldmd: no usable address");
	int r = query_run(
		endpoint, "list-domain", NULL, s->request_timeout_ms, &ops, &found, &error);
	if (r < 0) {
		_cleanup_free_ char *text = visible_copy(error ? error : strerror(-r));
		return print_missing(
			ldm_advice(r), "ldmd %s: %s", s->ldm, text ? text : "no memory");
	}
	const struct ldm_dialect *dialect = endpoint->dialect;
	print_good("ldmd %s: %u domains; interface %u.%u, data version %s, options as `%s'", s->ldm,
		found.domains, dialect->version / 100, dialect->version % 100,
		found.data_2 ? "2.0" : "3.0", ldm_form_name(ldm_dialect_form(dialect)));
	return true;
}

static const char *master_advice(int error)
{
	if (error == -EACCES)
		return "let this user in: agentXPerms in snmpd.conf, and the group of the socket";
	return "is snmpd running, with `master agentx' and the same `agentXSocket' in snmpd.conf?";
}

/* Tries each address once. The master must also answer, not only accept the connection. */
static int wait_for_master(struct agentx_connect *c, const char **ret_why)
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
	if (fd < 0) {
		*ret_why = strerror(-r);
		return r < 0 ? r : agentx_connect_fault(c, ret_why);
	}
	close(fd); /* this also ends the session */
	return 0;
}

static bool test_master(const struct settings *s)
{
	_cleanup_(agentx_connect_freep) struct agentx_connect *c = NULL;
	const char *address = s->agentx_socket;

	int r = agentx_connect_new(address, &c);
	if (r < 0)
		return print_missing("see the message above", "AgentX master %s", address);
	const char *why;
	r = wait_for_master(c, &why);
	if (r < 0)
		return print_missing(master_advice(r), "AgentX master %s: %s", address, why);
	print_good("AgentX master %s", address);
	return true;
}

int oneshot_test(const struct settings *s, const struct options *o)
{
	_cleanup_(snmpd_conf_clear) struct snmpd_conf snmpd = {0};
	bool all = true;

	/* A mistake in the file would have ended the program before. */
	if (access(o->config_file, R_OK) == 0)
		print_good("configuration %s", o->config_file);
	else
		print_good("configuration: defaults, there is no %s", o->config_file);
	all &= test_directory(s->state_directory);
	all &= test_ldm(s);
	if (snmpd_conf_read(LDOMS_MIB_ROOT, &snmpd) < 0)
		return EXIT_FAILURE;
	if (!test_master(s)) {
		hint_master(&snmpd, s->agentx_socket, o->config_file);
		all = false;
	}
	all &= test_access(&snmpd, s->agentx_socket);
	printf("%s\n", all ? "everything is in place" : "the agent cannot do its work yet");
	return all && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
