/*
 * Every switch is set on this one reader, never on the library.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/reader.h"
#include "ldm/scan.h"
#include "util/utf8.h"
#include "util/cleanup.h"
#include "util/log.h"

/* The scanner has thrown away the declaration, and ldmd speaks UTF-8 whatever that said. */
#define PARSE_OPTIONS (XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_NOWARNING)

#if LIBXML_VERSION >= 21200
typedef const xmlError *xml_error;
#else
typedef xmlError *xml_error;
#endif

const char *ldm_local_name(const char *name)
{
	const char *colon = name ? strrchr(name, ':') : NULL;

	return colon ? colon + 1 : name ? name : "";
}

static void set_error(struct ldm_reader *r, int code, const char *rule, int line)
{
	if (r->code < 0)
		return;
	r->code = code;
	if (asprintf(&r->error, "%s, line %d of the document", rule, line) < 0)
		r->error = NULL;
}

int ldm_reader_refuse(struct ldm_reader *r, const char *rule)
{
	set_error(r, -EBADMSG, rule, xmlTextReaderGetParserLineNumber(r->xml));
	return r->code;
}

/* Undeclared prefixes are an error to libxml2 and everyday life with ldmd. */
static void on_xml_error(void *user, xml_error error)
{
	struct ldm_reader *r = user;
	_cleanup_free_ char *text = NULL;

	if (error->level < XML_ERR_ERROR || error->domain == XML_FROM_NAMESPACE)
		return;
	text = error->message ? strdup(error->message) : NULL;
	if (text)
		text[strcspn(text, "\n")] = '\0';
	set_error(r, error->code == XML_ERR_NO_MEMORY ? -ENOMEM : -EBADMSG,
		text ? text : "not well-formed", error->line);
}

/* Copies the document with a question mark for every byte that XML must not have. */
static int make_clean(struct ldm_reader *r, const char *bytes, size_t len, size_t good)
{
	log_debug("ldm:frame", "document has bytes that are no XML text, first at %zu", good);
	while (len > 0) {
		int e = buffer_append(&r->clean, bytes, good);

		if (e == 0 && good < len)
			e = buffer_append(&r->clean, "?", 1);
		if (e < 0)
			return e;
		good += good < len;
		bytes += good;
		len -= good;
		good = utf8_xml_span(bytes, len);
	}
	return 0;
}

int ldm_reader_open(
	struct ldm_reader *r, const char *bytes, size_t len, const struct ldm_limits *limits)
{
	size_t good;

	*r = (struct ldm_reader){0};
	r->code = ldm_scan_whole(bytes, len, limits, &bytes, &len, &r->error);
	if (r->code < 0)
		return r->code;
	r->root = bytes;
	good = utf8_xml_span(bytes, len);
	if (good < len) {
		r->code = make_clean(r, bytes, len, good);
		if (r->code < 0)
			return r->code;
		bytes = buffer_data(&r->clean);
		len = r->clean.len;
	}
	r->xml = len <= INT32_MAX
			 ? xmlReaderForMemory(bytes, (int)len, NULL, "UTF-8", PARSE_OPTIONS)
			 : NULL;
	if (!r->xml)
		return r->code = -ENOMEM;
	xmlTextReaderSetStructuredErrorHandler(r->xml, on_xml_error, r);
	return 0;
}

void ldm_reader_close(struct ldm_reader *r)
{
	if (r->xml)
		xmlFreeTextReader(r->xml);
	buffer_clear(&r->clean);
	free(r->error);
	*r = (struct ldm_reader){0};
}

int ldm_reader_next(struct ldm_reader *r)
{
	int n = xmlTextReaderRead(r->xml);

	if (r->code < 0)
		return r->code;
	if (n < 0)
		return ldm_reader_refuse(r, "not well-formed");
	if (n == 0)
		return 0;
	switch (xmlTextReaderNodeType(r->xml)) {
	case XML_READER_TYPE_DOCUMENT_TYPE:
	case XML_READER_TYPE_ENTITY:
	case XML_READER_TYPE_ENTITY_REFERENCE:
	case XML_READER_TYPE_NOTATION:
		return ldm_reader_refuse(r, "an entity or document type");
	}
	return 1;
}

xmlChar *ldm_reader_attribute(struct ldm_reader *r, const char *name)
{
	xmlChar *value = NULL;
	int more = xmlTextReaderMoveToFirstAttribute(r->xml);

	while (more == 1) {
		if (!xmlTextReaderIsNamespaceDecl(r->xml) &&
			strcmp(ldm_reader_name(r), name) == 0) {
			value = xmlTextReaderValue(r->xml);
			break;
		}
		more = xmlTextReaderMoveToNextAttribute(r->xml);
	}
	xmlTextReaderMoveToElement(r->xml);
	return value;
}
