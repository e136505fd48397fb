/*
 * Cuts ldmd's byte stream into documents, and checks the limits of a document.
 *
 * No length stands in front of a document and no mark behind it, and the stream as a whole is not
 * well-formed XML (declarations in the middle, undeclared prefixes). So this is a scanner that
 * knows just enough of XML to find the end tag: quotes, comments, CDATA, processing instructions.
 * It refuses DTDs before any parser sees a byte. Whether the document is well-formed is for the
 * parser to say. No I/O, never blocks.
 */
#ifndef LDM_FRAME_H
#define LDM_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "util/cleanup.h"

/*
 * The largest document that is taken from ldmd, so that no peer can make the agent grow or recurse
 * without bound. A document beyond one of the limits is refused whole. The number of domains is
 * limited by inventory/, which knows what a domain is.
 */
struct ldm_limits {
	size_t bytes;	   /* of a document */
	size_t depth;	   /* elements within elements */
	size_t attributes; /* of an element */
	size_t tag;	   /* bytes of one tag, comment or processing instruction */
	size_t value;	   /* bytes of one text */
	size_t properties; /* of a resource */
	size_t resources;  /* of a domain, bindings counted */
	size_t messages;   /* bytes of all resp_msg of a reply; more text is left out */
};

/*
 * 64 MiB, 64 deep, 64 attributes, 64 KiB a tag, 256 KiB a value, 256 properties, 65,536 resources,
 * 16 KiB of messages: far more than the largest host sends, far less than would hurt.
 */
extern const struct ldm_limits ldm_limits_default;

struct ldm_framer;

enum ldm_frame {
	LDM_FRAME_MORE = 0,	/* all bytes used, no document yet */
	LDM_FRAME_DOCUMENT = 1, /* a document is complete; bytes behind it were not used */
	LDM_FRAME_OPENED = 2,	/* the start tag that ldm_framer_expect_open() asked for */
	LDM_FRAME_CLOSED = 3,	/* an end tag outside of any document: the stream is over */
};

/* -ENOMEM. NULL limits: the default ones. */
int ldm_framer_new(const struct ldm_limits *limits, struct ldm_framer **ret);
void ldm_framer_free(struct ldm_framer *f);
DEFINE_CLEANUP(struct ldm_framer *, ldm_framer_free)
/* Forgets all bytes and any error; ldm_framer_end_by_count() stays in force. */
void ldm_framer_reset(struct ldm_framer *f);

/*
 * From now on a document ends where as many tags are closed as were opened, whatever their names.
 * For the stanzas of the handshake: a malformed one is refused at once, not when the time is over.
 */
void ldm_framer_end_by_count(struct ldm_framer *f);
/* The next element, a stream header, is reported at the end of its start tag. */
void ldm_framer_expect_open(struct ldm_framer *f);

/*
 * Takes bytes up to the end of a document. Returns an enum ldm_frame; -EBADMSG: a rule is broken,
 * see ldm_framer_error(); -ENOMEM. After an error every call returns it again until a reset.
 */
int ldm_framer_feed(struct ldm_framer *f, const void *bytes, size_t n, size_t *ret_used);

/* The document, with a NUL behind it; owned by the framer, valid until the next feed. */
const char *ldm_framer_document(const struct ldm_framer *f, size_t *ret_len);
/* A document has begun and has not ended. */
bool ldm_framer_is_inside(const struct ldm_framer *f);
/* Which rule was broken and where, in one line; owned by the framer. */
const char *ldm_framer_error(const struct ldm_framer *f);

/*
 * Finds the one document in the bytes; *ret_document points into them. limits NULL: the default
 * ones. -EBADMSG if a rule is broken, the document does not end, or there is more than one;
 * -ENOMEM. On an error *ret_error says which rule and where (to be freed; NULL: no memory).
 */
int ldm_frame_whole(const char *bytes, size_t len, const struct ldm_limits *limits,
	const char **ret_document, size_t *ret_len, char **ret_error);

#endif
