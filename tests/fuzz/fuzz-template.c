/*
 * Templates of new domains: what add-domain sends is one document about one domain with the name
 * that was asked for and nobody's identity, or it is nothing.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/template.h"
#include "ldm/document.h"
#include "ldm/request.h"
#include "util/buffer.h"
#include "util/cleanup.h"

const char fuzz_name[] = "template";

#define NAME "fuzz-1"

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	unsigned *n = user;

	(void)ok;
	(void)message;
	if (!content->domain)
		return 0;
	FUZZ_CHECK(strcmp(content->domain, NAME) == 0);
	++*n;
	for (size_t i = 0; i < content->n_resources; i++) {
		const struct ldm_resource *r = &content->resources[i];

		FUZZ_CHECK(!r->uuid && !r->address && !ldm_resource_get(r, "hostid"));
	}
	return 0;
}

static void check_sent(const struct buffer *out)
{
	const struct ldm_document_ops ops = {.on_content = on_content};
	struct ldm_document d;
	unsigned n = 0;

	FUZZ_CHECK(ldm_document_parse(buffer_data(out), out->len, NULL, &ops, &n, &d, NULL) == 0);
	FUZZ_CHECK(d.kind == LDM_DOCUMENT_REPLY && n == 1);
	FUZZ_CHECK(d.reply.action && strcmp(d.reply.action, "add-domain") == 0);
	ldm_document_clear(&d);
}

static void check_template(const uint8_t *data, size_t size)
{
	_cleanup_(ldm_request_freep) struct ldm_request *request = NULL;
	_cleanup_(buffer_clear) struct buffer document = BUFFER_EMPTY, out = BUFFER_EMPTY;
	_cleanup_free_ char *detail = NULL;
	const char *why = NULL;
	int r = template_rename((const char *)data, size, NAME, &document, &why, &detail);

	if (r < 0) {
		FUZZ_CHECK(why && document.len == 0);
		return;
	}
	why = NULL;
	r = ldm_request_add_domain(buffer_data(&document), document.len, &request, &why);
	FUZZ_CHECK(r == 0 || (r == -EBADMSG && why));
	if (r < 0)
		return;
	FUZZ_CHECK(strcmp(ldm_request_domain(request), NAME) == 0);
	FUZZ_CHECK(ldm_request_write(request, LDM_DATA_3, &out) == 0);
	check_sent(&out);
}

/* What -X prints is a template again. */
static void check_constraints(const uint8_t *data, size_t size)
{
	_cleanup_(ldm_request_freep) struct ldm_request *request = NULL;
	_cleanup_(buffer_clear) struct buffer out = BUFFER_EMPTY;
	const char *why;
	int r = template_from_reply((const char *)data, size, &out);

	FUZZ_CHECK(r == 0 || r == -EBADMSG);
	if (r == 0)
		check_template((const uint8_t *)buffer_data(&out), out.len);
	(void)ldm_request_add_domain((const char *)data, size, &request, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_template(data, size);
	check_constraints(data, size);
	return 0;
}
