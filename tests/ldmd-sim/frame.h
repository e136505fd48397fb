/*
 * Cutting a byte stream into documents without parsing them: only tags, quotes, comments and
 * CDATA are told apart. The stream header of XMPP never ends and uses an undeclared prefix, so a
 * real parser cannot be used here.
 */
#ifndef LDMD_SIM_FRAME_H
#define LDMD_SIM_FRAME_H

#include <stdbool.h>
#include <stddef.h>

enum frame_result {
	FRAME_MORE,	/* no complete document yet */
	FRAME_DOCUMENT, /* bytes start..end */
	FRAME_HEADER,	/* the first start tag, if asked for */
	FRAME_CLOSE,	/* an end tag that nothing began */
	FRAME_JUNK,	/* text outside of any element */
};

struct frame {
	bool header;  /* stop at the first start tag */
	size_t pos;   /* scanned so far */
	size_t start; /* of the document */
	size_t token; /* of the markup being read */
	size_t root;  /* name of the first start tag */
	bool in_markup;
	bool begun;
	char quote;
	int brackets;
	int depth;
};

/* Scans on. After any result but FRAME_MORE, *ret_end bytes are used up: call frame_reset(). */
enum frame_result frame_scan(struct frame *frame, const char *data, size_t len, size_t *ret_end);
void frame_reset(struct frame *frame);

#endif
