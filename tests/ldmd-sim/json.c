/*
 * A JSON writer as small as the dump needs.
 */
#include "json.h"

#include <string.h>

static void write_quoted(struct buf *out, const char *s)
{
	buf_add_string(out, "\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c < 0x20)
			buf_addf(out, "\\u%04x", c);
		else
			buf_add(out, s, 1);
	}
	buf_add_string(out, "\"");
}

static void begin_value(struct buf *out, const char *key)
{
	char last = '\0';

	if (out->len > 0)
		last = out->data[out->len - 1];
	if (last && !strchr("[{:\n", last))
		buf_add_string(out, ",");
	if (key) {
		write_quoted(out, key);
		buf_add_string(out, ":");
	}
}

void json_open(struct buf *out, const char *key, char bracket)
{
	begin_value(out, key);
	buf_add(out, &bracket, 1);
}

void json_close(struct buf *out, char bracket)
{
	buf_add(out, &bracket, 1);
}

void json_string(struct buf *out, const char *key, const char *value)
{
	begin_value(out, key);
	if (value)
		write_quoted(out, value);
	else
		buf_add_string(out, "null");
}

void json_number(struct buf *out, const char *key, uint64_t value)
{
	begin_value(out, key);
	buf_addf(out, "%llu", (unsigned long long)value);
}

void json_bool(struct buf *out, const char *key, bool value)
{
	begin_value(out, key);
	buf_add_string(out, value ? "true" : "false");
}
