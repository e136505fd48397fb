/*
 * Documents without their secrets, for people and logs.
 */
#ifndef LDM_MASK_H
#define LDM_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

/* Whether the value of a property or variable of this name is a secret. */
bool ldm_is_secret(const char *name);
/* The same in XPath: LDM_SECRET(what), where `what` is an expression for the name. */
#define LDM_LOWER(what)                                                                            \
	"translate(" what ",'ABCDEFGHIJKLMNOPQRSTUVWXYZ','abcdefghijklmnopqrstuvwxyz')"
#define LDM_HAS(what, word) "contains(" LDM_LOWER(what) ",'" word "')"
#define LDM_SECRET(what)                                                                           \
	"(" LDM_HAS(what, "passw") " or " LDM_HAS(what, "passphrase") " or " LDM_HAS(              \
		what, "secret") " or " LDM_HAS(what, "wan-boot-key") ")"

/*
 * Appends the document, indented, with "***" in place of passwords, SASL answers, credentials for
 * migrations and the values of variables named like a password. Of a document that is not
 * well-formed only the length is shown. -ENOMEM.
 */
int ldm_mask(const char *document, size_t len, struct buffer *out);
/* Logs the masked document with log_dump("ldm:xml"), if that token is enabled. */
void ldm_mask_log(const char *title, const char *document, size_t len);

#endif
