/*
 * Lines of the state files: fields with a blank between, any octet that could be mistaken as %XX.
 */
#ifndef CONTROL_RECORD_H
#define CONTROL_RECORD_H

#include <stdint.h>

struct buffer;

/* --- writing: fields, then the end --------------------------------------------------------- */
int record_put_number(struct buffer *b, uint64_t number);
int record_put_text(struct buffer *b, const char *text); /* NULL is written as "" */
int record_end(struct buffer *b);

/* --- reading: -EBADMSG when there is no such field ------------------------------------------ */
struct record {
	char *rest;
};
/* The line is changed while it is read. */
struct record record_begin(char *line);
int record_get_number(struct record *r, uint64_t *ret);
int record_get_text(struct record *r, char **ret); /* the caller frees; never NULL */

/* A state file of which not all could be read: told with the token, and renamed. -errno. */
int record_keep_aside(const char *path, const char *token);

#endif
