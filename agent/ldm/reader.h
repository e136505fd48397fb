/*
 * xmlTextReader, made safe for what ldmd (or who pretends to be it) sends: limits held, no DTD, no
 * entities, no network, wrong bytes made harmless, names without their prefix. Private to the
 * codec.
 */
#ifndef LDM_READER_H
#define LDM_READER_H

#include <stdbool.h>
#include <libxml/xmlreader.h>

#include "ldm/limits.h"
#include "util/buffer.h"

struct ldm_reader {
	xmlTextReaderPtr xml;
	struct buffer clean; /* a copy, if the document had bytes that XML must not have */
	const char *root;    /* where the root element begins; NULL: none was found */
	char *error;
	int code; /* -EBADMSG, -ENOMEM once something is wrong */
};

/* The bytes must live as long as the reader. -EBADMSG (r->error says why), -ENOMEM. */
int ldm_reader_open(
	struct ldm_reader *r, const char *bytes, size_t len, const struct ldm_limits *limits);
void ldm_reader_close(struct ldm_reader *r);

/* 1: a node is there; 0: the end; -errno. */
int ldm_reader_next(struct ldm_reader *r);
/* Sets the message, once, with the line of the document. Returns -EBADMSG. */
int ldm_reader_refuse(struct ldm_reader *r, const char *rule);
/* What follows the last colon. */
const char *ldm_local_name(const char *name);
static inline const char *ldm_reader_name(struct ldm_reader *r)
{
	return ldm_local_name((const char *)xmlTextReaderConstLocalName(r->xml));
}
/* Value of the attribute with that local name; to be freed with xmlFree(). NULL: none. */
xmlChar *ldm_reader_attribute(struct ldm_reader *r, const char *name);

#endif
