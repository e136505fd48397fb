/*
 * One address, and what is said about it elsewhere in the configuration.
 */
#include "daemon/endpoint-settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/settings.h"
#include "ldm/endpoint.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/log.h"
#include "util/secret.h"

#define PASSWORD_BYTES_MAX 1024

/* The first line, without its end. */
static int first_line(const char *text, char **ret)
{
	size_t n = strcspn(text, "\r\n");

	if (n == 0)
		return -ENODATA;
	*ret = strndup(text, n);
	return *ret ? 0 : -ENOMEM;
}

static int read_password(const char *path, char **ret)
{
	size_t length = 0;
	char *text = NULL;

	int r = file_read_secret(path, PASSWORD_BYTES_MAX, &text, &length);
	if (r >= 0) {
		r = first_line(text, ret);
		secret_wipe(text, length);
		free(text);
	}
	if (r == -EPERM)
		log_err("config",
			"ldmPasswordFile %s: must belong to this user or root, with mode 0600 or "
			"0400",
			path);
	else if (r == -ENODATA)
		log_err("config", "ldmPasswordFile %s: there is no password on its first line",
			path);
	else if (r < 0)
		log_err("config", "ldmPasswordFile %s: %s", path, strerror(-r));
	return r;
}

/* Whoever can change the file can say which ldmd is the right one. */
static void doubt_certificate(const char *path)
{
	const char *why = file_distrust_path(path);

	if (why)
		log_warn("config", "ldmCertificate %s: %s", path, why);
}

static int copy_text(const char *text, char **ret)
{
	if (!text)
		return 0;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int fill(const struct settings *s, struct ldm_endpoint *e)
{
	e->data_version = (enum ldm_data_version)s->ldm_data_version;
	e->verify = (enum ldm_verify)s->ldm_verify;
	e->tls_min = (enum ldm_tls_version)s->ldm_tls_minimum;

	int r = copy_text(s->ldm_user, &e->user);
	if (r >= 0)
		r = copy_text(s->ldm_certificate, &e->certificate);
	if (e->certificate)
		doubt_certificate(e->certificate);
	if (r >= 0 && s->ldm_password_file)
		r = read_password(s->ldm_password_file, &e->password);
	return r;
}

int settings_endpoint(const struct settings *s, struct ldm_endpoint **ret)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *e = NULL;
	const char *why = NULL;

	if (!*s->ldm) {
		log_err("config", "no LDM address: this host is no control domain, say with "
				  "`ldm xmpp:HOST' in the configuration, or with -m, where one is");
		return -EINVAL;
	}
	int r = ldm_endpoint_parse(s->ldm, &e);
	if (r >= 0)
		r = fill(s, e);
	if (r < 0)
		return r;
	r = ldm_endpoint_check(e, &why);
	if (r < 0) {
		log_err("config", "ldm %s: %s", s->ldm, why ? why : strerror(-r));
		return r;
	}
	*ret = steal_ptr(e);
	return 0;
}
