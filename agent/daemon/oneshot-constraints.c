/*
 * -X: a domain as a document that can be kept, edited, and used as a template.
 */
#include "daemon/oneshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/endpoint-settings.h"
#include "daemon/query.h"
#include "daemon/settings.h"
#include "ldm/endpoint.h"
#include "ldm/template.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/log.h"

/* The last reply is the one that counts. */
static void on_document(void *user, const char *xml, size_t len)
{
	struct buffer *reply = user;

	buffer_clear(reply);
	/* Without memory it stays empty, which is then no constraint document. */
	(void)buffer_append(reply, xml, len);
}

static int print_constraints(const struct buffer *reply)
{
	_cleanup_(buffer_clear_secret) struct buffer whole = BUFFER_EMPTY;
	_cleanup_(buffer_clear) struct buffer text = BUFFER_EMPTY;
	size_t secrets = 0;

	int r = template_from_reply(buffer_data(reply), reply->len, &whole);
	if (r >= 0)
		r = template_clean(buffer_data(&whole), whole.len, &text, &secrets);
	if (r < 0) {
		log_err("ldm", "the answer holds no constraints: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	if (secrets > 0)
		log_notice("ldm",
			"%zu secret values, such as security-password, are left out: a domain "
			"made from this has none",
			secrets);
	fwrite(buffer_data(&text), 1, text.len, stdout);
	return fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int oneshot_constraints(const struct settings *s, const char *domain)
{
	static const struct query_ops ops = {.on_document = on_document};
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;
	_cleanup_free_ char *error = NULL;
	struct buffer reply = BUFFER_EMPTY;
	int status = EXIT_FAILURE;

	if (settings_endpoint(s, &endpoint) < 0)
		return EXIT_USAGE;
	if (query_run(endpoint, "list-constraints", domain, s->request_timeout_ms, &ops, &reply,
		    &error) < 0)
		log_err("ldm", "%s: %s", s->ldm, error ? error : "no memory");
	else
		status = print_constraints(&reply);
	buffer_clear_secret(&reply);
	return status;
}
