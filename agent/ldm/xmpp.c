/*
 * A table says what each stage of the handshake does with which element.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "ldm/frame.h"
#include "ldm/xml.h"
#include "ldm/xmpp.h"
#include "util/secret.h"
#include "util/text.h"

/*
 * The bytes that libldom of Solaris sends, the one client known to work with every ldmd. This is
 * why the prefix is not declared.
 */
#define STREAM_HEADER                                                                              \
	"<?xml version='1.0'?><stream:stream xml:lang=\"en\" version=\"1.0\" id=\"xmpp\">"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define AUTH	 "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>"

enum stage {
	STAGE_IDLE,
	STAGE_CLEAR,   /* header sent, waits for features with starttls */
	STAGE_PROCEED, /* asked for TLS */
	STAGE_TLS,     /* the caller shakes hands */
	STAGE_SECURED, /* header sent within TLS */
	STAGE_SASL,    /* sent the password */
	STAGE_THIRD,   /* header sent once more */
	STAGE_READY,
	STAGE_FAILED,
};

struct ldm_xmpp {
	enum stage stage;
	struct ldm_framer *framer;
	char *user, *password;
	int code;
	char *error;
};

int ldm_xmpp_new(const struct ldm_limits *limits, const char *user, const char *password,
	struct ldm_xmpp **ret)
{
	_cleanup_(ldm_xmpp_freep) struct ldm_xmpp *x = calloc(1, sizeof(*x));

	if (!x)
		return -ENOMEM;
	if (ldm_framer_new(limits, &x->framer) < 0)
		return -ENOMEM;
	ldm_framer_end_by_count(x->framer);
	if (user && password) {
		x->user = strdup(user);
		x->password = strdup(password);
		if (!x->user || !x->password)
			return -ENOMEM;
	}
	*ret = steal_ptr(x);
	return 0;
}

void ldm_xmpp_free(struct ldm_xmpp *x)
{
	if (!x)
		return;
	secret_free(x->password);
	free(x->user);
	ldm_framer_free(x->framer);
	free(x->error);
	free(x);
}

const char *ldm_xmpp_error(const struct ldm_xmpp *x)
{
	return x->error ? x->error : "the XMPP stream cannot be set up";
}

static int xmpp_fail(struct ldm_xmpp *x, int code, const char *text, const char *detail)
{
	free(steal_ptr(x->error));
	text_printf(&x->error, "%s%s%s", text, detail ? ": " : "", detail ? detail : "");
	x->stage = STAGE_FAILED;
	x->code = code;
	return code;
}

static int xmpp_send_header(struct ldm_xmpp *x, enum stage stage, struct buffer *out)
{
	ldm_framer_reset(x->framer);
	ldm_framer_expect_open(x->framer);
	x->stage = stage;
	return buffer_append_text(out, STREAM_HEADER);
}

int ldm_xmpp_start(struct ldm_xmpp *x, struct buffer *out)
{
	return xmpp_send_header(x, STAGE_CLEAR, out);
}

int ldm_xmpp_secured(struct ldm_xmpp *x, struct buffer *out)
{
	return xmpp_send_header(x, STAGE_SECURED, out);
}

static int xmpp_ask_for_tls(struct ldm_xmpp *x, const struct ldm_stanza *s, struct buffer *out)
{
	if (!s->starttls)
		return xmpp_fail(x, -EPROTONOSUPPORT, "ldmd offers no TLS", NULL);
	x->stage = STAGE_PROCEED;
	return buffer_append_text(out, STARTTLS);
}

static int xmpp_start_tls(struct ldm_xmpp *x, const struct ldm_stanza *s, struct buffer *out)
{
	(void)s;
	(void)out;
	x->stage = STAGE_TLS;
	return LDM_XMPP_START_TLS;
}

/* RFC 4616: an empty identity, the user and the password, with NUL between, in base64. */
static int xmpp_send_password(struct ldm_xmpp *x, struct buffer *out)
{
	_cleanup_(buffer_clear_secret) struct buffer plain = BUFFER_EMPTY;
	_cleanup_(buffer_clear_secret) struct buffer coded = BUFFER_EMPTY;
	char *room;
	int r = buffer_append(&plain, "", 1);

	if (r == 0)
		r = buffer_append(&plain, x->user, strlen(x->user) + 1);
	if (r == 0)
		r = buffer_append_text(&plain, x->password);
	if (r == 0)
		r = buffer_reserve(&coded, (plain.len + 2) / 3 * 4, &room);
	if (r != 0)
		return r;
	buffer_commit(&coded, EVP_EncodeBlock((unsigned char *)room,
				      (unsigned char *)buffer_data(&plain), (int)plain.len));
	return buffer_printf(out, AUTH, buffer_data(&coded));
}

static int xmpp_log_in(struct ldm_xmpp *x, const struct ldm_stanza *s, struct buffer *out)
{
	if (!s->mechanisms) {
		x->stage = STAGE_READY;
		return LDM_XMPP_READY;
	}
	if (!s->plain)
		return xmpp_fail(x, -EPROTONOSUPPORT, "ldmd offers no SASL PLAIN", NULL);
	if (!x->user)
		return xmpp_fail(x, -EACCES, "ldmd asks for a user and a password", NULL);
	x->stage = STAGE_SASL;
	return xmpp_send_password(x, out);
}

static int xmpp_start_third_stream(
	struct ldm_xmpp *x, const struct ldm_stanza *s, struct buffer *out)
{
	(void)s;
	return xmpp_send_header(x, STAGE_THIRD, out);
}

static int xmpp_become_ready(struct ldm_xmpp *x, const struct ldm_stanza *s, struct buffer *out)
{
	(void)s;
	(void)out;
	x->stage = STAGE_READY;
	return LDM_XMPP_READY;
}

static int xmpp_refused(struct ldm_xmpp *x, const struct ldm_stanza *s, struct buffer *out)
{
	(void)out;
	if (x->stage == STAGE_SASL)
		return xmpp_fail(x, -EACCES, "ldmd refuses the user or the password", s->detail);
	return xmpp_fail(x, -EPROTONOSUPPORT, "ldmd refuses TLS", s->detail);
}

static int xmpp_ended(struct ldm_xmpp *x, const struct ldm_stanza *s, struct buffer *out)
{
	bool rights = s->detail && strcmp(s->detail, "not-authorized") == 0;

	(void)out;
	return xmpp_fail(x, rights ? -EACCES : -ECONNRESET, "ldmd ended the stream", s->detail);
}

static const struct {
	enum stage stage;
	const char *name;
	int (*act)(struct ldm_xmpp *, const struct ldm_stanza *, struct buffer *);
} acts[] = {
	{STAGE_CLEAR, "features", xmpp_ask_for_tls},
	{STAGE_PROCEED, "proceed", xmpp_start_tls},
	{STAGE_PROCEED, "failure", xmpp_refused},
	{STAGE_SECURED, "features", xmpp_log_in},
	{STAGE_SASL, "success", xmpp_start_third_stream},
	{STAGE_SASL, "failure", xmpp_refused},
	{STAGE_THIRD, "features", xmpp_become_ready},
	{STAGE_CLEAR, "error", xmpp_ended},
	{STAGE_PROCEED, "error", xmpp_ended},
	{STAGE_SECURED, "error", xmpp_ended},
	{STAGE_SASL, "error", xmpp_ended},
	{STAGE_THIRD, "error", xmpp_ended},
};

/* Elements that the table does not have are ignored. */
static int xmpp_act_on(struct ldm_xmpp *x, const struct ldm_stanza *s, struct buffer *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		if (acts[i].stage == x->stage && strcmp(acts[i].name, s->name) == 0)
			return acts[i].act(x, s, out);
	return LDM_XMPP_MORE;
}

static int xmpp_take_document(struct ldm_xmpp *x, struct buffer *out)
{
	_cleanup_(ldm_stanza_clear) struct ldm_stanza s = {0};
	_cleanup_free_ char *error = NULL;
	size_t len;
	const char *document = ldm_framer_document(x->framer, &len);
	int r = ldm_stanza_parse(document, len, &s, &error);

	return r < 0 ? xmpp_fail(x, r, "not a stream of XMPP", error) : xmpp_act_on(x, &s, out);
}

static int xmpp_take_frame(struct ldm_xmpp *x, int frame, struct buffer *out)
{
	switch (frame) {
	case LDM_FRAME_DOCUMENT:
		return xmpp_take_document(x, out);
	case LDM_FRAME_CLOSED:
		return xmpp_fail(x, -ECONNRESET, "ldmd ended the stream", NULL);
	case LDM_FRAME_MORE:
	case LDM_FRAME_OPENED:
		return LDM_XMPP_MORE;
	}
	return xmpp_fail(x, frame, "not a stream of XMPP", ldm_framer_error(x->framer));
}

int ldm_xmpp_feed(
	struct ldm_xmpp *x, const void *bytes, size_t n, size_t *ret_used, struct buffer *out)
{
	const char *at = bytes;
	int r = LDM_XMPP_MORE;

	*ret_used = 0;
	while (n > 0 && r == LDM_XMPP_MORE) {
		size_t used;

		if (x->stage == STAGE_FAILED)
			return x->code;
		if (x->stage == STAGE_TLS || x->stage == STAGE_READY || x->stage == STAGE_IDLE)
			return LDM_XMPP_MORE;
		r = xmpp_take_frame(x, ldm_framer_feed(x->framer, at, n, &used), out);
		at += used;
		n -= used;
		*ret_used += used;
	}
	return r;
}

struct stanza_reading {
	struct ldm_stanza stanza;
	size_t depth;
	struct buffer text; /* since the last tag */
};

static int stanza_end_text(struct stanza_reading *in)
{
	static const char space[] = " \t\r\n";
	const char *word = buffer_data(&in->text) + strspn(buffer_data(&in->text), space);
	size_t len = strcspn(word, space);

	if (len == strlen("PLAIN") && strncasecmp(word, "PLAIN", len) == 0 &&
		word[len + strspn(word + len, space)] == '\0')
		in->stanza.plain = true;
	buffer_reset(&in->text);
	return 0;
}

/* starttls and mechanisms count at any depth. */
static int stanza_on_open(void *user, const char *name)
{
	struct stanza_reading *in = user;
	struct ldm_stanza *s = &in->stanza;
	size_t depth = in->depth++;
	char **to = depth == 0 ? &s->name : &s->detail;

	stanza_end_text(in);
	if (strcmp(name, "starttls") == 0)
		s->starttls = true;
	if (strcmp(name, "mechanisms") == 0)
		s->mechanisms = true;
	if (depth > 1 || *to)
		return 0;
	*to = strdup(name);
	return *to ? 0 : -ENOMEM;
}

static int stanza_on_text(void *user, const char *text, size_t len)
{
	struct stanza_reading *in = user;

	return buffer_append(&in->text, text, len);
}

static int stanza_on_close(void *user)
{
	struct stanza_reading *in = user;

	in->depth--;
	return stanza_end_text(in);
}

int ldm_stanza_parse(const char *bytes, size_t len, struct ldm_stanza *ret, char **ret_error)
{
	static const struct reader_ops ops = {stanza_on_open, stanza_on_text, stanza_on_close};
	_cleanup_(reader_clear) struct reader reader = {0};
	struct stanza_reading in = {0};
	int r = reader_read(&reader, bytes, len, &ops, &in);

	*ret_error = r < 0 ? steal_ptr(reader.error) : NULL;
	if (r < 0)
		ldm_stanza_clear(&in.stanza);
	else
		*ret = in.stanza;
	buffer_clear(&in.text);
	return r;
}

void ldm_stanza_clear(struct ldm_stanza *s)
{
	free(s->name);
	free(s->detail);
	*s = (struct ldm_stanza){0};
}
