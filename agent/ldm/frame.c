/*
 * Collects what the scanner finds to belong to a document.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "ldm/frame.h"
#include "ldm/scan.h"
#include "util/buffer.h"

struct ldm_framer {
	struct ldm_scan scan;
	struct buffer document;
	bool finished; /* the document was handed out; the next feed begins anew */
	int error;
};

int ldm_framer_new(const struct ldm_limits *limits, struct ldm_framer **ret)
{
	struct ldm_framer *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	ldm_scan_init(&f->scan, limits ? limits : &ldm_limits_default);
	*ret = f;
	return 0;
}

void ldm_framer_free(struct ldm_framer *f)
{
	if (!f)
		return;
	buffer_clear(&f->document);
	ldm_scan_clear(&f->scan);
	free(f);
}

void ldm_framer_reset(struct ldm_framer *f)
{
	buffer_clear(&f->document);
	ldm_scan_reset(&f->scan);
	f->finished = false;
	f->error = 0;
}

void ldm_framer_expect_open(struct ldm_framer *f)
{
	f->scan.expect_open = true;
}

/* The bytes [begin, end) belong to the document; begin > end: none do. */
static int keep(struct ldm_framer *f, const char *bytes, size_t begin, size_t end)
{
	return begin < end ? buffer_append(&f->document, bytes + begin, end - begin) : 0;
}

static int take(struct ldm_framer *f, const char *bytes, size_t n, size_t *pos)
{
	size_t begin = f->scan.inside ? 0 : SIZE_MAX;
	int r = LDM_FRAME_MORE, kept;

	while (*pos < n && r == LDM_FRAME_MORE) {
		bool was_inside = f->scan.inside;

		*pos += ldm_scan_skip(&f->scan, bytes + *pos, n - *pos);
		if (*pos == n)
			break;
		r = ldm_scan_step(&f->scan, bytes[*pos]);
		if (!was_inside && f->scan.inside)
			begin = *pos;
		++*pos;
		/* It was a comment or a declaration between documents. */
		if (was_inside && !f->scan.inside && r == LDM_FRAME_MORE) {
			buffer_reset(&f->document);
			begin = SIZE_MAX;
		}
	}
	kept = r < 0 ? 0 : keep(f, bytes, begin, *pos);
	return kept < 0 ? kept : r;
}

int ldm_framer_feed(struct ldm_framer *f, const void *bytes, size_t n, size_t *ret_used)
{
	size_t used = 0;
	int r;

	*ret_used = 0;
	if (f->error < 0)
		return f->error;
	if (f->finished)
		buffer_reset(&f->document);
	r = take(f, bytes, n, &used);
	f->finished = r > LDM_FRAME_MORE;
	if (r < 0) {
		f->error = r;
		buffer_clear(&f->document);
		return r;
	}
	*ret_used = used;
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
