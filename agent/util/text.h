/*
 * Copies of strings, hexadecimal digits, and encodings of texts from outside that do no harm where
 * they are written.
 */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"

/* A copy that the caller frees; NULL gives NULL. -ENOMEM. */
int text_copy(const char *from, char **ret);
/* Replaces *text, allocated or NULL, by a copy of from; NULL gives NULL. -ENOMEM: no change. */
int text_set(char **text, const char *from);
/* The text that printf(3) would print; the caller frees it. -ENOMEM: *ret is not set. */
int text_printf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* true: both are NULL, or both are the same text. */
bool text_equal(const char *a, const char *b);

/* The value of a hexadecimal digit of either case; -1: it is none. */
int hex_digit(char c);
/* Reads n octets, each two hexadecimal digits, with one '-' or ':' or nothing between two octets;
 * any text behind them is ignored. False: the text (NULL is allowed) has fewer, and ret may be
 * partly written. */
bool hex_octets(const char *text, uint8_t *ret, size_t n);
/*
 * Appends the text, encoded as in RFC 3986 section 2.1: '%', white space, controls and bytes beyond
 * ASCII become %XX.
 * -ENOMEM, -EOVERFLOW.
 */
int percent_append(struct buffer *b, const char *text);
/* Decodes in place. -EBADMSG: a '%' without two digits behind it, or %00. */
int percent_decode(char *text);
/*
 * Appends text so that it is fit for a log or a terminal: every byte that could begin a line,
 * control a terminal, or change the direction of reading becomes \xNN. Tabs stay. -ENOMEM,
 * -EOVERFLOW.
 */
int visible_append(struct buffer *b, const char *text, size_t len);
/* A copy of a string that is fit for a log or a terminal; the caller frees it. NULL: no memory. */
char *visible_copy(const char *text);

#endif
