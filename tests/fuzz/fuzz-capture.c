/*
 * Captures: whatever ldmd answers, no password and no name of the host is in the file, the file
 * keeps its form, and a document that can be read can still be read.
 */
#include "fuzz.h"

#include <string.h>

#include "ldm/capture.h"
#include "ldm/document.h"
#include "util/buffer.h"
#include "util/cleanup.h"

const char fuzz_name[] = "capture";

#define QUESTION "<LDM_interface/>"

/* Puts the lines of what was received together again. */
static void collect(const struct buffer *text, struct buffer *out)
{
	const char *at = buffer_data(text);

	while (*at) {
		size_t len = strcspn(at, "\n");

		if (*at == '<') {
			FUZZ_CHECK(len == 1 || at[1] == ' ');
			FUZZ_CHECK(buffer_append(out, at + 2 - (len == 1), len < 2 ? 0 : len - 2) ==
				   0);
			FUZZ_CHECK(buffer_append(out, "\n", 1) == 0);
		}
		at += len + (at[len] == '\n');
	}
}

static void check(const struct capture *c, const struct ldm_endpoint *e, bool as_is,
	const uint8_t *data, size_t size)
{
	_cleanup_(buffer_clear) struct buffer text = BUFFER_EMPTY, again = BUFFER_EMPTY;
	struct ldm_document d;

	FUZZ_CHECK(capture_write(c, e, "fuzz", 0, as_is, &text) == 0);
	FUZZ_CHECK(strlen(buffer_data(&text)) == text.len);
	FUZZ_CHECK(strncmp(buffer_data(&text), "ldoms-capture 1\n", 16) == 0);
	FUZZ_CHECK(strcmp(buffer_data(&text) + text.len - 5, "\nend\n") == 0);
	if (ldm_document_parse((const char *)data, size, NULL, NULL, NULL, &d, NULL) < 0)
		return;
	ldm_document_clear(&d);
	/*
	 * Without comments and carriage returns, which a capture leaves out, and without a byte
	 * order mark, which the framer of a connection refuses.
	 */
	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		return;
	if (memchr(data, '\r', size) || memmem(data, size, "<!", 2) || memchr(data, '\0', size))
		return;
	collect(&text, &again);
	FUZZ_CHECK(ldm_document_parse(buffer_data(&again), again.len, NULL, NULL, NULL, &d, NULL) ==
		   0);
	ldm_document_clear(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *e = NULL;
	_cleanup_(capture_freep) struct capture *c = NULL;

	FUZZ_CHECK(ldm_endpoint_parse("localhost", &e) == 0);
	FUZZ_CHECK(capture_new(&c) == 0);
	FUZZ_CHECK(capture_question(c, "list-domain", NULL) == 0);
	FUZZ_CHECK(capture_document(c, true, QUESTION, strlen(QUESTION)) == 0);
	FUZZ_CHECK(capture_document(c, false, (const char *)data, size) == 0);
	FUZZ_CHECK(capture_end(c, CAPTURE_SUCCESS, 0, NULL) == 0);
	check(c, e, false, data, size);
	check(c, e, true, data, size);
	return 0;
}
