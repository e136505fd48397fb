/*
 * Questions to ldmd and its answers as a text that people can send: the format is in
 * docs/ldm-xml.md. Names, UUIDs, MAC and IP addresses, host ids and paths are replaced, each
 * everywhere by the same word, and passwords never appear. Documents that cannot be read matter
 * most in a bug report, so no document needs to be well-formed.
 */
#ifndef LDM_CAPTURE_H
#define LDM_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldm/endpoint.h"
#include "util/buffer.h"
#include "util/cleanup.h"

struct capture;

enum capture_answer {
	CAPTURE_NONE, /* no answer in time, or the connection ended */
	CAPTURE_SUCCESS,
	CAPTURE_FAILURE,    /* ldmd answered failure */
	CAPTURE_UNREADABLE, /* the document breaks a rule */
};

/* -ENOMEM. */
int capture_new(struct capture **ret);
void capture_free(struct capture *c);
DEFINE_CLEANUP(struct capture *, capture_free)

/* Begins a question; domain NULL: about all domains, or none. -ENOMEM. */
int capture_question(struct capture *c, const char *action, const char *domain);
/*
 * A document of the question that was begun last: the one that asks, or the one that answers. Of
 * several received the last one counts, but an event never takes the place of an answer. -ENOMEM.
 */
int capture_document(struct capture *c, bool sent, const char *xml, size_t len);
/* Ends the question that was begun last; error NULL: none. -ENOMEM. */
int capture_end(struct capture *c, enum capture_answer answer, uint64_t took_ms, const char *error);

/* Appends the whole file. now: seconds since 1970. as_is: only passwords are replaced. -ENOMEM. */
int capture_write(const struct capture *c, const struct ldm_endpoint *endpoint, const char *program,
	int64_t now, bool as_is, struct buffer *out);

#endif
