/*
 * Which bytes are text, and which may be in an XML document.
 */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the first character, len > 0; 0: RFC 3629 does not allow these bytes. */
size_t utf8_character(const char *bytes, size_t len, uint32_t *ret_character);
/* Length of the longest beginning that is UTF-8 of characters that XML 1.0 allows. */
size_t utf8_xml_span(const char *bytes, size_t len);
/* Length of the longest beginning of at most max bytes that does not cut a character. */
size_t utf8_cut(const char *text, size_t max);
/*
 * Columns that the text takes on a terminal, as wcwidth(3) says in the current locale: ideographs
 * take two, accents none. A byte that is no character takes one.
 */
size_t utf8_columns(const char *text);
/* The string is UTF-8 that XML 1.0 allows, without tab, line end and DEL. */
bool utf8_is_name(const char *text);
/* The string is UTF-8 that XML 1.0 allows, which includes tab and line end. */
bool utf8_is_text(const char *text);

#endif
