/*
 * The byte scanner behind document framing. It remembers where it was, so that a document that
 * arrives a byte at a time is scanned once.
 */
#include "frame.h"

#include <ctype.h>
#include <string.h>

static bool starts(const char *token, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && memcmp(token, prefix, n) == 0;
}

/* Whether the '>' at the end of these bytes ends the markup they begin. */
static bool markup_ends(const struct frame *frame, const char *token, size_t len)
{
	if (starts(token, len, "<!--"))
		return len >= 7 && memcmp(token + len - 3, "-->", 3) == 0;
	if (starts(token, len, "<![CDATA["))
		return len >= 12 && memcmp(token + len - 3, "]]>", 3) == 0;
	if (starts(token, len, "<?"))
		return len >= 4 && token[len - 2] == '?';
	if (starts(token, len, "<!"))
		return frame->brackets <= 0;
	return frame->quote == 0;
}

static void track_quotes(struct frame *frame, const char *token, char c)
{
	if (token[1] == '!' || token[1] == '?') {
		frame->brackets += (c == '[') - (c == ']');
		return;
	}
	if (frame->quote == c)
		frame->quote = 0;
	else if (frame->quote == 0 && (c == '"' || c == '\''))
		frame->quote = c;
}

/* With tags left open inside, only the name tells where the document was meant to end. */
static bool ends_root(const struct frame *frame, const char *data, const char *token)
{
	const char *root = data + frame->root;
	size_t n = strcspn(root, " \t\r\n/>");

	return strncmp(token + 2, root, n) == 0 && strchr(" \t\r\n>", token[2 + n]);
}

static enum frame_result end_markup(struct frame *frame, const char *data, size_t len)
{
	const char *token = data + frame->token;
	bool empty = token[len - 2] == '/';

	frame->in_markup = false;
	frame->brackets = 0;
	if (token[1] == '!' || token[1] == '?')
		return FRAME_MORE;
	if (token[1] == '/') {
		if (frame->depth == 0)
			return FRAME_CLOSE;
		frame->depth--;
		return frame->depth && !ends_root(frame, data, token) ? FRAME_MORE : FRAME_DOCUMENT;
	}
	if (frame->header)
		return FRAME_HEADER;
	if (empty)
		return frame->depth ? FRAME_MORE : FRAME_DOCUMENT;
	if (frame->depth++ == 0)
		frame->root = frame->token + 1;
	return FRAME_MORE;
}

static void begin_markup(struct frame *frame)
{
	frame->in_markup = true;
	frame->token = frame->pos;
	frame->quote = 0;
	if (!frame->begun)
		frame->start = frame->pos;
	frame->begun = true;
}

static enum frame_result scan_byte(struct frame *frame, const char *data)
{
	char c = data[frame->pos];
	const char *token = data + frame->token;
	size_t len = frame->pos - frame->token + 1;

	if (!frame->in_markup) {
		if (c == '<')
			begin_markup(frame);
		else if (frame->depth == 0 && !isspace((unsigned char)c))
			return FRAME_JUNK;
		return FRAME_MORE;
	}
	if (c == '>' && len > 2 && markup_ends(frame, token, len))
		return end_markup(frame, data, len);
	if (len > 1)
		track_quotes(frame, token, c);
	return FRAME_MORE;
}

static size_t junk_end(const char *data, size_t len, size_t from)
{
	const char *next = memchr(data + from, '<', len - from);

	return next ? (size_t)(next - data) : len;
}

enum frame_result frame_scan(struct frame *frame, const char *data, size_t len, size_t *ret_end)
{
	for (; frame->pos < len; frame->pos++) {
		enum frame_result result = scan_byte(frame, data);

		if (result == FRAME_MORE)
			continue;
		*ret_end = result == FRAME_JUNK ? junk_end(data, len, frame->pos) : frame->pos + 1;
		return result;
	}
	return FRAME_MORE;
}

void frame_reset(struct frame *frame)
{
	*frame = (struct frame){.header = frame->header};
}
