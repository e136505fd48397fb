/*
 * xmlTextWriter into memory, with the first error remembered instead of checked at each call.
 * Private to the codec.
 */
#ifndef LDM_WRITER_H
#define LDM_WRITER_H

#include <stdbool.h>
#include <libxml/xmlwriter.h>

#include "util/buffer.h"

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
void writer_empty(struct writer *w, const char *name);
void writer_text(struct writer *w, const char *name, const char *text);
void writer_property(struct writer *w, const char *key, const char *value);
void writer_raw(struct writer *w, const char *xml);
/* Closes all that is open, appends the document to out, and frees. -ENOMEM. */
int writer_end(struct writer *w, struct buffer *out);

#endif
