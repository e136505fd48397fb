/*
 * The memory doubles when it is full; room of consumed bytes is used again first.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buffer.h"
#include "util/secret.h"

/* More memory than this is freed when the buffer is emptied, not kept for the next document. */
#define KEEP_SIZE ((size_t)64 << 10)

void buffer_clear(struct buffer *b)
{
	free(b->bytes);
	*b = BUFFER_EMPTY;
}

void buffer_clear_secret(struct buffer *b)
{
	if (b->bytes)
		secret_wipe(b->bytes, b->size);
	buffer_clear(b);
}

void buffer_reset(struct buffer *b)
{
	if (b->size > KEEP_SIZE) {
		buffer_clear(b);
		return;
	}
	b->start = 0;
	b->len = 0;
	if (b->bytes)
		b->bytes[0] = '\0';
}

static void move_to_front(struct buffer *b)
{
	if (b->start == 0)
		return;
	memmove(b->bytes, b->bytes + b->start, b->len + 1);
	b->start = 0;
}

int buffer_reserve(struct buffer *b, size_t n, char **ret_room)
{
	size_t need, size = b->size ? b->size : 64;
	char *bytes;

	if (n >= SIZE_MAX / 4 - b->len)
		return -EOVERFLOW;
	need = b->len + n + 1;
	/* Moving pays only when at least half of the memory is consumed, else it would be
	 * quadratic. */
	if (b->bytes && b->start >= b->size / 2)
		move_to_front(b);
	if (b->start + need > b->size) {
		while (size < b->start + need)
			size *= 2;
		bytes = realloc(b->bytes, size);
		if (!bytes)
			return -ENOMEM;
		b->bytes = bytes;
		b->size = size;
		b->bytes[b->start + b->len] = '\0';
	}
	*ret_room = b->bytes + b->start + b->len;
	return 0;
}

void buffer_commit(struct buffer *b, size_t n)
{
	if (n == 0)
		return;
	b->len += n;
	b->bytes[b->start + b->len] = '\0';
}

int buffer_append(struct buffer *b, const void *bytes, size_t n)
{
	char *room;
	int r = buffer_reserve(b, n, &room);

	if (r < 0)
		return r;
	if (n > 0)
		memcpy(room, bytes, n);
	buffer_commit(b, n);
	return 0;
}

int buffer_append_text(struct buffer *b, const char *text)
{
	return buffer_append(b, text, strlen(text));
}

int buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list args;
	char *room;
	int n, r;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return -EINVAL;
	r = buffer_reserve(b, n, &room);
	if (r < 0)
		return r;
	va_start(args, format);
	vsnprintf(room, (size_t)n + 1, format, args);
	va_end(args);
	buffer_commit(b, n);
	return 0;
}

void buffer_consume(struct buffer *b, size_t n)
{
	b->start += n;
	b->len -= n;
	if (b->len == 0)
		buffer_reset(b);
}

char *buffer_steal(struct buffer *b)
{
	char *bytes = b->bytes;

	if (!bytes)
		return calloc(1, 1);
	move_to_front(b);
	*b = BUFFER_EMPTY;
	return bytes;
}
