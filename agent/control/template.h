/*
 * Constraint documents for new domains: a saved one with another name and no identity, or a small
 * one that says no more than CPUs and memory.
 */
#ifndef CONTROL_TEMPLATE_H
#define CONTROL_TEMPLATE_H

#include <stddef.h>

#include "control/set-request.h"

struct buffer;

/*
 * A constraint document as something to be kept and copied: without what makes the domain that one
 * and no other, and without its secrets (passwords of OpenBoot, for one), counted. Indented, ASCII.
 * -EBADMSG, -ENOMEM.
 */
int template_clean(const char *document, size_t len, struct buffer *ret, size_t *ret_secrets);

/*
 * The document for add-domain. With request->template: the file of that name (or with ".xml") in
 * directory, which nobody but root and we can change, data version 2.0 or 3.0, its domain renamed;
 * UUID, MAC addresses, host id and console port taken out, so that ldmd gives new ones. -ENOENT,
 * -EBADMSG and others, *ret_why static text.
 */
int template_document(const char *directory, const struct set_request *request, const char *name,
	struct buffer *ret, const char **ret_why);

/* The part without files, for tests. */
int template_rename(const char *document, size_t len, const char *name, struct buffer *ret,
	const char **ret_why);

#endif
