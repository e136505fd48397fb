/*
 * A growing run of bytes, filled at the end and consumed from the front.
 *
 * A NUL, which is not counted, always stands behind the last byte.
 */
#ifndef UTIL_BUFFER_H
#define UTIL_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	char *bytes;  /* allocated; NULL when size is 0 */
	size_t start; /* first byte that was not consumed */
	size_t len;   /* bytes from start on */
	size_t size;  /* allocated */
};

#define BUFFER_EMPTY ((struct buffer){0})

void buffer_clear(struct buffer *b);	    /* frees; may be used again */
void buffer_clear_secret(struct buffer *b); /* overwrites the bytes, then frees */
void buffer_reset(struct buffer *b);	    /* empties, keeps the memory */
static inline char *buffer_data(const struct buffer *b)
{
	return b->bytes ? b->bytes + b->start : (char *)"";
}

/*
 * Room for n more bytes at *ret_room; what is written there belongs to the buffer only after
 * buffer_commit(). -ENOMEM, -EOVERFLOW.
 */
int buffer_reserve(struct buffer *b, size_t n, char **ret_room);
void buffer_commit(struct buffer *b, size_t n);
/* On an error (-ENOMEM, -EOVERFLOW) nothing is appended. */
int buffer_append(struct buffer *b, const void *bytes, size_t n);
int buffer_append_text(struct buffer *b, const char *text);
int buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Drops n (<= len) bytes from the front. */
void buffer_consume(struct buffer *b, size_t n);
/* The bytes as a string of the caller's, leaving the buffer empty. NULL: no memory. */
char *buffer_steal(struct buffer *b);

#endif
