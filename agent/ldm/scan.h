/*
 * The lexical scanner of the framer: where an element begins and ends, and the limits. Private to
 * frame.c and document reading.
 */
#ifndef LDM_SCAN_H
#define LDM_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldm/limits.h"

enum ldm_scan_in {
	IN_TEXT,    /* between tags */
	IN_LT,	    /* behind < */
	IN_BANG,    /* behind <!, telling comment from CDATA */
	IN_COMMENT, /* until --> */
	IN_CDATA,   /* until ]]> */
	IN_PI,	    /* until ?> */
	IN_TAG,	    /* a start tag */
	IN_QUOTE,   /* an attribute value within it */
	IN_END,	    /* an end tag */
	_IN_MAX,
};

struct ldm_scan {
	const struct ldm_limits *limits;
	enum ldm_scan_in in;
	bool expect_open; /* report the next start tag by itself */
	bool inside;	  /* bytes from here on belong to a document, or may do so */
	size_t depth;
	size_t bytes; /* of this document */
	size_t tag;   /* of this tag */
	size_t text;  /* of the text since the last tag */
	size_t attributes;
	const char *rest; /* IN_BANG: what must follow */
	unsigned run;	  /* IN_COMMENT, IN_CDATA: how many - or ] in a row; IN_PI: one ? */
	char quote, last;
	uint64_t total; /* bytes ever, for messages */
	char *error;
};

void ldm_scan_init(struct ldm_scan *s, const struct ldm_limits *limits);
void ldm_scan_clear(struct ldm_scan *s);
void ldm_scan_reset(struct ldm_scan *s);

/* An enum ldm_frame, or -EBADMSG with s->error. */
int ldm_scan_step(struct ldm_scan *s, char c);
/* How many of the bytes are plain text that needs no look at each; they are then done. */
size_t ldm_scan_skip(struct ldm_scan *s, const char *bytes, size_t n);

/*
 * Finds the one document in the bytes. -EBADMSG with *ret_error (to be freed) when a rule is
 * broken, when it does not end, or when there is more than one.
 */
int ldm_scan_whole(const char *bytes, size_t len, const struct ldm_limits *limits,
	const char **ret_document, size_t *ret_len, char **ret_error);

#endif
