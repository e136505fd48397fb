/*
 * Constraint documents of one domain: taken from the reply to list-constraints, kept in a file,
 * copied under another name, or a small one that says no more than CPUs and memory.
 */
#ifndef LDM_TEMPLATE_H
#define LDM_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "ldm/endpoint.h"
#include "util/buffer.h"

/* Of a domain that is to be made. */
struct template_domain {
	const char *name;
	const char *template;	   /* name of the file; NULL or "": the rest is all there is */
	uint64_t vcpus, memory_mb; /* threads, MiB */
	uint64_t crypto;	   /* units; 0: none */
};

/*
 * The document for add-domain. With a template: the file of that name (or with ".xml") in
 * directory, which nobody but root and we can change, data version 2.0 or 3.0, its domain renamed;
 * UUID, MAC addresses, host id and console port taken out, so that ldmd gives new ones. -ENOENT,
 * -EBADMSG and others, *ret_why static text, *ret_detail (to be freed, or NULL) file, rule, line
 * and column of what cannot be read.
 */
int template_document(const char *directory, const struct template_domain *domain,
	struct buffer *ret, const char **ret_why, char **ret_detail);

/* The part without files, for tests. */
int template_rename(const char *document, size_t len, const char *name, struct buffer *ret,
	const char **ret_why, char **ret_detail);

/*
 * The reply to list-constraints as a document of its own for people to keep: without responses,
 * indented, valid input of add-domain. -EBADMSG, -ENOMEM.
 */
int template_from_reply(const char *reply, size_t len, struct buffer *out);

/*
 * A constraint document to be kept and copied: without the identity of the
 * domain (UUID, addresses, host id, console port) and without its secrets, such
 * as passwords of OpenBoot, which are counted. Indented, ASCII. -EBADMSG,
 * -ENOMEM.
 */
int template_clean(const char *document, size_t len, struct buffer *ret, size_t *ret_secrets);

/*
 * The Envelope or ldom of the one domain in the document, as XML; its version; its name
 * (allocated). -EBADMSG with *ret_why (static), -ENOMEM.
 */
int template_body(const char *document, size_t len, struct buffer *ret_body,
	enum ldm_data_version *ret_version, char **ret_domain, const char **ret_why);

#endif
