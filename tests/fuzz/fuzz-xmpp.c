/*
 * The start of the stream, with a server that says anything: no password before TLS, and nothing
 * depends on how the bytes come.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "ldm/xmpp.h"
#include "util/buffer.h"
#include "util/cleanup.h"

const char fuzz_name[] = "xmpp";

/* base64 of NUL user NUL secret */
#define SECRET "AHVzZXIAc2VjcmV0"

struct talk {
	struct buffer out;
	int last;
	unsigned n_secured;
	char *error;
};

static void talk_clear(struct talk *t)
{
	buffer_clear(&t->out);
	free(t->error);
}

/* What is said in the clear has no password in it, nor anything made of one. */
static void check_clear(const struct buffer *out)
{
	FUZZ_CHECK(!strstr(buffer_data(out), "<auth"));
	FUZZ_CHECK(!strstr(buffer_data(out), "secret"));
}

static void talk(
	const uint8_t *data, size_t size, bool user, struct fuzz_chance *pieces, struct talk *ret)
{
	_cleanup_(ldm_xmpp_freep) struct ldm_xmpp *x = NULL;

	FUZZ_CHECK(ldm_xmpp_new(NULL, user ? "user" : NULL, user ? "secret" : NULL, &x) == 0);
	FUZZ_CHECK(ldm_xmpp_start(x, &ret->out) == 0);
	while (size > 0) {
		size_t piece = pieces ? 1 + fuzz_chance_below(pieces, 9) : size;
		size_t n = piece < size ? piece : size, used;

		ret->last = ldm_xmpp_feed(x, data, n, &used, &ret->out);
		FUZZ_CHECK(used <= n && (ret->last != LDM_XMPP_MORE || used == n));
		if (ret->n_secured == 0)
			check_clear(&ret->out);
		data += used;
		size -= used;
		if (ret->last == LDM_XMPP_START_TLS) {
			FUZZ_CHECK(ret->n_secured++ == 0);
			FUZZ_CHECK(ldm_xmpp_secured(x, &ret->out) == 0);
		} else if (ret->last != LDM_XMPP_MORE) {
			break;
		}
	}
	if (ret->last < 0)
		ret->error = strdup(ldm_xmpp_error(x));
	/* Nobody is let in without TLS. */
	FUZZ_CHECK(ret->last != LDM_XMPP_READY || ret->n_secured == 1);
	FUZZ_CHECK(user || !strstr(buffer_data(&ret->out), "<auth"));
	FUZZ_CHECK(
		!strstr(buffer_data(&ret->out), "<auth") || strstr(buffer_data(&ret->out), SECRET));
}

static void compare(const uint8_t *data, size_t size, bool user, struct fuzz_chance *c)
{
	_cleanup_(talk_clear) struct talk whole = {.last = 0}, pieces = {.last = 0};

	talk(data, size, user, NULL, &whole);
	talk(data, size, user, c, &pieces);
	FUZZ_CHECK(whole.last == pieces.last);
	FUZZ_CHECK(whole.out.len == pieces.out.len);
	FUZZ_CHECK(memcmp(buffer_data(&whole.out), buffer_data(&pieces.out), whole.out.len) == 0);
	FUZZ_CHECK(!whole.error || strcmp(whole.error, pieces.error) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_chance c = fuzz_chance_of(data, size);

	compare(data, size, false, &c);
	compare(data, size, true, &c);
	return 0;
}
