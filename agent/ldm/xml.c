/*
 * The reader first, then the tree, then the writer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "ldm/xml.h"
#include "util/log.h"
#include "util/utf8.h"

/*
 * The framer has thrown away the declaration, and ldmd speaks UTF-8 whatever that said. White space
 * between elements is half of the nodes of a document and means nothing.
 */
#define PARSE_OPTIONS                                                                              \
	(XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS |       \
		XML_PARSE_COMPACT)
#define TREE_OPTIONS (PARSE_OPTIONS | XML_PARSE_NOERROR)

#define X(s) ((const xmlChar *)(s))

#if LIBXML_VERSION >= 21200
typedef const xmlError *xml_error;
#else
typedef xmlError *xml_error;
#endif

const char *xml_local_name(const char *name)
{
	const char *colon = name ? strrchr(name, ':') : NULL;

	return colon ? colon + 1 : name ? name : "";
}

static void reader_set_error(struct reader *r, int code, const char *rule, int line)
{
	if (r->code < 0)
		return;
	r->code = code;
	if (asprintf(&r->error, "%s, line %d of the document", rule, line) < 0)
		r->error = NULL;
}

int reader_refuse(struct reader *r, const char *rule)
{
	reader_set_error(r, -EBADMSG, rule, xmlTextReaderGetParserLineNumber(r->xml));
	return r->code;
}

/* Undeclared prefixes are an error to libxml2 and everyday life with ldmd. */
static void on_reader_error(void *user, xml_error error)
{
	_cleanup_free_ char *text = NULL;

	if (error->level < XML_ERR_ERROR || error->domain == XML_FROM_NAMESPACE)
		return;
	text = error->message ? strdup(error->message) : NULL;
	if (text)
		text[strcspn(text, "\n")] = '\0';
	reader_set_error(user, error->code == XML_ERR_NO_MEMORY ? -ENOMEM : -EBADMSG,
		text ? text : "not well-formed", error->line);
}

int xml_make_clean(const char *bytes, size_t len, struct buffer *out)
{
	while (len > 0) {
		size_t good = utf8_xml_span(bytes, len);
		int r = buffer_append(out, bytes, good);

		if (r == 0 && good < len)
			r = buffer_append(out, "?", 1);
		if (r < 0)
			return r;
		good += good < len;
		bytes += good;
		len -= good;
	}
	return 0;
}

int reader_open(struct reader *r, const char *bytes, size_t len)
{
	size_t good = utf8_xml_span(bytes, len);

	*r = (struct reader){0};
	if (good < len) {
		log_debug(
			"ldm:frame", "document has bytes that are no XML text, first at %zu", good);
		r->code = xml_make_clean(bytes, len, &r->clean);
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
	xmlTextReaderSetStructuredErrorHandler(r->xml, on_reader_error, r);
	return 0;
}

void reader_close(struct reader *r)
{
	if (r->xml)
		xmlFreeTextReader(r->xml);
	buffer_clear(&r->clean);
	free(r->error);
	*r = (struct reader){0};
}

int reader_next(struct reader *r)
{
	int n = xmlTextReaderRead(r->xml);

	if (r->code < 0)
		return r->code;
	if (n < 0)
		return reader_refuse(r, "not well-formed");
	if (n == 0)
		return 0;
	switch (xmlTextReaderNodeType(r->xml)) {
	case XML_READER_TYPE_DOCUMENT_TYPE:
	case XML_READER_TYPE_ENTITY:
	case XML_READER_TYPE_ENTITY_REFERENCE:
	case XML_READER_TYPE_NOTATION:
		return reader_refuse(r, "an entity or document type");
	}
	return 1;
}

int reader_attribute(struct reader *r, const char *name, char **ret)
{
	int more = xmlTextReaderMoveToFirstAttribute(r->xml);
	bool found = false;

	*ret = NULL;
	while (more == 1 && !found) {
		found = !xmlTextReaderIsNamespaceDecl(r->xml) && strcmp(reader_name(r), name) == 0;
		if (found)
			*ret = strdup((const char *)xmlTextReaderConstValue(r->xml));
		more = xmlTextReaderMoveToNextAttribute(r->xml);
	}
	xmlTextReaderMoveToElement(r->xml);
	return found && !*ret ? -ENOMEM : 0;
}

DEFINE_CLEANUP(xmlParserCtxtPtr, xmlFreeParserCtxt)

static char *describe_error(xml_error error)
{
	const char *message = error && error->message ? error->message : "not well-formed";
	char *text = NULL;

	if (asprintf(&text, "%.*s, line %d, column %d", (int)strcspn(message, "\n"), message,
		    error ? error->line : 0, error ? error->int2 : 0) < 0)
		return NULL;
	return text;
}

int tree_parse(const char *bytes, size_t len, xmlDocPtr *ret, char **ret_error)
{
	_cleanup_(xmlFreeParserCtxtp) xmlParserCtxtPtr context = NULL;
	const char *document;
	size_t document_len;
	int r = ldm_frame_whole(bytes, len, NULL, &document, &document_len, ret_error);

	if (r < 0)
		return r;
	*ret_error = NULL;
	if (document_len > INT32_MAX || utf8_xml_span(document, document_len) < document_len) {
		*ret_error = strdup("bytes that are not UTF-8, or control characters");
		return -EBADMSG;
	}
	context = xmlNewParserCtxt();
	if (!context)
		return -ENOMEM;
	*ret = xmlCtxtReadMemory(context, document, (int)document_len, NULL, "UTF-8", TREE_OPTIONS);
	if (*ret)
		return 0;
	*ret_error = describe_error(xmlCtxtGetLastError(context));
	return -EBADMSG;
}

DEFINE_CLEANUP(xmlXPathContextPtr, xmlXPathFreeContext)
DEFINE_CLEANUP(xmlXPathObjectPtr, xmlXPathFreeObject)

static int tree_find(xmlDocPtr doc, const char *xpath, xmlXPathObjectPtr *ret)
{
	_cleanup_(xmlXPathFreeContextp) xmlXPathContextPtr context = xmlXPathNewContext(doc);

	*ret = context ? xmlXPathEvalExpression(X(xpath), context) : NULL;
	return *ret && (*ret)->type == XPATH_NODESET ? xmlXPathNodeSetGetLength((*ret)->nodesetval)
						     : -ENOMEM;
}

int tree_each(
	xmlDocPtr doc, const char *xpath, int (*what)(void *user, xmlNodePtr node), void *user)
{
	_cleanup_(xmlXPathFreeObjectp) xmlXPathObjectPtr found = NULL;
	int n = tree_find(doc, xpath, &found), r = 0;

	for (int i = 0; i < n && r >= 0; i++)
		r = what(user, xmlXPathNodeSetItem(found->nodesetval, i));
	return r < 0 ? r : n;
}

int tree_remove(xmlDocPtr doc, const char *xpath)
{
	_cleanup_(xmlXPathFreeObjectp) xmlXPathObjectPtr found = NULL;
	int n = tree_find(doc, xpath, &found);

	/* All are unlinked before the first is freed, as one may be below another. */
	for (int i = 0; i < n; i++)
		xmlUnlinkNode(xmlXPathNodeSetItem(found->nodesetval, i));
	for (int i = 0; i < n; i++) {
		xmlFreeNode(xmlXPathNodeSetItem(found->nodesetval, i));
		found->nodesetval->nodeTab[i] = NULL;
	}
	return n;
}

int tree_dump(xmlNodePtr node, bool indent, struct buffer *out)
{
	xmlBufferPtr xml = xmlBufferCreate();
	int r = -ENOMEM;

	if (xml && xmlNodeDump(xml, node->doc, node, 0, indent) >= 0)
		r = buffer_append(out, xmlBufferContent(xml), xmlBufferLength(xml));
	if (xml)
		xmlBufferFree(xml);
	return r;
}

/* As the vendor's own documents have it; matched by nobody, but a strict parser wants them. */
static const char *const declarations[][2] = {
	{"xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"},
	{"xsi:noNamespaceSchemaLocation", "./schemas/combined-v3.xsd"},
	{"xmlns:ovf", "./schemas/envelope"},
	{"xmlns:rasd", "./schemas/CIM_ResourceAllocationSettingData"},
	{"xmlns:vssd", "./schemas/CIM_VirtualSystemSettingData"},
	{"xmlns:gprop", "./schemas/GenericProperty"},
	{"xmlns:bind", "./schemas/Binding"},
};

static void writer_note(struct writer *w, int result)
{
	if (result < 0)
		w->failed = true;
}

int writer_begin(struct writer *w, bool is_3)
{
	*w = (struct writer){.buffer = xmlBufferCreate()};
	if (w->buffer)
		w->xml = xmlNewTextWriterMemory(w->buffer, 0);
	if (!w->xml) {
		if (w->buffer)
			xmlBufferFree(w->buffer);
		return -ENOMEM;
	}
	writer_open(w, "LDM_interface");
	writer_attribute(w, "version", is_3 ? "1.3" : "1.0");
	for (size_t i = 0; is_3 && i < ARRAY_SIZE(declarations); i++)
		writer_attribute(w, declarations[i][0], declarations[i][1]);
	return 0;
}

void writer_open(struct writer *w, const char *name)
{
	writer_note(w, xmlTextWriterStartElement(w->xml, X(name)));
}

void writer_attribute(struct writer *w, const char *name, const char *value)
{
	writer_note(w, xmlTextWriterWriteAttribute(w->xml, X(name), X(value)));
}

void writer_close(struct writer *w)
{
	writer_note(w, xmlTextWriterEndElement(w->xml));
}

void writer_text(struct writer *w, const char *name, const char *text)
{
	if (!text)
		w->failed = true;
	writer_note(w, xmlTextWriterWriteElement(w->xml, X(name), X(text)));
}

void writer_property(struct writer *w, const char *key, const char *value)
{
	writer_open(w, "gprop:GenericProperty");
	writer_attribute(w, "key", key);
	writer_note(w, xmlTextWriterWriteString(w->xml, X(value)));
	writer_close(w);
}

void writer_raw(struct writer *w, const char *xml)
{
	writer_note(w, xmlTextWriterWriteRaw(w->xml, X(xml)));
}

void writer_open_domain(struct writer *w, const char *name)
{
	writer_open(w, "Envelope");
	writer_open(w, "References");
	writer_close(w);
	writer_open(w, "Content");
	writer_attribute(w, "xsi:type", "ovf:VirtualSystem_Type");
	writer_attribute(w, "ovf:id", name);
}

static void open_item(struct writer *w, const char *section, const char *type)
{
	writer_open(w, "Section");
	writer_attribute(w, "xsi:type", section);
	writer_open(w, "Item");
	writer_text(w, "rasd:OtherResourceType", type);
}

void writer_open_resource(struct writer *w, const char *type)
{
	open_item(w, "ovf:VirtualHardwareSection_Type", type);
}

void writer_open_spconfig(struct writer *w)
{
	writer_open(w, "Envelope");
	writer_open(w, "References");
	writer_close(w);
	open_item(w, "ovf:ResourceAllocationSection_Type", "spconfig");
}

int writer_end(struct writer *w, struct buffer *out)
{
	int r;

	writer_note(w, xmlTextWriterEndDocument(w->xml));
	xmlFreeTextWriter(w->xml);
	r = w->failed ? -ENOMEM
		      : buffer_append(out, xmlBufferContent(w->buffer), xmlBufferLength(w->buffer));
	xmlBufferFree(w->buffer);
	return r;
}
