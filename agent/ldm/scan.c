/*
 * One small function per lexical state. It knows just enough of XML to find the end of a document;
 * whether the document is well-formed is for the parser to say.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/frame.h"
#include "ldm/scan.h"

void ldm_scan_init(struct ldm_scan *s, const struct ldm_limits *limits)
{
	*s = (struct ldm_scan){.limits = limits};
}

void ldm_scan_clear(struct ldm_scan *s)
{
	free(s->error);
	s->error = NULL;
}

void ldm_scan_reset(struct ldm_scan *s)
{
	ldm_scan_clear(s);
	ldm_scan_init(s, s->limits);
}

static int refuse(struct ldm_scan *s, const char *rule)
{
	if (asprintf(&s->error,
		    "%s, at byte %zu of the document, depth %zu (byte %" PRIu64 " in all)", rule,
		    s->bytes, s->depth, s->total) < 0)
		s->error = NULL;
	return -EBADMSG;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == ':' || (unsigned char)c >= 0x80;
}

/* A comment or processing instruction is over; between documents it belongs to none. */
static int end_aside(struct ldm_scan *s)
{
	s->in = IN_TEXT;
	if (s->depth == 0)
		s->inside = false;
	return LDM_FRAME_MORE;
}

static int end_document(struct ldm_scan *s, int result)
{
	s->in = IN_TEXT;
	s->inside = false;
	s->expect_open = false;
	return result;
}

static int in_text(struct ldm_scan *s, char c)
{
	if (c == '<') {
		if (s->depth == 0)
			s->bytes = 1;
		s->inside = true;
		s->tag = 0;
		s->in = IN_LT;
		return LDM_FRAME_MORE;
	}
	if (s->depth == 0 && !is_space(c))
		return refuse(s, "text outside of a document");
	return LDM_FRAME_MORE;
}

static int in_lt(struct ldm_scan *s, char c)
{
	s->attributes = 0;
	s->run = 0;
	if (c == '/' || is_name_start(c))
		s->text = 0;
	s->last = '\0';
	if (c == '/')
		s->in = IN_END;
	else if (c == '?')
		s->in = IN_PI;
	else if (c == '!')
		s->in = IN_BANG;
	else if (is_name_start(c))
		s->in = IN_TAG;
	else
		return refuse(s, "'<' that begins no tag");
	s->rest = NULL;
	return LDM_FRAME_MORE;
}

static int in_bang(struct ldm_scan *s, char c)
{
	if (!s->rest)
		s->rest = c == '-' ? "--" : "[CDATA[";
	if (*s->rest != c)
		return refuse(s, "a document type declaration");
	s->rest++;
	if (*s->rest)
		return LDM_FRAME_MORE;
	s->in = c == '-' ? IN_COMMENT : IN_CDATA;
	if (s->in == IN_CDATA && s->depth == 0)
		return refuse(s, "text outside of a document");
	return LDM_FRAME_MORE;
}

/* Counts a run of the character that must come twice in front of the '>' that ends it. */
static bool ends_run(struct ldm_scan *s, char c, char of, unsigned wanted)
{
	bool ends = c == '>' && s->run >= wanted;

	s->run = c != of ? 0 : s->run < wanted ? s->run + 1 : wanted;
	return ends;
}

static int in_comment(struct ldm_scan *s, char c)
{
	return ends_run(s, c, '-', 2) ? end_aside(s) : LDM_FRAME_MORE;
}

static int in_cdata(struct ldm_scan *s, char c)
{
	if (ends_run(s, c, ']', 2))
		s->in = IN_TEXT;
	/* Text as long as it likes; the limit of values is the parser's. */
	s->tag = 0;
	return LDM_FRAME_MORE;
}

static int in_pi(struct ldm_scan *s, char c)
{
	return ends_run(s, c, '?', 1) ? end_aside(s) : LDM_FRAME_MORE;
}

static int end_start_tag(struct ldm_scan *s)
{
	bool self_closed = s->last == '/';

	s->in = IN_TEXT;
	if (s->expect_open && s->depth == 0)
		return end_document(s, self_closed ? LDM_FRAME_CLOSED : LDM_FRAME_OPENED);
	if (s->depth >= s->limits->depth)
		return refuse(s, "elements nested too deep");
	if (!self_closed)
		s->depth++;
	return s->depth == 0 ? end_document(s, LDM_FRAME_DOCUMENT) : LDM_FRAME_MORE;
}

static int in_tag(struct ldm_scan *s, char c)
{
	if (c == '>')
		return end_start_tag(s);
	if (c == '<')
		return refuse(s, "'<' within a tag");
	if (c == '"' || c == '\'') {
		s->in = IN_QUOTE;
		s->quote = c;
	}
	if (c == '=' && ++s->attributes > s->limits->attributes)
		return refuse(s, "too many attributes");
	s->last = c;
	return LDM_FRAME_MORE;
}

static int in_quote(struct ldm_scan *s, char c)
{
	if (c == s->quote)
		s->in = IN_TAG;
	return LDM_FRAME_MORE;
}

static int in_end(struct ldm_scan *s, char c)
{
	if (c == '<')
		return refuse(s, "'<' within a tag");
	if (c != '>')
		return LDM_FRAME_MORE;
	s->in = IN_TEXT;
	if (s->depth == 0)
		return end_document(s, LDM_FRAME_CLOSED);
	return --s->depth == 0 ? end_document(s, LDM_FRAME_DOCUMENT) : LDM_FRAME_MORE;
}

static int (*const steps[_IN_MAX])(struct ldm_scan *, char) = {
	[IN_TEXT] = in_text,
	[IN_LT] = in_lt,
	[IN_BANG] = in_bang,
	[IN_COMMENT] = in_comment,
	[IN_CDATA] = in_cdata,
	[IN_PI] = in_pi,
	[IN_TAG] = in_tag,
	[IN_QUOTE] = in_quote,
	[IN_END] = in_end,
};

int ldm_scan_step(struct ldm_scan *s, char c)
{
	s->total++;
	if (s->inside && ++s->bytes > s->limits->bytes)
		return refuse(s, "document too large");
	if (s->in != IN_TEXT && ++s->tag > s->limits->tag)
		return refuse(s, "tag or comment too long");
	if ((s->in == IN_TEXT || s->in == IN_CDATA) && ++s->text > s->limits->value)
		return refuse(s, "value too long");
	return steps[s->in](s, c);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t ldm_scan_skip(struct ldm_scan *s, const char *bytes, size_t n)
{
	const char *lt;

	if (s->in != IN_TEXT || s->depth == 0)
		return 0;
	n = smaller(n, s->limits->bytes - s->bytes);
	n = smaller(n, s->limits->value - smaller(s->text, s->limits->value));
	lt = memchr(bytes, '<', n);
	if (lt)
		n = lt - bytes;
	s->bytes += n;
	s->text += n;
	s->total += n;
	return n;
}

/* Steps to the end of a document or of the bytes; *ret_begin is where its root element starts. */
static int scan_to_end(
	struct ldm_scan *s, const char *bytes, size_t len, size_t *pos, size_t *begin)
{
	int r = LDM_FRAME_MORE;

	while (*pos < len && r == LDM_FRAME_MORE) {
		bool was_inside = s->inside;

		*pos += ldm_scan_skip(s, bytes + *pos, len - *pos);
		if (*pos == len)
			break;
		r = ldm_scan_step(s, bytes[*pos]);
		if (!was_inside && s->inside)
			*begin = *pos;
		++*pos;
	}
	return r;
}

static int scan_whole(struct ldm_scan *s, const char *bytes, size_t len, size_t *begin, size_t *end)
{
	size_t pos = 0, ignored;
	int r = scan_to_end(s, bytes, len, end, begin);

	if (r < 0)
		return r;
	if (r != LDM_FRAME_DOCUMENT)
		return refuse(
			s, r == LDM_FRAME_MORE ? "no end of the document" : "a stray end tag");
	r = scan_to_end(s, bytes + *end, len - *end, &pos, &ignored);
	if (r < 0)
		return r;
	return r != LDM_FRAME_MORE || s->inside ? refuse(s, "more than one document") : 0;
}

int ldm_scan_whole(const char *bytes, size_t len, const struct ldm_limits *limits,
	const char **ret_document, size_t *ret_len, char **ret_error)
{
	struct ldm_scan s;
	size_t begin = 0, end = 0;
	int r;

	ldm_scan_init(&s, limits);
	r = scan_whole(&s, bytes, len, &begin, &end);
	if (r < 0) {
		*ret_error = s.error;
		return r;
	}
	*ret_document = bytes + begin;
	*ret_len = end - begin;
	return 0;
}
