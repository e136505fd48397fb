/*
 * Documents without their secrets, for people and logs.
 */
#ifndef LDM_MASK_H
#define LDM_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

/* A property or variable of this name has a value that is not shown. */
bool ldm_is_secret(const char *name);
/* The same in XPath, of an expression that is a text. */
#define LDM_LOWER(what)                                                                            \
	"translate(" what ",'ABCDEFGHIJKLMNOPQRSTUVWXYZ','abcdefghijklmnopqrstuvwxyz')"
#define LDM_HAS(what, word) "contains(" LDM_LOWER(what) ",'" word "')"
#define LDM_SECRET(what)                                                                           \
	"(" LDM_HAS(what, "passw") " or " LDM_HAS(what, "passphrase") " or " LDM_HAS(              \
		what, "secret") " or " LDM_HAS(what, "wan-boot-key") ")"

/*
 * Appends the document, indented, with passwords, SASL answers, migration
 * credentials and the values of variables named like a password replaced by
 * "***". Of a document that is not well-formed only the length is shown.
 * -ENOMEM.
 */
int ldm_mask(const char *document, size_t len, struct buffer *out);
/* To log_dump("ldm:xml"), if that token is enabled. */
void ldm_mask_log(const char *title, const char *document, size_t len);

#endif
