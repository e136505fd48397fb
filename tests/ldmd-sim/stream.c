/*
 * The handshake of RFC 3920 as far as ldmd and its known client use it. That client declares no
 * namespaces in its stream header, so names are compared as literal text, and it treats one read
 * as one unit, so header and features go out in one short write.
 */
#include "stream.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "say.h"
#include "sim.h"

#define NS_TLS	"urn:ietf:params:xml:ns:xmpp-tls"
#define NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"

#define STREAM_ERROR(condition)                                                                    \
	"<stream:error><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"               \
	"</stream:error></stream:stream>"
#define PROCEED	     "<proceed xmlns='" NS_TLS "'/>"
#define TLS_FAILURE  "<failure xmlns='" NS_TLS "'/></stream:stream>"
#define SUCCESS	     "<success xmlns='" NS_SASL "'/>"
#define SASL_FAILURE "<failure xmlns='" NS_SASL "'><not-authorized/></failure></stream:stream>"
#define OPEN_STREAM  "<?xml version='1.0'?><stream:stream version='1.0'>"

const char stream_error[] = STREAM_ERROR("policy-violation");
const char stream_no_rights[] = STREAM_ERROR("not-authorized");

static const struct saying as_header = {
	.moment = MOMENT_STREAM,
	.refusal = OPEN_STREAM STREAM_ERROR("policy-violation"),
	.no_rights = OPEN_STREAM STREAM_ERROR("not-authorized"),
	.wrong = "<LDM_interface version='1.3'><response><status>success</status></response>"
		 "</LDM_interface>",
};
static const struct saying as_tls_answer = {
	.moment = MOMENT_TLS,
	.refusal = TLS_FAILURE,
	.wrong = SUCCESS,
	.more = "<stream:stream version='1.0'><stream:features/>",
};
static const struct saying as_sasl_answer = {
	.moment = MOMENT_SASL,
	.refusal = SASL_FAILURE,
	.no_rights = SASL_FAILURE,
	.wrong = PROCEED,
};

static void send_text(struct conn *conn, const char *text)
{
	conn_send(conn, text, strlen(text));
}

/* Skips a declaration and comments; returns what follows the '<' of the first element. */
static const char *first_name(const char *text)
{
	while ((text = strchr(text, '<')) && (text[1] == '?' || text[1] == '!'))
		text++;
	return text ? text + 1 : "";
}

static bool is_named(const char *text, const char *name)
{
	const char *at = first_name(text);
	size_t n = strcspn(at, " \t\r\n/>");
	const char *colon = memchr(at, ':', n);

	if (colon) {
		n -= (size_t)(colon + 1 - at);
		at = colon + 1;
	}
	return n == strlen(name) && strncmp(at, name, n) == 0;
}

static bool offers_tls(struct conn *conn)
{
	return !fault_at(&conn->sim->faults, FAULT_NO_TLS, MOMENT_STREAM, NULL);
}

static void send_header(struct conn *conn, const char *features)
{
	struct sim *sim = conn->sim;
	const char *from = sim->host.control ? sim->host.control->name : "primary";
	struct buf text = {0};

	buf_addf(&text,
		"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' id='%08x' from='%s' "
		"version='1.0' xml:lang='en'>%s",
		conn->number * 2654435761u, from, features);
	if (!conn->secure)
		say(conn, &as_header, &text);
	else
		conn_send(conn, text.data, text.len);
	buf_free(&text);
}

void stream_header(struct conn *conn, const char *tag)
{
	bool wants_sasl = conn->sim->options.credentials && !conn->authenticated;

	if (!is_named(tag, "stream")) {
		send_text(conn, STREAM_ERROR("invalid-namespace"));
		conn->closing = true;
		return;
	}
	if (!conn->secure) {
		conn->state = CONN_FEATURES;
		send_header(conn, offers_tls(conn) ? "<stream:features><starttls xmlns='" NS_TLS
						     "'><required/></starttls></stream:features>"
						   : "<stream:features/>");
		return;
	}
	conn->state = wants_sasl ? CONN_FEATURES : CONN_READY;
	send_header(conn, wants_sasl
				  ? "<stream:features><mechanisms xmlns='" NS_SASL
				    "'><mechanism>PLAIN</mechanism></mechanisms></stream:features>"
				  : "<stream:features/>");
}

static void refuse_tls(struct conn *conn)
{
	send_text(conn, TLS_FAILURE);
	conn->closing = true;
}

static void send_garbage(struct conn *conn)
{
	static const char noise[] = "\x16\x03\x01\xff\xff this is not TLS \x00\x01\x02\xfe";

	send_text(conn, PROCEED);
	conn_send(conn, noise, sizeof(noise));
	conn->closing = true;
}

static enum tls_kind choose_kind(struct faults *faults)
{
	if (fault_at(faults, FAULT_TLS_OLD, MOMENT_TLS, NULL))
		return TLS_OLD;
	return fault_at(faults, FAULT_WRONG_CERT, MOMENT_TLS, NULL) ? TLS_WRONG : TLS_GOOD;
}

static void handle_starttls(struct conn *conn)
{
	struct faults *faults = &conn->sim->faults;

	if (conn->secure || !offers_tls(conn)) {
		refuse_tls(conn);
	} else if (fault_at(faults, FAULT_TLS_GARBAGE, MOMENT_TLS, NULL)) {
		send_garbage(conn);
	} else {
		conn->tls_kind = choose_kind(faults);
		conn->state = CONN_PROCEED;
		say_text(conn, &as_tls_answer, PROCEED);
	}
}

void stream_start_tls(struct conn *conn)
{
	const struct tls *tls = &conn->sim->tls;

	conn->ssl = SSL_new(tls->contexts[conn->tls_kind]);
	if (conn->ssl == NULL || !SSL_set_fd(conn->ssl, conn->fd)) {
		conn_drop(conn);
		return;
	}
	conn->state = CONN_TLS;
	buf_free(&conn->in); /* nothing said in clear text counts any more */
	frame_reset(&conn->frame);
	conn->deaf = fault_at(&conn->sim->faults, FAULT_HANG_ALL, MOMENT_TLS, NULL) != NULL;
	if (!conn->deaf)
		stream_continue_tls(conn);
}

void stream_continue_tls(struct conn *conn)
{
	int n, error;

	ERR_clear_error();
	n = SSL_accept(conn->ssl);
	if (SSL_get_state(conn->ssl) != TLS_ST_BEFORE &&
		fault_at(&conn->sim->faults, FAULT_CLOSE_DURING, MOMENT_TLS, NULL)) {
		conn_drop(conn);
		return;
	}
	if (n == 1) {
		conn->secure = true;
		conn->state = CONN_HEADER;
		return;
	}
	error = SSL_get_error(conn->ssl, n);
	conn->ssl_wants_write = error == SSL_ERROR_WANT_WRITE;
	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
		conn_drop(conn);
}

/* The text between the first '>' and the next '<'. */
static char *element_text(const char *text)
{
	const char *begin = strchr(first_name(text), '>');

	if (begin == NULL)
		return xstrdup("");
	begin++;
	return xstrndup(begin, strcspn(begin, "<"));
}

/* authzid NUL user NUL password */
static bool credentials_match(const char *wanted, const unsigned char *data, size_t len)
{
	const unsigned char *user = memchr(data, 0, len);
	const unsigned char *password;
	const char *colon = strchr(wanted, ':');
	size_t left, user_len;

	if (user == NULL)
		return false;
	user++;
	left = len - (size_t)(user - data);
	password = memchr(user, 0, left);
	if (password == NULL)
		return false;
	user_len = (size_t)(password - user);
	password++;
	left -= user_len + 1;
	return user_len == (size_t)(colon - wanted) && memcmp(user, wanted, user_len) == 0 &&
	       left == strlen(colon + 1) && memcmp(password, colon + 1, left) == 0;
}

static bool check_plain(const char *wanted, const char *base64)
{
	size_t len = strlen(base64);
	unsigned char *data = xcalloc(len + 4, 1);
	int n = EVP_DecodeBlock(data, (const unsigned char *)base64, (int)len);
	bool ok;

	while (n > 0 && len > 0 && base64[len - 1] == '=') {
		n--;
		len--;
	}
	ok = n > 0 && credentials_match(wanted, data, (size_t)n);
	free(data);
	return ok;
}

static void handle_auth(struct conn *conn, const char *text)
{
	char *raw = element_text(text);
	char *base64 = trimmed(raw);
	bool plain = strstr(text, "'PLAIN'") || strstr(text, "\"PLAIN\"");

	if (plain && conn->secure && check_plain(conn->sim->options.credentials, base64)) {
		conn->authenticated = true;
		conn->state = CONN_HEADER;
		say_text(conn, &as_sasl_answer, SUCCESS);
	} else {
		send_text(conn, SASL_FAILURE);
		conn->closing = true;
	}
	free(raw);
	free(base64);
}

bool stream_is_element(const char *text)
{
	return is_named(text, "starttls") || is_named(text, "auth");
}

void stream_element(struct conn *conn, const char *text)
{
	if (is_named(text, "starttls")) {
		handle_starttls(conn);
	} else if (is_named(text, "auth") && conn->sim->options.credentials) {
		handle_auth(conn, text);
	} else {
		send_text(conn, STREAM_ERROR("policy-violation"));
		conn->closing = true;
	}
}
