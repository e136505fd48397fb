/*
 * Constraint documents of one domain: taken from a reply to list-constraints, kept in a file,
 * copied under another name, or made from a few numbers.
 */
#ifndef LDM_TEMPLATE_H
#define LDM_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "ldm/endpoint.h"
#include "util/buffer.h"

/* A domain that is to be made. */
struct template_domain {
	const char *name;
	const char *template;	   /* name of a file; NULL or "": none, the numbers count */
	uint64_t vcpus, memory_mb; /* threads, MiB */
	uint64_t crypto;	   /* units; 0: none */
};

/*
 * Appends the document for add-domain. With a template it is the file of that name (or with ".xml"
 * behind it) in directory, see file_read_trusted(), with the domain renamed, and without UUID, MAC
 * addresses, host id and console port, so that ldmd gives new ones; the numbers are not used.
 * -ENOENT, -EBADMSG, -ENOMEM and others; *ret_why (static, or NULL) is the reason, and *ret_detail
 * (to be freed, or NULL) the file, rule, line and column if the document breaks a rule.
 */
int template_document(const char *directory, const struct template_domain *domain,
	struct buffer *ret, const char **ret_why, char **ret_detail);

/* template_document() of a document in memory. */
int template_rename(const char *document, size_t len, const char *name, struct buffer *ret,
	const char **ret_why, char **ret_detail);

/*
 * Appends the reply to list-constraints about one domain as a document for people to keep: without
 * responses, indented, good for add-domain. -EBADMSG, -ENOMEM.
 */
int template_from_reply(const char *reply, size_t len, struct buffer *out);

/*
 * Appends a constraint document without the identity of its domain (UUID, MAC addresses, host id,
 * console port) and without secrets, such as passwords of OpenBoot; *ret_secrets is how many were
 * left out. Indented, ASCII. -EBADMSG, -ENOMEM.
 */
int template_clean(const char *document, size_t len, struct buffer *ret, size_t *ret_secrets);

/*
 * The Envelope or ldom of the one domain in the document, as XML; its data version; the name of the
 * domain, to be freed. -EBADMSG, -ENOMEM; *ret_why is a static text about any error.
 */
int template_body(const char *document, size_t len, struct buffer *ret_body,
	enum ldm_data_version *ret_version, char **ret_domain, const char **ret_why);

#endif
