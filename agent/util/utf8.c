/*
 * UTF-8 as RFC 3629 defines it; text is without the characters that XML 1.0 section 2.2 excludes.
 */
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "util/cleanup.h"
#include "util/utf8.h"

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

static bool is_xml_character(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return c != 0xfffe && c != 0xffff;
}

static bool is_unicode_scalar(uint32_t c)
{
	return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

size_t utf8_character(const char *bytes, size_t len, uint32_t *ret_character)
{
	const unsigned char *b = (const unsigned char *)bytes;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
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
		if (c < forms[i].least || !is_unicode_scalar(c))
			return 0;
		*ret_character = c;
		return forms[i].len;
	}
	return 0;
}

/* All eight bytes are ASCII from space on: no bit 7, and no byte from which 0x20 borrows. */
static bool is_printable_word(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	return ((w | (w - 0x20 * ones)) & 0x80 * ones) == 0;
}

size_t utf8_xml_span(const char *bytes, size_t len)
{
	size_t pos = 0;

	while (pos < len) {
		uint32_t c = (unsigned char)bytes[pos];
		size_t n = 1;
		uint64_t word;

		/* Nearly all text of ldmd is printable ASCII: eight bytes are tested at once. */
		if (len - pos >= sizeof(word)) {
			memcpy(&word, bytes + pos, sizeof(word));
			if (is_printable_word(word)) {
				pos += sizeof(word);
				continue;
			}
		}
		if (c < 0x20 || c >= 0x80)
			n = utf8_character(bytes + pos, len - pos, &c);
		if (n == 0 || !is_xml_character(c))
			break;
		pos += n;
	}
	return pos;
}

size_t utf8_cut(const char *text, size_t max)
{
	size_t n = strnlen(text, max);

	if (text[n])
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	return n;
}

size_t utf8_columns(const char *text)
{
	size_t len = strlen(text), columns = 0;

	while (len > 0) {
		uint32_t c;
		size_t n = utf8_character(text, len, &c);
		int width = n > 0 ? wcwidth((wchar_t)c) : 1;

		columns += width < 0 ? 1 : width;
		text += n > 0 ? n : 1;
		len -= n > 0 ? n : 1;
	}
	return columns;
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
