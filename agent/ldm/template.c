/*
 * Only a few elements of a constraint document are changed, as those that the agent does not know
 * matter to ldmd, too. XPath finds the few by the name behind the last colon: half of the documents
 * that ldm writes do not declare their prefixes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/document.h"
#include "ldm/mask.h"
#include "ldm/template.h"
#include "ldm/xml.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/text.h"

#define TEMPLATE_CAP (4u << 20)

/* --- the one domain of a document ---------------------------------------------------------- */

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
	if (!content->domain || names->n++ > 0)
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
	*ret_why = r == 0	   ? "the document does not describe exactly one domain"
		   : r == -EBADMSG ? "the document is not well-formed or breaks a limit"
				   : "no memory";
	return r < 0 ? r : -EBADMSG;
}

static int dump_node(void *user, xmlNodePtr node)
{
	return tree_dump(node, false, user);
}

static int note_version_2(void *user, xmlNodePtr node)
{
	enum ldm_data_version *version = user;

	(void)node;
	*version = LDM_DATA_2;
	return 0;
}

int template_body(const char *document, size_t len, struct buffer *ret_body,
	enum ldm_data_version *ret_version, char **ret_domain, const char **ret_why)
{
	_cleanup_(xmlFreeDocp) xmlDocPtr doc = NULL;
	_cleanup_free_ char *domain = NULL, *error = NULL;
	int n, r = find_one_domain(document, len, &domain, ret_why);

	if (r < 0)
		return r;
	*ret_why = "the document is not well-formed or breaks a limit";
	r = tree_parse(document, len, &doc, &error);
	if (r < 0)
		return r;
	*ret_version = LDM_DATA_3;
	r = tree_each(doc, DATA_OF_ROOT "/*[" TREE_NAME("ldom") "]", note_version_2, ret_version);
	n = r < 0 ? r : tree_each(doc, BODIES, dump_node, ret_body);
	if (n == 1) {
		*ret_domain = steal_ptr(domain);
		return 0;
	}
	buffer_clear(ret_body);
	*ret_why = "the document does not describe exactly one domain";
	return n < 0 ? n : -EBADMSG;
}

/* Indented, as people will read and edit the text. In ASCII it cannot control their terminal. */
static int dump_for_people(xmlDocPtr doc, const char *encoding, struct buffer *out)
{
	xmlChar *text = NULL;
	int size = 0, r;

	xmlDocDumpFormatMemoryEnc(doc, &text, &size, encoding, 1);
	r = text ? buffer_append(out, text, size) : -ENOMEM;
	xmlFree(text);
	return r;
}

int template_from_reply(const char *reply, size_t len, struct buffer *out)
{
	_cleanup_(buffer_clear) struct buffer plain = BUFFER_EMPTY;
	_cleanup_(buffer_clear) struct buffer body = BUFFER_EMPTY;
	_cleanup_(xmlFreeDocp) xmlDocPtr doc = NULL;
	_cleanup_free_ char *domain = NULL, *error = NULL;
	enum ldm_data_version version;
	struct writer w;
	const char *why;
	int r = template_body(reply, len, &body, &version, &domain, &why);

	if (r == 0)
		r = writer_begin(&w, version == LDM_DATA_3);
	if (r < 0)
		return r;
	writer_open(&w, "cmd");
	writer_text(&w, "action", "add-domain");
	writer_open(&w, "data");
	writer_attribute(&w, "version", version == LDM_DATA_2 ? "2.0" : "3.0");
	writer_raw(&w, buffer_data(&body));
	r = writer_end(&w, &plain);
	if (r == 0)
		r = tree_parse(buffer_data(&plain), plain.len, &doc, &error);
	return r < 0 ? r : dump_for_people(doc, "UTF-8", out);
}

/* --- identity and secrets ------------------------------------------------------------------ */

#define BELOW_ROOT "/*/descendant::*"
#define IN_CONSOLE                                                                                 \
	"parent::*[" TREE_NAME("console") " or *[" TREE_NAME(                                      \
		"OtherResourceType") " and normalize-space(.)='console']]"
/* security-mode without security-password would only pretend to protect. */
#define HIDDEN(what) "(" LDM_SECRET(what) " or normalize-space(" what ")='security-mode')"

/* What no two domains may have in common, in both data versions. */
static const char *const identity[] = {
	BELOW_ROOT "[" TREE_PROPERTY("uuid") "]",
	BELOW_ROOT "[" TREE_PROPERTY("Address") "]",
	BELOW_ROOT "[" TREE_PROPERTY("mac_address") "]",
	BELOW_ROOT "[" TREE_PROPERTY("hostid") "]",
	BELOW_ROOT "[" TREE_PROPERTY("mac-addr") "]",
	BELOW_ROOT "[" TREE_PROPERTY("alt-mac-addrs") "]",
	BELOW_ROOT "[" TREE_PROPERTY("port") "][" IN_CONSOLE "]",
};

static const char *const secrets[] = {
	/* A variable: an Item of data version 3.0, a var of 2.0. */
	BELOW_ROOT "[*[" TREE_PROPERTY("name") "][" HIDDEN(".") "]]",
	BELOW_ROOT "[" HIDDEN("local-name()") " or " HIDDEN(TREE_KEY) "]",
};

static int remove_all(xmlDocPtr doc, const char *const *paths, size_t n_paths)
{
	int n = 0, r = 0;

	for (size_t i = 0; i < n_paths && r >= 0; i++) {
		r = tree_remove(doc, paths[i]);
		n += r;
	}
	return r < 0 ? r : n;
}

int template_clean(const char *document, size_t len, struct buffer *ret, size_t *ret_secrets)
{
	_cleanup_(xmlFreeDocp) xmlDocPtr doc = NULL;
	_cleanup_free_ char *error = NULL;
	int n, r = tree_parse(document, len, &doc, &error);

	if (r == 0)
		r = remove_all(doc, identity, ARRAY_SIZE(identity));
	n = r < 0 ? r : remove_all(doc, secrets, ARRAY_SIZE(secrets));
	r = n < 0 ? n : tree_remove(doc, BELOW_ROOT "[" TREE_NAME("Section") " and not(node())]");
	if (r < 0)
		return r;
	*ret_secrets = n;
	return dump_for_people(doc, "US-ASCII", ret);
}

/* --- under another name -------------------------------------------------------------------- */

#define DOMAINS BELOW_ROOT "[" TREE_NAME("Content") " or " TREE_NAME("ldom") "]"
#define OUTER	"[not(ancestor::*[" TREE_NAME("Content") " or " TREE_NAME("ldom") "])]"
#define NAMES                                                                                      \
	BELOW_ROOT "[" TREE_NAME("Content") "]/@*[" TREE_NAME(                                     \
		"id") "] | " BELOW_ROOT "[" TREE_NAME("ldom") "]//*[" TREE_NAME("ldom_name") "]"

static int count_node(void *user, xmlNodePtr node)
{
	(void)user;
	(void)node;
	return 0;
}

static int set_text(void *user, xmlNodePtr node)
{
	/* xmlNodeSetContent() reads references, so & and < of the name are escaped. */
	xmlChar *text = xmlEncodeSpecialChars(node->doc, user);

	if (!text)
		return -ENOMEM;
	xmlNodeSetContent(node, text);
	xmlFree(text);
	return 0;
}

int template_rename(const char *document, size_t len, const char *name, struct buffer *ret,
	const char **ret_why, char **ret_detail)
{
	_cleanup_(xmlFreeDocp) xmlDocPtr doc = NULL;
	int n, r;

	*ret_detail = NULL;
	*ret_why = "the document is too long";
	if (len > TEMPLATE_CAP)
		return -EBADMSG;
	*ret_why = "the document is not well-formed or breaks a limit";
	r = tree_parse(document, len, &doc, ret_detail);
	if (r < 0)
		return r;
	*ret_why = "the document is not about exactly one domain";
	n = tree_each(doc, DOMAINS OUTER, count_node, NULL);
	if (n != 1)
		return n < 0 ? n : -EBADMSG;
	*ret_why = "the domain of the document has no name";
	n = tree_each(doc, NAMES, set_text, (char *)name);
	if (n != 1)
		return n < 0 ? n : -EBADMSG;
	*ret_why = "no memory";
	r = remove_all(doc, identity, ARRAY_SIZE(identity));
	return r < 0 ? r : tree_dump(xmlDocGetRootElement(doc), false, ret);
}

/* *ret_name is the name of the file that was tried last. */
static int read_template(const char *directory, const char *name, char **ret, size_t *ret_len,
	char **ret_name, const char **ret_why)
{
	int r = text_copy(name, ret_name);

	if (r == 0)
		r = file_read_trusted(directory, name, TEMPLATE_CAP, ret, ret_len, ret_why);
	if (r != -ENOENT)
		return r;
	free(*ret_name);
	*ret_name = NULL;
	r = text_printf(ret_name, "%s.xml", name);
	return r < 0 ? r
		     : file_read_trusted(directory, *ret_name, TEMPLATE_CAP, ret, ret_len, ret_why);
}

/* --- without a template -------------------------------------------------------------------- */

static void write_resource(struct writer *w, const char *type, uint64_t units, const char *unit)
{
	_cleanup_free_ char *text = NULL;

	text_printf(&text, "%" PRIu64 "%s", units, unit);
	writer_open_resource(w, type);
	writer_text(w, "rasd:AllocationUnits", text);
	writer_close(w);
	writer_close(w);
}

static int small_document(const struct template_domain *d, struct buffer *ret)
{
	struct writer w;
	int r = writer_begin(&w, true);

	if (r < 0)
		return r;
	writer_open(&w, "data");
	writer_attribute(&w, "version", "3.0");
	writer_open_domain(&w, d->name);
	write_resource(&w, "cpu", d->vcpus, "");
	write_resource(&w, "memory", d->memory_mb, "M");
	if (d->crypto > 0)
		write_resource(&w, "mau", d->crypto, "");
	return writer_end(&w, ret);
}

int template_document(const char *directory, const struct template_domain *domain,
	struct buffer *ret, const char **ret_why, char **ret_detail)
{
	_cleanup_free_ char *document = NULL, *file = NULL, *error = NULL;
	size_t len = 0;
	int r;

	*ret_why = NULL;
	*ret_detail = NULL;
	if (!domain->template || !*domain->template)
		return small_document(domain, ret);
	*ret_why = "there is no template directory";
	if (!directory)
		return -ENOENT;
	r = read_template(directory, domain->template, &document, &len, &file, ret_why);
	if (r == 0)
		r = template_rename(document, len, domain->name, ret, ret_why, &error);
	if (error)
		text_printf(ret_detail, "%s/%s: %s", directory, file, error);
	return r;
}
