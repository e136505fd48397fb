/*
 * --capture: everything that the agent ever asks, and what ldmd answers, as one text file. No
 * request in it changes anything.
 */
#include "daemon/oneshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/options.h"
#include "daemon/query.h"
#include "common/settings.h"
#include "ldm/capture.h"
#include "ldm/document.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/log.h"

/* The most domains that are asked about by name; the lists of all domains show the others too. */
#define DOMAINS_MAX 16

struct recording {
	struct capture *capture;
	const char *action, *domain; /* of the question that is asked */
	bool open;		     /* sent, and capture_end() was not called yet */
	bool answered;
	uint64_t sent_ms, received_ms;
	int failed; /* -ENOMEM */

	bool learning; /* this answer lists all domains: keep their names */
	char *domains[DOMAINS_MAX];
	size_t n_domains;
	unsigned asked, refused, unreadable;
};

static void end_question(struct recording *r, enum capture_answer answer, const char *error)
{
	uint64_t took_ms = r->answered ? r->received_ms - r->sent_ms : 0;

	if (!r->open)
		return;
	r->open = false;
	r->asked++;
	r->refused += answer == CAPTURE_FAILURE;
	r->unreadable += answer == CAPTURE_UNREADABLE;
	if (capture_end(r->capture, answer, took_ms, error) < 0)
		r->failed = -ENOMEM;
}

static void begin_question(struct recording *r)
{
	/* If a question is open, ldmd refused it in data version 3.0; now it is sent in 2.0. */
	end_question(r, CAPTURE_FAILURE, NULL);
	if (capture_question(r->capture, r->action, r->domain) < 0) {
		r->failed = -ENOMEM;
		return;
	}
	r->open = true;
	r->answered = false;
	r->sent_ms = clock_ms();
}

static void on_traffic(void *user, bool sent, const char *xml, size_t len)
{
	struct recording *r = user;

	if (sent)
		begin_question(r);
	if (!r->open)
		return;
	if (!sent) {
		r->answered = true;
		r->received_ms = clock_ms();
	}
	if (capture_document(r->capture, sent, xml, len) < 0)
		r->failed = -ENOMEM;
}

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct recording *r = user;

	(void)message;
	if (!r->learning || !ok || !content->domain || !*content->domain ||
		r->n_domains == DOMAINS_MAX)
		return 0;
	r->domains[r->n_domains] = strdup(content->domain);
	if (!r->domains[r->n_domains])
		return -ENOMEM;
	r->n_domains++;
	return 0;
}

/* An error only if the first question could not be sent. Other failures are part of the record. */
static int ask(struct recording *r, const struct settings *s, const struct ldm_endpoint *endpoint,
	const char *action, const char *domain)
{
	static const struct query_ops ops = {
		.on_content = on_content,
		.on_traffic = on_traffic,
	};
	_cleanup_free_ char *error = NULL;

	r->action = action;
	r->domain = domain;
	int e = query_run(endpoint, action, domain, s->request_timeout_ms, &ops, r, &error);
	if (e < 0 && !r->open && r->asked == 0) {
		log_err("ldm", "%s: %s", s->ldm, error ? error : strerror(-e));
		return e;
	}
	if (e == 0)
		end_question(r, CAPTURE_SUCCESS, NULL);
	else if (e == -EPERM)
		end_question(r, CAPTURE_FAILURE, NULL);
	else
		end_question(r, r->answered ? CAPTURE_UNREADABLE : CAPTURE_NONE, error);
	return r->failed;
}

static int ask_all(
	struct recording *r, const struct settings *s, const struct ldm_endpoint *endpoint)
{
	static const char *const lists[] = {"list-domain", "list-bindings", "list-constraints",
		"list-services", "list-devices", "list-spconfig", "reg-all-events"};
	static const char *const targeted[] = {"list-domain", "list-bindings"};
	int e = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists) && e == 0; i++) {
		r->learning = i == 0;
		e = ask(r, s, endpoint, lists[i], NULL);
	}
	for (size_t i = 0; i < r->n_domains && e == 0; i++)
		for (size_t k = 0; k < ARRAY_SIZE(targeted) && e == 0; k++)
			e = ask(r, s, endpoint, targeted[k], r->domains[i]);
	return e;
}

static int write_output(const char *path, const struct buffer *text)
{
	if (strcmp(path, "-") == 0) {
		fwrite(buffer_data(text), 1, text->len, stdout);
		return fflush(stdout) != 0 ? -EIO : 0;
	}
	return file_write_atomic(path, buffer_data(text), text->len, 0600);
}

static int write_capture(
	struct recording *r, const struct ldm_endpoint *endpoint, const char *path, bool as_is)
{
	_cleanup_(buffer_clear_secret) struct buffer text = BUFFER_EMPTY;
	int e = capture_write(
		r->capture, endpoint, PACKAGE_NAME " " PACKAGE_VERSION, time(NULL), as_is, &text);

	if (e == 0)
		e = write_output(path, &text);
	if (e < 0) {
		log_err("main", "cannot write %s: %s", path, strerror(-e));
		return e;
	}
	log_notice("main",
		"%u questions are recorded in %s, %u were refused, the answers to %u cannot be "
		"read",
		r->asked, strcmp(path, "-") == 0 ? "standard output" : path, r->refused,
		r->unreadable);
	return 0;
}

int oneshot_capture(const struct settings *s, const char *path, bool as_is)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;
	_cleanup_(capture_freep) struct capture *capture = NULL;
	struct recording r = {0};
	int e;

	if (settings_endpoint(s, &endpoint) < 0)
		return EXIT_USAGE;
	e = capture_new(&capture);
	r.capture = capture;
	if (e == 0)
		e = ask_all(&r, s, endpoint);
	if (e == 0)
		e = write_capture(&r, endpoint, path, as_is);
	for (size_t i = 0; i < r.n_domains; i++)
		free(r.domains[i]);
	return e < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
