/*
 * Makes text of others fit for a log or a terminal: every byte that could begin a line, control a
 * terminal, or change the direction of reading becomes \xNN.
 */
#ifndef UTIL_VISIBLE_H
#define UTIL_VISIBLE_H

#include <stddef.h>

#include "util/buffer.h"

/* Tabs are kept as they are. -ENOMEM, -EOVERFLOW. */
int visible_append(struct buffer *b, const char *text, size_t len);
/* A copy of a string, to be freed. NULL: no memory. */
char *visible_copy(const char *text);

#endif
