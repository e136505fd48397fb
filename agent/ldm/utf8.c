/*
 * UTF-8 as of RFC 3629, less what XML 1.0 section 2.2 excludes.
 */
#include <stdint.h>
#include <string.h>

#include "ldm/utf8.h"

static const struct {
	unsigned char mask, lead;
	size_t len;
	uint32_t least;
} forms[] = {
	{0x80, 0x00, 1, 0x0},
	{0xe0, 0xc0, 2, 0x80},
	{0xf0, 0xe0, 3, 0x800},
	{0xf8, 0xf0, 4, 0x10000},
};

static bool allowed(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return c <= 0xd7ff || (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/* Bytes of the character at the front; 0: none that is allowed. */
static size_t character(const unsigned char *b, size_t len)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		uint32_t c = b[0] & (unsigned char)~forms[i].mask;

		if ((b[0] & forms[i].mask) != forms[i].lead)
			continue;
		if (forms[i].len > len)
			return 0;
		for (size_t k = 1; k < forms[i].len; k++) {
			if ((b[k] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (b[k] & 0x3f);
		}
		return c >= forms[i].least && allowed(c) ? forms[i].len : 0;
	}
	return 0;
}

size_t utf8_xml_span(const char *bytes, size_t len)
{
	const unsigned char *b = (const unsigned char *)bytes;
	size_t pos = 0;

	while (pos < len) {
		size_t n;

		if (b[pos] >= 0x20 && b[pos] < 0x80) {
			pos++;
			continue;
		}
		n = character(b + pos, len - pos);
		if (n == 0)
			break;
		pos += n;
	}
	return pos;
}

bool utf8_is_text(const char *text)
{
	size_t len = strlen(text);

	return utf8_xml_span(text, len) == len;
}

bool utf8_is_name(const char *text)
{
	return utf8_is_text(text) && strpbrk(text, "\t\r\n\x7f") == NULL;
}
