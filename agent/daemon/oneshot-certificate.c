/*
 * --fetch-certificate: the agent will trust the certificate that ldmd shows, once a person has
 * compared the fingerprint. This connection verifies nothing, so it sends no user and no password.
 */
#include "daemon/oneshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/settings.h"
#include "daemon/options.h"
#include "daemon/query.h"
#include "ldm/certificate.h"
#include "ldm/endpoint.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/log.h"

static bool is_confirmed(const char *path)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	printf("%s %s? Compare the fingerprint first; yes or no: ",
		access(path, F_OK) == 0 ? "Replace the certificate in" : "Write it to", path);
	fflush(stdout);
	ssize_t n = getline(&line, &size, stdin);
	return n > 0 && (strcmp(line, "yes\n") == 0 || strcmp(line, "y\n") == 0);
}

static int write_certificate(const struct x509_st *certificate, const char *path)
{
	_cleanup_(buffer_clear) struct buffer pem = BUFFER_EMPTY;
	int r = ldm_certificate_write(certificate, &pem);

	return r < 0 ? r : file_write_atomic(path, buffer_data(&pem), pem.len, 0644);
}

int oneshot_certificate(const struct settings *s, bool confirmed)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;
	_cleanup_(ldm_certificate_freep) struct x509_st *certificate = NULL;
	_cleanup_free_ char *error = NULL;
	const char *path = s->ldm_certificate;

	if (!*s->ldm || ldm_endpoint_parse(s->ldm, &endpoint) < 0 ||
		endpoint->transport != LDM_TRANSPORT_XMPP) {
		log_err("config",
			"which ldmd? give its address with -m xmpp:HOST, or `ldm xmpp:HOST' in "
			"the configuration");
		return EXIT_USAGE;
	}
	if (!path) {
		log_err("config", "where does the certificate go? set `ldmCertificate FILE' in the "
				  "configuration");
		return EXIT_USAGE;
	}
	int r = query_certificate(endpoint, s->request_timeout_ms, &certificate, &error);
	if (r < 0) {
		log_err("ldm", "%s: %s%s", s->ldm, r == -EPROTO ? "TLS handshake: " : "",
			r == -ETIMEDOUT || !error ? strerror(-r) : error);
		return EXIT_FAILURE;
	}
	printf("certificate of %s\n", s->ldm);
	ldm_certificate_print(certificate, stdout);
	if (ldm_certificate_is_in(certificate, path)) {
		printf("It is the one in %s already.\n", path);
		return EXIT_SUCCESS;
	}
	if (!confirmed && !is_confirmed(path)) {
		printf("Nothing was written.\n");
		return EXIT_FAILURE;
	}
	r = write_certificate(certificate, path);
	if (r < 0) {
		log_err("config", "ldmCertificate %s: %s", path, strerror(-r));
		return EXIT_FAILURE;
	}
	printf("Written to %s.\n", path);
	return fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
