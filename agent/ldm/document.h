/*
 * Documents of ldmd, data version 2.0 and 3.0, read into one generic shape: resources with
 * properties. This is syntax only: inventory/ knows what a property means.
 *
 * A name is what follows the last colon, values are trimmed, a property may be a GenericProperty
 * or a child element, order does not matter, unknown elements are skipped. Only one `data` (one
 * domain) is in memory at a time, whatever the size of the document.
 */
#ifndef LDM_DOCUMENT_H
#define LDM_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "ldm/frame.h"

struct ldm_property {
	char *key, *value; /* never NULL */
};

struct ldm_resource {
	char *type;    /* "cpu", "memory", "ldom_info", ...; "" if the document does not say */
	char *units;   /* AllocationUnits; number or size of 2.0; NULL: none */
	char *address; /* Address; mac_address of 2.0; NULL: none */
	char *uuid;    /* NULL: none */
	struct ldm_property *props;
	size_t n_props;
	struct ldm_resource *bindings; /* what the resource is bound to; list-bindings only */
	size_t n_bindings;
};

/* Value of the first property with that key, trimmed; NULL: none. Owned by the resource. */
const char *ldm_resource_get(const struct ldm_resource *r, const char *key);

struct ldm_content {
	char *domain; /* NULL: sections directly in the envelope, about no domain */
	struct ldm_resource *resources;
	size_t n_resources;
};

/* First resource of a type, or NULL. */
const struct ldm_resource *ldm_content_find(const struct ldm_content *c, const char *type);

struct ldm_reply {
	char *action;  /* of the first cmd; NULL: the document had none */
	bool ok;       /* no first response of any level says failure */
	char *message; /* failure: all resp_msg, "; " between; NULL: none */
	char *warning; /* notices that came with a success, or in a second response; NULL: none */
	unsigned version; /* of the interface, 1.3 is 103; 0: the document does not say */
	bool sent;	  /* set by the connection: the request left, so it may have been done */
};

struct ldm_event {
	char *action;				/* never NULL */
	char *domain;				/* NULL: about no domain */
	const char *progress, *status, *source; /* of a migration; NULL: none */
	struct ldm_content content;		/* with the same domain */
};

enum ldm_document_kind {
	LDM_DOCUMENT_REPLY,
	LDM_DOCUMENT_EVENT,
	LDM_DOCUMENT_OTHER, /* another root element */
};

/*
 * Called during the reading, before it is known whether the whole document is good. The arguments
 * are freed after the call. A result that is not 0 ends the reading, which returns it.
 */
struct ldm_document_ops {
	/*
	 * One domain of a reply, or the sections that belong to none. ok and message (NULL: none)
	 * are of the first response of its `data`.
	 */
	int (*on_content)(
		void *user, const struct ldm_content *content, bool ok, const char *message);
	/* One domain of an event, or the sections that belong to none. */
	int (*on_event)(void *user, const struct ldm_event *event);
};

/* By the name of the root element. The document is as the framer cut it: the first byte is '<'. */
enum ldm_document_kind ldm_document_kind_of(const char *document);

struct ldm_document {
	enum ldm_document_kind kind;
	struct ldm_reply reply; /* LDM_DOCUMENT_REPLY only */
};

/*
 * Reads one whole document; ldm_document_clear() frees *ret. -EBADMSG: not well-formed or beyond a
 * limit, *ret_error says which rule and where (to be freed; NULL: no memory); -ENOMEM; or what a
 * callback returned. ops, its members, limits and ret_error may be NULL.
 */
int ldm_document_parse(const char *bytes, size_t len, const struct ldm_limits *limits,
	const struct ldm_document_ops *ops, void *user, struct ldm_document *ret, char **ret_error);

/*
 * Reads documents one after another, each as the framer cut it with the same limits, so they are
 * not scanned again. Memory is kept for the next document. A callback must not free the parser.
 */
struct ldm_parser;

/* limits NULL: the default ones; else they must live as long. -ENOMEM. */
int ldm_parser_new(const struct ldm_limits *limits, struct ldm_parser **ret);
void ldm_parser_free(struct ldm_parser *p);
DEFINE_CLEANUP(struct ldm_parser *, ldm_parser_free)
/*
 * As ldm_document_parse(). After an error ret->kind still says what the document would have been.
 */
int ldm_parser_read(struct ldm_parser *p, const char *bytes, size_t len,
	const struct ldm_document_ops *ops, void *user, struct ldm_document *ret, char **ret_error);

void ldm_document_clear(struct ldm_document *d);
void ldm_reply_clear(struct ldm_reply *r);

#endif
