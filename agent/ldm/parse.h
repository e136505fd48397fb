/*
 * The state of reading one document. Private to document.c and places.c.
 */
#ifndef LDM_PARSE_H
#define LDM_PARSE_H

#include "ldm/document.h"
#include "ldm/reader.h"
#include "ldm/verdict.h"
#include "util/buffer.h"

enum place {
	AT_TOP,
	AT_SKIPPED,
	AT_INTERFACE,
	AT_EVENT,
	AT_COMMAND,
	AT_ACTION,
	AT_DATA,
	AT_ENVELOPE,
	AT_CONTENT,
	AT_SECTION,
	AT_ITEM,
	AT_TYPE,
	AT_UNITS,
	AT_ADDRESS,
	AT_UUID,
	AT_GENERIC,
	AT_CHILD,
	AT_BINDING,
	AT_LDOM,
	AT_LDOM_RESOURCE,
	AT_LDOM_CHILD,
	AT_LDOM_BINDING,
	AT_RESPONSE,
	AT_STATUS,
	AT_MESSAGE,
	_AT_MAX,
};

/* An open element. Pointers to resources stay good: a list grows only when its last is closed. */
struct level {
	enum place place;
	struct ldm_resource *resource; /* the innermost, or NULL */
};

struct parse {
	const struct ldm_limits *limits;
	const struct ldm_document_ops *ops;
	void *user;
	struct ldm_document *document;
	struct ldm_reader reader;
	struct level *levels;
	size_t depth;
	struct buffer text; /* of the element that is a value */
	char *key;	    /* of the property that is open */

	/* The data that is open: */
	struct ldm_content *contents;
	size_t n_contents, n_resources;
	struct ldm_content *content; /* the one resources go to, or NULL */
	size_t loose;		     /* 1 + index of the one of no domain; 0: none */

	struct verdict verdict;
};

static inline struct level *parse_top(struct parse *p)
{
	return &p->levels[p->depth];
}

/* An element begins, ends; text in it. 0 or -errno. */
int parse_open(struct parse *p, const char *name);
int parse_close(struct parse *p);
int parse_text(struct parse *p, const char *text);
/* The data is complete: hands it on and forgets it. */
int parse_deliver(struct parse *p);

#endif
