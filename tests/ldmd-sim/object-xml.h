/*
 * Reading `data` elements into the neutral form, and the few XML helpers that takes.
 */
#ifndef LDMD_SIM_OBJECT_XML_H
#define LDMD_SIM_OBJECT_XML_H

#include <libxml/tree.h>
#include <stdbool.h>

#include "object.h"

/* Whether this is an element of that name, whatever its prefix. */
bool xml_is(const xmlNode *node, const char *name);
/* Trimmed text content; caller frees. */
char *xml_text(const xmlNode *node);
/* NULL if missing; caller frees. */
char *xml_attribute(const xmlNode *node, const char *name);

/* The objects of one data element; one without name if it is empty. */
void objects_read(struct object_list *list, const xmlNode *data, bool version2);

#endif
