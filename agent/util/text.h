/*
 * Copies of strings, and texts of others encoded so that they do no harm where they are written.
 */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"

/* A copy that the caller frees; NULL gives NULL. -ENOMEM. */
int text_copy(const char *from, char **ret);
/* Replaces *text, which is allocated or NULL, by a copy of from (NULL: by NULL). -ENOMEM: kept. */
int text_set(char **text, const char *from);
/* A string of the caller's, as printf(3) makes it. -ENOMEM. */
int text_printf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* true: both are NULL, or both are the same text. */
bool text_equal(const char *a, const char *b);

/* The value of a hexadecimal digit of either case; -1: it is none. */
int hex_digit(char c);
/* n octets out of pairs of such digits, with one '-' or ':' between two pairs or none; false: the
 * text (NULL is allowed) has not as many. */
bool hex_octets(const char *text, uint8_t *ret, size_t n);
/*
 * As in RFC 3986 section 2.1: '%', white space, controls and bytes beyond ASCII become %XX.
 * -ENOMEM, -EOVERFLOW.
 */
int percent_append(struct buffer *b, const char *text);
/* Back, in place (the result is never longer). -EBADMSG: no two digits behind a '%', or %00. */
int percent_decode(char *text);
/*
 * Makes text fit for a log or a terminal: every byte that could begin a line, control a terminal,
 * or change the direction of reading becomes \xNN. Tabs stay. -ENOMEM, -EOVERFLOW.
 */
int visible_append(struct buffer *b, const char *text, size_t len);
/* A copy of a string, to be freed. NULL: no memory. */
char *visible_copy(const char *text);

#endif
