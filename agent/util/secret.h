/*
 * Secrets are overwritten when they are no longer needed.
 */
#ifndef UTIL_SECRET_H
#define UTIL_SECRET_H

#include <stddef.h>

/* Overwrites; no compiler leaves that out as useless. */
void secret_wipe(void *bytes, size_t n);
/* Overwrites a string and frees it. NULL is allowed. */
void secret_free(char *text);

#endif
