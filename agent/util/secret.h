/*
 * Secrets are overwritten when they are no longer needed. Written here, because not every system
 * has explicit_bzero().
 */
#ifndef UTIL_SECRET_H
#define UTIL_SECRET_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Overwrites the bytes. volatile: a compiler must not drop the writes as useless. */
static inline void secret_wipe(void *bytes, size_t n)
{
	volatile char *c = bytes;

	while (n-- > 0)
		*c++ = '\0';
}

/* Overwrites a string and frees it. NULL is allowed. */
static inline void secret_free(char *text)
{
	if (text)
		secret_wipe(text, strlen(text));
	free(text);
}

#endif
