/* See commander.h. */
#include "control/commander.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/refresh.h"
#include "ldm/conn.h"
#include "ldm/template.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

#define TOKEN "control:command"
/* A forced stop answered within this time was understood as one. */
#define EFFECT_MS 2000
#define IDLE_MS	  30000 /* a connection without a command is closed after this time */

/* A connection for one command at a time. */
struct line {
	struct commander *commander;
	struct ldm_conn *conn; /* NULL: not needed so far */
	bool ready;
	bool refusal_counted; /* on_done() has counted the document that ends the connection */
	uint64_t idle_since_ms;
	char *domain;	/* whose command has no answer yet; NULL: the line is free */
	command_cb *cb; /* NULL: the command was cancelled */
	void *cb_user;
	uint64_t sent_ms;
	enum ldm_form form; /* of the command's option; AUTO: the usual form */
};

struct commander {
	const struct ldm_endpoint *endpoint;
	struct refresh *refresh;
	char *templates;
	char *why; /* what was wrong with a template, kept for *ret_why */
	struct line lines[COMMANDS_MAX];
};

/* --- connections --------------------------------------------------------------------------- */

static void on_ready(void *user)
{
	struct line *l = user;

	l->ready = true;
}

static void on_closed(void *user, enum ldm_closed reason, int error, const char *text)
{
	struct line *l = user;

	/* Before the connection is ready, the error is in the handshake, not in a document. */
	if (reason == LDM_CLOSED_PROTOCOL && l->ready && !l->refusal_counted)
		refresh_count_refused(l->commander->refresh);
	l->ready = l->refusal_counted = false;
	log_debug(TOKEN, "command connection closed (%d): %s", error, text ? text : "");
}

static const struct ldm_conn_ops conn_ops = {.on_ready = on_ready, .on_closed = on_closed};

int commander_new(
	const struct ldm_endpoint *endpoint, struct refresh *refresh, struct commander **ret)
{
	struct commander *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->endpoint = endpoint;
	c->refresh = refresh;
	for (size_t i = 0; i < COMMANDS_MAX; i++)
		c->lines[i].commander = c;
	*ret = c;
	return 0;
}

void commander_free(struct commander *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < COMMANDS_MAX; i++) {
		c->lines[i].cb = NULL;
		ldm_conn_free(c->lines[i].conn);
		free(c->lines[i].domain);
	}
	free(c->templates);
	free(c->why);
	free(c);
}

int commander_set_templates(struct commander *c, const char *directory)
{
	return text_set(&c->templates, directory);
}

static bool is_open(const struct line *l)
{
	enum ldm_conn_state s = l->conn ? ldm_conn_get_state(l->conn) : LDM_CONN_IDLE;

	return s != LDM_CONN_IDLE && s != LDM_CONN_CLOSED;
}

/* A free line, an open one first. NULL: all have a command. */
static struct line *find_free_line(struct commander *c)
{
	struct line *found = NULL;

	for (size_t i = 0; i < COMMANDS_MAX; i++) {
		struct line *l = &c->lines[i];

		if (!l->domain && (!found || (is_open(l) && !is_open(found))))
			found = l;
	}
	return found;
}

/* --- commands ------------------------------------------------------------------------------ */

static int add_domain_request(struct commander *c, const struct set_request *d, const char *domain,
	struct ldm_request **ret, const char **ret_why)
{
	struct buffer document = BUFFER_EMPTY;
	_cleanup_free_ char *detail = NULL;
	const struct template_domain new_domain = {
		.name = domain,
		.template = d->template,
		.vcpus = d->vcpus,
		.memory_mb = d->memory_mb,
		.crypto = (d->fields & FIELD_CRYPTO_BIT) != 0 ? d->crypto : 0,
	};
	int rc = template_document(c->templates, &new_domain, &document, ret_why, &detail);

	if (rc >= 0)
		rc = ldm_request_add_domain(buffer_data(&document), document.len, ret, ret_why);
	if (rc < 0) {
		if (detail) {
			free(c->why);
			*ret_why = c->why = steal_ptr(detail);
		}
		log_err(TOKEN, "cannot make \"%s\" from template \"%s\": %s", domain,
			d->template ? d->template : "", *ret_why ? *ret_why : strerror(-rc));
	}
	buffer_clear(&document);
	return rc;
}

static int forced_stop_request(
	struct commander *c, const struct step *s, const char *domain, struct ldm_request **ret)
{
	int r = ldm_request_command(step_action_name(s->action), domain, "-f", ret);

	if (r >= 0 && s->other_form)
		ldm_request_set_form(*ret, ldm_form_other(ldm_dialect_form(c->endpoint->dialect)));
	return r;
}

static int make_request(struct commander *c, const struct step *s, const struct set_request *d,
	const char *domain, struct ldm_request **ret, const char **ret_why)
{
	const char *action = step_action_name(s->action);

	switch (s->action) {
	case STEP_SET_VCPU:
		if (s->cores > 0)
			return ldm_request_cores(domain, s->cores, s->value, ret);
		return ldm_request_number(action, domain, s->value, ret);
	case STEP_SET_CRYPTO:
		return ldm_request_number(action, domain, s->value, ret);
	case STEP_SET_MEMORY:
		return ldm_request_memory(action, domain, s->value, ret);
	case STEP_ADD:
		return add_domain_request(c, d, domain, ret, ret_why);
	case STEP_SAVE:
		return ldm_request_spconfig(action, d->name, ret);
	case STEP_FORCE_STOP:
		return forced_stop_request(c, s, domain, ret);
	default:
		return ldm_request_command(action, domain, NULL, ret);
	}
}

static void release_line(struct line *l)
{
	refresh_command_ended(l->commander->refresh, l->domain);
	(void)text_set(&l->domain, NULL);
	l->idle_since_ms = clock_ms();
}

static enum command_answer answer_of(int err, const struct ldm_reply *reply)
{
	if (err == 0)
		return reply->ok ? COMMAND_DONE : COMMAND_REFUSED;
	return reply->sent ? COMMAND_UNCERTAIN : COMMAND_NOT_SENT;
}

static void on_done(void *user, int err, const struct ldm_reply *reply)
{
	struct line *l = user;
	command_cb *cb = l->cb;
	const char *message = reply->message ? reply->message : reply->warning;

	l->cb = NULL;
	/*
	 * This form of the option works. If the answer took long, the guest may have stopped
	 * because of the plain stop that ldmd made of the usual form.
	 */
	if (err == 0 && reply->ok && l->form != LDM_FORM_AUTO &&
		clock_ms() - l->sent_ms < EFFECT_MS)
		ldm_dialect_learn(l->commander->endpoint->dialect, l->form);
	l->refusal_counted = err == -EBADMSG || err == -EPROTO;
	if (l->refusal_counted)
		refresh_count_refused(l->commander->refresh);
	release_line(l);
	if (cb)
		cb(l->cb_user, answer_of(err, reply), message);
}

static const struct ldm_reply_ops reply_ops = {.on_done = on_done};

static int submit_on_line(struct line *l, struct ldm_request *request, uint64_t timeout_ms)
{
	struct commander *c = l->commander;
	int r = 0;

	if (!is_open(l)) {
		l->ready = false;
		if (!l->conn)
			r = ldm_conn_new(c->endpoint, &conn_ops, l, &l->conn);
		if (r >= 0)
			r = ldm_conn_open(l->conn);
	}
	if (r < 0)
		return r;
	ldm_conn_set_data(l->conn, (enum ldm_data_version)refresh_data_version(c->refresh));
	return ldm_conn_submit(l->conn, request, timeout_ms, &reply_ops, l);
}

int commander_send(struct commander *c, const struct step *step, const struct set_request *asked,
	const char *domain, uint64_t timeout_ms, command_cb *cb, void *cb_user, void **ret_ticket,
	const char **ret_why)
{
	struct line *l = find_free_line(c);
	struct ldm_request *request;

	if (!l)
		return -EBUSY;
	int r = make_request(c, step, asked, domain, &request, ret_why);
	if (r < 0)
		return r;
	l->form = ldm_request_form(request);
	r = text_copy(domain, &l->domain);
	if (r >= 0)
		r = submit_on_line(l, request, timeout_ms);
	if (r < 0) {
		(void)text_set(&l->domain, NULL);
		ldm_request_free(request);
		return r;
	}
	l->sent_ms = clock_ms();
	l->cb = cb;
	l->cb_user = cb_user;
	*ret_ticket = l;
	return 0;
}

/* The protocol has no way to stop a command, so ldmd goes on with it. */
void commander_cancel(struct commander *c, void *ticket)
{
	struct line *l = ticket;

	(void)c;
	l->cb = NULL;
	ldm_conn_close(l->conn);
}

/* --- turns --------------------------------------------------------------------------------- */

void commander_prepare(struct commander *c, struct pollset *ps)
{
	for (size_t i = 0; i < COMMANDS_MAX; i++) {
		struct line *l = &c->lines[i];

		if (!is_open(l))
			continue;
		ldm_conn_prepare(l->conn, ps);
		if (!l->domain)
			pollset_deadline(ps, clock_after(l->idle_since_ms, IDLE_MS));
	}
}

void commander_dispatch(struct commander *c, const struct pollset *ps, uint64_t now_ms)
{
	for (size_t i = 0; i < COMMANDS_MAX; i++) {
		struct line *l = &c->lines[i];

		if (l->conn)
			ldm_conn_dispatch(l->conn, ps, now_ms);
		if (is_open(l) && !l->domain && now_ms >= clock_after(l->idle_since_ms, IDLE_MS))
			ldm_conn_close(l->conn);
	}
}
