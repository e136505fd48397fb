/*
 * Text of others on its way to a log or a terminal. Whatever could start a line, steer a terminal,
 * or turn around what is read becomes \xNN, one for each byte.
 */
#ifndef UTIL_VISIBLE_H
#define UTIL_VISIBLE_H

#include <stddef.h>

#include "util/buffer.h"

/* Tabs stay. -ENOMEM, -EOVERFLOW. */
int visible_append(struct buffer *b, const char *text, size_t len);
/* A copy of a string, to be freed. NULL: no memory. */
char *visible_copy(const char *text);

#endif
