/*
 * The reader first, then the tree, then the writer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "ldm/xml.h"
#include "util/log.h"
#include "util/text.h"
#include "util/utf8.h"

/* The framer has dropped the declaration, and ldmd speaks UTF-8 whatever encoding that names. */
#define PARSE_OPTIONS (XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_NOWARNING)
/* Without NOENT an & in an attribute is read as &#38;. Only the five entities of XML can exist. */
#define READER_OPTIONS (PARSE_OPTIONS | XML_PARSE_NOENT)
#define TREE_OPTIONS   (PARSE_OPTIONS | XML_PARSE_NOBLANKS | XML_PARSE_COMPACT | XML_PARSE_NOERROR)

/*
 * A parser context reads up to that many bytes. Its dictionary never forgets a name, so a peer that
 * sends ever new names would make it grow until libxml2 refuses more.
 */
#define CONTEXT_MOST ((size_t)1 << 20)

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
	text_printf(&r->error, "%s, line %d of the document", rule, line);
}

int reader_refuse(struct reader *r, const char *rule)
{
	reader_set_error(r, -EBADMSG, rule, xmlSAX2GetLineNumber(r->xml));
	return r->code;
}

/* libxml2 reports an undeclared prefix as an error, but documents of ldmd are full of them. */
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

/* The first error counts. After it libxml2 makes no more callbacks. */
static void reader_stop(struct reader *r, int code)
{
	if (r->code == 0)
		r->code = code;
	if (r->code != 0)
		xmlStopParser(r->xml);
}

static void on_sax_open(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
	const xmlChar **attributes)
{
	struct reader *r = user;

	(void)prefix;
	(void)uri;
	(void)n_namespaces;
	(void)namespaces;
	(void)n_defaulted;
	if (r->code != 0)
		return;
	r->attributes = attributes;
	r->n_attributes = n_attributes;
	reader_stop(r, r->ops->on_open(r->user, xml_local_name((const char *)name)));
}

static void on_sax_close(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *r = user;

	(void)name;
	(void)prefix;
	(void)uri;
	if (r->code == 0)
		reader_stop(r, r->ops->on_close(r->user));
}

static void on_sax_text(void *user, const xmlChar *text, int len)
{
	struct reader *r = user;

	if (r->code == 0)
		reader_stop(r, r->ops->on_text(r->user, (const char *)text, len));
}

/* The framer refuses document types, so only the five entities of XML can be known. */
static void on_sax_entity(void *user, const xmlChar *name)
{
	struct reader *r = user;

	(void)name;
	reader_stop(r, reader_refuse(r, "an entity or document type"));
}

static void on_sax_subset(
	void *user, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
	(void)public_id;
	(void)system_id;
	on_sax_entity(user, name);
}

static const xmlSAXHandler sax_handler = {
	.initialized = XML_SAX2_MAGIC,
	.startElementNs = on_sax_open,
	.endElementNs = on_sax_close,
	.characters = on_sax_text,
	.ignorableWhitespace = on_sax_text,
	.internalSubset = on_sax_subset,
	.reference = on_sax_entity,
	.serror = on_reader_error,
};

/* The rest of the document. */
struct source {
	const char *bytes;
	size_t len;
};

static int source_read(void *user, char *to, int room)
{
	struct source *s = user;
	int n = s->len < (size_t)room ? (int)s->len : room;

	memcpy(to, s->bytes, n);
	s->bytes += n;
	s->len -= n;
	return n;
}

static void reader_parse(struct reader *r, const char *bytes, size_t len)
{
	struct source source = {bytes, len};

	if (!r->xml)
		r->xml = xmlNewParserCtxt();
	if (!r->xml) {
		r->code = -ENOMEM;
		return;
	}
	*r->xml->sax = sax_handler;
	r->xml->userData = r;
	/* Read in pieces, as libxml2 would copy a whole document. The handlers build no tree. */
	(void)xmlCtxtReadIO(r->xml, source_read, NULL, &source, NULL, NULL, READER_OPTIONS);
	if (r->code == 0 && !r->xml->wellFormed)
		reader_set_error(r, -EBADMSG, "not well-formed", xmlSAX2GetLineNumber(r->xml));
	xmlCtxtReset(r->xml); /* frees the last piece */
}

static void reader_free_context(struct reader *r)
{
	if (r->xml)
		xmlFreeParserCtxt(r->xml);
	r->xml = NULL;
	r->read = 0;
}

int reader_read(
	struct reader *r, const char *bytes, size_t len, const struct reader_ops *ops, void *user)
{
	_cleanup_(buffer_clear) struct buffer clean = BUFFER_EMPTY;
	size_t good = utf8_xml_span(bytes, len);

	free(r->error);
	*r = (struct reader){.xml = r->xml, .read = r->read + len, .ops = ops, .user = user};
	if (good < len) {
		log_debug(
			"ldm:frame", "document has bytes that are no XML text, first at %zu", good);
		r->code = xml_make_clean(bytes, len, &clean);
		bytes = buffer_data(&clean);
		len = clean.len;
	}
	if (r->code == 0)
		reader_parse(r, bytes, len);
	if (r->code != 0 || r->read > CONTEXT_MOST)
		reader_free_context(r);
	return r->code;
}

void reader_clear(struct reader *r)
{
	reader_free_context(r);
	free(r->error);
	*r = (struct reader){0};
}

const char *reader_attribute(const struct reader *r, const char *name, size_t *ret_len)
{
	enum { LOCAL_NAME, PREFIX, URI, VALUE, END, N_FIELDS };

	for (size_t i = 0; i < r->n_attributes; i++) {
		const char *const *a = (const char *const *)(r->attributes + i * N_FIELDS);

		if (strcmp(xml_local_name(a[LOCAL_NAME]), name) == 0) {
			*ret_len = a[END] - a[VALUE];
			return a[VALUE];
		}
	}
	return NULL;
}

DEFINE_CLEANUP(xmlParserCtxtPtr, xmlFreeParserCtxt)

static char *describe_error(xml_error error)
{
	const char *message = error && error->message ? error->message : "not well-formed";
	char *text = NULL;

	text_printf(&text, "%.*s, line %d, column %d", (int)strcspn(message, "\n"), message,
		error ? error->line : 0, error ? error->int2 : 0);
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

/* As in the vendor's own documents. ldmd ignores them, but a strict parser wants them. */
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
