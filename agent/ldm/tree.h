/*
 * A whole document as a tree, for the few places that hand one on instead of reading it: templates
 * and the log. As safe as the reader.
 */
#ifndef LDM_TREE_H
#define LDM_TREE_H

#include <libxml/tree.h>
#include <libxml/xpath.h>

#include "ldm/limits.h"
#include "util/buffer.h"
#include "util/cleanup.h"

/* -EBADMSG (a rule is broken), -ENOMEM. Free with xmlFreeDoc(). */
int tree_parse(const char *bytes, size_t len, const struct ldm_limits *limits, xmlDocPtr *ret);
DEFINE_CLEANUP(xmlDocPtr, xmlFreeDoc)

/*
 * Calls what() for each node that the XPath expression finds below the document; the nodes may be
 * changed but must not be freed, unless it is the last use of the tree. Returns how many; -ENOMEM.
 */
int tree_each(
	xmlDocPtr doc, const char *xpath, int (*what)(void *user, xmlNodePtr node), void *user);

/* In XPath: the name of an element, or attribute, is this behind its prefix, declared or not. */
#define TREE_NAME(name) "(local-name()='" name "' or substring-after(local-name(),':')='" name "')"

#endif
