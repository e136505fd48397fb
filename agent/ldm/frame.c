/*
 * A scanner that makes a step for each byte that has a meaning in its state, and skips the runs of
 * other bytes. Each byte is looked at once.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/frame.h"
#include "util/buffer.h"
#include "util/text.h"

const struct ldm_limits ldm_limits_default = {
	.bytes = (size_t)64 << 20,
	.depth = 64,
	.attributes = 64,
	.tag = (size_t)64 << 10,
	.value = (size_t)256 << 10,
	.properties = 256,
	.resources = 65536,
	.messages = (size_t)16 << 10,
};

enum scan_state {
	IN_TEXT,    /* between tags */
	IN_LT,	    /* behind < */
	IN_BANG,    /* behind <!, until it is known what begins */
	IN_COMMENT, /* until --> */
	IN_CDATA,   /* until ]]> */
	IN_PI,	    /* until ?> */
	IN_NAME,    /* of a start or an end tag */
	IN_TAG,	    /* a start tag, behind its name */
	IN_QUOTE,   /* an attribute value within it */
	IN_END,	    /* an end tag, behind its name */
	_IN_MAX,
};

struct scan {
	const struct ldm_limits *limits;
	enum scan_state in;
	bool expect_open; /* report the next start tag by itself */
	bool by_count;	  /* ldm_framer_end_by_count() */
	bool inside;	  /* the next byte may belong to a document */
	size_t depth;
	size_t nested;	    /* open elements with the name of the root, the root included */
	struct buffer root; /* name of the root */
	size_t matched; /* this tag's name so far is that many bytes of root; SIZE_MAX: differs */
	bool closing;	/* this tag is an end tag */
	size_t bytes;	/* of this document */
	size_t tag;	/* of this tag */
	size_t text;	/* of the text since the last tag */
	size_t attributes;
	const char *rest; /* IN_BANG: what must follow */
	unsigned run;	  /* how many -, ] or ? in a row; see ends_run() */
	char quote, last;
	uint64_t total; /* bytes since the last reset, for messages */
	char *error;
};

struct ldm_framer {
	struct scan scan;
	struct buffer document;
	bool finished; /* the document was handed out; the next feed begins anew */
	int error;
};

static int scan_refuse(struct scan *s, const char *rule)
{
	text_printf(&s->error,
		"%s, at byte %zu of the document, depth %zu (byte %" PRIu64 " in all)", rule,
		s->bytes, s->depth, s->total);
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

/* The end of a comment or processing instruction, which between documents belongs to none. */
static int scan_end_aside(struct scan *s)
{
	s->in = IN_TEXT;
	if (s->depth == 0)
		s->inside = false;
	return LDM_FRAME_MORE;
}

static int scan_end_document(struct scan *s, int result)
{
	s->in = IN_TEXT;
	s->inside = false;
	s->expect_open = false;
	return result;
}

static int step_in_text(struct scan *s, char c)
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
		return scan_refuse(s, "text outside of a document");
	return LDM_FRAME_MORE;
}

/* The next bytes of a tag's name. */
static int take_name(struct scan *s, const char *bytes, size_t n)
{
	if (s->depth == 0 && !s->closing)
		return buffer_append(&s->root, bytes, n);
	if (s->matched <= s->root.len && n <= s->root.len - s->matched &&
		memcmp(buffer_data(&s->root) + s->matched, bytes, n) == 0)
		s->matched += n;
	else
		s->matched = SIZE_MAX;
	return LDM_FRAME_MORE;
}

static int step_in_lt(struct scan *s, char c)
{
	s->attributes = 0;
	s->run = 0;
	s->last = '\0';
	s->rest = NULL;
	s->matched = 0;
	s->closing = c == '/';
	if (c == '/' || is_name_start(c)) {
		s->text = 0;
		s->in = IN_NAME;
		if (s->closing)
			return LDM_FRAME_MORE;
		if (s->depth == 0)
			buffer_reset(&s->root);
		return take_name(s, &c, 1);
	}
	if (c == '?')
		s->in = IN_PI;
	else if (c == '!')
		s->in = IN_BANG;
	else
		return scan_refuse(s, "'<' that begins no tag");
	return LDM_FRAME_MORE;
}

static int step_in_bang(struct scan *s, char c)
{
	if (!s->rest)
		s->rest = c == '-' ? "--" : "[CDATA[";
	if (*s->rest != c)
		return scan_refuse(s, "a document type declaration");
	s->rest++;
	if (*s->rest)
		return LDM_FRAME_MORE;
	s->in = c == '-' ? IN_COMMENT : IN_CDATA;
	if (s->in == IN_CDATA && s->depth == 0)
		return scan_refuse(s, "text outside of a document");
	return LDM_FRAME_MORE;
}

/* Whether c is the '>' behind at least `wanted` times the character `of`, which ends the state. */
static bool ends_run(struct scan *s, char c, char of, unsigned wanted)
{
	bool ends = c == '>' && s->run >= wanted;

	s->run = c != of ? 0 : s->run < wanted ? s->run + 1 : wanted;
	return ends;
}

static int step_in_cdata(struct scan *s, char c)
{
	if (ends_run(s, c, ']', 2))
		s->in = IN_TEXT;
	/* CDATA is text, so it has the limit of a text and not that of a tag. */
	s->tag = 0;
	return LDM_FRAME_MORE;
}

static int scan_end_start_tag(struct scan *s)
{
	bool self_closed = s->last == '/';

	s->in = IN_TEXT;
	if (s->expect_open && s->depth == 0)
		return scan_end_document(s, self_closed ? LDM_FRAME_CLOSED : LDM_FRAME_OPENED);
	if (s->depth >= s->limits->depth)
		return scan_refuse(s, "elements nested too deep");
	if (self_closed)
		return s->depth == 0 ? scan_end_document(s, LDM_FRAME_DOCUMENT) : LDM_FRAME_MORE;
	if (s->depth++ == 0)
		s->nested = 1;
	else if (s->matched == s->root.len)
		s->nested++;
	return LDM_FRAME_MORE;
}

/*
 * A document ends where its last open element is closed, but not before the end tag of its root:
 * the guides print documents that close an inner element twice, and the rest of such a document
 * must not be taken for the next one.
 */
static int scan_end_end_tag(struct scan *s)
{
	s->in = IN_TEXT;
	if (s->depth == 0)
		return scan_end_document(s, LDM_FRAME_CLOSED);
	if (s->matched == s->root.len && s->nested > 0)
		s->nested--;
	if (s->depth > 1 || s->nested == 0 || s->by_count)
		s->depth--;
	return s->depth == 0 ? scan_end_document(s, LDM_FRAME_DOCUMENT) : LDM_FRAME_MORE;
}

static int step_in_tag(struct scan *s, char c)
{
	if (c == '>')
		return scan_end_start_tag(s);
	if (c == '<')
		return scan_refuse(s, "'<' within a tag");
	if (c == '"' || c == '\'') {
		s->in = IN_QUOTE;
		s->quote = c;
	}
	if (c == '=' && ++s->attributes > s->limits->attributes)
		return scan_refuse(s, "too many attributes");
	s->last = c;
	return LDM_FRAME_MORE;
}

static int step_in_end(struct scan *s, char c)
{
	if (c == '<')
		return scan_refuse(s, "'<' within a tag");
	return c == '>' ? scan_end_end_tag(s) : LDM_FRAME_MORE;
}

static int step_in_name(struct scan *s, char c)
{
	if (!is_space(c) && !strchr("/<>=\"'", c))
		return take_name(s, &c, 1);
	s->in = s->closing ? IN_END : IN_TAG;
	return s->closing ? step_in_end(s, c) : step_in_tag(s, c);
}

/* Takes one byte. Returns an enum ldm_frame; -EBADMSG: s->error says why; -ENOMEM. */
static int scan_step(struct scan *s, char c)
{
	s->total++;
	if (s->inside && ++s->bytes > s->limits->bytes)
		return scan_refuse(s, "document too large");
	if (s->in != IN_TEXT && ++s->tag > s->limits->tag)
		return scan_refuse(s, "tag or comment too long");
	if ((s->in == IN_TEXT || s->in == IN_CDATA) && ++s->text > s->limits->value)
		return scan_refuse(s, "value too long");
	switch (s->in) {
	case IN_TEXT:
		return step_in_text(s, c);
	case IN_LT:
		return step_in_lt(s, c);
	case IN_BANG:
		return step_in_bang(s, c);
	case IN_COMMENT:
		return ends_run(s, c, '-', 2) ? scan_end_aside(s) : LDM_FRAME_MORE;
	case IN_CDATA:
		return step_in_cdata(s, c);
	case IN_PI:
		return ends_run(s, c, '?', 1) ? scan_end_aside(s) : LDM_FRAME_MORE;
	case IN_NAME:
		return step_in_name(s, c);
	case IN_TAG:
		return step_in_tag(s, c);
	case IN_QUOTE:
		if (c == s->quote)
			s->in = IN_TAG;
		return LDM_FRAME_MORE;
	case IN_END:
		return step_in_end(s, c);
	case _IN_MAX:
		break;
	}
	return -EBADMSG;
}

#define STOPS(state) (1u << IN_##state)

/* The states in which a byte has a meaning; scan_skip() knows that of text, quotes and end tags. */
static const uint16_t stops[UINT8_MAX + 1] = {
	[' '] = STOPS(NAME),
	['\t'] = STOPS(NAME),
	['\n'] = STOPS(NAME),
	['\r'] = STOPS(NAME),
	['\0'] = STOPS(NAME),
	['/'] = STOPS(NAME),
	['<'] = STOPS(NAME) | STOPS(TAG),
	['>'] = STOPS(NAME) | STOPS(TAG) | STOPS(COMMENT) | STOPS(CDATA) | STOPS(PI),
	['='] = STOPS(NAME) | STOPS(TAG),
	['"'] = STOPS(NAME) | STOPS(TAG),
	['\''] = STOPS(NAME) | STOPS(TAG),
	['-'] = STOPS(COMMENT),
	[']'] = STOPS(CDATA),
	['?'] = STOPS(PI),
};

static size_t span_to_byte(const char *bytes, size_t n, char c)
{
	const char *found = memchr(bytes, c, n);

	return found ? (size_t)(found - bytes) : n;
}

static size_t span_to_stop(const char *bytes, size_t n, enum scan_state in)
{
	size_t i = 0;

	while (i < n && !(stops[(unsigned char)bytes[i]] & 1u << in))
		i++;
	return i;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How much the count may still grow; scan_step() refuses the byte that exceeds the limit. */
static size_t room(size_t limit, size_t count)
{
	return limit > count ? limit - count : 0;
}

/* Skips the bytes in front that have no meaning in this state; returns how many. */
static size_t scan_skip(struct scan *s, const char *bytes, size_t n)
{
	bool is_text = s->in == IN_TEXT || s->in == IN_CDATA;
	size_t *count = is_text ? &s->text : &s->tag;

	if (s->in == IN_LT || s->in == IN_BANG || (s->in == IN_TEXT && s->depth == 0))
		return 0;
	/* scan_step() keeps the name of the root, for which there may be no memory. */
	if (s->in == IN_NAME && s->depth == 0)
		return 0;
	n = smaller(n, room(s->limits->bytes, s->bytes));
	n = smaller(n, room(is_text ? s->limits->value : s->limits->tag, *count));
	if (s->in == IN_TEXT)
		n = span_to_byte(bytes, n, '<');
	else if (s->in == IN_QUOTE)
		n = span_to_byte(bytes, n, s->quote);
	else if (s->in == IN_END)
		n = span_to_byte(bytes, span_to_byte(bytes, n, '>'), '<');
	else
		n = span_to_stop(bytes, n, s->in);
	if (n == 0)
		return 0;
	if (s->in == IN_NAME)
		(void)take_name(s, bytes, n);
	if (s->in == IN_TAG)
		s->last = bytes[n - 1];
	s->run = 0;
	s->bytes += n;
	s->total += n;
	*count += n;
	return n;
}

/* Which of the scanned bytes belong to a document. */
struct cut {
	size_t begin; /* SIZE_MAX: none */
	size_t end;   /* how many bytes were scanned */
	bool dropped; /* the bytes kept so far were of a comment between documents */
};

/* Scans to the end of a document or of the bytes. */
static int scan_bytes(struct scan *s, const char *bytes, size_t n, struct cut *ret)
{
	int r = LDM_FRAME_MORE;
	size_t pos = 0;

	*ret = (struct cut){.begin = s->inside ? 0 : SIZE_MAX};
	while (r == LDM_FRAME_MORE) {
		bool was_inside = s->inside;

		pos += scan_skip(s, bytes + pos, n - pos);
		if (pos == n)
			break;
		r = scan_step(s, bytes[pos]);
		if (!was_inside && s->inside)
			ret->begin = pos;
		pos++;
		if (was_inside && !s->inside && r == LDM_FRAME_MORE) {
			ret->dropped = true;
			ret->begin = SIZE_MAX;
		}
	}
	ret->end = pos;
	return r;
}

/* The error with the line and column of the byte, from 1. NULL: no memory. */
static char *with_line(const char *error, const char *bytes, size_t n)
{
	size_t line = 1, column = 0;
	char *text = NULL;

	for (size_t i = 0; i < n; i++) {
		column++;
		if (bytes[i] == '\n') {
			line++;
			column = 0;
		}
	}
	if (error)
		text_printf(&text, "%s, line %zu, column %zu", error, line, column);
	return text;
}

int ldm_frame_whole(const char *bytes, size_t len, const struct ldm_limits *limits,
	const char **ret_document, size_t *ret_len, char **ret_error)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct scan s = {.limits = limits ? limits : &ldm_limits_default};
	struct cut document, rest;
	int r;

	/* XML 1.0 appendix F: editors put a byte order mark in front of UTF-8. */
	if (len >= strlen(mark) && memcmp(bytes, mark, strlen(mark)) == 0) {
		bytes += strlen(mark);
		len -= strlen(mark);
	}
	r = scan_bytes(&s, bytes, len, &document);
	if (r == LDM_FRAME_DOCUMENT) {
		r = scan_bytes(&s, bytes + document.end, len - document.end, &rest);
		if (r > LDM_FRAME_MORE || (r == LDM_FRAME_MORE && s.inside))
			r = scan_refuse(&s, "more than one document");
	} else if (r >= 0) {
		r = scan_refuse(
			&s, r == LDM_FRAME_MORE ? "no end of the document" : "a stray end tag");
	}
	buffer_clear(&s.root);
	if (r < 0) {
		*ret_error = with_line(s.error, bytes, s.total);
		free(s.error);
		return r;
	}
	*ret_document = bytes + document.begin;
	*ret_len = document.end - document.begin;
	return 0;
}

int ldm_framer_new(const struct ldm_limits *limits, struct ldm_framer **ret)
{
	struct ldm_framer *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->scan.limits = limits ? limits : &ldm_limits_default;
	*ret = f;
	return 0;
}

void ldm_framer_free(struct ldm_framer *f)
{
	if (!f)
		return;
	ldm_framer_reset(f);
	free(f);
}

void ldm_framer_reset(struct ldm_framer *f)
{
	buffer_clear(&f->document);
	buffer_clear(&f->scan.root);
	free(f->scan.error);
	*f = (struct ldm_framer){
		.scan.limits = f->scan.limits,
		.scan.by_count = f->scan.by_count,
	};
}

void ldm_framer_end_by_count(struct ldm_framer *f)
{
	f->scan.by_count = true;
}

void ldm_framer_expect_open(struct ldm_framer *f)
{
	f->scan.expect_open = true;
}

int ldm_framer_feed(struct ldm_framer *f, const void *bytes, size_t n, size_t *ret_used)
{
	struct cut cut;
	int r, kept = 0;

	*ret_used = 0;
	if (f->error < 0)
		return f->error;
	if (f->finished)
		buffer_reset(&f->document);
	r = scan_bytes(&f->scan, bytes, n, &cut);
	if (cut.dropped)
		buffer_reset(&f->document);
	if (r >= 0 && cut.begin < cut.end)
		kept = buffer_append(
			&f->document, (const char *)bytes + cut.begin, cut.end - cut.begin);
	if (kept < 0)
		r = kept;
	f->finished = r > LDM_FRAME_MORE;
	if (r < 0) {
		f->error = r;
		buffer_clear(&f->document);
		return r;
	}
	*ret_used = cut.end;
	return r;
}

const char *ldm_framer_document(const struct ldm_framer *f, size_t *ret_len)
{
	*ret_len = f->document.len;
	return buffer_data(&f->document);
}

bool ldm_framer_is_inside(const struct ldm_framer *f)
{
	return f->scan.inside;
}

const char *ldm_framer_error(const struct ldm_framer *f)
{
	if (f->scan.error)
		return f->scan.error;
	return f->error == -ENOMEM ? "no memory" : "a rule is broken";
}
