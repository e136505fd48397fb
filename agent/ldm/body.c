/*
 * Constraint documents are sent on as they stand: what we do not know in them matters too.
 */
#include <errno.h>
#include <string.h>

#include "ldm/body.h"
#include "ldm/document.h"
#include "ldm/request.h"
#include "ldm/tree.h"
#include "ldm/writer.h"

#define DATA_OF_ROOT "/*[" TREE_NAME("LDM_interface") "]/descendant::*[" TREE_NAME("data") "]"
#define BODIES	     DATA_OF_ROOT "/*[" TREE_NAME("Envelope") " or " TREE_NAME("ldom") "]"

struct names {
	size_t n;
	char *first;
};

static int count_domain(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct names *names = user;

	(void)ok;
	(void)message;
	if (!content->domain)
		return 0;
	if (names->n++ > 0)
		return 0;
	names->first = strdup(content->domain);
	return names->first ? 0 : -ENOMEM;
}

static int find_one_domain(const char *document, size_t len, char **ret, const char **ret_why)
{
	const struct ldm_document_ops ops = {.on_content = count_domain};
	struct names names = {0};
	struct ldm_document d;
	int r = ldm_document_parse(document, len, NULL, &ops, &names, &d, NULL);

	if (r == 0)
		ldm_document_clear(&d);
	if (r == 0 && names.n == 1) {
		*ret = names.first;
		return 0;
	}
	free(names.first);
	if (r == 0 || r == -EBADMSG)
		*ret_why = r < 0 ? "the document is not well-formed or breaks a limit"
				 : "the document does not describe exactly one domain";
	return r < 0 ? r : -EBADMSG;
}

static int dump_node(void *user, xmlNodePtr node)
{
	struct buffer *out = user;
	xmlBufferPtr xml = xmlBufferCreate();
	int r = -ENOMEM;

	if (xml && xmlNodeDump(xml, node->doc, node, 0, 0) >= 0)
		r = buffer_append(out, xmlBufferContent(xml), xmlBufferLength(xml));
	if (xml)
		xmlBufferFree(xml);
	return r;
}

static int note_version(void *user, xmlNodePtr node)
{
	enum ldm_data_version *version = user;

	(void)node;
	*version = LDM_DATA_2;
	return 0;
}

int body_extract(const char *document, size_t len, struct buffer *ret_body,
	enum ldm_data_version *ret_version, char **ret_domain, const char **ret_why)
{
	_cleanup_(xmlFreeDocp) xmlDocPtr doc = NULL;
	_cleanup_free_ char *domain = NULL;
	int n, r = find_one_domain(document, len, &domain, ret_why);

	if (r < 0)
		return r;
	*ret_why = "the document is not well-formed or breaks a limit";
	r = tree_parse(document, len, NULL, &doc);
	if (r < 0)
		return r;
	*ret_version = LDM_DATA_3;
	r = tree_each(doc, DATA_OF_ROOT "/*[" TREE_NAME("ldom") "]", note_version, ret_version);
	n = r < 0 ? r : tree_each(doc, BODIES, dump_node, ret_body);
	if (n == 1) {
		*ret_domain = steal_ptr(domain);
		return 0;
	}
	buffer_clear(ret_body);
	*ret_why = "the document does not describe exactly one domain";
	return n < 0 ? n : -EBADMSG;
}

/* Indented, as people will read and edit it. */
static int indent(const char *xml, size_t len, struct buffer *out)
{
	_cleanup_(xmlFreeDocp) xmlDocPtr doc = NULL;
	xmlChar *text = NULL;
	int size = 0, r = tree_parse(xml, len, NULL, &doc);

	if (r < 0)
		return r;
	xmlDocDumpFormatMemoryEnc(doc, &text, &size, "UTF-8", 1);
	r = text ? buffer_append(out, text, size) : -ENOMEM;
	xmlFree(text);
	return r;
}

int ldm_constraints_extract(const char *reply, size_t len, struct buffer *out)
{
	_cleanup_(buffer_clear) struct buffer plain = BUFFER_EMPTY;
	_cleanup_(buffer_clear) struct buffer body = BUFFER_EMPTY;
	_cleanup_free_ char *domain = NULL;
	enum ldm_data_version version;
	struct writer w;
	const char *why;
	int r = body_extract(reply, len, &body, &version, &domain, &why);

	if (r < 0)
		return r;
	r = writer_begin(&w, version == LDM_DATA_3);
	if (r < 0)
		return r;
	writer_open(&w, "cmd");
	writer_text(&w, "action", "add-domain");
	writer_open(&w, "data");
	writer_attribute(&w, "version", version == LDM_DATA_2 ? "2.0" : "3.0");
	writer_raw(&w, buffer_data(&body));
	r = writer_end(&w, &plain);
	return r < 0 ? r : indent(buffer_data(&plain), plain.len, out);
}
