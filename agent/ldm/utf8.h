/*
 * Which bytes may be in an XML document.
 */
#ifndef LDM_UTF8_H
#define LDM_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the longest good beginning: UTF-8 of characters that XML 1.0 allows. */
size_t utf8_xml_span(const char *bytes, size_t len);
/* The whole string is such text and has no control characters (tab and line end included). */
bool utf8_is_name(const char *text);
/* The whole string is such text; tab and line end are allowed. */
bool utf8_is_text(const char *text);

#endif
