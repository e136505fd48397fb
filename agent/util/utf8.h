/*
 * Which bytes are text, and which may be in an XML document.
 */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the first character in bytes; 0: RFC 3629 does not allow these bytes. */
size_t utf8_character(const char *bytes, size_t len, uint32_t *ret_character);
/* Length of the longest beginning that is UTF-8 of characters that XML 1.0 allows. */
size_t utf8_xml_span(const char *bytes, size_t len);
/* The longest beginning of text with at most max bytes that ends between two characters, in bytes.
 */
size_t utf8_cut(const char *text, size_t max);
/*
 * Columns of a terminal that the text takes, by the character type of the locale: ideographs take
 * two, accents none. A byte that is no character takes one.
 */
size_t utf8_columns(const char *text);
/* The whole string is such text and has no control characters (tab and line end included). */
bool utf8_is_name(const char *text);
/* The whole string is such text; tab and line end are allowed. */
bool utf8_is_text(const char *text);

#endif
