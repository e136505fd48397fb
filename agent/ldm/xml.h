/*
 * libxml2 made safe for documents of ldmd, or of a peer that pretends to be ldmd: limits, no DTD,
 * no entities, no network, names without their prefix. The reader reads a document as a stream, the
 * tree as a whole; the writer writes one. Options are set per document, not in the library. Private
 * to ldm/.
 */
#ifndef LDM_XML_H
#define LDM_XML_H

#include <stdbool.h>
#include <libxml/tree.h>
#include <libxml/xmlwriter.h>

#include "ldm/frame.h"
#include "util/buffer.h"
#include "util/cleanup.h"

/* What follows the last colon, as half of the vendor's documents do not declare their prefixes.
 * NULL gives "". */
const char *xml_local_name(const char *name);

/* Appends the text with a question mark in place of each byte that XML does not allow. -ENOMEM. */
int xml_make_clean(const char *bytes, size_t len, struct buffer *out);

struct reader;

/* The parts of a document in order. A result other than 0 ends the reading, which returns it. */
struct reader_ops {
	int (*on_open)(void *user, const char *name);
	int (*on_text)(void *user, const char *text, size_t len); /* may be a part of a text */
	int (*on_close)(void *user);
};

/* Reads one document after another. Begins zeroed. */
struct reader {
	xmlParserCtxtPtr xml; /* kept, with its dictionary of names, for the next document */
	size_t read;	      /* bytes that the context has read */
	const struct reader_ops *ops;
	void *user;
	const xmlChar **attributes; /* of the element that is being opened, as libxml2 gives them */
	size_t n_attributes;
	char *error;
	int code; /* -EBADMSG, -ENOMEM, or what a callback returned */
};

/*
 * Reads one document as the framer cut it. Bytes that XML does not allow are read as question
 * marks. -EBADMSG: r->error says which rule is broken, and where; -ENOMEM; or what a callback
 * returned.
 */
int reader_read(
	struct reader *r, const char *bytes, size_t len, const struct reader_ops *ops, void *user);
void reader_clear(struct reader *r);
/* From a callback: sets the message, with the line of the document. Returns -EBADMSG. */
int reader_refuse(struct reader *r, const char *rule);
/* From on_open: the value of the attribute, no NUL behind it; NULL: there is none of that name. */
const char *reader_attribute(const struct reader *r, const char *name, size_t *ret_len);

/*
 * Finds the one document in the bytes and builds a tree, to be freed with xmlFreeDoc(). -EBADMSG:
 * *ret_error (to be freed, may be NULL) says which rule is broken, in which line and column;
 * -ENOMEM.
 */
int tree_parse(const char *bytes, size_t len, xmlDocPtr *ret, char **ret_error);
DEFINE_CLEANUP(xmlDocPtr, xmlFreeDoc)
/*
 * Calls what() for each node that the XPath expression finds; it may change the node, but must not
 * free it or another one found. Returns how many there are; -ENOMEM, or what() < 0, which ends it.
 */
int tree_each(
	xmlDocPtr doc, const char *xpath, int (*what)(void *user, xmlNodePtr node), void *user);
/* Removes the nodes that the XPath expression finds. Returns how many; -ENOMEM. */
int tree_remove(xmlDocPtr doc, const char *xpath);
/* Appends the node and what is below it as XML. -ENOMEM. */
int tree_dump(xmlNodePtr node, bool indent, struct buffer *out);

/* In XPath: an element or attribute has this name behind its prefix, declared or not. */
#define TREE_NAME(name) "(local-name()='" name "' or substring-after(local-name(),':')='" name "')"
/* In XPath: the key of a property that is a GenericProperty. */
#define TREE_KEY "@*[" TREE_NAME("key") "]"
/* In XPath: this element is the property of that name, in either form. */
#define TREE_PROPERTY(name) "(" TREE_KEY "='" name "' or " TREE_NAME(name) ")"

/* Writes a document for ldmd. The first error is remembered instead of checked at each call. */
struct writer {
	xmlBufferPtr buffer;
	xmlTextWriterPtr xml;
	bool failed;
};

/* Opens LDM_interface of data version 3.0, with its prefixes declared, or of 2.0. -ENOMEM. */
int writer_begin(struct writer *w, bool is_3);
void writer_open(struct writer *w, const char *name);
void writer_attribute(struct writer *w, const char *name, const char *value);
void writer_close(struct writer *w);
/* text NULL: the caller had no memory for it, and writer_end() returns -ENOMEM. */
void writer_text(struct writer *w, const char *name, const char *text);
void writer_property(struct writer *w, const char *key, const char *value);
void writer_raw(struct writer *w, const char *xml);
/* Data version 3.0: opens Envelope and Content of a domain; Section and Item of a resource. */
void writer_open_domain(struct writer *w, const char *name);
void writer_open_resource(struct writer *w, const char *type);
/* Data version 3.0: opens Envelope, Section and Item of a configuration, which has no Content. */
void writer_open_spconfig(struct writer *w);
/* Closes all open elements, appends the document to out and frees the writer. -ENOMEM. */
int writer_end(struct writer *w, struct buffer *out);

#endif
