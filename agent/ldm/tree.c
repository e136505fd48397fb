/*
 * Options are given per document; nothing is set in the library.
 */
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/xpathInternals.h>

#include "ldm/scan.h"
#include "ldm/tree.h"
#include "util/utf8.h"

#define PARSE_OPTIONS                                                                              \
	(XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |        \
		XML_PARSE_NOBLANKS)

int tree_parse(const char *bytes, size_t len, const struct ldm_limits *limits, xmlDocPtr *ret)
{
	_cleanup_free_ char *error = NULL;
	int r = ldm_scan_whole(
		bytes, len, limits ? limits : &ldm_limits_default, &bytes, &len, &error);

	if (r < 0)
		return r;
	if (len > INT32_MAX || utf8_xml_span(bytes, len) < len)
		return -EBADMSG;
	*ret = xmlReadMemory(bytes, (int)len, NULL, "UTF-8", PARSE_OPTIONS);
	return *ret ? 0 : -EBADMSG;
}

static void context_freep(xmlXPathContextPtr *context)
{
	xmlXPathFreeContext(*context);
}

static void expression_freep(xmlXPathCompExprPtr *expression)
{
	xmlXPathFreeCompExpr(*expression);
}

static void result_freep(xmlXPathObjectPtr *result)
{
	xmlXPathFreeObject(*result);
}

int tree_each(
	xmlDocPtr doc, const char *xpath, int (*what)(void *user, xmlNodePtr node), void *user)
{
	_cleanup_(expression_freep) xmlXPathCompExprPtr expression =
		xmlXPathCompile((const xmlChar *)xpath);
	_cleanup_(context_freep) xmlXPathContextPtr context = xmlXPathNewContext(doc);
	_cleanup_(result_freep) xmlXPathObjectPtr result = NULL;
	int n, r = 0;

	if (!expression || !context)
		return -ENOMEM;
	result = xmlXPathCompiledEval(expression, context);
	if (!result || result->type != XPATH_NODESET)
		return -ENOMEM;
	n = xmlXPathNodeSetGetLength(result->nodesetval);
	for (int i = 0; i < n && r >= 0; i++)
		r = what(user, xmlXPathNodeSetItem(result->nodesetval, i));
	return r < 0 ? r : n;
}
