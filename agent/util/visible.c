/*
 * Not shown as they are: controls, line and paragraph separators, marks that change the direction
 * of text, and bytes that are not UTF-8, which a terminal may take for controls.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/utf8.h"
#include "util/visible.h"

static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x00, 0x08},
	{0x0a, 0x1f},
	{0x7f, 0x9f},
	{0x200e, 0x200f},
	{0x2028, 0x202e},
	{0x2066, 0x2069},
	{0xfeff, 0xfeff},
};

static bool is_hidden(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return true;
	return false;
}

static int append_escaped(struct buffer *b, const char *bytes, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = buffer_printf(b, "\\x%02x", (unsigned char)bytes[i]);
	return r;
}

int visible_append(struct buffer *b, const char *text, size_t len)
{
	int r = 0;

	while (len > 0 && r == 0) {
		uint32_t c;
		size_t n = utf8_character(text, len, &c);

		if (n > 0 && !is_hidden(c))
			r = buffer_append(b, text, n);
		else
			r = append_escaped(b, text, n > 0 ? n : 1);
		n = n > 0 ? n : 1;
		text += n;
		len -= n;
	}
	return r;
}

char *visible_copy(const char *text)
{
	_cleanup_(buffer_clear) struct buffer b = BUFFER_EMPTY;

	return visible_append(&b, text, strlen(text)) < 0 ? NULL : buffer_steal(&b);
}
