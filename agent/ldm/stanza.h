/*
 * The few things of interest in an element of the stream that is no document of LDM.
 */
#ifndef LDM_STANZA_H
#define LDM_STANZA_H

#include <stdbool.h>
#include <stddef.h>

#include "ldm/limits.h"

struct ldm_stanza {
	char *name;   /* of the element, without prefix */
	char *detail; /* of its first child; NULL: none */
	bool starttls, mechanisms, plain;
};

/* -EBADMSG with *ret_error (to be freed), -ENOMEM. */
int ldm_stanza_parse(const char *bytes, size_t len, const struct ldm_limits *limits,
	struct ldm_stanza *ret, char **ret_error);
void ldm_stanza_clear(struct ldm_stanza *s);

#endif
