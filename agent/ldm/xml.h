/*
 * libxml2 made safe for what ldmd, or who pretends to be ldmd, sends: limits held, no DTD, no
 * entities, no network, names without their prefix. A document as a stream (reader), as a tree,
 * and written. Options are given per document; nothing is set in the library. Private to ldm/.
 */
#ifndef LDM_XML_H
#define LDM_XML_H

#include <stdbool.h>
#include <libxml/tree.h>
#include <libxml/xmlwriter.h>

#include "ldm/frame.h"
#include "util/buffer.h"
#include "util/cleanup.h"

/* What follows the last colon: half of the vendor's own documents do not declare their prefixes. */
const char *xml_local_name(const char *name);

/* Appends the text with a question mark for every byte that XML must not have. -ENOMEM. */
int xml_make_clean(const char *bytes, size_t len, struct buffer *out);

struct reader;

/* What a document is made of, in its order. Non-zero ends the reading, and is what it returns. */
struct reader_ops {
	int (*on_open)(void *user, const char *name);
	int (*on_text)(void *user, const char *text, size_t len); /* a part of one, maybe */
	int (*on_close)(void *user);
};

/* For one document after another; begins zeroed. */
struct reader {
	xmlParserCtxtPtr xml; /* kept, with its dictionary of names, for the next document */
	size_t read;	      /* bytes that it has read */
	const struct reader_ops *ops;
	void *user;
	const xmlChar **attributes; /* of the element that is being opened, as libxml2 gives them */
	size_t n_attributes;
	char *error;
	int code; /* -EBADMSG, -ENOMEM, or what a callback returned */
};

/*
 * Reads one document as the framer cut it. Bytes that XML must not have are read as question marks.
 * -EBADMSG: r->error says which rule is broken, and where; -ENOMEM; or what a callback returned.
 */
int reader_read(
	struct reader *r, const char *bytes, size_t len, const struct reader_ops *ops, void *user);
void reader_clear(struct reader *r);
/* From a callback: sets the message, with the line of the document. Returns -EBADMSG. */
int reader_refuse(struct reader *r, const char *rule);
/* From on_open: value of the attribute with that local name, without NUL; NULL: there is none. */
const char *reader_attribute(const struct reader *r, const char *name, size_t *ret_len);

/*
 * The document in the bytes as a tree; free with xmlFreeDoc(). -EBADMSG: *ret_error (to be freed,
 * may be NULL) says which rule is broken, in which line and column; -ENOMEM.
 */
int tree_parse(const char *bytes, size_t len, xmlDocPtr *ret, char **ret_error);
DEFINE_CLEANUP(xmlDocPtr, xmlFreeDoc)
/*
 * Calls what() for each node that the XPath expression finds below the document; the nodes may be
 * changed but must not be freed. Returns how many; -ENOMEM.
 */
int tree_each(
	xmlDocPtr doc, const char *xpath, int (*what)(void *user, xmlNodePtr node), void *user);
/* Takes the nodes out of the tree. Returns how many; -ENOMEM. */
int tree_remove(xmlDocPtr doc, const char *xpath);
/* Appends the node and what is below it as XML. -ENOMEM. */
int tree_dump(xmlNodePtr node, bool indent, struct buffer *out);

/* In XPath: the name of an element, or attribute, is this behind its prefix, declared or not. */
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

/* Opens LDM_interface, with the prefixes of data version 3.0 declared or that of 2.0. -ENOMEM. */
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
/* Closes all that is open, appends the document to out, and frees. -ENOMEM. */
int writer_end(struct writer *w, struct buffer *out);

#endif
