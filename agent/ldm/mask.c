/*
 * One XPath expression for each kind of secret.
 */
#include <errno.h>
#include <string.h>

#include "ldm/mask.h"
#include "ldm/xml.h"
#include "util/log.h"

#define NAME_PART  "*[" TREE_PROPERTY("name") "]"
#define VALUE_PART "*[" TREE_PROPERTY("value") "]"

/* They find texts and attributes, no elements: a change of one must not free another one found. */
static const char *const secrets[] = {
	/* SASL. */
	"//*[" TREE_NAME("auth") " or " TREE_NAME("challenge") "]//text()",
	/* Elements, properties and attributes that are named like a secret; user names. */
	"//*[" LDM_SECRET("local-name()") " or " TREE_NAME("username") "]//text()",
	"//*[" LDM_SECRET(TREE_KEY) " or " TREE_KEY "='username']//text()",
	"//@*[" LDM_SECRET("local-name()") "]",
	/* The value of a variable that is named like a secret. */
	"//*[" NAME_PART "[" LDM_SECRET(".") "]]/" VALUE_PART "//text()",
};

bool ldm_is_secret(const char *name)
{
	return strcasestr(name, "passw") || strcasestr(name, "passphrase") ||
	       strcasestr(name, "secret") || strcasestr(name, "wan-boot-key");
}

static int hide_text(void *user, xmlNodePtr node)
{
	(void)user;
	xmlNodeSetContent(node, (const xmlChar *)"***");
	return 0;
}

int ldm_mask(const char *document, size_t len, struct buffer *out)
{
	_cleanup_(xmlFreeDocp) xmlDocPtr doc = NULL;
	_cleanup_free_ char *error = NULL;
	int r = tree_parse(document, len, &doc, &error);

	if (r == -EBADMSG)
		return buffer_printf(out, "(%zu bytes that are no document)", len);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(secrets); i++)
		r = tree_each(doc, secrets[i], hide_text, NULL);
	return r < 0 ? r : tree_dump(xmlDocGetRootElement(doc), true, out);
}

void ldm_mask_log(const char *title, const char *document, size_t len)
{
	_cleanup_(buffer_clear) struct buffer text = BUFFER_EMPTY;

	if (log_wants_dump("ldm:xml") && ldm_mask(document, len, &text) == 0)
		log_dump("ldm:xml", title, buffer_data(&text), text.len);
}
