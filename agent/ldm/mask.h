/*
 * What may be shown of a document: all but its secrets.
 */
#ifndef LDM_MASK_H
#define LDM_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

/* A property or variable of this name has a value that is not shown. */
bool ldm_is_secret(const char *name);

/*
 * Appends the document, indented, with passwords, SASL answers, migration credentials and the
 * values of variables named like a password replaced by "***". What is not well-formed is not
 * shown, only its length is. -ENOMEM.
 */
int ldm_mask(const char *document, size_t len, struct buffer *out);
/* To log_dump("ldm:xml"), if that token is enabled. */
void ldm_mask_log(const char *title, const char *document, size_t len);

#endif
