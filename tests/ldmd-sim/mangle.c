/*
 * Hostile documents. Each fault inserts something into the finished bytes, mostly in front of the
 * last end tag, so that framing still works and the harm is inside.
 */
#include "mangle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static void insert(struct buf *text, size_t at, const struct buf *what)
{
	struct buf result = {0};

	buf_add(&result, text->data, at);
	buf_add(&result, what->data, what->len);
	buf_add(&result, text->data + at, text->len - at);
	buf_free(text);
	*text = result;
}

static void insert_string(struct buf *text, size_t at, const char *s)
{
	struct buf what = {0};

	buf_add_string(&what, s);
	insert(text, at, &what);
	buf_free(&what);
}

static size_t last_tag(const struct buf *text)
{
	size_t at = text->len;

	while (at > 0 && text->data[at - 1] != '<')
		at--;
	return at ? at - 1 : 0;
}

static size_t root_tag(const struct buf *text)
{
	const char *root = strstr(text->data, "<LDM");

	return root ? (size_t)(root - text->data) : 0;
}

static void make_malformed(struct buf *text, const struct fault *fault)
{
	(void)fault;
	insert_string(text, last_tag(text), "<open></closed>");
}

static void add_dtd(struct buf *text, const struct fault *fault)
{
	(void)fault;
	insert_string(
		text, root_tag(text), "<!DOCTYPE LDM_interface SYSTEM \"file:///etc/passwd\">\n");
}

static void add_entities(struct buf *text, const struct fault *fault)
{
	struct buf dtd = {0};

	(void)fault;
	buf_add_string(&dtd, "<!DOCTYPE LDM_interface [\n<!ENTITY e0 \"ha\">\n");
	for (int i = 1; i < 12; i++) {
		buf_addf(&dtd, "<!ENTITY e%d \"", i);
		for (int n = 0; n < 10; n++)
			buf_addf(&dtd, "&e%d;", i - 1);
		buf_add_string(&dtd, "\">\n");
	}
	buf_add_string(&dtd, "]>\n");
	insert_string(text, last_tag(text), "<bomb>&e11;</bomb>");
	insert(text, root_tag(text), &dtd);
	buf_free(&dtd);
}

static void make_oversize(struct buf *text, const struct fault *fault)
{
	struct buf padding = {0};
	uint64_t size = 0;

	parse_size(fault->text, &size);
	if (size > (UINT64_C(1) << 31))
		size = UINT64_C(1) << 31;
	/* Many small elements, so that it is the size of the whole that is too much. */
	while (padding.len + text->len < size)
		buf_add_string(&padding, "<padding>0123456789abcdef0123456789abcdef</padding>\n");
	insert(text, last_tag(text), &padding);
	buf_free(&padding);
}

static void insert_file(struct buf *text, const struct fault *fault)
{
	struct buf content = {0};
	FILE *file = fopen(fault->text, "re");
	char piece[4096];
	size_t n;

	if (!file) {
		perror(fault->text);
		return;
	}
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(&content, piece, n);
	fclose(file);
	insert(text, last_tag(text), &content);
	buf_free(&content);
}

static void add_attributes(struct buf *text, const struct fault *fault)
{
	struct buf element = {0};

	buf_add_string(&element, "<attributes");
	for (long i = 0; i < (long)fault->number; i++)
		buf_addf(&element, " a%ld='%ld'", i, i);
	buf_add_string(&element, "/>");
	insert(text, last_tag(text), &element);
	buf_free(&element);
}

static void add_depth(struct buf *text, const struct fault *fault)
{
	struct buf nest = {0};

	for (long i = 0; i < (long)fault->number; i++)
		buf_add_string(&nest, "<d>");
	for (long i = 0; i < (long)fault->number; i++)
		buf_add_string(&nest, "</d>");
	insert(text, last_tag(text), &nest);
	buf_free(&nest);
}

static void add_bad_bytes(struct buf *text, const struct fault *fault)
{
	(void)fault;
	insert_string(text, last_tag(text), "<note>\xff\xfe caf\xe9 \xc3</note>");
}

static void cut_in_half(struct buf *text, const struct fault *fault)
{
	(void)fault;
	text->len /= 2;
	text->data[text->len] = '\0';
}

/* `<data version="3.0"/>`, and the end tag that belongs to the form with content. */
static void close_data_twice(struct buf *text)
{
	const char *data = strstr(text->data, "<data ");
	const char *end = data ? strchr(data, '>') : NULL;

	if (end)
		insert_string(text, (size_t)(end - text->data), "/");
}

static bool is_registration(const struct subject *subject)
{
	return subject->action && strstr(subject->action, "reg-");
}

void mangle(struct sim *sim, const struct subject *subject, struct buf *text)
{
	static const struct {
		enum fault_kind kind;
		void (*apply)(struct buf *text, const struct fault *fault);
	} table[] = {
		{FAULT_MALFORMED, make_malformed},
		{FAULT_DTD, add_dtd},
		{FAULT_ENTITIES, add_entities},
		{FAULT_OVERSIZE, make_oversize},
		{FAULT_INSERT, insert_file},
		{FAULT_ATTR_BOMB, add_attributes},
		{FAULT_DEEP, add_depth},
		{FAULT_NON_UTF8, add_bad_bytes},
		{FAULT_TRUNCATE, cut_in_half},
	};

	if (is_registration(subject) && fault_about(&sim->faults, FAULT_AS_PRINTED, subject))
		close_data_twice(text);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct fault *fault = fault_about(&sim->faults, table[i].kind, subject);

		if (fault)
			table[i].apply(text, fault);
	}
}
