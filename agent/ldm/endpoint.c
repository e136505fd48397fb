/*
 * The parts of an LDM address, and ldm_endpoint_check(): which transport, password and TLS version
 * is allowed with which host.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ldm/endpoint.h"
#include "util/log.h"
#include "util/number.h"
#include "util/secret.h"
#include "util/text.h"

#define HANDSHAKE_TIMEOUT_MS 10000

static const struct {
	const char *word;
	enum ldm_transport transport;
} transports[] = {
	{"xmpp", LDM_TRANSPORT_XMPP},
	{"auto", LDM_TRANSPORT_XMPP},
	{"plain", LDM_TRANSPORT_PLAIN},
};

/* Skips "word:" at the front of *address if word is a transport. */
static enum ldm_transport take_transport(const char **address)
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		size_t len = strlen(transports[i].word);

		if (strncasecmp(*address, transports[i].word, len) != 0 || (*address)[len] != ':')
			continue;
		*address += len + 1;
		return transports[i].transport;
	}
	return LDM_TRANSPORT_XMPP;
}

/* The host is from *address to *ret_end; *ret_rest is "" or ":PORT", or else an error. */
static int find_host_end(const char **address, const char **ret_end, const char **ret_rest)
{
	const char *colon;

	if (**address == '[') {
		*ret_end = strchr(++*address, ']');
		if (!*ret_end)
			return -EINVAL;
		*ret_rest = *ret_end + 1;
		return 0;
	}
	colon = strchr(*address, ':');
	if (colon && strchr(colon + 1, ':'))
		colon = NULL; /* an IPv6 address without a port */
	*ret_end = *ret_rest = colon ? colon : *address + strlen(*address);
	return 0;
}

static int take_port(const char *rest, uint16_t *ret)
{
	uint32_t port;

	if (*rest == '\0')
		return 0;
	if (*rest != ':' || parse_u32(rest + 1, &port) < 0 || port < 1 || port > 65535)
		return -EINVAL;
	*ret = (uint16_t)port;
	return 0;
}

/* Only characters of host names and addresses: others could deceive in a log or a certificate. */
static bool is_host_name(const char *host)
{
	return *host && strlen(host) <= 255 &&
	       strspn(host,
		       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%") ==
		       strlen(host);
}

enum ldm_form ldm_dialect_form(const struct ldm_dialect *d)
{
	if (d->configured != LDM_FORM_AUTO)
		return d->configured;
	if (d->learned != LDM_FORM_AUTO)
		return d->learned;
	/*
	 * Guides of interface versions before 1.3 print `option` only. Guides of 1.3 print one form
	 * or the other; the later ones print `options`. No command is sent before the first answer.
	 */
	return d->version >= 103 ? LDM_FORM_OPTIONS : LDM_FORM_OPTION;
}

enum ldm_form ldm_form_other(enum ldm_form form)
{
	return form == LDM_FORM_OPTION ? LDM_FORM_OPTIONS : LDM_FORM_OPTION;
}

void ldm_dialect_learn(struct ldm_dialect *d, enum ldm_form form)
{
	if (d->learned != form)
		log_info("ldm:dialect", "ldmd takes options in the form `%s`", ldm_form_name(form));
	d->learned = form;
}

void ldm_dialect_see_version(struct ldm_dialect *d, unsigned version)
{
	if (d->version != version)
		d->learned = LDM_FORM_AUTO;
	d->version = version;
}

const char *ldm_form_name(enum ldm_form form)
{
	static const char *const names[] = {
		[LDM_FORM_AUTO] = "auto",
		[LDM_FORM_OPTION] = "option",
		[LDM_FORM_OPTIONS] = "options",
	};

	return names[form];
}

int ldm_endpoint_parse(const char *address, struct ldm_endpoint **ret)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *e = calloc(1, sizeof(*e));
	const char *end, *rest;

	if (!e)
		return -ENOMEM;
	e->transport = take_transport(&address);
	e->port = LDM_DEFAULT_PORT;
	e->data_version = LDM_DATA_3;
	e->tls_min = LDM_TLS_1_2;
	e->handshake_timeout_ms = HANDSHAKE_TIMEOUT_MS;
	e->limits = ldm_limits_default;
	e->dialect = calloc(1, sizeof(*e->dialect));
	if (!e->dialect)
		return -ENOMEM;
	reference_init(&e->dialect->reference);
	if (find_host_end(&address, &end, &rest) < 0 || take_port(rest, &e->port) < 0)
		return -EINVAL;
	e->host = strndup(address, end - address);
	if (!e->host)
		return -ENOMEM;
	if (!is_host_name(e->host))
		return -EINVAL;
	*ret = steal_ptr(e);
	return 0;
}

int ldm_endpoint_copy(const struct ldm_endpoint *e, struct ldm_endpoint **ret)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *e;
	reference_take(&e->dialect->reference);
	copy->host = copy->user = copy->password = copy->certificate = NULL;
	if (text_copy(e->host, &copy->host) < 0 || text_copy(e->user, &copy->user) < 0 ||
		text_copy(e->password, &copy->password) < 0 ||
		text_copy(e->certificate, &copy->certificate) < 0)
		return -ENOMEM;
	*ret = steal_ptr(copy);
	return 0;
}

void ldm_endpoint_free(struct ldm_endpoint *e)
{
	if (!e)
		return;
	if (e->dialect && reference_drop(&e->dialect->reference))
		free(e->dialect);
	secret_free(e->password);
	free(e->host);
	free(e->user);
	free(e->certificate);
	free(e);
}

bool ldm_endpoint_is_local(const struct ldm_endpoint *e)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcasecmp(e->host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, e->host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, e->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool ldm_endpoint_verifies(const struct ldm_endpoint *e)
{
	if (e->verify != LDM_VERIFY_AUTO)
		return e->verify == LDM_VERIFY_YES;
	/* With a password also on loopback: any user of the host may listen while ldmd does not. */
	return e->certificate || e->password || !ldm_endpoint_is_local(e);
}

int ldm_endpoint_check(const struct ldm_endpoint *e, const char **ret_why)
{
	const bool remote = !ldm_endpoint_is_local(e);
	const bool plain = e->transport == LDM_TRANSPORT_PLAIN;
	const struct {
		bool broken;
		int error;
		const char *why;
	} rules[] = {
		{remote && plain, -EPERM, "plain text is for loopback addresses only"},
		{e->password && plain, -EPERM, "a password is never sent as plain text"},
		{remote && e->verify == LDM_VERIFY_NO, -EPERM,
			"the certificate of a remote ldmd must be verified"},
		{remote && e->tls_min < LDM_TLS_1_2, -EPERM,
			"TLS before 1.2 is for loopback addresses only"},
		{e->verify == LDM_VERIFY_SHOW && (e->user || e->password), -EPERM,
			"a password is never sent without a verified certificate"},
		{e->user && !e->password, -EINVAL, "ldmUser is set, but ldmPasswordFile is not"},
		{e->password && !e->user, -EINVAL, "ldmPasswordFile is set, but ldmUser is not"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].broken) {
			*ret_why = rules[i].why;
			return rules[i].error;
		}
	return 0;
}
