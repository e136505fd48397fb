/*
 * Written here, because not every system has explicit_bzero().
 */
#include <stdlib.h>
#include <string.h>

#include "util/secret.h"

void secret_wipe(void *bytes, size_t n)
{
	volatile char *c = bytes;

	while (n-- > 0)
		*c++ = '\0';
}

void secret_free(char *text)
{
	if (text)
		secret_wipe(text, strlen(text));
	free(text);
}
