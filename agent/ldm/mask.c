/*
 * What counts as a secret is one XPath expression per line.
 */
#include <errno.h>
#include <string.h>

#include "ldm/mask.h"
#include "ldm/tree.h"
#include "util/log.h"

#define LOWER(what)	"translate(" what ",'ABCDEFGHIJKLMNOPQRSTUVWXYZ','abcdefghijklmnopqrstuvwxyz')"
#define HAS(what, word) "contains(" LOWER(what) ",'" word "')"
#define SECRET(what)                                                                               \
	"(" HAS(what, "passw") " or " HAS(what, "passphrase") " or " HAS(                          \
		what, "secret") " or " HAS(what, "wan-boot-key") ")"
#define KEY	   "@*[" TREE_NAME("key") "]"
#define NAME_PART  "*[" KEY "='name' or " TREE_NAME("name") "]"
#define VALUE_PART "*[" KEY "='value' or " TREE_NAME("value") "]"

/* Texts, never elements: hiding one cannot free another that was found too. */
static const char *const secrets[] = {
	/* SASL. */
	"//*[" TREE_NAME("auth") " or " TREE_NAME("challenge") "]//text()",
	/* An element or a property named like one, and the user that goes with it. */
	"//*[" SECRET("local-name()") " or " TREE_NAME("username") "]//text()",
	"//*[" SECRET(KEY) " or " KEY "='username']//text()",
	"//@*[" SECRET("local-name()") "]",
	/* The value of a variable named like one. */
	"//*[" NAME_PART "[" SECRET(".") "]]/" VALUE_PART "//text()",
};

bool ldm_is_secret(const char *name)
{
	/* The same words as above. */
	return strcasestr(name, "passw") || strcasestr(name, "passphrase") ||
	       strcasestr(name, "secret") || strcasestr(name, "wan-boot-key");
}

static int hide(void *user, xmlNodePtr node)
{
	(void)user;
	xmlNodeSetContent(node, (const xmlChar *)"***");
	return 0;
}

static int dump(xmlDocPtr doc, struct buffer *out)
{
	xmlBufferPtr xml = xmlBufferCreate();
	int r = -ENOMEM;

	if (xml && xmlNodeDump(xml, doc, xmlDocGetRootElement(doc), 0, 1) >= 0)
		r = buffer_append(out, xmlBufferContent(xml), xmlBufferLength(xml));
	if (xml)
		xmlBufferFree(xml);
	return r;
}

int ldm_mask(const char *document, size_t len, struct buffer *out)
{
	_cleanup_(xmlFreeDocp) xmlDocPtr doc = NULL;
	int r = tree_parse(document, len, NULL, &doc);

	if (r == -EBADMSG)
		return buffer_printf(out, "(%zu bytes that are no document)", len);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(secrets); i++)
		r = tree_each(doc, secrets[i], hide, NULL);
	return r < 0 ? r : dump(doc, out);
}

void ldm_mask_log(const char *title, const char *document, size_t len)
{
	_cleanup_(buffer_clear) struct buffer text = BUFFER_EMPTY;

	if (log_wants_dump("ldm:xml") && ldm_mask(document, len, &text) == 0)
		log_dump("ldm:xml", title, buffer_data(&text), text.len);
}
