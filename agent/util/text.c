/*
 * Percent-encoding is what state files use: a name of any bytes stays one word of one line.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

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
