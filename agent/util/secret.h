/*
 * What must not stay in memory longer than it is needed.
 */
#ifndef UTIL_SECRET_H
#define UTIL_SECRET_H

#include <stddef.h>

/* Overwrites, in a way that no compiler leaves out. */
void secret_wipe(void *bytes, size_t n);
/* Overwrites a string and frees it. NULL is allowed. */
void secret_free(char *text);

#endif
