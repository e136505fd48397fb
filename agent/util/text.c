/*
 * Two encodings make texts from outside harmless: state files use percent-encoding, in which a name
 * of any bytes is one word of one line; logs and terminals get visible_append().
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/text.h"
#include "util/utf8.h"

int text_copy(const char *from, char **ret)
{
	char *copy = from ? strdup(from) : NULL;

	if (from && !copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

int text_set(char **text, const char *from)
{
	char *copy;
	int r = text_copy(from, &copy);

	if (r < 0)
		return r;
	free(*text);
	*text = copy;
	return 0;
}

int text_printf(char **ret, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	*ret = text;
	return 0;
}

bool text_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_octets(const char *text, uint8_t *ret, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text && i > 0 && (*text == '-' || *text == ':'))
			text++;
		int high = text ? hex_digit(text[0]) : -1, low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return true;
}

int percent_append(struct buffer *b, const char *text)
{
	int r = 0;

	for (; *text && r == 0; text++) {
		unsigned char c = (unsigned char)*text;

		if (c > ' ' && c < 0x7f && c != '%')
			r = buffer_append(b, text, 1);
		else
			r = buffer_printf(b, "%%%02X", c);
	}
	return r;
}

int percent_decode(char *text)
{
	char *to = text;

	for (; *text; text++, to++) {
		int high, low;

		if (*text != '%') {
			*to = *text;
			continue;
		}
		high = hex_digit(text[1]);
		low = high < 0 ? -1 : hex_digit(text[2]);
		if (low < 0 || (high == 0 && low == 0))
			return -EBADMSG;
		*to = (char)(high * 16 + low);
		text += 2;
	}
	*to = '\0';
	return 0;
}

/*
 * Not shown as they are: controls, line and paragraph separators, marks that change the direction
 * of text, and bytes that are not UTF-8, which a terminal may take for controls.
 */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x00, 0x08},
	{0x0a, 0x1f},
	{0x7f, 0x9f},
	{0x061c, 0x061c},
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
