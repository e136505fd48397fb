/*
 * The framer: documents come out whole however the bytes come in, and rules are held.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldm/frame.h"
#include "test.h"
#include "util/buffer.h"

static const char stream[] =
	"\r\n <?xml version=\"1.0\"?>\n<!-- <not> a </document> -->"
	"<LDM_interface version='1.3'><cmd a=\"x>y</z>\" b='/>'/>"
	"<![CDATA[ </LDM_interface> ]] ]]]><!--- - -><b/>--><?pi <x> ?? ?></LDM_interface>"
	"<LDM_event/><a:b xmlns:a=\"u\"  >\n<c />t</a:b >\n\n";
static const char *const documents[] = {
	("<LDM_interface version='1.3'><cmd a=\"x>y</z>\" b='/>'/>"
	 "<![CDATA[ </LDM_interface> ]] ]]]><!--- - -><b/>--><?pi <x> ?? ?></LDM_interface>"),
	"<LDM_event/>",
	"<a:b xmlns:a=\"u\"  >\n<c />t</a:b >",
};

struct collected {
	char *documents[8];
	size_t n;
};

static void collect(struct collected *c, struct ldm_framer *f)
{
	size_t len;
	const char *document = ldm_framer_document(f, &len);

	assert_true(c->n < ARRAY_SIZE(c->documents));
	assert_int_equal(strlen(document), len);
	c->documents[c->n++] = strdup(document);
}

/* Feeds in pieces; returns the first thing that is neither "more" nor a document. */
static int feed(
	struct ldm_framer *f, const char *bytes, size_t len, size_t piece, struct collected *c)
{
	while (len > 0) {
		size_t n = piece < len ? piece : len, used;
		int r = ldm_framer_feed(f, bytes, n, &used);

		if (r == LDM_FRAME_DOCUMENT)
			collect(c, f);
		else if (r != LDM_FRAME_MORE)
			return r;
		else
			assert_int_equal(used, n);
		bytes += used;
		len -= used;
	}
	return LDM_FRAME_MORE;
}

static void check_collected(struct collected *c)
{
	assert_int_equal(c->n, ARRAY_SIZE(documents));
	for (size_t i = 0; i < c->n; i++) {
		assert_string_equal(c->documents[i], documents[i]);
		free(c->documents[i]);
	}
}

static struct ldm_framer *new_framer(void)
{
	struct ldm_framer *f = NULL;

	assert_int_equal(ldm_framer_new(NULL, &f), 0);
	return f;
}

static void test_any_piece_size(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= sizeof(stream); piece++) {
		struct ldm_framer *f = new_framer();
		struct collected c = {.n = 0};

		assert_int_equal(feed(f, stream, sizeof(stream) - 1, piece, &c), LDM_FRAME_MORE);
		assert_false(ldm_framer_is_inside(f));
		check_collected(&c);
		ldm_framer_free(f);
	}
}

static void test_every_split(void **state)
{
	const size_t len = sizeof(stream) - 1;

	(void)state;
	for (size_t at = 0; at <= len; at++) {
		struct ldm_framer *f = new_framer();
		struct collected c = {.n = 0};

		assert_int_equal(feed(f, stream, at, len, &c), LDM_FRAME_MORE);
		assert_int_equal(feed(f, stream + at, len - at, len, &c), LDM_FRAME_MORE);
		check_collected(&c);
		ldm_framer_free(f);
	}
}

static void test_stream_header(void **state)
{
	static const char bytes[] = "<?xml version='1.0'?><stream:stream id='1'><stream:features>"
				    "<starttls/></stream:features></stream:stream>";
	static const struct {
		int frame;
		const char *document;
	} wanted[] = {
		{LDM_FRAME_OPENED, "<stream:stream id='1'>"},
		{LDM_FRAME_DOCUMENT, "<stream:features><starttls/></stream:features>"},
		{LDM_FRAME_CLOSED, "</stream:stream>"},
	};
	struct ldm_framer *f = new_framer();
	size_t at = 0, used, len;

	(void)state;
	ldm_framer_expect_open(f);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_int_equal(ldm_framer_feed(f, bytes + at, sizeof(bytes) - 1 - at, &used),
			wanted[i].frame);
		assert_string_equal(ldm_framer_document(f, &len), wanted[i].document);
		at += used;
	}
	assert_int_equal(at, sizeof(bytes) - 1);
	ldm_framer_free(f);
}

static char *repeat(const char *head, const char *part, size_t times, const char *tail)
{
	struct buffer b = BUFFER_EMPTY;

	buffer_append_text(&b, head);
	while (times-- > 0)
		buffer_append_text(&b, part);
	buffer_append_text(&b, tail);
	return buffer_steal(&b);
}

static void expect_refusal(const struct ldm_limits *limits, const char *bytes, const char *rule)
{
	struct ldm_framer *f = NULL;
	struct collected c = {.n = 0};
	size_t used;

	assert_int_equal(ldm_framer_new(limits, &f), 0);
	if (feed(f, bytes, strlen(bytes), strlen(bytes), &c) != -EBADMSG)
		fail_msg("taken: %.60s", bytes);
	if (!strstr(ldm_framer_error(f), rule))
		fail_msg("%.60s: %s", bytes, ldm_framer_error(f));
	/* Stays so, until a reset. */
	assert_int_equal(ldm_framer_feed(f, "<a/>", 4, &used), -EBADMSG);
	while (c.n > 0)
		free(c.documents[--c.n]);
	ldm_framer_reset(f);
	assert_int_equal(ldm_framer_feed(f, "<a/>", 4, &used), LDM_FRAME_DOCUMENT);
	ldm_framer_free(f);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *bytes, *rule;
	} samples[] = {
		{"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "document type"},
		{"<a><!ENTITY x 'y'></a>", "document type"},
		{"<!ELEMENT a ANY><a/>", "document type"},
		{"<![CDATA[x]]><a/>", "outside"},
		{"hello<a/>", "outside"},
		{"<a/>hello", "outside"},
		{"<a/>&#32;", "outside"},
		{"<a <b/>", "within a tag"},
		{"<a></a <", "within a tag"},
		{"<a>< b/></a>", "begins no tag"},
		{"<1/>", "begins no tag"},
		{"<>", "begins no tag"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		expect_refusal(NULL, samples[i].bytes, samples[i].rule);
}

static void test_limits(void **state)
{
	struct ldm_limits l = ldm_limits_default;
	char *text;

	(void)state;
	l.bytes = 1000;
	l.depth = 5;
	l.attributes = 3;
	l.tag = 200;
	text = repeat("", "<a>", 6, "");
	expect_refusal(&l, text, "too deep");
	free(text);
	text = repeat("<a", " b='='", 4, "/>");
	expect_refusal(&l, text, "attributes");
	free(text);
	text = repeat("<a>", "0123456789", 100, "</a>");
	expect_refusal(&l, text, "too large");
	free(text);
	text = repeat("<a b='", "x", 200, "'/>");
	expect_refusal(&l, text, "too long");
	free(text);
	text = repeat("<!--", "x", 200, "--><a/>");
	expect_refusal(&l, text, "too long");
	free(text);
	text = repeat("<?x ", "x", 200, "?><a/>");
	expect_refusal(&l, text, "too long");
	free(text);
}

static void test_limits_are_exact(void **state)
{
	struct ldm_limits l = ldm_limits_default;
	struct ldm_framer *f = NULL;
	struct collected c = {.n = 0};
	char *text = repeat("<a b='' c='' d=''><a><a><a>", "x", 957, "<a/></a></a></a></a>");

	(void)state;
	l.bytes = strlen(text);
	l.depth = 5;
	l.attributes = 3;
	assert_int_equal(ldm_framer_new(&l, &f), 0);
	assert_int_equal(feed(f, text, strlen(text), 7, &c), LDM_FRAME_MORE);
	assert_int_equal(c.n, 1);
	free(c.documents[0]);
	ldm_framer_free(f);
	free(text);
}

/* What is closed too often does not end a document before its root. */
static void test_ends_with_its_root(void **state)
{
	static const char bytes[] =
		"<LDM_interface "
		"version=\"1.3\"><cmd><action>reg-all-events</action><data/><response>"
		"<status>success</status></response></data><response/></cmd></data></LDM_interface>"
		"<LDM_interface><LDM_interface x='>'></b></LDM_interface ></b></LDM_interface>"
		"<LDM_event><cmd></LDM_event></cmd><LDM_event></LDM_events></x></LDM_event\n>";
	const size_t len = sizeof(bytes) - 1;

	(void)state;
	for (size_t piece = 1; piece <= len; piece++) {
		struct ldm_framer *f = new_framer();
		struct collected c = {.n = 0};
		size_t at = 0;

		assert_int_equal(feed(f, bytes, len, piece, &c), LDM_FRAME_MORE);
		assert_int_equal(c.n, 4);
		for (size_t i = 0; i < c.n; i++) {
			assert_memory_equal(c.documents[i], bytes + at, strlen(c.documents[i]));
			at += strlen(c.documents[i]);
			free(c.documents[i]);
		}
		assert_int_equal(at, len);
		ldm_framer_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_piece_size),
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_stream_header),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_ends_with_its_root),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_limits_are_exact),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
