/*
 * See template.h. Names are what follows the last colon, as everywhere: half of the documents that
 * ldm writes do not declare their prefixes.
 */
#include "control/template.h"

#include <errno.h>
#include <libxml/tree.h>
#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/mask.h"
#include "ldm/tree.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/file.h"

#define TEMPLATE_CAP (4u << 20)

DEFINE_CLEANUP(xmlBuffer *, xmlBufferFree)
DEFINE_CLEANUP(xmlChar *, xmlFree)

static const char *local(const xmlChar *name)
{
	const char *colon = strrchr((const char *)name, ':');

	return colon != NULL ? colon + 1 : (const char *)name;
}

static bool is(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && strcmp(local(n->name), name) == 0;
}

/* --- what makes a domain that one and no other ---------------------------------------------- */

/* Elements of both data versions, and keys of properties. */
static const char *const identity[] = {
	"uuid", "Address", "mac_address", "hostid", "mac-addr", "alt-mac-addrs"};

static bool in_identity(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(identity); i++)
		if (strcmp(identity[i], name) == 0)
			return true;
	return false;
}

static xmlAttr *find_attribute(xmlNode *n, const char *name)
{
	for (xmlAttr *a = n->properties; a != NULL; a = a->next)
		if (strcmp(local(a->name), name) == 0)
			return a;
	return NULL;
}

/* What the element is called as a property: its key, or its own name. */
static bool is_property(xmlNode *n, const char *name)
{
	xmlAttr *key = is(n, "GenericProperty") ? find_attribute(n, "key") : NULL;
	_cleanup_(xmlFreep) xmlChar *text = key != NULL ? xmlNodeGetContent((xmlNode *)key) : NULL;

	if (text != NULL)
		return strcmp((const char *)text, name) == 0;
	return is(n, name);
}

static bool is_identity(xmlNode *n)
{
	xmlAttr *key = is(n, "GenericProperty") ? find_attribute(n, "key") : NULL;
	_cleanup_(xmlFreep) xmlChar *text = key != NULL ? xmlNodeGetContent((xmlNode *)key) : NULL;

	return in_identity(text != NULL ? (const char *)text : local(n->name));
}

/* The first word, in place. */
static const xmlChar *trimmed(xmlChar *text)
{
	static const char space[] = " \t\r\n";
	char *p = (char *)text + strspn((char *)text, space);

	p[strcspn(p, space)] = '\0';
	return (const xmlChar *)p;
}

static bool has_text(xmlNode *n, const char *wanted)
{
	_cleanup_(xmlFreep) xmlChar *text = xmlNodeGetContent(n);

	return text != NULL && strcmp((const char *)trimmed(text), wanted) == 0;
}

/* The port of a console is the domain's own; of data version 2.0 its element says what it is. */
static bool in_console(const xmlNode *n)
{
	if (n->parent == NULL)
		return false;
	if (is(n->parent, "console"))
		return true;
	for (xmlNode *s = n->parent->children; s != NULL; s = s->next)
		if (is(s, "OtherResourceType") && has_text(s, "console"))
			return true;
	return false;
}

static bool is_own(xmlNode *n)
{
	return is_identity(n) || (is_property(n, "port") && in_console(n));
}

static void take_out(xmlNode *n)
{
	xmlUnlinkNode(n);
	xmlFreeNode(n);
}

/* Takes out what the question says yes to; how many. The depth is limited by the parser. */
static size_t strip(xmlNode *n, bool (*asks)(xmlNode *))
{
	xmlNode *next;
	size_t count = 0;

	for (xmlNode *c = n->children; c != NULL; c = next) {
		next = c->next;
		if (c->type != XML_ELEMENT_NODE)
			continue;
		if (asks(c)) {
			take_out(c);
			count++;
		} else {
			count += strip(c, asks);
		}
	}
	return count;
}

/* --- secrets ------------------------------------------------------------------------------- */

/* Without the password its mode would only pretend to protect. */
static bool is_hidden(const xmlChar *name)
{
	const char *text = name != NULL ? (const char *)name : "";

	return ldm_is_secret(text) || strcmp(text, "security-mode") == 0;
}

static bool is_secret_property(xmlNode *n)
{
	xmlAttr *key = is(n, "GenericProperty") ? find_attribute(n, "key") : NULL;
	_cleanup_(xmlFreep) xmlChar *text = key != NULL ? xmlNodeGetContent((xmlNode *)key) : NULL;

	return is_hidden(text != NULL ? text : (const xmlChar *)local(n->name));
}

/* A variable: an Item of data version 3.0, a var of 2.0. */
static bool has_secret_name(xmlNode *n)
{
	bool secret = false;

	for (xmlNode *c = n->children; c != NULL && !secret; c = c->next) {
		if (c->type != XML_ELEMENT_NODE || !is_property(c, "name"))
			continue;
		_cleanup_(xmlFreep) xmlChar *text = xmlNodeGetContent(c);
		secret = text != NULL && is_hidden(trimmed(text));
	}
	return secret;
}

static bool is_secret(xmlNode *n)
{
	return is_secret_property(n) || has_secret_name(n);
}

static bool is_empty_section(xmlNode *n)
{
	return is(n, "Section") && n->children == NULL;
}

/* --- the name ------------------------------------------------------------------------------ */

/* The only element of that name below n, at any depth; *count of them. */
static xmlNode *find_element(xmlNode *n, const char *name, size_t *count)
{
	xmlNode *found = NULL, *f;

	for (xmlNode *c = n->children; c != NULL; c = c->next) {
		if (c->type != XML_ELEMENT_NODE)
			continue;
		f = c;
		if (is(c, name))
			++*count;
		else
			f = find_element(c, name, count);
		found = found != NULL ? found : f;
	}
	return found;
}

static int set_name_3(xmlNode *content, const char *name)
{
	xmlAttr *id = find_attribute(content, "id");
	xmlNode *text;

	if (id == NULL)
		return -EBADMSG;
	text = xmlNewText((const xmlChar *)name);
	if (text == NULL)
		return -ENOMEM;
	xmlFreeNodeList(id->children);
	id->children = id->last = NULL;
	return xmlAddChild((xmlNode *)id, text) != NULL ? 0 : -ENOMEM;
}

static int set_name_2(xmlNode *ldom, const char *name)
{
	size_t count = 0;
	xmlNode *n = find_element(ldom, "ldom_name", &count);

	if (count != 1)
		return -EBADMSG;
	/* Nothing in an LDM name needs escaping. */
	xmlNodeSetContent(n, (const xmlChar *)name);
	return 0;
}

static int set_name(xmlNode *root, const char *name, const char **ret_why)
{
	size_t contents = 0, ldoms = 0;
	xmlNode *content = find_element(root, "Content", &contents);
	xmlNode *ldom = find_element(root, "ldom", &ldoms);

	*ret_why = "the document is not about exactly one domain";
	if (contents + ldoms != 1)
		return -EBADMSG;
	*ret_why = "the domain of the document has no name";
	return content != NULL ? set_name_3(content, name) : set_name_2(ldom, name);
}

/* --- the document -------------------------------------------------------------------------- */

static int dump(xmlDoc *doc, struct buffer *ret)
{
	_cleanup_(xmlBufferFreep) xmlBuffer *out = xmlBufferCreate();

	if (out == NULL || xmlNodeDump(out, doc, xmlDocGetRootElement(doc), 0, 0) < 0)
		return -ENOMEM;
	return buffer_append(ret, xmlBufferContent(out), (size_t)xmlBufferLength(out));
}

int template_rename(const char *document, size_t len, const char *name, struct buffer *ret,
	const char **ret_why)
{
	_cleanup_(xmlFreeDocp) xmlDoc *doc = NULL;
	xmlNode *root;
	int rc;

	*ret_why = "the document is too long";
	if (len > TEMPLATE_CAP)
		return -EBADMSG;
	*ret_why = "the document is not well-formed or breaks a limit";
	rc = tree_parse(document, len, NULL, &doc);
	if (rc < 0)
		return rc;
	root = xmlDocGetRootElement(doc);
	rc = set_name(root, name, ret_why);
	if (rc < 0)
		return rc;
	strip(root, is_own);
	*ret_why = "no memory";
	return dump(doc, ret);
}

int template_clean(const char *document, size_t len, struct buffer *ret, size_t *ret_secrets)
{
	_cleanup_(xmlFreeDocp) xmlDoc *doc = NULL;
	_cleanup_(xmlFreep) xmlChar *text = NULL;
	int size = 0, rc = tree_parse(document, len, NULL, &doc);
	xmlNode *root;

	if (rc < 0)
		return rc;
	root = xmlDocGetRootElement(doc);
	strip(root, is_own);
	*ret_secrets = strip(root, is_secret);
	strip(root, is_empty_section);
	/* ASCII: what is beyond becomes a reference, which steers no terminal. */
	xmlDocDumpFormatMemoryEnc(doc, &text, &size, "US-ASCII", 1);
	return text != NULL ? buffer_append(ret, text, (size_t)size) : -ENOMEM;
}

static int read_template(
	const char *directory, const char *name, char **ret, size_t *ret_len, const char **ret_why)
{
	_cleanup_free_ char *with_ending = NULL;
	int rc = file_read_trusted(directory, name, TEMPLATE_CAP, ret, ret_len, ret_why);

	if (rc != -ENOENT)
		return rc;
	if (asprintf(&with_ending, "%s.xml", name) < 0) {
		with_ending = NULL;
		return -ENOMEM;
	}
	return file_read_trusted(directory, with_ending, TEMPLATE_CAP, ret, ret_len, ret_why);
}

static int from_template(const char *directory, const struct set_request *d, const char *name,
	struct buffer *ret, const char **ret_why)
{
	_cleanup_free_ char *document = NULL;
	size_t len = 0;
	int rc;

	*ret_why = "there is no template directory";
	if (directory == NULL)
		return -ENOENT;
	rc = read_template(directory, d->template, &document, &len, ret_why);
	return rc < 0 ? rc : template_rename(document, len, name, ret, ret_why);
}

/* --- without one --------------------------------------------------------------------------- */

static int open_tag(xmlTextWriter *w, const char *name)
{
	return xmlTextWriterStartElement(w, (const xmlChar *)name);
}

static int attribute(xmlTextWriter *w, const char *name, const char *value)
{
	return xmlTextWriterWriteAttribute(w, (const xmlChar *)name, (const xmlChar *)value);
}

static int resource(xmlTextWriter *w, const char *type, uint64_t units, const char *unit)
{
	if (open_tag(w, "Section") < 0 ||
		attribute(w, "xsi:type", "ovf:VirtualHardwareSection_Type") < 0 ||
		open_tag(w, "Item") < 0 ||
		xmlTextWriterWriteElement(
			w, (const xmlChar *)"rasd:OtherResourceType", (const xmlChar *)type) < 0 ||
		xmlTextWriterWriteFormatElement(w, (const xmlChar *)"rasd:AllocationUnits",
			"%llu%s", (unsigned long long)units, unit) < 0 ||
		xmlTextWriterEndElement(w) < 0 || xmlTextWriterEndElement(w) < 0)
		return -ENOMEM;
	return 0;
}

static int write_small(xmlTextWriter *w, const struct set_request *d, const char *name)
{
	static const char *const spaces[][2] = {
		{"xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"},
		{"xmlns:ovf", "./schemas/envelope"},
		{"xmlns:rasd", "./schemas/CIM_ResourceAllocationSettingData"},
	};
	int rc = open_tag(w, "LDM_interface");

	for (size_t i = 0; i < ARRAY_SIZE(spaces) && rc >= 0; i++)
		rc = attribute(w, spaces[i][0], spaces[i][1]);
	if (rc < 0 || attribute(w, "version", "1.3") < 0 || open_tag(w, "data") < 0 ||
		attribute(w, "version", "3.0") < 0 || open_tag(w, "Envelope") < 0 ||
		open_tag(w, "References") < 0 || xmlTextWriterEndElement(w) < 0 ||
		open_tag(w, "Content") < 0 ||
		attribute(w, "xsi:type", "ovf:VirtualSystem_Type") < 0 ||
		attribute(w, "ovf:id", name) < 0)
		return -ENOMEM;
	rc = resource(w, "cpu", d->vcpus, "");
	if (rc >= 0)
		rc = resource(w, "memory", d->memory_mb, "M");
	if (rc >= 0 && (d->fields & FIELD_CRYPTO_BIT) != 0 && d->crypto > 0)
		rc = resource(w, "mau", d->crypto, "");
	return rc < 0 || xmlTextWriterEndDocument(w) < 0 ? -ENOMEM : 0;
}

static int small_document(const struct set_request *d, const char *name, struct buffer *ret)
{
	_cleanup_(xmlBufferFreep) xmlBuffer *out = xmlBufferCreate();
	xmlTextWriter *w = out != NULL ? xmlNewTextWriterMemory(out, 0) : NULL;
	int rc;

	if (w == NULL)
		return -ENOMEM;
	rc = write_small(w, d, name);
	xmlFreeTextWriter(w); /* writes out what it still has */
	if (rc < 0)
		return rc;
	return buffer_append(ret, xmlBufferContent(out), (size_t)xmlBufferLength(out));
}

int template_document(const char *directory, const struct set_request *request, const char *name,
	struct buffer *ret, const char **ret_why)
{
	*ret_why = NULL;
	if (request->template != NULL && request->template[0] != '\0')
		return from_template(directory, request, name, ret, ret_why);
	return small_document(request, name, ret);
}
