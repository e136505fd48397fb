/*
 * The document framer: however the bytes come, the same documents come out.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "ldm/frame.h"
#include "util/cleanup.h"

const char fuzz_name[] = "frame";

#define SEEN_MAX 64

struct seen {
	struct {
		int frame;
		char *document;
		size_t len;
	} all[SEEN_MAX];
	size_t n;
	char *error;
};

static const struct ldm_limits small = {
	.bytes = 4096,
	.depth = 6,
	.attributes = 4,
	.tag = 128,
	.value = 256,
	.properties = 8,
	.resources = 8,
	.messages = 64,
};

static void seen_clear(struct seen *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->all[i].document);
	free(s->error);
}

static void note(struct seen *s, struct ldm_framer *f, int frame)
{
	size_t len;
	const char *document = ldm_framer_document(f, &len);

	FUZZ_CHECK(document[len] == '\0');
	s->all[s->n].frame = frame;
	s->all[s->n].len = len;
	s->all[s->n].document = malloc(len + 1);
	FUZZ_CHECK(s->all[s->n].document);
	memcpy(s->all[s->n++].document, document, len + 1);
}

/* pieces NULL: all at once. */
static void feed_all(const uint8_t *data, size_t size, const struct ldm_limits *limits,
	bool expect_open, struct fuzz_chance *pieces, struct seen *s)
{
	_cleanup_(ldm_framer_freep) struct ldm_framer *f = NULL;

	FUZZ_CHECK(ldm_framer_new(limits, &f) == 0);
	if (expect_open)
		ldm_framer_expect_open(f);
	while (size > 0 && s->n < SEEN_MAX) {
		size_t piece = pieces ? 1 + fuzz_chance_below(pieces, 9) : size;
		size_t n = piece < size ? piece : size, used;
		int r = ldm_framer_feed(f, data, n, &used);

		if (r < 0) {
			s->error = strdup(ldm_framer_error(f));
			/* And so it stays. */
			FUZZ_CHECK(ldm_framer_feed(f, data, n, &used) == r);
			return;
		}
		FUZZ_CHECK(used <= n && (r != LDM_FRAME_MORE || used == n) && used > 0);
		if (r != LDM_FRAME_MORE)
			note(s, f, r);
		data += used;
		size -= used;
	}
}

/* What was cut out is one document to whoever looks at it again. */
static void check_whole(const char *document, size_t len, const struct ldm_limits *limits)
{
	_cleanup_free_ char *error = NULL;
	const char *found;
	size_t found_len;
	int r = ldm_frame_whole(document, len, limits, &found, &found_len, &error);

	FUZZ_CHECK(r == 0);
	FUZZ_CHECK(found == document && found_len == len);
}

static void compare(const uint8_t *data, size_t size, const struct ldm_limits *limits,
	bool expect_open, struct fuzz_chance *c)
{
	_cleanup_(seen_clear) struct seen whole = {.n = 0}, pieces = {.n = 0};

	feed_all(data, size, limits, expect_open, NULL, &whole);
	feed_all(data, size, limits, expect_open, c, &pieces);
	FUZZ_CHECK(whole.n == pieces.n);
	FUZZ_CHECK((whole.error != NULL) == (pieces.error != NULL));
	FUZZ_CHECK(!whole.error || strcmp(whole.error, pieces.error) == 0);
	for (size_t i = 0; i < whole.n; i++) {
		FUZZ_CHECK(whole.all[i].frame == pieces.all[i].frame);
		FUZZ_CHECK(whole.all[i].len == pieces.all[i].len);
		FUZZ_CHECK(memcmp(whole.all[i].document, pieces.all[i].document,
				   whole.all[i].len) == 0);
		if (whole.all[i].frame == LDM_FRAME_DOCUMENT)
			check_whole(whole.all[i].document, whole.all[i].len, limits);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_chance c = fuzz_chance_of(data, size);

	compare(data, size, NULL, false, &c);
	compare(data, size, &small, false, &c);
	compare(data, size, NULL, true, &c);
	return 0;
}
